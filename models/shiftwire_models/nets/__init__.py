"""The nets that come with shiftwire, each a name and a typed configuration."""

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from types import MappingProxyType

import torch
from torch import nn

from shiftwire_models.block import Arithmetic, BlockKind
from shiftwire_models.errors import ModelsError
from shiftwire_models.floats.lenet import FloatLeNet, FloatLeNetConfig
from shiftwire_models.floats.resnet import FloatResNet, FloatResNetConfig
from shiftwire_models.grid import Format
from shiftwire_models.nets.digits import PIXELS, DigitsConfig, DigitsNet
from shiftwire_models.nets.mlp import MlpConfig, ShiftMlp
from shiftwire_models.nets.resnet import ResNet, ResNetConfig
from shiftwire_models.nets.separable import SeparableConfig, SeparableNet
from shiftwire_models.nets.stack import StackConfig, StackNet
from shiftwire_models.nets.zoo import GREY, autoencoder, cnv, dscnn, lenet5, mobilenet, resnet, vgg19
from shiftwire_models.terms import ExponentRange
from shiftwire_models.weights import WeightRule, WeightSpec

FloatConfig = FloatLeNetConfig | FloatResNetConfig
NetConfig = DigitsConfig | MlpConfig | ResNetConfig | SeparableConfig | StackConfig | FloatConfig


class NetName(Enum):
    """What a user types after --net."""

    DIGITS_SHIFTADD = "digits-shiftadd"
    DIGITS_ADDER = "digits-adder"
    DIGITS_SHIFT = "digits-shift"
    DIGITS_LIGHTNN2 = "digits-lightnn2"
    DIGITS_FLIGHTNN = "digits-flightnn"
    DIGITS_APOT = "digits-apot"
    DIGITS_MLP = "digits-mlp"
    DIGITS_BINARY = "digits-binary"
    MLP_CIRCULANT = "mlp-circulant"
    JETS_MLP = "jets-mlp"
    LENET5 = "lenet5"
    RESNET8 = "resnet8"
    RESNET8_SHIFTADD = "resnet8-shiftadd"
    RESNET8_VIP = "resnet8-vip"
    RESNET8_ESCALATE = "resnet8-escalate"
    RESNET8_SMARTEXCHANGE = "resnet8-smartexchange"
    RESNET20_SHIFT = "resnet20-shift"
    RESNET20_ADDER = "resnet20-adder"
    RESNET20_SHIFTADD = "resnet20-shiftadd"
    DSCNN = "dscnn"
    MOBILENET = "mobilenet"
    AUTOENCODER = "autoencoder"
    VGG19 = "vgg19"
    CNV_BINARY = "cnv-binary"
    LENET5_FLOAT = "lenet5-float"
    RESNET20_FLOAT = "resnet20-float"


def _shift_digits(weight: WeightSpec) -> DigitsConfig:
    return DigitsConfig(
        BlockKind.SHIFT, Arithmetic(weight=weight, shift_scale=ExponentRange(-4, 1)), learning_rate=0.02
    )


def _apot_digits() -> DigitsConfig:
    # levels are integers up to 10, so what follows scales down further
    numbers = Arithmetic(weight=WeightSpec(WeightRule.APOT), shift_scale=ExponentRange(-8, -2))
    return DigitsConfig(BlockKind.SHIFT, numbers, learning_rate=0.02)


def _binary_digits() -> MlpConfig:
    """Weights of -1 and 1, activations of one bit."""
    numbers = Arithmetic(
        weight=WeightSpec(WeightRule.DEEPSHIFT_Q, bits=1),
        activation=Format(1, 0, False),
        shift_scale=ExponentRange(-6, 0),
    )
    return MlpConfig((64, 128, 64, 10), (1, 8, 8), PIXELS, numbers, learning_rate=0.01)


