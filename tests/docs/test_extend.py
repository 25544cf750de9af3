"""The worked examples of docs/extend.md and of layers: every file is written down as it stands there, and run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = "".join((DOCS / page).read_text(encoding="utf-8") for page in ("extend.md", "layers/binary.md"))
FILE = re.compile(r"^```(?:python|cpp|toml)\n(?:#|//) (?P<name>\S+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
FILES = {found["name"]: found["text"] for found in FILE.finditer(PAGES)}

SAID = {
    "try_deviation.py": "deviation: 1024 codes, 0 different",
    "try_ternary.py": "ternary: 64 codes, 0 different, 4 cycles a frame",
    "try_binary.py": "Threshold u1.0, BinaryDense s7.-1, Requantize s8.0\nbinary: 16000 codes, 0 different",
    "try_board.py": "My board: 1,562,500 frames/s",
}


def test_every_block_of_code_is_a_file_that_is_run() -> None:
    blocks = re.findall(r"^```(?:python|cpp|toml)$", PAGES, re.MULTILINE)
    assert len(blocks) == len(FILES)
    assert {name for name in FILES if name.startswith("try_")} == set(SAID)


@pytest.mark.parametrize("name", SAID)
def test_a_worked_example_runs(name: str, tmp_path: Path) -> None:
    for file, text in FILES.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, name], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(SAID[name])
