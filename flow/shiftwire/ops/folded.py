"""Folding of layers with weights: which filters share a cycle, and the ROM in the order of the cycles."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from shiftwire.ir.bias import Bias
from shiftwire.ir.kernel import CodeType, Fold, Kernel, Port, Setting, Table, settings
from shiftwire.ir.weights import Weights
from shiftwire.numbers.fixed import Codes, Fixed


@dataclass(frozen=True, eq=False)
class Sums:
    """What a unit computes: weights and bias on inputs of the format `x`, sums of the format `made`."""

    weights: Weights
    bias: Bias
    x: Fixed
    made: Fixed

    def settings(self) -> tuple[Setting, ...]:
        """Cfg members that both units have: the lane and the widths behind it."""
        ends = self.weights.reach(self.x)
        total = self.weights.interval(self.x).format(0)
        widest = Fixed.covering(min(int(ends.lo.min()), total.lo), max(int(ends.hi.max()), total.hi), 0)
        return (
            *settings(sum_t=CodeType(widest.signed_bits)),
            *self.weights.settings(self.x),
            *self.bias.settings(self.weights.frac(self.x), self.made),
        )

    def tables(self, rom: Codes, terms: Codes, order: slice | Codes = slice(None)) -> tuple[Table, ...]:
        """ROM codes in the order of the cycles, the bias in that of the filters, and k of each neuron fold."""
        counts = CodeType(int(terms.max()).bit_length(), signed=False)
        return (
            Table("weight", rom, self.weights.type),
            self.bias.table(self.made.frac, order),
            Table("fold_terms", terms, counts),
        )


@dataclass(frozen=True, slots=True)
class Places:
    """How often a unit works in a frame: `positions` times over `groups` of filters."""

    positions: int
    groups: int = 1


def filter_order(terms: Codes, groups: int) -> Codes:
    """Filters (out,) sorted by k inside each group, so that those of a neuron fold share k; stable."""
    per_group = terms.reshape(groups, -1)
    inside = np.argsort(per_group, axis=1, kind="stable")
    return (inside + np.arange(groups)[:, None] * per_group.shape[1]).ravel()


def fold_terms(weights: Weights, places: Places, pe: int) -> Codes:
    """k of each neuron fold, (groups * neuron folds,)."""
    order = filter_order(weights.filter_terms, places.groups)
    most: Codes = weights.filter_terms[order].reshape(-1, pe).max(axis=1)
    return most


def matrix_cycles(weights: Weights, places: Places, fold: Fold) -> int:
    """Iterations of the matrix-vector unit in a frame, and of the unit that restores the filters' order."""
    synapses = prod(weights.shape[1:]) // fold.simd
    cycles = places.positions * synapses * int(fold_terms(weights, places, fold.pe).sum())
    is_mixed = np.ptp(weights.filter_terms) > 0
    return max(cycles, 2 * places.positions * weights.shape[0] // fold.pe) if is_mixed else cycles


def vector_cycles(weights: Weights, positions: int, fold: Fold) -> int:
    """Iterations of the vector-vector unit in a frame."""
    terms = weights.filter_terms.reshape(-1, fold.pe).max(axis=1)
    return positions * (prod(weights.shape[1:]) // fold.simd) * int(terms.sum())


def matrix_kernels(sums: Sums, places: Places, fold: Fold) -> tuple[Kernel, ...]:
    """The matrix-vector unit, and behind it the filters' own order where k differs between them."""
    weights = sums.weights
    order = filter_order(weights.filter_terms, places.groups)
    neurons = weights.shape[0] // places.groups // fold.pe
    terms = fold_terms(weights, places, fold.pe)
    synapses = prod(weights.shape[1:]) // fold.simd
    # (terms, groups * neurons, pe, synapses, simd) -> (groups * neurons, synapses, terms, pe, simd)
    shape = (-1, places.groups * neurons, fold.pe, synapses, fold.simd)
    planes = weights.planes[:, order].reshape(shape).transpose(1, 3, 0, 2, 4)
    rom = np.concatenate([planes[n, :, : terms[n]].reshape(-1) for n in range(len(terms))])
    ends = weights.reach(sums.x)
    lowest, highest = (end[:, order].reshape(shape).sum(axis=-1) for end in (ends.lo, ends.hi))
    members = settings(
        positions=places.positions,
        groups=places.groups,
        neuron_folds=neurons,
        synapse_folds=synapses,
        pe=fold.pe,
        simd=fold.simd,
        cycles=synapses * int(terms.sum()),
        part_t=CodeType(Fixed.covering(int(lowest.min()), int(highest.max()), 0).signed_bits),
    )
    unit = Kernel(
        "mvu",
        (Port(fold.simd, places.positions * places.groups * synapses),),
        Port(fold.pe, places.positions * places.groups * neurons),
        sums.made,
        places.positions * synapses * int(terms.sum()),
        members + sums.settings(),
        sums.tables(rom, terms, order),
    )
    return (unit, *_restored(order, unit, places.positions))


def vector_kernel(sums: Sums, positions: int, fold: Fold) -> Kernel:
    """The unit of depthwise layers: a beat brings `simd` taps of `pe` channels."""
    weights = sums.weights
    blocks = weights.shape[0] // fold.pe
    terms = weights.filter_terms.reshape(-1, fold.pe).max(axis=1)
    synapses = prod(weights.shape[1:]) // fold.simd
    planes = weights.planes.reshape(-1, blocks, fold.pe, synapses, fold.simd).transpose(1, 3, 0, 4, 2)
    rom = np.concatenate([planes[n, :, : terms[n]].reshape(-1) for n in range(blocks)])
    members = settings(
        positions=positions,
        neuron_folds=blocks,
        synapse_folds=synapses,
        pe=fold.pe,
        simd=fold.simd,
        cycles=synapses * int(terms.sum()),
    )
    return Kernel(
        "vvu",
        (Port(fold.simd * fold.pe, positions * blocks * synapses),),
        Port(fold.pe, positions * blocks),
        sums.made,
        positions * synapses * int(terms.sum()),
        members + sums.settings(),
        sums.tables(rom, terms),
    )


def _restored(order: Codes, unit: Kernel, positions: int) -> tuple[Kernel, ...]:
    """Nothing where the filters kept their order."""
    if (order == np.arange(len(order))).all():
        return ()
    return (reorder_kernel(np.argsort(order), unit.writes, unit.made, positions),)


def reorder_kernel(source: Codes, port: Port, made: Fixed, packets: int) -> Kernel:
    """Codes of each of `packets` leave as code source[i] at place i."""
    index = CodeType(max(int(source.max()).bit_length(), 1), signed=False)
    members = settings(packets=packets, size=len(source))
    cycles = 2 * port.beats
    return Kernel("reorder", (port,), port, made, cycles, members, (Table("source", source, index),))
