"""shiftwire boards: the catalog on the command line."""

import json
from pathlib import Path

import pytest

from shiftwire_boards import catalog
from shiftwire_boards.catalog import board_names
from verbs import run_verb


def test_all_boards(capsys) -> None:
    status, out, _ = run_verb(capsys, "boards")
    assert status == 0
    lines = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    for name in board_names():
        assert lines[name].rstrip().endswith("simulated")
    assert "53,200" in lines["pynq-z2"] and "3.0 to 3.1.x" in lines["pynq-z2"] and "external meter" in lines["pynq-z2"]
    assert "3.0 or later" in lines["zcu104"] and "12V, INT" in lines["zcu104"]
    assert "no board was run" in out


def test_one_board(capsys) -> None:
    status, out, _ = run_verb(capsys, "boards", "kv260")
    assert status == 0
    assert "xilinx.com:kv260_som:part0:1.4" in out and "come with Vivado" in out
    assert "(hwmon, 'ina260_u14', 6 Hz, steps of 10 mW)" in out
    assert "xilinx.com:zcu104:part0:1.1 (unverified)" in run_verb(capsys, "boards", "zcu104")[1]
    assert "to be installed" in run_verb(capsys, "boards", "pynq-z1")[1]


def test_json(capsys) -> None:
    boards = json.loads(run_verb(capsys, "boards", "--json")[1])["boards"]
    assert [board["name"] for board in boards] == list(board_names())
    (board,) = json.loads(run_verb(capsys, "boards", "pynq-z2", "--json")[1])["boards"]
    assert (board["family"], board["files"]["source"], board["pynq"]["highest"]) == ("zynq", "to-install", "3.1")
    assert board["power"][0]["kind"] == "external" and board["badge"] == "simulated"


def test_an_unknown_board(capsys) -> None:
    status, out, err = run_verb(capsys, "boards", "pynq")
    assert (status, out) == (2, "")
    assert err.startswith("shiftwire boards: found no board 'pynq'; did you mean 'pynq-z")


def test_a_bad_file(capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd.toml").write_text('title = "Odd"\n')
    monkeypatch.setattr(catalog, "_FOLDER", tmp_path)
    status, _, err = run_verb(capsys, "boards")
    assert status == 2
    assert err == "shiftwire boards: odd.toml lacks the key 'part', wanted a text; add it\n"
