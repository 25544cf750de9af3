"""One reader an ONNX operation; the tables at the end are all that convert understands."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.host import HostOutput, Tail
from shiftwire.ir.window import Window
from shiftwire.onnx.ops.arithmetic import ARITHMETIC_READERS
from shiftwire.onnx.ops.layers import AFFINE_READERS, CONV_READERS, DENSE_READERS, read_window
from shiftwire.onnx.ops.quantizers import QUANTISER_READERS
from shiftwire.onnx.ops.weighted import WEIGHTED_READERS
from shiftwire.onnx.reading.graph import Graph
from shiftwire.onnx.reading.pending import Pending
from shiftwire.onnx.reading.view import View
from shiftwire.ops.concat import Concat
from shiftwire.ops.flatten import Flatten
from shiftwire.ops.pad import Pad
from shiftwire.ops.pool import AveragePool, MaxPool, SumPool

Reader = Callable[[View, Graph], None]

CONTROL_FLOW = ("If", "Loop", "Scan")


def reader_of(view: View) -> Reader:
    """The reader of a node; raises InputError for one that convert does not know."""
    found = READERS.get(view.key)
    if found is None:
        domain, operation = view.key
        if operation in CONTROL_FLOW:
            raise InputError(
                f"{operation} decides at run time what is computed; export the network without loops and branches"
            )
        if operation == "Transpose":
            raise InputError(
                "a Transpose that meets no inverse is not handled; export the network channels first, (N, C, H, W), "
                "from its input to its output (tf2onnx: --inputs-as-nchw)"
            )
        _refuse_float(view)
        raise InputError(
            f"the operation {operation}{f' of domain {domain}' if domain else ''} is not supported; "
            f"use {', '.join(sorted({name for _, name in READERS}))}"
        )
    if not view.inputs:
        raise InputError("it has no input; connect it to the graph")
    return found


def _refuse_float(view: View) -> None:
    """The commonest mistake: a float network, told by its first float weight."""
    for position, name in enumerate(view.inputs):
        if view.is_constant(position) and view.constant(position, name).dtype.kind == "f":
            raise InputError(
                f"its '{name}' is a float tensor; convert takes files whose weights and activations are all quantised, "
                "so train with quantised layers (shiftwire-train) or run shiftwire quantize on it"
            )


def _identity(view: View, graph: Graph) -> None:
    graph.put(view, *graph.opened(view.inputs[0]))


def _kernel_shape(view: View, graph: Graph) -> tuple[int, ...]:
    return view.wholes("kernel_shape", len(graph.tensor(view.inputs[0]).shape) - 1)


def _max_pool(view: View, graph: Graph) -> None:
    window = read_window(view, _kernel_shape(view, graph))
    view.insist("ceil_mode", 0, default=0)
    view.insist("storage_order", 0, default=0)
    name, pending = graph.opened(view.inputs[0])
    if (pending.slope(graph.tensors[name].shape[-1]) < 0).any():
        raise InputError(
            "it takes the largest of values that fall where codes rise, behind a negative scale or batch norm; "
            "quantise them by a Quant node in front of the pool"
        )
    graph.put(view, graph.append(MaxPool(window), (name,), view.output), pending)


def _average_pool(view: View, graph: Graph) -> None:
    window = read_window(view, _kernel_shape(view, graph))
    view.insist("ceil_mode", 0, default=0)
    includes_pads = view.flag("count_include_pad", 0)
    if any(window.begin + window.end) and not includes_pads:
        raise InputError("padding without count_include_pad = 1 divides by a varying number; include the pads")
    _average(view, graph, window)


def _global_average_pool(view: View, graph: Graph) -> None:
    spatial = graph.tensor(view.inputs[0]).shape[:-1]
    ones, zeros = (1,) * len(spatial), (0,) * len(spatial)
    _average(view, graph, Window(spatial, ones, zeros, zeros))


def _average(view: View, graph: Graph, window: Window) -> None:
    """Exact where the area is a power of two; any other area stays in the scale of the sums."""
    area = prod(window.kernel)
    name, pending = graph.scaled(view.inputs[0])
    is_power = area & (area - 1) == 0
    made = graph.append(AveragePool(window) if is_power else SumPool(window), (name,), view.output)
    graph.put(view, made, pending if is_power else Pending(pending.scale / area))


def _concat(view: View, graph: Graph) -> None:
    """Along the channels; scales that differ stay with their channels."""
    rank = len(graph.tensor(view.inputs[0]).shape) + 1
    view.insist("axis", 1, 1 - rank, default=None)
    parts = [graph.scaled(name) for name in view.inputs]
    widths = [graph.tensors[name].shape[-1] for name, _ in parts]
    rows = [np.broadcast_to(pending.scale, (width,)) for (_, pending), width in zip(parts, widths, strict=True)]
    scale = np.concatenate(rows)
    name = parts[0][0]
    for position, (other, _) in enumerate(parts[1:], start=1):
        last = position == len(parts) - 1
        name = graph.append(Concat(), (name, other), view.output + ("" if last else f"_part{position}"))
    graph.put(view, name, Pending(np.asarray(scale[0]) if (scale == scale[0]).all() else scale))


def _pad(view: View, graph: Graph) -> None:
    view_mode = view.text("mode", "constant")
    if view_mode != "constant":
        raise InputError(f"attribute mode = {view_mode} is not handled; pad with the constant 0")
    if len(view.inputs) > 2 and view.inputs[2] and np.any(view.constant(2, "constant_value") != 0):
        raise InputError("a padding value other than 0 is not handled; pad with 0")
    begin, end = _spatial_pads(view, rank=len(graph.tensor(view.inputs[0]).shape) + 1)
    graph.keep(view, Pad(begin, end), view.inputs[0])


def _spatial_pads(view: View, rank: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Begin and end of each spatial axis; the batch and the channels stay as they are."""
    pads = view.integers(1, "pads")
    axes = list(range(rank))
    if len(view.inputs) > 3 and view.inputs[3]:
        axes = [int(axis) % rank for axis in view.integers(3, "axes").ravel()]
    if pads.shape != (2 * len(axes),):
        raise InputError(f"pads of shape {pads.shape} do not fit {len(axes)} axes; give {2 * len(axes)} numbers")
    begin, end = np.zeros(rank, np.int64), np.zeros(rank, np.int64)
    begin[axes], end[axes] = pads[: len(axes)], pads[len(axes) :]
    if begin[:2].any() or end[:2].any():
        raise InputError("padding of the batch or of the channels is not handled; pad height and width only")
    return tuple(begin[2:].tolist()), tuple(end[2:].tolist())


