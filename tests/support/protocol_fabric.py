"""The logic of a simulated board, moved by cocotbext-axi: the runtime and pynq run in a thread of the simulator."""

from __future__ import annotations

from typing import Any

from cocotb.simtime import get_sim_time
from cocotb.task import resume
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiResp

from protocol_agents import PERIOD_NS, Bench
from shiftwire_boards.sim.fabric import BusError, ChannelState


class CocotbFabric:
    """A Fabric; its methods belong to a thread that cocotb.bridge started, and time passes while they wait."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._capacity: int | None = None
        self._made = b""
        self._is_overrun = False

    def read(self, offset: int) -> int:
        reply = resume(self._bench.lite.read)(offset, 4)
        _check(reply, f"reading offset {offset:#x}")
        return int.from_bytes(reply.data, "little")

    def write(self, offset: int, value: int) -> None:
        answer = resume(self._bench.lite.write)(offset, value.to_bytes(4, "little"))
        _check(answer, f"writing offset {offset:#x}")

    def send(self, data: bytes) -> None:
        resume(self._bench.source.send)(data)

    def receive(self, most_bytes: int) -> None:
        self._capacity = most_bytes

    def step(self, most_cycles: int) -> ChannelState:
        return resume(self._step)(most_cycles)

    def received(self, size: int) -> bytes:
        return self._made[:size]

    def reset_channels(self) -> None:
        resume(self._reset_channels)()

    def reset(self) -> None:
        self.reset_channels()
        resume(self._bench.reset)()

    async def _step(self, most_cycles: int) -> ChannelState:
        before = now = self._moved()
        for _ in range(most_cycles):
            await RisingEdge(self._bench.dut.aclk)
            now = self._moved()
            if _events(now) != _events(before):
                break
        return now

    def _moved(self) -> ChannelState:
        """The channels as they are; a transfer from the network that has ended is taken out of the sink."""
        if self._capacity is not None and not self._bench.sink.empty():
            got = self._bench.sink.recv_nowait(compact=False)
            assert all(got.tkeep)
            self._made = bytes(got.tdata)
            self._is_overrun = len(self._made) > self._capacity
            self._capacity = None
        is_received = self._capacity is None and not self._is_overrun
        cycle = round(get_sim_time("ns") / PERIOD_NS)
        return ChannelState(self._bench.source.idle(), is_received, self._is_overrun, cycle, len(self._made))

    async def _reset_channels(self) -> None:
        for channel in (self._bench.source, self._bench.sink):
            channel.clear()
            channel.assert_reset()
        self._capacity, self._made, self._is_overrun = None, b"", False


def _events(moved: ChannelState) -> tuple[bool, bool, bool]:
    return moved.is_sent, moved.is_received, moved.is_overrun


def _check(answer: Any, what: str) -> None:
    if answer.resp != AxiResp.OKAY:
        raise BusError(f"{what} was answered by {answer.resp}")
