"""Seven engines, any two beside each other: they agree, and one flipped bit in any of them is found."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import onnx
import shiftwire
from board_bench import needs_pynq
from projects import small_net
from shiftwire.api import engine
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes
from shiftwire.onnx.exporter import to_onnx
from shiftwire.ops.dense import Dense
from shiftwire.project.engine import Engine, EngineName
from shiftwire.project.project import Project, golden_codes, load_project
from shiftwire.verify.comparison import all_pairs, compared
from shiftwire.verify.native import Bounded, Native
from shiftwire.verify.reference import Reference
from tiers import some
from verbs import run_verb

LAYERS = ["conv", "relu", "logits"]
"""Those that are hardware, in order."""

pytestmark = needs_pynq


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A convolution and a classifier, with the file that they are of."""
    path = tmp_path_factory.mktemp("engines")
    model = path / "small.onnx"
    onnx.save(to_onnx(small_net()), model)
    return shiftwire.convert(model, output=path / "small")


@pytest.fixture(scope="module")
def model(project: Project) -> Path:
    return project.path.with_suffix(".onnx")


def test_every_pair_agrees_in_every_layer(project: Project, model: Path) -> None:
    engines = [engine(name, project, model) for name in EngineName]
    pairs = all_pairs(engines, golden_codes(project.design.network))
    assert len(pairs) == 21 and not sum(pair.different for pair in pairs)
    for pair in pairs:
        names = [layer.name for layer in pair.layers]
        assert names == (["logits"] if EngineName.BOARD in (pair.engine, pair.against) else LAYERS), pair
        assert not pair.vacuous and pair.compared == sum(layer.compared for layer in pair.layers)


def flipped_reference(project: Project, model: Path, folder: Path) -> Engine:
    network = project.design.network
    node = network.nodes[-1]
    assert isinstance(node.op, Dense)
    codes = node.op.bias.codes.copy()
    codes[1] ^= 1
    changed = replace(node, op=replace(node.op, bias=replace(node.op.bias, codes=codes)))
    return Reference(replace(network, nodes=(*network.nodes[:-1], changed)))


def flipped_onnx(project: Project, model: Path, folder: Path) -> Engine:
    """A weight of the classifier in a copy of the file."""
    proto = onnx.load(model)
    (tensor,) = (tensor for tensor in proto.graph.initializer if tensor.name == "logits_weight")
    array = onnx.numpy_helper.to_array(tensor).copy()
    array[0, 0] ^= 1
    tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))
    onnx.save(proto, folder / "flipped.onnx")
    return engine(EngineName.ONNXRUNTIME, project, folder / "flipped.onnx")


def flipped_csim(project: Project, model: Path, folder: Path) -> Engine:
    """A constant in a header of weights."""
    shutil.copytree(project.path, folder / "small")
    copy = load_project(folder / "small")
    header = next(file for file in sorted(copy.hls_dir.glob("firmware/weights/*_bias.h")) if "{" in file.read_text())
    head, _, rest = header.read_text().partition("= {")
    first, comma, tail = rest.partition(",")
    header.write_text(f"{head}= {{{int(first) ^ 1}{comma}{tail}")
    for text in copy.hls_dir.glob("firmware/weights/*_bias.txt"):
        if text.stem == header.stem:
            first, comma, tail = text.read_text().partition(",")
            text.write_text(f"{int(float(first)) ^ 1}{comma}{tail}")
    return engine(EngineName.CSIM, copy)


def flipped_table(kind: type[Native] | type[Bounded]) -> Callable[[Project, Path, Path], Engine]:
    """A bit of the first bias in the tables that a built program reads."""

    def flip(project: Project, model: Path, folder: Path) -> Engine:
        shutil.copytree(project.path, folder / "small")
        running = kind(load_project(folder / "small"))
        with running.ready():
            tables = running.project.reports_dir / kind.name.value / "tables.bin"
        codes, at = np.fromfile(tables, np.int64), 0
        for table in running.program.simulation.cfg_tables:
            if table.name == "bias":
                break
            at += table.codes.size
        codes[at] ^= 1
        codes.tofile(tables)
        return running

    return flip


