"""The registers of an AXI DMA in direct register mode (AMD PG021), over the two channels of the logic."""

from __future__ import annotations

from dataclasses import dataclass, field

from shiftwire_boards.sim.fabric import ChannelState, Fabric
from shiftwire_boards.sim.memory import Memory, UnmappedError

CONTROL, STATUS, ADDRESS, ADDRESS_HIGH, LENGTH = 0x00, 0x04, 0x18, 0x1C, 0x28
RECEIVE = 0x30
"""Offset of the S2MM channel's registers; those of MM2S begin at 0."""

RUN, RESET = 1 << 0, 1 << 2
HALTED, IDLE, INTERNAL_ERROR, SLAVE_ERROR, DECODE_ERROR, DONE = 1 << 0, 1 << 1, 1 << 4, 1 << 5, 1 << 6, 1 << 12
CLEARABLE = 0x7000
LOOK_CYCLES, MOST_CYCLES = 16, 20_000
"""How far a look at a busy channel's status lets time pass, unless a transfer ends before: the first one behind a
write as long as a read takes, then twice as far each time, so that waiting costs few looks."""


@dataclass
class Channel:
    """Registers of a channel; a transfer is open between a write of LENGTH and its end."""

    control: int = 0
    status: int = HALTED
    address: int = 0
    length: int = 0
    is_open: bool = False

    def finish(self, size: int) -> None:
        """A transfer of `size` bytes has ended: idle, and LENGTH says how many came."""
        self.is_open = False
        self.length = size
        self.status |= IDLE | DONE

    def fail(self, error: int) -> None:
        """Halted by an error, one of the bits above, until the DMA is reset."""
        self.is_open = False
        self.status = self.status & ~IDLE | HALTED | error


@dataclass
class DmaModel:
    """A slave at its base address; `is_bus_broken` answers nothing that is read from or written to memory."""

    logic: Fabric
    memory: Memory
    length_bits: int = 26
    send: Channel = field(default_factory=Channel)
    receive: Channel = field(default_factory=Channel)
    is_bus_broken: bool = False
    look: int = LOOK_CYCLES
    bytes_moved: int = 0

    def reset(self) -> None:
        """Both channels, as after power-on."""
        self.logic.reset_channels()
        self.send, self.receive = Channel(), Channel()

    def read(self, offset: int) -> int:
        """A register; a look at a status lets time pass."""
        channel, register = self._at(offset)
        if register == STATUS:
            self.poll()
        values = {
            CONTROL: channel.control,
            STATUS: channel.status,
            LENGTH: channel.length,
            ADDRESS: channel.address & 0xFFFFFFFF,
            ADDRESS_HIGH: channel.address >> 32,
        }
        return values.get(register, 0)

    def write(self, offset: int, value: int) -> None:
        """Writing a LENGTH starts a transfer; the reset bit of either CONTROL resets both channels."""
        channel, register = self._at(offset)
        self.look = LOOK_CYCLES
        if register == CONTROL:
            self._control(channel, value)
        elif register == STATUS:
            channel.status &= ~(value & CLEARABLE)
        elif register == ADDRESS:
            channel.address = channel.address >> 32 << 32 | value
        elif register == ADDRESS_HIGH:
            channel.address = value << 32 | channel.address & 0xFFFFFFFF
        elif register == LENGTH:
            self._start(channel, value & (1 << self.length_bits) - 1)

    def _at(self, offset: int) -> tuple[Channel, int]:
        return (self.receive, offset - RECEIVE) if offset >= RECEIVE else (self.send, offset)

    def _control(self, channel: Channel, value: int) -> None:
        if value & RESET:  # of either channel resets both
            self.reset()
            return
        channel.control = value
        channel.status = channel.status & ~HALTED if value & RUN else channel.status | HALTED

    def _start(self, channel: Channel, size: int) -> None:
        if channel.status & HALTED:
            return
        channel.status &= ~IDLE
        channel.length = size
        if size == 0:
            channel.fail(INTERNAL_ERROR)
        elif self.is_bus_broken:
            channel.fail(SLAVE_ERROR)
        else:
            self._open(channel, size)

    def _open(self, channel: Channel, size: int) -> None:
        try:
            source = self.memory.dram(channel.address, size)
        except UnmappedError:
            channel.fail(DECODE_ERROR)
            return
        channel.is_open = True
        if channel is self.send:
            self.logic.send(source.tobytes())
        else:
            self.logic.receive(size)

    def poll(self) -> None:
        """Let time pass while a transfer is open."""
        if not (self.send.is_open or self.receive.is_open):
            return
        state = self.logic.step(self.look)
        self.look = min(2 * self.look, MOST_CYCLES)
        if self.send.is_open and state.is_sent:
            self.bytes_moved += self.send.length
            self.send.finish(self.send.length)
        if self.receive.is_open and state.is_overrun:
            self.receive.fail(INTERNAL_ERROR)
        elif self.receive.is_open and state.is_received:
            self._store(state)

    def _store(self, state: ChannelState) -> None:
        data = self.logic.received(state.received_bytes)
        self.memory.dram(self.receive.address, len(data))[:] = memoryview(data)
        self.bytes_moved += len(data)
        self.receive.finish(len(data))
