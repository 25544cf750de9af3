"""Nets of depthwise-separable shift convolutions: DS-CNN and MobileNetV1."""

from dataclasses import dataclass

from torch import Tensor, nn

from shiftwire_models.block import Arithmetic, ConvBlock
from shiftwire_models.grid import Format
from shiftwire_models.pool import MEAN_GRID, PictureMean
from shiftwire_models.quant import ActivationQuant
from shiftwire_models.shift import ShiftLinear
from shiftwire_models.window import Geometry


@dataclass(frozen=True, slots=True)
class SeparableBlock:
    """One depthwise-separable block: 3 x 3 on each channel with `stride`, then 1 x 1 to `outputs` channels."""

    outputs: int
    stride: int = 1


@dataclass(frozen=True, slots=True)
class SeparableConfig:
    """stem  window of the first, ordinary convolution; its pads may be unequal, as in 'same' of an even kernel."""

    input_shape: tuple[int, int, int]
    input_grid: Format
    stem: Geometry
    stem_width: int
    blocks: tuple[SeparableBlock, ...]
    classes: int
    numbers: Arithmetic
    mean_grid: Format = MEAN_GRID
    learning_rate: float = 0.01


class SeparableNet(nn.Module):
    """x (N, channels, height, width) -> logits (N, classes)."""

    def __init__(self, config: SeparableConfig) -> None:
        super().__init__()
        numbers, stem = config.numbers, config.stem
        channels, *sides = config.input_shape
        self.pixels = ActivationQuant(config.input_grid)
        pads = stem.begin + stem.end
        self.stem = ConvBlock(channels, config.stem_width, stem.stride, numbers, kernel=stem.kernel, padding=pads)
        area = stem.area(tuple(sides))
        self.blocks = nn.Sequential()
        width = config.stem_width
        for number, block in enumerate(config.blocks, 1):
            depthwise = ConvBlock(width, width, block.stride, numbers, groups=width)
            pointwise = ConvBlock(width, block.outputs, 1, numbers, kernel=1)
            self.blocks.add_module(f"depthwise{number}", depthwise)
            self.blocks.add_module(f"pointwise{number}", pointwise)
            area = Geometry.of(3, block.stride, 1).area(area)
            width = block.outputs
        self.pool = PictureMean(*area)
        self.quant = ActivationQuant(config.mean_grid)
        self.classifier = ShiftLinear(width, config.classes, numbers.weight, numbers.bias_frac)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, *input_shape) -> logits (N, classes)."""
        features = self.blocks(self.stem(self.pixels(x)))
        logits: Tensor = self.classifier(self.quant(self.pool(features)))
        return logits
