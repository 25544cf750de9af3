"""The residual nets in which the families were published, built of a checkpoint's own layers."""

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from shiftwire_models.adoption.layers import Arithmetic, Family, Place, conv, dense, identity_conv, norm
from shiftwire_models.adoption.tensors import Tensors
from shiftwire_models.errors import ModelsError

_DEEP = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
_BOTTLENECKS = (50, 101, 152)


@dataclass(frozen=True, slots=True)
class ResNetPlan:
    """blocks  of each stage; expansion  4 where 1 x 1 layers stand around a block's 3 x 3.

    Three stages for CIFAR's 32 x 32, depth 6n + 2; four for the deep ones. Each stage doubles the stem's width.
    Source: He et al., Deep Residual Learning, 2016.
    """

    name: str
    blocks: tuple[int, ...]
    expansion: int


def plan_named(text: str) -> ResNetPlan:
    """resnet20 and the like. Raises ModelsError."""
    match = re.fullmatch(r"resnet(\d{1,4})", text)
    depth = int(match.group(1)) if match else 0
    if depth in _DEEP:
        return ResNetPlan(text, _DEEP[depth], 4 if depth in _BOTTLENECKS else 1)
    if depth >= 8 and depth % 6 == 2:
        return ResNetPlan(text, ((depth - 2) // 6,) * 3, 1)
    raise ModelsError(
        f"no net of the families is called '{text}'; take resnet20 or another of depth 6n + 2, or resnet18, 34, 50, "
        "101 or 152"
    )


class Residual(nn.Module):
    """A block of layers beside its input, or beside the shortcut `beside`."""

    def __init__(self, layers: Mapping[str, nn.Module], beside: Mapping[str, nn.Module]) -> None:
        super().__init__()
        for name, layer in {**layers, **beside}.items():
            self.add_module(name, layer)
        self.names, self.beside = tuple(layers), tuple(beside)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs, H, W) -> (N, outputs, H / stride, W / stride), sides rounded up."""
        y = x
        for name in self.names:
            y = self.get_submodule(name)(y)
        for name in self.beside:
            x = self.get_submodule(name)(x)
        z: Tensor = self.relu(y + x)
        return z


@dataclass(frozen=True, slots=True)
class Site:
    """Where a block stands: its path, what it reads, its inner width and stride."""

    path: str
    inputs: int
    inner: int
    stride: int
    expansion: int

    @property
    def outputs(self) -> int:
        """What it makes."""
        return self.inner * self.expansion

    def places(self) -> tuple[Place, ...]:
        """Two layers of 3 x 3; or 1 x 1, 3 x 3 with the stride, and 1 x 1."""
        first, second, third = (f"{self.path}.conv{at}" for at in (1, 2, 3))
        if self.expansion == 1:
            return Place(first, self.inputs, self.inner, 3, self.stride), Place(second, self.inner, self.inner, 3)
        return (
            Place(first, self.inputs, self.inner, 1),
            Place(second, self.inner, self.inner, 3, self.stride),
            Place(third, self.inner, self.outputs, 1),
        )


FAMILIES: dict[str, tuple[Family, ...]] = {
    ".adder": (Family.ADDER, Family.SHIFTADDNET),
    ".shift": (Family.DEEPSHIFT, Family.SHIFTADDNET),
    ".weight_quant.wgt_alpha": (Family.APOT,),
}
"""By what tensors' names end in: the families that have such."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """A float net whose shift and adder layers have the checkpoint's codes; input_shape without batch."""

    net: nn.Module
    input_shape: tuple[int, int, int]


def adopted_resnet(tensors: Tensors, plan: ResNetPlan, numbers: Arithmetic) -> Adopted:
    """In evaluation mode; raises ModelsError at the first tensor that does not fit, or is another family's."""
    for ending, families in FAMILIES.items():
        name = next((name for name in tensors.left if name.endswith(ending)), None)
        if name is not None and numbers.family not in families:
            others = " or ".join(f"--as {family.value}" for family in families)
            raise ModelsError(
                f"{tensors.path} holds '{name}', which checkpoints of {numbers.family.value} have not; say {others}"
            )
    width, colors, kernel = _stem(tensors)
    is_large = kernel > 3
    stem = Place("conv1", colors, width, kernel, 2 if is_large else 1, is_end=True)
    parts = OrderedDict(_normed(tensors, stem, "bn1", numbers))
    parts["relu"] = nn.ReLU()
    if is_large:
        parts["maxpool"] = nn.MaxPool2d(3, 2, 1)
    first = width
    for stage, count in enumerate(plan.blocks, 1):
        blocks, inner = [], first << stage - 1
        for at in range(count):
            stride = 2 if stage > 1 and not at else 1
            site = Site(f"layer{stage}.{at}", width, inner, stride, plan.expansion)
            blocks.append(_block(tensors, site, numbers))
            width = site.outputs
        parts[f"layer{stage}"] = nn.Sequential(*blocks)
    parts["avgpool"] = nn.AdaptiveAvgPool2d(1)
    parts.update(_head(tensors, width, numbers))
    tensors.require_empty()
    side = 224 if is_large else 32
    return Adopted(nn.Sequential(parts).eval(), (colors, side, side))


def _stem(tensors: Tensors) -> tuple[int, int, int]:
    """Width, colors and kernel of the first layer."""
    shape = tensors.shape("conv1.shift" if tensors.has("conv1.shift") else "conv1.weight")
    if len(shape) != 4 or shape[2] not in (3, 7):
        raise ModelsError(
            f"{tensors.path} holds a 'conv1' of shape {shape}, wanted (width, colors, 3, 3) or (width, colors, 7, 7); "
            f"give a checkpoint of {tensors.kind}"
        )
    return shape[0], shape[1], shape[2]


def _normed(tensors: Tensors, place: Place, bn: str, numbers: Arithmetic) -> Iterator[tuple[str, nn.Module]]:
    """A layer and its batch norm, under the last parts of their names."""
    layer = conv(tensors, place, numbers)
    yield place.name.rsplit(".", 1)[-1], layer.module
    yield bn.rsplit(".", 1)[-1], norm(tensors, bn, place.outputs, layer.scale)


def _block(tensors: Tensors, site: Site, numbers: Arithmetic) -> Residual:
    path, places = site.path, site.places()
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for at, place in enumerate(places, 1):
        layers.update(_normed(tensors, place, f"{path}.bn{at}", numbers))
        if at < len(places):
            layers[f"relu{at}"] = nn.ReLU()
    return Residual(layers, _shortcut(tensors, site, numbers))


def _shortcut(tensors: Tensors, site: Site, numbers: Arithmetic) -> dict[str, nn.Module]:
    """`downsample` or `shortcut`, the batch norm last; DeepShift's nets for CIFAR have none with weights."""
    path, inputs, outputs, stride = site.path, site.inputs, site.outputs, site.stride
    if stride == 1 and inputs == outputs:
        return {}
    names = [name for name in tensors.left if name.startswith((f"{path}.downsample.", f"{path}.shortcut."))]
    if not names and numbers.family is Family.DEEPSHIFT:
        return {"shortcut": identity_conv(inputs, outputs, stride)}
    branch = names[0].removeprefix(f"{path}.").split(".")[0] if names else "downsample"
    place = Place(f"{path}.{branch}", inputs, outputs, 1, stride)
    if tensors.has(f"{place.name}.1.adder"):
        pair = conv(tensors, place, numbers)
        return {branch: nn.Sequential(*pair.module.children(), norm(tensors, f"{place.name}.2", outputs, pair.scale))}
    plain = Place(f"{place.name}.0", inputs, outputs, 1, stride)
    return {branch: nn.Sequential(OrderedDict(_normed(tensors, plain, f"{place.name}.1", numbers)))}


def _head(tensors: Tensors, width: int, numbers: Arithmetic) -> Iterator[tuple[str, nn.Module]]:
    """A 1 x 1 convolution and a batch norm (AdderNet, ShiftAddNet), or a dense layer."""
    name = "linear" if any(key.startswith("linear.") for key in tensors.left) else "fc"
    shape = tensors.shape(f"{name}.shift" if tensors.has(f"{name}.shift") else f"{name}.weight")
    place = Place(name, width, shape[0], 1, is_end=True)
    if len(shape) == 4:
        yield from _normed(tensors, place, "bn2", numbers)
        yield "flatten", nn.Flatten()
    else:
        yield "flatten", nn.Flatten()
        yield name, dense(tensors, place, numbers)
