"""Quantizer operations: one table, the file's own run as the judge, and the same codes through every door."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import onnx
from float_nets import FloatNet
from onnx import helper, numpy_helper
from qonnx_nets import DOMAIN, Net, po2_mlp
from shiftwire.errors import InputError
from shiftwire.onnx.file import write_model
from shiftwire.onnx.importer import import_onnx, network_from_model
from shiftwire.onnx.layers import READERS
from shiftwire.onnx.pipeline import canonical
from shiftwire.onnx.runnable import OLDEST, runnable
from shiftwire.onnx.runtime import run_onnx
from shiftwire.quantize import drafts
from shiftwire.quantize.floats.float_run import Samples
from shiftwire.quantize.options import Options
from shiftwire.quantize.quantizer import Quantized, quantize_model
from shiftwire_hls.quantizers import QONNX_DOMAINS, QUANTIZERS

NEAR_ZERO = np.array([-0.001, 0.001, -1e-30, 0.0, -3.0, 3.0], np.float32)
SIGNS = np.where(NEAR_ZERO >= 0, 1.0, -1.0)


def quantized(net: Net, folder: Path, values: np.ndarray) -> Quantized:
    path = folder / "given.onnx"
    onnx.save_model(net.model(), str(path))
    return quantize_model(path, Samples(values), Options(), lambda *_: None)


def written(made: Quantized, folder: Path, values: np.ndarray) -> np.ndarray:
    """Values of the exact file as convert reads it, equal to what a runtime makes of it, but for rounded scales."""
    path = folder / "exact.onnx"
    write_model(made.model, path)
    network = import_onnx(path)
    codes = network.evaluate(network.host_input.encode(values, network.input.format))
    found, ran = network.host_output.decode(codes, network.output.format), run_onnx(path, values)
    assert np.array_equal(network.host_output.nearest(ran, network.output.format), codes)
    assert network.host_output.is_scaled or np.array_equal(ran, found)
    return found


def converted(net: Net, values: np.ndarray) -> np.ndarray:
    network = network_from_model(net.model())
    codes = network.host_input.encode(values, network.input.format)
    return network.host_output.decode(network.evaluate(codes), network.output.format)


def weights(net: Net, outputs: int) -> np.ndarray:
    return net.rng.integers(-4, 5, (outputs, 6)) / 4


def leading(first: Callable[[Net], str], is_float: bool) -> tuple[Net, np.ndarray]:
    """The quantizer, then a layer of whole quarters, float or quantized; the net and its weight."""
    net = Net(6, seed=21)
    first(net)
    weight, last = weights(net, 5), net.last
    name = net.constant(weight) if is_float else net.quant(0.25, 5, net.constant(weight))
    net.last = last
    net.gemm(name)
    return net, weight


def samples(count: int = 48) -> np.ndarray:
    drawn = np.random.default_rng(5).normal(0, 1, (count, 6))
    for at in range(6):
        drawn[at] = np.roll(NEAR_ZERO, at)
    return drawn.astype(np.float32)


LEADING: dict[str, tuple[Callable[[Net], str], Callable[[np.ndarray], np.ndarray]]] = {
    "bipolar": (lambda net: net.bipolar(1.0), lambda x: np.where(x >= 0, 1.0, -1.0)),
    "bipolar of a quarter": (lambda net: net.bipolar(0.25), lambda x: np.where(x >= 0, 0.25, -0.25)),
    "one signed bit": (lambda net: net.quant(0.5, 1), lambda x: np.where(x >= 0, 0.5, -0.5)),
    "sign": (lambda net: net.add("Sign", None), np.sign),
    "narrow": (lambda net: net.quant(0.25, 4, narrow=1), lambda x: np.clip(np.round(x * 4), -7, 7) / 4),
    "ceil": (lambda net: net.quant(0.25, 4, mode="CEIL"), lambda x: np.ceil(np.clip(x * 4, -8, 7)) / 4),
    "with an offset": (
        lambda net: net.quant(0.25, 4, signed=0, zero=5),
        lambda x: (np.round(np.clip(x * 4 + 5, 0, 15)) - 5) / 4,
    ),
}


@pytest.mark.parametrize("name", LEADING)
def test_a_leading_quantizer_keeps_its_codes_through_convert(name: str, count: Any) -> None:
    first, meaning = LEADING[name]
    net, weight = leading(first, is_float=False)
    values = samples()
    expected = meaning(values.astype(np.float64)) @ weight.T
    assert np.array_equal(converted(net, values), expected)
    assert np.array_equal(run_onnx(net.model(), values), expected)
    count(hand_computed=expected.size)


@pytest.mark.parametrize("is_float", [True, False], ids=["float layer", "quantized layer"])
@pytest.mark.parametrize("name", LEADING)
def test_a_leading_quantizer_keeps_its_codes_through_quantize(
    name: str, is_float: bool, tmp_path: Path, count: Any
) -> None:
    first, meaning = LEADING[name]
    net, weight = leading(first, is_float)
    values = samples()
    expected = meaning(values.astype(np.float64)) @ weight.T
    made = quantized(net, tmp_path, values)
    assert np.array_equal(written(made, tmp_path, values), expected)
    assert made.report.answers.error.rms_error == 0
    count(hand_computed=expected.size)


@pytest.mark.parametrize("first", ["bipolar", "one bit"])
def test_signs_of_any_scale_stay_signs_through_quantize(first: str, tmp_path: Path) -> None:
    net, weight = leading(lambda net: net.bipolar(0.37) if first == "bipolar" else net.quant(0.37, 1), is_float=True)
    values = samples()
    made = quantized(net, tmp_path, values)
    codes = made.network.host_input.encode(values, made.network.input.format)
    assert np.array_equal(codes, np.where(values >= 0, 1, -1))
    found = written(made, tmp_path, values)
    assert np.abs(found - 0.37 * np.where(values >= 0, 1, -1) @ weight.T).max() < 0.03


def test_a_bipolar_quantizer_in_the_middle(tmp_path: Path) -> None:
    """Behind a layer that passes its input through, so that the small values reach it as the grid has them."""
    net = Net(6, seed=22)
    net.quant(2.0**-12, 16)
    net.gemm(net.constant(np.eye(6)))
    net.bipolar(1.0)
    weight = weights(net, 5)
    net.gemm(net.constant(weight))
    values = samples()
    values[np.abs(values) < 2.0**-13] = 0
    expected = np.where(np.round(values * 4096) >= 0, 1.0, -1.0) @ weight.T
    assert np.array_equal(written(quantized(net, tmp_path, values), tmp_path, values), expected)
    first = Net(6, seed=22)
    first.quant(2.0**-12, 16)
    first.bipolar(1.0)
    assert np.array_equal(converted(first, values), np.where(np.round(values * 4096) >= 0, 1.0, -1.0))


def test_every_operation_of_the_table_is_read_and_runs() -> None:
    for quantizer_ in QUANTIZERS:
        for domain in quantizer_.domains:
            assert ((domain, quantizer_.name) in READERS) == quantizer_.is_read
        assert quantizer_.is_standard or bool(quantizer_.functions) == quantizer_.is_read


@pytest.mark.parametrize("opset", [9, 11, OLDEST, 17, 20])
@pytest.mark.parametrize("domain", QONNX_DOMAINS)
def test_a_file_is_run_with_added_functions_alone(domain: str, opset: int) -> None:
    model = spelled_in(domain, opset)
    before = model.SerializeToString(deterministic=True)
    made = runnable(model)
    assert model.SerializeToString(deterministic=True) == before
    assert (made.remark is not None) == (opset < OLDEST)
    if opset < OLDEST:
        assert "ONNX's own version converter" in str(made.remark)
        return
    assert made.model.graph.SerializeToString(deterministic=True) == model.graph.SerializeToString(deterministic=True)


@pytest.mark.parametrize("opset", [9, 11, OLDEST, 17, 20])
@pytest.mark.parametrize("domain", QONNX_DOMAINS)
def test_every_spelling_runs_at_every_opset(domain: str, opset: int, count: Any) -> None:
    values = samples()
    steps = np.clip(np.floor(values * 4), -8, 7) / 4
    twice = np.clip(np.round(steps * 2), 0, 7) / 2
    expected = np.floor(twice * 2 / 2) / 2 * np.where(twice >= 0, 1, -1)
    made = run_onnx(spelled_in(domain, opset), values)
    assert np.array_equal(made, expected) and len(np.unique(expected)) > 2
    count(hand_computed=expected.size)


def spelled_in(domain: str, opset: int) -> onnx.ModelProto:
    """Quant by FLOOR in small letters, IntQuant, Trunc and a product with BipolarQuant."""
    constants = {"quarter": 0.25, "half": 0.5, "one": 1.0, "zero": 0.0, "two": 2.0, "three": 3.0, "four": 4.0}
    attributes = {"signed": 1, "narrow": 0, "rounding_mode": "floor"}
    nodes = [
        helper.make_node("Quant", ["x", "quarter", "zero", "four"], ["a"], domain=domain, **attributes),
        helper.make_node(
            "IntQuant", ["a", "half", "zero", "three"], ["b"], domain=domain, signed=0, narrow=0, rounding_mode="ROUND"
        ),
        helper.make_node("Trunc", ["b", "half", "zero", "three", "two"], ["c"], domain=domain),
        helper.make_node("BipolarQuant", ["b", "one"], ["d"], domain=domain),
        helper.make_node("Mul", ["c", "d"], ["y"]),
    ]
    shape = ["N", 6]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", 1, shape)], [helper.make_tensor_value_info("y", 1, shape)],
        [numpy_helper.from_array(np.array(value, np.float32), name) for name, value in constants.items()],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid(domain, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=7)


def test_what_has_no_meaning_here_is_named() -> None:
    net = Net(6)
    net.add("FloatQuant", None, 1.0, 4.0, 3.0, domain=DOMAIN)
    with pytest.raises(InputError, match=r"cannot execute FloatQuant of 4 inputs .* spelled neither in the file nor"):
        run_onnx(net.model(), samples())


def test_a_wrong_rewrite_shows_in_the_score(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The judge is the file on disk: a canonical form with other weights must not agree with itself."""

    def wrong(model: onnx.ModelProto) -> onnx.ModelProto:
        made = canonical(model)
        for tensor in made.graph.initializer:
            array = numpy_helper.to_array(tensor)
            if array.shape == (5, 6):
                tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(-array), tensor.name))
        return made

    net = Net(6, seed=23)
    net.quant(0.25, 4)
    net.gemm(net.constant(net.rng.normal(0, 1, (5, 6))))
    net.gemm(net.weight(4, 5, scale=0.25))
    net.add("Add", None, 0.3)
    values = samples()
    path = tmp_path / "given.onnx"
    onnx.save_model(net.model(), str(path))
    monkeypatch.setattr(drafts, "canonical", wrong)
    made = quantize_model(path, Samples(values), Options(), lambda *_: None)
    assert made.report.answers.agreement < 80


