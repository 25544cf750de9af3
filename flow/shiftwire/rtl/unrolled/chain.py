"""A sum of two or three rows on one carry chain, a LUT a bit (the ternary adder of Xilinx UG474 and XAPP522)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shiftwire.rtl.unrolled.bit import ONE, ZERO, Bit, merged, net
from shiftwire.rtl.unrolled.cells import SHARED_INPUTS, Cells, joint

Row = Sequence[Bit]


@dataclass(frozen=True, slots=True)
class Chain:
    """rows + units + carry modulo 2**width, into `<name>_y`; carry is a net or none.

    At most three rows, a constant one included, of at most five nets a bit (four where there are three rows);
    at most two of units and carry.
    """

    name: str
    rows: tuple[Row, ...]
    units: int
    carry: str | None

    def emit(self, cells: Cells) -> None:
        """Add the LUTs and carries to `cells`, and assignments for low bits that need no carry."""
        start, units = self._passed(cells)
        if start == len(self.rows[0]):
            return
        ones = units + (self.carry is not None)
        rows = [row for row in self.rows if any(bit != ZERO for bit in row[start:])]
        ternary = len(rows) > 2 or ones > 1
        second = (ONE if units else ZERO) if self.carry is not None else (ONE if units > 1 else ZERO)
        propagate, generate = self._ternary(cells, rows, start, second) if ternary else self._binary(cells, rows, start)
        outputs = [self._output(at) for at in range(start, len(self.rows[0]))]
        cells.carry(self.carry or f"1'b{min(units, 1)}", generate, propagate, outputs)

    def _output(self, at: int) -> str:
        return f"{self.name}_y[{at}]"

    def _column(self, rows: Sequence[Row], at: int) -> list[Bit]:
        return [row[at] for row in rows if row[at] != ZERO]

    def _passed(self, cells: Cells) -> tuple[int, int]:
        """Write the low bits that need no carry; how many there are and the units that reach the next one."""
        units = self.units
        for at in range(len(self.rows[0])):
            column = self._column(self.rows, at)
            live = [bit for bit in column if not bit.is_constant]
            ones = units + len(column) - len(live)
            if self.carry is not None or len(live) > 1 or (live and ones % 2):
                return at, units
            self._drive(cells, self._output(at), live[0] if live else (ONE if ones % 2 else ZERO))
            units = ones // 2
        return len(self.rows[0]), 0

    def _drive(self, cells: Cells, target: str, bit: Bit) -> None:
        if bit.wire is not None:
            cells.lines.append(f"assign {target} = {bit.wire};")
        else:
            cells.lut(target, bit)

    def _binary(self, cells: Cells, rows: Sequence[Row], start: int) -> tuple[list[str], list[str]]:
        propagate, generate = [], []
        for at in range(start, len(self.rows[0])):
            column = self._column(rows, at)
            either = min(column, key=lambda bit: bit.wire is None, default=ZERO) if len(column) == 2 else ZERO
            net_s, net_g = self._lut(cells, at, merged(column, _parity), either)
            propagate.append(net_s)
            generate.append(net_g)
        return propagate, generate

    def _ternary(self, cells: Cells, rows: Sequence[Row], start: int, second: Bit) -> tuple[list[str], list[str]]:
        """The LUT of bit i leaves the column's parity, and its majority for bit i + 1."""
        propagate, generate = [], []
        brought = second
        for at in range(start, len(self.rows[0])):
            column = self._column(rows, at)
            majority = merged(column, _majority) if at + 1 < len(self.rows[0]) else ZERO
            net_s, net_g = self._lut(cells, at, merged([*column, brought], _parity), majority)
            propagate.append(net_s)
            generate.append(str(brought.wire))
            brought = net(net_g) if majority.wire is None else majority
        return propagate, generate

    def _lut(self, cells: Cells, at: int, high: Bit, low: Bit) -> tuple[str, str]:
        """Nets of both functions; the low one shares the high one's LUT."""
        names = high.wire or f"{self.name}_s{at}", low.wire or f"{self.name}_g{at}"
        declared = [name for name, bit in zip(names, (high, low), strict=True) if bit.wire is None]
        if declared:
            cells.lines.append(f"wire {', '.join(declared)};")
        if high.wire is None and low.wire is None:
            assert len(joint(high, low)) <= SHARED_INPUTS, f"{self.name}: bit {at} depends on {joint(high, low)}"
            cells.lut_pair(names[0], high, names[1], low)
        elif declared:
            cells.lut(declared[0], high if high.wire is None else low)
        return names


def _parity(*values: int) -> int:
    return sum(values) % 2


def _majority(*values: int) -> int:
    return int(sum(values) >= 2)
