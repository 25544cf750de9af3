"""Board and accelerator to a block design: PS, DMA, clock, reset, interconnects, interrupts and the address map."""

from __future__ import annotations

import math
from pathlib import PurePosixPath

from shiftwire_boards.catalog import Board
from shiftwire_boards.vivado import cells as c
from shiftwire_boards.vivado.accelerator import Accelerator, BlockDesignError, NetworkIp
from shiftwire_boards.vivado.model import Address, BlockDesign, End, Ip, Link, Net
from shiftwire_boards.vivado.processing_systems import PORTS, ps_cell, ps_end

NAME = "shiftwire"
SOURCES = ("mm2s_introut", "s2mm_introut")
SEGMENT_BYTES = 0x1_0000
"""Bytes from one cell's registers to the next's."""


def block_design(
    board: Board, accelerator: Accelerator, name: str = NAME, ip_repo: str = "ip", network_repo: str = "net"
) -> BlockDesign:
    """The design around an accelerator; `ip_repo` is a path from the script's folder, with forward slashes.

    So is `network_repo`, where the accelerator's network is an IP of its own.
    Raises BlockDesignError for a name or a path that would not be the same on another machine, and for a clock that the
    ports of the PS do not take.
    """
    if not (name.isidentifier() and name.isascii()):
        raise BlockDesignError(f"found the name '{name}', wanted letters, digits and underscores; choose another")
    network = accelerator.network
    ips = (Ip(accelerator.vlnv, ip_repo), *([Ip(network.vlnv, network_repo)] if network else []))
    for ip in ips:
        if PurePosixPath(ip.folder).is_absolute() or set(ip.folder) & set('\\:{}[]$" ;'):
            raise BlockDesignError(f"found the IP folder '{ip.folder}', wanted a plain relative path; give one")
    fastest = PORTS[board.family].fastest_mhz
    if accelerator.clock_mhz > fastest:
        raise BlockDesignError(
            f"a clock of {accelerator.clock_mhz:g} MHz is beyond the {fastest:g} that AXI ports of the {board.title}'s "
            f"PS take; choose a period of {math.ceil(10_000 / fastest) / 10:g} ns or more"
        )
    dma = c.dma_cell(board, accelerator)
    widths = [face.bits for face in dma.interfaces if face.name in ("M_AXI_MM2S", "M_AXI_S2MM")]
    lite = [c.LITE_BITS] * 3
    return BlockDesign(
        name=name,
        board=board,
        accelerator=accelerator,
        ips=ips,
        master=ps_end(board, PORTS[board.family].control),
        cells=(
            ps_cell(board, accelerator.clock_mhz),
            c.clocking_cell(board, accelerator),
            c.reset_cell(accelerator),
            dma,
            c.accelerator_cell(accelerator),
            *([c.network_cell(accelerator, network)] if network else []),
            c.smartconnect_cell(c.CONTROL, accelerator, lite[:1], lite),
            c.smartconnect_cell(c.MEMORY, accelerator, widths, [board.ps.dma_bits]),
            c.interrupt_cell(accelerator, len(SOURCES)),
            c.concat_cell(len(SOURCES)),
        ),
        nets=_nets(board, network),
        links=_links(board, network),
        addresses=_addresses(board, accelerator),
    )


def _links(board: Board, network: NetworkIp | None) -> tuple[Link, ...]:
    ports = PORTS[board.family]
    return (
        Link(ps_end(board, ports.control), End(c.CONTROL, "S00_AXI")),
        Link(End(c.CONTROL, "M00_AXI"), End(c.DMA, "S_AXI_LITE")),
        Link(End(c.CONTROL, "M01_AXI"), End(c.ACCELERATOR, c.LITE)),
        Link(End(c.CONTROL, "M02_AXI"), End(c.INTERRUPTS, "s_axi")),
        Link(End(c.DMA, "M_AXI_MM2S"), End(c.MEMORY, "S00_AXI")),
        Link(End(c.DMA, "M_AXI_S2MM"), End(c.MEMORY, "S01_AXI")),
        Link(End(c.MEMORY, "M00_AXI"), ps_end(board, ports.memory)),
        Link(End(c.DMA, "M_AXIS_MM2S"), End(c.ACCELERATOR, c.STREAM_IN)),
        Link(End(c.ACCELERATOR, c.STREAM_OUT), End(c.DMA, "S_AXIS_S2MM")),
        *(_network_links(network) if network else ()),
    )


def _network_links(network: NetworkIp) -> tuple[Link, ...]:
    return (
        Link(End(c.ACCELERATOR, c.TO_NETWORK), End(c.NETWORK, network.input)),
        Link(End(c.NETWORK, network.output), End(c.ACCELERATOR, c.FROM_NETWORK)),
    )


def _nets(board: Board, network: NetworkIp | None) -> tuple[Net, ...]:
    ports = PORTS[board.family]
    clocked = (
        End(c.RESET, "slowest_sync_clk"),
        End(c.DMA, "s_axi_lite_aclk"),
        End(c.DMA, "m_axi_mm2s_aclk"),
        End(c.DMA, "m_axi_s2mm_aclk"),
        End(c.ACCELERATOR, "aclk"),
        *([End(c.NETWORK, network.clock)] if network else []),
        End(c.CONTROL, "aclk"),
        End(c.MEMORY, "aclk"),
        End(c.INTERRUPTS, "s_axi_aclk"),
        *(ps_end(board, name) for name in ports.clock_inputs),
    )
    reset = (
        End(c.DMA, "axi_resetn"),
        End(c.ACCELERATOR, "aresetn"),
        End(c.CONTROL, "aresetn"),
        End(c.MEMORY, "aresetn"),
        End(c.INTERRUPTS, "s_axi_aresetn"),
    )
    interrupts = (Net(End(c.DMA, name), (End(c.CONCAT, f"In{at}"),)) for at, name in enumerate(SOURCES))
    return (
        Net(ps_end(board, ports.clock), (End(c.CLOCKING, "clk_in1"),)),
        Net(ps_end(board, ports.reset), (End(c.CLOCKING, "resetn"), End(c.RESET, "ext_reset_in"))),
        Net(End(c.CLOCKING, "locked"), (End(c.RESET, "dcm_locked"),)),
        Net(End(c.CLOCKING, "clk_out1"), clocked),
        Net(End(c.RESET, "peripheral_aresetn"), reset),
        *([Net(End(c.ACCELERATOR, c.NETWORK_RESET), (End(c.NETWORK, network.reset),))] if network else []),
        *interrupts,
        Net(End(c.CONCAT, "dout"), (End(c.INTERRUPTS, "intr"),)),
        Net(End(c.INTERRUPTS, "irq"), (ps_end(board, ports.interrupt),)),
    )


def _addresses(board: Board, accelerator: Accelerator) -> tuple[Address, ...]:
    """DMA and interrupt controller in a segment each, the accelerator behind them, aligned to its size."""
    base = PORTS[board.family].control_base
    size = max(SEGMENT_BYTES, accelerator.register_bytes)
    behind = -(-2 * SEGMENT_BYTES // size) * size
    return (
        Address(End(c.DMA, "S_AXI_LITE"), base, SEGMENT_BYTES),
        Address(End(c.INTERRUPTS, "s_axi"), base + SEGMENT_BYTES, SEGMENT_BYTES),
        Address(End(c.ACCELERATOR, c.LITE), base + behind, size),
    )
