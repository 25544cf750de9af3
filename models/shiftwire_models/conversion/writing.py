"""One line from a net without multiplications to its exact file."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from torch import Tensor, nn

import onnx
from shiftwire_models.agreement import check_agreement, check_nearness
from shiftwire_models.checkpoint import write_whole
from shiftwire_models.conversion.copies import plain_copy
from shiftwire_models.conversion.float_file import traced
from shiftwire_models.conversion.hooks import described
from shiftwire_models.conversion.inputs import Samples
from shiftwire_models.conversion.net import MultiplicationFreeNet
from shiftwire_models.conversion.quantizing import method_named
from shiftwire_models.conversion.samples import plain_samples
from shiftwire_models.errors import ModelsError
from shiftwire_models.exact_export import export_model
from shiftwire_models.exactness import check_exactness
from shiftwire_models.finetune.graph import load_exact


def export(net: nn.Module, path: str | PathLike[str], sample: Tensor | Sequence[Tensor]) -> None:
    """Write the net in evaluation mode as exact ONNX, whole or not at all; sample (N, ...) is an input of it, for
    several a tuple in the order of forward().

    The net is one of `to_multiplication_free`, or composed of the layers of `shiftwire_models.nn`, on any device and in
    any mode; it stays as it is. Raises ModelsError at the first layer that the contract cannot say exactly.
    """
    parts = (sample,) if isinstance(sample, Tensor) else tuple(sample) if isinstance(sample, list | tuple) else ()
    if not parts or not all(isinstance(part, Tensor) and part.dim() > 1 and len(part) for part in parts):
        raise ModelsError("the sample is no tensor (N, ...) of at least one input; give a batch as the net reads it")
    few = tuple(plain_samples(part, "the sample") for part in parts)
    twin = plain_copy(net)
    model = _tuned(twin, few) if isinstance(twin, MultiplicationFreeNet) else _composed(twin, few)
    write_whole(Path(path), model.SerializeToString(deterministic=True))


def _composed(net: nn.Module, samples: Samples) -> onnx.ModelProto:
    for name, module in net.named_modules():
        if isinstance(module, MultiplicationFreeNet):
            raise ModelsError(
                f"{described(name, module)} is one layer of the net, wanted alone; export it without what stands "
                "around it, or convert the whole float net"
            )
    model = traced(net, samples, export_model)
    check_agreement(net, model, samples)
    return model


def _tuned(net: MultiplicationFreeNet, samples: Samples) -> onnx.ModelProto:
    """Where float32 is not proven to hold every sum, onnxruntime is a witness to the structure alone."""
    wanted = list(net.input_shapes.values())
    if [tuple(part.shape[1:]) for part in samples] != wanted or len({len(part) for part in samples}) > 1:
        shown = " and ".join(str(tuple(part.shape)) for part in samples)
        shapes = " and ".join(f"(N, {', '.join(map(str, shape))})" for shape in wanted)
        raise ModelsError(f"the sample has the shape {shown}, and the net reads {shapes}; give such a batch")
    model = net.exact_file()
    try:
        check_exactness(model.graph)
    except ModelsError:
        check_nearness(net, model, samples)
    else:
        check_agreement(net, model, samples)
    return model


def from_exact(path: str | PathLike[str], *, method: str | None = None) -> MultiplicationFreeNet:
    """The net of an exact file, such as `export` and `shiftwire quantize` write: its weights begin at their codes.

    Weights are rounded in training as the file says, which is linearly for files of `quantize`, or by `method`; a state
    dict that is loaded brings its own rule. Raises ModelsError.
    """
    nearest = None if method is None else method_named(method).nearest
    return MultiplicationFreeNet(load_exact(Path(path)), nearest)
