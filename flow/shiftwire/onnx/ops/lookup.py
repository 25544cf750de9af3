"""Lookup: a table of the contract, and the curves of which a quantizer makes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError
from shiftwire.ir.network import Node
from shiftwire.numbers import curves
from shiftwire.numbers.curves import Function
from shiftwire.numbers.float_quantizer import Floats
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.layer import OnnxLayer, Reader
from shiftwire.onnx.context.pending import Rising
from shiftwire.onnx.context.view import View
from shiftwire.onnx.context.waiting import combine, is_parameter, tabulate, value_of, wait
from shiftwire.onnx.context.writer import Writer
from shiftwire.ops.threshold import Lookup


def _read(view: View, graph: Graph) -> None:
    """The part of a table that the codes of the input reach."""
    x, table, lowest = graph.tensor(view.inputs[0]).format, view.integers(1, "table"), view.whole("lowest")
    if table.ndim != 2 or view.frac("input_frac") != x.frac or not lowest <= x.lo <= x.hi < lowest + table.shape[1]:
        raise InputError(
            f"its table of shape {table.shape} from the code {lowest} on does not hold those of {x}; give (channels or "
            f"1, codes) for all of them"
        )
    own = table[:, x.lo - lowest : x.hi + 1 - lowest]
    graph.emit(view, Lookup(own, x, view.frac("frac")), view.inputs[0])


def _write(writer: Writer, op: Lookup, node: Node) -> None:
    holds = np.int32 if np.abs(op.table).max() < 1 << 31 else np.int64
    table = writer.constant(f"{node.name}_table", op.table.astype(holds))
    writer.custom("Lookup", [*node.inputs, table], node.name, input_frac=op.x.frac, lowest=op.x.lo, frac=op.frac)


def _falling(function_of: Callable[[View], Function]) -> Reader:
    """Of an operation that falls and rises: a table of all codes."""

    def read(view: View, graph: Graph) -> None:
        tabulate(view, graph, function_of(view))

    return read


def _rising(function_of: Callable[[View], Function]) -> Reader:
    """Of an operation that never falls: it waits."""

    def read(view: View, graph: Graph) -> None:
        wait(view, graph, Rising(view.key[1], function_of(view)))

    return read


def _gelu(view: View) -> Function:
    approximate = view.text("approximate", "none")
    if approximate not in ("none", "tanh"):
        raise InputError(f"attribute approximate = {approximate} is not handled; give none or tanh")
    return curves.gelu if approximate == "none" else curves.gelu_by_tanh


def _power(view: View) -> Function:
    exponent = view.constant(1, "exponent")
    if exponent.size != 1:
        raise InputError(f"its exponent has shape {exponent.shape}; give one number")
    return curves.power(float(exponent.reshape(())))


def _elu(view: View, graph: Graph) -> None:
    alpha = float(view.attribute("alpha", 1.0))
    function = curves.elu(alpha)
    if alpha < 0:
        tabulate(view, graph, function)
    else:
        wait(view, graph, Rising("Elu", function))


def _selu(view: View) -> Function:
    alpha = float(view.attribute("alpha", 1.67326319217681884765625))
    gamma = float(view.attribute("gamma", 1.05070102214813232421875))
    _require_positive(alpha=alpha, gamma=gamma)
    return curves.elu(alpha, gamma)


def _celu(view: View) -> Function:
    alpha = float(view.attribute("alpha", 1.0))
    _require_positive(alpha=alpha)
    return curves.elu(alpha, within=alpha)


def _require_positive(**attributes: float) -> None:
    for name, value in attributes.items():
        if value <= 0:
            raise InputError(f"attribute {name} = {value} makes it fall; give one above 0")


def _always(function: Function) -> Callable[[View], Function]:
    return lambda view: function


def _pointwise(function: Callable[..., npt.NDArray[Any]]) -> Reader:
    """Of an operation on several tensors of one shape, number by number, or on single numbers: a table of all codes.

    What is true is 1 in it, what is not 0.
    """

    def read(view: View, graph: Graph) -> None:
        single = {at: _single(view, graph, at) for at in range(len(view.inputs)) if is_parameter(view, graph, at)}
        names = [name for at, name in enumerate(view.inputs) if at not in single]

        def values(*tables: Floats) -> Floats:
            rest = iter(tables)
            every = [single[at] if at in single else next(rest) for at in range(len(view.inputs))]
            return np.asarray(function(*every)).astype(np.float32)

        combine(view, graph, values, f"a {view.key[1]} of several computed tensors is not handled", names=names)

    return read


def _single(view: View, graph: Graph, at: int) -> Floats:
    value = value_of(view, graph, at, "constant")
    if value.size != 1 or len(view.inputs) == 1:
        raise InputError(f"its constant has shape {value.shape}; give one number beside what is computed")
    return value.reshape(())


def _where(condition: Floats, yes: Floats, no: Floats) -> Floats:
    return np.where(condition != 0, yes, no)


POINTWISE: dict[str, Reader] = {
    "And": _pointwise(np.logical_and),
    "Equal": _pointwise(np.equal),
    "Greater": _pointwise(np.greater),
    "GreaterOrEqual": _pointwise(np.greater_equal),
    "Less": _pointwise(np.less),
    "LessOrEqual": _pointwise(np.less_equal),
    "Log": _pointwise(curves.once(np.log)),
    "Not": _pointwise(np.logical_not),
    "Or": _pointwise(np.logical_or),
    "Sqrt": _pointwise(np.sqrt),
    "Where": _pointwise(_where),
    "Xor": _pointwise(np.logical_xor),
}
"""Operations of which curves are spelled, comparisons among them, by their names."""

FALLING: dict[str, Reader] = {
    "Abs": _falling(_always(np.abs)),
    "Gelu": _falling(_gelu),
    "HardSwish": _falling(_always(curves.hard_swish)),
    "Mish": _falling(_always(curves.mish)),
    "Pow": _falling(_power),
    "Reciprocal": _falling(_always(np.reciprocal)),
    "Swish": _falling(lambda view: curves.swish(float(view.attribute("alpha", 1.0)))),
}
"""Operations that a table of codes stands for, by their names."""

RISING: dict[str, Reader] = {
    "Celu": _rising(_celu),
    "Elu": _elu,
    "Erf": _rising(_always(curves.erf)),
    "Exp": _rising(_always(curves.exp)),
    "Selu": _rising(_selu),
    "Softplus": _rising(_always(curves.softplus)),
    "Softsign": _rising(_always(curves.softsign)),
}
"""Operations that wait for a quantizer, which no host computes."""

LAYER = OnnxLayer(
    {("shiftwire", "Lookup"): _read, **{("", kind): reader for kind, reader in (POINTWISE | FALLING | RISING).items()}},
    {Lookup: _write},
)
