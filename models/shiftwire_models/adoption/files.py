"""A family's checkpoint as a file: its codes, with batch norms and activations in float or, calibrated, exact."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

import onnx
from shiftwire_models.adoption.layers import Arithmetic, Between, Family
from shiftwire_models.adoption.resnet import Adopted, ResNetPlan, adopted_resnet
from shiftwire_models.adoption.tensors import Tensors, load_tensors
from shiftwire_models.agreement import check_nearness
from shiftwire_models.conversion.quantizing import Choices, quantized
from shiftwire_models.errors import ModelsError
from shiftwire_models.exporter import to_onnx
from shiftwire_models.onnx_names import plain_name

_BITS = {Family.DEEPSHIFT: 5, Family.SHIFTADDNET: 5, Family.ADDER: 32, Family.APOT: 4}
"""Of a weight, by the repositories' own defaults."""
_ADDER_BITS = 8
_FEWEST, _MOST = 3, 8


@dataclass(frozen=True, slots=True)
class Adoption:
    """What is taken as what; `bits` None is the family's own default, `adder_bits` 0 an adder in float."""

    family: Family
    plan: ResNetPlan
    bits: int | None = None
    adder_bits: int = _ADDER_BITS

    def __post_init__(self) -> None:
        for what, bits in (("weight", self.bits), ("adder", self.adder_bits or None)):
            if bits is not None and not _FEWEST - 1 <= bits <= _MOST:
                raise ModelsError(f"{bits} {what} bits are outside {_FEWEST - 1}..{_MOST}; leave them out, or say them")

    @property
    def arithmetic(self) -> Arithmetic:
        """For the layers."""
        return Arithmetic(self.family, self.bits or _BITS[self.family], self.adder_bits or None)


def family_named(text: str) -> Family:
    """The family that a user typed. Raises ModelsError."""
    try:
        return Family(text)
    except ValueError:
        names = ", ".join(family.value for family in Family)
        raise ModelsError(f"no family is called '{text}'; take one of {names}") from None


def adopted(path: Path, adoption: Adoption) -> Adopted:
    """The net of a checkpoint, alone or within a training checkpoint; runs no code of the file. Raises ModelsError."""
    kind = f"{adoption.family.value}'s {adoption.plan.name}"
    return adopted_resnet(Tensors(path, load_tensors(path), kind), adoption.plan, adoption.arithmetic)


def adopted_file(net: Adopted) -> onnx.ModelProto:
    """Codes where the checkpoint has them; batch norms, and what the family multiplies, in float."""
    model = to_onnx(net.net, net.input_shape)
    onnx.checker.check_model(model, full_check=True)
    check_nearness(net.net, model)
    return model


def exact_file(net: Adopted, samples: Tensor, choices: Choices) -> onnx.ModelProto:
    """The same with formats chosen on samples (N, *input_shape); shift codes stay as they are."""
    if tuple(samples.shape[1:]) != net.input_shape:
        raise ModelsError(
            f"the samples are of shape {tuple(samples.shape[1:])}, and the net reads {net.input_shape}; give pictures "
            "normalised as it was trained"
        )
    grids = _cover(net.net, samples)
    return quantized(adopted_file(net), (samples,), replace(choices, formats=grids))


def _cover(net: nn.Module, samples: Tensor) -> dict[str, str]:
    """Quantizers between shift and adder as wide as the samples ask for; their formats, by the tensors' names."""
    betweens = {plain_name(path): module for path, module in net.named_modules() if isinstance(module, Between)}

    def watch(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        peaks[module] = max(peaks.get(module, 0.0), float(inputs[0].abs().max()))

    peaks: dict[nn.Module, float] = {}
    hooks = [module.register_forward_pre_hook(watch) for module in betweens.values()]
    with torch.no_grad():
        for part in torch.split(samples, 16):
            net(part)
    for hook in hooks:
        hook.remove()
    for module in betweens.values():
        module.cover(peaks[module])
    return {name: str(module.grid) for name, module in betweens.items()}
