"""What an AXI master may ask of a shiftwire_top, asked by agents that are not ours. Runs within the simulator."""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np

from protocol_agents import Bench

BATCH = 64


@cocotb.test()
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
