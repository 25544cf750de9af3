"""Project folders: complete, reproducible, safe to overwrite, and genuine hls4ml."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

import onnx
import shiftwire
from one_layer import frames
from projects import files_of, small_net
from random_networks import random_codes, random_network
from shiftwire import api
from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.exporter import to_onnx
from shiftwire.ops.dense import Dense
from shiftwire.ops.relu import Relu
from shiftwire.ops.weights.integer import Int
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.project.hls_folder import _make_reproducible
from shiftwire.project.project import GOLDEN_FRAMES, Backend, load_project, write_project
from shiftwire.rtl.emit import network_text
from shiftwire.tools.host_cpp import Build, compiled
from shiftwire.tools.process import run
from shiftwire.verify.comparison import compared
from shiftwire.verify.csim import Csim
from single_layers import single_layers
from tiers import some

CASES = single_layers()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "small.onnx"
    onnx.save(to_onnx(small_net()), path)
    return path


def test_convert_twice_gives_identical_files(model: Path, tmp_path: Path) -> None:
    first = shiftwire.convert(model, output=tmp_path / "a/project")
    second = shiftwire.convert(model, output=tmp_path / "b/other")
    assert files_of(first.path) == files_of(second.path)
    assert first.version_hash == second.version_hash
    for name, content in files_of(first.path).items():
        assert str(tmp_path).encode() not in content, name


@pytest.mark.parametrize("stamp", ["12345678", "1234e567", "deadbeef"])
def test_no_stamp_of_hls4ml_remains(stamp: str, tmp_path: Path) -> None:
    """YAML writes some of its random stamps in quotes, and those once made two conversions differ."""
    for name in ("hls4ml_config.yml", "build_lib.sh", "build_prj.tcl"):
        (tmp_path / name).write_text(yaml.dump({"OutputDir": str(tmp_path), "Stamp": stamp}))
    _make_reproducible(tmp_path, "0" * 64)
    assert (tmp_path / "hls4ml_config.yml").read_text() == "OutputDir: .\nStamp: '00000000'\n"


def test_a_project_reads_back_whole(model: Path, tmp_path: Path) -> None:
    written = shiftwire.convert(model, board="zcu104", output=tmp_path / "project", clock_ns=4.0)
    again = load_project(written.path)
    assert again.version_hash == written.version_hash
    assert again.design.board == written.design.board
    assert again.design.clock_ns == 4.0
    given = random_codes(small_net(), 1)
    for name, codes in written.design.network.evaluate_layers(given).items():
        assert np.array_equal(again.design.network.evaluate_layers(given)[name], codes), name
    assert again.design.folds == written.design.folds
    assert again.design.pipeline.fifos == written.design.pipeline.fifos
    assert again.design.timing == written.design.timing


def test_a_project_knows_what_a_block_was_worth(tmp_path: Path) -> None:
    """Its SystemVerilog is made anew from it."""
    design = replace(api.design(small_net()), bram36_lut=10_000)
    again = load_project(write_project(design, tmp_path / "project", Backend.RTL).path).design
    assert again.bram36_lut == 10_000
    assert network_text(again.rtl, generic=True) == network_text(design.rtl, generic=True)


@pytest.mark.parametrize("name", CASES)
def test_every_layer_is_stored_exactly(name: str, tmp_path: Path) -> None:
    """Through the JSON and the weight files alone; hls4ml is not asked."""
    from shiftwire.project.codec import ArrayFolder, decode, encode  # noqa: PLC0415 - the only test that needs it

    text = json.dumps(encode(CASES[name], ArrayFolder(tmp_path)))
    again: Network = decode(json.loads(text), ArrayFolder(tmp_path))
    given = frames(CASES[name])
    assert again.tensors == CASES[name].tensors
    assert np.array_equal(again.evaluate(given), CASES[name].evaluate(given))


def test_design_json_says_what_was_built(model: Path, tmp_path: Path) -> None:
    project = shiftwire.convert(model, output=tmp_path / "project")
    design = json.loads((project.path / "design.json").read_text())
    assert design["shiftwire"]["schema"] == 7
    assert design["written_for"]["hls4ml"] == "1.3.0"
    assert design["board"]["part"] == "xc7z020clg400-1"
    assert design["tensors"]["conv"]["shape"] == [3, 5, 6]
    fold = project.design.folds["conv"]
    assert design["stages"][0]["fold"] == {"pe": fold.pe, "simd": fold.simd}
    units = {unit["name"]: unit for unit in design["units"]}
    assert units["conv_mvu"]["function"] == "mvu" and units["conv_mvu"]["reads"] == ["conv_window"]
    assert design["timing"]["interval_cycles"] == max(unit["cycles"] for unit in units.values())
    (fifo,) = (fifo for fifo in design["fifos"] if fifo["name"] == "conv")
    assert fifo["lanes"] * fifo["beats"] == 3 * 5 * 6
    assert fifo["depth"] >= 2


def test_vitis_gets_a_complete_project(model: Path, tmp_path: Path) -> None:
    """The test bench that Vitis HLS runs passes under g++ against the golden frames, and fails on a changed one."""
    hls = shiftwire.convert(model, output=tmp_path / "project").hls_dir
    tcl = (hls / "build_prj.tcl").read_text()
    assert "-std=c++14" in tcl and "c++0x" not in tcl
    assert "vitis-run" in (hls / "README.txt").read_text()
    includes = (hls, hls / "firmware", hls / "firmware/ap_types", hls / "firmware/nnet_utils")
    source = tmp_path / "both.cpp"
    source.write_text(f'#include "{hls}/shiftwire_net_test.cpp"\n#include "{hls}/firmware/shiftwire_net.cpp"\n')
    weights = '-DWEIGHTS_DIR="firmware/weights"'
    program = compiled(Build(source, includes, flags=("-O1", weights)), tmp_path)
    outputs = small_net().output.size
    assert f"{GOLDEN_FRAMES} frames, 0 of {GOLDEN_FRAMES * outputs} codes differ" in run([program], "test", hls)
    inputs = np.loadtxt(hls / "tb_data/tb_input_features.dat")
    assert (inputs[0] == -8).all() and (inputs[1] == 127 / 16).all() and not inputs[2].any()
    golden = hls / "tb_data/tb_output_predictions.dat"
    lines = golden.read_text().split(" ")
    golden.write_text(" ".join([str(float(lines[0]) + 2.0**-8), *lines[1:]]))
    with pytest.raises(shiftwire.ToolError, match="failed with status 1"):
        run([program], "test", hls)
    golden.write_text("")
    with pytest.raises(shiftwire.ToolError, match="failed with status 1"):
        run([program], "test", hls)
    golden.unlink()
    with pytest.raises(shiftwire.ToolError, match="failed with status 2"):
        run([program], "test", hls)


def test_synthesis_reads_the_weights_that_csim_reads(model: Path, tmp_path: Path) -> None:
    """hls4ml writes each table twice: a header for synthesis, a text file for simulation."""
    folder = shiftwire.convert(model, output=tmp_path / "project").hls_dir / "firmware/weights"
    headers = sorted(folder.glob("*.h"))
    assert len(headers) > 6
    for header in headers:
        text = header.read_text()
        inside = text[text.index("{") + 1 : text.index("}")]
        simulated = [float(word) for word in header.with_suffix(".txt").read_text().split(",")]
        assert [float(word) for word in inside.split(",")] == simulated, header.name


def test_units_run_side_by_side_on_streams_of_their_depth(tmp_path: Path) -> None:
    """DATAFLOW wants one writer and one reader for each stream, so a tensor with two readers goes through a fork."""
    project = shiftwire.convert(CASES["add"], output=tmp_path / "fork")
    text = (project.hls_dir / "firmware/shiftwire_net.cpp").read_text()
    assert "#pragma HLS DATAFLOW" in text and "sw::fork<" in text
    depths = [int(depth) for depth in re.findall(r"#pragma HLS STREAM variable=\w+ depth=(\d+)", text)]
    fifos = project.design.pipeline.fifos
    inner = [fifo.depth for name, fifo in fifos.items() if name not in ("x", project.design.pipeline.output)]
    assert sorted(depths) == sorted(inner)


@pytest.mark.parametrize("simd", some([1, 3, 9], 3))
def test_an_input_arrives_in_as_many_beats_as_its_reader_wants(simd: int, tmp_path: Path) -> None:
    network = CASES["shift_dense"]
    project = shiftwire.convert(network, output=tmp_path / "project", folds={"y": Fold(1, simd)})
    report = compared(Csim(project), frames(network))
    assert report.different == 0 and not report.vacuous
    assert (
        f"typedef nnet::array<ap_fixed<8,4>, {simd}*1> input_t;" in (project.hls_dir / "firmware/defines.h").read_text()
    )


@pytest.mark.parametrize("name", some(["nullptr", "EOF", "thread_local", "layer2_out", "errno"], "EOF"))
def test_an_input_of_any_name_compiles(name: str, tmp_path: Path) -> None:
    network = Network.of(name, Tensor((3,), Fixed.parse("s8.4")), (Node("y", Relu(), (name,)),), "y")
    report = compared(Csim(shiftwire.convert(network, output=tmp_path / "project")), random_codes(network, 0))
    assert report.different == 0 and report.compared


@pytest.mark.whole
def test_to_hls4ml_is_a_genuine_model_graph(tmp_path: Path) -> None:
    """Its own compile, predict and trace, on a network with a fork and every type explicit."""
    from hls4ml.model.graph import ModelGraph  # noqa: PLC0415 - hls4ml prints at import

    network = run_pipeline(random_network(3))
    graph = shiftwire.to_hls4ml(network, output=tmp_path / "hls4ml")
    assert type(graph) is ModelGraph
    for layer in graph.get_layers():
        assert "auto" not in {str(variable.type.precision) for variable in layer.get_variables()}
    graph.compile()
    codes = random_codes(network, 3)
    expected = network.output.format.decode(network.evaluate(codes))
    given = np.ascontiguousarray(network.input.format.decode(codes))
    assert np.array_equal(graph.predict(given).reshape(expected.shape), expected)
    _, traced = graph.trace(given)
    layers = network.evaluate_layers(codes)
    assert len(traced) > len(network.nodes) // 2
    for name, found in traced.items():
        values = network.tensors[name].format.decode(layers[name])
        assert np.array_equal(found.reshape(values.shape), values), name


def test_an_unknown_board_offers_the_nearest(model: Path) -> None:
    with pytest.raises(InputError, match="found no board 'pynqz2'; did you mean 'pynq-z2'"):
        shiftwire.convert(model, board="pynqz2")


def test_a_tensor_too_wide_for_doubles(tmp_path: Path) -> None:
    wide = Dense(Int(np.full((1, 8), (1 << 47) - 1), 0), Bias.none(1))
    network = Network.of("x", Tensor((8,), Fixed.parse("s8.4")), (Node("y", wide, ("x",)),), "y")
    with pytest.raises(InputError, match="'y' needs 58 bits, more than the 53"):
        shiftwire.convert(network, output=tmp_path / "project")