def test_the_score_is_that_of_the_file_without_fusions(tmp_path: Path) -> None:
    """Zeros in front of a pool of negative values take part, though the runtime's optimiser folds them away."""
    net = FloatNet((2, 6, 6), seed=61).conv("c1", 4, 2)
    net.node("Sub", "s", net.constant("two", np.array(2.0)))
    net.constants["pads"] = np.array([0, 0, 1, 1, 0, 0, 1, 1])
    net.node("Pad", "p", "pads").node("MaxPool", "m", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    net.node("Flatten", "f", axis=1).dense("y", 3, 64)
    values = net.samples(64)
    made = quantize_model(net.save(tmp_path), Samples(values), Options(), lambda *_: None)
    expected = run_onnx(net.model(), values).astype(np.float64)
    assert made.report.answers.error.relative_error < 0.05
    found = written(made, tmp_path, values)
    assert np.isclose(made.report.answers.error.rms_error, np.sqrt(np.mean(np.square(found - expected))))


def test_an_old_file_is_said_to_be_converted(tmp_path: Path) -> None:
    net = po2_mlp()
    model = net.model()
    del model.opset_import[:]
    model.opset_import.extend([helper.make_opsetid("", 11), helper.make_opsetid(DOMAIN, 1)])
    path = tmp_path / "old.onnx"
    onnx.save_model(model, str(path))
    made = quantize_model(path, Samples(net.values(40)), Options(), lambda *_: None)
    assert "opset 11 cannot say what Quant does" in str(made.remark)
    assert made.report.answers.agreement == 100
