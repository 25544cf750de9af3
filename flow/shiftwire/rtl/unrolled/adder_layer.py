"""Adder layers whose weights are wires: y = bias - sum abs(x - w), as sums of minima."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.interval import Interval, adder_interval
from shiftwire.rtl.unrolled.comparator import comparators
from shiftwire.rtl.unrolled.netlist import Netlist
from shiftwire.rtl.unrolled.operand import Minimum, Plain, Word
from shiftwire.rtl.unrolled.reduction import Reduction, Term
from shiftwire.rtl.unrolled.result import Form, Unrolled


def adder_layer(name: str, weights: Codes, x: Fixed, bias: Codes, y: Fixed, *, form: Form) -> Unrolled:
    """y[o] = bias[o] - sum_i abs(x[i] - weights[o, i]) for codes on one grid; weights (out, in), bias (out,).

    abs(x - w) = x + w - 2 min(x, w) on codes that count from the format's lowest; weights outside the format only
    add a constant. Raises InputError where y cannot hold an output.
    """
    reach = adder_interval(weights, x)
    reach = Interval(reach.lo + bias, reach.hi + bias)
    require_holds(name, y, reach)
    return _Layer(name, weights, x, bias, y, form).unrolled(reach)


def require_holds(name: str, y: Fixed, reach: Interval) -> None:
    """Raise InputError for a format that is too narrow for what an output reaches."""
    lo, hi = int(reach.lo.min()), int(reach.hi.max())
    if lo < y.lo or hi > y.hi:
        wanted = Fixed.covering(lo, hi, y.frac)
        raise InputError(f"layer '{name}' reaches {lo}..{hi}, more than {y} holds; give its output format {wanted}")


@dataclass(frozen=True, eq=False)
class _Layer:
    name: str
    weights: Codes
    x: Fixed
    bias: Codes
    y: Fixed
    form: Form

    @property
    def _full(self) -> int:
        return (1 << self.x.bits) - 1

    def unrolled(self, reach: Interval) -> Unrolled:
        netlist = Netlist(self.form)
        clipped = np.clip(self.weights, self.x.lo, self.x.hi)
        beyond = np.abs(self.weights - clipped).sum(axis=1)
        levels = clipped - self.x.lo
        turned = _bits(self._full - levels).sum(axis=0) < _bits(levels).sum(axis=0)
        levels = np.where(turned, self._full - levels, levels)
        inputs = [self._input(netlist, at, bool(turn)) for at, turn in enumerate(turned)]
        formats = [_output_format(int(lo), int(hi)) for lo, hi in zip(reach.lo, reach.hi, strict=True)]
        total = _Total(netlist, inputs, max(code.bits for code in formats))
        minima = [self._minima(netlist, word, levels[:, at]) for at, word in enumerate(inputs)]
        constants = self.bias - beyond - levels.sum(axis=1)
        outputs = [
            total.subtracted(f"y{at}", [column[at] for column in minima], int(constants[at]), code.bits)
            for at, code in enumerate(formats)
        ]
        return self._module(netlist, outputs, formats)

    def _input(self, netlist: Netlist, at: int, turned: bool) -> Word:
        """Input code counted from the format's lowest, or back from its highest, which narrows some minima."""
        sign = (self._full + 1) // 2 if self.x.signed else 0
        bits = self.x.bits
        flips = sign ^ (self._full if turned else 0)
        return netlist.wire(f"u{at}", bits, 0, f"x[{at * bits} +: {bits}]", flips=flips)

    def _minima(self, netlist: Netlist, x: Word, levels: Codes) -> list[Term | None]:
        """min(x, level) of each output, None for the level 0."""
        wanted = [int(level) for level in levels]
        reached = comparators(netlist, x, {level for level in wanted if 0 < level < self._full})
        terms = {level: Term(Minimum(x, bit, level), level) for level, bit in reached.items()}
        terms[self._full] = Term(Plain(x), self._full)
        return [terms.get(level) for level in wanted]

    def _module(self, netlist: Netlist, outputs: list[tuple[Word, Word]], formats: list[Fixed]) -> Unrolled:
        latency = max(high.stage for high, _ in outputs)
        wires = []
        for (high, low), code in zip(outputs, formats, strict=True):
            joined = f"{{{code.bits - 1}'({netlist.at(high, latency).name}), {netlist.at(low, latency).name}}}"
            wires.append(f"{self.y.bits}'(signed'({joined}))" if code.signed else f"{self.y.bits}'({joined})")
        count = self.weights.shape
        head = [
            f"Unrolled adder layer '{self.name}': {count[1]} codes {self.x} in, {count[0]} codes {self.y} out, "
            f"y = bias - sum |x - w|.",
            f"A vector a cycle, latency {latency} cycles. Form {self.form.value}.",
            "Written by shiftwire; specification: flow/shiftwire/ops/weights/adder.py, class Adder.",
        ]
        return netlist.unrolled(self.name, head, (count[1], count[0]), (self.x, self.y), wires, latency=latency)


class _Total:
    """The sum X of all inputs, which every output subtracts, as -X = (X inverted) + 1 - 2**bits.

    Bit 0 of an output is X's or its inverse; the other bits are a sum of half the values.
    """

    def __init__(self, netlist: Netlist, inputs: list[Word], widest: int) -> None:
        full = sum((1 << word.bits) - 1 for word in inputs)
        bits = min(full.bit_length(), widest)
        terms = [Term(Plain(word), (1 << word.bits) - 1) for word in inputs]
        self._netlist = netlist
        total = Reduction(netlist, "total", bits, terms).word()
        self._word = netlist.at(total, total.stage)
        self._high = max(bits - 1, 1)
        source = f"{self._word.name}[{bits - 1}:1]" if bits > 1 else "1'b0"
        flips = ((1 << self._high) - 1) ^ (self._word.flips >> 1)
        self._inverse = netlist.wire("inverse", self._high, self._word.stage, source, flips=flips)
        self._lows: dict[bool, Word] = {}

    def _low(self, inverted: bool) -> Word:
        """Bit 0 as a word."""
        if inverted not in self._lows:
            flip = "~" if inverted != bool(self._word.flips & 1) else ""
            name, source = "even" if inverted else "odd", f"{flip}{self._word.name}[0]"
            self._lows[inverted] = self._netlist.wire(name, 1, self._word.stage, source)
        return self._lows[inverted]

    def subtracted(self, name: str, minima: list[Term | None], constant: int, bits: int) -> tuple[Word, Word]:
        """2 * (sum of minima) - X + constant modulo 2**bits: all bits but the lowest, and the lowest."""
        rest = constant + 1 - (2 << self._high)
        odd = rest % 2
        terms = [Term(Plain(self._inverse), (1 << self._high) - 1), *(term for term in minima if term)]
        half = Reduction(
            self._netlist,
            name,
            bits - 1,
            [term for term in terms if isinstance(term.operand, Plain)],
            [term for term in terms if isinstance(term.operand, Minimum)],
            (rest - odd) // 2 % (1 << (bits - 1)),
            self._low(inverted=True) if odd else None,
        )
        return half.word(), self._low(inverted=not odd)


def _bits(codes: Codes) -> Codes:
    """Bit length of each code."""
    lengths: Codes = np.frexp(codes)[1].astype(np.int64)
    return lengths


def _output_format(lo: int, hi: int) -> Fixed:
    """What holds an output's codes in two bits or more."""
    format_ = Fixed.covering(lo, hi, 0)
    return Fixed(max(format_.bits, 2), 0, format_.signed)
