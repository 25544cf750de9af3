"""A pynq.Device whose programmable logic is a program: Overlay, MMIO, DMA, allocate and Clocks run on it unmodified."""

from __future__ import annotations

import os
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pynq
from pynq.buffer import PynqBuffer

from shiftwire_boards.runtime.clock import Clock
from shiftwire_boards.runtime.overlay import SYNC
from shiftwire_boards.sim.dma import DmaModel
from shiftwire_boards.sim.fabric import Bases, BusError, Fabric
from shiftwire_boards.sim.memory import Memory

if TYPE_CHECKING:
    import numpy.typing as npt

WORD = 4
SLAVE_BYTES = 0x1_0000
DRAM_BASE = 0x1000_0000


class SimulatedClocks:
    """Clocks of the processing system, in place of registers that only a board has."""

    def __init__(self, mhz: float) -> None:
        self.mhz = [mhz, 50.0, 50.0, 50.0]

    def get_pl_clk(self, number: int) -> float:
        """MHz of a clock to the logic."""
        return self.mhz[number]

    def set_pl_clk(self, number: int, div0: Any = None, div1: Any = None, clk_mhz: float | None = None) -> None:
        """Takes the frequency alone, and no pace of the simulation follows from it."""
        del div0, div1
        if clk_mhz is not None:
            self.mhz[number] = clk_mhz

    def get_cpu_mhz(self) -> float:
        """A Zynq-7000's."""
        return 650.0


class Slave(Protocol):
    """32-bit registers behind AXI4-Lite, by byte offset."""

    def read(self, offset: int) -> int:
        """A word; raises BusError where nobody answers."""
        ...

    def write(self, offset: int, value: int) -> None:
        """Raises BusError where nobody answers."""
        ...


@dataclass
class InterruptController:
    """An AXI interrupt controller (AMD PG099) whose lines stay low: the runtime polls."""

    registers: dict[int, int] = field(default_factory=dict)

    def read(self, offset: int) -> int:
        """What was written there; 0 before."""
        return self.registers.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        """Kept, and nothing follows from it."""
        self.registers[offset] = value


class SimulatedDevice(pynq.Device):  # type: ignore[misc]
    """Time is that of the logic's clock and nothing else.

    CPU caches and DRAM are apart, so that a missing flush or invalidate shows.
    """

    def __init__(self, logic: Fabric, clock_mhz: float, bases: Bases, dram_bytes: int = 1 << 26) -> None:
        super().__init__(f"simulated-{os.getpid()}-{id(self):x}")
        self.name = "simulated"
        self.arch = "simulated"
        self.capabilities = {"REGISTER_RW": True}
        self.logic = logic
        self.clock_mhz = clock_mhz
        self.memory = Memory(DRAM_BASE, dram_bytes)
        self.dma = DmaModel(logic, self.memory)
        self.clocks = SimulatedClocks(clock_mhz)
        self.runtime_clock = Clock(self.seconds, self.wait, is_simulated=True)
        self.downloads = 0
        self._slaves: dict[int, Slave] = {
            bases.dma: self.dma,
            bases.interrupts: InterruptController(),
            bases.shell: logic,
        }

    def seconds(self) -> float:
        """Cycles so far over the clock: the only time that means anything here."""
        return self.logic.step(0).cycle / (self.clock_mhz * 1e6)

    def wait(self, seconds: float) -> None:
        """Let so much time pass in the logic."""
        self.logic.step(max(round(seconds * self.clock_mhz * 1e6), 1))

    def get_bitfile_metadata(self, bitfile: str, partial: bool = False) -> Any:
        """The .hwh beside the bitstream, as pynqmetadata parses it."""
        from pynqmetadata.frontends import Metadata  # noqa: PLC0415 - which PYNQ 2.7 has not
        from pynqmetadata.views.runtime import RuntimeMetadataParser  # noqa: PLC0415

        del partial
        parser = RuntimeMetadataParser(Metadata(input=Path(bitfile).with_suffix(".hwh")))
        parser.refresh_hierarchy_dict()
        return parser

    def download(self, bitstream: Any, parser: Any = None) -> None:
        """Refuses a file that no configuration port would take; else everything begins anew."""
        data = Path(bitstream.bitfile_name).read_bytes()
        if SYNC not in data:
            raise RuntimeError(f"{bitstream.bitfile_name} holds no configuration")
        self.logic.reset()
        self.dma.reset()
        self.downloads += 1
        self.reset(parser, "now", bitstream.bitfile_name)

    def gen_cache(self, bitstream: Any, parser: Any = None) -> None:
        """Nothing is kept between processes."""

    def read_registers(self, address: int, length: int) -> bytes:
        """Whole words, little-endian; raises BusError for an address of no slave."""
        return b"".join(self._read(address + i).to_bytes(WORD, "little") for i in range(0, length, WORD))

    def write_registers(self, address: int, data: bytes) -> None:
        """Whole words, little-endian; raises BusError for an address of no slave."""
        words = np.frombuffer(bytes(data), "<u4")
        for i, word in enumerate(words):
            self._write(address + WORD * i, int(word))

    def _read(self, address: int) -> int:
        slave, offset = self._slave(address)
        return slave.read(offset)

    def _write(self, address: int, word: int) -> None:
        slave, offset = self._slave(address)
        slave.write(offset, word)

    def _slave(self, address: int) -> tuple[Slave, int]:
        for base, slave in self._slaves.items():
            if 0 <= address - base < SLAVE_BYTES:
                return slave, address - base
        raise BusError(f"no slave lies at {address:#x}: on a board a bus error, or a hang")

    def allocate(self, shape: Any, dtype: npt.DTypeLike, cacheable: bool = True, **_: Any) -> PynqBuffer:
        """Contiguous memory; without a cache the processor writes DRAM itself."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        offset = self.memory.take(size)
        where = {"device": self, "device_address": DRAM_BASE + offset, "bo": offset}
        if cacheable:
            buffer = PynqBuffer(shape, dtype, coherent=False, **where)
        else:
            buffer = PynqBuffer(shape, dtype, coherent=True, buffer=self.memory.data.data, offset=offset, **where)
        weakref.finalize(buffer, self.memory.free, offset)
        return buffer

    def flush(self, bo: int, offset: int, virtual_address: int, size: int) -> None:
        """A buffer's part from cache to DRAM, as pynq asks for it."""
        self.memory.flush(bo + offset, virtual_address, size)

    def invalidate(self, bo: int, offset: int, virtual_address: int, size: int) -> None:
        """A buffer's part from DRAM to cache, as pynq asks for it."""
        self.memory.invalidate(bo + offset, virtual_address, size)


@contextmanager
def active(device: SimulatedDevice) -> Iterator[SimulatedDevice]:
    """While it lasts, pynq takes this device for the board's own, as on a board with no argument given."""
    previous = getattr(pynq.Device, "_active_device", None)
    clocks = getattr(pynq.Clocks, "_real_instance", None)
    pynq.Device.active_device = device
    pynq.Clocks._real_instance = device.clocks
    try:
        with warnings.catch_warnings():
            # no Linux kernel stands behind the interrupts, which the runtime does not use
            warnings.filterwarnings("ignore", "Interrupt .* not created", UserWarning)
            yield device
    finally:
        if previous is None:
            del pynq.Device._active_device
        else:
            pynq.Device._active_device = previous
        pynq.Clocks._real_instance = clocks
