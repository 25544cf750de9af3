"""A board as PYNQ.remote's server shows it: files, registers and buffers over gRPC, a simulated board behind them.

Like a board's server it writes buffers from their beginning, reads them whole, and tells failures by gRPC's status.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import grpc
import numpy as np
from pynq.remote import buffer_pb2 as buffers
from pynq.remote import buffer_pb2_grpc as buffer_service
from pynq.remote import mmio_pb2 as mmio
from pynq.remote import mmio_pb2_grpc as mmio_service
from pynq.remote import remote_device_pb2 as files
from pynq.remote import remote_device_pb2_grpc as file_service

from shiftwire_boards.sim.device import SYNC, SimulatedDevice
from shiftwire_boards.sim.program import BusError

ADDRESS = "127.0.0.1:7967"
"""pynq's client knows no other port."""

FIRMWARE, MANAGER = "/lib/firmware/", "/sys/class/fpga_manager/fpga0/"
SWAPPED = SYNC[::-1]
"""The kernel takes words of the other byte order."""

PATIENCE_S = 60
PROCESSOR = 0xF000_0000
"""From here on lie registers of the processing system."""

CLOCKS = {0xFF5E0020: 90 << 8 | 1 << 16}
"""The I/O PLL of an UltraScale+ board: 33.333 MHz * 90 / 2."""

PIECE = 1 << 20


@dataclass
class Files(file_service.RemoteDeviceServicer):
    """A file system of a few files, where writing the firmware's name loads it."""

    device: SimulatedDevice
    held: dict[str, bytes] = field(default_factory=dict)
    loaded: list[str] = field(default_factory=list)

    def existsfile(self, request: Any, context: Any) -> Any:
        return files.ExistsFileResponse(exists=request.file_path in self.held)

    def readfile(self, request: Any, context: Any) -> Iterator[Any]:
        if request.file_path not in self.held:
            context.abort(grpc.StatusCode.NOT_FOUND, f"no file {request.file_path}")
        yield files.ReadFileResponse(data=self.held[request.file_path])

    def writefile(self, requests: Iterator[Any], context: Any) -> Any:
        parts = list(requests)
        path = parts[0].file_path
        self.held[path] = b"".join(part.data for part in parts)
        if path == MANAGER + "firmware":
            self._load(self.held[path].decode(), context)
        return files.WriteFileResponse()

    def set_bitstream_attrs(self, request: Any, context: Any) -> Any:
        return files.SetBitstreamAttrsResponse(status=True)

    def _load(self, name: str, context: Any) -> None:
        if SWAPPED not in self.held.get(FIRMWARE + name, b""):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{name} is no configuration")
        self.device.logic.reset()
        self.device.dma.reset()
        self.loaded.append(name)


@dataclass
class Registers(mmio_service.MmioServicer):
    """Those of the logic, and of the processing system, which hold what is written."""

    device: SimulatedDevice
    held: dict[int, int] = field(default_factory=lambda: dict(CLOCKS))
    bases: dict[str, int] = field(default_factory=dict)
    accesses: int = 0
    refusal: str = ""

    def get_mmio(self, request: Any, context: Any) -> Any:
        name = f"0:{len(self.bases)}"
        self.bases[name] = request.base_addr
        return mmio.GetMmioResponse(mmio_id=name)

    def read(self, request: Any, context: Any) -> Any:
        self.accesses += 1
        if self.refusal:
            context.abort(grpc.StatusCode.UNAVAILABLE, self.refusal)
        address = self.bases[request.mmio_id] + request.offset
        if address >= PROCESSOR:
            return mmio.ReadResponse(data=_int32(self.held.get(address, 0)))
        try:
            return mmio.ReadResponse(data=int.from_bytes(self.device.read_registers(address, 4), "little", signed=True))
        except BusError as error:
            context.abort(grpc.StatusCode.INTERNAL, str(error))

    def write(self, request: Any, context: Any) -> Any:
        self.accesses += 1
        address = self.bases[request.mmio_id] + request.offset
        if address >= PROCESSOR:
            self.held[address] = int.from_bytes(request.data, "little")
        else:
            self.device.write_registers(address, request.data)
        return mmio.WriteResponse()


@dataclass
class Buffers(buffer_service.RemoteBufferServicer):
    """Contiguous memory whose cache is flushed and invalidated on request alone."""

    device: SimulatedDevice
    held: dict[str, Any] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)

    def allocate(self, request: Any, context: Any) -> Any:
        name = f"0:{next(self.numbers)}"
        self.held[name] = self.device.allocate((request.size,), np.uint8)
        return buffers.AllocateResponse(buffer_id=name)

    def freebuffer(self, request: Any, context: Any) -> Any:
        self.held.pop(request.buffer_id, None)
        return buffers.FreeBufferResponse()

    def write(self, requests: Iterator[Any], context: Any) -> Any:
        at = 0
        for request in requests:
            data = np.frombuffer(request.data, np.uint8)
            if at + len(data) > len(self.held[request.buffer_id]):
                return buffers.BufferWriteResponse(msg="more than the buffer holds")
            self.held[request.buffer_id][at : at + len(data)] = data
            at += len(data)
        return buffers.BufferWriteResponse()

    def read(self, request: Any, context: Any) -> Iterator[Any]:
        data = self.held[request.buffer_id].tobytes()
        for at in range(0, len(data), PIECE):
            yield buffers.BufferReadResponse(data=data[at : at + PIECE])

    def flush(self, request: Any, context: Any) -> Any:
        self.held[request.buffer_id].flush()
        return buffers.FlushResponse()

    def invalidate(self, request: Any, context: Any) -> Any:
        self.held[request.buffer_id].invalidate()
        return buffers.InvalidateResponse()

    def physical_address(self, request: Any, context: Any) -> Any:
        return buffers.AddressResponse(address=self.held[request.buffer_id].device_address)


@dataclass
class RemoteBoard:
    """The services of one board."""

    files: Files
    registers: Registers
    buffers: Buffers


@contextmanager
def remote_board(device: SimulatedDevice) -> Iterator[RemoteBoard | None]:
    """Serve as long as the block lasts; None where another program keeps the port."""
    if not any(_is_free() or time.sleep(1) for _ in range(PATIENCE_S)):  # two tests may run beside each other
        yield None
        return
    known = {"/proc/version": b"Linux version 6.6 (aarch64)\n", MANAGER + "state": b"operating\n"}
    known |= {MANAGER + "flags": b"0\n", "/proc/device-tree/chosen/pynq_board": b"ZCU104\0"}
    board = RemoteBoard(Files(device, known), Registers(device), Buffers(device))
    # one thread: a simulated board does one thing at a time; and the port is not to be shared
    server = grpc.server(ThreadPoolExecutor(1), options=(("grpc.so_reuseport", 0),))
    file_service.add_RemoteDeviceServicer_to_server(board.files, server)
    mmio_service.add_MmioServicer_to_server(board.registers, server)
    buffer_service.add_RemoteBufferServicer_to_server(board.buffers, server)
    server.add_insecure_port(ADDRESS)
    server.start()
    try:
        yield board
    finally:
        server.stop(None).wait()


def _int32(word: int) -> int:
    """As the protocol's field has it: from 2**31 on it is negative."""
    return word - (1 << 32) if word >> 31 else word


def _is_free() -> bool:
    host, port = ADDRESS.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0