def flipped_memory(name: EngineName, stem: str) -> Callable[[Project, Path, Path], Engine]:
    """A bit of a file of constants of the SystemVerilog, under a checksum that fits."""

    def flip(project: Project, model: Path, folder: Path) -> Engine:
        shutil.copytree(project.path, folder / "small")
        copy = load_project(folder / "small")
        (memory,) = copy.rtl_dir.glob(f"*_{stem}*_bias.mem")
        first, newline, rest = memory.read_text().partition("\n")
        memory.write_text(f"{int(first, 16) ^ 1:0{len(first)}x}{newline}{rest}")
        sums = {**copy.rtl_checksums, memory.name: hashlib.sha256(memory.read_bytes()).hexdigest()}
        return engine(name, replace(copy, rtl_checksums=sums))

    return flip


FLIPS: dict[EngineName, tuple[Callable[[Project, Path, Path], Engine], str]] = {
    EngineName.REFERENCE: (flipped_reference, "logits"),
    EngineName.ONNXRUNTIME: (flipped_onnx, "logits"),
    EngineName.CSIM: (flipped_csim, "conv"),
    EngineName.NATIVE: (flipped_table(Native), "conv"),
    EngineName.BOUNDED: (flipped_table(Bounded), "conv"),
    EngineName.VERILATOR: (flipped_memory(EngineName.VERILATOR, "conv"), "conv"),
    EngineName.BOARD: (flipped_memory(EngineName.BOARD, "logits"), "logits"),
}


@pytest.mark.parametrize(
    "name",
    some(FLIPS, *(name for name in FLIPS if name not in (EngineName.VERILATOR, EngineName.BOARD))),
    ids=lambda name: name.value,
)
def test_one_flipped_bit_is_found(name: EngineName, project: Project, model: Path, tmp_path: Path) -> None:
    """With the layer that it is in, an index, both codes, and what the specification makes the code of."""
    flip, layer = FLIPS[name]
    codes = golden_codes(project.design.network)
    comparison = compared(flip(project, model, tmp_path), codes, Reference(project.design.network))
    assert comparison.engine is name and comparison.against is EngineName.REFERENCE and comparison.different > 0
    first = comparison.first_difference
    assert first is not None and first.layer == layer and first.expected != first.actual
    assert expected_code(project.design.network, codes, first.layer, (first.sample, *first.index)) == first.expected


def expected_code(network: Network, codes: Codes, layer: str, index: tuple[int, ...]) -> int:
    return int(network.evaluate_layers(codes)[layer][index])


def test_the_command_names_pairs(
    project: Project, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "x.npz"
    network = project.design.network
    codes = golden_codes(network)
    np.savez(data, x=np.moveaxis(network.input.format.decode(codes), -1, 1))
    words = ("verify", project.path, "--data", data, "--check", 3)
    status, out, _ = run_verb(capsys, *words, "--engines", "reference,native,onnxruntime", "--onnx", model)
    assert status == 0 and "verify: 3 samples, 3 pairs, 0 of" in out
    status, out, _ = run_verb(capsys, *words, "--engines", "native,reference", "--json")
    (pair,) = json.loads(out)["pairs"]
    assert status == 0 and pair["engines"] == ["native", "reference"] and len(pair["layers"]) == len(LAYERS)


@pytest.mark.parametrize(
    ("engines", "sentence"),
    [
        ("native,quartus", "found no engine 'quartus'; name two or more of reference, onnxruntime, csim"),
        ("native", "--engines native makes no pair of two engines"),
        ("native,native", "makes no pair of two engines"),
        ("native,onnxruntime", "onnxruntime runs the model's own file, and none is named; give --onnx model.onnx"),
    ],
)
def test_engines_that_make_no_pair(
    engines: str, sentence: str, project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "x.npz"
    np.savez(data, x=np.zeros((1, 4, 6, 5)))
    status, _, err = run_verb(capsys, "verify", project.path, "--data", data, "--engines", engines)
    assert status == 2 and sentence in err
