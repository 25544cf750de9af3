"""The cells beside the PS, with the pins and interfaces that their settings give them."""

from __future__ import annotations

from collections.abc import Sequence

from shiftwire_boards.catalog import Board, Family
from shiftwire_boards.vivado.accelerator import Accelerator, NetworkIp
from shiftwire_boards.vivado.dma_registers import DMA_REGISTERS
from shiftwire_boards.vivado.model import Bus, Cell, Direction, Interface, Pin, PinKind, Role, Setting

DMA, ACCELERATOR, INTERRUPTS, CLOCKING, RESET = "axi_dma_0", "accel_0", "axi_intc_0", "clk_wiz_0", "rst_0"
NETWORK = "net_0"
CONTROL, MEMORY, CONCAT = "sc_ctrl", "sc_mem", "irq_cat"

LITE, STREAM_IN, STREAM_OUT = "S_AXI", "S_AXIS", "M_AXIS"
TO_NETWORK, FROM_NETWORK, NETWORK_RESET = "NET_IN", "NET_OUT", "net_rst_n"
"""The accelerator's interfaces, by the names of its component.xml; the last three where the network is outside."""

LITE_BITS = 32
LENGTH_BITS = 26
"""Widest transfer length of AXI DMA: a transfer of up to 64 MiB - 1 bytes (PG021)."""

ADDRESS_BITS = {Family.ZYNQ_7000: 32, Family.ZYNQ_ULTRASCALE_PLUS: 40}
BURST_BEATS = 64


def dma_cell(board: Board, accelerator: Accelerator) -> Cell:
    """AXI DMA in direct mode; without realignment, buffers start on the memory side's width."""
    read, write = (max(board.ps.dma_bits, bits) for bits in (accelerator.input_bits, accelerator.output_bits))
    settings = {
        "c_include_sg": 0,
        "c_sg_include_stscntrl_strm": 0,
        "c_sg_length_width": LENGTH_BITS,
        "c_addr_width": ADDRESS_BITS[board.family],
        "c_include_mm2s": 1,
        "c_include_s2mm": 1,
        "c_include_mm2s_dre": 0,
        "c_include_s2mm_dre": 0,
        "c_m_axi_mm2s_data_width": read,
        "c_m_axis_mm2s_tdata_width": accelerator.input_bits,
        "c_m_axi_s2mm_data_width": write,
        "c_s_axis_s2mm_tdata_width": accelerator.output_bits,
        "c_mm2s_burst_size": BURST_BEATS,
        "c_s2mm_burst_size": BURST_BEATS,
    }
    clocks = ("s_axi_lite_aclk", "m_axi_mm2s_aclk", "m_axi_s2mm_aclk")
    return Cell(
        name=DMA,
        vlnv="xilinx.com:ip:axi_dma",
        settings=tuple(Setting(name, value) for name, value in settings.items()),
        pins=(
            *(_clock(name, accelerator) for name in clocks),
            _reset("axi_resetn"),
            Pin("mm2s_introut", Direction.OUTPUT, PinKind.INTERRUPT),
            Pin("s2mm_introut", Direction.OUTPUT, PinKind.INTERRUPT),
        ),
        interfaces=(
            Interface("S_AXI_LITE", Role.SLAVE, Bus.MEMORY, LITE_BITS),
            Interface("M_AXI_MM2S", Role.MASTER, Bus.MEMORY, read),
            Interface("M_AXI_S2MM", Role.MASTER, Bus.MEMORY, write),
            Interface("M_AXIS_MM2S", Role.MASTER, Bus.STREAM, accelerator.input_bits),
            Interface("S_AXIS_S2MM", Role.SLAVE, Bus.STREAM, accelerator.output_bits),
        ),
        release="7.1",
        facts=(Setting("c_micro_dma", 0),),
        registers=DMA_REGISTERS,
    )


def accelerator_cell(accelerator: Accelerator) -> Cell:
    """The IP itself: AXI4-Lite registers, a stream in and a stream out, one clock and one reset."""
    network = accelerator.network
    inner: tuple[Interface, ...] = ()
    if network is not None:
        inner = (
            Interface(TO_NETWORK, Role.MASTER, Bus.STREAM, network.input_bits),
            Interface(FROM_NETWORK, Role.SLAVE, Bus.STREAM, network.output_bits),
        )
    reset = () if network is None else (Pin(NETWORK_RESET, Direction.OUTPUT, PinKind.RESET),)
    return Cell(
        name=ACCELERATOR,
        vlnv=accelerator.vlnv,
        settings=(),
        pins=(_clock("aclk", accelerator), _reset("aresetn"), *reset),
        interfaces=(
            Interface(LITE, Role.SLAVE, Bus.MEMORY, LITE_BITS),
            Interface(STREAM_IN, Role.SLAVE, Bus.STREAM, accelerator.input_bits),
            Interface(STREAM_OUT, Role.MASTER, Bus.STREAM, accelerator.output_bits),
            *inner,
        ),
        registers=accelerator.registers,
    )


