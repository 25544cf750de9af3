"""Graph inputs that are joined with no layer in front: each becomes codes, and the join is a layer as any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from float_texts import drawn, float_model, is_repeated, quantized_text
from shiftwire.errors import InputError
from shiftwire.ir.network import Network

IMAGES = {"a": (3, 6, 6), "b": (3, 6, 6)}
WEIGHTS = drawn(w=(4, 3, 3, 3), v=(4, 6, 3, 3)) | {"k": np.float32(0.3)}
JOINS = {
    "Add(a, b)": "Add",
    "Sub(a, b)": "Add",
    "Sub(b, a)": "Add",
    "Mul(a, b)": "Multiply",
    "Max(a, b)": "Affine Add Relu Add",
    "Min(a, b)": "Affine Add Relu Affine Add",
    "Concat<axis=1>(a, b)": "Concat",
}


def kinds(network: Network) -> str:
    return " ".join(node.kind for node in network.nodes)


@pytest.mark.parametrize("join", JOINS)
@pytest.mark.parametrize("has_layer", [False, True])
def test_two_raw_inputs(join: str, has_layer: bool, tmp_path: Path, count: Any) -> None:
    weight = "v" if "Concat" in join else "w"
    lines = f"h = {join}; y = Conv(h, {weight})" if has_layer else f"y = {join}"
    made = quantized_text(float_model(IMAGES, {"y": 4}, lines, WEIGHTS), IMAGES, tmp_path)
    assert has_layer or kinds(made.network).endswith(JOINS[join])
    assert made.report.answers.error.relative_error < (0.05 if has_layer else 0.01)
    count(repeated_outputs=is_repeated(made, IMAGES))


OTHERS = {
    "an input twice": ("y = Add(a, a)", {"a": (3, 6, 6)}),
    "an input and what the host makes of the other": ("n = Mul(a, k); h = Add(n, b); y = Conv(h, w)", IMAGES),
    "an input and a layer": ("h = Conv<pads=[1,1,1,1]>(a, v); y = Add(h, b)", {"a": (6, 6, 6), "b": (4, 6, 6)}),
    "an input, scaled and as it is": ("n = Mul(a, k); h = Conv(n, w); i = Conv(a, w); y = Add(h, i)", {"a": (3, 6, 6)}),
    "an input and its own scaled values": ("n = Mul(a, k); h = Add(n, a); y = Conv(h, w)", {"a": (3, 6, 6)}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_stands_beside_a_raw_input(name: str, tmp_path: Path, count: Any) -> None:
    lines, inputs = OTHERS[name]
    made = quantized_text(float_model(inputs, {"y": 4}, lines, WEIGHTS), inputs, tmp_path)
    assert made.report.answers.error.relative_error < 0.05
    count(repeated_outputs=is_repeated(made, inputs))


def test_a_maximum_with_one_number_a_channel_is_refused(tmp_path: Path) -> None:
    model = float_model({"a": (3, 6, 6)}, {"y": 4}, "h = Conv(a, w); y = Max(h, c)",
                        WEIGHTS | {"c": np.arange(4, dtype=np.float32).reshape(1, 4, 1, 1)})  # fmt: skip
    with pytest.raises(InputError, match="Max reads two computed tensors, or one and one number; found"):
        quantized_text(model, {"a": (3, 6, 6)}, tmp_path)
