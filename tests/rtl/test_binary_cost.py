"""What the model says that a binary element takes is what yosys counts, and it is less than shifts of the same bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rtl_streams import SOURCES
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Tensor
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.binary import Binary
from shiftwire.ops.weights.shift import Shift
from shiftwire.tools.yosys import Synthesis, synthesised

SHELF = Path(__file__).resolve().parents[1] / "support" / "pe_shelf.sv"
WEIGHTS = 2 * np.random.default_rng(0).integers(0, 2, (8, 64)) - 1
U1 = Fixed(1, 0, signed=False)


@pytest.mark.parametrize("simd", [4, 16, 64])
def test_the_model_is_what_is_counted(simd: int, tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    """LUTs of one more element, counter and all, within a tenth; 1.3 a lane at 64 lanes."""
    parameters = {"KIND": 5, "SIMD": simd, "X_BITS": 1, "X_SIGNED": 0, "W_BITS": 1, "ACC_BITS": 12}
    few, many = (
        synthesised(Synthesis((*SOURCES, SHELF), "pe_shelf", {**parameters, "COPIES": copies}), tmp_path).resources.lut
        for copies in (2, 4)
    )
    counted = (many - few) / 2
    once, each = Binary(WEIGHTS, 0).element_lut
    record_property("lut_a_lane", counted / simd)
    assert (once + each * simd) / 2 == pytest.approx(counted, rel=0.1)
    assert simd < 64 or counted / simd < 1.3


@pytest.mark.parametrize("simd", [4, 8, 64])
def test_a_binary_layer_is_the_smaller(simd: int) -> None:
    sign = WEIGHTS.astype(np.int8)[None]
    x, fold = Tensor((64,), U1), Fold(2, simd)
    binary, shift = (
        dense.cost((x,), dense.infer(x), fold).lut
        for dense in (
            Dense(Binary(WEIGHTS, 0), Bias.none(8)),
            Dense(Shift(ShiftWeights(sign, np.zeros_like(sign))), Bias.none(8)),
        )
    )
    assert binary < shift
