"""Inputs that must be constants are called by their names, and float operations wait in float32."""

from __future__ import annotations

import numpy as np
import pytest

from onnx_lines import IMAGE, ROW, WC, WQ, Constants, D, Q, X, declared
from shiftwire.errors import InputError
from shiftwire.onnx.context.parameter import IntegerWeights
from shiftwire.onnx.context.pending import Linear
from shiftwire.onnx.importer import _walked, network_from_model

TERMS: Constants = {"g": np.ones((1, 2, 4), np.int8), "e": np.zeros((1, 2, 4), np.int8), "k": [0, 0]}
SHIFT = "shiftwire.ShiftDense<exponent_min=0, exponent_max=0, bias_frac=0>"
STAIRS = "shiftwire.Threshold<threshold_frac=0, frac=0>"
ROWS: Constants = {"t": [[1]] * 4, "o": [0] * 4, "p": [1] * 4}
COMPUTED = [
    (f"{D}Quant(a, a, z, b)", "scale"),
    (f"{D}Quant(a, s, a, b)", "zeropt"),
    (f"{D}Quant(a, s, z, a)", "bitwidth"),
    (f"{D}BipolarQuant(a, a)", "scale"),
    (f"{D}Trunc(a, a, z, b, b)", "scale"),
    (f"{D}Trunc(a, s, a, b, b)", "zeropt"),
    (f"{D}Trunc(a, s, z, a, b)", "input_bit_width"),
    (f"{D}Trunc(a, s, z, b, a)", "output_bit_width"),
    (f"{D}Trunc(a, s, z, b, a, b)", "output_scale"),
    (f"{D}Trunc(a, s, z, b, s, a)", "output_bit_width"),
    (f"{SHIFT}(a, a, e, k)", "sign"),
    (f"{SHIFT}(a, g, a, k)", "exponent"),
    (f"{SHIFT}(a, g, e, a)", "bias"),
    ("shiftwire.IntDense<weight_frac=0, bias_frac=0>(a, a, k)", "weight"),
    ("shiftwire.AdderDense<weight_frac=0>(a, a)", "weight"),
    (f"{STAIRS}(a, a, o, p)", "thresholds"),
    (f"{STAIRS}(a, t, a, p)", "base"),
    (f"{STAIRS}(a, t, o, a)", "step"),
    ("Pad(a, a)", "pads"),
    ("Clip(a, a, s)", "min"),
    ("Clip(a, s, a)", "max"),
    ("BatchNormalization(a, a, s, s, s)", "statistic"),
    ("Reshape(a, a)", "shape"),
]


@pytest.mark.parametrize(("node", "name"), COMPUTED)
def test_an_input_that_must_be_constant_is_named(node: str, name: str) -> None:
    model = declared(ROW, None, Q | TERMS | ROWS, f"{X}y = {node}")
    with pytest.raises(InputError, match=f"its input '{name}' is computed in the graph; make it an initialiser"):
        network_from_model(model)


ROW_OF_FOUR: Constants = {"c": [1.5, 0.7, 2.0, 0.25]}
NORM: Constants = {"g": [1.0, 2.0], "o": [0.5, 0.0], "m": [0.0, 1.0], "v": [1.0, 2.0]}
WAITING: dict[str, tuple[list[object], Constants, str, list[float], list[float]]] = {
    "add": (ROW, ROW_OF_FOUR, "y = Add(a, c)", [1, 1, 1, 1], [1.5, 0.7, 2, 0.25]),
    "mul": (ROW, {"c": [1.5, -0.7, 2.0, 0.25]}, "y = Mul(a, c)", [1.5, -0.7, 2, 0.25], [0, 0, 0, 0]),
    "div": (ROW, ROW_OF_FOUR, "y = Div(a, c)", [1.5, 0.7, 2, 0.25], [0, 0, 0, 0]),
    "norm": (IMAGE, NORM, "y = BatchNormalization<epsilon=2.0>(a, g, o, m, v)", [3**-0.5, 1], [0.5, -1]),
    "bias": (
        ROW,
        WC | {"w": (3, 4), "c": [2.0**-30, 0.3, 1.0]},
        WQ + "y = Gemm<transB=1>(a, v, c)",
        [1, 1, 1],
        [2.0**-30, 0.3, 1],
    ),
}


@pytest.mark.parametrize("name", WAITING)
def test_float_operations_wait_in_float32(name: str) -> None:
    """One factor and one offset a channel, of the runtime's own type."""
    shape, constants, lines, factor, offset = WAITING[name]
    graph = _walked(declared(shape, None, Q | constants, X + lines), IntegerWeights.TERMS, None)
    (step,) = graph.pending["y"].steps
    assert isinstance(step, Linear) and step.divides == (name == "div")
    assert step.factor.dtype == step.offset.dtype == np.float32
    assert step.factor.tolist() == pytest.approx(factor) and step.offset.tolist() == pytest.approx(offset)
