"""Instances of Xilinx 7-series primitives as text: LUT6_2 and CARRY4."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count

from shiftwire.rtl.unrolled.bit import Bit

LUT_INPUTS = 6
SHARED_INPUTS = 5
"""Of a LUT with two outputs."""
CARRY_BITS = 4


class Cells:
    """The instances of one module, in order; outputs that nobody reads end in bits of `unused`."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.unused = 0
        self._luts = count()
        self._carries = count()

    def lut(self, output: str, bit: Bit) -> None:
        """One function of up to six nets."""
        nets = bit.nets
        wide = len(nets) == LUT_INPUTS
        table = bit.table if wide else bit.spread(_padded(nets)) * ((1 << 32) + 1)
        self._lut(output, self._spare(), table, nets)

    def lut_pair(self, output: str, bit: Bit, low_output: str, low: Bit) -> None:
        """Two functions of the same five nets."""
        nets = joint(bit, low)
        padded = _padded(nets)
        self._lut(output, low_output, bit.spread(padded) << 32 | low.spread(padded), nets)

    def carry(self, start: str, generate: Sequence[str], propagate: Sequence[str], outputs: Sequence[str]) -> None:
        """A chain, lowest bit first; `start` is its carry-in."""
        chained = "1'b0"
        for at in range(0, len(outputs), CARRY_BITS):
            width = len(outputs[at : at + CARRY_BITS])
            leaves = at + CARRY_BITS < len(outputs)
            name = f"k{next(self._carries)}"
            carries = [self._spare() for _ in range(CARRY_BITS - leaves)]
            if leaves:
                self.lines.append(f"wire {name}_out;")
                carries.append(f"{name}_out")
            results = [*outputs[at : at + width], *(self._spare() for _ in range(CARRY_BITS - width))]
            self.lines.append(
                f"CARRY4 {name} (.CO({_vector(carries)}), .O({_vector(results)}), .CI({chained}), "
                f".CYINIT({start if at == 0 else _FALSE}), .DI({_vector(_filled(generate[at : at + width]))}), "
                f".S({_vector(_filled(propagate[at : at + width]))}));"
            )
            chained = f"{name}_out"

    def _lut(self, high: str, low: str, table: int, nets: Sequence[str]) -> None:
        pins = [*nets, *[_FALSE] * (SHARED_INPUTS - len(nets)), "1'b1"][:LUT_INPUTS]
        inputs = ", ".join(f".I{at}({pin})" for at, pin in enumerate(pins))
        name = f"l{next(self._luts)}"
        self.lines.append(f"LUT6_2 #(.INIT(64'h{table:016x})) {name} (.O6({high}), .O5({low}), {inputs});")

    def _spare(self) -> str:
        self.unused += 1
        return f"unused[{self.unused - 1}]"


_FALSE = "1'b0"


def joint(*bits: Bit) -> tuple[str, ...]:
    """All nets, each once."""
    return tuple(dict.fromkeys(name for bit in bits for name in bit.nets))


def _padded(nets: Sequence[str]) -> tuple[str, ...]:
    return (*nets, *(f"-{at}" for at in range(SHARED_INPUTS - len(nets))))


def _filled(nets: Sequence[str]) -> list[str]:
    return [*nets, *[_FALSE] * (CARRY_BITS - len(nets))]


def _vector(low_first: Iterable[str]) -> str:
    return "{" + ", ".join(reversed(list(low_first))) + "}"
