"""Which layers become logic, and with which weights in which order."""

from __future__ import annotations

import numpy as np
import pytest

from one_layer import of_one
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Op
from shiftwire.ir.pipeline import Instance
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.dense import Dense
from shiftwire.ops.relu import Relu
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.coded import Coded
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift
from shiftwire.rtl.unrolled.result import Form
from shiftwire.schedule import unroll
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.unroll import unrolled

U4 = Fixed(4, 2, signed=False)
ROWS = np.array([[1, -2, 4], [0, 8, -1]])


def instance(op: Op, fold: Fold, x: Fixed = U4) -> Instance:
    """Of a layer y on three inputs."""
    return next(each for each in pipeline(of_one(op, (3,), x), {"y": fold}).instances if each.layer == "y")


def dense(weights: Coded | Shift, bias: tuple[int, ...] = (5, -7), frac: int = 2) -> Dense:
    return Dense(weights, Bias(np.array(bias), frac))


class Made:
    """Stands for what makes the text, and keeps what it was asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.asked: list[tuple[str, Codes, Fixed, Codes, Fixed, Form]] = []
        self.make = getattr(unroll, name)
        monkeypatch.setattr(unroll, name, self)

    def __call__(self, name: str, rows: Codes, x: Fixed, bias: Codes, y: Fixed, *, form: Form) -> object:
        self.asked.append((name, rows, x, bias, y, form))
        return self.make(name, rows, x, bias, y, form=form)


def test_an_adder_layer_as_logic(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Made(monkeypatch, "adder_layer")
    layer = instance(dense(Adder(ROWS, 2)), Fold(2, 3))
    module = unrolled(layer, "net")
    assert module is not None
    assert [(each[0], each[-1]) for each in made.asked] == [
        ("net_y_layer_generic", Form.GENERIC),
        ("net_y_layer_series7", Form.XILINX),
    ]
    for _, rows, x, bias, y, _ in made.asked:
        assert (rows.tolist(), bias.tolist()) == (ROWS.tolist(), [5, -7])
        assert (x, y) == (U4, layer.unit.format)
    assert module.name == "net_y_layer" and module.has_forms and module.set_up == {}
    assert (module.nest.iterations, module.nest.writes.last.tolist()) == (1, [0])
    assert set(module.sources) == {"net_y_layer", "net_y_layer_generic", "net_y_layer_series7"}
    text = module.sources["net_y_layer"]
    assert "module net_y_layer " in text
    for width in (3 * U4.bits, 2 * layer.unit.format.bits):
        assert f"[{width}-1:0]" in text
    assert module.stages > 0 and f"is_live[{module.stages}:1] <= rst" in text


def test_sums_are_on_the_grid_of_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bias finer than the products: the weights move, the bias stays; filters of unequal k stand sorted by it."""
    made = Made(monkeypatch, "linear_layer")
    sign = np.ones((2, 2, 3), np.int8)
    sign[1, 1] = 0  # the second filter has one term
    weights = Shift(ShiftWeights(sign, np.zeros((2, 2, 3), np.int8)))
    module = unrolled(instance(dense(weights, frac=4), Fold(2, 3)), "net")
    assert module is not None and len(made.asked) == 2
    for _, rows, _, bias, y, _ in made.asked:
        assert rows.tolist() == [[4, 4, 4], [8, 8, 8]] and bias.tolist() == [-7, 5]
        assert y.frac == 4


@pytest.mark.parametrize(
    ("op", "fold"),
    [
        (dense(Int(ROWS, 0)), Fold(1, 3)),
        (dense(Int(ROWS, 0)), Fold(2, 1)),
        (dense(Adder(ROWS, 2), frac=3), Fold(2, 3)),
        (Relu(), Fold(3, 1)),
    ],
    ids=["filters in turn", "inputs in turn", "distances that are moved", "no weights"],
)
def test_other_layers_stay_as_they_are(op: Op, fold: Fold) -> None:
    assert unrolled(instance(op, fold), "net") is None


def test_a_layer_may_be_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = instance(dense(Adder(ROWS, 2)), Fold(2, 3))
    monkeypatch.setattr(unroll, "MOST_WEIGHTS", 6)
    assert unrolled(layer, "net") is not None
    monkeypatch.setattr(unroll, "MOST_WEIGHTS", 5)
    assert unrolled(layer, "net") is None
