"""The example of docs/smartexchange.md, run as it stands there, and figures of the page counted again."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = (Path(__file__).resolve().parents[2] / "docs/smartexchange.md").read_text(encoding="utf-8")


def test_the_example_runs(tmp_path: Path) -> None:
    (name, text) = re.findall(r"^```python\n# (\S+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[0]
    (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, name], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    (whole,) = (line for line in lines if line[:2] == ["all", "-"])
    assert whole[-4] == f"{16 * 8 * 9 + 160:,}" and float(whole[-2]) == round(
        32 * 1312 / int(whole[-3].replace(",", "")), 2
    )
    assert [line[0] for line in lines if line and line[0] in ("SmartExchange", "LightNN-1", "LightNN-2", "int4")] == [
        "SmartExchange", "LightNN-1", "LightNN-2", "int4"
    ]  # fmt: skip
    assert re.search(r"0 of \d+ codes differ", done.stdout.splitlines()[-1]), done.stdout
