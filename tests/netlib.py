"""Many networks in one C++ program: the kernels on bare codes, without a project around them."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import shiftwire_hls
from shiftwire.cpp import Variable, array, call, code_type, config_struct
from shiftwire.fixed import Codes
from shiftwire.kernel import CodeType
from shiftwire.network import Network, Node, Tensor
from shiftwire.tools.host_cpp import Build, compiled
from shiftwire.tools.process import run

MAIN = """
#include <cstdio>
#include <cstdlib>
#include <vector>

template <class T> void read_codes(FILE *file, T *to, int n) {
    for (int i = 0; i < n; i++) {
        long long code = 0;
        if (fread(&code, sizeof code, 1, file) != 1) exit(3);
        to[i] = sw::from_code<T>(typename sw::code_of<T>::type(code));
    }
}

#ifdef SHIFTWIRE_CODE_TYPES
template <class T> long long as_int64(const T &code) { return code.v; }
#else
template <class T> long long as_int64(const T &code) { return (long long)code; }
#endif

template <class T> void write_codes(FILE *file, const T *from, int n) {
    for (int i = 0; i < n; i++) {
        const long long code = as_int64(sw::to_code(from[i]));
        fwrite(&code, sizeof code, 1, file);
    }
}
"""


def ap_types() -> Path:
    """The arbitrary-precision types that hls4ml ships."""
    (root,) = importlib.util.find_spec("hls4ml").submodule_search_locations
    return Path(root) / "templates/vivado/ap_types"


def program_text(networks: Sequence[Network]) -> str:
    """C++ of a program `main(index, samples, input file, output file)` that runs one of the networks."""
    headers = {h for n in networks for node in n.nodes for h in _kernel(n, node).headers}
    parts = ['#include "sw_code.h"', *(f'#include "{h}"' for h in sorted(headers)), MAIN]
    parts += [_network_text(index, network) for index, network in enumerate(networks)]
    cases = [f"if (atoi(argv[1]) == {i}) net{i}::run(in, out);" for i in range(len(networks))]
    body = "\n        ".join(cases)
    parts.append(
        "int main(int argc, char **argv) {\n"
        '    FILE *in = fopen(argv[3], "rb");\n    FILE *out = fopen(argv[4], "wb");\n'
        f"    for (int n = 0; n < atoi(argv[2]); n++) {{\n        {body}\n    }}\n"
        "    fclose(out);\n    return 0;\n}\n"
    )
    return "\n".join(parts)


def run_networks(
    networks: Sequence[Network],
    codes: Sequence[Codes],
    folder: Path,
    *,
    flags: tuple[str, ...] = ("-O0",),
    standard: str = "c++14",
) -> list[dict[str, Codes]]:
    """Every node's codes (N, *shape), network by network."""
    source = folder / "networks.cpp"
    source.write_text(program_text(networks))
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
        layers[node.name] = flat[:, start : start + tensor.size].reshape(-1, *tensor.shape)
        start += tensor.size
    assert start == flat.shape[1]
    return layers


def _kernel(network: Network, node: Node):
    return node.op.kernel(network.sources(node), network.tensors[node.name])


def _type(tensor: Tensor) -> str:
    return code_type(CodeType(tensor.format.bits, tensor.format.signed))


def _network_text(index: int, network: Network) -> str:
    declared = [f"static {_type(t)} {name}[{t.size}];" for name, t in network.tensors.items()]
    structs, statements = [], [f"    read_codes(in, {network.input_name}, {network.input.size});"]
    for node in network.nodes:
        kernel, config = _kernel(network, node), f"config_{node.name}"
        tables = [f"{node.name}_{table.name}" for table in kernel.tables]
        structs.append(config_struct(config, kernel))
        structs += [
            array(code_type(t.type), name, t.codes.tolist()) for t, name in zip(kernel.tables, tables, strict=True)
        ]
        sources = [Variable(_type(network.tensors[name]), name) for name in node.inputs]
        target = Variable(_type(network.tensors[node.name]), node.name)
        statements.append(f"    {call(kernel, config, sources, target, tables)}")
        statements.append(f"    write_codes(out, {node.name}, {network.tensors[node.name].size});")
    body = "\n".join(statements)
    return "\n".join(
        [f"namespace net{index} {{", *declared, *structs, f"void run(FILE *in, FILE *out) {{\n{body}\n}}", "}"]
    )
