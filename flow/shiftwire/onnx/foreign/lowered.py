"""What moves numbers goes behind what treats them all alike, such as quantizers: so it meets what it belongs to."""

from __future__ import annotations

from collections.abc import Callable

import onnx
from shiftwire.onnx.canonical.draft import INPUT_FORMAT_KEY, Draft, input_key, is_quantizer, is_standard
from shiftwire.onnx.canonical.front import MOVES
from shiftwire.onnx.canonical.layout import BINARY, ELEMENTWISE
from shiftwire.onnx.canonical.shapes import Value, is_flat
from shiftwire_hls.quantizers import CONTRACT_DOMAIN

WINDOWS = ("Conv", "ReduceMean", "ReduceMax", "AveragePool", "MaxPool", "GlobalAveragePool", "GlobalMaxPool")
SHUFFLES = ("DepthToSpace", "SpaceToDepth", "Spread")


def lower_reshapes(draft: Draft) -> None:
    """Reshapes of computed tensors, and moves with another one behind: so the parts of a shuffle are side by side."""
    _lower(draft, _is_for_another)


def lower_shuffles(draft: Draft) -> None:
    """Shuffles, and parts behind them: so channels of unlike scales are codes first.

    What is codes already stays in front of a curve that nothing quantizes: so it is there to be compared with the file.
    """
    _lower(draft, lambda draft, node: _is_lowered(draft, node) and not _ends_in_codes(draft, node))


def _lower(draft: Draft, is_meant: Callable[[Draft, onnx.NodeProto], bool]) -> None:
    moved = True
    while moved:
        moved = any(_lowered(draft, node) for node in list(draft.nodes) if is_meant(draft, node))


def _is_for_another(draft: Draft, node: onnx.NodeProto) -> bool:
    """A flatten is the flow's wherever it stands; what is made of the graph input alone is the host's."""
    if not is_standard(node, *MOVES) or draft.is_parameter(node.input[0]) or is_front(draft, node.input[0]):
        return False
    if _ends_a_window(draft, node):
        return False
    before, after = draft.shape(node.input[0]), draft.shape(node.output[0])
    if before is None or after is None:
        return False
    stays = is_standard(node, "Transpose") or is_flat(before, after)
    return not stays or _leads_to_another(draft, node.output[0])


def _ends_a_window(draft: Draft, node: onnx.NodeProto) -> bool:
    """Whether it takes off the axis that was put on in front of a window, as of a line's maxima or its mean."""
    has_window, producer = False, draft.producer(node.input[0])
    while producer is not None and is_standard(producer, *WINDOWS, "Transpose"):
        has_window |= producer.op_type != "Transpose"
        producer = draft.producer(producer.input[0])
    return has_window and producer is not None and is_standard(producer, "Unsqueeze", "Reshape")


def _leads_to_another(draft: Draft, name: str) -> bool:
    """Whether behind a tensor and what treats all numbers alike there is another move, and nothing beside it."""
    while draft.is_read_once(name):
        (reader,) = draft.consumers(name)
        if is_standard(reader, *MOVES):
            return bool(reader.input[0] == name)
        if not _is_alike(draft, reader, name):
            return False
        name = reader.output[0]
    return False


def _is_lowered(draft: Draft, node: onnx.NodeProto) -> bool:
    """Parts of a tensor only behind a shuffle, or in front of the first quantizer, which then is the graph input's."""
    is_part = is_standard(node, "Slice", "Gather") and node.input[0] not in draft.constants
    source = draft.producer(node.input[0]) if is_part and node.op_type == "Slice" else None
    is_part = is_part and (is_front(draft, node.input[0]) or (source is not None and _is_shuffle(source)))
    return _is_shuffle(node) or is_part


def _ends_in_codes(draft: Draft, move: onnx.NodeProto) -> bool:
    """Whether a move reads codes times their scale, and no quantizer follows."""
    source, name = draft.producer(move.input[0]), move.output[0]
    is_shuffled = _is_shuffle(move)
    while source is not None and _is_shuffle(source):
        is_shuffled = True
        source = draft.producer(source.input[0])
    if source is not None and is_standard(source, "Mul", "Div") and source.input[1] in draft.constants:
        source = draft.producer(source.input[0])
    while draft.is_read_once(name):
        (reader,) = draft.consumers(name)
        if is_quantizer(reader):
            return False
        if not _is_alike(draft, reader, name):
            break
        name = reader.output[0]
    is_turned = any(is_standard(reader, "Mul", "Div") for reader in draft.consumers(move.output[0]))
    return is_shuffled and source is not None and is_quantizer(source) and not is_turned


def _is_shuffle(node: onnx.NodeProto) -> bool:
    return node.domain in ("", "ai.onnx", CONTRACT_DOMAIN) and node.op_type in SHUFFLES


def is_front(draft: Draft, name: str) -> bool:
    """Whether a tensor is the graph input, or what is made of it number by number for one reader after the other.

    An input whose format the file names is no longer the host's.
    """
    while (producer := draft.producer(name)) is not None:
        is_alike = bool(producer.input) and _is_alike(draft, producer, producer.input[0])
        if not draft.is_read_once(name) or not (is_alike or is_standard(producer, *MOVES)):
            return False
        name = producer.input[0]
    named = {entry.key for entry in draft.model.metadata_props}
    return name not in draft.constants and input_key(INPUT_FORMAT_KEY, name, len(draft.inputs)) not in named


def _lowered(draft: Draft, move: onnx.NodeProto) -> bool:
    """Whether the node behind was put in front."""
    name = move.output[0]
    if not draft.is_read_once(name):
        return False
    (reader,) = draft.consumers(name)
    if not _is_alike(draft, reader, name):
        return False
    inner, shape = draft.fresh(f"{reader.output[0]}_moved"), draft.shape(move.input[0])
    first = onnx.NodeProto.FromString(reader.SerializeToString())
    first.input[:] = [
        move.input[0] if other == name else _of_rank(draft, other, len(shape or ())) for other in reader.input
    ]
    first.output[0] = inner
    last = onnx.NodeProto.FromString(move.SerializeToString())
    last.input[0], last.output[0] = inner, reader.output[0]
    if shape is not None and reader.output[0] in draft.values:
        draft.values[inner] = Value(shape, draft.values[reader.output[0]].type)
    draft.replace(move)
    draft.replace(reader, first, last)
    return True


def _of_rank(draft: Draft, name: str, rank: int) -> str:
    """A single number that gives a tensor of so many axes no more of them."""
    if not name or draft.constants[name].ndim <= rank:
        return name
    return draft.constant(f"{name}_single", draft.constants[name].reshape(()))


def _is_alike(draft: Draft, node: onnx.NodeProto, name: str) -> bool:
    """Whether a node does the same to every number of a tensor that it reads."""
    others = [other for other in node.input if other and other != name]
    is_known = is_standard(node, *ELEMENTWISE, *BINARY) or is_quantizer(node)
    return (
        is_known
        and len(node.output) == 1
        and list(node.input).count(name) == 1
        and (node.input[0] == name or is_standard(node, *BINARY))
        and all(other in draft.constants and draft.constants[other].size == 1 for other in others)
    )
