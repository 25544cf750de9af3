"""Linear layers whose weights are wires: y = bias + rows @ x, as shared sums on ternary adders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, count

from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.interval import Interval, linear_interval
from shiftwire.rtl.unrolled.adder_graph import AdderGraph, Term, adder_graph
from shiftwire.rtl.unrolled.adder_layer import require_holds
from shiftwire.rtl.unrolled.netlist import Netlist
from shiftwire.rtl.unrolled.operand import Plain, Word
from shiftwire.rtl.unrolled.result import Form, Unrolled


def linear_layer(name: str, rows: Codes, x: Fixed, bias: Codes, y: Fixed, *, form: Form) -> Unrolled:
    """y[o] = bias[o] + sum_i rows[o, i] * x[i] for integer rows (out, in) and biases (out,), codes in and out.

    Raises InputError where y cannot hold an output, ToolError where alkaid is missing.
    """
    reach = linear_interval(rows, x)
    require_holds(name, y, Interval(reach.lo + bias, reach.hi + bias))
    return _Layer(name, adder_graph(rows, x), x, [int(code) for code in bias], y, form).unrolled()


@dataclass(frozen=True, slots=True)
class _Part:
    """sign * word * 2**shift = weights @ x + offset."""

    word: Word
    shift: int
    sign: int
    weights: tuple[int, ...]
    offset: int = 0

    def entering(self, term: Term) -> _Part:
        weights = tuple(term.sign * (weight << term.shift) for weight in self.weights)
        return _Part(self.word, self.shift + term.shift, self.sign * term.sign, weights)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Two or three parts as one sum, all signs turned where `turned`, on the grid of the finest."""

    parts: tuple[_Part, ...]
    turned: bool
    x: Fixed
    limit: int
    constant: int = 0

    @property
    def shift(self) -> int:
        return 0 if self.constant else min(part.shift for part in self.parts)

    @property
    def weights(self) -> tuple[int, ...]:
        return tuple(sum(column) for column in zip(*(part.weights for part in self.parts), strict=True))

    @property
    def offset(self) -> int:
        return self.constant + sum(part.offset for part in self.parts)

    @property
    def format(self) -> Fixed:
        """Of the word: the sum's own range, as far as the whole sum needs it."""
        lo, hi = _reach(self.weights, self.x)
        lo, hi = (lo + self.offset) >> self.shift, (hi + self.offset) >> self.shift
        whole = Fixed.covering(-hi, -lo, 0) if self.turned else Fixed.covering(lo, hi, 0)
        return Fixed(min(whole.bits, self.limit - self.shift), 0, whole.signed)

    def is_negative(self, part: _Part) -> bool:
        return (part.sign < 0) != self.turned

    @property
    def negatives(self) -> int:
        return sum(self.is_negative(part) for part in self.parts)

    @property
    def cost(self) -> tuple[int, int]:
        """LUTs of the chain, which starts where two parts overlap or a negative one begins; then the width."""
        parts = sorted(self.parts, key=lambda part: part.shift)
        start = parts[0].shift if self.is_negative(parts[0]) or len(parts) == 1 else parts[1].shift
        return self.format.bits - (start - self.shift), self.format.bits


def _without(parts: Sequence[_Part], taken: Sequence[_Part]) -> list[_Part]:
    """All but those very parts: a sum may hold equal ones."""
    return [part for part in parts if not any(part is one for one in taken)]


def _reach(weights: Sequence[int], x: Fixed) -> tuple[int, int]:
    lo = sum(weight * (x.lo if weight > 0 else x.hi) for weight in weights)
    hi = sum(weight * (x.hi if weight > 0 else x.lo) for weight in weights)
    return lo, hi


