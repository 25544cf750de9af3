"""Registers behind a block RAM: which of them the block takes in."""

from __future__ import annotations

from typing import Any

import pytest

from shiftwire.synth.ecp5_registers import absorb

PLAIN = {"CEMUX": "1 ", "CLKMUX": "CLK", "REGSET": "RESET", "LSRMUX": "LSR"}


def register(d: int, q: int, **more: Any) -> dict[str, Any]:
    return {
        "type": "TRELLIS_FF",
        "parameters": PLAIN | more.get("parameters", {}),
        "port_directions": {"CLK": "input", "DI": "input", "LSR": "input", "Q": "output"},
        "connections": {"CLK": [1], "DI": [d], "LSR": more.get("reset", ["0"]), "Q": [q]},
    }


def block_and_registers(second: dict[str, Any]) -> dict[str, Any]:
    """A block whose output 10 leads to a plain register, 11 to `second` and 12 nowhere."""
    block = {
        "type": "DP16KD",
        "parameters": {},
        "port_directions": {"DOA0": "output", "DOA1": "output", "DOB0": "output"},
        "connections": {"DOA0": [10], "DOA1": [11], "DOB0": [12]},
    }
    ports = {"y": {"direction": "output", "bits": [20, 21]}}
    return {"cells": {"block": block, "first": register(10, 20), "second": second}, "ports": ports}


def test_a_block_takes_all_its_registers_in() -> None:
    module = block_and_registers(register(11, 21))
    assert absorb(module) == 1
    (block,) = module["cells"].values()
    assert block["connections"] == {"DOA0": [20], "DOA1": [21], "DOB0": [12], "OCEA": ["1"], "OCEB": ["1"]}
    assert block["parameters"] == {"REGMODE_A": "OUTREG", "REGMODE_B": "OUTREG"}


@pytest.mark.parametrize(
    "second",
    [
        register(11, 21, reset=[5]),
        register(11, 21, parameters={"CEMUX": "CE"}),
        register(11, 21, parameters={"REGSET": "SET"}),
        register(10, 21),
    ],
    ids=["reset", "enable", "starts at 1", "two registers on one output"],
)
def test_a_block_takes_none_where_one_is_not_plain(second: dict[str, Any]) -> None:
    module = block_and_registers(second)
    assert absorb(module) == 0
    assert set(module["cells"]) == {"block", "first", "second"}
