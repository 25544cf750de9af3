"""Units that sum packed codes: for which instructions of a processor, and with which weights and biases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod

import numpy as np

from shiftwire.ir.cfg import Cfg, CodeType, Element, HostType, Table
from shiftwire.ir.unit import Unit
from shiftwire.native.elements import BYTE, HALF, HALVES, MOST_IN_HALVES, Packed, table_of, with_members
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.tools.host_cpp import Processor
from shiftwire.units.sums.dot_product import DotProduct
from shiftwire.units.sums.matrix import MatrixUnit
from shiftwire.units.sums.vector import VectorUnit

MOST_SUMMED = ((1 << 31) - 1) // 255**2
"""Codes whose sum has 32 bits, wherever they and their weights count from."""
DISTANCES = HostType(64, name="sw::distances")
"""Sums of bytes' distances."""
OCTET_LANE = HostType(8, name="sw::octet_lane")
"""Stands in for the adder lane."""


def products_of_bytes(x: Fixed) -> Packed:
    """Four codes in an element, whose products with four weights are one instruction."""
    return Packed("packed<4>", "packed_weights<4>", 4, BYTE.lo if x.signed else 0)


def summed_so(unit: Unit, processor: Processor) -> Packed | None:
    """How a unit's inputs are packed for the instructions that this processor has."""
    if not isinstance(unit, MatrixUnit) or not processor.has_avx2 or not _is_short(unit):
        return None
    cfg = unit.native_cfg
    if unit.weights.element is Element.ADDER:
        octets = Packed("octets", "octet_weights", 8, BYTE.lo if unit.x.signed else 0)
        return octets if unit.x.bits <= BYTE.bits else None
    if _sums_bytes(unit, processor):
        return products_of_bytes(unit.x)
    part = next(member.value for member in cfg.members if member.name == "part_t")
    is_short = isinstance(part, CodeType) and part.bits <= 32 and HALF.holds(table_of(cfg, "weight").codes)
    if is_short and unit.x.signed_bits <= HALF.bits:
        return Packed("packed<2>", "packed_weights<2>", 2, 0)
    return Packed(HALVES, "packed_weights<2>", 2, 0) if is_short and unit.x.signed_bits <= MOST_IN_HALVES else None


def sums_columns(unit: Unit, processor: Processor) -> bool:
    """Whether a unit may pack the taps of each channel itself, where it finds them as bytes."""
    return isinstance(unit, VectorUnit) and _is_short(unit) and _sums_bytes(unit, processor)


def _is_short(unit: DotProduct) -> bool:
    """Of one term, and of sums of 32 bits."""
    return bool((unit.fold_terms == 1).all()) and prod(unit.weights.shape[1:]) <= MOST_SUMMED


def _sums_bytes(unit: DotProduct, processor: Processor) -> bool:
    weights = table_of(unit.native_cfg, "weight").codes
    is_product = unit.weights.element is not Element.ADDER
    return is_product and processor.has_byte_products and unit.x.bits <= BYTE.bits and BYTE.holds(weights)


def sums(unit: MatrixUnit, how: Packed) -> Cfg:
    """`simd` packed inputs with packed weights; the bias has what codes and weights owe for where they count from."""
    cfg = unit.native_cfg
    rom, biases = table_of(cfg, "weight"), table_of(cfg, "bias")
    weights = rom.codes.reshape(-1, unit.fold.pe, unit.fold.simd)
    if how.is_octets:
        placed, each = _places_of_distances(weights, unit.x, how.lowest)
    else:
        placed, each = weights, how.lowest * weights.sum(axis=2)
    owed = np.add.reduceat(each, unit.steps.fold_starts)
    words = how.words(placed).reshape(len(rom.codes), -1)
    codes = biases.codes + (owed << unit.grid_shift)
    cfg = cfg.with_table(_weights(words, how))
    cfg = cfg.with_table(replace(biases, codes=codes, type=CodeType.holding(codes)))
    return with_members(cfg, simd=how.elements(unit.fold.simd), **_types(cfg, how))


def column_sums(unit: VectorUnit) -> Cfg:
    """The taps of each channel by fours, first (ceil(simd / 4), pe) of a word's (simd, pe) weights."""
    how, cfg = products_of_bytes(unit.x), unit.native_cfg
    rom, biases = table_of(cfg, "weight"), table_of(cfg, "bias")
    weights = rom.codes.reshape(-1, unit.synapse_folds, unit.fold.simd, unit.fold.pe)
    words = np.zeros_like(weights)
    packed = np.moveaxis(how.words(np.moveaxis(weights, 2, 3)), 3, 2)
    words[:, :, : packed.shape[2]] = packed
    codes = biases.codes + (how.lowest * weights.sum(axis=(1, 2)) << unit.grid_shift)
    cfg = cfg.with_table(_weights(words.reshape(rom.codes.shape), how))
    cfg = cfg.with_table(replace(biases, codes=codes, type=CodeType.holding(codes)))
    return with_members(cfg, sum_t=_whole(cfg))


def _weights(words: Codes, how: Packed) -> Table:
    return Table("weight", words, HostType(how.count * how.weight_bits, name=f"sw::{how.weights}"))


def _places_of_distances(weights: Codes, x: Fixed, lowest: int) -> tuple[Codes, Codes]:
    """Weights where a code x can be, from `lowest` on, and what each sum of them owes, with what minima would owe.

    abs(x - w) = abs(x - c) + abs(c - w) for the code c next to w.
    """
    clipped = np.clip(weights, x.lo, x.hi)
    owed: Codes = (weights - abs(weights - clipped)).sum(axis=2)
    return clipped - lowest, owed


def _types(cfg: Cfg, how: Packed) -> Mapping[str, CodeType | Element]:
    if how.is_octets:
        return {"part_t": DISTANCES, "sum_t": DISTANCES, "lane": OCTET_LANE}
    return {"part_t": CodeType(32), "sum_t": _whole(cfg)}


def _whole(cfg: Cfg) -> CodeType:
    """Of a sum, in the width that the instructions have."""
    sums = next(member.value for member in cfg.members if member.name == "sum_t")
    assert isinstance(sums, CodeType)
    return CodeType(max(sums.bits, 32))
