"""One layer of a checkpoint as a layer of ours, found by the names of its tensors."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from enum import Enum

import torch
from torch import Tensor, nn

from shiftwire_models.adder import AdderConv2d
from shiftwire_models.adoption.rounding import (
    additive_powers,
    eight_bits,
    integer_terms,
    power_and_sign,
    powers_alone,
    rounded,
)
from shiftwire_models.adoption.tensors import Tensors
from shiftwire_models.errors import ModelsError
from shiftwire_models.floats.adder import FloatAdderConv2d
from shiftwire_models.grid import FLOAT32_INTEGER_BITS, Format, Rounding
from shiftwire_models.quant import ActivationQuant
from shiftwire_models.shift import GridBias, ShiftConv2d, ShiftLinear
from shiftwire_models.terms import PowerTerms, ceil_log2
from shiftwire_models.weights import ShiftWeight

BIAS_FRAC = 16
"""DeepShift's biases are floored to this many fraction bits."""
_WIDE = 16
"""Bits of an adder's input where nothing was calibrated: +-256 on ShiftAddNet's grid of 2^-7."""
_EPS = 1e-5


class Family(Enum):
    """Whose repository wrote the checkpoint."""

    DEEPSHIFT = "deepshift"
    SHIFTADDNET = "shiftaddnet"
    ADDER = "adder"
    APOT = "apot"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """bits  of a weight, sign included, as the family counts them; adder_bits  ShiftAddNet's wageubn, None in float."""

    family: Family
    bits: int
    adder_bits: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a layer stands: its name, what it reads and makes, its window; `is_end` for the first and the last."""

    name: str
    inputs: int
    outputs: int
    kernel: int
    stride: int = 1
    is_end: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the weights of its convolution."""
        return self.outputs, self.inputs, self.kernel, self.kernel

    @property
    def padding(self) -> int:
        """What keeps the size of an odd kernel's picture."""
        return self.kernel // 2


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer, and the factor of what it makes that the batch norm behind it has yet to take in."""

    module: nn.Module
    scale: float = 1.0


class FixedTerms(ShiftWeight):
    """Terms that a checkpoint fixed, (terms, out, in...)."""

    sign: Tensor
    exponent: Tensor

    def __init__(self, terms: PowerTerms) -> None:
        super().__init__(terms.exponent_range)
        self.register_buffer("sign", terms.sign)
        self.register_buffer("exponent", terms.exponent)

    def terms(self) -> PowerTerms:
        """As they were given."""
        return PowerTerms(self.sign, self.exponent, self.exponent_range)

    def forward(self) -> Tensor:
        """Values (out, in...)."""
        return self.terms().value()


class Between(ActivationQuant):
    """The quantizer in front of a wageubn adder, which does not clip: as wide as `cover` has seen to be enough."""

    def __init__(self, frac: int) -> None:
        super().__init__(Format(_WIDE, frac, signed=True), Rounding.HALF_EVEN)

    def cover(self, peak: float) -> None:
        """Take the width that holds twice the peak."""
        bits = self.grid.frac + 2 + max(ceil_log2(peak), 0) if peak > 0 else _WIDE
        self._grid = Format(min(bits, FLOAT32_INTEGER_BITS), self.grid.frac, signed=True)


class Clipped(nn.Module):
    """APoT's activations end at alpha; they come from a ReLU."""

    def __init__(self, alpha: float) -> None:
        super().__init__()
        self.alpha = alpha

    def forward(self, x: Tensor) -> Tensor:
        """min(max(x, 0), alpha), of x's shape."""
        return x.clamp(0.0, self.alpha)


