"""The C++ headers against the specification: every code of every node."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

import shiftwire_hls
from netlib import ap_types, run_networks, some_folds
from one_layer import frames
from random_networks import random_codes, random_network
from shiftwire.errors import ToolError
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes
from shiftwire.tools.host_cpp import find_compiler
from shiftwire.tools.process import run
from single_layers import single_layers
from templates_used import stands_on_header
from tiers import some

HEADERS = sorted(shiftwire_hls.INCLUDE_DIR.glob("*.h"))
OFTEN = {"sw_code.h", "sw_requantize.h", "sw_mvu.h", "sw_window.h"}
"""Headers of them that are compiled in `make test` too."""
CASES = single_layers()
MULTIPLIED = [name for name in CASES if name.startswith(("int_", "factored_dense", "factored_conv", "multiply"))]
DRAWS = 4
"""Folds of a layer that are tried on a header that is broken on purpose."""
SANITISED = ("-O1", "-fsanitize=undefined", "-fno-sanitize-recover")


def assert_equal(networks: list[Network], given: list[Codes], found: list[dict[str, Codes]]) -> int:
    """Compare whole tensors of every node; returns how many output positions were live."""
    live = 0
    for network, codes, layers in zip(networks, given, found, strict=True):
        expected = network.evaluate_layers(codes)
        for name, made in layers.items():
            right = expected[name]
            assert np.array_equal(made, right), (name, np.argwhere(made != right)[0])
            live += int(np.count_nonzero(right.min(axis=0) != right.max(axis=0)))
    return live


@pytest.mark.parametrize(("group", "flags"), [(0, ("-O1",)), (1, ("-O1", "-DSHIFTWIRE_HARDWARE"))])
def test_every_kernel_is_exact(group: int, flags: tuple[str, ...], cpp_folder: Path, stands_on: str | None) -> None:
    """Each layer alone, folded in one of its ways; the groups draw different folds, by the layers' names.

    One is compiled as for a processor, one with the lines that stand for others where the headers are synthesised.
    Of a header that is broken on purpose, every layer that stands on it is folded in several ways.
    """
    tried = [
        (network, some_folds(network, crc32(f"{name} {group} {draw}".encode())))
        for draw in range(DRAWS if stands_on else 1)
        for name, network in CASES.items()
    ]
    if stands_on:
        tried = [(network, folds) for network, folds in tried if stands_on_header(network, folds, stands_on)]
    networks, folds = [network for network, _ in tried], [folds for _, folds in tried]
    given = [frames(network) for network in networks]
    folder = cpp_folder / f"single{group}"
    folder.mkdir()
    live = assert_equal(networks, given, run_networks(networks, given, folder, folds=folds, flags=flags))
    assert live > 0.9 * sum(network.output.size for network in networks)


@pytest.mark.parametrize("group", some(range(4), 0))
def test_random_networks_are_exact(group: int, cpp_folder: Path, count: Callable[..., None]) -> None:
    """Forty of the networks that `make fuzz` takes in full."""
    seeds = range(10 * group, 10 * group + 10)
    networks = [random_network(seed) for seed in seeds]
    given = [random_codes(network, seed) for seed, network in zip(seeds, networks, strict=True)]
    folder = cpp_folder / f"random{group}"
    folder.mkdir()
    live = assert_equal(networks, given, run_networks(networks, given, folder))
    count(random_networks=len(networks), live_outputs=live)
    assert live > 200


@pytest.mark.whole
def test_no_undefined_behaviour(cpp_folder: Path) -> None:
    """Shifts, overflows and casts under the sanitizer, which below C++20 trips over the ap types themselves."""
    names = ["shift_dense_fine_bias", "adder_conv_depthwise", "requantize_half_even_wrap", "requantize_far", "concat"]
    networks = [CASES[name] for name in names]
    given = [frames(network) for network in networks]
    folder = cpp_folder / "sanitised"
    folder.mkdir()
    assert_equal(networks, given, run_networks(networks, given, folder, flags=SANITISED, standard="c++20"))


@pytest.mark.parametrize(
    "header", some(HEADERS, *(header for header in HEADERS if header.name in OFTEN)), ids=lambda header: header.name
)
def test_a_header_compiles_alone(header: Path, tmp_path: Path) -> None:
    """Under C++14, which is what Vitis HLS documents."""
    source = tmp_path / "alone.cpp"
    source.write_text(f'#include "{header.name}"\n')
    includes = [f"-I{folder}" for folder in (header.parent, ap_types())]
    run([find_compiler(), "-std=c++14", "-fsyntax-only", "-Wall", "-Wno-unknown-pragmas", *includes, source], "check")


@pytest.mark.whole
def test_no_multiplication_outside_the_int_lane(cpp_folder: Path) -> None:
    """On types whose product is a compile error, all other kernels build and give the right codes."""
    probe = ("-O0", f'-DSHIFTWIRE_CODE_TYPES="{Path(__file__).resolve().parents[1] / "support" / "probe_types.h"}"')
    networks = [network for name, network in CASES.items() if name not in MULTIPLIED]
    given = [frames(network) for network in networks]
    folder = cpp_folder / "probe"
    folder.mkdir()
    assert_equal(networks, given, run_networks(networks, given, folder, flags=probe))
    for name in MULTIPLIED:
        with pytest.raises(ToolError, match="use of deleted function"):
            run_networks([CASES[name]], [frames(CASES[name])], folder, flags=probe)


SHARED = {"sw_banks.h", "sw_beat.h", "sw_code.h", "sw_finish.h", "sw_tables.h", "sw_taps.h", "sw_turns.h"}
"""Headers that are no unit's; lanes of weights and decoders are none either."""


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: header.name)
def test_a_unit_is_one_pipelined_loop(header: Path) -> None:
    """Over all iterations of a frame; every other loop is unrolled, and what a unit calls has no pipeline."""
    is_unit = header.name not in SHARED and not header.name.endswith(("_lane.h", "_decoder.h"))
    lines = [line.strip() for line in header.read_text().splitlines()]
    loops = [(line, below) for line, below in pairwise(lines) if line.startswith("for (")]
    pipelined = [line for line, below in loops if below == "#pragma HLS PIPELINE II = 1 style = frp"]
    assert pipelined == ["for (int i = 0; i < C::iterations; i++) {"] * is_unit
    assert sum("HLS PIPELINE" in line for line in lines) == len(pipelined)
    assert [line for line, below in loops if below != "#pragma HLS UNROLL"] == pipelined
    assert not any(re.search(r"\b(while|do)\b *[({]", line) for line in lines if not line.startswith("//"))


def test_only_weights_become_indices() -> None:
    """to_index is the one door from a code to a builtin int; only counts and places from tables, or in one, pass it."""
    uses = {
        header.name: re.findall(r"to_index\(([^)]*)\)", header.read_text())
        for header in HEADERS
        if header.name != "sw_code.h"
    }
    assert {name: found for name, found in uses.items() if found} == {
        "sw_factor_decoder.h": ["stored[first + j]"],
        "sw_lookup.h": ["place"],
        "sw_mvu.h": ["last_term[word]"],
        "sw_taps.h": ["weight"],
        "sw_restore.h": ["source_word[word][l]"],
        "sw_reorder.h": ["source_word[word][l]", "source_lane[word][l]"],
        "sw_vvu.h": ["last_term[word]"],
        "sw_window.h": ["reads[0]", "steps[0]", "reads[ahead]", "steps[ahead]"],
    }


def test_only_the_shim_names_a_library() -> None:
    for header in HEADERS:
        names = re.findall(r"\bap_\w+", header.read_text())
        assert not names or header.name == "sw_code.h", (header.name, names[:3])
