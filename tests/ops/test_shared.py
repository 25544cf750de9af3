"""Groups of the same filters, as a layer of bases has them: one memory serves all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shiftwire.ir.fold import Fold
from shiftwire.ops.conv import Conv
from shiftwire.units.sums.matrix import MatrixUnit
from single_layers import single_layers


@pytest.mark.parametrize("name", ["shift_conv_shared", "int_conv_shared"])
def test_one_memory_serves_all_groups(name: str) -> None:
    """Words of a group alone; another bias or weight in one group gives each its own."""
    network = single_layers()[name]
    (node,) = network.nodes
    op, inputs, output = node.op, network.sources(node), network.tensors["y"]
    assert isinstance(op, Conv) and op.shared is not None and op.shared[0].shape[0] == 3
    (unit,) = (each for each in op.units(inputs, output, Fold(3, 6)) if isinstance(each, MatrixUnit))
    groups, positions = op.groups, output.shape[0] * output.shape[1]
    assert groups == 4 and unit.groups == 1 and unit.positions == positions * groups
    one = op.weights.with_rows(np.arange(3))
    assert np.array_equal(np.sort(unit.rom), np.sort(replace(unit, weights=one).rom))
    assert op.weight_bits == one.bits + op.bias.bits // groups
    odd = op.bias.codes.copy()
    odd[-1] += 1
    assert replace(op, bias=replace(op.bias, codes=odd)).shared is None
    other = replace(op, weights=op.weights.with_rows(np.array([*[0, 1, 2] * 3, 0, 2, 1])))
    assert other.shared is None
    (whole,) = (each for each in other.units(inputs, output, Fold(3, 6)) if isinstance(each, MatrixUnit))
    assert whole.groups == 4 and whole.rom.size == 4 * unit.rom.size
