"""ViP: a picture that was computed at every second row and column, filled up by means (Chen et al., 2019)."""

import torch
from torch import Tensor, nn

from shiftwire_models.contract import ContractNode


class Doubled(nn.Module):
    """(N, C, H, W) -> (N, C, 2 H, 2 W): copies at even places, means of two between, of four in the middle.

    Behind the last row and column stand copies of them. Exact, with two more fraction bits.
    """

    def forward(self, x: Tensor) -> Tensor:
        """As above."""
        for axis in (2, 3):
            behind = torch.cat([x.narrow(axis, 1, x.shape[axis] - 1), x.narrow(axis, -1, 1)], axis)
            x = torch.stack([x, (x + behind) / 2], axis + 1).flatten(axis, axis + 1)
        return x

    def frozen(self) -> ContractNode:
        """Resize by 2, linear, places asymmetric."""
        tensors = {"roi": torch.zeros(0), "scales": torch.tensor([1.0, 1.0, 2.0, 2.0])}
        how = {"mode": "linear", "coordinate_transformation_mode": "asymmetric"}
        return ContractNode("Resize", tensors, how, lambda x: (*x[:2], 2 * x[2], 2 * x[3]))


class Cropped(nn.Module):
    """The first rows and columns of a picture."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.height, self.width = height, width

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, height, width)."""
        return x[..., : self.height, : self.width]

    def frozen(self) -> ContractNode:
        """Slice."""
        bounds = {"starts": [0, 0], "ends": [self.height, self.width], "axes": [2, 3]}
        tensors = {name: torch.tensor(numbers, dtype=torch.int64) for name, numbers in bounds.items()}
        return ContractNode("Slice", tensors, {}, lambda x: (*x[:2], self.height, self.width))


class Interpolation(nn.Sequential):
    """(N, C, height / 2, width / 2), sides rounded up -> (N, C, height, width); odd sides lose the row behind them."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.add_module("doubled", Doubled())
        if height % 2 or width % 2:
            self.add_module("crop", Cropped(height, width))