class _Adding:
    """One sum of parts and a constant, level by level."""

    def __init__(self, netlist: Netlist, name: str, x: Fixed, constant: int) -> None:
        self._netlist = netlist
        self._name = name
        self._x = x
        self._constant = constant
        self._limit = 0
        self._numbers = count()

    def part(self, parts: Sequence[_Part], is_output: bool) -> _Part:
        """The sum; an output's is a word that counts from bit 0 or above, never negative."""
        parts = list(parts)
        stage = min(part.word.stage for part in parts)
        self._limit = self._bits(parts, is_output)
        while len(parts) > 1 or self._constant or (is_output and parts[0].sign < 0):
            ready = [part for part in parts if part.word.stage <= stage]
            for chosen in self._chosen(ready, len(parts), is_output):
                parts = _without(parts, chosen.parts)
                parts.append(self._add(chosen))
            stage += 1
        return parts[0]

    def _bits(self, parts: Sequence[_Part], is_output: bool) -> int:
        """Of the whole sum, either sign of it where its readers may take either."""
        weights = [sum(column) for column in zip(*(part.weights for part in parts), strict=True)]
        lo, hi = (code + self._constant for code in _reach(weights, self._x))
        turned = 0 if is_output else Fixed.covering(-hi, -lo, 0).bits
        return max(Fixed.covering(lo, hi, 0).bits, turned)

    def _chosen(self, ready: list[_Part], pending: int, is_output: bool) -> list[_Candidate]:
        """What one level adds: triples, and a pair where the number of parts or the constant needs one."""
        chosen = []
        while ready:
            size = self._size(len(ready), pending)
            if not size:
                break
            constant = self._constant if size < 3 else 0
            final = is_output and pending == size and constant == self._constant
            best = self._best(ready, size, constant, final)
            if best is None:
                size, constant, final = 2, 0, False
                best = self._best(ready, size, constant, final)
                assert best is not None
            self._constant -= best.constant
            ready = _without(ready, best.parts)
            pending -= size - 1
            chosen.append(best)
        return chosen

    def _size(self, ready: int, pending: int) -> int:
        if pending == 1:
            return 1
        needs_pair = (pending + bool(self._constant)) % 2 == 0 or (self._constant and pending < 3)
        if ready >= 2 and (needs_pair or pending == 2):
            return 2
        return 3 if ready >= 3 else 0

    def _best(self, ready: list[_Part], size: int, constant: int, final: bool) -> _Candidate | None:
        turns = (False,) if final or constant else (False, True)
        candidates = [
            _Candidate(parts, turned, self._x, self._limit, constant)
            for parts in combinations(ready, size)
            for turned in turns
        ]
        possible = [one for one in candidates if constant or one.negatives <= 2]
        return min(possible, key=lambda one: one.cost, default=None)

    def _add(self, chosen: _Candidate) -> _Part:
        shift, form = chosen.shift, chosen.format
        operands = [Plain(part.word, part.shift - shift, chosen.is_negative(part)) for part in chosen.parts]
        name = f"{self._name}_{next(self._numbers)}"
        word = self._netlist.sum(name, operands, form.bits, constant=chosen.constant, signed=form.signed)
        return _Part(word, shift, -1 if chosen.turned else 1, chosen.weights, chosen.offset)


@dataclass(frozen=True, eq=False)
class _Layer:
    name: str
    graph: AdderGraph
    x: Fixed
    bias: list[int]
    y: Fixed
    form: Form

    def unrolled(self) -> Unrolled:
        netlist = Netlist(self.form)
        parts = {at: self._input(netlist, at) for at in range(self.graph.inputs)}
        for node, terms in sorted(self.graph.sums.items()):
            entering = [parts[term.node].entering(term) for term in terms]
            parts[node] = _Adding(netlist, f"s{node}", self.x, 0).part(entering, is_output=False)
        outputs = []
        for at, terms in enumerate(self.graph.outputs):
            entering = [parts[term.node].entering(term) for term in terms]
            adding = _Adding(netlist, f"y{at}", self.x, self.bias[at])
            outputs.append(adding.part(entering, is_output=True) if terms else None)
        return self._module(netlist, outputs)

    def _input(self, netlist: Netlist, at: int) -> _Part:
        bits = self.x.bits
        word = netlist.wire(f"x{at}", bits, 0, f"x[{at * bits} +: {bits}]", signed=self.x.signed)
        return _Part(word, 0, 1, tuple(int(at == other) for other in range(self.graph.inputs)))

    def _module(self, netlist: Netlist, outputs: Sequence[_Part | None]) -> Unrolled:
        latency = max((part.word.stage for part in outputs if part), default=0)
        wires = []
        for part, bias in zip(outputs, self.bias, strict=True):
            if part is None:
                wires.append(f"{self.y.bits}'d{bias % (1 << self.y.bits)}")
            else:
                late = Plain(netlist.at(part.word, latency), part.shift)
                wires.append(late.text(self.y.bits))
        sizes = (self.graph.inputs, len(outputs))
        head = [
            f"Unrolled linear layer '{self.name}': {sizes[0]} codes {self.x} in, {sizes[1]} codes {self.y} out, "
            "y = bias + rows x; sums shared by alkaid.",
            f"A vector a cycle, latency {latency} cycles. Form {self.form.value}.",
            "Written by shiftwire; specification: flow/shiftwire/ops/weights/shift.py, class Shift.",
        ]
        return netlist.unrolled(self.name, head, sizes, (self.x, self.y), wires, latency=latency)
