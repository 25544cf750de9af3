"""What quantize writes always converts: random float networks, ordinary ones and some with values far from 1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import onnx
import shiftwire
from float_nets import FloatNet
from foreign_files import File
from integer_files import T, qdq, weight
from random_float_nets import random_float_case
from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.onnx.file import write_model
from shiftwire.ops.affine import Affine
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.integer import Int
from shiftwire.project.project import load_project
from shiftwire.quantize.drafts import require_buildable
from shiftwire.quantize.floats.float_run import Samples
from shiftwire.quantize.options import Options
from shiftwire.quantize.quantizer import quantize_model
from shiftwire.quantize.scaling import fine_bias
from tiers import some

FAR = [271, 275, 378, 401, 477, 486]
"""Grids so far apart that sums once needed more bits than a project, or a number, has."""
COARSE = [7, 37, 51, 145]
"""Biases once lost behind dead layers on coarse grids."""


def options_of(seed: int) -> Options:
    """The defaults for odd seeds, others at random."""
    if seed % 2:
        return Options()
    rng = np.random.default_rng(seed)
    names = {"act_bits": 17, "input_bits": 17, "terms": 6, "exponents": 17, "affine_terms": 9}
    lowest = {"terms": 1, "affine_terms": 1}
    return Options(**{name: int(rng.integers(lowest.get(name, 2), most)) for name, most in names.items()})


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("seed", [*some(range(24), 0, 1, 2, 3, 4, 5), *FAR, *COARSE])
def test_what_is_written_converts(seed: int, tmp_path: Path, count: object) -> None:
    """The project's network is the one that was scored."""
    case = random_float_case(seed)
    made = quantize_model(case.net.save(tmp_path), Samples(case.samples), options_of(seed), lambda *_: None)
    write_model(made.model, tmp_path / "exact.onnx")
    network = load_project(shiftwire.convert(tmp_path / "exact.onnx", output=tmp_path / "project").path).design.network
    codes = made.network.host_input.encode(case.samples, made.network.input.format)
    found = network.evaluate(network.host_input.encode(case.samples, network.input.format))
    wanted = made.network.evaluate(codes)
    assert np.array_equal(
        network.host_output.decode(found, network.output.format),
        made.network.host_output.decode(wanted, made.network.output.format),
    )
    count(codes=found.size)  # type: ignore[operator]
    if seed in COARSE:
        assert made.report.answers.error.relative_error < 0.05


def test_a_network_that_no_project_carries_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = Dense(Int(np.full((1, 8), (1 << 47) - 1), 0), Bias.none(1))
    network = Network.of("x", Tensor((8,), Fixed.parse("s8.4")), (Node("y", wide, ("x",)),), "y")
    with pytest.raises(InputError, match="'y' would need 58 bits, more than the 53 that a project carries; take"):
        require_buildable(network)
    monkeypatch.setattr("shiftwire.quantize.drafts.HLS_MAX_BITS", 12)
    net = FloatNet((4,)).dense("y", 3, 4)
    with pytest.raises(InputError, match=r"would need \d+ bits, more than the 12") as caught:
        quantize_model(net.save(tmp_path), Samples(net.samples(20)), Options(), lambda *_: None)
    assert "float.onnx" in caught.value.sentence()


def test_a_bias_keeps_what_a_coarse_grid_would_lose() -> None:
    """Where sums are nothing; on their own grid where that is fine enough, or where the width would not do."""
    x, values = Tensor((2,), Fixed(8, -20, signed=True)), np.array([0.4, -1.1])
    nothing, ones = (ShiftWeights(np.full((1, 2), sign, np.int8), np.zeros((1, 2), np.int8)) for sign in (0, 1))
    fine = fine_bias(values, -20, 12, lambda bias: Affine(nothing, bias).infer(x))
    assert (fine.frac, fine.codes.tolist()) == (12, [1638, -4506])
    assert [fine_bias(values, at, 12, lambda bias: Affine(nothing, bias).infer(x)).frac for at in (5, 6)] == [12, 6]
    wide = fine_bias(values * 1e6, -20, 12, lambda bias: Affine(ones, bias).infer(x))
    assert -20 < wide.frac < 12 and Affine(ones, wide).infer(x).format.bits <= 24
    assert wide.codes.tolist() == np.rint(np.ldexp(values * 1e6, wide.frac)).tolist()


@pytest.mark.parametrize("is_row", [False, True], ids=["tensor", "channel"])
def test_codes_of_weights_beside_a_float_layer(is_row: bool, tmp_path: Path) -> None:
    """A convolution between quantizers, its weights int8 codes, and a float layer behind: half of a file quantized."""
    rng = np.random.default_rng(3)
    file = File((3, 6, 6), rank=2)
    x = qdq(file, "x", (0.03, T.INT8, 5))
    scale = rng.uniform(0.008, 0.012, 4) if is_row else 0.01
    c = file.add("Conv", x, weight(file, rng.integers(-99, 99, (4, 3, 3, 3)), (scale, T.INT8, 0)))
    flat = file.add("Flatten", qdq(file, c, (0.05, T.INT8, -9)), axis=1)
    file.add("Gemm", flat, rng.normal(0, 0.1, (2, 64)).astype(np.float32), transB=1, out="y")
    onnx.save(file.model(), tmp_path / "net.onnx")
    samples = rng.normal(size=(60, 3, 6, 6)).astype(np.float32)
    made = quantize_model(tmp_path / "net.onnx", Samples(samples), Options(), lambda *_: None)
    assert made.report.answers.error.relative_error < 0.03
    write_model(made.model, tmp_path / "exact.onnx")
    shiftwire.convert(tmp_path / "exact.onnx", output=tmp_path / "project")