def _flatten(view: View, graph: Graph) -> None:
    view.insist("axis", 1, default=1)
    _flat(view, graph)


def _reshape(view: View, graph: Graph) -> None:
    view.insist("allowzero", 0, default=0)
    target, size = view.integers(1, "shape").tolist(), graph.tensor(view.inputs[0]).size
    batch = {0, -1} if target[1:] == [size] else {0}
    batch |= {graph.batch} if graph.batch else set()
    if len(target) != 2 or target[1] not in (-1, size) or target[0] not in batch:
        raise InputError(f"a reshape to {target} is not handled; only one to (N, {size}), which is a flatten, is")
    _flat(view, graph)


def _flat(view: View, graph: Graph) -> None:
    if len(graph.tensor(view.inputs[0]).shape) == 1:
        _identity(view, graph)
        return
    name, pending = graph.opened(view.inputs[0])
    *spatial, channels = graph.tensors[name].shape
    places = np.repeat(np.arange(channels), prod(spatial))
    graph.put(view, graph.append(Flatten(), (name,), view.output), pending.spread(places))


def _softmax(view: View, graph: Graph) -> None:
    view.insist("axis", 1, -1, default=-1)
    _cut(view, graph, Tail.SOFTMAX)


def _argmax(view: View, graph: Graph) -> None:
    view.insist("axis", 1, -1, default=0)
    view.attribute("keepdims", 1)
    view.insist("select_last_index", 0, default=0)
    _cut(view, graph, Tail.ARGMAX)


def _topk(view: View, graph: Graph) -> None:
    view.insist("axis", 1, -1, default=-1)
    view.insist("largest", 1, default=1)
    view.insist("sorted", 0, 1, default=1)
    _cut(view, graph, Tail.TOPK)


def _cut(view: View, graph: Graph, tail: Tail) -> None:
    """Leave a ranking to the host; elsewhere than at the end it would change values."""
    if graph.onnx_output not in view.outputs:
        raise InputError("it is handled as the last node only, where the host may do it; move it to the end")
    graph.host_output = HostOutput(tail=tail)
    name, pending = graph.opened(view.inputs[0])
    graph.known[graph.onnx_output], graph.pending[graph.onnx_output] = name, pending


READERS: dict[tuple[str, str], Reader] = {
    **QUANTISER_READERS,
    **{("shiftwire", name): reader for name, reader in {**DENSE_READERS, **CONV_READERS, **AFFINE_READERS}.items()},
    **WEIGHTED_READERS,
    **ARITHMETIC_READERS,
    ("", "Identity"): _identity,
    ("", "MaxPool"): _max_pool,
    ("", "AveragePool"): _average_pool,
    ("", "GlobalAveragePool"): _global_average_pool,
    ("", "Concat"): _concat,
    ("", "Pad"): _pad,
    ("", "Flatten"): _flatten,
    ("", "Reshape"): _reshape,
    ("", "Softmax"): _softmax,
    ("", "ArgMax"): _argmax,
    ("", "TopK"): _topk,
}
