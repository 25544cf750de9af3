"""JSON of anyone: whatever it holds, what reads it ends in its own sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from shiftwire.errors import InputError
from shiftwire.project.project import is_project, load_project
from shiftwire.project.report_rows import read_rows
from shiftwire.tools.json_text import parsed_json
from shiftwire_boards.runtime.errors import PackageError, RecordError
from shiftwire_boards.runtime.manifest import load_manifest
from shiftwire_boards.runtime.record_json import read_record
from verbs import run_verb

DEEP = "[" * 200_000


@pytest.mark.parametrize("text", [DEEP, "", "{", "nul"])
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"too deeply|line 1 column"):
        parsed_json(text)


def test_what_is_json_is_read() -> None:
    assert parsed_json('{"a": [1, 2.5, null]}') == {"a": [1, 2.5, None]}


def test_a_design_nested_without_end_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "design.json").write_text(DEEP)
    with pytest.raises(InputError, match="or it is damaged; convert the model again"):
        load_project(tmp_path)
    assert not is_project(tmp_path)


@pytest.mark.parametrize("verb", ["inspect", "report", "cosim", "package"])
def test_every_verb_says_so(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "design.json").write_text(DEEP)
    status, _, err = run_verb(capsys, verb, tmp_path)
    assert status == 2 and "it is no design that shiftwire wrote, or it is damaged" in err


@pytest.mark.parametrize("text", [DEEP, "5", "null", "{"])
def test_a_folder_with_another_design_json_is_no_project(text: str, tmp_path: Path) -> None:
    (tmp_path / "design.json").write_text(text)
    assert not is_project(tmp_path)


def test_reports_records_and_manifests_are_damaged_too(tmp_path: Path) -> None:
    file = tmp_path / "any.json"
    file.write_text(DEEP)
    with pytest.raises(InputError, match=r"any.json is damaged; remove it and run the tool again"):
        read_rows(file, "")
    with pytest.raises(RecordError, match=r"any.json cannot be read as a record"):
        read_record(file)
    with pytest.raises(PackageError, match=r"any.json is damaged .*; package the project again"):
        load_manifest(file)
