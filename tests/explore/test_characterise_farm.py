"""Shelves are counted on this machine or by workers of a dask scheduler, once each, and come in their order."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

import pytest
from distributed import LocalCluster

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "campaigns"))

import characterise  # noqa: E402
from shiftwire.errors import InputError  # noqa: E402
from shiftwire.tools.yosys import Family  # noqa: E402


def count(start: int, seed: int, family: Family, folder: Path) -> Path:
    """Stands in for a run of yosys; what is there is not counted again."""
    file = folder / f"{family.value}-{seed}-{start:05d}.json"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("x") as text:
            text.write(str(start))
    return file


@pytest.fixture(autouse=True)
def stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(characterise, "counted", count)
    monkeypatch.setattr(characterise, "FOLDER", tmp_path / "units")


def asked(scheduler: str | None) -> Namespace:
    return Namespace(scheduler=scheduler, workers=2, fit_only=False)


def test_workers_of_a_scheduler_count_every_shelf_once(capsys: pytest.CaptureFixture[str]) -> None:
    count(16, characterise.SEED, Family.SERIES_7, characterise.FOLDER)
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        found = list(characterise.counted_files(Family.SERIES_7, [0, 8, 16, 24], asked(cluster.scheduler_address)))
    assert [start for start, _ in found] == [0, 8, 16, 24] == [int(file.read_text()) for _, file in found]
    assert capsys.readouterr().out.splitlines()[-1] == "xc7: shelf 4 of 4"


def test_this_machine_counts_them_alike() -> None:
    found = list(characterise.counted_files(Family.ULTRASCALE_PLUS, [8, 0], asked(None)))
    assert [int(file.read_text()) for _, file in found] == [8, 0]


def test_a_scheduler_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match=r"found no scheduler at tcp://127\.0\.0\.1:9"):
        list(characterise.counted_files(Family.SERIES_7, [0], asked("tcp://127.0.0.1:9")))
