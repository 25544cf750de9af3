"""Drafts of canonical graphs: what they hold, and the shapes that follow."""

from __future__ import annotations

import numpy as np

from onnx_lines import ROW, Q, X, declared, model_of_lines
from shiftwire.onnx.canonical.draft import Draft, attribute, reads
from shiftwire.onnx.canonical.shapes import PROBE, is_flat, spatial_axes
from shiftwire.onnx.importer import network_from_model


def test_a_draft_by_hand() -> None:
    draft = Draft.of(
        model_of_lines("a = Relu(x); b = Add(a, c); d = Neg(b); y = Mul(b, d)", ROW, {"c": 1.0, "e": 2.0}, 20)
    )
    assert draft.shape("a") is None and draft.shape("c") == ()
    draft.infer()
    assert draft.shape("a") == (PROBE, 4) and draft.shape("nothing") is None and draft.outputs == {"y"}
    producer = draft.producer("b")
    assert producer is not None and producer.op_type == "Add"
    assert draft.producer("x") is None and draft.producer("c") is None
    assert [entry.op_type for entry in draft.consumers("b")] == ["Neg", "Mul"] and not draft.consumers("y")
    assert [draft.is_read_once(name) for name in ("a", "b", "d", "y")] == [True, False, True, False]
    assert [draft.is_parameter(name) for name in ("c", "a", "x")] == [True, False, False]
    assert [draft.fresh(name) for name in ("new", "a", "c", "x")] == ["new", "a_2", "c_2", "x_2"]
    assert draft.constant("c", np.ones(2)) == "c_2" and draft.fresh("c") == "c_3"
    assert list(reads(producer)) == ["a", "c"] and attribute(producer, "none", 7) == 7
    draft.sweep()
    assert set(draft.constants) == {"c"} and len(draft.nodes) == 4
    draft.bypass(draft.nodes[0])
    assert list(draft.nodes[0].input) == ["x", "c"] and len(draft.nodes) == 3


def test_constants_get_their_names_back() -> None:
    """Where they alone stand for one of the file's, and its name is free."""
    draft = Draft.of(
        model_of_lines("a = Add(x, c); b = Mul(a, d); y = Sub(b, e)", ROW, {"c": 1.0, "d": 2.0, "e": 3.0}, 20)
    )
    one, two = draft.constant("new", np.array(4.0), "c"), draft.constant("new", np.array(5.0), "d")
    three, four = draft.constant("new", np.array(6.0), two), draft.constant("new", np.array(7.0), "e")
    assert (one, two, three, four) == ("new", "new_2", "new_3", "new_4")
    for entry, name in zip(draft.nodes, (one, three, "e"), strict=True):
        entry.input[1] = name
    draft.sweep()
    draft.restore_names()
    assert [list(entry.input) for entry in draft.nodes] == [["x", "c"], ["a", "d"], ["b", "e"]]
    assert {name: float(array) for name, array in draft.constants.items()} == {"c": 4, "d": 6, "e": 3}


def test_shapes_that_are_flat() -> None:
    assert [is_flat((2, 3, 4), flat) for flat in ((2, 12), (2, 3, 4), (6, 4), (2, 11))] == [True, False, False, False]
    assert spatial_axes(4) == (2, 3) and spatial_axes(2) == ()


def test_a_declared_format_is_not_asked_of_a_quantizer() -> None:
    network = network_from_model(declared(ROW, None, Q, X + "y = Relu(a)"))
    assert (network.input_name, network.host_input.quantizes, str(network.input.format)) == ("x", True, "s6.2")
