"""Layers with weights: which trial wins, what its cost says, and that means come out; against plain sums."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from float_nets import FloatNet
from quantized import quantized
from shiftwire.ir.host import HostInput
from shiftwire.numbers.fixed import Fixed, Values
from shiftwire.onnx.importer import opened
from shiftwire.ops.affine import Affine
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.weights.adder import Adder
from shiftwire.project.scores import relative_error
from shiftwire.quantize.methods.adders import emit_adder
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.network_draft import NetworkDraft
from shiftwire.quantize.options import Options
from shiftwire.quantize.quantizer import Quantized
from shiftwire.quantize.report import centred_error
from shiftwire.quantize.scaling import finest_step
from shiftwire.quantize.weighted import FloatLayer, emit_shift, ideal_sums

COUNT = 40
X = Fixed(8, 5, signed=True)


def draft(right: Values, codes: Values, **options: Any) -> NetworkDraft:
    """One whose input holds `codes` and whose layer `y` should give `right`, both (N, features)."""
    net = FloatNet((codes.shape[1],)).dense("y", right.shape[1], codes.shape[1])
    model = net.model()
    made = NetworkDraft(opened(model), list(model.graph.node), {"y": right.astype(np.float64)}, Options(**options))
    made.graph.enter("x", "x", X, HostInput())
    made.codes["x"] = codes
    return made


def drawn(outputs: int = 3, inputs: int = 4, seed: int = 0) -> tuple[Values, Values]:
    """Codes of the input, weights off every grid."""
    rng = np.random.default_rng(seed)
    return rng.integers(-128, 128, (COUNT, inputs)), rng.normal(0, 0.7, (outputs, inputs))


def layer(weights: Values, scale: Values | None = None) -> FloatLayer:
    return FloatLayer("y", "x", weights, np.ones(len(weights)) if scale is None else scale, Dense, is_last=True)


def outputs(made: NetworkDraft) -> Values:
    return made.at(made.graph.known["y"]).values


def test_ideal_sums_are_those_of_the_float_weights() -> None:
    """For the first eight samples, to 24 bits of the largest weight."""
    codes, weights = drawn()
    found = ideal_sums(draft(np.zeros((COUNT, 3)), codes), layer(weights))
    assert found.shape == (8, 3)
    assert found == pytest.approx(codes[:8] / 32 @ weights.T, rel=1e-5, abs=1e-5)
    tiny = ideal_sums(draft(np.zeros((COUNT, 3)), codes), layer(weights * 2.0**-40))
    assert tiny == pytest.approx(codes[:8] / 32 @ weights.T * 2.0**-40, rel=1e-4, abs=2.0**-57)


@pytest.mark.parametrize("offset", [0.0, 3.7, -100.0])
def test_a_bias_makes_means_right(offset: float) -> None:
    codes, weights = drawn()
    weights = np.exp2(np.round(weights * 2)) * np.sign(weights) * (1 + weights / 99)  # near powers of two
    right = codes / 32 @ weights.T + offset
    made = draft(right, codes, terms=1)
    emit_shift(made, layer(weights))
    actual = outputs(made)
    grid = made.format("y").frac
    assert np.abs((actual - right).mean(axis=0)).max() <= 2.0 ** -(grid + 1)
    (cost,) = made.costs
    assert (cost.name, cost.kind, cost.format, cost.how) == ("y", "ShiftDense", str(made.format("y")), "folded")
    assert cost.error == pytest.approx(relative_error(actual, right))
    assert cost.own_error == pytest.approx(centred_error(actual[:8], codes[:8] / 32 @ weights.T), rel=1e-3)
    op = made.graph.nodes[0].op
    assert isinstance(op, Dense)
    terms = op.weights.weights.terms_per_filter  # type: ignore[attr-defined]
    assert (cost.terms_mean, cost.terms_max) == (terms.mean(), terms.max())
    lost = op.weights.rows * 2.0 ** (X.frac - op.weights.frac(X)) - weights
    assert cost.weight_error == pytest.approx(np.linalg.norm(lost) / np.linalg.norm(weights))


@pytest.mark.parametrize("is_last", [False, True])
def test_sums_that_no_output_sees_are_cut_though_folded(is_last: bool) -> None:
    """A layer of almost nothing is a bias, on the grid of what is kept of it."""
    codes, weights = drawn()
    right = codes / 32 @ weights.T * 2.0**-50 + [1.5, -2.0, 3.25]
    made = draft(right, codes, act_bits=9)
    emit_shift(made, FloatLayer("y", "x", weights * 2.0**-50, np.ones(3), Dense, is_last))
    _, cut, scale = (node.op for node in made.graph.nodes)
    assert isinstance(cut, Requantize) and isinstance(scale, Affine)
    assert cut.to == Fixed(1, finest_step(right, Options(act_bits=9), is_last), signed=False)
    assert np.array_equal(outputs(made), np.tile([1.5, -2.0, 3.25], (COUNT, 1)))
    assert made.costs[0].how == "folded"


def test_the_codes_are_those_of_the_op() -> None:
    """What is known of the samples without evaluating again."""
    codes, weights = drawn(seed=2)
    for scale, method in ((None, Method.LINEAR), (np.array([0.6, -1.1, 2.3]), Method.LIGHTNN), (None, Method.APOT)):
        column = 1 if scale is None else scale
        made = draft(codes / 32 @ weights.T * column + 0.3, codes, method=method)
        emit_shift(made, layer(weights, scale))
        x = codes
        for node in made.graph.nodes:
            (source,) = node.inputs
            x = node.op.evaluate([made.graph.tensors[source]], x)
            assert np.array_equal(x, made.codes[node.name])
        assert made.graph.nodes[-1].name == made.graph.known["y"] == "y"


def test_a_scale_behind_must_pay() -> None:
    """One whose error is not clearly below the folded layer's is not worth an Affine."""
    codes, _ = drawn(seed=4)
    grid = np.array([[0.75, -0.5, 1.25, 2.0], [0.5, 0.25, -1.0, 1.5], [1.0, 0.0, 0.5, -0.25]])
    for scale, is_kept in ((np.array([0.5, 2.0, 0.25]), False), (np.array([0.61, 1.37, 0.83]), True)):
        made = draft(codes / 32 @ grid.T * scale, codes, terms=2)
        emit_shift(made, layer(grid, scale))
        assert any(isinstance(node.op, Affine) for node in made.graph.nodes) == is_kept
        assert made.costs[0].how == ("exact, scaled" if is_kept else "folded")


