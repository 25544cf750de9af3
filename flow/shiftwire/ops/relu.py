"""Relu: the larger of a code and 0."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shiftwire.ir.cfg import Cfg, settings
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.module import Module
from shiftwire.ir.network import Op, Operations, Tensor, Witness
from shiftwire.ir.unit import BeatUnit, Surroundings, Unit, plain_lane_lut
from shiftwire.numbers.fixed import Codes, Fixed


@dataclass(frozen=True, eq=False)
class ReluUnit(BeatUnit):
    """y = max(x, 0), lane by lane."""

    function = "relu"

    @cached_property
    def cfg(self) -> Cfg:
        return Cfg(settings(iterations=self.iterations, lanes=self.port.lanes))

    def modules(self, around: Surroundings) -> tuple[Module, ...]:
        return (Module("sw_relu", {"LANES": self.port.lanes, **self.formats}, self.nest),)


@dataclass(frozen=True, slots=True)
class Relu(Op):
    """y = max(x, 0): the result is unsigned, one bit narrower than a signed input."""

    unit_types = (ReluUnit,)

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        return Tensor(x.shape, Fixed.covering(0, x.format.hi, x.format.frac))

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        return np.maximum(codes[0], 0)

    def units(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Unit, ...]:
        port = Port.of(output.size, fold.pe)
        return (ReluUnit(port, inputs[0].format, output.format, lane_lut=plain_lane_lut(output.format)),)

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        return (("input", codes[0][index].reshape(1)),)

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        return Operations(compares=output.size)
