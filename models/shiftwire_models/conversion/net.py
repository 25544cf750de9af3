"""A net of plain torch becomes one without multiplications, which trains in any loop."""

from collections.abc import Callable, Iterable
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import onnx
from shiftwire_models.conversion.copies import plain_copy
from shiftwire_models.conversion.float_file import float_file, with_module
from shiftwire_models.conversion.hooks import described
from shiftwire_models.conversion.quantizing import Choices, method_named, quantized
from shiftwire_models.conversion.samples import samples_of
from shiftwire_models.errors import ModelsError
from shiftwire_models.finetune.floats import take_float_weights
from shiftwire_models.finetune.graph import GraphNet, input_shape, trainable, with_codes
from shiftwire_models.finetune.layers import TunedSum
from shiftwire_models.weights.filter_terms import Nearest


class MultiplicationFreeNet(nn.Module):
    """The net of an exact file: its formats and numbers of terms stay, its weights learn.

    Parameters stay float32 or wider, whatever it is cast to. In training mode it computes in the dtype of x, in float32
    where that is narrower; in evaluation mode in float64, in which every sum of the file is exact. Values come back in
    x's dtype, of integers in float32. Batch norms are scales and biases already: both modes use the same.
    """

    def __init__(self, file: onnx.ModelProto, nearest: Nearest | None = None) -> None:
        super().__init__()
        self.file = file
        self.graph = trainable(file, nearest)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return input_shape(self.file)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, *input_shape) -> the file's output."""
        self.graph.is_exact = not self.training and x.device.type != "mps"  # which has no float64
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        y: Tensor = self.graph(wide)
        return y.to(x.dtype if x.is_floating_point() else wide.dtype)

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
    calibration: Tensor | NDArray[np.generic] | Iterable[object],
    *,
    method: str = "linear",
    terms: int | None = None,
    act_bits: int = 8,
    input_bits: int = 10,
    exponents: int | None = None,
    error_budget: float | None = None,
) -> MultiplicationFreeNet:
    """A trained float net with weights of k powers of two and fixed-point activations, ready to be trained further.

    calibration  (N, ...) samples as the net reads them, or batches of them, each alone or the first of (x, y), as a
                 DataLoader has them; some dozens choose the formats
    method       linear, lightnn, deepshift or apot, whose rounding differs; terms belong to the first two
    The rest are the options of `shiftwire quantize`. The new net stands where the old one did, in its mode and on its
    device, in float32, and gives at first what that command's file gives; the old one stays as it is.
    Raises ModelsError for what cannot be, with the name of the module.
    """
    samples = samples_of(calibration)
    choices = Choices(method_named(method), terms, act_bits, input_bits, exponents, error_budget)
    twin = plain_copy(net)
    _require_float(twin)
    floats = float_file(twin, samples)
    try:
        free = MultiplicationFreeNet(quantized(floats, samples, choices), choices.method.nearest)
    except ModelsError as error:
        raise ModelsError(with_module(twin, str(error), floats)) from error
    _begin_from(free.graph, floats)
    return free.to(_device(net, calibration)).train(net.training)


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
