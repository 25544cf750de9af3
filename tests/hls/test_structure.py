"""Every header, unit and project as an HLS compiler must find it for a beat a cycle; no such compiler is needed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import shiftwire
import shiftwire_hls
from hls_structure.cases import single_units
from hls_structure.dataflow import project_faults, region_faults
from hls_structure.headers import header_faults
from hls_structure.units import Subject
from hls_structure.verdict import unit_faults
from netlib import some_folds
from projects import residual_net, small_net
from shiftwire.hls.wrapper import unit_source
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.network import Network
from shiftwire.ops.relu import Relu
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.schedule.design import folded
from shiftwire_boards.catalog import load_board
from single_layers import single_layers
from tiers import first, part, some

PAGE = Path(__file__).resolve().parents[2] / "docs/extend.md"
HEADER = re.compile(r"^```cpp\n// sw_deviation.h\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def listed(faults: list[object]) -> str:
    return "\n".join(map(str, faults))


def test_headers_hold() -> None:
    assert listed(header_faults(shiftwire_hls.INCLUDE_DIR)) == ""


def test_the_documented_example_holds(tmp_path: Path) -> None:
    (text,) = HEADER.findall(PAGE.read_text(encoding="utf-8"))
    headers = tmp_path / "include"
    shutil.copytree(shiftwire_hls.INCLUDE_DIR, headers)
    (headers / "sw_deviation.h").write_text(text, encoding="utf-8")
    assert listed(header_faults(headers)) == ""


@pytest.mark.parametrize("seed", part((0, 1000, 2000), (0,), ()))
def test_units_hold(seed: int, cpp_folder: Path, count: Callable[..., None]) -> None:
    """All layers alone, folded in one of their ways."""
    units = single_units(seed)
    assert {unit.unit.function for unit in units} >= {"mvu", "vvu", "window", "threshold", "reorder", "upsample"}
    assert listed(unit_faults(units, cpp_folder / f"structure{seed}")) == ""
    count(units_of_sound_structure=len(units))


@pytest.mark.parametrize("name", some(single_layers(), "shift_conv_grouped"))
def test_a_unit_alone_is_a_region(name: str, tmp_path: Path) -> None:
    """Between what unpacks and packs the words of its ports."""
    network = single_layers()[name]
    design = folded(network, load_board("pynq-z2"), 10.0, some_folds(network, 5))
    for instance in design.pipeline.instances:
        source = tmp_path / f"{instance.name}.cpp"
        source.write_text(unit_source(design, instance.name))
        assert listed(region_faults(source, instance.name)) == ""


@pytest.mark.parametrize("network", first(residual_net(), small_net()), ids=("residual", "small"))
def test_projects_are_regions(network: Network, tmp_path: Path) -> None:
    shiftwire.convert(run_pipeline(network), output=tmp_path / "project")
    assert listed(project_faults(tmp_path / "project" / "hls")) == ""


def test_words_beyond_what_ap_int_takes(tmp_path: Path) -> None:
    """Unless it is told."""
    design = folded(single_layers()["relu"], load_board("pynq-z2"), 10.0, {"y": Fold(1)})
    whole = unit_source(design, "y").replace("sw::uint<8>", "sw::uint<1032>")
    text = whole.replace("#define AP_INT_MAX_W 4096\n", "")
    assert text != whole
    source = tmp_path / "y.cpp"
    source.write_text(text)
    faults = region_faults(source, "y")
    assert {fault.rule for fault in faults} == {"WIDTHS"}
    assert faults[0].sentence == "found words of 1032 bits, wanted at most 1024, or AP_INT_MAX_W defined"
    source.write_text(whole)
    assert region_faults(source, "y") == []


def test_words_beyond_what_hls_takes(cpp_folder: Path) -> None:
    """Beats of 4,104 bits."""
    (unit,) = (unit for unit in single_units(0) if isinstance(unit.unit, Relu.unit_types[0]))
    wide = Port(513, 2)
    fifos = [tuple(replace(fifo, port=wide) for fifo in side) for side in (unit.read, unit.written)]
    widened = Subject("wide", replace(unit.unit, port=wide), *fifos)
    faults = unit_faults([widened], cpp_folder / "wide")
    assert {fault.rule for fault in faults} == {"WIDTHS"}
    assert str(faults[0]) == "wide: WIDTHS: found beats of 4104 bits on x, wanted at most 4096"
