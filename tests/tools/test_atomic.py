"""Files that are whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from shiftwire.errors import InputError
from shiftwire.tools.atomic import replaced_file


def test_a_file_takes_no_folder_s_place(tmp_path: Path) -> None:
    """Nothing half-written stays beside it."""
    folder = tmp_path / "page"
    folder.mkdir()
    with pytest.raises(InputError, match=r"cannot write .*page \(Is a directory\); name a file, not a folder"):
        replaced_file(folder, "text")
    assert list(tmp_path.iterdir()) == [folder]


def test_a_file_makes_its_folder(tmp_path: Path) -> None:
    replaced_file(tmp_path / "a/b.txt", "text")
    assert (tmp_path / "a/b.txt").read_text() == "text"
