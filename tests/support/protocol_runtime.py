"""The board's own runtime over unmodified pynq, its AXI ports moved by cocotbext-axi. Runs within the simulator."""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np
from cocotb.task import bridge

from board_bench import on_board
from protocol_agents import PATIENCE, Bench
from protocol_bench import given_folder, given_project
from protocol_fabric import CocotbFabric
from shiftwire.project.project import load_project

BATCH = 64


@cocotb.test(**PATIENCE)
async def runtime(dut: Any) -> None:
    """1, 2, 64 and partial batches by Accelerator.predict_codes, with pauses on every channel."""
    bench = await Bench.start(dut)
    await bridge(predict)(bench)
    assert bench.sink.empty()


def predict(bench: Bench) -> None:
    project = load_project(given_project())
    with on_board(project, given_folder() / "overlay", fabric=CocotbFabric(bench), batch=BATCH) as (_, accelerator):
        for at, frames in enumerate((1, 2, BATCH, BATCH + 1, 2 * BATCH + 2)):
            bench.stall(*((0, 0, 0), (0.4, 0.6, 0.3))[at % 2], seed=at)
            codes = np.concatenate([bench.extremes(), bench.random_frames(frames, at)])[-frames:]
            bench.check(codes, accelerator.predict_codes(codes))
        bench.check(bench.extremes(), accelerator.predict_codes(bench.extremes()))
        assert accelerator.shell.errors() == ""
        assert accelerator.shell.read("frames_out") > 2 * BATCH
