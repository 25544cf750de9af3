"""Layers with weights: a matrix or vector unit that gives raw sums, and the unit that turns them into codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from shiftwire.ir.kernel import CodeType, Lane
from shiftwire.ir.rtl_network import Memory, Parameter, RtlNetwork, RtlUnit, Stream
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.rtl.actors import folding, splitting
from shiftwire.rtl.shift_codes import ShiftCodes
from shiftwire.rtl.site import Site, is_block
from shiftwire.rtl.stages import Element, stages

DSP_BLOCKS = 4
"""KIND of integer elements whose products are asked for as DSP blocks."""

KINDS = {Element.SHIFT: 0, Element.ADDER: 1, Element.DISTANCE: 2, Element.INT: 3}


def raw_stream(site: Site, name: str) -> Stream:
    """What leaves the matrix or vector unit."""
    raw, port = _Raw.of(site), site.kernel.writes
    return Stream(name, port.lanes * raw.bits + raw.total_bits, port)


def units(site: Site, raw: Stream, lanes: int) -> tuple[RtlUnit, RtlUnit]:
    """The unit that sums, and the one that adds the bias on `lanes` codes a beat."""
    return _summing(site, raw), _finishing(site, raw, lanes)


def in_dsp_blocks(network: RtlNetwork) -> RtlNetwork:
    """The same network with each product of integer weights in a DSP block: the baseline of multipliers."""
    return replace(network, units=tuple(_in_blocks(unit) for unit in network.units))


def _in_blocks(unit: RtlUnit) -> RtlUnit:
    if unit.parameters.get("KIND") != KINDS[Element.INT]:
        return unit
    return replace(unit, parameters={**unit.parameters, "KIND": DSP_BLOCKS})


@dataclass(frozen=True, eq=False)
class _Raw:
    """How the sums are formed: by which element, from which ROM codes, in how many bits.

    weights  (cycles, pe, simd) as the elements read them; `offset` is what the bias owes for them, one a filter in the
    order of the bias, in units of the raw sum.
    """

    element: Element
    weights: Codes
    weight_type: CodeType
    bits: int
    offset: Codes
    total_bits: int = 0
    window_bits: int = 0
    has_zero: bool = True

    @classmethod
    def of(cls, site: Site) -> _Raw:
        kernel = site.kernel
        lane = next(s.value for s in kernel.settings if isinstance(s.value, Lane))
        pe, simd = kernel.number("pe"), kernel.number("simd")
        is_vector = kernel.function == "vvu"
        table = kernel.table("weight")
        sum_bits = site.type("sum_t").bits
        none = np.zeros(len(kernel.table("bias")), np.int64)

        def ordered(codes: Codes) -> Codes:
            if is_vector:
                return codes.reshape(-1, simd, pe).transpose(0, 2, 1)
            return codes.reshape(-1, pe, simd)

        if lane is Lane.SHIFT:
            codes = ShiftCodes.of(kernel)
            held = CodeType(codes.bits, signed=False)
            return cls(Element.SHIFT, ordered(codes.codes), held, sum_bits, none, 0, codes.window_bits, codes.has_zero)
        held = next(t.type for t in kernel.tables if t.name == "weight")
        if lane is Lane.INT:
            return cls(Element.INT, ordered(table), held, sum_bits, none)
        grid = Fixed.covering(min(site.x.lo, int(table.min())), max(site.x.hi, int(table.max())), 0)
        lifted = ordered(table - grid.lo)
        held = CodeType(grid.bits, grid.signed)
        if is_vector:
            return cls(Element.DISTANCE, lifted, held, sum_bits, none)
        per_fold = lifted.reshape(len(none) // pe, -1, pe, simd)
        largest = (1 << grid.bits) - 1
        total_bits = (largest * per_fold.shape[1] * simd).bit_length()
        raw_bits = max(int(lifted_sum(per_fold).max()).bit_length(), 1)
        return cls(Element.ADDER, lifted, held, raw_bits, -lifted_sum(per_fold).ravel(), total_bits)

    @cached_property
    def stages(self) -> int:
        return stages(self.element, self.weights.shape[2])


def lifted_sum(per_fold: Codes) -> Codes:
    """Sum of a fold's weights, (folds, pe) of (folds, cycles, pe, simd); no smaller than any sum of min(x, w)."""
    total: Codes = per_fold.sum(axis=(1, 3))
    return total


