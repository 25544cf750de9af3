"""In which order a matrix-vector unit works, and which iterations it leaves out: those whose weights are all zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from shiftwire.ir.cost import Cost, rom
from shiftwire.ir.module import Memory, Parameter, one_word
from shiftwire.ir.weights import Bits, Weights
from shiftwire.numbers.fixed import Codes


@dataclass(frozen=True, eq=False)
class Steps:
    """How many iterations each beat is at work in each neuron fold, (folds, synapses); none where it is left out."""

    counts: Codes

    @property
    def cycles(self) -> int:
        """Iterations of a position."""
        return int(self.counts.sum())

    @property
    def fold_starts(self) -> Codes:
        """First iteration of each neuron fold."""
        lengths: Codes = self.counts.sum(axis=1)
        return np.cumsum(lengths) - lengths

    @property
    def is_listed(self) -> bool:
        """Whether those of a fold differ, so that a list has their order, and no counters."""
        return bool((self.counts != self.counts[:, :1]).any())

    @property
    def further(self) -> Codes:
        """0 for each iteration that another of its synapse follows, else how many synapses further the next one is.

        Of a position, or of a synapse where all are alike.
        """
        further = np.diff(self._synapses, append=self.counts.size)
        return further[: self.counts[0, 0]] if (self.counts == self.counts[0, 0]).all() else further

    @cached_property
    def _synapses(self) -> Codes:
        """That of each iteration, numbered over all neuron folds."""
        return np.repeat(np.arange(self.counts.size), self.counts.ravel())

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Of the module: how many terms each fold has, or how the list begins that tells what follows."""
        if not self.is_listed:
            term_bits = int(self.counts.max()).bit_length()
            return {"TERM_BITS": term_bits, "FOLD_TERMS": one_word(self.counts[:, 0], term_bits)}
        (listed,) = self.memories
        first, second = listed.fields[-2:, 0].tolist()
        return {"LIST_BITS": listed.bits, "FIRST": first, "SECOND": second, "LIST_BLOCK": listed.in_block}

    @property
    def memories(self) -> tuple[Memory, ...]:
        """For each iteration what the one after the next is: {ends its fold, ends its synapse, the synapse's place}."""
        if not self.is_listed:
            return ()
        fold, place = np.divmod(self._synapses, self.counts.shape[1])
        ends_fold, ends_synapse = (np.diff(each, append=-1) != 0 for each in (fold, self._synapses))
        words = place | (ends_synapse | ends_fold << 1) << self._place_bits
        return (Memory("list", np.roll(words, -2)[:, None], self._place_bits + 2, parameter="LIST"),)

    @property
    def _place_bits(self) -> int:
        return max((self.counts.shape[1] - 1).bit_length(), 1)

    @property
    def cost(self) -> Cost:
        """Of the list, which stays where it is."""
        return replace(rom(self.cycles, self._place_bits + 2), stores=()) if self.is_listed else Cost()


@dataclass(frozen=True, eq=False)
class Order:
    """Filters (out,) as they come in neuron folds, `groups` of them with inputs of their own; and what works.

    kept  (folds, synapses, terms), the iterations of a position.
    """

    filters: Codes
    kept: Bits
    groups: int

    @cached_property
    def steps(self) -> Steps:
        """The iterations of a position."""
        return Steps(self.kept.sum(axis=2))

    @property
    def is_sorted(self) -> bool:
        """Whether filters have places that are not their own, so that a unit behind has to restore them."""
        return bool((self.filters != np.arange(len(self.filters))).any())

    @property
    def beats(self) -> int:
        """Iterations in which the unit behind reads and writes a position, where there is one."""
        return 2 * len(self.kept) if self.is_sorted else 0


