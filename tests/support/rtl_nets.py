"""Networks in SystemVerilog, many in one Verilator program: codes, cycles and buffers against what was predicted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shiftwire.ir.cost import BRAM36_IN_LUT
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network
from shiftwire.ir.rtl_network import RtlNetwork
from shiftwire.numbers.fixed import Codes
from shiftwire.rtl.bench import Bench
from shiftwire.schedule.depths import interval
from shiftwire.schedule.lowering import in_dsp_blocks, rtl_network
from shiftwire.schedule.streaming import pipeline
from shiftwire.schedule.tokens import simulate
from shiftwire.verify.rtl_simulator import FREE, Conditions, Simulator, StreamLog, built
from templates_used import stands_on_module

FRAMES = 6

UNROLLED = 5
"""Every fifth network meets all weights of a layer at once, and has no ROM."""

MANY = 1000
"""Block RAM that holds all weights."""

Logs = Mapping[str, Mapping[str, StreamLog]]


@dataclass(frozen=True)
class Compared:
    """How much a comparison saw."""

    codes: int
    live: int
    beats: int

    def __add__(self, other: Compared) -> Compared:
        return Compared(self.codes + other.codes, self.live + other.live, self.beats + other.beats)


def random_folds(network: Network, seed: int) -> dict[str, Fold]:
    """One of each layer's folds; every fifth seed takes the widest."""
    rng = np.random.default_rng(seed)
    every = {node.name: node.op.folds(network.sources(node), network.tensors[node.name]) for node in network.nodes}
    if seed % UNROLLED == 4:
        return {name: max(folds, key=lambda fold: fold.pe * fold.simd) for name, folds in every.items()}
    return {name: folds[int(rng.integers(len(folds)))] for name, folds in every.items()}


def hardware(name: str, network: Network, seed: int) -> RtlNetwork:
    """Every third network has block RAM to spare, every third one has none; none of these is short of DSP blocks."""
    folded = pipeline(network, random_folds(network, seed))
    has_spare = seed % 3 == 0
    price = MANY * BRAM36_IN_LUT if seed % 3 == 1 else BRAM36_IN_LUT
    spare = MANY if has_spare else 0
    rtl = rtl_network(folded, name, unroll=seed % UNROLLED == 4, spare_bram36=spare, bram36_lut=price)
    return rtl if has_spare else in_dsp_blocks(rtl)


@dataclass(frozen=True)
class Batch:
    """Networks, their hardware, and the program that simulates all of them."""

    networks: Mapping[str, Network]
    rtl: Mapping[str, RtlNetwork]
    codes: Mapping[str, Codes]
    simulator: Simulator

    @classmethod
    def of(
        cls, networks: Mapping[str, Network], codes: Mapping[str, Codes], folder: Path, stands_on: str | None = None
    ) -> Batch:
        """Networks by names n<seed>, folded at random; all of them, or those that hold the module in one file."""
        rtl = {name: hardware(name, network, int(name[1:])) for name, network in networks.items()}
        if stands_on:
            rtl = {name: network for name, network in rtl.items() if stands_on_module(network, stands_on)}
        networks = {name: networks[name] for name in rtl}
        return cls(networks, rtl, codes, built(Bench(tuple(rtl.values())), folder, optimise="-O0"))

    def run(self, conditions: Conditions = FREE) -> Logs:
        return self.simulator.run(self.codes, conditions)

    def check_codes(self, logs: Logs) -> Compared:
        """Every code of every layer that has hardware."""
        total = Compared(0, 0, 0)
        for name, network in self.networks.items():
            expected = network.evaluate_layers(self.codes[name])
            for stream in self.rtl[name].streams.values():
                if stream.tensor is None:
                    continue
                log = logs[name][stream.name]
                wanted = expected[stream.tensor].reshape(FRAMES, -1)
                assert log.codes is not None
                assert np.array_equal(log.codes, wanted), f"{name}: codes of {stream.name} differ"
                live = int(np.count_nonzero(np.ptp(wanted, axis=0)))
                total += Compared(wanted.size, live, len(log.cycles))
        return total

    def check_cycles(self, logs: Logs) -> None:
        """Every beat of every stream in the cycle predicted, buffers as full as predicted, the formula's interval."""
        for name, network in self.rtl.items():
            tokens = simulate(network, FRAMES)
            for stream, log in logs[name].items():
                left = tokens.left() if stream == network.output else tokens.popped(stream)
                late = log.cycles - left.ravel()
                assert np.ptp(late) == 0, f"{name}: beats of {stream} at other cycles than predicted"
                if stream != network.input:
                    assert log.most == tokens.most(stream), f"{name}: buffer {stream}"
                    assert log.most <= network.depths[stream], f"{name}: buffer {stream} is not deep enough"
            pace = settled(network) if tokens.interval < interval(network) else tokens.interval
            assert pace == interval(network), f"{name}: frames do not follow at the slowest unit's pace"


def settled(network: RtlNetwork) -> int:
    """Cycles between frames once buffers are full, which in small networks hold more frames than FRAMES."""
    return simulate(network, 4 * FRAMES).interval
