"""The multiply unit: the only one whose two factors are both computed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from shiftwire.ir.cfg import Cfg, CodeType, settings
from shiftwire.ir.cost import Array, Cost, lanes_cost, memory
from shiftwire.ir.fold import Port
from shiftwire.ir.module import Module
from shiftwire.ir.nest import Nest, at, every
from shiftwire.ir.unit import MEMORY_CYCLES, Surroundings, Unit
from shiftwire.numbers.fixed import Fixed


@dataclass(frozen=True, eq=False)
class MultiplyUnit(Unit):
    """Beats of `lanes` codes of the format `a`, each times one of `b`: `folds` beats, the same for all `pixels`.

    Those are read with the first pixel and kept for the others; with one pixel every beat meets one of its own.
    """

    function = "multiply"
    multiplies = True
    a: Fixed
    b: Fixed
    format: Fixed
    lanes: int
    folds: int
    pixels: int

    @property
    def read_formats(self) -> tuple[Fixed, ...]:
        return (self.a, self.b)

    @property
    def reads(self) -> tuple[Port, ...]:
        return (self.writes, Port(self.lanes, self.folds))

    @property
    def writes(self) -> Port:
        return Port(self.lanes, self.iterations)

    @property
    def iterations(self) -> int:
        return self.folds * self.pixels

    @cached_property
    def nest(self) -> Nest:
        beats = every(self.iterations)
        return Nest(self.iterations, (at(beats), at(beats[: self.folds])), at(beats))

    @property
    def _kept(self) -> int:
        """Beats of `b` that are kept, at least one."""
        return self.folds if self.pixels > 1 else 1

    @property
    def hls_steps(self) -> int:
        """A memory, then a product, which takes three."""
        return MEMORY_CYCLES + 3

    @cached_property
    def cfg(self) -> Cfg:
        bits = max(self.format.signed_bits, self.a.signed_bits, self.b.signed_bits)
        members = settings(
            iterations=self.iterations, lanes=self.lanes, folds=self._kept, pixels=self.pixels, acc_t=CodeType(bits)
        )
        return Cfg(members)

    @property
    def hls_arrays(self) -> tuple[Array, ...]:
        return (Array(self._kept, self.lanes * self.b.bits),)

    @property
    def cost(self) -> Cost:
        """A LUT for each pair of bits, as for products with integer weights."""
        return lanes_cost(self.lanes, self.a.signed_bits * self.b.signed_bits) + memory(
            self._kept, self.lanes * self.b.bits
        )

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        parameters = {
            "LANES": self.lanes,
            "FOLDS": self._kept,
            "PIXELS": self.pixels,
            "A_BITS": self.a.bits,
            "A_SIGNED": int(self.a.signed),
            "B_BITS": self.b.bits,
            "B_SIGNED": int(self.b.signed),
            "OUT_BITS": self.format.bits,
            "KEPT_BLOCK": around.block(self._kept, self.lanes * self.b.bits),
            "DSP": 0,
        }
        return (Module("sw_multiply", parameters, self.nest, stages=3),)
