"""The blocks of ShiftAddNet and of its two halves."""

from dataclasses import dataclass
from enum import Enum

from torch import Tensor, nn

from shiftwire_models.adder import AdderConv2d
from shiftwire_models.affine import BatchNormAffine
from shiftwire_models.circulant import CirculantConv2d
from shiftwire_models.escalate import EscalateNorm
from shiftwire_models.grid import Format
from shiftwire_models.interpolation import Interpolation
from shiftwire_models.quant import ActivationQuant
from shiftwire_models.shift import ShiftConv2d
from shiftwire_models.terms import ExponentRange
from shiftwire_models.weights import WeightSpec
from shiftwire_models.window import Sides

_WEIGHT = WeightSpec()
_ACTIVATION = Format(6, 4, False)
_BETWEEN = Format(6, 3, True)
_SHIFT_SCALE = ExponentRange(-3, 2)
_ADDER_SCALE = ExponentRange(-7, 0)
_SUM_SCALE = ExponentRange(-7, 0)


class BlockKind(Enum):
    """Which multiplication-free layers a block is made of."""

    SHIFT_ADD = "shift-add"
    SHIFT = "shift"
    ADDER = "adder"
    VIP = "vip"
    ESCALATE = "escalate"
    CIRCULANT = "circulant"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Every number format of a net.

    activation     after each ReLU
    between        the one grid of an adder's input and its weights
    shift_scale    exponents of the batch norm after a shift layer
    adder_scale    those after an adder layer, sum_scale after ternary sums
    bases          basis kernels of a layer of ESCALATE
    block          side of circulant blocks
    """

    weight: WeightSpec = _WEIGHT
    activation: Format = _ACTIVATION
    between: Format = _BETWEEN
    shift_scale: ExponentRange = _SHIFT_SCALE
    adder_scale: ExponentRange = _ADDER_SCALE
    sum_scale: ExponentRange = _SUM_SCALE
    bias_frac: int = 6
    bases: int = 6
    block: int = 4


class ShiftAddNorm(nn.Module):
    """Shift conv k x k -> quantizer -> adder conv k x k -> batch norm; the stride is the shift conv's.

    Neither batch norm nor ReLU stands between shift and adder: the adder compares the signed shift output itself.
    Source: You et al., ShiftAddNet, NeurIPS 2020.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, numbers: Arithmetic, *, kernel: int = 3) -> None:
        super().__init__()
        padding = kernel // 2
        self.shift = ShiftConv2d(inputs, outputs, kernel, stride=stride, padding=padding, weight=numbers.weight)
        self.between = ActivationQuant(numbers.between)
        self.adder = AdderConv2d(outputs, outputs, kernel, numbers.between, padding=padding)
        self.bn = BatchNormAffine(outputs, exponent_range=numbers.adder_scale, bias_frac=numbers.bias_frac)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs, H, W) -> (N, outputs, H / stride, W / stride), sides rounded up."""
        y: Tensor = self.bn(self.adder(self.between(self.shift(x))))
        return y


class ShiftAddBlock(ShiftAddNorm):
    """The same, then ReLU and a quantizer."""

    def __init__(self, inputs: int, outputs: int, stride: int, numbers: Arithmetic) -> None:
        super().__init__(inputs, outputs, stride, numbers)
        self.relu = nn.ReLU()
        self.quant = ActivationQuant(numbers.activation)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs, H, W) -> (N, outputs, H / stride, W / stride), sides rounded up."""
        y: Tensor = self.quant(self.relu(super().forward(x)))
        return y


class ConvNorm(nn.Module):
    """One shift or adder conv -> batch norm; padding None keeps the size of an odd kernel's picture.

    An adder's weights take the grid of its input with a sign added; `adder_grid` is that grid.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: Sides,
        numbers: Arithmetic,
        *,
        kernel: Sides = 3,
        padding: Sides | None = None,
        groups: int = 1,
        adder_grid: Format | None = None,
    ) -> None:
        super().__init__()
        pads = _same(kernel) if padding is None else padding
        if adder_grid is None:
            self.conv: nn.Module = ShiftConv2d(
                inputs, outputs, kernel, stride=stride, padding=pads, groups=groups, weight=numbers.weight
            )
            scale = numbers.shift_scale
        else:
            self.conv = AdderConv2d(inputs, outputs, kernel, adder_grid, stride=stride, padding=pads, groups=groups)
            scale = numbers.adder_scale
        self.bn = BatchNormAffine(outputs, exponent_range=scale, bias_frac=numbers.bias_frac)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs, [H,] W) -> (N, outputs, [H',] W')."""
        y: Tensor = self.bn(self.conv(x))
        return y