def network_cell(accelerator: Accelerator, network: NetworkIp) -> Cell:
    """The network where it is an IP of its own: it starts by itself and has nothing but its two streams."""
    return Cell(
        name=NETWORK,
        vlnv=network.vlnv,
        settings=(),
        pins=(_clock(network.clock, accelerator), _reset(network.reset)),
        interfaces=(
            Interface(network.input, Role.SLAVE, Bus.STREAM, network.input_bits),
            Interface(network.output, Role.MASTER, Bus.STREAM, network.output_bits),
        ),
    )


def clocking_cell(board: Board, accelerator: Accelerator) -> Cell:
    """The PS's clock to the accelerator's; the input's frequency is left to Vivado, which knows what the PS gives."""
    return Cell(
        name=CLOCKING,
        vlnv="xilinx.com:ip:clk_wiz",
        settings=(
            Setting("PRIM_SOURCE", "No_buffer"),
            Setting("CLKOUT1_REQUESTED_OUT_FREQ", f"{accelerator.clock_mhz:.3f}"),
            Setting("USE_LOCKED", "true"),
            Setting("USE_RESET", "true"),
            Setting("RESET_TYPE", "ACTIVE_LOW"),
            Setting("RESET_PORT", "resetn"),
        ),
        pins=(
            Pin("clk_in1", Direction.INPUT, PinKind.CLOCK, clock_mhz=board.ps.clock_mhz),
            _reset("resetn"),
            Pin("clk_out1", Direction.OUTPUT, PinKind.CLOCK, clock_mhz=accelerator.clock_mhz),
            Pin("locked", Direction.OUTPUT, PinKind.DATA),
        ),
        release="6.0",
    )


def reset_cell(accelerator: Accelerator) -> Cell:
    """Resets in the accelerator's clock, released once its clock is locked."""
    return Cell(
        name=RESET,
        vlnv="xilinx.com:ip:proc_sys_reset",
        settings=(),
        pins=(
            _clock("slowest_sync_clk", accelerator),
            _reset("ext_reset_in"),
            Pin("dcm_locked", Direction.INPUT, PinKind.DATA),
            Pin("peripheral_aresetn", Direction.OUTPUT, PinKind.RESET),
        ),
        release="5.0",
    )


def smartconnect_cell(name: str, accelerator: Accelerator, slaves: Sequence[int], masters: Sequence[int]) -> Cell:
    """`slaves` and `masters` are the data widths on either side, in the order of the ports."""
    return Cell(
        name=name,
        vlnv="xilinx.com:ip:smartconnect",
        settings=(Setting("NUM_SI", len(slaves)), Setting("NUM_MI", len(masters)), Setting("NUM_CLKS", 1)),
        pins=(_clock("aclk", accelerator), _reset("aresetn")),
        interfaces=(
            *(Interface(f"S{at:02}_AXI", Role.SLAVE, Bus.MEMORY, bits) for at, bits in enumerate(slaves)),
            *(Interface(f"M{at:02}_AXI", Role.MASTER, Bus.MEMORY, bits) for at, bits in enumerate(masters)),
        ),
    )


def interrupt_cell(accelerator: Accelerator, sources: int) -> Cell:
    """AXI interrupt controller, through which PYNQ's asyncio waits."""
    return Cell(
        name=INTERRUPTS,
        vlnv="xilinx.com:ip:axi_intc",
        settings=(Setting("C_IRQ_CONNECTION", 1),),
        pins=(
            _clock("s_axi_aclk", accelerator),
            _reset("s_axi_aresetn"),
            Pin("intr", Direction.INPUT, PinKind.INTERRUPT, sources),
            Pin("irq", Direction.OUTPUT, PinKind.INTERRUPT),
        ),
        interfaces=(Interface("s_axi", Role.SLAVE, Bus.MEMORY, LITE_BITS),),
        release="4.1",
    )


def concat_cell(sources: int) -> Cell:
    """Interrupt lines side by side, as the controller takes them."""
    return Cell(
        name=CONCAT,
        vlnv="xilinx.com:ip:xlconcat",
        settings=(Setting("NUM_PORTS", sources),),
        pins=(
            *(Pin(f"In{at}", Direction.INPUT, PinKind.INTERRUPT) for at in range(sources)),
            Pin("dout", Direction.OUTPUT, PinKind.INTERRUPT, sources),
        ),
        release="2.1",
    )


def _clock(name: str, accelerator: Accelerator) -> Pin:
    return Pin(name, Direction.INPUT, PinKind.CLOCK, clock_mhz=accelerator.clock_mhz)


def _reset(name: str) -> Pin:
    return Pin(name, Direction.INPUT, PinKind.RESET)
