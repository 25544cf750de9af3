"""Transfers through an AXI DMA in simple mode, each with a deadline and, where it stands still, a diagnosis.

pynq's own wait() has neither: a missing TLAST makes it wait for ever. Registers: AMD PG021, direct register mode.
"""

from __future__ import annotations

from typing import Any

from shiftwire_boards.runtime.clock import Clock
from shiftwire_boards.runtime.errors import HardwareError, TransferError
from shiftwire_boards.runtime.registers import EVERY_ERROR, RESETTING, SOFT_RESET, Shell
from shiftwire_boards.runtime.remote import refresh

SEND_STATUS, RECEIVE_STATUS, RECEIVE_LENGTH = 0x04, 0x34, 0x58
CONTROL = 0x00
DMA_RESET = 4
HALTED, IDLE = 1, 2
FAULTS = {
    0x10: "internal error: more words came than the buffer holds, or a length of 0",
    0x20: "slave error: the memory port did not answer",
    0x40: "decode error: the address is no memory",
}
SPINS = 64
"""Looks at the status before the processor sleeps between two of them."""

NAP_S = 50e-6
RESET_S = 0.5


class DmaTransfers:
    """The two channels of a pynq DMA beside the shell; one DMA transfer in each direction at a time.

    A deadline is `timeout_s` and four times what the fabric should take; `transfer_s` counts the seconds in which a
    transfer was under way, so far.
    """

    def __init__(self, dma: Any, shell: Shell, clock: Clock, timeout_s: float) -> None:
        self._dma, self._shell, self._clock = dma, shell, clock
        self.timeout_s = timeout_s
        self._frames = 0
        self._before = 0
        self._started = 0.0
        self._deadline = 0.0
        self.transfer_s = 0.0
        self._buffers: list[Any] = []

    @property
    def most_bytes(self) -> int:
        """The longest transfer that the DMA's length register can say."""
        return int(self._dma.buffer_max_size)

    def start(self, source: Any, sink: Any, frames: int, seconds: float) -> None:
        """Begin a DMA transfer each way, between buffers of bytes; `seconds` are what the fabric should take.

        Raises TransferError where the DMA takes none.
        """
        if frames != self._frames:
            self._shell.write("frames_per_transfer", frames)
        self._frames = frames
        self._buffers = [source, sink]
        self._started = self._clock.now()
        self._deadline = self._started + self.timeout_s + 4 * seconds
        try:
            self._dma.recvchannel.transfer(sink)
            self._dma.sendchannel.transfer(source)
        except (RuntimeError, OSError, ValueError) as error:
            raise TransferError(f"the DMA takes no transfer ({error}); reset the accelerator") from None

    def finish(self) -> None:
        """Wait for both directions; raises TransferError, after which `recover` is needed."""
        _source, sink = self._buffers
        spins = 0
        while not self._both_done():
            spins += 1
            if self._clock.now() > self._deadline:
                raise TransferError(self._diagnosis())
            if spins > SPINS and not self._clock.is_simulated:
                self._clock.sleep(NAP_S)
        if int(self._dma.mmio.read(RECEIVE_LENGTH)) != sink.nbytes:
            raise TransferError(f"{self._early_end()}; {self._shell.errors() or 'look at frames_per_transfer'}")
        self.transfer_s += self._clock.now() - self._started
        refresh(sink)
        self._before += self._frames
        errors = self._shell.errors()
        if errors:
            raise TransferError(f"the network's input was cut wrongly: {errors}")

    def _both_done(self) -> bool:
        """Both are looked at: one that stopped would let the other wait."""
        sent, received = self._is_done(SEND_STATUS, "to"), self._is_done(RECEIVE_STATUS, "from")
        return sent and received

    def _is_done(self, offset: int, way: str) -> bool:
        status = int(self._dma.mmio.read(offset))
        for bit, words in FAULTS.items():
            if status & bit:
                raise TransferError(f"the DMA's channel {way} the network stopped: {words}")
        if status & HALTED:
            raise TransferError(f"the DMA's channel {way} the network is halted; somebody reset it")
        return bool(status & IDLE)

    def _early_end(self) -> str:
        received, expected = int(self._dma.mmio.read(RECEIVE_LENGTH)), self._buffers[1].nbytes
        return f"found {received} bytes from the network, wanted {expected}: TLAST came too early"

    def _diagnosis(self) -> str:
        """Where it stands still, and what to look at."""
        read = self._shell.read
        sent = int(self._dma.mmio.read(SEND_STATUS)) & IDLE
        frames_in, frames_out = (read(name) - self._before for name in ("frames_in", "frames_out"))
        status = read("status")
        if status & RESETTING:
            where = "the network is held in reset; look at register control"
        elif frames_in < 0:
            where = "its counters began anew: somebody reset the network in the midst"
        elif int(self._dma.mmio.read(RECEIVE_STATUS)) & IDLE:
            where = f"{self._early_end()}; look at frames_per_transfer"
        elif not sent and not frames_in:
            where = "no whole frame went in; look at the DMA's read side and its clock"
        elif not sent:
            where = "the network stopped taking words; look at what follows it"
        elif frames_out < frames_in:
            where = "the network keeps frames back; look at its output's TREADY"
        else:
            where = "all frames left the network, but the DMA saw no TLAST; look at frames_per_transfer and the wiring"
        states = ", ".join(
            f"{name} status {int(self._dma.mmio.read(offset)):#x}"
            for name, offset in (("send", SEND_STATUS), ("receive", RECEIVE_STATUS))
        )
        return (
            f"found no end of a transfer of {self._frames} frames in time: {frames_in} went in, {frames_out} came "
            f"out, {states}{self._flags()}: {where}"
        )

    def _flags(self) -> str:
        errors = self._shell.errors()
        return f" ({errors})" if errors else ""

    def recover(self) -> None:
        """Reset the network and the DMA without loading anything; raises HardwareError where one does not come back."""
        self._shell.write("control", SOFT_RESET)
        self._dma.mmio.write(CONTROL, DMA_RESET)
        self._until(lambda: not int(self._dma.mmio.read(CONTROL)) & DMA_RESET, "the DMA")
        self._shell.write("control", 0)
        self._until(lambda: not self._shell.read("status") & RESETTING, "the network")
        self._shell.write("errors", EVERY_ERROR)
        self._dma.sendchannel.start()
        self._dma.recvchannel.start()
        self._buffers = []
        self._frames, self._before = 0, 0

    def _until(self, is_true: Any, what: str) -> None:
        deadline = self._clock.now() + RESET_S
        while not is_true():
            if self._clock.now() > deadline:
                raise HardwareError(f"{what} does not come out of reset; load the overlay again")
            self._clock.sleep(NAP_S)
