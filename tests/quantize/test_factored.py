"""SmartExchange from a float file to every engine: factors stay factors, and what has no part in it is said."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import onnx
from float_nets import FloatNet
from one_layer import factored, frames, of_one
from onnx import numpy_helper
from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.weights import Weighted
from shiftwire.numbers.smart_exchange import Theta, decompose
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import import_onnx, network_from_model
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.factored import Factored
from shiftwire.ops.weights.integer import Int
from shiftwire.project.project import load_project
from shiftwire.quantize.advice import choices
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.options import Knob, Options
from shiftwire.quantize.report import LayerCost
from verbs import run_verb

KINDS = {
    "n1": "FactoredConv",
    "deep": "ShiftConv",
    "five": "ShiftConv",
    "n2": "FactoredConv",
    "logits": "FactoredDense",
}
"""By the tensor that each layer makes in the end."""


def mixed_net() -> FloatNet:
    """3x3 and 1x1 kernels with batch norm, depthwise and 5x5 ones, a dense layer behind a flattened image."""
    net = FloatNet((3, 6, 6), seed=4).conv("c1", 6, 3).norm("n1", 6).node("Relu", "r1")
    net.conv("deep", 6, 1, group=6).node("Relu", "r2").conv("five", 4, 6, 5, strides=[2, 2]).node("Relu", "r3")
    net.conv("c2", 5, 4, 1).norm("n2", 5).node("Relu", "r4").node("Flatten", "f", axis=1)
    return net.dense("logits", 4, 45)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("factored")
    net = mixed_net()
    net.save(folder)
    samples = net.samples(40)
    np.savez(folder / "x.npz", x=samples)
    np.savez(folder / "few.npz", x=samples[:5])
    return folder


def quantize(capsys: pytest.CaptureFixture[str], work: Path, *words: object) -> tuple[int, str, str]:
    asked = ("--method", "smartexchange", "--no-trials", *words)
    return run_verb(
        capsys, "quantize", work / "float.onnx", "--calibrate", work / "x.npz", "-o", work / "exact.onnx", *asked
    )


def float_weights() -> dict[str, np.ndarray]:
    constants = mixed_net().constants
    return {made: constants[f"{name}_w"].astype(np.float64) for made, name in (("n1", "c1"), ("n2", "c2"))} | {
        "logits": constants["logits_w"].astype(np.float64)
    }


def initialisers(path: Path) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}


def test_factors_go_from_float_weights_to_every_engine(capsys: pytest.CaptureFixture[str], work: Path) -> None:
    """In file and project are Ce and B as the loop gives them, and no engine differs in a code."""
    status, _, notes = quantize(capsys, work, "--theta", "8e-3", "--theta", "logits=2e-2")
    assert status == 0
    assert "note: SmartExchange leaves 'deep' alone, for its kernels read one channel each; it is ShiftConv" in notes
    assert "note: SmartExchange leaves 'five' alone, for its kernels are 5x5, neither 3x3 nor 1x1; it is Sh" in notes
    assert notes.count("leaves") == 2
    written = initialisers(work / "exact.onnx")
    assert run_verb(capsys, "convert", work / "exact.onnx", "--factors", "weights", "-o", work / "project")[0] == 0
    built = {node.name: node.op.weights for node in load_project(work / "project").design.network.nodes
             if isinstance(node.op, Weighted)}  # fmt: skip
    for made, weights in float_weights().items():
        wanted = decompose(weights, Theta(2e-2 if made == "logits" else 8e-3))
        (layer,) = (name for name in built if name.startswith(made))
        own = built[layer]
        assert isinstance(own, Factored)
        for role, array in (("sign", wanted.sign), ("exponent", wanted.exponent), ("basis", wanted.basis)):
            assert np.array_equal(written[f"{layer}_{role}"], array) and np.array_equal(
                getattr(own.factors, role), array
            )
        assert own.factors.basis_frac == wanted.basis_frac and own.grid == wanted.grid
    compare(capsys, work, "reference,onnxruntime,csim,native")
    assert run_verb(capsys, "convert", work / "exact.onnx", "--factors", "sums", "-o", work / "project")[0] == 0
    names = [node.name for node in load_project(work / "project").design.network.nodes]
    assert [name for name in names if name.endswith("_factors")] == ["n1_sum_factors"]
    compare(capsys, work, "reference,onnxruntime,csim,native,verilator")


def compare(capsys: pytest.CaptureFixture[str], work: Path, engines: str) -> None:
    """No code of any layer differs between those engines, nor of the samples that go through native programs."""
    few, model = work / "few.npz", work / "exact.onnx"
    words = ("verify", work / "project", "--data", few, "--onnx", model, "--engines", engines)
    status, table, _ = run_verb(capsys, *words)
    assert status == 0 and " 0 of " in table, table
    status, said, _ = run_verb(capsys, "csim", work / "project", "--data", work / "x.npz", "--native")
    assert status == 0 and "native: 40 samples, 0 of " in said


def test_what_onnxruntime_multiplies_out_are_the_integers(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The layers of the file as integers alone are the same network, code for code."""
    assert quantize(capsys, work)[0] == 0
    network = import_onnx(work / "exact.onnx")
    kinds = {node.name.removesuffix("_sum"): node.kind for node in network.nodes if isinstance(node.op, Weighted)}
    assert kinds == KINDS
    for node in network.nodes:
        if isinstance(node.op, Weighted) and isinstance(node.op.weights, Factored):
            weights = node.op.weights
            sign, power = (getattr(weights.factors, role).astype(np.int64) for role in ("sign", "exponent"))
            low = power[sign != 0].min()
            matrices = np.einsum("opij,opjk->opik", sign * 2 ** np.where(sign, power - low, 0), weights.factors.basis)
            flat = matrices.reshape(len(sign), -1)[:, : weights.factors.taps]
            first = (
                flat
                if node.kind == "FactoredDense"
                else np.moveaxis(flat.reshape(len(sign), -1, *weights.shape[1:-1]), 1, -1)
            )
            assert np.array_equal(weights.codes.reshape(len(sign), -1), first.reshape(len(sign), -1))
            assert isinstance(weights, Int) and weights.grid == weights.factors.basis_frac - low