def _summing(site: Site, raw_out: Stream) -> RtlUnit:
    kernel, raw = site.kernel, _Raw.of(site)
    is_vector = kernel.function == "vvu"
    pe, simd = kernel.number("pe"), kernel.number("simd")
    rom = Memory("weights", raw.weights.reshape(-1, pe * simd), raw.weight_type.bits)
    terms = kernel.table("fold_terms")
    term_bits = max(int(terms.max()).bit_length(), 1)
    groups = {"BLOCKS": kernel.number("neuron_folds")} if is_vector else _matrix_parameters(site)
    in_block = int(site.in_block) or is_block(rom.words, rom.word_bits)
    parameters: dict[str, Parameter] = {
        "KIND": KINDS[raw.element],
        "PE": pe,
        "SIMD": simd,
        **groups,
        "SYNAPSES": kernel.number("synapse_folds"),
        "TERM_BITS": term_bits,
        "FOLD_TERMS": _packed(terms, term_bits),
        "CYCLES": rom.words,
        "X_BITS": site.x.bits,
        "X_SIGNED": int(site.x.signed),
        "W_BITS": raw.weight_type.bits,
        "W_SIGNED": int(raw.weight_type.signed),
        "WINDOW_BITS": raw.window_bits,
        "HAS_ZERO": int(raw.has_zero),
        "RAW_BITS": raw.bits,
        **({} if is_vector else {"TOTAL_BITS": raw.total_bits}),
        "ROM_BLOCK": in_block,
    }
    (source,) = site.unit.inputs
    # what is read back from a memory, and weights from block RAM, take a cycle more
    is_replayed = not is_vector and kernel.number("neuron_folds") > 1 and kernel.number("synapse_folds") > 1
    late = int(is_replayed or bool(in_block))
    at = raw.stages + 2 + late
    actor = folding(raw_out.name, source, raw_out.name, kernel, replays=not is_vector, stages=at)
    module = "sw_vvu" if is_vector else "sw_mvu"
    return RtlUnit(
        raw_out.name, module, parameters, site.unit.inputs, (raw_out.name,), site.unit.layer, (actor,), (rom,)
    )


def _matrix_parameters(site: Site) -> Mapping[str, int]:
    kernel = site.kernel
    replay = kernel.number("synapse_folds"), kernel.number("simd") * site.x.bits
    return {
        "GROUPS": kernel.number("groups"),
        "NEURONS": kernel.number("neuron_folds"),
        "REPLAY_BLOCK": is_block(*replay),
    }


def _finishing(site: Site, raw_in: Stream, lanes: int) -> RtlUnit:
    kernel, name, raw = site.kernel, site.unit.name, _Raw.of(site)
    grid, parts = kernel.number("grid_shift"), raw_in.port.lanes // lanes
    biases = kernel.table("bias") + (raw.offset << grid)
    rom = Memory("bias", biases.reshape(-1, lanes), site.made.bits)
    in_block = is_block(rom.words, rom.word_bits)
    parameters: dict[str, Parameter] = {
        "LANES": lanes,
        "PARTS": parts,
        "WORDS": rom.words,
        "RAW_BITS": raw.bits,
        "PAIRED": int(raw.element is Element.ADDER),
        "TOTAL_BITS": raw.total_bits,
        "GRID": grid,
        "OUT_BITS": site.made.bits,
        "ROM_BLOCK": in_block,
    }
    (output,) = site.writes
    actor = splitting(name, raw_in.name, output, beats=raw_in.port.beats, parts=parts, stages=1 + in_block)
    return RtlUnit(name, "sw_finish", parameters, (raw_in.name,), site.writes, site.unit.layer, (actor,), (rom,))


def _packed(values: Codes, bits: int) -> str:
    """A constant of all values side by side, the first lowest."""
    digits = Memory("", values[None, :], bits).text().strip()
    return f"{len(values) * bits}'h{digits}"