NETS: Mapping[NetName, NetConfig] = MappingProxyType(
    {
        NetName.DIGITS_SHIFTADD: DigitsConfig(BlockKind.SHIFT_ADD),
        NetName.DIGITS_ADDER: DigitsConfig(BlockKind.ADDER),
        NetName.DIGITS_SHIFT: _shift_digits(WeightSpec(WeightRule.DEEPSHIFT_Q)),
        NetName.DIGITS_LIGHTNN2: _shift_digits(WeightSpec(WeightRule.LIGHTNN, terms=2)),
        NetName.DIGITS_FLIGHTNN: _shift_digits(WeightSpec(WeightRule.FLIGHTNN)),
        NetName.DIGITS_APOT: _apot_digits(),
        NetName.DIGITS_MLP: MlpConfig((64, 32, 32, 10), (1, 8, 8), PIXELS),
        NetName.DIGITS_BINARY: _binary_digits(),
        NetName.MLP_CIRCULANT: MlpConfig((64, 64, 64, 10), (1, 8, 8), PIXELS, block=8),
        NetName.JETS_MLP: MlpConfig((16, 64, 32, 32, 5), (16,), Format(8, 4, True)),
        NetName.LENET5: lenet5(),
        NetName.RESNET8: resnet(BlockKind.SHIFT, 1),
        NetName.RESNET8_SHIFTADD: resnet(BlockKind.SHIFT_ADD, 1),
        NetName.RESNET8_VIP: resnet(BlockKind.VIP, 1),
        NetName.RESNET8_ESCALATE: resnet(BlockKind.ESCALATE, 1),
        NetName.RESNET8_SMARTEXCHANGE: FloatResNetConfig((3, 32, 32), blocks=1, theta=4e-3),
        NetName.RESNET20_SHIFT: resnet(BlockKind.SHIFT, 3),
        NetName.RESNET20_ADDER: resnet(BlockKind.ADDER, 3),
        NetName.RESNET20_SHIFTADD: resnet(BlockKind.SHIFT_ADD, 3),
        NetName.DSCNN: dscnn(),
        NetName.MOBILENET: mobilenet(),
        NetName.AUTOENCODER: autoencoder(),
        NetName.VGG19: vgg19(),
        NetName.CNV_BINARY: cnv(),
        NetName.LENET5_FLOAT: FloatLeNetConfig(),
        NetName.RESNET20_FLOAT: FloatResNetConfig((3, 32, 32)),
    }
)


def net_name(text: str) -> NetName:
    """The net a user typed. Raises ModelsError."""
    try:
        return NetName(text)
    except ValueError:
        names = ", ".join(name.value for name in NetName)
        raise ModelsError(f"no net is called '{text}'; take one of {names}") from None


def _built(config: NetConfig) -> nn.Module:
    net: nn.Module
    match config:
        case DigitsConfig():
            net = DigitsNet(config)
        case MlpConfig():
            net = ShiftMlp(config)
        case ResNetConfig():
            net = ResNet(config)
        case SeparableConfig():
            net = SeparableNet(config)
        case StackConfig():
            net = StackNet(config)
        case FloatLeNetConfig():
            net = FloatLeNet(config)
        case FloatResNetConfig():
            net = FloatResNet(config)
    return net


def build(config: NetConfig, seed: int) -> nn.Module:
    """A net with weights drawn from `seed`; torch's global generator is left where it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _built(config)


def fitted(
    name: NetName, shape: tuple[int, ...], classes: int | None = None, input_grid: Format | None = None
) -> NetConfig:
    """The net for samples of `shape`: residual nets take pictures of any, perceptrons vectors of any length.

    Where given, it has so many classes and reads that format. Raises ModelsError.
    """
    config = NETS[name]
    if config.input_shape != shape:
        config = _reshaped(config, name, shape)
    if classes is not None:
        config = _with_classes(config, classes)
    if input_grid is not None and not isinstance(config, FloatLeNetConfig | FloatResNetConfig):
        config = replace(config, input_grid=input_grid)
    return config


def classes_of(config: NetConfig) -> int:
    """How many outputs its net has."""
    return config.sizes[-1] if isinstance(config, MlpConfig) else config.classes


def _reshaped(config: NetConfig, name: NetName, shape: tuple[int, ...]) -> NetConfig:
    if len(shape) == 3 and isinstance(config, FloatResNetConfig):
        return replace(config, input_shape=shape)
    if len(shape) == 3 and isinstance(config, ResNetConfig):
        return replace(config, input_shape=shape, input_grid=GREY)
    if len(shape) == 1 and isinstance(config, MlpConfig):
        return replace(config, input_shape=shape, sizes=(*shape, *config.sizes[1:]))
    mend = "take another net or --data"
    if len(shape) == 3 and (shape[2], *shape[:2]) == config.input_shape:
        mend = "channels come first, x.transpose(0, 3, 1, 2)"
    raise ModelsError(f"{name.value} reads {config.input_shape}, and the data holds {shape}; {mend}")


def _with_classes(config: NetConfig, classes: int) -> NetConfig:
    if isinstance(config, MlpConfig):
        return replace(config, sizes=(*config.sizes[:-1], classes))
    return replace(config, classes=classes)
