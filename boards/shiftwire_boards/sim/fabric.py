"""What the simulated board wants of whatever moves its logic: a Verilated program, or a test bench in a simulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class BusError(RuntimeError):
    """An access that no slave answered, or answered with an error: on a board a bus error, or a hang."""


@dataclass(frozen=True)
class ChannelState:
    """The DMA's channels after some cycles: `is_overrun` means more words came than the buffer holds."""

    is_sent: bool
    is_received: bool
    is_overrun: bool
    cycle: int
    received_bytes: int


class Fabric(Protocol):
    """A shiftwire_top with an AXI4-Lite master and the two channels of a DMA on it; nothing moves but on a call."""

    def read(self, offset: int) -> int:
        """A register; raises BusError where none answers."""
        ...

    def write(self, offset: int, value: int) -> None:
        """Raises BusError where nobody answers."""
        ...

    def send(self, data: bytes) -> None:
        """Begin a transfer to the network: whole words, TLAST on the last."""
        ...

    def receive(self, most_bytes: int) -> None:
        """Begin a transfer from the network, which ends with TLAST."""
        ...

    def step(self, most_cycles: int) -> ChannelState:
        """Let time pass until a transfer ends, at most so many cycles."""
        ...

    def received(self, size: int) -> bytes:
        """What the last transfer brought."""
        ...

    def reset_channels(self) -> None:
        """What the reset bit of the DMA does: transfers end where they are."""
        ...

    def reset(self) -> None:
        """What loading the bitstream does: everything begins anew."""
        ...


@dataclass(frozen=True)
class Bases:
    """Where the slaves of the block design lie."""

    dma: int
    interrupts: int
    shell: int
