"""The mean over a picture of any size, by powers of two alone."""

from torch import Tensor, nn

from shiftwire_models.grid import Format
from shiftwire_models.terms import ceil_log2

MEAN_GRID = Format(8, 6, False)
"""Means lie closer together than what they are taken of."""


class PictureMean(nn.Module):
    """(N, C, H, W) -> (N, C): the sum over the picture divided by the next 2**n x 2**m positions.

    Where a side is no power of two zeros fill it up, so that the division stays a shift: the true mean times
    H * W / (2**n * 2**m), a constant that the layer behind it learns.
    """

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        full_height, full_width = 1 << ceil_log2(height), 1 << ceil_log2(width)
        missing = (0, full_width - width, 0, full_height - height)
        self.fill = nn.ZeroPad2d(missing) if any(missing) else None
        self.mean = nn.AvgPool2d((full_height, full_width))
        self.flatten = nn.Flatten()

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, height, width) -> (N, C)."""
        y: Tensor = self.flatten(self.mean(x if self.fill is None else self.fill(x)))
        return y
