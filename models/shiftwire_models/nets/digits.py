"""Small nets for 8 x 8 digits: small enough to be built as wires, every weight its own adder."""

from dataclasses import dataclass, field

from torch import Tensor, nn

from shiftwire_models.adder import AdderLinear
from shiftwire_models.affine import BatchNormAffine
from shiftwire_models.block import Arithmetic, BlockKind, ConvBlock, ShiftAddBlock, norm_of, with_sign
from shiftwire_models.grid import Format
from shiftwire_models.quant import ActivationQuant
from shiftwire_models.shift import ShiftLinear

PIXELS = Format(8, 4, False)
"""Pixels are sixteenths, so this grid holds them exactly."""


@dataclass(frozen=True, slots=True)
class DigitsConfig:
    """widths  channels of the stem and of the two blocks, which halve the picture to 4 x 4 and 2 x 2.

    learning_rate  Adam's first, found by trial: PS and adder weights wander further than latents that are rounded
    """

    kind: BlockKind
    numbers: Arithmetic = field(default_factory=Arithmetic)
    widths: tuple[int, int, int] = (8, 12, 16)
    classes: int = 10
    input_grid: Format = PIXELS
    learning_rate: float = 0.04

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of a picture, without batch."""
        return (1, 8, 8)


class DigitsNet(nn.Module):
    """x (N, 1, 8, 8) with values 0..1 -> logits (N, classes)."""

    def __init__(self, config: DigitsConfig) -> None:
        super().__init__()
        stem, first, second = config.widths
        numbers = config.numbers
        all_adder = config.kind is BlockKind.ADDER
        self.pixels = ActivationQuant(config.input_grid)
        self.stem = ConvBlock(1, stem, 1, numbers, adder_grid=with_sign(config.input_grid) if all_adder else None)
        self.block1 = _block(config.kind, stem, first, numbers)
        self.block2 = _block(config.kind, first, second, numbers)
        self.pool: nn.Module = nn.MaxPool2d(2) if all_adder else nn.AvgPool2d(2)
        self.flatten = nn.Flatten()
        self.classifier = _classifier(config.kind, second, config.classes, numbers)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, 1, 8, 8) -> logits (N, classes)."""
        features = self.block2(self.block1(self.stem(self.pixels(x))))
        logits: Tensor = self.classifier(self.flatten(self.pool(features)))
        return logits


def _block(kind: BlockKind, inputs: int, outputs: int, numbers: Arithmetic) -> nn.Module:
    match kind:
        case BlockKind.SHIFT_ADD:
            return ShiftAddBlock(inputs, outputs, 2, numbers)
        case BlockKind.SHIFT | BlockKind.VIP:  # of stride 2, which ViP leaves alone
            return ConvBlock(inputs, outputs, 2, numbers)
        case BlockKind.ESCALATE | BlockKind.CIRCULANT:
            return nn.Sequential(
                norm_of(kind, inputs, outputs, 2, numbers), nn.ReLU(), ActivationQuant(numbers.activation)
            )
        case BlockKind.ADDER:
            return ConvBlock(inputs, outputs, 2, numbers, adder_grid=with_sign(numbers.activation))


def _classifier(kind: BlockKind, features: int, classes: int, numbers: Arithmetic) -> nn.Module:
    if kind is not BlockKind.ADDER:
        return ShiftLinear(features, classes, numbers.weight, numbers.bias_frac)
    classifier = nn.Sequential()
    classifier.add_module("adder", AdderLinear(features, classes, with_sign(numbers.activation)))
    classifier.add_module(
        "bn", BatchNormAffine(classes, exponent_range=numbers.adder_scale, bias_frac=numbers.bias_frac)
    )
    return classifier
