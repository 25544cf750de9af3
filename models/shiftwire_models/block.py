"""The blocks of ShiftAddNet and of its two halves."""

from dataclasses import dataclass
from enum import Enum

from torch import Tensor, nn

from shiftwire_models.adder import AdderConv2d
from shiftwire_models.affine import BatchNormAffine
from shiftwire_models.grid import Format
from shiftwire_models.quant import ActivationQuant
from shiftwire_models.shift import ShiftConv2d
from shiftwire_models.terms import Window
from shiftwire_models.weights import WeightSpec

_WEIGHT = WeightSpec()
_ACTIVATION = Format(6, 4, False)
_BETWEEN = Format(6, 3, True)
_SHIFT_SCALE = Window(-3, 2)
_ADDER_SCALE = Window(-7, 0)


class BlockKind(Enum):
    """Which multiplication-free layers a block is made of."""

    SHIFT_ADD = "shift-add"
    SHIFT = "shift"
    ADDER = "adder"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Every number format of a net.

    activation     after each ReLU
    between        the one grid of an adder's input and its weights
    shift_scale    exponents of the batch norm after a shift layer, adder_scale after an adder layer
    """

    weight: WeightSpec = _WEIGHT
    activation: Format = _ACTIVATION
    between: Format = _BETWEEN
    shift_scale: Window = _SHIFT_SCALE
    adder_scale: Window = _ADDER_SCALE
    bias_frac: int = 6


class ShiftAddBlock(nn.Module):
    """Shift conv k x k -> quantiser -> adder conv k x k -> batch norm -> ReLU -> quantiser.

    Neither batch norm nor ReLU stands between shift and adder: the adder compares the signed shift output itself.
    Source: You et al., ShiftAddNet, NeurIPS 2020.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, numbers: Arithmetic) -> None:
        super().__init__()
        self.shift = ShiftConv2d(inputs, outputs, 3, stride=stride, padding=1, weight=numbers.weight)
        self.between = ActivationQuant(numbers.between)
        self.adder = AdderConv2d(outputs, outputs, 3, numbers.between, padding=1)
        self.bn = BatchNormAffine(outputs, window=numbers.adder_scale, bias_frac=numbers.bias_frac)
        self.relu = nn.ReLU()
        self.quant = ActivationQuant(numbers.activation)

    def forward(self, x: Tensor) -> Tensor:
        distance = self.adder(self.between(self.shift(x)))
        y: Tensor = self.quant(self.relu(self.bn(distance)))
        return y


class ConvBlock(nn.Module):
    """One shift or adder conv -> batch norm -> ReLU -> quantiser.

    An adder's weights take the grid of its input with a sign added; `input_grid` names that input.
    """

    def __init__(
        self, inputs: int, outputs: int, stride: int, numbers: Arithmetic, *, adder_grid: Format | None = None
    ) -> None:
        super().__init__()
        if adder_grid is None:
            self.conv: nn.Module = ShiftConv2d(inputs, outputs, 3, stride=stride, padding=1, weight=numbers.weight)
            scale = numbers.shift_scale
        else:
            self.conv = AdderConv2d(inputs, outputs, 3, adder_grid, stride=stride, padding=1)
            scale = numbers.adder_scale
        self.bn = BatchNormAffine(outputs, window=scale, bias_frac=numbers.bias_frac)
        self.relu = nn.ReLU()
        self.quant = ActivationQuant(numbers.activation)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.quant(self.relu(self.bn(self.conv(x))))
        return y
