"""The boards."""

import dataclasses
import tomllib
from pathlib import Path

import pytest

from shiftwire_boards import catalog
from shiftwire_boards.catalog import (
    Badge,
    BoardFilesSource,
    CatalogError,
    Family,
    SensorKind,
    UnknownBoardError,
    board_names,
    load_board,
    read_board,
    recalled_board,
)

FOLDER = Path(catalog.__file__).parent
PART_OF = {Family.ZYNQ_7000: ("xc7z",), Family.ZYNQ_ULTRASCALE_PLUS: ("xczu", "xck26")}


@pytest.mark.parametrize("name", board_names())
def test_a_board_is_complete(name: str) -> None:
    board = load_board(name)
    assert board.name == name
    assert board.part.startswith(PART_OF[board.family])
    assert 1 < board.clock_ns <= 10
    assert min(board.lut, board.flip_flop, board.bram36, board.dsp) > 0
    assert board.flip_flop == 2 * board.lut
    assert board.badge is Badge.SIMULATED  # none was run
    assert len(board.files.board_part.split(":")) == 4 and board.files.board_part.split(":")[2] == "part0"
    assert board.ps.dma_bits in (32, 64, 128)
    assert board.notes and board.power
    for sensor in board.power:
        assert sensor.device is None or sensor.kind is not SensorKind.EXTERNAL


def test_the_boards_of_the_plan_are_there() -> None:
    assert set(board_names()) == {"pynq-z1", "pynq-z2", "zcu104", "ultra96-v2", "kv260", "aup-zu3"}
    assert (load_board("pynq-z2").lut, load_board("pynq-z2").dsp) == (53200, 220)


def test_facts_that_decide() -> None:
    boards = {name: load_board(name) for name in board_names()}
    kv260 = boards["kv260"].power[0]
    assert (kv260.kind, kv260.device, kv260.step_w) == (SensorKind.HWMON, "ina260_u14", 0.01)
    assert {sensor.device: sensor.step_w for sensor in boards["zcu104"].power}["INT"] == 0.03125
    without = {name for name, board in boards.items() if {s.kind for s in board.power} == {SensorKind.EXTERNAL}}
    assert without == {"pynq-z1", "pynq-z2", "aup-zu3"}
    shipped = {name for name, board in boards.items() if board.files.source is BoardFilesSource.VIVADO}
    assert shipped == {"zcu104", "kv260"}
    guessed = {name for name, board in boards.items() if "files.board_part" in board.unverified}
    assert guessed == {"pynq-z1", "zcu104"}
    assert boards["pynq-z2"].ps_cell == "processing_system7_0"
    assert boards["zcu104"].ps_cell == "zynq_ultra_ps_e_0"


@pytest.mark.parametrize(
    ("name", "release", "runs"),
    [
        ("pynq-z2", "3.1.2", True),
        ("pynq-z1", "3.1", True),
        ("pynq-z2", "3.0", True),
        ("pynq-z2", "2.7.0", False),
        ("pynq-z2", "3.2", False),
        ("pynq-z1", "4.0.0", False),
        ("zcu104", "4.0.0", True),
        ("zcu104", "10.0rc1", True),
    ],
)
def test_pynq_releases(name: str, release: str, runs: bool) -> None:
    assert load_board(name).pynq.admits(release) is runs


def test_an_unknown_board() -> None:
    with pytest.raises(UnknownBoardError, match="found no board 'PYNQ-Z3'; did you mean 'pynq-z"):
        load_board("PYNQ-Z3")


def test_a_new_board_is_one_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text((FOLDER / "zcu104.toml").read_text(encoding="utf-8"), encoding="utf-8")
    assert read_board(file) == dataclasses.replace(load_board("zcu104"), name="mine")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("lut = 230400\n", "", "mine.toml lacks the key 'lut', wanted a whole number above 0; add it"),
        ("lut = 230400", "lut = '230400'", "found lut = '230400' in mine.toml, wanted a whole number above 0"),
        ("lut = 230400", "lut = 230400.0", "found lut = 230400.0 in mine.toml, wanted a whole number above 0"),
        ("lut = 230400", "lut = true", "found lut = True in mine.toml, wanted a whole number above 0"),
        ("clock_ns = 5.0", "clock_ns = -5.0", "found clock_ns = -5.0 in mine.toml, wanted a number above 0"),
        ("clock_ns = 5.0", "clock_ns = nan", "found clock_ns = nan in mine.toml, wanted a number above 0"),
        ("clock_ns = 5.0", "clok_ns = 5.0", "found the unknown key 'clok_ns' in mine.toml; did you mean 'clock_ns'"),
        ('title = "AMD ZCU104"', 'title = ""', "found title = '' in mine.toml, wanted a text"),
        ("zynquplus", "versal", "found family = 'versal' in mine.toml, wanted one of 'zynq', 'zynquplus'"),
        ("clock_mhz = 100.0", "", "mine.toml lacks the key 'ps.clock_mhz', wanted a number above 0"),
        ("dma_bits", "dma_bit", "found the unknown key 'ps.dma_bit' in mine.toml; did you mean 'ps.dma_bits'"),
        ('device = "INT"', "device = 3", "found power[1].device = 3 in mine.toml, wanted a text"),
        ('kind = "libsensors-rail"', 'kind = "i2c"', "found power[0].kind = 'i2c' in mine.toml, wanted one of 'hwmon'"),
        ("[pynq]", "[[pynq]]", "in mine.toml, wanted a table; write [pynq]"),
        ("notes = [", "notes = 'none'\nother = [", "unknown key 'other' in mine.toml"),
        ('"files.board_part"', '"files.part"', "found unverified = 'files.part' in mine.toml, which has no such key"),
        ("title =", 'name = "x"\ntitle =', "found the key 'name' in mine.toml, where the file's own name is"),
        ("title =", "title = =", "mine.toml is no TOML"),
    ],
)
def test_a_bad_file_is_one_sentence(old: str, new: str, words: str, tmp_path: Path) -> None:
    text = (FOLDER / "zcu104.toml").read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "mine.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        read_board(file)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", board_names())
def test_every_key_of_a_file_is_needed_or_has_a_default(name: str, tmp_path: Path) -> None:
    text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.split(" = ")[0] in ("title", "part", "clock_ns", "family", "badge", "board_part", "lowest", "point"):
            file = tmp_path / f"{name}.toml"
            file.write_text(text.replace(f"\n{line}\n" if not text.startswith(line) else f"{line}\n", "\n", 1))
            with pytest.raises(CatalogError, match="lacks the key"):
                read_board(file)
    assert tomllib.loads(text)["badge"] == "simulated"


def test_a_project_keeps_what_its_design_depends_on() -> None:
    board = dataclasses.replace(load_board("kv260"), lut=100, title="another")
    assert recalled_board(board.recorded()) == board
    assert tuple(board.recorded()) == ("name", "title", "part", "clock_ns", "lut", "flip_flop", "bram36", "dsp")
    with pytest.raises(KeyError, match="speed"):
        recalled_board({**board.recorded(), "speed": 3})
    with pytest.raises(UnknownBoardError, match="found no board 'gone'"):
        recalled_board({**board.recorded(), "name": "gone"})
