"""The notebook for a PC: a copy of it runs from top to bottom, in IPython, in an empty folder."""

from __future__ import annotations

import json
import tarfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from board_bench import needs_pynq
from shiftwire.cli.demo import SOURCE
from shiftwire_boards.runtime.record import Badge
from verbs import run_verb

EPOCHS = "epochs = 20"


def test_a_copy_is_written_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "host.ipynb"
    status, out, _ = run_verb(capsys, "notebook", "-o", copy)
    assert status == 0 and "open it in Jupyter" in out
    assert copy.read_text() == SOURCE.read_text()
    status, _, err = run_verb(capsys, "notebook", "-o", copy)
    assert status == 2 and "is there already" in err


def test_a_sentence_stands_before_every_cell() -> None:
    notebook = json.loads(SOURCE.read_text())
    kinds = [cell["cell_type"] for cell in notebook["cells"]]
    assert kinds == ["markdown", "code"] * (len(kinds) // 2) + ["markdown"]
    assert len({cell["id"] for cell in notebook["cells"]}) == len(kinds)
    for cell in notebook["cells"]:
        assert cell["cell_type"] == "markdown" or (cell["outputs"], cell["execution_count"]) == ([], None)


@pytest.mark.whole
@needs_pynq
@pytest.mark.skipif(find_spec("torch") is None, reason="found no torch; pip install 'shiftwire[train]'")
@pytest.mark.filterwarnings("ignore")
def test_it_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With less training; it leaves nothing outside its folder."""
    from IPython.core.interactiveshell import InteractiveShell  # noqa: PLC0415 - pynq brings it

    text = SOURCE.read_text()
    assert text.count(EPOCHS) == 1
    monkeypatch.chdir(tmp_path)
    shell = InteractiveShell()
    for cell in json.loads(text.replace(EPOCHS, "epochs = 3"))["cells"]:
        if cell["cell_type"] == "code":
            shell.run_cell("".join(cell["source"])).raise_error()
    names = shell.user_ns
    assert names["multiplies"] == 0
    assert names["csim"].different == names["runtime"].different == 0 < names["csim"].compared
    assert names["trained"].test_accuracy * 100 == pytest.approx(names["specification"].accuracy)
    assert names["simulated"].passed and names["simulated"].comparison.compared > 0
    record = names["record"]
    assert record.identity.badge is Badge.SIMULATED and record.exactness.exact and record.accuracy is not None
    assert [path.name for path in tmp_path.iterdir()] == ["host"]
    assert "SIMULATED" in (tmp_path / "host/record.html").read_text()
    with tarfile.open(tmp_path / "host/digits.tar.gz") as tar:
        assert {"digits.bit", "start.ipynb"} < {name.partition("/")[2] for name in tar.getnames()}
