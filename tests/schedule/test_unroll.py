"""Layers as logic: which may be, what the logic is made of, and the module around it."""

from __future__ import annotations

import numpy as np
import pytest

from one_layer import S8, of_one
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.module import Module
from shiftwire.ir.network import Op
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.relu import Relu
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire.rtl.unrolled.adder_layer import adder_layer
from shiftwire.rtl.unrolled.linear_layer import linear_layer
from shiftwire.rtl.unrolled.result import Form
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.unroll import unrolled

ROWS = np.array([[3, -2, 1], [0, 5, -1]])
FORMS = {"net_y_layer_generic": Form.GENERIC, "net_y_layer_series7": Form.XILINX}
POINT = Window((1, 1), (1, 1), (0, 0), (0, 0))


def of(op: Op, shape: tuple[int, ...], fold: Fold, x: Fixed = S8) -> Module | None:
    """The only layer y of a network, as logic of the network `net`."""
    *_, last = pipeline(of_one(op, shape, x), {"y": fold}).instances
    return unrolled(last, "net")


def logic(op: Op, shape: tuple[int, ...], fold: Fold, x: Fixed = S8) -> Module:
    module = of(op, shape, fold, x)
    assert module is not None
    return module


def test_linear_layers() -> None:
    """x in sixteenths, weights in quarters: sums in 64ths; biases 3 / 2 and -1 are 96 and -64 of them."""
    module = logic(Dense(Int(ROWS, 2), Bias(np.array([3, -2]), 1)), (3,), Fold(2, 3))
    # -128 * (3 + 1) - 127 * 2 + 96 and the like
    y = Fixed.covering(-128 * 6 - 64, 128 * 6 + 96, 6)
    bias = np.array([96, -64])
    layers = {name: linear_layer(name, ROWS, S8, bias, y, form=form) for name, form in FORMS.items()}
    assert module.name == "net_y_layer"
    assert {name: module.sources[name] for name in layers} == {name: layer.text for name, layer in layers.items()}
    assert list(module.sources) == ["net_y_layer", *FORMS]
    assert module.stages == layers["net_y_layer_generic"].latency > 0
    assert module.has_forms and module.parameters == {} and module.nest.iterations == 1


def test_a_finer_bias_moves_the_weights() -> None:
    """On the bias's grid, a quarter of that of the sums, every weight is 4 times as large."""
    module = logic(Dense(Int(ROWS, 0), Bias(np.array([1, 7]), 6)), (3,), Fold(2, 3))
    y = Fixed.covering(-128 * 4 * 6 + 1, 128 * 4 * 6 + 7, 6)
    layer = linear_layer("net_y_layer_generic", 4 * ROWS, S8, np.array([1, 7]), y, form=Form.GENERIC)
    assert module.sources["net_y_layer_generic"] == layer.text


def test_filters_in_the_order_of_their_terms() -> None:
    """Two terms a filter come behind one; the unit that restores their order stands behind."""
    sign = np.array([[[1, 1], [1, -1]], [[1, 0], [0, 0]]], np.int8)
    weights = Shift(ShiftWeights(sign, np.array([[[0, 1], [2, 0]], [[2, 0], [0, 0]]], np.int8)))
    first, second = [4, -1], [5, 2]  # one term each, then two
    units = pipeline(of_one(Dense(weights, Bias(np.array([10, 20]), 4)), (2,)), {"y": Fold(2, 2)})
    module = unrolled(units.instances[0], "net")
    assert module is not None and len(units.instances) == 2
    rows, bias = np.array([first, second]), np.array([20, 10])
    y = units.fifos["y"].format
    name = f"net_{units.instances[0].name}_layer"
    layer = linear_layer(f"{name}_generic", rows, S8, bias, y, form=Form.GENERIC)
    assert module.sources[f"{name}_generic"] == layer.text


def test_adder_layers() -> None:
    codes = np.array([[3, -20, 100], [0, 5, -128]])
    module = logic(Dense(Adder(codes, 4), Bias(np.array([7, -9]), 4)), (3,), Fold(2, 3))
    y = Fixed.covering(-(131 + 147 + 228) - 9, 7, 4)
    layers = {name: adder_layer(name, codes, S8, np.array([7, -9]), y, form=form) for name, form in FORMS.items()}
    assert {name: module.sources[name] for name in layers} == {name: layer.text for name, layer in layers.items()}
    assert module.stages == layers["net_y_layer_generic"].latency > 0


