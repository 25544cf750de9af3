"""A net of plain torch becomes one without multiplications, which trains in any loop."""

import torch
from torch import Tensor, nn

import onnx
from shiftwire_models.conversion.float_file import float_file, with_module
from shiftwire_models.conversion.quantizing import Choices, method_named, quantized
from shiftwire_models.errors import ModelsError
from shiftwire_models.finetune.floats import take_float_weights
from shiftwire_models.finetune.graph import GraphNet, input_shape, trainable, with_codes
from shiftwire_models.finetune.layers import TunedSum
from shiftwire_models.weights.filter_terms import Nearest

_FEWEST = 8
"""Samples that choose formats, at least."""


class MultiplicationFreeNet(nn.Module):
    """The net of an exact file: its formats and numbers of terms stay, its weights learn.

    In training mode it computes in the dtype of x; in evaluation mode in float64, in which every sum of the file is
    exact, and gives values of x's dtype. Batch norms are scales and biases already: both modes use the same.
    """

    def __init__(self, file: onnx.ModelProto, nearest: Nearest = Nearest.LINEAR) -> None:
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
        y: Tensor = self.graph(x)
        return y.to(x.dtype)

    def exact_file(self) -> onnx.ModelProto:
        """The file with the codes that the net has now."""
        return with_codes(self.file, self.graph)


def to_multiplication_free(
    net: nn.Module,
    calibration: Tensor,
    *,
    method: str = "linear",
    terms: int | None = None,
    act_bits: int = 8,
    input_bits: int = 10,
    exponents: int | None = None,
    error_budget: float | None = None,
) -> MultiplicationFreeNet:
    """A trained float net with weights of k powers of two and fixed-point activations, ready to be trained further.

    calibration  (N, ...) samples as the net reads them; some dozens choose the formats
    method       linear, lightnn, deepshift or apot, whose rounding differs; terms belong to the first two
    The rest are the options of `shiftwire quantize`. The new net stands where the old one did, in its mode and on its
    device, and gives at first what that command's file gives; the old one stays as it is.
    Raises ModelsError for what cannot be, with the name of the module.
    """
    samples = _samples(calibration)
    choices = Choices(method_named(method), terms, act_bits, input_bits, exponents, error_budget)
    floats = float_file(net, samples)
    try:
        file = quantized(floats, samples, choices)
    except ModelsError as error:
        raise ModelsError(with_module(net, str(error))) from error
    free = _trainable(file, net, choices)
    _begin_from(free.graph, floats)
    first = next((parameter for parameter in net.parameters()), None)
    return free.to(calibration.device if first is None else first.device).train(net.training)


def _trainable(file: onnx.ModelProto, net: nn.Module, choices: Choices) -> MultiplicationFreeNet:
    try:
        return MultiplicationFreeNet(file, choices.method.nearest)
    except ModelsError as error:
        raise ModelsError(with_module(net, str(error))) from error


def _samples(calibration: Tensor) -> Tensor:
    """float32 (N, ...) on the CPU."""
    if not isinstance(calibration, Tensor) or calibration.dim() < 2:
        raise ModelsError(
            f"calibration is {_kind(calibration)}, wanted one tensor (N, ...) of samples; torch.cat some batches"
        )
    if len(calibration) < _FEWEST:
        raise ModelsError(f"{len(calibration)} samples choose no formats; give {_FEWEST} at least, better some dozens")
    if calibration.is_complex() or not torch.isfinite(calibration).all():
        raise ModelsError("calibration holds values that are not finite, or complex ones; give real samples")
    return calibration.detach().cpu().float()


def _kind(value: object) -> str:
    return f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"


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
