"""The example of docs/circulant.md, run as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = (Path(__file__).resolve().parents[2] / "docs/circulant.md").read_text(encoding="utf-8")


def test_the_example_runs(tmp_path: Path) -> None:
    (name, text) = re.findall(r"^```python\n# (\S+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[0]
    (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, name], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "note: circulant leaves 'y' alone, for its 10 outputs and 32 inputs are not both whole blocks" in done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    layers = [row for row in rows if row[:2] == ["hidden", "CirculantDense"]]
    quantized, inspected, kept = layers
    assert float(quantized[5]) < 10, "the weights are circulant already, so that only rounding is lost"
    assert int(inspected[-1].replace(",", "")) <= 8 * 8 * 4 * 2 * 6, "bits of two terms a number of the vectors"
    assert kept[2:4] == [f"{32 * 32:,}", f"{8 * 8 * 4 * 2 * 5:,}"], "five bits a term of the vectors, no bias"
    assert re.search(r"0 of \d+ codes differ", rows and done.stdout.splitlines()[-1]), done.stdout