def test_the_module_around_the_logic() -> None:
    module = logic(Dense(Int(ROWS, 2), Bias.none(2)), (3,), Fold(2, 3))
    text, latency = module.sources["net_y_layer"], module.stages
    bits = Fixed.covering(-128 * 6, 128 * 6, 6).bits
    for part in (
        f"// Layer 'y' with all its weights as logic: a beat in, a beat out {latency} cycles later.\n",
        "\nmodule net_y_layer #(\n",
        "input logic [24-1:0] s_data",
        f"output logic [{2 * bits}-1:0] m_data",
        f"logic [{latency}:0] is_live;",
        f"\n    always_ff @(posedge clk) is_live[{latency}:1] <= rst ? '0 : is_live[{latency - 1}:0];\n",
        "net_y_layer_generic layer (",
        "net_y_layer_series7 layer (",
        f".WIDTH({2 * bits})",
        ".AHEAD(1)",
        f".push(is_live[{latency}])",
    ):
        assert part in text


def test_wires_take_no_cycle() -> None:
    module = logic(Dense(Int(np.array([[4, 0]]), 0), Bias.none(1)), (2,), Fold(1, 2))
    text = module.sources["net_y_layer"]
    assert module.stages == 0
    assert "    assign is_live[0] = s_valid & room;\n    generate\n" in text
    assert "always_ff" not in text and ".AHEAD(0)" in text and "logic [0:0] is_live;" in text


def test_one_adder_takes_one_cycle() -> None:
    module = logic(Dense(Int(np.array([[1, 1]]), 0), Bias.none(1)), (2,), Fold(1, 2))
    text = module.sources["net_y_layer"]
    assert module.stages == 1
    assert "is_live[1:1] <= rst ? '0 : is_live[0:0];" in text and ".AHEAD(1)" in text


def test_a_position_a_cycle() -> None:
    weights = Int(ROWS[:, None, None], 0)
    module = logic(Conv(weights, Bias.none(2), POINT), (4, 5, 3), Fold(2, 3))
    assert module.nest.iterations == 20
    assert module.nest.writes.last.tolist() == list(range(20))


@pytest.mark.parametrize("fold", [Fold(1, 3), Fold(2, 1), Fold(1, 1)])
def test_weights_that_do_not_meet_at_once(fold: Fold) -> None:
    assert of(Dense(Int(ROWS, 0), Bias.none(2)), (3,), fold) is None


def test_as_many_neuron_as_synapse_folds_are_not_one() -> None:
    assert of(Dense(Int(np.array([[1, 2], [3, 4]]), 0), Bias.none(2)), (2,), Fold(1, 1)) is None


def test_groups_take_turns() -> None:
    weights = Int(np.arange(1, 9).reshape(4, 1, 1, 2), 0)
    assert of(Conv(weights, Bias.none(4), POINT, 2), (2, 2, 4), Fold(2, 2)) is None


def test_other_units_stay() -> None:
    assert of(Relu(), (3,), Fold(3)) is None


def test_distances_on_a_coarser_grid_than_their_bias_stay() -> None:
    codes = np.array([[3, -20], [0, 5]])
    assert of(Dense(Adder(codes, 4), Bias(np.array([1, 3]), 5)), (2,), Fold(2, 2)) is None
    assert of(Dense(Adder(codes, 4), Bias(np.array([2, 4]), 5)), (2,), Fold(2, 2)) is not None


def test_large_layers_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    op = Dense(Adder(np.zeros((3, 4), np.int64), 4), Bias.none(3))
    monkeypatch.setattr("shiftwire.schedule.unroll.MOST_WEIGHTS", 12)
    assert of(op, (4,), Fold(3, 4)) is not None
    monkeypatch.setattr("shiftwire.schedule.unroll.MOST_WEIGHTS", 11)
    assert of(op, (4,), Fold(3, 4)) is None
