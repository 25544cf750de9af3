"""What an AXI master may ask of a shiftwire_top, asked by agents that are not ours. Runs within the simulator."""

from __future__ import annotations

import random
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiResp

from protocol_agents import PATIENCE, RESET_CYCLES, Bench
from protocol_bench import report
from shiftwire.rtl.registers import ADDRESS_BITS, REGISTERS, Access, register

BATCH = 64
QUIET_CYCLES = 2
"""After which a reset has reached every output of the top: one register stands before it."""


@cocotb.test(**PATIENCE)
async def batches(dut: Any) -> None:
    """1, 2, a whole and a partial batch without pauses and with some on every side; TLAST, TKEEP and padding too."""
    bench = await Bench.start(dut)
    codes = np.concatenate([bench.extremes(), bench.random_frames(BATCH, 1)])
    for at, (send, receive) in enumerate([(0, 0), (0.5, 0.5), (0.85, 0), (0, 0.85)]):
        bench.stall(send, receive, lite=0.3, seed=at)
        for frames in (1, 2, BATCH, 7):
            given = codes[-frames:] if at % 2 else codes[:frames]
            await bench.send(given)
            made = await bench.receive(frames)
            bench.check(given, made)
            assert len(np.unique(made)) > 1
    assert bench.sink.empty()
    assert min(bench.waits("m_axis_t", "s_axis_t")) > 1000, "both sides did wait"
    assert await bench.read("errors") == 0


@cocotb.test(**PATIENCE)
async def transfers_of_several_lengths_at_once(dut: Any) -> None:
    """The register is rewritten while earlier transfers are still inside; each keeps the length it began with."""
    bench = await Bench.start(dut)
    bench.stall(0.2, 0.6, lite=0.2, seed=9)
    lengths = (3, 1, 1, 5, 2, 1, 4)
    codes = bench.random_frames(sum(lengths), 2)
    parts = np.split(codes, np.cumsum(lengths)[:-1])

    async def send_all() -> None:
        for part in parts:
            await bench.send(part)

    sending = cocotb.start_soon(send_all())
    for part in parts:
        bench.check(part, await bench.receive(len(part)))
    await sending
    assert bench.sink.empty()


