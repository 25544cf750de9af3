"""Trees of ternary adders: level by level, two sums and a minimum, or three sums, become one."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from shiftwire.rtl.unrolled.netlist import Netlist
from shiftwire.rtl.unrolled.operand import Minimum, Operand, Plain, Word


@dataclass(frozen=True, slots=True)
class Term:
    """An unsigned operand and the largest value it takes; a sum that wraps has the largest of its width."""

    operand: Operand
    largest: int

    @property
    def stage(self) -> int:
        """The stage at which its latest word is there."""
        return max(word.stage for word in self.operand.words)


@dataclass
class Reduction:
    """The sum of `plain` and `minima` plus constant and carry modulo 2**bits, in words named `<name>_<n>`.

    A LUT of a ternary adder has room for one minimum beside two sums, that of a pair for two minima and a constant.
    """

    netlist: Netlist
    name: str
    bits: int
    plain: list[Term]
    minima: list[Term] = field(default_factory=list)
    constant: int = 0
    carry: Word | None = None
    numbers: count[int] = field(default_factory=count)

    def word(self) -> Word:
        """The sum; `plain` holds at least one term."""
        self.plain.sort(key=_order)
        self.minima.sort(key=_order)
        self._pair()
        stage = min(term.stage for term in self.plain)
        while not self._is_done:
            self._level([term for term in self.plain if term.stage <= stage])
            stage += 1
        return self.plain[0].operand.words[0]

    @property
    def _is_done(self) -> bool:
        return len(self.plain) == 1 and not self.minima and not self.constant and self.carry is None

    def _pair(self) -> None:
        """Pair as few minima, the narrowest, as later adders need sums to put beside the other minima."""
        minima = len(self.minima)
        pairs = -(-(minima - 1) // 3) if minima else 0
        has_room = (3 * pairs - minima) % 2 == 1
        for last in reversed(range(pairs)):
            self._add(self.minima[:2], with_constant=last == 0 and not has_room)

    def _level(self, ready: list[Term]) -> None:
        while len(ready) > 1:
            taken, ready = ready[:2], ready[2:]
            if self.minima:
                taken.append(self.minima[0])
            elif ready and not (self.constant and len(self.plain) % 2 == 0):
                taken.append(ready.pop(0))
            self._add(taken, with_constant=len(taken) == 2)
        if ready and self.minima and (self.constant or len(self.plain) == 1):
            self._add([ready[0], self.minima[0]], with_constant=True)
        elif ready and len(self.plain) == 1 and not self._is_done and self.plain[0] is ready[0]:
            self._add(ready, with_constant=True)

    def _add(self, terms: list[Term], with_constant: bool) -> None:
        for term in terms:
            (self.minima if isinstance(term.operand, Minimum) else self.plain).remove(term)
        constant = self.constant if with_constant else 0
        self.constant -= constant
        is_last = not (self.plain or self.minima or self.constant)
        carry = self.carry if is_last else None
        self.carry = None if is_last else self.carry
        largest = min(sum(term.largest for term in terms) + constant + (carry is not None), (1 << self.bits) - 1)
        width = max(largest.bit_length(), 1)
        word = self.netlist.sum(
            f"{self.name}_{next(self.numbers)}", [t.operand for t in terms], width, constant=constant, carry=carry
        )
        self.plain.append(Term(Plain(word), largest))
        self.plain.sort(key=_order)


def _order(term: Term) -> tuple[int, int]:
    return term.stage, term.largest
