"""Neither kills nor workers change a front, and no finished trial is made again."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from distributed import LocalCluster

from shiftwire.explore.trials import farm
from shiftwire.explore.trials.ground import ground_of
from shiftwire.explore.trials.result import Result
from trials_bench import FAST, TRIALS, explore, fronts
from verbs import run_verb


def test_a_dask_scheduler_loses_a_worker(every: Mapping[str, Any], work: Path, capsys, monkeypatch) -> None:
    """The scheduler and two workers are processes of their own; one is killed with a trial on it."""
    start, killed = farm.Dask.start, []
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:

        def killing(dask: farm.Dask, number: int, task: farm.Task) -> None:
            start(dask, number, task)
            if number == 5:
                killed.append(cluster.workers[0].pid)
                os.kill(killed[0], signal.SIGKILL)

        monkeypatch.setattr(farm.Dask, "start", killing)
        words = ("--trials", 1000, "--scheduler", cluster.scheduler_address)
        both = explore(capsys, work, work / "farmed.json", *words)
    assert killed and both["trials"] == both["candidates"] == every["candidates"]
    assert fronts(both) == fronts(every)


def test_a_scheduler_without_workers(work: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    """It is not waited for until somebody comes."""
    monkeypatch.setattr(farm, "LONELY_S", 1)
    with LocalCluster(n_workers=0, processes=False, dashboard_address=None) as cluster:
        words = ("--calibrate", work / "x.npz", "--score", 8, "--scheduler", cluster.scheduler_address)
        status, _, err = run_verb(capsys, "explore", work / "float.onnx", *words, "-o", tmp_path / "front.json")
    assert status == 3 and "found no workers at" in err.splitlines()[-1], err


def test_killed_twice_and_continued(front: Path, work: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    """The same front, byte for byte, and no finished trial runs again."""
    output, runs = tmp_path / "one" / "front.json", []
    journal = output.with_name("front.json.journal")

    def dying_at(count: int) -> Any:
        def tried(task: farm.Task) -> Result:
            runs.append(json.dumps(dict(task.candidate)))
            if len(runs) == count:
                raise KeyboardInterrupt
            return ground_of(task.spec).tried(task.options, task.rivals, task.cycles)

        return tried

    for count in (3, 7):
        monkeypatch.setattr(farm, "tried", dying_at(count))
        asked = ("--calibrate", work / "x.npz", "--samples", 24, *FAST, "--trials", TRIALS, "-o", output)
        assert run_verb(capsys, "explore", work / "float.onnx", *asked)[0] == 130
        assert not output.exists()
        journal.write_text(journal.read_text() + '{"candidate": {"wei')  # what a kill leaves in the midst of a line
    monkeypatch.setattr(farm, "tried", dying_at(-1))
    explore(capsys, work, output)
    assert output.read_bytes() == front.read_bytes()
    assert len(runs) == TRIALS + 2 and len(set(runs)) == TRIALS
    for file in (front.parent / "front_models").iterdir():
        assert file.read_bytes() == (output.parent / "front_models" / file.name).read_bytes()


def test_more_trials_go_on(front: Path, work: Path, capsys) -> None:
    """A longer search begins with the trials of the shorter one."""
    data, before = explore(capsys, work, front.with_name("more.json"), "--trials", 6), json.loads(front.read_text())
    assert data["tried"] == before["tried"][:6]
    again = explore(capsys, work, front.with_name("more.json"))
    assert again["tried"] == before["tried"]


def test_the_same_command_again_writes_no_trial_twice(front: Path, work: Path, tmp_path: Path, capsys) -> None:
    """With fewer trials a line says what the journal knows, and exact files of the longer front go."""
    shutil.copytree(front.parent, tmp_path / "again")
    again = tmp_path / "again" / "front.json"
    journal, longer = again.with_name("front.json.journal"), json.loads(front.read_text())
    before = journal.read_bytes()
    assert explore(capsys, work, again)["points"] == longer["points"]
    assert journal.read_bytes() == before
    words = ("--calibrate", work / "x.npz", "--samples", 24, *FAST, "--trials", 2, "-o", again)
    status, out, err = run_verb(capsys, "explore", work / "float.onnx", *words)
    assert status == 0 and f"the journal knows {TRIALS} trials; --trials {TRIALS} takes them all" in out, err
    assert journal.read_bytes() == before
    named = {point["model"] for point in json.loads(again.read_text())["points"]}
    assert {str(file.relative_to(again.parent)) for file in again.with_name("front_models").iterdir()} == named
    assert len(named) < len({point["model"] for point in longer["points"]})


def test_two_processes_one_of_them_killed(every: Mapping[str, Any], work: Path, capsys, monkeypatch) -> None:
    """All candidates are tried, each once, with what one process makes of them."""
    start, killed = farm.Processes.start, []

    def killing(pool: farm.Processes, number: int, task: farm.Task) -> None:
        start(pool, number, task)
        if number == 5:
            killed.extend(pool.pool._processes)
            os.kill(killed[0], signal.SIGKILL)

    monkeypatch.setattr(farm.Processes, "start", killing)
    both = explore(capsys, work, work / "both.json", "--trials", 1000, "--workers", 2)
    assert killed and both["trials"] == both["candidates"] == every["candidates"]
    assert fronts(both) == fronts(every)
