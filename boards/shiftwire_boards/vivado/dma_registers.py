"""Registers of AXI DMA in direct mode (PG021), by the names that PYNQ's register maps show."""

from __future__ import annotations

from shiftwire_boards.vivado.accelerator import Access, Register, RegisterField


def _control(name: str, offset: int) -> Register:
    fields = (
        RegisterField("RS", 0, 1, "1 runs, 0 stops"),
        RegisterField("Reset", 2, 1, "1 resets the whole DMA"),
        RegisterField("IOC_IrqEn", 12, 1, "interrupt at the end of a transfer"),
        RegisterField("Err_IrqEn", 14, 1, "interrupt at an error"),
    )
    return Register(name, offset, Access.READ_WRITE, "control", 0x0001_0002, fields)


def _status(name: str, offset: int) -> Register:
    fields = (
        RegisterField("Halted", 0, 1, "stopped"),
        RegisterField("Idle", 1, 1, "the latest transfer has ended"),
        RegisterField("DMAIntErr", 4, 1, "internal error, such as a length of 0"),
        RegisterField("DMASlvErr", 5, 1, "the memory answered with an error"),
        RegisterField("DMADecErr", 6, 1, "the address leads nowhere"),
        RegisterField("IOC_Irq", 12, 1, "a transfer has ended; cleared by 1"),
        RegisterField("Err_Irq", 14, 1, "an error; cleared by 1"),
    )
    return Register(name, offset, Access.READ_WRITE, "status", 1, fields)


def _plain(name: str, offset: int, meaning: str) -> Register:
    return Register(name, offset, Access.READ_WRITE, meaning)


DMA_REGISTERS = (
    _control("MM2S_DMACR", 0x00),
    _status("MM2S_DMASR", 0x04),
    _plain("MM2S_SA", 0x18, "source address, lower half"),
    _plain("MM2S_SA_MSB", 0x1C, "source address, upper half"),
    _plain("MM2S_LENGTH", 0x28, "bytes; writing it starts"),
    _control("S2MM_DMACR", 0x30),
    _status("S2MM_DMASR", 0x34),
    _plain("S2MM_DA", 0x48, "destination address, lower half"),
    _plain("S2MM_DA_MSB", 0x4C, "destination address, upper half"),
    _plain("S2MM_LENGTH", 0x58, "bytes; writing it starts"),
)
