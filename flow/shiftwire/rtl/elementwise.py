"""Units that take and give codes beat by beat: forks, widths, joins, activations, scales and staircases."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from shiftwire.ir.rtl_network import Memory, Parameter, RtlUnit
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.rtl.actors import choosing, joining, packets, plain, repeating, splitting
from shiftwire.rtl.shift_codes import ShiftCodes
from shiftwire.rtl.site import Site, is_block


def fork(site: Site) -> RtlUnit:
    actor = plain(site.unit.name, site.unit.inputs, site.writes, site.kernel.cycles)
    return site.built("sw_fork", {"WIDTH": _width(site, 0)}, (actor,))


def narrow(site: Site) -> RtlUnit:
    parts, beats = site.kernel.number("parts"), site.kernel.reads[0].beats
    actor = splitting(site.unit.name, site.unit.inputs[0], site.writes[0], beats=beats, parts=parts)
    return site.built("sw_narrow", {"WIDTH": _width(site, 0) // parts, "PARTS": parts}, (actor,))


def widen(site: Site) -> RtlUnit:
    parts, beats = site.kernel.number("parts"), site.kernel.writes.beats
    actor = joining(site.unit.name, site.unit.inputs[0], site.writes[0], beats=beats, parts=parts)
    return site.built("sw_widen", {"WIDTH": _width(site, 0), "PARTS": parts}, (actor,))


def add(site: Site) -> RtlUnit:
    actor = plain(site.unit.name, site.unit.inputs, site.writes, site.kernel.cycles)
    return site.built("sw_add", {"LANES": site.kernel.number("lanes"), **_aligned(site)}, (actor,))


def concat(site: Site) -> RtlUnit:
    kernel, (a, b) = site.kernel, site.unit.inputs
    folds = kernel.number("folds_a"), kernel.number("folds_b")
    actor = choosing(site.unit.name, (a, b), site.writes[0], folds, kernel.number("pixels"))
    sizes = {"LANES": kernel.number("lanes"), "FOLDS_A": folds[0], "FOLDS_B": folds[1]}
    return site.built("sw_concat", {**sizes, **_aligned(site)}, (actor,))


def relu(site: Site) -> RtlUnit:
    actor = plain(site.unit.name, site.unit.inputs, site.writes, site.kernel.cycles)
    return site.built("sw_relu", {"LANES": site.kernel.number("lanes"), **_in_out(site)}, (actor,))


def requantize(site: Site) -> RtlUnit:
    kernel = site.kernel
    actor = plain(site.unit.name, site.unit.inputs, site.writes, kernel.cycles, stages=1)
    parameters: dict[str, Parameter] = {
        "LANES": kernel.number("lanes"),
        "DROP": kernel.number("drop"),
        "HALF_UP": int(kernel.number("half_up")),
        "HALF_EVEN": int(kernel.number("half_even")),
        "SATURATE": int(kernel.number("saturate")),
        "OUT_SIGNED": int(site.made.signed),
        **_in_out(site),
    }
    return site.built("sw_requantize", parameters, (actor,))


def affine(site: Site) -> RtlUnit:
    """As few terms at a time as the pace of the slowest unit leaves time for."""
    kernel, name = site.kernel, site.unit.name
    lanes, folds, every = (kernel.number(key) for key in ("lanes", "folds", "terms"))
    terms = -(-every // max(min(site.pace // kernel.cycles, every), 1))
    steps = -(-every // terms)
    codes = ShiftCodes.of(kernel, has_zero=True)
    zero = 1 << (codes.window_bits + 1)
    scales = np.full((folds, steps * terms, lanes), zero)
    scales[:, :every] = codes.codes.reshape(folds, every, lanes)
    words = scales.reshape(folds * steps, terms, lanes).transpose(0, 2, 1).reshape(folds * steps, -1)
    scale = Memory("scale", words, codes.bits)
    bias = Memory("bias", kernel.table("bias").reshape(folds, lanes), site.made.bits)
    in_block = is_block(scale.words, scale.word_bits)
    parameters: dict[str, Parameter] = {
        "LANES": lanes,
        "FOLDS": folds,
        "STEPS": steps,
        "TERMS": terms,
        "WINDOW_BITS": codes.window_bits,
        "GRID": kernel.number("grid_shift"),
        **_in_out(site),
        "ROM_BLOCK": in_block,
    }
    stages = 3 + (terms - 1).bit_length() + in_block
    actor = repeating(name, site.unit.inputs[0], site.writes[0], beats=kernel.cycles, steps=steps, stages=stages)
    return site.built("sw_affine", parameters, (actor,), (scale, bias))


def threshold(site: Site) -> RtlUnit:
    kernel, name = site.kernel, site.unit.name
    lanes, folds, steps = (kernel.number(key) for key in ("lanes", "folds", "steps"))
    channels, stages = lanes * folds, steps.bit_length()
    rows = kernel.table("threshold").reshape(folds, steps, lanes).transpose(0, 2, 1).reshape(channels, steps)
    base, step = kernel.table("base"), kernel.table("step")
    beyond = max(site.x.hi, int(rows.max())) + 1
    held = Fixed.covering(min(site.x.lo, int(rows.min())), beyond, 0)
    is_counted = bool((step == 1).all() and np.ptp(base) == 0)
    memories = tuple(_levels(rows, stages, beyond, held.signed_bits))
    if not is_counted:
        outputs = base[:, None] + step[:, None] * np.minimum(np.arange(1 << stages), steps)
        memories += (Memory("y", outputs.reshape(-1, 1), site.made.bits),)
    parameters: dict[str, Parameter] = {
        "LANES": lanes,
        "CHANNELS": channels,
        "STAGES": stages,
        "BOUND_BITS": held.signed_bits,
        "LEVELS": int(not is_counted),
        "BASE": int(base[0]) if is_counted else 0,
        **_in_out(site),
    }
    actor = plain(name, site.unit.inputs, site.writes, kernel.cycles, stages=stages + (not is_counted))
    return site.built("sw_threshold", parameters, (actor,), memories)


def reorder(site: Site) -> RtlUnit:
    kernel, name = site.kernel, site.unit.name
    lanes, source = site.reads[0].port.lanes, kernel.table("source")
    beats = len(source) // lanes
    place, lane = max((beats - 1).bit_length(), 1), max((lanes - 1).bit_length(), 1)
    fields = source // lanes << lane | source % lanes
    rom = Memory("order", fields.reshape(beats, lanes), place + lane)
    in_block = is_block(rom.words, rom.word_bits)
    parameters: dict[str, Parameter] = {
        "LANES": lanes,
        "CODE_BITS": site.x.bits,
        "BEATS": beats,
        "ROM_BLOCK": in_block,
    }
    (reads,), (writes,), count = site.unit.inputs, site.writes, kernel.number("packets")
    actor = packets(name, reads, writes, count=count, beats=beats, stages=2 + in_block)
    return site.built("sw_reorder", parameters, (actor,), (rom,))


def _levels(rows: Codes, stages: int, beyond: int, bits: int) -> Iterator[Memory]:
    """Thresholds (channels, steps) as a search reads them: level i has 2**i of each channel, `beyond` where none is."""
    channels, steps = rows.shape
    padded = np.full((channels, (1 << stages) - 1), beyond)
    padded[:, :steps] = rows
    for level in range(stages):
        half = 1 << (stages - level - 1)
        yield Memory(chr(97 + level), padded[:, half - 1 :: 2 * half].reshape(-1, 1), bits)


def _width(site: Site, at: int) -> int:
    return site.reads[at].port.lanes * site.reads[at].format.bits


def _in_out(site: Site) -> dict[str, int]:
    return {"IN_BITS": site.x.bits, "IN_SIGNED": int(site.x.signed), "OUT_BITS": site.made.bits}


def _aligned(site: Site) -> dict[str, int]:
    a, b = (fifo.format for fifo in site.reads)
    return {
        "A_BITS": a.bits,
        "A_SIGNED": int(a.signed),
        "SHIFT_A": site.kernel.number("shift_a"),
        "B_BITS": b.bits,
        "B_SIGNED": int(b.signed),
        "SHIFT_B": site.kernel.number("shift_b"),
        "OUT_BITS": site.made.bits,
    }
