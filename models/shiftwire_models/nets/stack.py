"""Nets that are one column of convolutions, pools and dense layers: LeNet-5 and VGG."""

from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn

from shiftwire_models.affine import BatchNormAffine
from shiftwire_models.block import Arithmetic, ConvBlock
from shiftwire_models.grid import Format
from shiftwire_models.quant import ActivationQuant
from shiftwire_models.shift import ShiftLinear
from shiftwire_models.window import Geometry


@dataclass(frozen=True, slots=True)
class Stage:
    """Convolutions of these widths, one after the other, then a maximum pool of 2 x 2 unless it is not pooled."""

    widths: tuple[int, ...]
    kernel: int = 3
    padding: int = 1
    is_pooled: bool = True


@dataclass(frozen=True, slots=True)
class StackConfig:
    """hidden  units of the dense layers before the classifier."""

    input_shape: tuple[int, int, int]
    input_grid: Format
    stages: tuple[Stage, ...]
    hidden: tuple[int, ...]
    classes: int
    numbers: Arithmetic
    learning_rate: float = 0.01


class StackNet(nn.Module):
    """x (N, channels, height, width) -> logits (N, classes); every hidden layer ends in ReLU and a quantizer."""

    def __init__(self, config: StackConfig) -> None:
        super().__init__()
        numbers = config.numbers
        width, *sides = config.input_shape
        area = tuple(sides)
        self.pixels = ActivationQuant(config.input_grid)
        self.features = nn.Sequential()
        for number, stage in enumerate(config.stages, 1):
            for place, outputs in enumerate(stage.widths, 1):
                conv = ConvBlock(width, outputs, 1, numbers, kernel=stage.kernel, padding=stage.padding)
                self.features.add_module(f"conv{number}_{place}", conv)
                area, width = Geometry.of(stage.kernel, 1, stage.padding).area(area), outputs
            if stage.is_pooled:
                self.features.add_module(f"pool{number}", nn.MaxPool2d(2))
                area = Geometry.of(2, 2, 0).area(area)
        self.flatten = nn.Flatten()
        *hidden, last = pairwise((width * area[0] * area[1], *config.hidden, config.classes))
        self.dense = nn.Sequential()
        for number, (inputs, outputs) in enumerate(hidden, 1):
            self.dense.add_module(f"fc{number}", DenseBlock(inputs, outputs, numbers))
        self.classifier = ShiftLinear(*last, numbers.weight, numbers.bias_frac)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, *input_shape) -> logits (N, classes)."""
        features = self.flatten(self.features(self.pixels(x)))
        logits: Tensor = self.classifier(self.dense(features))
        return logits


class DenseBlock(nn.Module):
    """Shift layer -> batch norm -> ReLU -> quantizer."""

    def __init__(self, inputs: int, outputs: int, numbers: Arithmetic) -> None:
        super().__init__()
        self.fc = ShiftLinear(inputs, outputs, numbers.weight)
        self.bn = BatchNormAffine(outputs, exponent_range=numbers.shift_scale, bias_frac=numbers.bias_frac)
        self.relu, self.quant = nn.ReLU(), ActivationQuant(numbers.activation)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs) -> (N, outputs)."""
        y: Tensor = self.quant(self.relu(self.bn(self.fc(x))))
        return y