@cocotb.test(**PATIENCE)
async def registers(dut: Any) -> None:
    """Address and data in either order, byte strobes, responses in and beyond the map, readers and writers at once."""
    bench = await Bench.start(dut)
    drawn = random.Random(3)
    expected = 1  # what frames_per_transfer holds
    beyond = [len(REGISTERS) * 4, 0x800, (1 << ADDRESS_BITS) - 4]
    fixed = {known.offset: known.reset for known in REGISTERS if known.access is Access.READ_ONLY}
    at = register("frames_per_transfer").offset
    for turn in range(300):
        if turn % 50 == 0:
            bench.stall(0, 0, lite=(0, 0.5, 0.8)[turn // 50 % 3], seed=turn)
        offset = drawn.choice([at, at, at, *fixed, *beyond])
        lane = drawn.randrange(4)
        data = drawn.randbytes(drawn.randint(1, 4 - lane))
        writing = cocotb.start_soon(bench.lite.write(offset + lane, data))
        other = drawn.choice([*fixed, *beyond])
        reply = await bench.lite.read(other, 4)
        answer = await writing
        assert answer.resp == AxiResp.OKAY, hex(offset)
        assert reply.resp == AxiResp.OKAY, hex(other)
        known = 0 if other in beyond else fixed[other]
        if known is not None:
            assert int.from_bytes(reply.data, "little") == known, hex(other)
        if offset == at:
            held = bytearray(expected.to_bytes(4, "little"))
            held[lane : lane + len(data)] = data
            expected = int.from_bytes(held, "little")
        assert await bench.read("frames_per_transfer") == expected
        report(2)
    lags = [w - a for a, w in zip(bench.watches["s_axi_aw"].taken, bench.watches["s_axi_w"].taken, strict=True)]
    assert min(lags) < 0 < max(lags), "data came before the address, and behind it"
    # many at once: both sides have to wait, and no answer goes to the wrong one
    offsets = [at if turn % 3 else beyond[0] for turn in range(40)]
    writing = [cocotb.start_soon(bench.lite.write(each, bytes([turn, 0, 0, 0]))) for turn, each in enumerate(offsets)]
    answers = [(await each).resp for each in writing]
    assert answers == [AxiResp.OKAY] * len(offsets)
    assert await bench.read("frames_per_transfer") == len(offsets) - 2  # what the last of them wrote
    assert min(bench.waits("s_axi_aw", "s_axi_w", "s_axi_b", "s_axi_r")) > 0


@cocotb.test(**PATIENCE)
async def reads_during_work(dut: Any) -> None:
    """Counters only grow while frames are moved, the shell is idle afterwards, and no code is changed by it all."""
    bench = await Bench.start(dut)
    bench.stall(0.3, 0.5, lite=0.4, seed=4)
    codes = bench.random_frames(40, 3)
    receiving = cocotb.start_soon(bench.receive(len(codes)))
    await bench.write("frames_per_transfer", len(codes))
    await bench.offer(codes)
    last = dict.fromkeys(("cycles_low", "frames_in", "frames_out"), 0)
    looks = 0
    while not receiving.done():
        # the other way round, a frame may leave between the two
        seen = {name: await bench.read(name) for name in ("frames_out", "frames_in", "cycles_low")}
        assert all(seen[name] >= last[name] for name in last), (last, seen)
        assert seen["frames_out"] <= seen["frames_in"]
        last = seen
        looks += 0 < seen["frames_out"] < len(codes)
    assert looks > 10, "the registers were read in the midst of the work"
    bench.check(codes, await receiving)
    after = [await bench.read(name) for name in ("frames_in", "frames_out", "errors", "status")]
    assert after == [len(codes), len(codes), 0, 1]


@cocotb.test(**PATIENCE)
async def resets_in_the_midst(dut: Any) -> None:
    """At any cycle of a transfer and of a register access; outputs fall silent, and what follows is right."""
    bench = await Bench.start(dut)
    outputs = [getattr(dut, name) for name in ("m_axis_tvalid", "s_axi_bvalid", "s_axi_rvalid")]
    codes = bench.random_frames(6, 5)
    for turn in range(24):
        bench.stall(0.2, (0, 0.6, 1)[turn % 3], lite=0.3, seed=20 + turn)
        await bench.write("frames_per_transfer", len(codes))
        await bench.offer(codes)
        await ClockCycles(dut.aclk, 1 + 13 * turn)
        # half a write: its address is taken, or its data
        halves = (bench.lite.write_if.aw_channel, bench.lite.write_if.w_channel)
        halves[turn % 2].clear_pause_generator()
        halves[turn % 2].pause = True
        cocotb.start_soon(bench.lite.write(0, bytes(4)))
        cocotb.start_soon(bench.lite.read(0, 4))
        await ClockCycles(dut.aclk, 1 + turn % 8)
        dut.aresetn.value = 0
        bench.source.clear()
        for cycle in range(RESET_CYCLES):
            await RisingEdge(dut.aclk)
            assert cycle < QUIET_CYCLES or not any(int(output.value) for output in outputs), cycle
        dut.aresetn.value = 1
        await RisingEdge(dut.aclk)
        bench.stall(0, 0, lite=0, seed=0)
        for known in REGISTERS:
            if known.reset is not None:
                assert await bench.read(known.name) == known.reset, known.name
        frames = 1 + turn % 3
        sent = cocotb.start_soon(bench.send(codes[-frames:]))
        bench.check(codes[-frames:], await bench.receive(frames))
        await sent
        assert bench.sink.empty()


@cocotb.test(**PATIENCE)
async def soft_resets_in_the_midst(dut: Any) -> None:
    """A sender comes to its end while the reset is held, and the next transfer is right.

    The receiver never pauses here: a word that waits for it would be taken back, which AXI forbids; the runtime resets
    the DMA with the network.
    """
    bench = await Bench.start(dut)
    codes = bench.random_frames(6, 6)
    size = bench.shell.output.frame_bytes
    for turn in range(12):
        bench.stall(0.3 * (turn % 2), 0, lite=0, seed=50 + turn)
        await bench.write("frames_per_transfer", len(codes))
        await bench.offer(codes)
        await ClockCycles(dut.aclk, 1 + 17 * turn)
        await bench.write("control", 1)
        await bench.source.wait()
        await ClockCycles(dut.aclk, 2)
        assert await bench.read("status") & 2, "it says so itself"
        await bench.write("errors", 7)
        await bench.write("control", 0)
        await bench.send(codes[:2])
        made = await bench.sink.recv(compact=False)
        # what left before the reset had no TLAST
        data = np.frombuffer(bytes(made.tdata[-2 * size :]), np.uint8).reshape(2, -1)
        found = bench.shell.output.to_codes(data)
        bench.check(codes[:2], found.reshape(bench.network.evaluate(codes[:2]).shape))
        assert await bench.read("frames_out") == 2
        assert await bench.read("errors") == 0


@cocotb.test(**PATIENCE)
async def wrong_cuts_are_flagged(dut: Any) -> None:
    """A transfer that is longer or shorter than was said; each flag goes when 1 is written to it."""
    bench = await Bench.start(dut)
    codes = bench.random_frames(4, 7)
    data = bench.shell.input.to_bytes(codes.reshape(4, -1)).tobytes()
    early, late = 1, 2
    for said, sent, wanted in ((4, 2, early), (2, 4, late)):
        await bench.write("frames_per_transfer", said)
        for at in range(0, len(data), sent * len(data) // 4):
            await bench.source.send(data[at : at + sent * len(data) // 4])
        for at in range(0, 4, said):
            bench.check(codes[at : at + said], await bench.receive(said))
        assert await bench.read("errors") & wanted, (said, sent)
        await bench.write("errors", 7 & ~wanted)
        assert await bench.read("errors") == wanted
        await bench.write("errors", wanted)
        assert await bench.read("errors") == 0
