"""Threshold: what scale, batch norm, Relu and quantiser become together, exactly, whatever the float scales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.kernel import CodeType, Fold, Kernel, Port, Table, settings
from shiftwire.ir.network import Op, Operations, Tensor, Witness
from shiftwire.numbers.fixed import Codes, Fixed


@dataclass(frozen=True, eq=False)
class Threshold(Op):
    """y[..., c] = base[c] + step[c] * count(x[..., c] >= thresholds[c]), on the grid 2**-frac.

    thresholds  (channels, steps), ascending codes on the input's own grid 2**-x_frac; base, step  (channels,).
    A negative step is a falling staircase, a base of -1 with a step of 2 a sign.
    """

    thresholds: Codes
    base: Codes
    step: Codes
    x_frac: int
    frac: int

    def __post_init__(self) -> None:
        channels = self.thresholds.shape[0]
        if self.thresholds.ndim != 2 or self.base.shape != (channels,) or self.step.shape != (channels,):
            raise InputError(
                f"thresholds {self.thresholds.shape}, base {self.base.shape} and step {self.step.shape} do not fit; "
                "give (channels, steps), (channels,) and (channels,)"
            )
        if (np.diff(self.thresholds, axis=1) < 0).any():
            raise InputError("thresholds that fall make no staircase; sort each channel's row")

    def infer(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        channels = self.thresholds.shape[0]
        if x.shape[-1] != channels:
            raise InputError(f"thresholds of {channels} channels cannot read shape {x.shape}; its last axis must match")
        if x.format.frac != self.x_frac:
            raise InputError(
                f"thresholds in steps of 2^{-self.x_frac} cannot read values in steps of 2^{-x.format.frac}; "
                f"write them on the input's grid"
            )
        ends = np.stack([self.base, self.base + self.step * self.thresholds.shape[1]])
        return Tensor(x.shape, Fixed.covering(int(ends.min()), int(ends.max()), self.frac))

    def evaluate(self, inputs: Sequence[Tensor], *codes: Codes) -> Codes:
        channels = self.thresholds.shape[0]
        counts = [np.searchsorted(self.thresholds[c], codes[0][..., c], side="right") for c in range(channels)]
        return self.base + self.step * np.stack(counts, axis=-1)

    def kernels(self, inputs: Sequence[Tensor], output: Tensor, fold: Fold) -> tuple[Kernel, ...]:
        (x,) = inputs
        port = Port(fold.pe, output.size // fold.pe)
        folds, steps = x.shape[-1] // fold.pe, self.thresholds.shape[1]
        ends = (x.format.lo, x.format.hi, int(self.thresholds.min()), int(self.thresholds.max()))
        members = settings(
            beats=port.beats,
            lanes=fold.pe,
            folds=folds,
            steps=steps,
            acc_t=CodeType(output.format.signed_bits),
            wide_t=CodeType(Fixed.covering(min(ends), max(ends), 0).signed_bits),
        )
        rows = self.thresholds.reshape(folds, fold.pe, steps).transpose(0, 2, 1)
        tables = (_table("threshold", rows), _table("base", self.base), _table("step", self.step))
        return (Kernel("threshold", (port,), port, output.format, port.beats, members, tables),)

    def witness(self, index: tuple[int, ...], *codes: Codes) -> Witness:
        channel = index[-1]
        return (("input", codes[0][index].reshape(1)), ("thresholds", self.thresholds[channel]))

    @property
    def weight_bits(self) -> int:
        tables = (self.thresholds, self.base, self.step)
        return sum(_table("", codes).type.bits * codes.size for codes in tables)

    def operations(self, inputs: Sequence[Tensor], output: Tensor) -> Operations:
        uses = output.size * self.thresholds.shape[1]
        return Operations(compares=uses, adds=uses)


def _table(name: str, codes: Codes) -> Table:
    held = Fixed.covering(int(codes.min()), int(codes.max()), 0)
    return Table(name, codes.ravel(), CodeType(held.bits, held.signed))
