"""Outputs of the file that quantize writes: float32, and so onnxruntime, repeats the network's codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from float_files import mixed_net, quantize, written
from float_texts import drawn, float_model, is_repeated, quantized_text
from shiftwire.cli import main
from shiftwire.quantize.scaling import EXACT_BITS

IMAGE = {"x": (3, 8, 8)}
WEIGHTS = drawn(w=(4, 3, 3, 3), b=(4, 1), v=(4, 3, 3, 3), u=(4, 3, 1, 1), deep=(4, 4, 3, 3))
WEIGHTS |= {"b": WEIGHTS["b"].ravel(), "v": WEIGHTS["v"] * np.float32(40), "u": WEIGHTS["u"] * np.float32(0.01)}
WEIGHTS |= {"low": WEIGHTS["deep"] * np.float32(0.003), "high": WEIGHTS["deep"] * np.float32(100)}
WEIGHTS |= {"s": np.linspace(0.3, 40, 4, dtype=np.float32).reshape(1, 4, 1, 1)}
SUMS = "a = Conv<pads=[1,1,1,1]>(x, w, b); c = Conv<pads=[1,1,1,1]>(x, v); d = Conv(x, u); "
NETS: dict[str, tuple[str, dict[str, int], dict[str, Any]]] = {
    "three branches": (SUMS + "e = Add(a, c); y = Add(e, d)", {"y": 4}, {}),
    "three branches side by side": (SUMS + "e = Concat<axis=1>(a, c); y = Concat<axis=1>(e, d)", {"y": 4}, {}),
    "a residual of wide layers": (
        "h = Conv<pads=[1,1,1,1]>(x, w, b); r = Relu(h); a = Conv<pads=[1,1,1,1]>(r, high); "
        "c = Conv<pads=[1,1,1,1]>(r, low); e = Add(a, c); y = Add(e, h)", {"y": 4}, {},
    ),
    "one layer": ("y = Conv(x, w)", {"y": 4}, {"seed": 1}),
    "one layer of many exponents": ("y = Conv(x, w, b)", {"y": 4}, {"terms": 8, "exponents": 13, "act_bits": 12}),
    "a scale at the end": ("h = Conv(x, w); y = Mul(h, s)", {"y": 4}, {}),
    "a pool at the end": (SUMS + "e = Add(a, c); f = Add(e, d); y = MaxPool<kernel_shape=[2,2]>(f)", {"y": 4}, {}),
    "two outputs": (SUMS + "y = Add(a, c); z = Add(y, d)", {"y": 4, "z": 4}, {}),
    "a host's tail": (SUMS + "e = Add(a, c); f = Add(e, d); y = Flatten<axis=1>(f)", {"y": 2}, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", NETS)
def test_onnxruntime_repeats_every_number(name: str, tmp_path: Path, count: Any) -> None:
    lines, outputs, options = NETS[name]
    weights = WEIGHTS | drawn(options.pop("seed", 0), w=(4, 3, 3, 3))
    made = quantized_text(float_model(IMAGE, outputs, lines, weights), IMAGE, tmp_path, **options)
    assert all(made.network.tensors[end.name].format.bits <= EXACT_BITS for end in made.network.outputs)
    assert max(of_head.error.relative_error for of_head in made.report.heads.values()) < 0.03
    assert made.report.remark is None
    count(repeated_outputs=is_repeated(made, IMAGE))


def test_the_report_names_what_was_rounded(tmp_path: Path) -> None:
    model = float_model(IMAGE, {"y": 4}, "y = Conv(x, v)", WEIGHTS)
    made = quantized_text(model, IMAGE, tmp_path, terms=8, exponents=16, input_bits=10)
    (rounded,) = [layer for layer in made.report.layers if layer.name == "y_rounded"]
    assert (rounded.how, rounded.kind) == ("24 bits, for float32", "Requantize") and rounded.own_error < 1e-5


def test_sums_that_float32_does_not_hold_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The user's own options may make them: the hardware has them, onnxruntime does not."""
    path = tmp_path / "float.onnx"
    quantized_text(float_model(IMAGE, {"y": 4}, "y = Conv(x, w)", WEIGHTS), IMAGE, tmp_path)
    np.savez(tmp_path / "x.npz", x=np.random.default_rng(0).normal(size=(16, 3, 8, 8)).astype(np.float32))
    words = ["--input-bits", "22", "--exponents", "20", "--terms", "8", "--no-trials"]
    assert main(["quantize", str(path), "--calibrate", str(tmp_path / "x.npz"), *words]) == 0
    assert "warning: sums such as those of 'y" in (text := capsys.readouterr().err)
    assert "reach beyond the 24 bits that float32 repeats" in text and "fewer --input-bits" in text


@pytest.mark.parametrize(("words", "said", "instead"), [
    (("--method", "smartexchange"), "a larger --theta", ("--theta", 0.1, "--affine-exponents", 2)),
    (("--exponents", 14), "fewer --exponents", ("--exponents", 2, "--affine-exponents", 2)),
    ((), "fewer --affine-exponents", ("--exponents", 2, "--affine-exponents", 2)),
])  # fmt: skip
def test_the_option_that_is_named_keeps_sums_within(
    words: tuple[object, ...], said: str, instead: tuple[object, ...], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """What is named is what the wide layers obey: with it nothing is told any more."""
    work = written(mixed_net(), tmp_path)
    status, _, notes = quantize(capsys, work, *words, "--act-bits", 12)
    assert status == 0 and said in notes, notes
    assert ("--theta" in notes) == ("smartexchange" in words)
    status, _, notes = quantize(capsys, work, *words, "--act-bits", 12, *instead)
    assert status == 0 and "float32 repeats" not in notes, notes
