"""What an unrolled layer is once it is text."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from shiftwire.numbers.fixed import Fixed


class Form(enum.Enum):
    """Plain operators that any tool reads, or LUT6_2 and CARRY4 of Xilinx 7-series; same bits, same cycles."""

    GENERIC = "generic"
    XILINX = "xilinx"


@dataclass(frozen=True, slots=True)
class Unrolled:
    """A SystemVerilog module `name` (clk, x, y) that takes a vector a cycle and answers `latency` cycles later.

    x and y hold `inputs` codes of format `x` and `outputs` codes of format `y`, code 0 in the low bits; there is no
    reset and nothing stalls.
    """

    name: str
    text: str
    latency: int
    inputs: int
    outputs: int
    x: Fixed
    y: Fixed
    form: Form
