"""What the readers stand on: parameters, what is pending on a tensor, staircases, names and attributes, by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from onnx import helper
from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.onnx.context.names import sanitised
from shiftwire.onnx.context.parameter import IntegerWeights, Parameter, signed_digits, weights_of
from shiftwire.onnx.context.pending import RELU, Cut, Linear, Pending, common_scale, normalised
from shiftwire.onnx.context.staircase import MAX_STEPS, threshold
from shiftwire.onnx.context.view import MAX_CODE, View
from shiftwire.onnx.context.waiting import values_of
from shiftwire.onnx.context.weights import channels_last_weights, narrowest
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift

CODES = np.array([[1, -2, 3], [0, 5, -7]])
Row = list[float]


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


@pytest.mark.parametrize(
    ("scale", "factor", "codes", "found", "grid"),
    [
        (np.array(0.5), np.array(1.0), CODES, np.array(1.0), 1),
        (np.array(0.75), np.array(2.0), CODES, np.array(1.5), 0),
        (np.array([0.5, 0.125]), np.array(1.0), CODES * [[4], [1]], np.array(1.0), 3),
        (np.array([0.75, 3.0]), np.array(1.0), CODES * [[1], [4]], np.array(1.5), 1),
        (np.array([0.5, 0.75]), np.array(1.0), CODES, np.array([1.0, 1.5]), 1),
        (np.array(0.5), np.array([1.0, 4.0, 0.5]), CODES * [[2, 8, 1]], np.array(1.0), 2),
        (np.array([0.5, 0.75]), np.array([3.0, 6.0, 3.0]), CODES * [[1, 2, 1]], np.array([1.5, 2.25]), 0),
        (np.array([1.0, 2.0**15]), np.array(1.0), CODES * [[1], [2**15]], np.array(1.0), 0),
        (np.array([1.0, 2.0**16]), np.array(1.0), CODES, np.array([1.0, 2.0**16]), 0),
    ],
)
def test_a_weight_by_channel(
    scale: np.ndarray, factor: np.ndarray, codes: np.ndarray, found: np.ndarray, grid: int
) -> None:
    """codes * scale * factor, exact, in units of 2**-grid times the scale that is left."""
    made = Parameter(CODES, scale).by_channel(factor)
    assert np.array_equal(made[0], codes) and np.array_equal(made[1], found) and made[2] == grid
    rows = np.broadcast_to(scale, 2)[:, None] * factor
    assert np.array_equal(made[0] * np.broadcast_to(made[1], 2)[:, None] * 2.0 ** -made[2], CODES * rows)


def test_filters_by_channel() -> None:
    codes = np.arange(24).reshape(2, 3, 2, 2)
    made, scale, grid = Parameter(codes, np.array([1.0, 0.5])).by_channel(np.array([1.0, 2.0, 8.0]))
    factors = np.array([2, 1]).reshape(2, 1, 1, 1) * np.array([1, 2, 8]).reshape(1, 3, 1, 1)
    assert made.tolist() == (codes * factors).tolist() and (float(scale), grid) == (1.0, 1)


@pytest.mark.parametrize("factor", [[1.0, 3.0, 1.0], [1.0, 2.0**16, 1.0]])
def test_inputs_whose_scales_no_code_can_take_in(factor: Row) -> None:
    with pytest.raises(InputError, match=r"another scale in each channel, and they differ by more than powers of two"):
        Parameter(CODES, np.array(1.0)).by_channel(np.array(factor))
    Parameter(CODES, np.array(1.0)).by_channel(np.array([1.0, 2.0**15, 1.0]))


@pytest.mark.parametrize("grid", [0, 3, -2])
def test_signed_digits_sum_to_the_codes(grid: int) -> None:
    """The non-adjacent form has no two digits side by side, and the highest comes first."""
    codes = np.arange(-40, 41).reshape(3, 27)
    made = signed_digits(codes, grid)
    values = made.sign * 2.0 ** made.exponent.astype(float)
    assert np.array_equal(values.sum(0), codes * 2.0**-grid)
    assert made.terms == 3 and made.sign.dtype == made.exponent.dtype == np.int8
    for at in np.ndindex(codes.shape):
        signs, places = made.sign[:, *at].tolist(), made.exponent[:, *at].tolist()
        used = [place for sign, place in zip(signs, places, strict=True) if sign]
        assert all(a - b >= 2 for a, b in pairwise(used))
        assert signs[len(used) :] == [0] * (3 - len(used)) == places[len(used) :]
    nothing = signed_digits(np.zeros((2, 3), int), grid)
    assert nothing.sign.tolist() == nothing.exponent.tolist() == [[[0] * 3] * 2]
    assert signed_digits(np.array([[1, 0], [0, 4]]), 0).terms == 1


@pytest.mark.parametrize(
    ("codes", "choice", "kind"),
    [
        ([[1, -2, 0, 8]], IntegerWeights.TERMS, Shift),
        ([[1, -2, 0, 8]], IntegerWeights.MULTIPLY, Shift),
        ([[1, -3, 0, 8]], IntegerWeights.TERMS, Shift),
        ([[1, -3, 0, 8]], IntegerWeights.MULTIPLY, Int),
    ],
)
def test_multipliers_only_where_asked_for(codes: list[list[int]], choice: IntegerWeights, kind: type) -> None:
    made = weights_of(np.array(codes), 2, choice)
    assert isinstance(made, kind)
    if isinstance(made, Int):
        assert (made.codes.tolist(), made.frac(Fixed(4, 0, signed=True))) == (codes, 2)
    for grid in (1000000, -1000000):
        with pytest.raises(InputError, match=r"its weights are multiples of 2\^.*, finer than any tensor is; rescale"):
            weights_of(np.array(codes), grid, choice)


def test_steps_that_wait() -> None:
    x = floats(1, -2, 3, 4).reshape(2, 2)
    linear, quotient = Linear(floats(2, -1), floats(0.5, 1)), Linear(floats(2, -4), floats(0, 1), divides=True)
    assert linear.apply(x).tolist() == [[2.5, -3.5], [-2, -3]]
    assert quotient.apply(x).tolist() == [[0.5, -1], [0.25, 0]]
    assert linear.slope().tolist() == [2, -1] and quotient.slope().tolist() == [0.5, -0.25]  # type: ignore[union-attr]
    assert quotient.slopes.dtype == np.float64
    turned = quotient.spread(np.array([1, 0, 1]))
    assert turned.apply(floats(4, 4, 8)).tolist() == [0, 2, -1]
    assert Cut(-1.0, 2.5).apply(x).tolist() == [[1, -1], [2.5, 2.5]] and Cut(-1.0, 2.5).slope() is None
    assert RELU.apply(x).tolist() == [[1, 0], [3, 4]] and RELU.spread(np.array([1])) is RELU


def test_what_is_pending_on_a_tensor() -> None:
    assert Pending.none().is_none and Pending(np.array([1.0, 1.0])).is_none
    assert not Pending(np.array([1.0, 2.0])).is_none and not Pending.none().then(RELU).is_none
    pending = Pending(np.array([1.5, 2.0])).then(Linear(floats(2, -1), floats(0.5, 1))).then(RELU)
    codes = np.array([[2, -3], [4, -1]])
    assert pending.values(codes, 1).tolist() == [[3.5, 0], [0, 2]]
    assert pending.values(codes, 1).dtype == np.float32
    assert pending.slope(2).tolist() == [3, -2]
    assert Pending(np.array(3.0)).slope(3).tolist() == [3, 3, 3]
    with pytest.raises(InputError, match="it ends in a float Relu or Clip behind a float scale or bias"):
        pending.line(2)
    straight = Pending(np.array(0.5), (Linear(floats(2, -1), floats(0.5, 1)), Linear(floats(4, 2), floats(1, 0), True)))
    scale, offset = straight.line(2)
    assert (scale.tolist(), offset.tolist()) == ([0.25, -0.25], [1.125, 0.5])
    spread = pending.spread(np.array([1, 1, 0]))
    assert spread.scale.tolist() == [2, 2, 1.5] and spread.slope(3).tolist() == [-2, -2, 3]
    assert spread.values(np.array([[2], [-2], [2]]), 0).tolist() == [[0], [5], [6.5]]
    assert straight.spread(np.array([1])).scale.tolist() == 0.5


@pytest.mark.parametrize(
    ("scale", "mantissa", "exponent"),
    [(0.75, 1.5, -1), (1.0, 1.0, 0), (6.0, 1.5, 2), ([3.0, 0.75], [6.0, 1.5], -1), ([1.25, 5.0], [1.25, 5.0], 0)],
)
def test_a_scale_as_mantissa_and_exponent(scale: Any, mantissa: Any, exponent: int) -> None:
    made = normalised(np.array(scale))
    assert (made[0].tolist(), made[1]) == (mantissa, exponent)


def test_one_scale_and_powers_of_two() -> None:
    made = common_scale(np.array([3.0, 0.75, 1.5]))
    assert made is not None
    assert made[0] == 0.75 and made[1].tolist() == [2, 0, 1] and made[1].dtype == np.int64
    assert common_scale(np.array([3.0, 1.0])) is None


@pytest.mark.parametrize(("low", "high"), [(-4, 3), (-1, 0), (0, 7), (2, 2)])
def test_staircases_are_their_thresholds(low: int, high: int) -> None:
    """Of floor((x * slope + offset) / 2) cut to low..high, rising in one channel and falling in the other."""
    x, slopes, offsets = Fixed(5, 2, signed=True), np.array([[1], [-1]]), np.array([[1], [-3]])
    steps = np.array([1, 4])

    def stairs(codes: np.ndarray) -> np.ndarray:
        return np.clip((codes * slopes + offsets) // 2, low, high)

    op = threshold(stairs, np.array([0, 1]), steps, x, 3)
    codes = np.arange(x.lo, x.hi + 1)
    for channel in range(2):
        found = [
            int(op.base[channel]) + int(op.step[channel]) * sum(int(code) >= int(t) for t in op.thresholds[channel])
            for code in codes
        ]
        wanted = [
            int(steps[channel])
            * min(max((int(code) * int(slopes[channel, 0]) + int(offsets[channel, 0])) // 2, low), high)
            for code in codes
        ]
        assert found == wanted
    assert (op.x_frac, op.frac) == (2, 3)
    assert op.thresholds.shape == (2, max(high - low, 1))
    assert (op.thresholds >= x.lo).all() and (op.thresholds <= x.hi + 1).all()


def test_a_staircase_has_no_more_steps_than_hardware_wants() -> None:
    x, one = Fixed(20, 0, signed=False), np.ones(1, np.int64)
    made = threshold(lambda codes: np.minimum(codes, MAX_STEPS), 0 * one, one, x, 0)
    assert made.thresholds[0].tolist() == list(range(1, MAX_STEPS + 1))
    with pytest.raises(InputError, match=r"of 4098 levels .* needs 4097 thresholds a channel, more than 4096"):
        threshold(lambda codes: np.minimum(codes, MAX_STEPS + 1), 0 * one, one, x, 0)


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
    held = {"c": np.array([[1, -5]], np.int8), "f": floats(1.5), "none": np.zeros((0, 3))}
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
        made = channels_last_weights(weights)
        assert type(made) is type(weights) and made.shape == (2, 4, 3)
        assert made.codes[1, 3, 2] == codes[1, 2, 3]  # type: ignore[attr-defined]
        assert made.frac(Fixed(4, 2, signed=True)) == weights.frac(Fixed(4, 2, signed=True))
    sign, exponent = np.ones((1, 2, 3, 4), np.int8), np.arange(24).reshape(1, 2, 3, 4).astype(np.int8)
    turned = channels_last_weights(Shift(ShiftWeights(sign, exponent)))
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
