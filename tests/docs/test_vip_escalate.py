"""The examples of docs/vip.md and docs/escalate.md, run as they stand there, and figures of them counted again."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


def printed(page: str, folder: Path) -> list[list[str]]:
    """Words of every line that the example of a page prints; no code of any engine differs."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    ((name, program),) = re.findall(r"^```python\n# (\S+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    (folder / name).write_text(program, encoding="utf-8")
    done = subprocess.run([sys.executable, name], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r" 0 of \d+ codes differ", done.stdout.splitlines()[-1]), done.stdout
    return [line.split() for line in done.stdout.splitlines() if line.strip()]


def test_vip(tmp_path: Path) -> None:
    rows = {line[0]: line for line in printed("vip", tmp_path) if len(line) == 8 and line[1] in ("yes", "no")}
    assert rows.keys() == {"relu1", "relu2"} and rows["relu2"][1] == "yes"
    assert rows["relu2"][-2:] == [f"{8 * 8 * 9 * 7 * 6:,}", f"{8 * 8 * 9 * 13 * 12:,}"]
    assert 4 < float(rows["relu2"][4]) / float(rows["relu2"][3]) < 7, "by about five, as the page says"


def test_escalate(tmp_path: Path) -> None:
    lines = printed("escalate", tmp_path)
    (whole,) = (line for line in lines if line[0] == "all")
    bits = 16 * 8 * 6 * 2 + 6 * 72
    assert whole[5] == f"{bits:,}" and float(whole[8]) == pytest.approx(32 * 1152 / bits, abs=0.01)
    assert whole[-2:] == [f"{8 * 6 * 9}", f"{1152:,}"]
    forms = [line[0] for line in lines if line[0] in ("ESCALATE", "LightNN-1", "LightNN-2", "int4")]
    assert forms == ["ESCALATE", "LightNN-1", "LightNN-2", "int4"]
