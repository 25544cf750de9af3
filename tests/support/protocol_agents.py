"""Bus agents of cocotbext-axi around a shiftwire_top, monitors of our own beside them. Runs within the simulator."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp, AxiStreamBus, AxiStreamSink, AxiStreamSource

from protocol_bench import given_project, report
from shiftwire.board.inner import project_shell
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes
from shiftwire.project.project import load_project
from shiftwire.rtl.registers import register
from shiftwire.rtl.shell import Shell

PERIOD_NS = 10
RESET_CYCLES = 16
PATIENCE = {"timeout_time": 3, "timeout_unit": "ms"}
"""Simulated time that no check needs; one that waits for ever ends with it."""

CHANNELS = {
    "m_axis_t": ("data", "keep", "last"),
    "s_axis_t": ("data", "keep", "last"),
    "s_axi_aw": ("addr",),
    "s_axi_w": ("data", "strb"),
    "s_axi_ar": ("addr",),
    "s_axi_b": ("resp",),
    "s_axi_r": ("data", "resp"),
}
"""Prefix of a channel with valid and ready, and what it carries."""


@dataclass
class Watch:
    """A channel seen at every clock edge: what was offered and not taken must be offered again, and be the same.

    `taken` has the cycle of every handshake, `waits` counts cycles in which something had to wait.
    """

    prefix: str
    valid: Any
    ready: Any
    payload: list[Any]
    taken: list[int] = field(default_factory=list)
    waits: int = 0
    held: list[int] | None = None

    @classmethod
    def on(cls, dut: Any, prefix: str) -> Watch:
        valid, ready, *payload = (getattr(dut, prefix + name) for name in ("valid", "ready", *CHANNELS[prefix]))
        return cls(prefix, valid, ready, payload)

    def look(self, cycle: int) -> None:
        if not int(self.valid.value):
            assert self.held is None, f"{self.prefix}: {self.held} was withdrawn before it was taken"
            return
        offered = [int(signal.value) for signal in self.payload]
        assert self.held in (None, offered), f"{self.prefix}: {self.held} became {offered} before it was taken"
        if int(self.ready.value):
            self.taken.append(cycle)
            self.held = None
        else:
            self.held = offered
            self.waits += 1


async def watch_all(dut: Any, watches: Sequence[Watch]) -> None:
    """A reset alone takes back what was offered; it ends with nothing offered."""
    cycle = 0
    while True:
        await RisingEdge(dut.aclk)
        cycle += 1
        for watch in watches:
            if int(dut.aresetn.value):
                watch.look(cycle)
            else:
                watch.held = None


def pauses(share: float, seed: int) -> Iterator[bool]:
    """For ever, True in `share` of the cycles."""
    drawn = random.Random(seed)
    while True:
        yield drawn.random() < share


@dataclass
class Bench:
    """The agents on a top that has been reset; every watched channel obeys the rules of AXI, or the check fails."""

    dut: Any
    lite: AxiLiteMaster
    source: AxiStreamSource
    sink: AxiStreamSink
    shell: Shell
    network: Network
    watches: dict[str, Watch]

    @classmethod
    async def start(cls, dut: Any) -> Bench:
        cocotb.start_soon(Clock(dut.aclk, PERIOD_NS, "ns").start())
        dut.aresetn.value = 0
        lite = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.aclk, dut.aresetn, reset_active_level=False)
        source, sink = (
            kind(AxiStreamBus.from_prefix(dut, prefix), dut.aclk, dut.aresetn, reset_active_level=False)
            for kind, prefix in ((AxiStreamSource, "s_axis"), (AxiStreamSink, "m_axis"))
        )
        project = load_project(given_project())
        watches = {prefix: Watch.on(dut, prefix) for prefix in CHANNELS}
        bench = cls(dut, lite, source, sink, project_shell(project), project.design.network, watches)
        cocotb.start_soon(watch_all(dut, list(watches.values())))
        await bench.reset()
        return bench

    async def reset(self) -> None:
        self.dut.aresetn.value = 0
        await ClockCycles(self.dut.aclk, RESET_CYCLES)
        self.dut.aresetn.value = 1
        # the network's own reset lasts longer, but words and registers may come at once
        await RisingEdge(self.dut.aclk)

    def stall(self, send: float, receive: float, lite: float, seed: int) -> None:
        """Let each agent pause at random in so great a share of the cycles."""
        write, read = self.lite.write_if, self.lite.read_if
        channels = (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel)
        agents = [(self.source, send), (self.sink, receive), *((channel, lite) for channel in channels)]
        for at, (agent, share) in enumerate(agents):
            agent.clear_pause_generator()
            agent.pause = False
            if share:
                agent.set_pause_generator(pauses(share, 100 * seed + at))

    async def read(self, name: str) -> int:
        reply = await self.lite.read(register(name).offset, 4)
        assert reply.resp == AxiResp.OKAY, (name, reply.resp)
        return int.from_bytes(reply.data, "little")

    async def write(self, name: str, value: int) -> None:
        answer = await self.lite.write(register(name).offset, value.to_bytes(4, "little"))
        assert answer.resp == AxiResp.OKAY, (name, answer.resp)

    async def send(self, codes: Codes) -> None:
        """A transfer of all these frames; ends when the last word was offered."""
        await self.write("frames_per_transfer", len(codes))
        await self.offer(codes)
        await self.source.wait()

    async def offer(self, codes: Codes) -> None:
        """The words of a transfer, without a word to the registers before."""
        await self.source.send(self.shell.input.to_bytes(codes.reshape(len(codes), -1)).tobytes())

    async def receive(self, frames: int) -> Codes:
        """Codes of the next transfer; fails where it ends elsewhere, has a null byte, or padding other than zeros."""
        stream = self.shell.output
        got = await self.sink.recv(compact=False)
        assert len(got.tdata) == frames * stream.frame_bytes, "TLAST is on the last word of the last frame"
        assert all(got.tkeep), "the shell pads frames to whole words; none of their bytes is null"
        data = np.frombuffer(bytes(got.tdata), np.uint8).reshape(frames, -1)
        codes = stream.to_codes(data)
        assert np.array_equal(stream.to_bytes(codes), data), "what lies behind the codes is zero"
        return codes.reshape(frames, *self.network.evaluate(self.extremes()[:1]).shape[1:])

    def random_frames(self, count: int, seed: int) -> Codes:
        held = self.network.input.format
        return np.random.default_rng(seed).integers(held.lo, held.hi + 1, (count, *self.network.input.shape))

    def extremes(self) -> Codes:
        """Frames of the least code, of the greatest, of zeros, and of both ends in turn and at random."""
        held, shape = self.network.input.format, self.network.input.shape
        ends = np.array([held.lo, held.hi])
        turns = ends[np.indices(shape).sum(0) % 2]
        drawn = np.random.default_rng(0).choice(ends, (8, *shape))
        whole = [np.full(shape, code) for code in (held.lo, held.hi, 0)]
        return np.stack([*whole, turns, turns[::-1], *drawn])

    def check(self, codes: Codes, made: Codes) -> None:
        assert np.array_equal(made, self.network.evaluate(codes))
        report(made.size)

    def waits(self, *prefixes: str) -> Sequence[int]:
        return [self.watches[prefix].waits for prefix in prefixes]
