"""Resize to a size that the file computes of shapes, as exporters write an interpolation to another tensor's size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import onnx
from float_texts import drawn, float_model, is_repeated, quantized_text
from shiftwire.errors import InputError
from shiftwire.onnx.pipeline import canonical
from shiftwire.onnx.runtime import run_onnx
from shiftwire.ops.upsample import Upsample

IMAGE = {"x": (3, 4, 6)}
WEIGHTS = drawn(w=(3, 3, 3, 3)) | {
    "i0": np.array([0]), "i1": np.array([1]), "i2": np.array([2]), "i4": np.array([4]), "s2": np.int64(2),
    "s3": np.int64(3), "none": np.zeros(0, np.float32), "ones": np.ones(2, np.float32), "two": np.array([2]),
    "half": np.float32(2.5),
}  # fmt: skip
DOWN = "h = Conv<strides=[2,2],pads=[1,1,1,1]>(x, w); "
ASYMMETRIC = 'mode="nearest",coordinate_transformation_mode="asymmetric",nearest_mode="floor"'
SIZES = {
    "slices": (
        "s = Shape(x); t = Slice(s, i2, i4, i0); n = Shape(h); o = Slice(n, i0, i2, i0); z = Concat<axis=0>(o, t); "
    ),
    "a part of a shape": "t = Shape<start=2>(x); n = Shape(h); o = Slice(n, i0, i2, i0); z = Concat<axis=0>(o, t); ",
    "gathered one by one": (
        "s = Shape(x); a = Gather(s, s2); b = Gather(s, s3); c = Unsqueeze(a, i0); d = Unsqueeze(b, i0); "
        "n = Shape(h); o = Slice(n, i0, i2, i0); z = Concat<axis=0>(o, c, d); "
    ),
    "twice its own": (
        "n = Shape(h); o = Slice(n, i0, i2, i0); p = Slice(n, i2, i4, i0); t = Mul(p, two); z = Concat<axis=0>(o, t); "
    ),
    "floats that are rounded": (
        "n = Shape(h); o = Slice(n, i0, i2, i0); p = Slice(n, i2, i4, i0); f = Cast<to=1>(p); g = Mul(f, half); "
        "k = Floor(g); l = Cast<to=7>(k); m = Div(l, two); t = Mul(m, two); z = Concat<axis=0>(o, t); "
    ),
    "the whole shape": "z = Shape(x); ",
}
SCALES = (
    "s = Shape(x); t = Slice(s, i2, i4, i0); n = Shape(h); p = Slice(n, i2, i4, i0); f = Cast<to=1>(t); "
    "g = Cast<to=1>(p); q = Div(f, g); z = Concat<axis=0>(ones, q); "
)


def model_of(lines: str, resize: str) -> onnx.ModelProto:
    return float_model(IMAGE, {"y": 4}, f"{DOWN}{lines}u = {resize}; j = Add(u, x); y = Conv(j, w)", WEIGHTS)


CASES = [
    (lines, f"Resize<{ASYMMETRIC}>(h, , , z)") for name, lines in SIZES.items() if name != "floats that are rounded"
] + [(SCALES, f"Resize<{ASYMMETRIC}>(h, , z)"), (SIZES["slices"], 'Resize<mode="linear">(h, , , z)')]


@pytest.mark.parametrize(("lines", "resize"), CASES)
@pytest.mark.parametrize("batch", [None, 1])
def test_sizes_are_known_at_conversion(lines: str, resize: str, batch: int | None, tmp_path: Path, count: Any) -> None:
    """The canonical form gives what the file does at any batch, and quantize builds it."""
    model = model_of(lines, resize)
    if batch is not None:
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = batch
    form = canonical(model)
    kinds = [node.op_type for node in form.graph.node]
    assert kinds.count("Resize") == 1 and not {"Shape", "Slice", "Concat"} & {*kinds}
    x = np.random.default_rng(0).normal(size=(5, *IMAGE["x"])).astype(np.float32)
    for size in (1, 5) if batch is None else (1,):
        expected, found = run_onnx(model, x, size), run_onnx(form, x, size)
        assert np.array_equal(expected, found)
    made = quantized_text(model, IMAGE, tmp_path)
    assert any(isinstance(node.op, Upsample) for node in made.network.nodes)
    assert made.report.answers.error.relative_error < 0.05
    count(repeated_outputs=is_repeated(made, IMAGE))


def test_sizes_that_are_no_whole_factor_are_told(tmp_path: Path) -> None:
    """By what they are, not by the operations that compute them."""
    lines = SIZES["twice its own"].replace("Mul(p, two)", "Add(p, i1)")
    model = float_model(IMAGE, {"y": 4}, f"{DOWN}{lines}u = Resize<{ASYMMETRIC}>(h, , , z); y = Conv(u, w)", WEIGHTS)
    with pytest.raises(InputError, match=r"scales of 1, 1, 1\.5, 1\.3333334 are not handled"):
        quantized_text(model, IMAGE, tmp_path)
