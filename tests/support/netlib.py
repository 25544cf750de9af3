"""Many networks in one C++ program: the kernels on bare codes, without a project around them."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

import shiftwire_hls
from shiftwire.hls.cpp import Variable, array, call, code_type, config_struct, rom_type
from shiftwire.ir.cfg import CodeType
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network
from shiftwire.ir.pipeline import Pipeline
from shiftwire.numbers.fixed import Codes
from shiftwire.schedule.streaming import pipeline
from shiftwire.tools.host_cpp import Build, compiled
from shiftwire.tools.process import run

MAIN = """
#include <cstdio>
#include <cstdlib>

#include "sw_beat.h"

#ifdef SHIFTWIRE_CODE_TYPES
template <class T> long long as_int64(const T &code) { return code.v; }
#else
template <class T> long long as_int64(const T &code) { return (long long)code; }
#endif

template <class B> void read_codes(FILE *file, sw::stream<B> &to, int beats) {
    typedef typename B::value_type T;
    for (int b = 0; b < beats; b++) {
        B beat;
        for (int l = 0; l < (int)B::size; l++) {
            long long code = 0;
            if (fread(&code, sizeof code, 1, file) != 1) exit(3);
            beat[l] = sw::from_code<T>(typename sw::code_of<T>::type(code));
        }
        to.write(beat);
    }
}

template <class B> void write_codes(FILE *file, sw::stream<B> &from, int beats, bool again) {
    for (int b = 0; b < beats; b++) {
        const B beat = from.read();
        for (int l = 0; l < (int)B::size; l++) {
            const long long code = as_int64(sw::to_code(beat[l]));
            fwrite(&code, sizeof code, 1, file);
        }
        if (again) from.write(beat);
    }
}
"""


def ap_types() -> Path:
    """The arbitrary-precision types that hls4ml ships."""
    (root,) = importlib.util.find_spec("hls4ml").submodule_search_locations
    return Path(root) / "templates/vivado/ap_types"


def program_text(networks: Sequence[Network], folds_of: Sequence[Mapping[str, Fold]]) -> str:
    """C++ of a program `main(index, samples, input file, output file)` that runs one of the networks."""
    built = [pipeline(network, folds) for network, folds in zip(networks, folds_of, strict=True)]
    headers = {h for units in built for instance in units.instances for h in instance.unit.headers}
    parts = ['#include "sw_code.h"', *(f'#include "{h}"' for h in sorted(headers)), MAIN]
    parts += [_network_text(index, units) for index, units in enumerate(built)]
    cases = [f"if (atoi(argv[1]) == {i}) net{i}::run(in, out);" for i in range(len(networks))]
    body = "\n        ".join(cases)
    parts.append(
        "int main(int argc, char **argv) {\n"
        '    FILE *in = fopen(argv[3], "rb");\n    FILE *out = fopen(argv[4], "wb");\n'
        f"    for (int n = 0; n < atoi(argv[2]); n++) {{\n        {body}\n    }}\n"
        "    fclose(out);\n    return 0;\n}\n"
    )
    return "\n".join(parts)


def some_folds(network: Network, seed: int) -> dict[str, Fold]:
    """A fold for every layer, drawn from all that the layer allows."""
    rng = np.random.default_rng(seed)
    folds = {}
    for node in network.nodes:
        possible = node.op.folds(network.sources(node), network.tensors[node.name])
        folds[node.name] = possible[int(rng.integers(len(possible)))]
    return folds


def run_networks(
    networks: Sequence[Network],
    codes: Sequence[Codes],
    folder: Path,
    *,
    flags: tuple[str, ...] = ("-O0",),
    standard: str = "c++14",
    folds: Sequence[dict[str, Fold]] | None = None,
) -> list[dict[str, Codes]]:
    """Codes (N, *shape) of every node that has hardware, network by network, folded at random where not told how."""
    source = folder / "networks.cpp"
    if folds is None:
        folds = [some_folds(network, at) for at, network in enumerate(networks)]
    source.write_text(program_text(networks, folds))
    program = compiled(Build(source, (shiftwire_hls.INCLUDE_DIR, ap_types()), standard, flags), folder / "cache")
    return [_run(program, index, n, c, folder) for index, (n, c) in enumerate(zip(networks, codes, strict=True))]


def _run(program: Path, index: int, network: Network, codes: Codes, folder: Path) -> dict[str, Codes]:
    given, made = folder / "in.bin", folder / "out.bin"
    codes.tofile(given)
    run([program, str(index), str(len(codes)), given, made], "simulate")
    flat = np.fromfile(made, np.int64).reshape(len(codes), -1)
    layers, start = {}, 0
    for node in network.nodes:
        tensor = network.tensors[node.name]
        if not node.op.units(network.sources(node), tensor, Fold(1)):
            continue
        layers[node.name] = flat[:, start : start + tensor.size].reshape(-1, *tensor.shape)
        start += tensor.size
    assert start == flat.shape[1]
    return layers


def _beat(units: Pipeline, fifo: str) -> str:
    held = units.fifos[fifo]
    return f"sw::beat<{code_type(CodeType.of(held.format))}, {held.port.lanes}>"


def _network_text(index: int, units: Pipeline) -> str:
    declared = [f"static sw::stream<{_beat(units, name)} > {name};" for name in units.fifos]
    structs, statements = [], [f"    read_codes(in, {units.input}, {units.fifos[units.input].port.beats});"]
    for instance in units.instances:
        config = f"config_{instance.name}"
        tables = [f"{instance.name}_{table.name}" for table in instance.unit.cfg.tables]
        structs.append(config_struct(config, instance.unit.cfg))
        structs += [
            array(rom_type(t.type), name, t.codes) for t, name in zip(instance.unit.cfg.tables, tables, strict=True)
        ]
        read, written = ([Variable(_beat(units, n), n) for n in names] for names in (instance.inputs, instance.outputs))
        statements.append(f"    {call(instance.unit, config, read, written, tables)}")
        if instance.is_last:
            (name,) = instance.outputs
            again = "false" if name == units.output else "true"
            statements.append(f"    write_codes(out, {name}, {units.fifos[name].port.beats}, {again});")
    body = "\n".join(statements)
    return "\n".join(
        [f"namespace net{index} {{", *declared, *structs, f"void run(FILE *in, FILE *out) {{\n{body}\n}}", "}"]
    )
