"""Residual nets of shift layers, of adder layers, or of both as ShiftAddNet pairs them."""

from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn

from shiftwire_models.block import Arithmetic, BlockKind, ConvBlock, VirtualNorm, norm_of, rectifier
from shiftwire_models.grid import Format
from shiftwire_models.interpolation import Interpolation
from shiftwire_models.pool import MEAN_GRID, PictureMean
from shiftwire_models.quant import ActivationQuant
from shiftwire_models.shift import ShiftLinear


@dataclass(frozen=True, slots=True)
class ResNetConfig:
    """widths  channels of the stages, each but the first halving the picture; blocks  residual blocks of a stage.

    mean_grid  format of the mean over the last picture, which the classifier reads
    ends  numbers of stem and classifier where they are not those of the blocks
    Stem and classifier are shift layers in every kind, as in ShiftAddNet.
    """

    input_shape: tuple[int, int, int]
    input_grid: Format
    kind: BlockKind
    numbers: Arithmetic
    widths: tuple[int, ...] = (16, 32, 64)
    blocks: int = 3
    classes: int = 10
    mean_grid: Format = MEAN_GRID
    learning_rate: float = 0.01
    ends: Arithmetic | None = None


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions beside the input, or beside its 1 x 1 projection where the shape changes.

    Of a net of ViP those of stride 1 are computed at every second row and column of `sides`, the output's, and
    interpolated: the first behind its ReLU, the second in front of the sum.
    """

    def __init__(
        self, inputs: int, outputs: int, stride: int, kind: BlockKind, numbers: Arithmetic, *, sides: tuple[int, int]
    ) -> None:
        super().__init__()
        pools = kind is BlockKind.VIP and min(sides) > 1
        self.first = norm_of(kind, inputs, outputs, 2 if pools and stride == 1 else stride, numbers)
        self.relu1, self.quant1 = rectifier(numbers.activation), ActivationQuant(numbers.activation)
        self.larger = Interpolation(*sides) if pools and stride == 1 else None
        self.whole = ActivationQuant(numbers.activation) if pools and stride == 1 else None
        self.second = (
            VirtualNorm(outputs, outputs, numbers, sides) if pools else norm_of(kind, outputs, outputs, 1, numbers)
        )
        projects = stride != 1 or inputs != outputs
        self.shortcut = norm_of(kind, inputs, outputs, stride, numbers, kernel=1) if projects else None
        self.relu2, self.quant2 = rectifier(numbers.activation), ActivationQuant(numbers.activation)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs, H, W) -> (N, outputs, H / stride, W / stride), sides rounded up."""
        beside = x if self.shortcut is None else self.shortcut(x)
        inner = self.quant1(self.relu1(self.first(x)))
        if self.larger is not None and self.whole is not None:
            inner = self.whole(self.larger(inner))
        y: Tensor = self.quant2(self.relu2(self.second(inner) + beside))
        return y


class ResNet(nn.Module):
    """x (N, channels, height, width) -> logits (N, classes)."""

    def __init__(self, config: ResNetConfig) -> None:
        super().__init__()
        first, *_, last = config.widths
        channels, height, width = config.input_shape
        self.pixels = ActivationQuant(config.input_grid)
        ends = config.ends or config.numbers
        self.stem = ConvBlock(channels, first, 1, ends)
        self.stages = [f"stage{number}" for number in range(1, len(config.widths) + 1)]
        for number, (inputs, outputs) in enumerate(pairwise((first, *config.widths))):
            sides = -(-height // (1 << number)), -(-width // (1 << number))
            stage = [
                ResidualBlock(
                    outputs if at else inputs,
                    outputs,
                    2 if number and not at else 1,
                    config.kind,
                    config.numbers,
                    sides=sides,
                )
                for at in range(config.blocks)
            ]
            self.add_module(self.stages[number], nn.Sequential(*stage))
        shrink = 1 << (len(config.widths) - 1)
        self.pool = PictureMean(-(-height // shrink), -(-width // shrink))
        self.quant = ActivationQuant(config.mean_grid)
        self.classifier = ShiftLinear(last, config.classes, ends.weight, ends.bias_frac)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, *input_shape) -> logits (N, classes)."""
        x = self.stem(self.pixels(x))
        for stage in self.stages:
            x = self.get_submodule(stage)(x)
        logits: Tensor = self.classifier(self.quant(self.pool(x)))
        return logits
