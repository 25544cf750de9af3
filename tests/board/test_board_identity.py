"""What a package says beside the logic, and whether the machine under it is the board it was made for."""

from __future__ import annotations

import json
import re
import sys
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from board_bench import HAS_ZYNQ_7000, needs_pynq, on_board, random_frames, small_project
from shiftwire.board.inner import project_shell
from shiftwire.board.manifest import _predicted
from shiftwire.board.simulated import accelerator_design, simulated_board, write_overlay
from shiftwire.project.project import Project
from shiftwire.reports.summary import page
from shiftwire.schedule.tokens import predicted_latency
from shiftwire_boards.runtime.__main__ import main
from shiftwire_boards.runtime.accelerator import Accelerator
from shiftwire_boards.runtime.board import check_family, check_pynq
from shiftwire_boards.runtime.energy.marker import Marker
from shiftwire_boards.runtime.energy.result import Unavailable
from shiftwire_boards.runtime.errors import DataError, HardwareError, PackageError
from shiftwire_boards.runtime.manifest import load_manifest, manifest_of
from shiftwire_boards.runtime.measure import MeasurementPlan, measure
from shiftwire_boards.runtime.preprocessing import Preprocessing
from shiftwire_boards.runtime.registers import OFFSETS
from shiftwire_boards.runtime.samples import Samples
from shiftwire_boards.sim.program import Logic
from verbs import run_verb

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Project:
    return small_project(tmp_path_factory.mktemp("identity") / "small", programs)


@pytest.fixture
def overlay(project: Project, tmp_path: Path) -> Path:
    return write_overlay(project, accelerator_design(project), tmp_path / "overlay")


@pytest.mark.parametrize(
    ("part", "compatible", "is_refused"),
    [
        ("xc7z020clg400-1", b"xlnx,zynq-7000\0", False),
        ("xck26-sfvc784-2LV-c", b"xlnx,zynqmp-sk-kv260-rev1\0xlnx,zynqmp-smk-k26-rev1\0xlnx,zynqmp\0", False),
        ("xczu7ev-ffvc1156-2-e", b"xlnx,zynq-7000\0", True),
        ("xc7z020clg400-1", b"xlnx,zynqmp\0", True),
        ("xc7z020clg400-1", b"arm,versatile\0", False),
        ("xc7z020clg400-1", None, False),
    ],
)
def test_boards_of_another_family(part: str, compatible: bytes | None, is_refused: bool, tmp_path: Path) -> None:
    if compatible is not None:
        (tmp_path / "compatible").write_bytes(compatible)
    if not is_refused:
        check_family(part, tmp_path)
        return
    with pytest.raises(HardwareError, match=rf"this board is a Zynq.*, and the package is for {part}, .*; convert"):
        check_family(part, tmp_path)


def test_a_pynq_that_lost_the_family() -> None:
    check_pynq("xc7z020clg400-1", "3.1.2")
    check_pynq("xczu7ev-ffvc1156-2-e", "4.0.0")
    with pytest.raises(
        HardwareError, match=r"found pynq 4\.0\.0, which has no Zynq-7000 such as xc7z020clg400-1 any more"
    ):
        check_pynq("xc7z020clg400-1", "4.0.0")


