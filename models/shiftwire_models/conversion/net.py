"""A net of plain torch becomes one without multiplications, which trains in any loop."""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils import _pytree as pytree

import onnx
from shiftwire_models.conversion.copies import plain_copy
from shiftwire_models.conversion.float_file import float_file, with_module
from shiftwire_models.conversion.hooks import described
from shiftwire_models.conversion.inputs import Samples, samples_for
from shiftwire_models.conversion.quantizing import Choices, method_named, quantized
from shiftwire_models.errors import ModelsError
from shiftwire_models.finetune.floats import take_float_weights
from shiftwire_models.finetune.graph import GraphNet, trainable, with_codes
from shiftwire_models.finetune.layers import TunedSum
from shiftwire_models.onnx_names import input_names, input_shapes
from shiftwire_models.weights.filter_terms import Nearest


class MultiplicationFreeNet(nn.Module):
    """The net of an exact file: its formats and numbers of terms stay, its weights learn.

    Parameters stay float32 or wider, whatever it is cast to. In training mode it computes in the dtype of x, in float32
    where that is narrower; in evaluation mode in float64, in which every sum of the file is exact. Values come back in
    x's dtype, of integers in float32; several as the float net gave them, or, where `structure` (what the float net
    gave once, numbers in place of tensors) is None, as a tuple in the file's order. Batch norms are scales and biases
    already: both modes use the same.
    """

    def __init__(self, file: onnx.ModelProto, nearest: Nearest | None = None, structure: object = None) -> None:
        super().__init__()
        self.file, self.structure = file, structure
        self.graph = trainable(file, nearest)

    @property
    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        """Of one sample, by the names of the inputs."""
        return input_shapes(self.file)

    def forward(self, *inputs: Tensor, **named: Tensor) -> Any:
        """(N, *shape) for each input, in order or by name -> the file's output, or its outputs."""
        values = self._values(inputs, named)
        self.graph.is_exact = not self.training and values[0].device.type != "mps"  # which has no float64
        y = self.graph(*(x.to(torch.promote_types(x.dtype, torch.float32)) for x in values))
        floats = [x.dtype for x in values if x.is_floating_point()]
        dtype = reduce(torch.promote_types, floats) if floats else torch.float32
        outputs = tuple(part.to(dtype) for part in ((y,) if isinstance(y, Tensor) else y))
        if self.structure is None:
            return outputs[0] if len(outputs) == 1 else outputs
        return pytree.tree_map(lambda number: outputs[number], self.structure)

    def _values(self, inputs: tuple[Tensor, ...], named: dict[str, Tensor]) -> tuple[Tensor, ...]:
        names = self.graph.inputs
        if len(names) == 1 and len(inputs) + len(named) == 1:
            return (*inputs, *named.values())
        rest = names[len(inputs) :]
        if len(inputs) > len(names) or set(rest) != set(named):
            words = ", ".join(f"'{name}'" for name in names)
            raise ModelsError(f"found {len(inputs) + len(named)} inputs, and the net reads {words}; give each once")
        return (*inputs, *(named[name] for name in rest))

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        def wide(tensor: Tensor) -> Tensor:
            new = fn(tensor)
            is_narrow = new.is_floating_point() and new.dtype.itemsize < torch.float32.itemsize
            return tensor.to(new.device) if is_narrow else new

        super()._apply(wide, recurse)  # type: ignore[no-untyped-call]  # torch leaves it so
        return self

    def exact_file(self) -> onnx.ModelProto:
        """The file with the codes that the net has now."""
        return with_codes(self.file, self.graph)


def to_multiplication_free(
    net: nn.Module,
    calibration: Tensor | NDArray[np.generic] | Mapping[str, object] | Iterable[object],
    *,
    method: str = "linear",
    terms: int | None = None,
    act_bits: int = 8,
    input_bits: int = 10,
    exponents: int | None = None,
    error_budget: float | None = None,
) -> MultiplicationFreeNet:
    """A trained float net with weights of k powers of two and fixed-point activations, ready to be trained further.

    `calibration` are (N, ...) samples as the net reads them, or batches of them, each alone or the first of (x, y), as
    a DataLoader has them; some dozens choose the formats. Of a net of several inputs they are a tuple of tensors in the
    order of forward(), a dict by its names, or batches of either. `method` is linear, lightnn, deepshift, apot
    or binary, whose rounding differs; terms belong to the first two.

    The rest are the options of `shiftwire quantize`. The new net stands where the old one did, in its mode and on its
    device, in float32, and gives at first what that command's file gives; the old one stays as it is.
    Raises ModelsError for what cannot be, with the name of the module.
    """
    choices = Choices(method_named(method), terms, act_bits, input_bits, exponents, error_budget)
    twin = plain_copy(net)
    _require_float(twin)
    samples = samples_for(input_names(twin), calibration)
    floats = float_file(twin, samples)
    try:
        structure = _structure(twin, samples)
        free = MultiplicationFreeNet(quantized(floats, samples, choices), choices.method.nearest, structure)
    except ModelsError as error:
        raise ModelsError(with_module(twin, str(error), floats)) from error
    _begin_from(free.graph, floats)
    return free.to(_device(net, calibration)).train(net.training)


def _structure(net: nn.Module, samples: Samples) -> object:
    """What the net gives, with the number of each tensor in its place."""
    with torch.no_grad():
        leaves, shape = pytree.tree_flatten(net(*(x[:1] for x in samples)))
    return pytree.tree_unflatten(range(len(leaves)), shape)


def _require_float(net: nn.Module) -> None:
    for name, module in net.named_modules():
        if isinstance(module, MultiplicationFreeNet):
            raise ModelsError(
                f"{described(name, module)} is multiplication-free already, wanted a float net; train it as it is and "
                "export it, or convert the float net that it came from"
            )


def _device(net: nn.Module, calibration: object) -> torch.device:
    first = next((tensor for tensor in (*net.parameters(), calibration) if isinstance(tensor, Tensor)), None)
    return torch.device("cpu") if first is None else first.device


def _begin_from(graph: GraphNet, floats: onnx.ModelProto) -> None:
    """Float weights as latents, but for those that would round to another code: the net is the file at first."""
    sums = [layer.weight for layer in graph.layers if isinstance(layer, TunedSum)]
    codes = [weight.terms().value() for weight in sums]
    if not any(weight.latent.dim() > 1 and weight.latent.requires_grad for weight in sums):
        return
    try:
        take_float_weights(graph, floats)
    except ModelsError:  # rounding moved every filter too far from its floats
        return
    with torch.no_grad():
        for weight, wanted in zip(sums, codes, strict=True):
            weight.latent.copy_(torch.where(weight.terms().value() == wanted, weight.latent, wanted))
