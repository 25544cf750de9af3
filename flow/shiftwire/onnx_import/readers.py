"""One reader an ONNX operation; the tables at the end are all that convert understands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from shiftwire.errors import InputError
from shiftwire.fixed import Fixed, Overflow, Rounding
from shiftwire.host import HostInput, HostOutput, Tail
from shiftwire.onnx_import.graph import Graph
from shiftwire.onnx_import.layers import AFFINE_READERS, CONV_READERS, DENSE_READERS, read_window
from shiftwire.onnx_import.view import View
from shiftwire.ops import Add, AveragePool, Concat, Flatten, MaxPool, Pad, Relu, Requantize, Window

Reader = Callable[[View, Graph], None]

QUANT_DOMAIN = "qonnx.custom_op.general"
_E = TypeVar("_E", Rounding, Overflow)


def reader_of(view: View) -> Reader:
    """The reader of a node; raises InputError for one that convert does not know."""
    found = READERS.get(view.key)
    if found is None:
        _refuse_float(view)
        domain, operation = view.key
        raise InputError(
            f"the operation {operation}{f' of domain {domain}' if domain else ''} is not supported; "
            f"use {', '.join(sorted(name for _, name in READERS))}"
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
                "so train with quantised layers (shiftwire-train) or quantise the file first"
            )


def _quant(view: View, graph: Graph) -> None:
    """QONNX Quant: only power-of-two scales, no offset, whole range."""
    scale, offset, bits = (_scalar(view, at, name) for at, name in ((1, "scale"), (2, "zeropt"), (3, "bitwidth")))
    frac = -np.log2(scale) if scale > 0 else 0.5
    if not np.isfinite(frac) or frac != np.round(frac):
        raise InputError(f"a scale of {scale} is no power of two; train with power-of-two scales")
    if offset != 0 or bits != np.round(bits):
        raise InputError(f"zeropt {offset} with bitwidth {bits} is not handled; give zeropt 0 and a whole bitwidth")
    view.insist("narrow", 0, default=0)
    held = Fixed(int(bits), int(frac), signed=view.flag("signed", 1))
    _requantized(view, graph, held, _quant_rounding(view.text("rounding_mode", "ROUND"), held), Overflow.SATURATE)


def _scalar(view: View, position: int, name: str) -> float:
    value = view.constant(position, name)
    if value.size != 1:
        raise InputError(f"its {name} has shape {value.shape}; only one for the whole tensor is handled")
    return float(value.reshape(()))


def _quant_rounding(mode: str, held: Fixed) -> Rounding:
    """QONNX rounds HALF_UP ties away from zero, which is our half_up for unsigned results alone."""
    if mode == "HALF_UP" and not held.signed:
        return Rounding.HALF_UP
    modes = {"FLOOR": Rounding.FLOOR, "ROUND": Rounding.HALF_EVEN, "HALF_EVEN": Rounding.HALF_EVEN}
    if mode not in modes:
        raise InputError(
            f"rounding_mode {mode} of {'signed' if held.signed else 'unsigned'} values is not handled; "
            "use FLOOR or ROUND (HALF_UP for unsigned values), or shiftwire.Requantize"
        )
    return modes[mode]


def _requantize(view: View, graph: Graph) -> None:
    held = Fixed(view.whole("bits"), view.whole("frac"), signed=view.flag("signed"))
    rounding = _choice(view, "rounding", Rounding)
    _requantized(view, graph, held, rounding, _choice(view, "overflow", Overflow))


def _choice(view: View, name: str, kind: type[_E]) -> _E:
    text = view.text(name)
    choices = [member.value for member in kind]
    if text not in choices:
        raise InputError(f"attribute {name} = {text} is not handled; use {', '.join(choices)}")
    return kind(text)


def _requantized(view: View, graph: Graph, held: Fixed, rounding: Rounding, overflow: Overflow) -> None:
    source = view.inputs[0]
    if graph.is_raw_input(source):
        graph.enter(view.output, held, HostInput(True, rounding, overflow))
    else:
        graph.emit(view, Requantize(held, rounding, overflow), source)


def _relu(view: View, graph: Graph) -> None:
    graph.emit(view, Relu(), view.inputs[0])


def _identity(view: View, graph: Graph) -> None:
    graph.known[view.output] = graph.source(view.inputs[0])


def _kernel_shape(view: View, graph: Graph) -> tuple[int, ...]:
    return view.wholes("kernel_shape", len(graph.tensor(view.inputs[0]).shape) - 1)


def _max_pool(view: View, graph: Graph) -> None:
    window = read_window(view, _kernel_shape(view, graph))
    view.insist("ceil_mode", 0, default=0)
    view.insist("storage_order", 0, default=0)
    graph.emit(view, MaxPool(window), view.inputs[0])


def _average_pool(view: View, graph: Graph) -> None:
    window = read_window(view, _kernel_shape(view, graph))
    view.insist("ceil_mode", 0, default=0)
    includes_pads = view.flag("count_include_pad", 0)
    if any(window.begin + window.end) and not includes_pads:
        raise InputError("padding without count_include_pad = 1 divides by a varying number; include the pads")
    graph.emit(view, AveragePool(window), view.inputs[0])


def _global_average_pool(view: View, graph: Graph) -> None:
    spatial = graph.tensor(view.inputs[0]).shape[:-1]
    ones, zeros = (1,) * len(spatial), (0,) * len(spatial)
    graph.emit(view, AveragePool(Window(spatial, ones, zeros, zeros)), view.inputs[0])


def _add(view: View, graph: Graph) -> None:
    graph.emit(view, Add(), *view.inputs)


def _concat(view: View, graph: Graph) -> None:
    rank = len(graph.tensor(view.inputs[0]).shape) + 1
    view.insist("axis", 1, 1 - rank, default=None)
    name = graph.source(view.inputs[0])
    for position, other in enumerate(view.inputs[1:], start=1):
        last = position == len(view.inputs) - 1
        name = graph.append(Concat(), (name, graph.source(other)), view.output + ("" if last else f"_part{position}"))
    graph.known[view.output] = name


def _pad(view: View, graph: Graph) -> None:
    view_mode = view.text("mode", "constant")
    if view_mode != "constant":
        raise InputError(f"attribute mode = {view_mode} is not handled; pad with the constant 0")
    if len(view.inputs) > 2 and view.inputs[2] and np.any(view.constant(2, "constant_value") != 0):
        raise InputError("a padding value other than 0 is not handled; pad with 0")
    begin, end = _spatial_pads(view, rank=len(graph.tensor(view.inputs[0]).shape) + 1)
    graph.emit(view, Pad(begin, end), view.inputs[0])


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
    else:
        graph.emit(view, Flatten(), view.inputs[0])


def _softmax(view: View, graph: Graph) -> None:
    view.insist("axis", 1, -1, default=-1)
    _cut(view, graph, Tail.SOFTMAX)


def _argmax(view: View, graph: Graph) -> None:
    view.insist("axis", 1, -1, default=0)
    view.attribute("keepdims", 1)
    view.insist("select_last_index", 0, default=0)
    _cut(view, graph, Tail.ARGMAX)


def _cut(view: View, graph: Graph, tail: Tail) -> None:
    """Leave a ranking to the host; elsewhere than at the end it would change values."""
    if view.output != graph.onnx_output:
        raise InputError("it is handled as the last node only, where the host may do it; move it to the end")
    graph.host_output = HostOutput(tail=tail)
    _identity(view, graph)


READERS: dict[tuple[str, str], Reader] = {
    (QUANT_DOMAIN, "Quant"): _quant,
    ("shiftwire", "Requantize"): _requantize,
    **{("shiftwire", name): reader for name, reader in {**DENSE_READERS, **CONV_READERS, **AFFINE_READERS}.items()},
    ("", "Relu"): _relu,
    ("", "Identity"): _identity,
    ("", "MaxPool"): _max_pool,
    ("", "AveragePool"): _average_pool,
    ("", "GlobalAveragePool"): _global_average_pool,
    ("", "Add"): _add,
    ("", "Concat"): _concat,
    ("", "Pad"): _pad,
    ("", "Flatten"): _flatten,
    ("", "Reshape"): _reshape,
    ("", "Softmax"): _softmax,
    ("", "ArgMax"): _argmax,
}