@needs_pynq
def test_an_accelerator_looks_before_it_loads(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = b"xlnx,zynqmp\0" if HAS_ZYNQ_7000 else b"xlnx,zynq-7000\0"
    (tmp_path / "compatible").write_bytes(other)
    monkeypatch.setattr(check_family, "__defaults__", (tmp_path,))
    with simulated_board(project, tmp_path / "overlay") as board:
        with pytest.raises(HardwareError, match="this board is a Zynq"):
            Accelerator(board.bitfile)
        assert board.device.downloads == 0


@needs_pynq
def test_a_clock_that_stands_still(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Logic.read
    stopped = (OFFSETS["cycles_low"], OFFSETS["cycles_high"])
    with simulated_board(project, tmp_path) as board:
        with monkeypatch.context() as patch:
            patch.setattr(Logic, "read", lambda self, offset: 0 if offset in stopped else read(self, offset))
            with pytest.raises(
                HardwareError, match="clock of the logic stands still at cycle 0; load the overlay again"
            ):
                Accelerator(board.bitfile)
        codes = random_frames(project.design.network, 2)
        with Accelerator(board.bitfile) as accelerator:
            assert np.array_equal(accelerator.predict_codes(codes), project.design.network.evaluate(codes))


@needs_pynq
def test_a_clock_that_is_another(project: Project, tmp_path: Path) -> None:
    """The cycle counter over the processor's time tells; here the processor's time passes at half its pace."""
    network = project.design.network
    codes = random_frames(network, 64)
    with on_board(project, tmp_path, batch=8) as (board, accelerator):
        slow = replace(board.clock, now=lambda: board.clock.now() / 2, is_simulated=False)
        accelerator.clock = slow
        record = measure(accelerator, Samples(codes, network.evaluate(codes)), MeasurementPlan(0.0, 2))
    nominal = 1000 / project.design.clock_ns
    assert record.clock.is_off and record.clock.derived_mhz == pytest.approx(2 * nominal, rel=0.01)
    assert any("above that nothing is certain" in note for note in record.notes)
    assert record.clock.source_mhz == 100, "the clocking wizard makes the logic's of it"


@needs_pynq
def test_a_measurement_with_lone_frames_tells_no_interval(project: Project, tmp_path: Path) -> None:
    network = project.design.network
    codes = random_frames(network, 9)
    with on_board(project, tmp_path, batch=1) as (_, accelerator):
        record = measure(accelerator, Samples(codes, network.evaluate(codes)), MeasurementPlan(0.0, 1))
    assert record.exactness.exact and record.cycles.frame_counted is None and not record.notes


@needs_pynq
def test_frames_that_are_all_alike_are_told(project: Project, tmp_path: Path) -> None:
    """A network that is dead, or whose samples are, agrees with anything."""
    network = project.design.network
    codes = np.repeat(random_frames(network, 1), 5, axis=0)
    with on_board(project, tmp_path) as (_, accelerator):
        record = measure(accelerator, Samples(codes, network.evaluate(codes)), MeasurementPlan(0.0, 1))
    assert record.exactness.exact and record.notes == (
        "every frame gave the same codes, so their agreement proves little: take other samples",
    )


def test_layers_and_latency_are_predicted(project: Project, overlay: Path) -> None:
    manifest = load_manifest(manifest_of(overlay))
    assert manifest.latency_cycles == predicted_latency(project.design.rtl)
    assert dict(manifest.layer_cycles).keys() <= {node.name for node in project.design.network.nodes}
    assert max(cycles for _, cycles in manifest.layer_cycles) <= manifest.interval_cycles
    shown = {layer.name: layer.cycles for layer in page(project).layers}
    assert {name: shown[name] for name, _ in manifest.layer_cycles} == dict(manifest.layer_cycles)


def test_a_port_may_be_what_frames_wait_for(project: Project) -> None:
    """A network of one fast layer with many outputs: its words take longer than its work."""

    shell = project_shell(project)
    narrow = replace(shell, outputs=(replace(shell.output, codes=10**6),))
    assert _predicted(project.design.rtl, narrow)["interval_cycles"] == narrow.output.words


def prepared(said_: dict[str, Any], channels: int = 3) -> Preprocessing:
    return Preprocessing.read({"scale": 255.0, "mean": [0.5], "std": [0.25], **said_}, channels)


def test_pixels_become_values() -> None:
    pixels = np.arange(2 * 2 * 2 * 3, dtype=np.uint8).reshape(2, 2, 2, 3)
    made = prepared({"mean": [0.1, 0.2, 0.3]}).values(pixels, (2, 2, 3))
    wanted = (pixels / 255 - np.array([0.1, 0.2, 0.3])) / 0.25
    assert made.dtype == np.float32 and made.shape == (2, 3, 2, 2)
    assert np.allclose(made, np.moveaxis(wanted, -1, 1), atol=1e-6)


@pytest.mark.parametrize("bad", [{"scale": 0.0}, {"std": [0.0]}, {"mean": [1.0, 2.0]}, {"mean": [float("nan")]}])
def test_preparations_that_will_not_do(bad: dict[str, Any]) -> None:
    with pytest.raises(PackageError, match="package the project again"):
        prepared(bad)


@pytest.mark.parametrize("pixels", [np.zeros((2, 3, 2, 2)), np.zeros((2, 2, 3)), np.array("x")])
def test_pixels_that_will_not_do(pixels: Any) -> None:
    with pytest.raises(DataError, match=r"wanted numbers of shape \(N, 2, 2, 3\)"):
        prepared({}).values(pixels, (2, 2, 3))


def test_a_package_says_labels_and_preparation(
    project: Project, overlay: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.txt"
    names = [f"class {i}" for i in range(project.design.network.output.size)]
    labels.write_text("\n".join(names) + "\n\n")
    archive = tmp_path / "model.tar.gz"
    command = ("package", project.path, "--bit", overlay, "-o", archive)
    status, _, err = run_verb(capsys, *command, "--labels", labels, "--mean", "0.5", "--std", "0.25")
    assert status == 0, err
    with tarfile.open(archive) as tar:
        (name,) = (member for member in tar.getnames() if member.endswith(".manifest.json"))
        file = tar.extractfile(name)
        assert file is not None
        told = json.load(file)
    assert told["labels"] == names
    assert told["preparation"] == {"scale": 255.0, "mean": [0.5], "std": [0.25]}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--labels", "missing.txt"), "cannot read the labels in missing.txt"),
        (("--labels", __file__), "labels, and the network gives .* numbers; name each class"),
        (("--std", "0"), "wanted finite numbers, above 0 to divide by; give what"),
        (("--mean", "nan"), "wanted finite numbers, above 0 to divide by; give what"),
        (("--scale", "nan"), "wanted finite numbers, above 0 to divide by; give what"),
        (("--mean", "1,2,3,4,5,6,7"), "found 7 numbers of mean for .* channels, wanted one, or one a channel"),
    ],
)
def test_what_no_package_can_say(
    options: tuple[str, str], words: str, project: Project, overlay: Path, capsys: Any
) -> None:
    archive = overlay.parent / "model.tar.gz"
    status, _, err = run_verb(capsys, "package", project.path, "--bit", overlay, "-o", archive, *options)
    assert status == 2 and not archive.exists()

    assert re.search(words, err), err


@needs_pynq
def test_prepare_on_the_board(project: Project, tmp_path: Path) -> None:
    with on_board(project, tmp_path) as (_, accelerator):
        shape = project.design.network.input.shape
        with pytest.raises(DataError, match="package with --scale, --mean and --std"):
            accelerator.prepare(np.zeros((1, *shape), np.uint8))
        accelerator.manifest = replace(accelerator.manifest, preprocessing=prepared({}, shape[-1]))
        values = accelerator.prepare(np.zeros((2, *shape), np.uint8))
        assert values.shape == (2, shape[-1], *shape[:-1]) and np.all(values == -2)


@needs_pynq
def test_a_marker_is_set_where_no_sensor_is(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is marked is work of this accelerator; the windows themselves are those of the procedure."""
    pin = tmp_path / "value"
    pin.write_text("0")
    monkeypatch.setattr("shiftwire_boards.runtime.measure.run_marked", lambda marker, work: (work(), work()))
    network = project.design.network
    samples = Samples(codes := random_frames(network, 20), network.evaluate(codes))
    with on_board(project, tmp_path / "overlay", batch=8) as (board, accelerator):
        accelerator.clock = replace(board.clock, is_simulated=False)
        record = measure(accelerator, samples, MeasurementPlan(0.0, 1, Marker(pin)), Unavailable("none here"))
    assert record.energy == Unavailable(f"none here; the marker {pin} was set", (8, 8))


@needs_pynq
def test_a_machine_without_logic(overlay: Path) -> None:
    """As on a PC, or on a board without XRT's environment."""
    with pytest.raises(HardwareError, match=r"pynq finds no device here .*; run on the board as root in a login shell"):
        Accelerator(overlay)


def test_a_machine_without_pynq(overlay: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynq", None)
    with pytest.raises(HardwareError, match=r"cannot import pynq .*; run on a board with PYNQ's own python3"):
        Accelerator(overlay)


@needs_pynq
def test_a_user_who_is_not_root(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError("Root permissions required.")  # what pynq says

    with simulated_board(project, tmp_path) as board:
        monkeypatch.setattr("pynq.Overlay", refused)
        with pytest.raises(PackageError, match=r"Root permissions required.*; be root there, as by sudo"):
            Accelerator(board.bitfile)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--seconds", "nan"), "found --seconds nan, wanted 0 or more"),
        (("--data", "none.npz"), "found no file none.npz for --data"),
        (("--marker", "none"), "found no file none for --marker"),
    ],
)
def test_the_program_looks_before_it_touches_the_board(
    options: tuple[str, str], words: str, overlay: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(overlay), *options]) == 2
    assert capsys.readouterr().err.startswith(words)