def conv(tensors: Tensors, place: Place, numbers: Arithmetic) -> Layer:
    """The convolution at a place: shift, adder, both in a row, or an ordinary one."""
    name = place.name
    if tensors.has(f"{name}.0.shift") or tensors.has(f"{name}.1.adder"):
        return _pair(tensors, place, numbers)
    if tensors.has(f"{name}.adder"):
        return Layer(_adder(tensors, place, numbers))
    if tensors.has(f"{name}.weight_quant.wgt_alpha"):
        return _additive(tensors, place, numbers)
    terms, scale = _terms(tensors, name, place.shape, place.is_end, numbers)
    if terms is None:
        ordinary = nn.Conv2d(place.inputs, place.outputs, place.kernel, place.stride, place.padding, bias=False)
        ordinary.weight.data = tensors.take(f"{name}.weight", place.shape)
        if tensors.has(f"{name}.bias"):
            ordinary.bias = nn.Parameter(tensors.take(f"{name}.bias", (place.outputs,)))
        return Layer(ordinary)
    shift = _shift_conv(place, terms)
    if tensors.has(f"{name}.bias"):
        shift.bias = _bias(tensors.take(f"{name}.bias", (place.outputs,)))
    return Layer(shift, scale)


def dense(tensors: Tensors, place: Place, numbers: Arithmetic) -> nn.Module:
    """The dense layer at a place, with its bias."""
    inputs, outputs, name = place.inputs, place.outputs, place.name
    shape = (outputs, inputs)
    terms, scale = _terms(tensors, name, shape, place.is_end, numbers)
    bias = tensors.take(f"{name}.bias", (outputs,)) if tensors.has(f"{name}.bias") else None
    if terms is None:
        ordinary = nn.Linear(inputs, outputs, bias=bias is not None)
        ordinary.weight.data = tensors.take(f"{name}.weight", shape)
        if bias is not None:
            ordinary.bias.data = bias
        return ordinary
    shift = ShiftLinear(inputs, outputs)
    shift.weight = FixedTerms(terms)
    if scale == 1.0:
        shift.bias = None if bias is None else _bias(bias)
        return shift
    behind = _scaled(scale, torch.zeros(outputs) if bias is None else bias)
    return nn.Sequential(OrderedDict(shift=shift, scale=behind))


def norm(tensors: Tensors, name: str, channels: int, scale: float) -> nn.BatchNorm2d:
    """A batch norm that also takes in the factor of what it reads."""
    layer = nn.BatchNorm2d(channels, eps=_EPS / scale**2)
    layer.weight.data = tensors.take(f"{name}.weight", (channels,))
    layer.bias.data = tensors.take(f"{name}.bias", (channels,))
    layer.running_mean = tensors.take(f"{name}.running_mean", (channels,)) / scale
    layer.running_var = tensors.take(f"{name}.running_var", (channels,)) / scale**2
    if bool((layer.running_var < 0).any()):
        raise ModelsError(f"{tensors.path} holds '{name}.running_var' with negative values; train it again")
    return layer


def identity_conv(inputs: int, outputs: int, stride: int) -> ShiftConv2d:
    """Every stride-th pixel, the channels in the middle of as many zeros: a residual net's shortcut without weights."""
    first = (outputs - inputs) // 2
    weight = torch.zeros(outputs, inputs, 1, 1)
    weight[first + torch.arange(inputs), torch.arange(inputs)] = 1.0
    return _shift_conv(Place("shortcut", inputs, outputs, 1, stride), integer_terms(weight))


def _terms(
    tensors: Tensors, name: str, shape: tuple[int, ...], is_end: bool, numbers: Arithmetic
) -> tuple[PowerTerms | None, float]:
    """Of a shift layer, taken, with their scale; none where the weights stay floats, which are left."""
    if tensors.has(f"{name}.shift"):
        shift, sign = (tensors.take(f"{name}.{part}", shape) for part in ("shift", "sign"))
        return power_and_sign(shift, sign, numbers.bits), 1.0
    if not tensors.has(f"{name}.weight"):
        role = "adder" if numbers.family is Family.ADDER and not is_end else "shift" if tensors.has_signs else "weight"
        tensors.shape(f"{name}.{role}")
    weight = tensors.look(f"{name}.weight", shape)
    terms, scale = _of_weights(weight, is_end, tensors.has_signs, numbers)
    if terms is not None:
        tensors.drop(f"{name}.weight")
    return terms, scale


