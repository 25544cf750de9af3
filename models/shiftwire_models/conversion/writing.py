"""One line from a net without multiplications to its exact file."""

from os import PathLike
from pathlib import Path

from torch import Tensor, nn

import onnx
from shiftwire_models.agreement import check_agreement, check_nearness
from shiftwire_models.checkpoint import write_whole
from shiftwire_models.conversion.copies import plain_copy
from shiftwire_models.conversion.float_file import traced
from shiftwire_models.conversion.hooks import described
from shiftwire_models.conversion.net import MultiplicationFreeNet
from shiftwire_models.conversion.quantizing import method_named
from shiftwire_models.conversion.samples import plain_samples
from shiftwire_models.errors import ModelsError
from shiftwire_models.exactness import check_exactness
from shiftwire_models.export import export_model
from shiftwire_models.finetune.graph import load_exact


def export(net: nn.Module, path: str | PathLike[str], sample: Tensor) -> None:
    """Write the net in evaluation mode as exact ONNX, whole or not at all; sample (N, ...) is an input of it.

    The net is one of `to_multiplication_free`, or composed of the layers of `shiftwire_models.nn`, on any device and in
    any mode; it stays as it is. Raises ModelsError at the first layer that the contract cannot say exactly.
    """
    if not isinstance(sample, Tensor) or sample.dim() < 2 or not len(sample):
        raise ModelsError("the sample is no tensor (N, ...) of at least one input; give a batch as the net reads it")
    few = plain_samples(sample, "the sample")
    twin = plain_copy(net)
    model = _tuned(twin, few) if isinstance(twin, MultiplicationFreeNet) else _composed(twin, few)
    write_whole(Path(path), model.SerializeToString(deterministic=True))


def _composed(net: nn.Module, sample: Tensor) -> onnx.ModelProto:
    for name, module in net.named_modules():
        if isinstance(module, MultiplicationFreeNet):
            raise ModelsError(
                f"{described(name, module)} is one layer of the net, wanted alone; export it without what stands "
                "around it, or convert the whole float net"
            )
    model = traced(net, sample, export_model)
    check_agreement(net, model, tuple(sample.shape[1:]), sample)
    return model


def _tuned(net: MultiplicationFreeNet, sample: Tensor) -> onnx.ModelProto:
    """Where float32 is not proven to hold every sum, onnxruntime is a witness to the structure alone."""
    if tuple(sample.shape[1:]) != net.input_shape:
        wanted = ", ".join(map(str, net.input_shape))
        raise ModelsError(
            f"the sample has the shape {tuple(sample.shape)}, and the net reads (N, {wanted}); give such a batch"
        )
    model = net.exact_file()
    try:
        check_exactness(model.graph)
    except ModelsError:
        check_nearness(net, model, net.input_shape, sample)
    else:
        check_agreement(net, model, net.input_shape, sample)
    return model


def from_exact(path: str | PathLike[str], *, method: str | None = None) -> MultiplicationFreeNet:
    """The net of an exact file, such as `export` and `shiftwire quantize` write: its weights begin at their codes.

    Weights are rounded in training as the file says, which is linearly for files of `quantize`, or by `method`; a state
    dict that is loaded brings its own rule. Raises ModelsError.
    """
    nearest = None if method is None else method_named(method).nearest
    return MultiplicationFreeNet(load_exact(Path(path)), nearest)
