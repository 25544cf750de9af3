"""Nodes as readers see them: names, attributes, constants, parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from onnx import helper
from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.onnx.context.parameter import Parameter
from shiftwire.onnx.context.view import MAX_CODE, View
from shiftwire.onnx.context.waiting import values_of
from shiftwire.onnx.context.weights import narrowest
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire.units.names import sanitised

CODES = np.array([[1, -2, 3], [0, 5, -7]])


@pytest.mark.parametrize(
    ("name", "taken", "clean"),
    [
        ("conv1", "", "conv1"),
        ("a/b:0", "", "a_b_0"),
        ("/layers/0/Conv_output_0", "", "layers_0_Conv_output_0"),
        ("größe", "", "gr__e"),
        ("", "", "tensor"),
        ("__", "", "tensor"),
        ("7up", "", "t_7up"),
        ("while", "", "t_while"),
        ("layer2", "", "t_layer2"),
        ("config12_x", "", "t_config12_x"),
        ("layer", "", "layer"),
        ("x_t", "", "t_x_t"),
        ("shiftwire_x", "", "t_shiftwire_x"),
        ("a", "a", "a_"),
        ("a", "a a_", "a__"),
        ("wire", "t_wire", "t_wire_"),
    ],
)
def test_names_for_every_tool(name: str, taken: str, clean: str) -> None:
    assert sanitised(name, taken.split()) == clean


def view(**attributes: Any) -> View:
    node = helper.make_node("Kind", ["x", "", "c", "f", "none"], ["y", "z"], name="n", domain="ai.onnx", **attributes)
    held = {"c": np.array([[1, -5]], np.int8), "f": np.array([1.5], np.float32), "none": np.zeros((0, 3))}
    return View(node, held)


def test_a_node_as_readers_see_it() -> None:
    seen = view(a=3)
    assert (seen.key, seen.output, seen.outputs) == (("", "Kind"), "y", ["y", "z"])
    assert list(seen.inputs) == ["x", "", "c", "f", "none"] and seen.place == "in node 'n' (Kind)"
    assert [seen.is_constant(at) for at in range(5)] == [False, False, True, True, True]
    assert seen.integers(2, "codes").tolist() == [[1, -5]] and seen.integers(2, "codes").dtype == np.int64
    assert seen.constant(3, "f").tolist() == [1.5]
    words = {
        0: "its input 'w' is computed in the graph; make it an initialiser",
        1: "its input 'w' is missing",
        4: r"its input 'w' has shape \(0, 3\) and holds no elements",
        5: "its input 'w' is missing",
    }
    for position, match in words.items():
        with pytest.raises(InputError, match=match):
            seen.constant(position, "w")
    with pytest.raises(InputError, match=r"its input 'w' \('f'\) is a float32 tensor, not integer codes"):
        seen.integers(3, "w")


@pytest.mark.parametrize("code", [MAX_CODE, -MAX_CODE, MAX_CODE + 1, -MAX_CODE - 1])
def test_codes_have_an_end(code: int) -> None:
    seen = View(helper.make_node("Kind", ["c"], ["y"]), {"c": np.array([0, code])})
    if abs(code) == MAX_CODE:
        assert seen.integers(0, "w").tolist() == [0, code]
    else:
        with pytest.raises(InputError, match="its input 'w' holds codes beyond"):
            seen.integers(0, "w")


def test_attributes_and_their_defaults() -> None:
    seen = view(whole=-3, flag=1, list=[1, 2], word="same", one=[1, 1], odd=2)
    assert (seen.peek("whole", 7), seen.peek("other", 7)) == (-3, 7)
    assert (seen.whole("whole"), seen.whole("none", 4, lowest=4), seen.frac("odd")) == (-3, 4, 2)
    assert (seen.flag("flag"), seen.flag("none", 0), seen.text("word"), seen.text("none", "d")) == (
        True,
        False,
        "same",
        "d",
    )
    assert (seen.wholes("list", 2), seen.wholes("none", 2, [3, 4])) == ((1, 2), (3, 4))
    seen.insist_ones("one", 2)
    seen.insist_ones("none", 3)
    seen.insist("none", "a", "b", default="b")
    seen.finish()
    with pytest.raises(InputError, match="attribute left = 5 is not handled; export the layer without it"):
        view(left=5).finish()


WRONG = {
    "none": (lambda seen: seen.attribute("none"), "its attribute 'none' is missing; the contract asks for it"),
    "whole": (lambda seen: seen.whole("real"), r"attribute real = 1.5 is not handled; give a whole number$"),
    "lowest": (
        lambda seen: seen.whole("two", lowest=3),
        "attribute two = 2 is not handled; give a whole number from 3 on",
    ),
    "flag": (lambda seen: seen.flag("two"), "attribute two = 2 is not handled; give 0 or 1"),
    "frac": (lambda seen: seen.frac("far"), "attribute far = 100000 names a grid outside"),
    "-frac": (lambda seen: seen.frac("near"), "attribute near = -100000 names a grid outside"),
    "wholes": (lambda seen: seen.wholes("list", 3), r"attribute list = \[1, 2\] is not handled; give 3 whole numbers"),
    "reals": (lambda seen: seen.wholes("reals", 1), r"attribute reals = \[1.5\] is not handled; give 1 whole numbers"),
    "number": (lambda seen: seen.wholes("two", 1), "attribute two = 2 is not handled; give 1 whole numbers"),
    "insist": (
        lambda seen: seen.insist("word", "a", "b", default="a"),
        "attribute word = same is not handled; only a or b is",
    ),
    "ones": (lambda seen: seen.insist_ones("list", 2), r"attribute list = \[1, 2\] is not handled; only \[1, 1\] is"),
}


@pytest.mark.parametrize("name", WRONG)
def test_attributes_of_other_kinds(name: str) -> None:
    ask, words = WRONG[name]
    with pytest.raises(InputError, match=words):
        ask(view(real=1.5, two=2, far=100000, near=-100000, list=[1, 2], reals=[1.5], word="same"))


def test_values_of_a_quantized_parameter() -> None:
    assert values_of(Parameter(CODES, np.array(0.5))).tolist() == (CODES / 2).tolist()
    made = values_of(Parameter(CODES[..., None], np.array([0.5, 2.0])))
    assert made.tolist() == (CODES * [[0.5], [2.0]])[..., None].tolist() and made.dtype == np.float32


def test_channels_move_last() -> None:
    """(out, channels, kernel...) becomes (out, kernel..., channels)."""
    codes = np.arange(24).reshape(2, 3, 4)
    for weights in (Int(codes, 2), Adder(codes, 2)):
        made = weights.with_moved(0, -1)
        assert type(made) is type(weights) and made.shape == (2, 4, 3)
        assert made.codes[1, 3, 2] == codes[1, 2, 3]  # type: ignore[attr-defined]
        assert made.frac(Fixed(4, 2, signed=True)) == weights.frac(Fixed(4, 2, signed=True))
    sign, exponent = np.ones((1, 2, 3, 4), np.int8), np.arange(24).reshape(1, 2, 3, 4).astype(np.int8)
    turned = Shift(ShiftWeights(sign, exponent)).with_moved(0, -1)
    assert isinstance(turned, Shift)
    assert turned.weights.sign.shape == (1, 2, 4, 3) and turned.weights.exponent[0, 1, 3, 2] == exponent[0, 1, 2, 3]


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [
        (-128, 127, np.int8),
        (-129, 0, np.int16),
        (0, 128, np.int16),
        (-(2**15), 2**15 - 1, np.int16),
        (0, 2**15, np.int32),
        (-(2**31), 2**31 - 1, np.int32),
        (0, 2**31, np.int64),
    ],
)
def test_the_narrowest_type_of_codes(low: int, high: int, kind: type) -> None:
    made = narrowest(np.array([low, high]))
    assert made.dtype == kind and made.tolist() == [low, high]
