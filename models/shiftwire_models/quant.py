"""Quantizers: where a layer's output lands on its declared grid."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from shiftwire_models.contract import ContractNode
from shiftwire_models.grid import Format, Rounding, quantize
from shiftwire_models.terms import ceil_log2

_QONNX_ROUNDING = {Rounding.FLOOR: "FLOOR", Rounding.HALF_EVEN: "ROUND"}


class ActivationQuant(nn.Module):
    """Saturates and rounds to a fixed format; the gradient goes straight through inside the range."""

    def __init__(self, grid: Format, rounding: Rounding = Rounding.HALF_EVEN) -> None:
        super().__init__()
        self._grid = grid
        self.rounding = rounding

    @property
    def grid(self) -> Format:
        """The format that values land on."""
        return self._grid

    def forward(self, x: Tensor) -> Tensor:
        """Values of x's shape, on the grid."""
        return quantize(x, self.grid, self.rounding)

    def frozen(self) -> ContractNode:
        """QONNX's Quant, or shiftwire::Requantize for a rounding that Quant has no word for (half up)."""
        mode = _QONNX_ROUNDING.get(self.rounding)
        return _requantize_node(self.grid, self.rounding) if mode is None else _quant_node(self.grid, mode)


class CalibratedQuant(ActivationQuant):
    """Chooses `frac` from the largest magnitude seen in training mode, until `fix_format()`.

    The range then covers that peak, which may saturate by one code: 2**n - 1 codes stand for a power of two.
    """

    peak: Tensor
    settled: Tensor

    def __init__(self, bits: int, signed: bool, rounding: Rounding = Rounding.HALF_EVEN) -> None:
        super().__init__(Format(bits, 0, signed), rounding)
        self.register_buffer("peak", torch.zeros(()))
        self.register_buffer("settled", torch.zeros((), dtype=torch.bool))

    @property
    def grid(self) -> Format:
        """The format so far: it follows the peak until it is fixed."""
        peak = float(self.peak)
        whole_bits = ceil_log2(peak) if peak > 0 else 0
        return replace(self._grid, frac=self._grid.bits - int(self._grid.signed) - whole_bits)

    def fix_format(self) -> None:
        """Keep the format from now on, in training too."""
        self.settled.fill_(True)

    def forward(self, x: Tensor) -> Tensor:
        """Values of x's shape, on the grid; in training the peak is taken of x first."""
        if self.training and not self.settled:
            self.peak.copy_(torch.maximum(self.peak, x.detach().abs().max()))
        return super().forward(x)


def _quant_node(grid: Format, mode: str) -> ContractNode:
    constants = {"scale": 2.0**-grid.frac, "zeropt": 0.0, "bitwidth": float(grid.bits)}
    return ContractNode(
        "qonnx.custom_op.general::Quant",
        {name: torch.tensor(value) for name, value in constants.items()},
        {"signed": int(grid.signed), "narrow": 0, "rounding_mode": mode},
    )


def _requantize_node(grid: Format, rounding: Rounding) -> ContractNode:
    return ContractNode(
        "shiftwire::Requantize",
        {},
        {
            "bits": grid.bits,
            "frac": grid.frac,
            "signed": int(grid.signed),
            "rounding": rounding.value,
            "overflow": "saturate",
        },
    )