def whole(weights: Weights, groups: int, pe: int, synapses: int) -> Order:
    """Every iteration, filters of few terms first, so that those of a neuron fold share k."""
    per_group = weights.filter_terms.reshape(groups, -1)
    inside = np.argsort(per_group, axis=1, kind="stable")
    filters = (inside + np.arange(groups)[:, None] * per_group.shape[1]).ravel()
    terms = weights.filter_terms[filters].reshape(-1, 1, pe).max(axis=2)
    reads = np.arange(terms.max()) < np.repeat(terms, synapses, axis=1)[:, :, None]
    return Order(filters, reads, groups)


def shorter(weights: Weights, every: Order) -> tuple[Order, ...]:
    """The same without idle iterations, in the same order and in one that has more of them; none where few are idle."""
    folds, synapses, _ = every.kept.shape
    if not weights.skips_zeros or synapses == 1 or folds == every.groups:
        return ()
    filters, taps = weights.live.shape[1:]
    most = (1 - LEAST_SAVING) * every.steps.cycles * filters // folds
    if np.count_nonzero(weights.live) > most * taps // synapses:
        return ()
    live = weights.live.reshape(-1, filters, synapses, taps // synapses).any(axis=-1)
    if np.count_nonzero(live) > most:
        return ()
    pe = filters // folds
    orders = (every.filters, *(_clustered(live, every.groups, pe, nearest) for nearest in (_in_lanes, _in_any_lane)))
    return tuple(Order(order, _kept(live[:, order], folds, every.groups), every.groups) for order in orders)


LEAST_SAVING = 1 / 8
"""Of cycles, or of cycles times LUTs: smaller ones are not worth a memory of their own."""


def _kept(live: Bits, folds: int, groups: int) -> Bits:
    """Of weights (terms, filters, synapses) as they come."""
    terms, filters, synapses = live.shape
    kept: Bits = live.reshape(terms, folds, filters // folds, synapses).any(axis=2).transpose(1, 2, 0).copy()
    by_group = kept.reshape(groups, folds // groups, synapses, terms)
    # inputs come while the first fold works, and a bias leaves without any weights
    by_group[:, 0, :, 0] |= ~by_group[:, 0].any(axis=-1)
    kept[:, -1, 0] |= ~kept.any(axis=(1, 2))
    # the next group's first input is stored while a group's last one is read, so it needs another place
    by_group[:, -1, -1, 0] |= ~by_group[:, -1, 1:].any(axis=(1, 2))
    return kept


Nearest = Callable[[npt.NDArray[np.float32], int], Codes]
"""So many filters of the least of what each adds, infinity for those that are none any more."""


def _in_any_lane(adds: npt.NDArray[np.float32], pe: int) -> Codes:
    return np.argsort(adds, kind="stable")[:pe]


def _in_lanes(adds: npt.NDArray[np.float32], pe: int) -> Codes:
    """One of each lane, so that a filter keeps its own and putting them back is cheap."""
    rows: Codes = adds.reshape(-1, pe).argmin(axis=0)
    return rows * pe + np.arange(pe)


def _clustered(live: Bits, groups: int, pe: int, nearest: Nearest) -> Codes:
    """Filters in an order that brings like ones together, inside their group."""
    size = live.shape[1] // groups
    needs = np.moveaxis(live, 1, 0).reshape(groups, size, -1)
    return np.concatenate([group * size + _group(own, pe, nearest) for group, own in enumerate(needs)])


def _group(live: Bits, pe: int, nearest: Nearest) -> Codes:
    """To the fullest that is left those that add least to it; the fold that is whole anyhow has the fullest of all.

    live  (filters, what they need).
    """
    size = live.sum(axis=1, dtype=np.float32)
    if pe == 1:
        return np.roll(np.argsort(np.arange(len(live)) == size.argmax(), kind="stable"), 1)
    shared = live.astype(np.float32) @ live.T.astype(np.float32)
    folds: list[Codes] = []
    gone, fullness = np.zeros(len(live), np.float32), size / (live.shape[1] + 1)
    for _ in range(len(live) // pe):
        seed = int((size - gone).argmax())
        folds.append(nearest(size - shared[seed] - fullness + gone, pe))
        gone[folds[-1]] = np.inf
    return np.concatenate(folds)