def test_report_and_inspect_count_the_same_bits(capsys: pytest.CaptureFixture[str], work: Path) -> None:
    """Those of a walk over the file's own codes; errors beside LightNN and int4, each by its plain equation."""
    status, report, _ = quantize(capsys, work, "--theta", "3e-2", "--threshold-row", "--json")
    layers = {
        layer["exchange"]["layer"]: layer["exchange"] for layer in json.loads(report)["layers"] if layer["exchange"]
    }
    assert status == 0 and layers.keys() == {"n1", "n2", "logits"}
    status, shown, _ = run_verb(capsys, "inspect", work / "exact.onnx", "--json")
    counted = json.loads(shown)["factors"]
    written = initialisers(work / "exact.onnx")
    assert status == 0 and len(counted) == 3
    for made, weights in float_weights().items():
        (name,) = (each for each in counted if each.startswith(made))
        bits, empty = walked(written[f"{name}_sign"], written[f"{name}_exponent"], -(-weights[0].size // 3))
        exchange, storage = layers[made], layers[made]["storage"]
        assert counted[name] == {**storage, "bits": bits} and storage["empty_rows"] == empty
        forms = {form["name"]: form for form in exchange["forms"]}
        assert forms["SmartExchange"]["bits"] == bits and exchange["size"] == pytest.approx(np.linalg.norm(weights))
        for form, values in plain_forms(weights).items():
            assert forms[form]["lost"] == pytest.approx(np.linalg.norm(values - weights)), form
        assert forms["int4"]["bits"] == 4 * weights.size
    assert sum(each["empty_rows"] for each in counted.values()) > 0
    status, table, _ = run_verb(capsys, "inspect", work / "exact.onnx")
    total, size = (sum(each[key] for each in counted.values()) for key in ("bits", "weights"))
    (line,) = (line.split() for line in table.splitlines() if line.startswith(" all"))
    assert line[-3:] == [f"{total:,}", f"{32 * size / total:.2f}", f"{8 * size / total:.2f}"]


def walked(sign: np.ndarray, exponent: np.ndarray, rows: int) -> tuple[int, int]:
    """Bits and empty rows, row by row: five or four bits a code as the codes need, a bit a row where one is empty."""
    filters = [
        zip(a[0, :rows].tolist(), b[0, :rows].tolist(), strict=True) for a, b in zip(sign, exponent, strict=True)
    ]
    whole = [list(zip(*row, strict=True)) for each in filters for row in each]
    stored = [row for row in whole if any(s for s, _ in row)]
    powers = [p for row in stored for s, p in row if s]
    names = {(s, p) for p in range(min(powers), max(powers) + 1) for s in (-1, 1)}
    names |= {(0, 0) for row in stored for s, _ in row if s == 0}
    empty = len(whole) - len(stored)
    code_bits = int(np.ceil(np.log2(len(names))))
    return 3 * code_bits * len(stored) + 9 * 8 * len(sign) + (len(whole) if empty else 0), empty


def plain_forms(weights: np.ndarray) -> dict[str, np.ndarray]:
    """2^round(log2 |w|) of the eight exponents from the largest weight's down, again for the rest; int4 by filter."""

    def nearest(values: np.ndarray) -> np.ndarray:
        top = round(float(np.log2(np.abs(weights).max())))
        made = np.zeros(values.shape)
        for place, value in np.ndenumerate(values):
            if abs(value) > 2.0 ** (top - 8):
                made[place] = np.sign(value) * 2.0 ** min(max(round(float(np.log2(abs(value)))), top - 7), top)
        return made

    one = nearest(weights)
    steps = np.abs(weights).reshape(len(weights), -1).max(axis=1).reshape(-1, *[1] * (weights.ndim - 1)) / 7
    return {"LightNN-1": one, "LightNN-2": one + nearest(weights - one), "int4": np.round(weights / steps) * steps}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--theta", "40"), r"a theta of 40 empties the layer, whose largest weight is 0\.\d+; give a smaller one"),
        (("--theta", "c9=1e-2"), "a theta of 'c9' was asked for, but no layer of that name is made of factors; name "
         "one of n1, n2, logits"),
        (("--theta", "five=1e-2"), "no layer of that name is made of factors"),
        (("--theta", "=3"), "'=3' of --theta names no layer; write --theta 4e-3 for all or --theta LAYER=4e-3 for one"),
        (("--theta", "1e-2", "--theta", "2e-2"), "--theta speaks of all layers more than once, and one number"),
        (("--theta", "c1=1e-2", "--theta", "c1=2e-2"), "--theta speaks of 'c1' more than once"),
        (("--theta", "much"), "a theta of 'much' is no number; write --theta 4e-3 or --theta LAYER=4e-3"),
        (("--theta", "-1"), "a theta of -1 is not above 1e-12; give one such as 4e-3"),
        (("--error-budget", "0.1"), "an error budget chooses terms, and smartexchange has none"),
        (("--method", "linear", "--theta", "1"), "--theta and --threshold-row belong to --method smartexchange"),
    ],
)  # fmt: skip
def test_mistakes(capsys: pytest.CaptureFixture[str], work: Path, words: tuple[str, ...], sentence: str) -> None:
    status, _, error = quantize(capsys, work, *words)
    assert status == 2 and re.search(sentence, error), error


