"""The zoo: well-known nets in shift and adder layers, untrained, each a configuration."""

from dataclasses import replace

from shiftwire_models.block import Arithmetic, BlockKind
from shiftwire_models.grid import Format
from shiftwire_models.nets.mlp import MlpConfig
from shiftwire_models.nets.resnet import ResNetConfig
from shiftwire_models.nets.separable import SeparableBlock, SeparableConfig
from shiftwire_models.nets.stack import StackConfig, Stage
from shiftwire_models.terms import ExponentRange
from shiftwire_models.weights import WeightRule, WeightSpec
from shiftwire_models.window import Geometry

GREY = Format(8, 8, False)
"""MNIST's pixels, uint8 / 256, exactly."""
NORMALISED = Format(8, 5, True)
"""Colours or spectra of mean 0 and deviation 1."""
_NUMBERS = Arithmetic(
    activation=Format(8, 5, False),
    between=Format(8, 4, True),
    shift_scale=ExponentRange(-3, 3),
    adder_scale=ExponentRange(-9, 0),
)


def resnet(kind: BlockKind, blocks: int, widths: tuple[int, ...] = (16, 32, 64)) -> ResNetConfig:
    """ResNet-(6 * blocks + 2) for 32 x 32 colours; one block a stage is ResNet-8 of MLPerf Tiny.

    Source: He et al., Deep Residual Learning, 2016, section 4.2, with 1 x 1 projections where shapes change.
    """
    return ResNetConfig((3, 32, 32), NORMALISED, kind, _NUMBERS, widths, blocks)


def dscnn(width: int = 64, blocks: int = 4) -> SeparableConfig:
    """Keyword spotting on 49 x 10 cepstral coefficients. Source: Zhang et al., Hello Edge, 2017; MLPerf Tiny."""
    stem = Geometry.of((10, 4), 2, (4, 1, 5, 1))
    return SeparableConfig((1, 49, 10), NORMALISED, stem, width, (SeparableBlock(width),) * blocks, 12, _NUMBERS)


def mobilenet(side: int = 96, width: int = 8) -> SeparableConfig:
    """MobileNetV1; width 8 is the quarter net of visual wake words. Source: Howard et al., 2017; MLPerf Tiny."""
    ladder = [(2, 1), (4, 2), (4, 1), (8, 2), (8, 1), (16, 2), *[(16, 1)] * 5, (32, 2), (32, 1)]
    blocks = tuple(SeparableBlock(times * width, stride) for times, stride in ladder)
    return SeparableConfig((3, side, side), NORMALISED, Geometry.of(3, 2, 1), width, blocks, 2, _NUMBERS)


def autoencoder(width: int = 128, code: int = 8, ends: int = 640) -> MlpConfig:
    """Anomaly detection on five frames of 128 mel bands. Source: MLPerf Tiny (ToyADMOS)."""
    return MlpConfig((ends, *[width] * 4, code, *[width] * 4, ends), (ends,), Format(8, 4, True))


def lenet5(widths: tuple[int, int] = (6, 16), hidden: tuple[int, int] = (120, 84)) -> StackConfig:
    """Source: LeCun et al., 1998, with ReLU and maximum pools."""
    first, second = widths
    stages = (Stage((first,), kernel=5, padding=2), Stage((second,), kernel=5, padding=0))
    return StackConfig((1, 28, 28), GREY, stages, hidden, 10, _NUMBERS)


def cnv(width: int = 64) -> StackConfig:
    """Weights and activations of one bit on 32 x 32 colours. Source: Umuroglu et al., FINN, 2017, after BinaryNet."""
    stages = tuple(Stage((times * width,) * 2, padding=0, is_pooled=times < 4) for times in (1, 2, 4))
    binary = WeightSpec(WeightRule.DEEPSHIFT_Q, bits=1)
    numbers = replace(_NUMBERS, weight=binary, activation=Format(1, 0, False), shift_scale=ExponentRange(-9, 0))
    return StackConfig((3, 32, 32), NORMALISED, stages, (8 * width,) * 2, 10, numbers)


def vgg19(width: int = 16) -> StackConfig:
    """The sixteen convolutions of VGG-19 and one dense layer; width 64 is the published net, 16 a quarter of it.

    Source: Simonyan and Zisserman, Very Deep Convolutional Networks, 2015.
    """
    depths = ((1, 2), (2, 2), (4, 4), (8, 4), (8, 4))
    stages = tuple(Stage((times * width,) * depth) for times, depth in depths)
    # sums over 1,152 inputs and their scale must fit float32's 24 bits
    numbers = replace(_NUMBERS, activation=Format(7, 4, False))
    return StackConfig((3, 32, 32), NORMALISED, stages, (), 10, numbers)
