"""Residual nets of ordinary or adder convolutions, ResNet-20 above all."""

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from torch import Tensor, nn

from shiftwire_models.floats.adder import FloatAdderConv2d


class ConvKind(Enum):
    """What the residual blocks compute with; the stem and the head are ordinary convolutions in both."""

    ORDINARY = "ordinary"
    ADDER = "adder"


class HeadKind(Enum):
    """LINEAR with bias, or AdderNet's 1 x 1 convolution and batch norm."""

    LINEAR = "linear"
    CONV_NORM = "conv-norm"


@dataclass(frozen=True, slots=True)
class FloatResNetConfig:
    """widths  channels of the stages, each but the first halving the picture; 6 * blocks + 2 layers in three stages.

    theta  where weights go to products of SmartExchange's factors after every epoch but the last, the smallest
    coefficient that stays; None where they do not.
    Source: He et al., Deep Residual Learning, 2016, section 4.2, with a projection where shapes change.
    """

    input_shape: tuple[int, int, int]
    widths: tuple[int, ...] = (16, 32, 64)
    blocks: int = 3
    classes: int = 10
    conv: ConvKind = ConvKind.ORDINARY
    head: HeadKind = HeadKind.LINEAR
    learning_rate: float = 0.004
    theta: float | None = None


class ConvNorm(nn.Module):
    """A convolution without bias and its batch norm, kept apart."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, kind: ConvKind) -> None:
        super().__init__()
        padding = kernel // 2
        if kind is ConvKind.ADDER:
            self.conv: nn.Module = FloatAdderConv2d(inputs, outputs, kernel, stride=stride, padding=padding)
        else:
            self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs, H, W) -> (N, outputs, H / stride, W / stride), sides rounded up."""
        y: Tensor = self.bn(self.conv(x))
        return y


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions beside the input, or beside its 1 x 1 projection where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int, kind: ConvKind) -> None:
        super().__init__()
        self.first = ConvNorm(inputs, outputs, 3, stride, kind)
        self.relu1 = nn.ReLU()
        self.second = ConvNorm(outputs, outputs, 3, 1, kind)
        self.relu2 = nn.ReLU()
        projects = stride != 1 or inputs != outputs
        self.shortcut = ConvNorm(inputs, outputs, 1, stride, kind) if projects else None

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs, H, W) -> (N, outputs, H / stride, W / stride), sides rounded up."""
        beside = x if self.shortcut is None else self.shortcut(x)
        y: Tensor = self.relu2(self.second(self.relu1(self.first(x))) + beside)
        return y


class FloatResNet(nn.Module):
    """x (N, channels, height, width) -> logits (N, classes)."""

    def __init__(self, config: FloatResNetConfig) -> None:
        super().__init__()
        first, *_, last = config.widths
        self.stem = ConvNorm(config.input_shape[0], first, 3, 1, ConvKind.ORDINARY)
        self.relu = nn.ReLU()
        self.stages = [f"stage{number}" for number in range(1, len(config.widths) + 1)]
        for number, (inputs, outputs) in enumerate(pairwise((first, *config.widths))):
            stage = [
                ResidualBlock(outputs if at else inputs, outputs, 2 if number and not at else 1, config.conv)
                for at in range(config.blocks)
            ]
            self.add_module(self.stages[number], nn.Sequential(*stage))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.projection = (
            ConvNorm(last, config.classes, 1, 1, ConvKind.ORDINARY) if config.head is HeadKind.CONV_NORM else None
        )
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(last, config.classes) if config.head is HeadKind.LINEAR else None

    def forward(self, x: Tensor) -> Tensor:
        """x (N, *input_shape) -> logits (N, classes)."""
        features = self.relu(self.stem(x))
        for stage in self.stages:
            features = self.get_submodule(stage)(features)
        features = self.pool(features)
        if self.projection is not None:
            features = self.projection(features)
        flat: Tensor = self.flatten(features)
        return flat if self.classifier is None else self.classifier(flat)