@pytest.mark.parametrize("is_measured", [False, True])
def test_a_budget_may_be_on_outputs(is_measured: bool) -> None:
    """A weight on an input that never moves costs a filter nothing, and so no term."""
    codes, weights = drawn(seed=5)
    codes[:, 0] = 7
    weights[:] = [[0.7317, 1.0, 0.5, 0.25]] * 3
    made = draft(codes / 32 @ weights.T, codes, error_budget=0.01, budget_on_outputs=is_measured, terms=5)
    emit_shift(made, layer(weights + 1e-9))
    op = made.graph.nodes[0].op
    assert isinstance(op, Dense)
    assert op.weights.weights.terms_per_filter.tolist() == ([1] * 3 if is_measured else [3] * 3)  # type: ignore[attr-defined]


def test_templates_lie_on_the_inputs_grid() -> None:
    codes, weights = drawn(seed=6)
    right = -np.abs(codes[:, None] / 32 - weights).sum(axis=2)
    made = draft(right, codes)
    emit_adder(made, layer(weights))
    op = made.graph.nodes[0].op
    assert isinstance(op, Dense) and isinstance(op.weights, Adder)
    assert op.weights.grid == 5 and np.array_equal(op.weights.codes, np.rint(weights * 32))
    assert not op.bias.codes.any()
    assert outputs(made) == pytest.approx(-np.abs(codes[:, None] - np.rint(weights * 32)).sum(axis=2) / 32)
    (cost,) = made.costs
    assert (cost.name, cost.kind, cost.format) == ("y", "AdderDense", str(made.format("y")))
    assert cost.error == pytest.approx(centred_error(outputs(made), right))
    assert cost.own_error == pytest.approx(centred_error(outputs(made)[:8], right[:8]), abs=2e-3)
    lost = np.rint(weights * 32) / 32 - weights
    assert cost.weight_error == pytest.approx(np.linalg.norm(lost) / np.linalg.norm(weights))


def adder_net(is_normed: bool) -> FloatNet:
    net = FloatNet((2, 5, 5), seed=1).conv("c", 3, 2).node("Relu", "r").adder("d", 3, 3)
    return (net.norm("n", 3) if is_normed else net).node("Flatten", "f", axis=1)


@pytest.mark.parametrize("is_normed", [False, True])
def test_distances_are_centred_where_a_batch_norm_follows(is_normed: bool, tmp_path: Path) -> None:
    """The norm takes any mean away, so that a bias at once makes the sums narrow."""
    net = adder_net(is_normed)
    made: Quantized = quantized(net.save(tmp_path), net.samples(COUNT), samples=COUNT)
    (op,) = [node.op for node in made.network.nodes if node.name == "d"]
    assert isinstance(op, Conv)
    values = net.samples(64)
    layers = made.network.evaluate_layers(made.network.host_input.encode(values, made.network.input.format))
    means = made.network.tensors["d"].format.decode(layers["d"]).mean(axis=(0, 1, 2))
    assert op.bias.codes.any() == is_normed
    if is_normed:
        assert np.abs(means).max() < 2
    else:
        assert means.max() < -5
    (cost,) = [layer for layer in made.report.layers if layer.name == "d"]
    assert cost.kind == "AdderConv" and cost.error is not None and cost.error < 0.1


def test_a_layer_of_zeros_has_no_error() -> None:
    codes, _ = drawn()
    made = draft(np.full((COUNT, 3), 1.5), codes)
    emit_shift(made, layer(np.zeros((3, 4))))
    assert np.array_equal(outputs(made), np.full((COUNT, 3), 1.5)) or np.abs(outputs(made) - 1.5).max() <= 0.5
    (cost,) = made.costs
    assert (cost.weight_error, cost.terms_max) == (0.0, 0)
