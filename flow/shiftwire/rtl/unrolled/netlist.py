"""One module in the making: wires, registers that keep words level, sums and comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from shiftwire.numbers.fixed import Fixed
from shiftwire.rtl.unrolled.bit import Bit
from shiftwire.rtl.unrolled.cells import SHARED_INPUTS, Cells, joint
from shiftwire.rtl.unrolled.chain import Chain
from shiftwire.rtl.unrolled.operand import Operand, Word, constant_row
from shiftwire.rtl.unrolled.result import Form, Unrolled


class Netlist:
    """Every sum and comparison ends in a register; a word is delayed as often as its readers ask."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._wires: list[str] = []
        self._registers: list[tuple[str, int, str]] = []
        self._reaches: dict[Word, list[int]] = {}
        self._sums: dict[tuple[object, ...], Word] = {}
        self._cells = Cells()

    @property
    def is_generic(self) -> bool:
        """Whether sums are operators that any tool reads, and not primitives."""
        return self._form is Form.GENERIC

    def wire(self, name: str, bits: int, stage: int, source: str, *, flips: int = 0, signed: bool = False) -> Word:
        """The word `source` with the bits of `flips` inverted, which a LUT does for nothing."""
        flip = f" ^ {bits}'d{flips}" if flips and self.is_generic else ""
        self._wires.append(f"wire [{bits - 1}:0] {name} = {source}{flip};")
        return self._known(Word(name, bits, stage, signed, 0 if self.is_generic else flips))

    def register(self, name: str, bits: int, stage: int, source: str, signed: bool = False) -> Word:
        """The word that `source` is one cycle later: `stage` is that of the word, not of its source."""
        self._registers.append((name, bits, source))
        return self._known(Word(name, bits, stage, signed))

    def _known(self, word: Word) -> Word:
        self._reaches[word] = [0]
        return word

    def at(self, word: Word, stage: int, reach: int | None = None) -> Word:
        """The word at a later stage; `reach` of its low bits are read there."""
        later = stage - word.stage
        reaches = self._reaches[word]
        reaches.extend([0] * (later + 1 - len(reaches)))
        wanted = word.bits if reach is None else reach
        reaches[: later + 1] = [max(wanted, known) for known in reaches[: later + 1]]
        return Word(f"{word.name}_d{later}", word.bits, stage, word.signed, word.flips) if later else word

    def sum(
        self, name: str, operands: Sequence[Operand], bits: int, *, constant: int = 0, carry: Word | None = None,
        signed: bool = False,
    ) -> Word:  # fmt: skip
        """Operands + constant + carry modulo 2**bits, registered; an equal sum that exists already is taken."""
        operands = [operand for operand in operands if min(operand.reach(bits)) > 0]
        key = (tuple(sorted(map(repr, operands))), bits, constant, carry)
        if key in self._sums:
            return self._sums[key]
        words = [word for operand in operands for word in operand.words] + ([carry] if carry else [])
        stage = max(word.stage for word in words)
        rows = [self._level(operand, bits, stage) for operand in operands]
        late = self.at(carry, stage) if carry else None
        source = self._generic if self.is_generic else self._xilinx
        done = self.register(name, bits, stage + 1, source(name, rows, bits, constant, late), signed)
        self._sums[key] = done
        return done

    def reached(self, word: Word, name: str, bit: Bit, threshold: int) -> Word:
        """The registered bit [word >= threshold]; `bit` says it in nets."""
        self.at(word, word.stage)
        if self.is_generic:
            return self.register(name, 1, word.stage + 1, f"{word.name} >= {word.bits}'d{threshold}")
        return self.register(name, 1, word.stage + 1, self.driven(name, bit))

    def driven(self, name: str, bit: Bit) -> str:
        """The net that carries a bit; what drives `<name>_y` follows in `luts`."""
        return bit.wire or f"{name}_y"

    def luts(self, functions: dict[str, Bit]) -> None:
        """Drive `<name>_y` of each function that needs a LUT, two to a LUT where five nets do for both."""
        left = {f"{name}_y": bit for name, bit in functions.items() if bit.wire is None}
        if left:
            self._cells.lines.append(f"wire {', '.join(left)};")
        while left:
            # two of one LUT must not wait for each other
            level = {name: bit for name, bit in left.items() if not left.keys() & set(bit.nets)}
            left = {name: bit for name, bit in left.items() if name not in level}
            self._pack(level)

    def _pack(self, left: dict[str, Bit]) -> None:
        for first, second in combinations(list(left), 2):
            if first in left and second in left and len(joint(left[first], left[second])) <= SHARED_INPUTS:
                self._cells.lut_pair(first, left.pop(first), second, left.pop(second))
        for name, bit in left.items():
            self._cells.lut(name, bit)

    def _level(self, operand: Operand, bits: int, stage: int) -> Operand:
        reaches = operand.reach(bits)
        return operand.moved(
            tuple(self.at(word, stage, reach) for word, reach in zip(operand.words, reaches, strict=True))
        )

    def _generic(self, name: str, rows: Sequence[Operand], bits: int, constant: int, carry: Word | None) -> str:
        added = [row.text(bits) for row in rows if not row.is_negative]
        added += [f"{bits}'d{constant % (1 << bits)}"] if constant % (1 << bits) else []
        added += [f"{bits}'({carry.name})"] if carry else []
        # yosys takes a minus in front of a cast for a part of its size
        taken = "".join(f" - {row.text(bits)}" for row in rows if row.is_negative)
        return (" + ".join(added) or f"{bits}'d0") + taken

    def _xilinx(self, name: str, rows: Sequence[Operand], bits: int, constant: int, carry: Word | None) -> str:
        units = sum(row.is_negative for row in rows)
        bit_rows = [row.row(bits) for row in rows]
        if constant % (1 << bits):
            bit_rows.append(constant_row(constant + units, bits))
            units = 0
        self._cells.lines.append(f"wire [{bits - 1}:0] {name}_y;")
        late = carry.bit(0).wire if carry else None
        Chain(name, tuple(bit_rows), units, late).emit(self._cells)
        return f"{name}_y"

    def unrolled(self, name: str, head: Sequence[str], sizes: tuple[int, int], formats: tuple[Fixed, Fixed],
                 outputs: Sequence[str], *, latency: int) -> Unrolled:  # fmt: skip
        """The module; `outputs` are expressions of y's width, output 0 first."""
        x, y = formats
        text = [
            *(f"// {line}" for line in head),
            f"module {name} (",
            "    input logic clk,",
            f"    input logic [{sizes[0] * x.bits - 1}:0] x,",
            f"    output logic [{sizes[1] * y.bits - 1}:0] y",
            ");",
            *(f"  {line}" for line in self._body()),
            *(f"  assign y[{at * y.bits} +: {y.bits}] = {output};" for at, output in enumerate(outputs)),
            "endmodule",
        ]
        return Unrolled(name, "\n".join(text) + "\n", latency, *sizes, x, y, self._form)

    def _body(self) -> Iterator[str]:
        registers = [*self._registers, *self._delayed()]
        yield from (f"logic [{bits - 1}:0] {name};" for name, bits, _ in registers)
        yield from self._wires
        yield from self._unread()
        if self._cells.unused:
            yield f"wire [{self._cells.unused - 1}:0] unused;"
        yield from self._cells.lines
        if registers:
            yield "always_ff @(posedge clk) begin"
            yield from (f"  {name} <= {source};" for name, _, source in registers)
            yield "end"
        else:
            yield "wire unused_clk = clk;"

    def _delayed(self) -> Iterator[tuple[str, int, str]]:
        for word, reaches in self._reaches.items():
            source, width = word.name, word.bits
            for at, reach in enumerate(reaches[1:], start=1):
                yield f"{word.name}_d{at}", reach, source if reach == width else f"{source}[{reach - 1}:0]"
                source, width = f"{word.name}_d{at}", reach

    def _unread(self) -> Iterator[str]:
        """Say of bits that no sum reads that this is meant."""
        for word, (reach, *_) in self._reaches.items():
            if reach < word.bits:
                yield f"wire [{word.bits - reach - 1}:0] unused_{word.name} = {word.name}[{word.bits - 1}:{reach}];"
