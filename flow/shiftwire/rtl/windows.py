"""Window units, whose ring of rows is a power of two of words, and the pools behind them."""

from __future__ import annotations

from shiftwire.ir.rtl_network import RtlUnit
from shiftwire.rtl.actors import joining, windowing
from shiftwire.rtl.site import Site, is_block


def window(site: Site) -> RtlUnit:
    kernel, name = site.kernel, site.unit.name
    number, (port,) = kernel.number, kernel.reads
    row = port.beats // number("in_height")
    ring_bits = max((number("rows") * row - 1).bit_length(), 1)
    sizes = ("in_height", "in_width", "out_height", "out_width", "kernel_height", "kernel_width")
    bends = ("stride_height", "stride_width", "pad_top", "pad_left", "blocks", "taps")
    in_block = is_block(1 << ring_bits, port.lanes * site.x.bits)
    parameters = {
        **{key.upper(): number(key) for key in sizes + bends},
        "CHUNKS": number("block_channels") // port.lanes,
        "LANES": port.lanes,
        "CODE_BITS": site.x.bits,
        "FILL": number("fill") % (1 << site.x.bits),
        "RING_BITS": ring_bits,
        "RING_BLOCK": in_block,
    }
    ring = f"{name}_ring"
    actors = windowing(name, site.unit.inputs[0], site.writes[0], ring, kernel, stages=2 if in_block else 3)
    return site.built("sw_window", parameters, actors, ring=ring)


def pool(site: Site) -> RtlUnit:
    kernel = site.kernel
    synapses = kernel.number("synapse_folds")
    parameters = {
        "PE": kernel.number("pe"),
        "SIMD": kernel.number("simd"),
        "SYNAPSES": synapses,
        "LARGEST": int(kernel.function == "max_pool"),
        "IN_BITS": site.x.bits,
        "IN_SIGNED": int(site.x.signed),
        "OUT_BITS": site.made.bits,
    }
    actor = joining(
        site.unit.name, site.unit.inputs[0], site.writes[0], beats=kernel.writes.beats, parts=synapses, stages=1
    )
    return site.built("sw_pool", parameters, (actor,))
