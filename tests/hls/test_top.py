"""The top of plain words: its test bench under g++, on beats that fit a word and on wider ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import shiftwire
import stalls
from shiftwire.hls.top import HLS_TOP, WORD_BITS, word_ports
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.relu import Relu
from shiftwire.project.project import GOLDEN_FRAMES, Backend, Project
from shiftwire.schedule.design import Target
from shiftwire.tools.host_cpp import Build, compiled
from shiftwire.tools.process import run


def wide(codes: int, bits: int) -> Network:
    """A Relu on a row of codes."""
    return Network.of("x", Tensor((codes,), Fixed(bits, 2, signed=True)), (Node("y", Relu(), ("x",)),), "y")


NETWORKS = {
    "residual": (stalls.residual(), {}),
    "a whole word": (wide(64, 8), {"y": Fold(64, 1)}),
    "two words a beat": (wide(128, 8), {"y": Fold(128, 1)}),
    "odd lanes": (wide(75, 9), {"y": Fold(75, 1)}),
}


def bench(project: Project, folder: Path) -> Path:
    """The test bench as a program."""
    hls = project.hls_dir
    source = folder / "bench.cpp"
    files = (f"{HLS_TOP}_test.cpp", "firmware/shiftwire_net.cpp", f"firmware/{HLS_TOP}.cpp")
    source.write_text("".join(f'#include "{hls / file}"\n' for file in files))
    includes = (hls, hls / "firmware", hls / "firmware/ap_types", hls / "firmware/nnet_utils")
    return compiled(Build(source, includes, flags=("-O1", '-DWEIGHTS_DIR="firmware/weights"')), folder)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_bench_of_the_top_passes_and_sees_a_wrong_code(name: str, tmp_path: Path) -> None:
    network, folds = NETWORKS[name]
    target = None if folds else Target(fps=20_000)
    project = shiftwire.convert(network, output=tmp_path / "project", folds=folds, target=target, backend=Backend.HLS)
    program, codes = bench(project, tmp_path), GOLDEN_FRAMES * network.output.size
    assert f"{GOLDEN_FRAMES} frames, 0 of {codes} codes differ" in run([program], "test", project.hls_dir)
    golden = project.hls_dir / "tb_data/tb_output_predictions.dat"
    values = np.loadtxt(golden)
    values[-1, -1] += 2.0**-network.output.format.frac
    np.savetxt(golden, values, fmt="%r")
    with pytest.raises(shiftwire.ToolError, match="failed with status 1"):
        run([program], "test", project.hls_dir)


def test_words_hold_whole_codes(tmp_path: Path) -> None:
    """Of a beat that is too wide, the most lanes that divide it."""
    found = {}
    for name, (network, folds) in NETWORKS.items():
        if folds:
            ports = word_ports(shiftwire.api.design(network, folds=folds).pipeline)
            assert all(port.bits <= WORD_BITS and port.words * port.lanes == network.input.size for port in ports)
            found[name] = [(port.lanes, port.bits, port.parts) for port in ports]
    assert found == {
        "a whole word": [(64, 512, 1), (64, 448, 1)],
        "two words a beat": [(64, 512, 2), (64, 448, 2)],
        "odd lanes": [(25, 232, 3), (25, 200, 3)],
    }
