"""Project folders: safe to overwrite, whatever lies there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import onnx
import shiftwire
from projects import files_of, small_net
from shiftwire.errors import InputError
from shiftwire.onnx.exporter import to_onnx
from shiftwire.project.project import Backend, load_project, write_project
from shiftwire.schedule.design import schedule
from shiftwire.verify.csim import compiled_driver
from shiftwire_boards.catalog import load_board
from test_tiny import tiny

Z2 = load_board("pynq-z2")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "small.onnx"
    onnx.save(to_onnx(small_net()), path)
    return path


class TestFolders:
    """Nothing of anybody else is ever touched."""

    def test_an_older_project_is_replaced(self, model: Path, tmp_path: Path) -> None:
        first = shiftwire.convert(model, output=tmp_path / "project")
        (first.path / "reports").mkdir()
        (first.path / "reports/stale.txt").write_text("old")
        shiftwire.convert(model, "zcu104", output=tmp_path / "project")
        assert not (first.path / "reports").exists(), "what tools said of another design"
        assert sorted(p.name for p in tmp_path.iterdir()) == ["project"]

    def test_a_foreign_folder_is_left_alone(self, model: Path, tmp_path: Path) -> None:
        (tmp_path / "thesis").mkdir()
        (tmp_path / "thesis/chapter1.tex").write_text("years")
        (tmp_path / "thesis/design.json").write_text('{"mine": 1}')
        with pytest.raises(InputError, match="thesis exists and is no shiftwire project; name another folder"):
            shiftwire.convert(model, output=tmp_path / "thesis")
        assert (tmp_path / "thesis/chapter1.tex").read_text() == "years"
        (tmp_path / "file").write_text("data")
        with pytest.raises(InputError, match="file exists and is no shiftwire project"):
            shiftwire.convert(model, output=tmp_path / "file")
        assert (tmp_path / "file").read_text() == "data"

    def test_a_folder_nobody_may_write_to(self, model: Path) -> None:
        with pytest.raises(InputError, match="cannot write"):
            shiftwire.convert(model, output="/proc/shiftwire/project")

    def test_a_full_disk_leaves_the_old_project(self, model: Path, tmp_path: Path, monkeypatch) -> None:
        project = shiftwire.convert(model, output=tmp_path / "project")
        before = files_of(project.path)

        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "write_bytes", full)
        with pytest.raises(InputError, match=r"cannot write .*No space left on device.*free space"):
            shiftwire.convert(model, output=tmp_path / "project")
        monkeypatch.undo()
        assert files_of(project.path) == before
        assert sorted(p.name for p in tmp_path.iterdir()) == ["project"]

    def test_a_failed_conversion_leaves_the_old_project(self, model: Path, tmp_path: Path) -> None:
        project = shiftwire.convert(model, output=tmp_path / "project")
        before = files_of(project.path)
        with pytest.raises(InputError):
            shiftwire.convert(tmp_path / "missing.onnx", output=tmp_path / "project")
        assert files_of(project.path) == before

    def test_a_project_changed_by_hand_is_noticed(self, model: Path, tmp_path: Path) -> None:
        project = shiftwire.convert(model, output=tmp_path / "project")
        weights = project.path / "weights/conv.sign.npy"
        weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
        with pytest.raises(InputError, match=r"conv.sign.npy does not match its checksum in design.json"):
            load_project(project.path)
        weights.unlink()
        with pytest.raises(InputError, match=r"found no .*conv.sign.npy; convert the model again"):
            load_project(project.path)
        shiftwire.convert(model, output=project.path)
        design = project.path / "design.json"
        for old, new in (
            ('"s8.4"', '"s9.4"'),
            ('"clock_ns": 10.0', '"clock_ns": 9.0'),
            ('"nodes": [', '"nodes": [5, '),
        ):
            text = design.read_text()
            assert old in text
            design.write_text(text.replace(old, new, 1))
            with pytest.raises(InputError, match="changed by hand"):
                load_project(project.path)
            design.write_text(text)

    def test_files_of_yours_in_a_project_are_not_deleted(self, model: Path, tmp_path: Path) -> None:
        """The model itself may lie there."""
        project = shiftwire.convert(model, output=tmp_path / "project")
        mine = shutil.copy(model, project.path / "mine.onnx")
        with pytest.raises(InputError, match=r"holds 'mine.onnx', which is none of ours; move it away"):
            shiftwire.convert(mine, output=project.path)
        assert (project.path / "mine.onnx").read_bytes() == model.read_bytes()

    def test_a_link_is_followed(self, model: Path, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to("real")
        shiftwire.convert(model, output=tmp_path / "link")
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "real/design.json").is_file()

    def test_a_folder_that_is_no_project(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"found no design.json in .*; name a folder that"):
            load_project(tmp_path)
        for text in ("", "{", "[]", '{"shiftwire": {"schema": 99}}', '{"shiftwire": {"schema": 1}}'):
            (tmp_path / "design.json").write_text(text)
            with pytest.raises(InputError, match="convert the model again"):
                load_project(tmp_path)


@pytest.mark.skipif(shutil.which("chmod") is None or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(model: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match=r"cannot write beside .*Permission denied"):
        shiftwire.convert(model, output=tmp_path / "project")


MENDS = [
    (Backend.BOTH, "rtl", Backend.RTL, "both"),
    (Backend.BOTH, "hls", Backend.HLS, "both"),
    (Backend.RTL, "rtl", Backend.RTL, "rtl"),
    (Backend.RTL, None, Backend.HLS, "both"),
    (Backend.HLS, "hls", Backend.HLS, "hls"),
    (Backend.HLS, None, Backend.RTL, "both"),
]
"""What a project was made with, the folder that is gone, the back end that is wanted, and what brings it back."""


@pytest.mark.parametrize(("made", "gone", "wanted", "mend"), MENDS)
def test_a_mend_deletes_nothing(made: Backend, gone: str | None, wanted: Backend, mend: str, tmp_path: Path) -> None:
    """Converting again replaces the whole project, so the mend names every back end that it has."""
    project = write_project(schedule(tiny(), Z2), tmp_path / "tiny", made)
    if gone is not None:
        shutil.rmtree(project.path / gone)
    needs = project.rtl_sources if wanted is Backend.RTL else lambda: compiled_driver(project)
    with pytest.raises(InputError, match=f"convert the model again with --backend {mend}$"):
        needs()