def _of_weights(weight: Tensor, is_end: bool, has_signs: bool, numbers: Arithmetic) -> tuple[PowerTerms | None, float]:
    """DeepShift-Q where no layer has signs; ShiftAddNet's frozen shifts; APoT's integers at both ends."""
    match numbers.family:
        case Family.DEEPSHIFT if not has_signs:
            return rounded(weight, numbers.bits), 1.0
        case Family.SHIFTADDNET:
            return powers_alone(weight), 1.0
        case Family.APOT if is_end:
            return eight_bits(weight)
    return None, 1.0


def _shift_conv(place: Place, terms: PowerTerms) -> ShiftConv2d:
    layer = ShiftConv2d(place.inputs, place.outputs, place.kernel, stride=place.stride, padding=place.padding)
    layer.weight = FixedTerms(terms)
    return layer


def _bias(bias: Tensor) -> GridBias:
    """DeepShift's fixed point: floor(b * 2^16) / 2^16."""
    layer = GridBias(len(bias), BIAS_FRAC)
    layer.latent.data = torch.floor(bias * 2.0**BIAS_FRAC) * 2.0**-BIAS_FRAC
    return layer


def _scaled(scale: float, bias: Tensor) -> nn.BatchNorm1d:
    """scale * x + bias, spelled as the batch norm that quantizing knows."""
    layer = nn.BatchNorm1d(len(bias), eps=0.0)
    layer.weight.data, layer.bias.data = torch.full_like(bias, scale), bias
    return layer


def _pair(tensors: Tensors, place: Place, numbers: Arithmetic) -> Layer:
    """ShiftAddNet's shift convolution and, with nothing but a quantizer between, its adder of stride 1."""
    shift = conv(tensors, replace(place, name=f"{place.name}.0"), numbers).module
    after = Place(f"{place.name}.1", place.outputs, place.outputs, place.kernel)
    return Layer(nn.Sequential(shift, _adder(tensors, after, numbers)))


def _adder(tensors: Tensors, place: Place, numbers: Arithmetic) -> nn.Module:
    """AdderNet's in float; ShiftAddNet's by wageubn: x and w are round(v * 2^(bits-1)) / 2^(bits-1), unclipped."""
    weight = tensors.take(f"{place.name}.adder", place.shape)
    _refuse_scales(tensors, place.name)
    if numbers.family is not Family.SHIFTADDNET or numbers.adder_bits is None:
        layer = FloatAdderConv2d(place.inputs, place.outputs, place.kernel, stride=place.stride, padding=place.padding)
        layer.weight.data = weight
        return layer
    frac = numbers.adder_bits - 1
    grid = Format(frac + 1 + max(ceil_log2(float(weight.abs().max()) + 1.0), 0), frac, signed=True)
    adder = AdderConv2d(place.inputs, place.outputs, place.kernel, grid, stride=place.stride, padding=place.padding)
    adder.weight.latent.data = weight
    return nn.Sequential(OrderedDict(between=Between(frac), adder=adder))


def _refuse_scales(tensors: Tensors, name: str) -> None:
    """Mode sbm measures a range of x and one of w, and no integer is the difference of two grids."""
    for part in ("running_zero_point", "running_range"):
        measured = tensors.left.pop(f"{name}.quantize_input_fw.{part}", None)
        if measured is not None and bool(measured.any()):
            raise ModelsError(
                f"{tensors.path} holds ranges of '{name}', trained in mode sbm, where x and w have scales of their own "
                "and |x - w| is no integer; train it with --quantize_v wageubn"
            )


def _additive(tensors: Tensors, place: Place, numbers: Arithmetic) -> Layer:
    """APoT: activations end at their alpha, weights are levels."""
    name = place.name
    alpha, top = (float(tensors.take(f"{name}.{part}", ())) for part in ("weight_quant.wgt_alpha", "act_alpha"))
    if min(alpha, top) <= 0:
        raise ModelsError(f"{tensors.path} holds an alpha of '{name}' that is not positive; train it again")
    terms, scale = additive_powers(tensors.take(f"{name}.weight", place.shape), alpha, numbers.bits)
    return Layer(nn.Sequential(OrderedDict(clip=Clipped(top), shift=_shift_conv(place, terms))), scale)
