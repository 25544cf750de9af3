"""Every kernel alone, behind plain word streams, as another HLS tool would meet it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import shiftwire_hls
from netlib import ap_types, some_folds
from one_layer import frames
from shiftwire.errors import InputError
from shiftwire.hls.wrapper import unit_source, word_bits
from shiftwire.ir.network import Network
from shiftwire.ir.pipeline import Fifo
from shiftwire.numbers.fixed import Codes
from shiftwire.schedule.design import Design, folded
from shiftwire.tools.host_cpp import Build, compiled
from shiftwire.tools.process import run
from shiftwire_boards.catalog import load_board
from single_layers import single_layers
from tiers import some

CASES = single_layers()
CHOSEN = ("shift_conv_grouped", "adder_dense", "threshold", "affine", "requantize_half_even_wrap", "max_pool")

MAIN = """
#include <cstdio>
#include <cstdlib>
template <class W> void words_in(FILE *file, sw::stream<W> &to, int beats, int lanes, int bits) {
    for (int b = 0; b < beats; b++) {
        W word = 0;
        for (int l = 0; l < lanes; l++) {
            long long code = 0;
            if (fread(&code, sizeof code, 1, file) != 1) exit(3);
            word = word | (W(code & ((1LL << bits) - 1)) << (l * bits));
        }
        to.write(word);
    }
}
template <class W> void words_out(FILE *file, sw::stream<W> &from, int beats, int lanes, int bits) {
    for (int b = 0; b < beats; b++) {
        const W word = from.read();
        for (int l = 0; l < lanes; l++) {
            const long long code = W((word >> (l * bits)) & W((1LL << bits) - 1)).to_int64();
            fwrite(&code, sizeof code, 1, file);
        }
    }
}
"""


def simulated(design: Design, name: str, given: Codes, folder: Path) -> Codes:
    """Codes (N, codes of a frame) that leave a unit of one input, as its own C++ file makes them."""
    (unit,) = (unit for unit in design.pipeline.instances if unit.name == name)
    x, y = (design.pipeline.fifos[names[0]] for names in (unit.inputs, unit.outputs))
    ports = [f"sw::stream<sw::uint<{word_bits(fifo)}> > {port};" for fifo, port in ((x, "px"), (y, "py"))]
    body = f"words_in(in, px, {_arguments(x)}); {name}(px, py); words_out(out, py, {_arguments(y)});"
    main = (
        f'int main(int argc, char **argv) {{ FILE *in = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb"); '
        f"{' '.join(ports)} for (int n = 0; n < {len(given)}; n++) {{ {body} }} fclose(out); }}"
    )
    source, files = folder / f"{name}.cpp", (folder / "in", folder / "out")
    source.write_text(unit_source(design, name) + MAIN + main)
    program = compiled(Build(source, (shiftwire_hls.INCLUDE_DIR, ap_types()), flags=("-O0",)), folder)
    given.tofile(files[0])
    run([program, *files], "simulate a unit")
    found = np.fromfile(files[1], np.int64).reshape(len(given), -1)
    sign = np.int64(1) << (y.format.bits - 1)
    return (found ^ sign) - sign if y.format.signed else found


def _arguments(fifo: Fifo) -> str:
    return f"{fifo.port.beats}, {fifo.port.lanes}, {fifo.format.bits}"


def folded_at_random(network: Network, seed: int) -> Design:
    return folded(network, load_board("pynq-z2"), 10.0, some_folds(network, seed))


@pytest.mark.parametrize("name", some(CHOSEN, "adder_dense", "threshold"))
def test_units_alone_make_the_layer(name: str, tmp_path: Path) -> None:
    """The chain of a layer's units, each compiled on its own, gives the specification's codes."""
    network = CASES[name]
    design = folded_at_random(network, 3)
    codes = frames(network)
    flat = codes.reshape(len(codes), -1)
    for unit in design.pipeline.instances:
        flat = simulated(design, unit.name, flat, tmp_path)
    expected = network.evaluate(codes).reshape(len(codes), -1)
    assert np.array_equal(flat, expected)
    assert np.count_nonzero(expected.min(axis=0) != expected.max(axis=0)) > expected.shape[1] // 2


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(InputError, match="found no unit 'z'; name one of y"):
        unit_source(folded_at_random(CASES["relu"], 0), "z")
