"""Transposes of channels-last exporters move towards the output, where pairs meet and cancel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

import onnx
from onnx import helper
from shiftwire.onnx.canonical.draft import Draft, attribute, axes_of, is_quantizer, is_standard, pad_sizes, remade
from shiftwire.onnx.canonical.parameters import columns, rows, transposed

Perm = tuple[int, ...]

ELEMENTWISE = (
    "Relu", "Clip", "Identity", "Neg", "Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid", "Dropout", "Cast", "Round",
    "Floor", "Ceil", "Abs", "Celu", "Elu", "Erf", "Exp", "Gelu", "HardSwish", "Mish", "Pow", "Reciprocal", "Selu",
    "Softplus", "Softsign", "Swish",
)  # fmt: skip
BINARY = ("Add", "Sub", "Mul", "Div", "Max", "Min")


def cancel_transposes(draft: Draft) -> None:
    """No Transpose that meets its inverse, none of weights; the rest stay for the importer to name."""
    for step in (_step, _reshaped):
        moved = True
        while moved:
            draft.infer()
            moved = any(step(draft, node) for node in list(draft.nodes) if node in draft.nodes)
            draft.sweep()


def _reshaped(draft: Draft, node: onnx.NodeProto) -> bool:
    """As `_step`, and a Transpose that met no inverse but moves only axes of one element is a reshape."""
    perm = _perm(draft, node) if is_standard(node, "Transpose") else None
    shape = draft.shape(node.input[0]) if node.input else None
    if perm is not None and shape is not None and _moves_units(perm, shape) and _idle(draft, node, perm):
        return True
    return _step(draft, node)


def _moves_units(perm: Perm, shape: tuple[int, ...]) -> bool:
    return [axis for axis in perm if shape[axis] > 1] == [axis for axis in range(len(perm)) if shape[axis] > 1]


def _step(draft: Draft, node: onnx.NodeProto) -> bool:
    """One change nearer to no transposes; whether there was one."""
    if is_standard(node, "Transpose"):
        return _meet(draft, node)
    sources = [(name, _transpose(draft, name)) for name in node.input if name]
    if not sources or (sources[0][1] is None and not is_standard(node, *BINARY)):
        return False
    if is_standard(node, *ELEMENTWISE, *BINARY) or is_quantizer(node):
        return _push(draft, node)
    push = _PUSHES.get(node.op_type) if is_standard(node, node.op_type) else None
    return push is not None and push(draft, node)


def _transpose(draft: Draft, name: str) -> onnx.NodeProto | None:
    producer = draft.producer(name)
    return producer if producer is not None and is_standard(producer, "Transpose") else None


def _perm(draft: Draft, node: onnx.NodeProto) -> Perm | None:
    shape = draft.shape(node.input[0])
    return None if shape is None else tuple(attribute(node, "perm", list(range(len(shape)))[::-1]))


def _meet(draft: Draft, node: onnx.NodeProto) -> bool:
    """Idle, of a parameter, or behind another Transpose."""
    perm, before = _perm(draft, node), _transpose(draft, node.input[0])
    if perm is None:
        return False
    if draft.is_parameter(node.input[0]):
        turned = transposed(draft, node.input[0], perm)
        if turned is not None:
            node.input[0] = turned
            draft.bypass(node)
        return turned is not None
    if perm == tuple(range(len(perm))):
        return _idle(draft, node, perm)
    first = None if before is None else _perm(draft, before)
    if before is None or first is None:
        return False
    draft.replace(node, remade(node, "Transpose", [before.input[0]], perm=[first[axis] for axis in perm]))
    return True


def _idle(draft: Draft, node: onnx.NodeProto, perm: Perm) -> bool:
    """A Transpose that moves only axes of one element is a reshape."""
    if perm == tuple(range(len(perm))):
        draft.bypass(node)
        return True
    if perm[0] != 0:
        return False
    shape = np.array([0, *(draft.shape(node.output[0]) or ())[1:]], np.int64)
    target = draft.constant(f"{node.output[0]}_shape", shape)
    draft.replace(node, remade(node, "Reshape", [node.input[0], target]))
    return True


def _push(draft: Draft, node: onnx.NodeProto) -> bool:
    """f(transpose(x), c) becomes transpose(f(x, c')), c' the constant in x's layout."""
    turning = [
        turn
        for name in node.input
        if name and (turn := _transpose(draft, name)) is not None and not draft.is_parameter(name)
    ]
    perm = _perm(draft, turning[0]) if turning else None
    if perm is None or not _same(draft, turning, perm):
        return False
    if not all(_turns(draft, name, perm) for name in node.input):
        return False
    _behind(draft, node, [_unturned(draft, name, perm) for name in node.input], perm)
    return True


def _same(draft: Draft, turning: Sequence[onnx.NodeProto], perm: Perm) -> bool:
    return all(_perm(draft, turn) == perm for turn in turning)


def _turns(draft: Draft, name: str, perm: Perm) -> bool:
    """Whether an input can be had as it is in front of the Transpose."""
    if not name:
        return True
    if name in draft.constants:
        return draft.constants[name].size == 1 or draft.constants[name].ndim <= len(perm)
    return _transpose(draft, name) is not None and not draft.is_parameter(name)


def _unturned(draft: Draft, name: str, perm: Perm) -> str:
    """An input as it is in front of the Transpose: the other side of it, or a constant moved there."""
    if not name or (name in draft.constants and draft.constants[name].size == 1):
        return name
    if name in draft.constants:
        c = draft.constants[name]
        full = c.reshape((1,) * (len(perm) - c.ndim) + c.shape)
        return draft.constant(f"{name}_moved", np.transpose(full, np.argsort(perm)))
    turn = _transpose(draft, name)
    assert turn is not None, name
    return str(turn.input[0])


def _behind(
    draft: Draft, node: onnx.NodeProto, inputs: Sequence[str], perm: Sequence[int], **changes: int | list[int]
) -> None:
    """The node on other inputs, its old output made by a Transpose behind it."""
    inner = draft.fresh(f"{node.output[0]}_moved")
    kept = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
    moved = helper.make_node(
        node.op_type, list(inputs), [inner], name=node.name, domain=node.domain, **(kept | changes)
    )
    turn = helper.make_node("Transpose", [inner], [node.output[0]], name=f"{inner}_back", perm=list(perm))
    draft.replace(node, moved, turn)


def _push_concat(draft: Draft, node: onnx.NodeProto) -> bool:
    turning = [_transpose(draft, name) for name in node.input]
    known = [turn for turn in turning if turn is not None]
    perm = _perm(draft, known[0]) if len(known) == len(turning) else None
    if perm is None or not _same(draft, known, perm):
        return False
    (axis,) = axes_of(node, [attribute(node, "axis", 0)], len(perm))
    _behind(draft, node, [turn.input[0] for turn in known], perm, axis=perm[axis])
    return True


def _push_slice(draft: Draft, node: onnx.NodeProto) -> bool:
    """A part in the layout in front of the Transpose."""
    turn = _transpose(draft, node.input[0])
    perm, inputs = None if turn is None else _perm(draft, turn), [*node.input, "", ""]
    if turn is None or perm is None or inputs[1] not in draft.constants:
        return False
    named = draft.constants.get(inputs[3], np.arange(draft.constants[inputs[1]].size))
    axes = [perm[axis] for axis in axes_of(node, named.ravel(), len(perm))]
    inputs[3] = draft.constant(f"{node.output[0]}_axes", np.array(axes, np.int64))
    _behind(draft, node, [turn.input[0], *inputs[1 : 4 + (len(node.input) > 4)]], perm)
    return True


def _push_reduced(draft: Draft, node: onnx.NodeProto) -> bool:
    """A mean or a maximum in the layout in front of the Transpose, where no axis that is left changes its place."""
    turn = _transpose(draft, node.input[0])
    perm = None if turn is None else _perm(draft, turn)
    axes = draft.constants.get(node.input[1]) if len(node.input) > 1 else None
    if turn is None or perm is None or axes is None:
        return False
    meant = sorted(perm[axis] for axis in axes_of(node, axes.ravel(), len(perm)))
    left, keeps = [axis for axis in perm if axis not in meant], bool(attribute(node, "keepdims", 1))
    if not keeps and left != sorted(left):
        return False
    names = [turn.input[0], draft.constant(f"{node.output[0]}_axes", np.array(meant, np.int64))]
    if keeps:
        _behind(draft, node, names, perm)
    else:
        draft.replace(node, remade(node, node.op_type, names, keepdims=0))
    return True


def _push_pad(draft: Draft, node: onnx.NodeProto) -> bool:
    """Pads of the same axes, as they stand in front of the Transpose."""
    turn = _transpose(draft, node.input[0])
    perm = None if turn is None else _perm(draft, turn)
    sizes = None if perm is None else pad_sizes(draft, node, len(perm))
    if turn is None or perm is None or sizes is None:
        return False
    moved = draft.constant(f"{node.output[0]}_pads", sizes[:, np.argsort(perm)].ravel())
    _behind(draft, node, [turn.input[0], moved, *node.input[2:3]], perm)
    return True


def _push_flatten(draft: Draft, node: onnx.NodeProto) -> bool:
    """Flatten in the other order, and the columns of the weight behind it in that order."""
    turn = _transpose(draft, node.input[0])
    before, flat = (draft.shape(turn.input[0]), draft.shape(node.output[0])) if turn is not None else (None, None)
    if turn is None or before is None or flat is None or len(flat) != 2 or flat[0] != before[0]:
        return False
    name, reader = _behind_scalars(draft, node.output[0])
    perm = _perm(draft, turn)
    if reader is None or perm is None or perm[0] != 0 or not is_standard(reader, "Gemm", "MatMul"):
        return False
    if attribute(reader, "transA", 0) or list(reader.input).count(name) != 1 or reader.input[0] != name:
        return False
    if len(draft.shape(reader.input[1]) or ()) != 2:
        return False
    places = np.transpose(np.arange(flat[1]).reshape(1, *before[1:]), perm).ravel()
    order = np.argsort(places)
    change = columns if attribute(reader, "transB", 0) else rows
    weight = change(draft, reader.input[1], order)
    if weight is None:
        return False
    reader.input[1] = weight
    draft.replace(node, remade(node, "Flatten", [turn.input[0]], axis=1))
    return True


def _behind_scalars(draft: Draft, name: str) -> tuple[str, onnx.NodeProto | None]:
    """The one reader of a vector behind operations that treat all its numbers alike, and what it reads."""
    while True:
        readers = draft.consumers(name)
        if len(readers) != 1 or name in draft.outputs:
            return name, None
        (reader,) = readers
        others = [other for other in reader.input if other and other != name]
        is_alike = is_standard(reader, *ELEMENTWISE, *BINARY) or is_quantizer(reader)
        if not is_alike or not all(other in draft.constants and draft.constants[other].size == 1 for other in others):
            return name, reader
        name = reader.output[0]


_PUSHES: Mapping[str, Callable[[Draft, onnx.NodeProto], bool]] = {
    "Concat": _push_concat,
    "ReduceMean": _push_reduced,
    "ReduceMax": _push_reduced,
    "Pad": _push_pad,
    "Slice": _push_slice,
    "Flatten": _push_flatten,
    "Reshape": _push_flatten,
}