def test_a_basis_of_more_than_8_bits_names_the_scale_that_fits(capsys: pytest.CaptureFixture[str], work: Path) -> None:
    assert quantize(capsys, work)[0] == 0
    model = onnx.load(work / "exact.onnx")
    (basis,) = (tensor for tensor in model.graph.initializer if tensor.name == "logits_basis")
    wider = numpy_helper.to_array(basis).astype(np.int16) * 4
    basis.CopyFrom(numpy_helper.from_array(wider, "logits_basis"))
    frac = next(a.i for node in model.graph.node if "logits_basis" in node.input for a in node.attribute
                if a.name == "basis_frac")  # fmt: skip
    onnx.save(model, work / "wide.onnx")
    status, _, error = run_verb(capsys, "convert", work / "wide.onnx", "-o", work / "wide")
    words = f"reaches {np.abs(wider).max()} steps, more than 8 bits; the finest scale that fits is 2^{-(frac - 2)}"
    assert status == 2 and words in error, error


def test_whole_weights_stay_as_they_are(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    net = FloatNet((4,)).dense("y", 3, 4)
    net.constants["y_w"] = np.array([[1, -3, 2, 0]] * 3, np.float32) / 4
    net.save(tmp_path)
    np.savez(tmp_path / "x.npz", x=net.samples(40))
    status, _, notes = quantize(capsys, tmp_path)
    assert status == 0 and "leaves 'y' alone, for its weights are whole numbers already; it is ShiftDense" in notes


def test_a_theta_for_a_layer_and_one_for_all() -> None:
    options = Options(theta=Theta(1e-2, rows=True), thetas={"c1": 0.5})
    assert options.theta_of("c1") == Theta(0.5, rows=True) and options.theta_of("c2") == Theta(1e-2, rows=True)


def test_weights_in_another_order_are_the_same_weights() -> None:
    """Taps and filters permuted, channels moved; what the file cannot say as factors it says as integers."""
    weights = factored((4, 7), 5)
    taps, rows = np.random.default_rng(0).permutation(7), np.array([2, 0, 3, 1])
    assert np.array_equal(weights.with_taps(taps).codes, weights.codes[:, taps])
    assert np.array_equal(weights.with_rows(rows).codes, weights.codes[rows])
    assert np.array_equal(weights.with_rows(rows).with_taps(taps).factors.sign, weights.factors.sign[rows])
    image = factored((3, 3, 3, 4), 6)
    assert np.array_equal(image.with_moved(-1, 0).codes, np.moveaxis(image.codes, -1, 1))
    for own, kind in ((weights, "FactoredDense"), (weights.with_taps(taps), "IntDense")):
        network = of_one(Dense(own, Bias.none(4)), (7,))
        model = to_onnx(network)
        assert [node.op_type for node in model.graph.node] == [kind]
        assert np.array_equal(network_from_model(model).evaluate(frames(network)), network.evaluate(frames(network)))


def test_damaged_factors_are_a_sentence() -> None:
    """Of a file of somebody else's."""
    for spoil, words in (
        (("shape", [0]), r"attribute shape = \[0\] is not handled; give that of one filter"),
        (("shape", [40]), "1 matrices of 3 rows have 9 numbers, and a filter of 40 weights wants no more"),
        (("y_exponent", np.zeros((4, 1, 2, 3), np.int8)), r"sign \(4, 1, 3, 3\) and exponent \(4, 1, 2, 3\) differ"),
        (("y_sign", np.full((4, 1, 3, 3), 2, np.int8)), "a sign of 2 is none of -1, 0, 1"),
        (("y_exponent", np.full((4, 1, 3, 3), -128, np.int8)), r"an exponent of -128 is outside -127\.\.127"),
    ):
        model = to_onnx(of_one(Dense(factored((4, 7), 5), Bias.none(4)), (7,)))
        name, value = spoil
        if name == "shape":
            (attribute,) = (each for each in model.graph.node[0].attribute if each.name == name)
            attribute.CopyFrom(onnx.helper.make_attribute(name, value))
        else:
            (tensor,) = (each for each in model.graph.initializer if each.name == name)
            tensor.CopyFrom(numpy_helper.from_array(np.asarray(value), name))
        with pytest.raises(InputError, match=words):
            network_from_model(model)


def test_advice_is_half_of_theta_and_no_terms() -> None:
    """Exponents follow from theta, and there are no terms to raise."""
    cost = LayerCost("n1", "FactoredConv", "s8.4", 0.2, Knob.TERMS)
    words = [choice.words for choice in choices(Options(method=Method.SMARTEXCHANGE), [cost], {})]
    assert "--theta 0.002" in words and "--method linear --terms 3" in words
    assert not [word for word in words if word.startswith(("--terms", "--exponents"))]
    asked = Options(method=Method.SMARTEXCHANGE, theta=Theta(1e-2, rows=True))
    (half,) = (choice.options for choice in choices(asked, [cost], {}) if choice.words == "--theta 0.005")
    assert half.theta == Theta(5e-3, rows=True)
