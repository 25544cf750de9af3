"""The two processing systems as cells: what they are set to, and what PYNQ looks for in a .hwh."""

from __future__ import annotations

from dataclasses import dataclass

from shiftwire_boards.catalog import Board, Family
from shiftwire_boards.vivado.model import Bus, Cell, Direction, End, Interface, Pin, PinKind, Role, Setting

LITE_BITS = 32


@dataclass(frozen=True, slots=True)
class PsPorts:
    """Names of one family's pins and interfaces, where its registers lie, and the fastest clock of its AXI ports."""

    clock: str
    reset: str
    interrupt: str
    control: str
    memory: str
    clock_inputs: tuple[str, str]
    preset: str
    control_base: int
    fastest_mhz: float


PORTS = {
    Family.ZYNQ_7000: PsPorts(
        clock="FCLK_CLK0",
        reset="FCLK_RESET0_N",
        interrupt="IRQ_F2P",
        control="M_AXI_GP0",
        memory="S_AXI_HP0",
        clock_inputs=("M_AXI_GP0_ACLK", "S_AXI_HP0_ACLK"),
        preset='make_external "FIXED_IO, DDR" apply_board_preset "1" Master "Disable" Slave "Disable"',
        control_base=0x4000_0000,
        fastest_mhz=250.0,  # DS187, FAXI_MAX
    ),
    Family.ZYNQ_ULTRASCALE_PLUS: PsPorts(
        clock="pl_clk0",
        reset="pl_resetn0",
        interrupt="pl_ps_irq0",
        control="M_AXI_HPM0_FPD",
        memory="S_AXI_HP0_FPD",
        clock_inputs=("maxihpm0_fpd_aclk", "saxihp0_fpd_aclk"),
        preset='apply_board_preset "1"',
        control_base=0xA000_0000,
        fastest_mhz=1000 / 3,  # DS925, FAXI_MAX
    ),
}


def ps_cell(board: Board, accelerator_mhz: float) -> Cell:
    """The PS of a board with one master to registers, one slave to DDR, a clock, a reset and an interrupt."""
    ports, mhz = PORTS[board.family], board.ps.clock_mhz
    inputs = (Pin(name, Direction.INPUT, PinKind.CLOCK, clock_mhz=accelerator_mhz) for name in ports.clock_inputs)
    is_7000 = board.family is Family.ZYNQ_7000
    return Cell(
        name=board.ps_cell,
        vlnv=f"xilinx.com:ip:{board.ps_ip}",
        settings=_settings_7000(board) if is_7000 else _settings_ultrascale(board),
        pins=(
            Pin(ports.clock, Direction.OUTPUT, PinKind.CLOCK, clock_mhz=mhz),
            Pin(ports.reset, Direction.OUTPUT, PinKind.RESET),
            *inputs,
            Pin(ports.interrupt, Direction.INPUT, PinKind.INTERRUPT),
        ),
        interfaces=(
            Interface(ports.control, Role.MASTER, Bus.MEMORY, LITE_BITS),
            Interface(ports.memory, Role.SLAVE, Bus.MEMORY, board.ps.dma_bits),
        ),
        release="5.5" if is_7000 else "3.5",
        facts=_facts_7000(mhz) if is_7000 else _facts_ultrascale(board),
    )


def ps_end(board: Board, port: str) -> End:
    """A pin or an interface of the board's PS."""
    return End(board.ps_cell, port)


def _settings_7000(board: Board) -> tuple[Setting, ...]:
    return (
        Setting("PCW_USE_M_AXI_GP0", 1),
        Setting("PCW_USE_S_AXI_HP0", 1),
        Setting("PCW_S_AXI_HP0_DATA_WIDTH", board.ps.dma_bits),
        Setting("PCW_USE_FABRIC_INTERRUPT", 1),
        Setting("PCW_IRQ_F2P_INTR", 1),
        Setting("PCW_FPGA0_PERIPHERAL_FREQMHZ", f"{board.ps.clock_mhz:g}"),
    )


def _settings_ultrascale(board: Board) -> tuple[Setting, ...]:
    return (
        Setting("PSU__USE__M_AXI_GP0", 1),
        Setting("PSU__USE__M_AXI_GP1", 0),
        Setting("PSU__USE__M_AXI_GP2", 0),
        Setting("PSU__MAXIGP0__DATA_WIDTH", LITE_BITS),
        Setting("PSU__USE__S_AXI_GP2", 1),
        Setting("PSU__SAXIGP2__DATA_WIDTH", board.ps.dma_bits),
        Setting("PSU__USE__IRQ0", 1),
        Setting("PSU__FPGA_PL0_ENABLE", 1),
        Setting("PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ", f"{board.ps.clock_mhz:g}"),
    )


def _facts_7000(mhz: float) -> tuple[Setting, ...]:
    """Clock facts that pynqmetadata raises without; divisors of a 1 GHz PLL."""
    facts = [Setting("PCW_EN_CLK0_PORT", 1)]
    for n in range(4):
        is_used = n == 0
        facts += [
            Setting(f"PCW_FPGA_FCLK{n}_ENABLE", int(is_used)),
            Setting(f"PCW_FCLK{n}_PERIPHERAL_CLKSRC", "IO PLL"),
            Setting(f"PCW_FCLK{n}_PERIPHERAL_DIVISOR0", round(1000 / mhz / 2) if is_used else 5),
            Setting(f"PCW_FCLK{n}_PERIPHERAL_DIVISOR1", 2),
        ]
        facts += [] if is_used else [Setting(f"PCW_FPGA{n}_PERIPHERAL_FREQMHZ", "50")]
    return tuple(facts)


def _facts_ultrascale(board: Board) -> tuple[Setting, ...]:
    """Clock facts that pynqmetadata raises without, with divisors of a 1.5 GHz PLL, and widths of ports.

    By their C_ names pynq sets the ports when it loads a bitstream: they may have been booted with others.
    """
    mhz = board.ps.clock_mhz
    facts = [
        Setting("C_MAXIGP0_DATA_WIDTH", LITE_BITS),
        Setting("C_SAXIGP2_DATA_WIDTH", board.ps.dma_bits),
    ]
    facts += [Setting("PSU__MAXIGP1__DATA_WIDTH", LITE_BITS), Setting("PSU__MAXIGP2__DATA_WIDTH", LITE_BITS)]
    for n in range(4):
        control = f"PSU__CRL_APB__PL{n}_REF_CTRL__"
        facts += [] if n == 0 else [Setting(f"PSU__FPGA_PL{n}_ENABLE", 0), Setting(f"{control}FREQMHZ", f"{mhz:g}")]
        facts += [
            Setting(f"{control}DIVISOR0", round(1500 / mhz)),
            Setting(f"{control}DIVISOR1", 1),
            Setting(f"{control}SRCSEL", "IOPLL"),
            Setting(f"{control}ACT_FREQMHZ", f"{mhz:.6f}"),
        ]
    return tuple(facts)