class ConvBlock(ConvNorm):
    """The same, then ReLU and a quantizer."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: Sides,
        numbers: Arithmetic,
        *,
        kernel: Sides = 3,
        padding: Sides | None = None,
        groups: int = 1,
        adder_grid: Format | None = None,
    ) -> None:
        super().__init__(
            inputs, outputs, stride, numbers, kernel=kernel, padding=padding, groups=groups, adder_grid=adder_grid
        )
        self.relu = rectifier(numbers.activation)
        self.quant = ActivationQuant(numbers.activation)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs, [H,] W) -> (N, outputs, [H',] W')."""
        y: Tensor = self.quant(self.relu(super().forward(x)))
        return y


class CirculantNorm(ConvNorm):
    """A shift conv of circulant blocks -> batch norm."""

    def __init__(self, inputs: int, outputs: int, stride: int, numbers: Arithmetic, *, kernel: int = 3) -> None:
        super().__init__(inputs, outputs, stride, numbers, kernel=kernel)
        self.conv = CirculantConv2d(
            inputs, outputs, kernel, numbers.block, stride=stride, padding=_same(kernel), weight=numbers.weight
        )


class VirtualNorm(ConvNorm):
    """A shift conv of stride 2 -> batch norm -> quantizer -> interpolation: a 3x3 conv at a quarter of its places.

    The quantizer in front of the means is ours; without it they would be as wide as what a batch norm makes.
    """

    def __init__(self, inputs: int, outputs: int, numbers: Arithmetic, sides: tuple[int, int]) -> None:
        super().__init__(inputs, outputs, 2, numbers)
        self.between = ActivationQuant(numbers.between)
        self.larger = Interpolation(*sides)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs, *sides) -> (N, outputs, *sides)."""
        y: Tensor = self.larger(self.between(super().forward(x)))
        return y


def norm_of(
    kind: BlockKind, inputs: int, outputs: int, stride: int, numbers: Arithmetic, *, kernel: int = 3
) -> nn.Module:
    """A convolution of the kind that reads activations, with its batch norm.

    What ViP computes at fewer places is a shift layer; 1x1 kernels of ESCALATE's nets are shift layers too.
    """
    match kind:
        case BlockKind.SHIFT_ADD:
            return ShiftAddNorm(inputs, outputs, stride, numbers, kernel=kernel)
        case BlockKind.ESCALATE if kernel > 1:
            return EscalateNorm(
                inputs, outputs, stride, bases=numbers.bases, scale=numbers.sum_scale, bias_frac=numbers.bias_frac,
                kernel=kernel,
            )  # fmt: skip
        case BlockKind.CIRCULANT:
            return CirculantNorm(inputs, outputs, stride, numbers, kernel=kernel)
        case BlockKind.SHIFT | BlockKind.VIP | BlockKind.ESCALATE:
            return ConvNorm(inputs, outputs, stride, numbers, kernel=kernel)
        case BlockKind.ADDER:
            grid = with_sign(numbers.activation)
            return ConvNorm(inputs, outputs, stride, numbers, kernel=kernel, adder_grid=grid)


def rectifier(grid: Format) -> nn.Module:
    """What stands in front of activations: nothing where they have one bit, which is 1 above half a step."""
    return nn.Identity() if grid.bits == 1 else nn.ReLU()


def with_sign(grid: Format) -> Format:
    """The same step and top, and as far below zero: where adder weights live whose input is unsigned."""
    return grid if grid.signed else Format(grid.bits + 1, grid.frac, True)


def _same(kernel: Sides) -> Sides:
    return kernel // 2 if isinstance(kernel, int) else tuple(side // 2 for side in kernel)
