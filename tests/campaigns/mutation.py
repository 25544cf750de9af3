"""Mutants by mutmut in the rooms of the flow, 300 a room; `make campaign-mutation` goes on where it was stopped.

mutmut wants its sources in src/, so the tracked files are copied that way and nothing here is touched. The fast tests
of the mirrored folders run; those that reach a mutant are its own. mutmut leaves properties and other decorated
functions as they are.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from campaign import FOLDER, ROOT, Results

A_ROOM = 300
AT_ONCE = 100


@dataclass(frozen=True)
class Room:
    """A room of the flow; `first` are a few mutants of it that a first run tries, which makes all the others too."""

    name: str
    first: str
    tests: tuple[str, ...]


CHEAP = ("tests/test_tiny.py", "tests/numbers", "tests/ir", "tests/units", "tests/passes")
ROOMS = (
    Room("ops", "relu.*", ("tests/ops", "tests/schedule", *CHEAP)),
    Room("schedule", "roms.*", ("tests/schedule", *CHEAP)),
    Room("ir", "fold.*", ("tests/ops", "tests/schedule", *CHEAP)),
    Room("onnx", "context.joined.*", ("tests/onnx", "tests/ops", *CHEAP)),
    Room("quantize", "options.*", ("tests/quantize", *CHEAP)),
)

TREE = FOLDER / "mutation"
ROOTS = ("hls_templates", "boards", "models")
SETTINGS = """[mutmut]
source_paths =
    src
only_mutate =
    src/shiftwire/{room}/*
also_copy =
    {copied}
pytest_add_cli_args =
    -m
    not slow and not whole
    -p
    no:cacheprovider
pytest_add_cli_args_test_selection =
    {tests}
use_git_change_detection = false
"""
STATUS = {0: "survived", 1: "killed", 3: "killed", 5: "no tests", 33: "no tests"}
"""By exit code; what is left ran out of time or fell over, and was seen."""


def _lines(words: Sequence[str]) -> str:
    return "\n    ".join(words)


def prepared(room: Room) -> Path:
    """The tracked files as mutmut wants them, with all mutants of a room; kept where there are some."""
    tree = TREE / room.name
    if (tree / "ready").is_file():
        return tree
    shutil.rmtree(tree, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        moved = tree / re.sub("^flow/", "src/", name)
        if (ROOT / name).is_file():
            moved.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, moved)
    settings = SETTINGS.format(room=room.name, copied=_lines(ROOTS), tests=_lines(room.tests))
    (tree / "setup.cfg").write_text(settings)
    (tree / "mutants" / "src").mkdir(parents=True)  # an import path that is not there at the start is never searched
    mutmut(tree, "run", f"shiftwire.{room.name}.{room.first}")
    (tree / "ready").touch()
    return tree


def mutmut(tree: Path, *words: str) -> str:
    """What mutmut says, run on mutants alone."""
    paths = [str(tree / "mutants" / root) for root in ("src", *ROOTS)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "mutmut", *words]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-4000:] + done.stderr[-2000:])
    return done.stdout


def outcomes(tree: Path) -> dict[str, int | None]:
    """Exit code of every mutant, None where it has not run."""
    found: dict[str, int | None] = {}
    for file in sorted((tree / "mutants" / "src").rglob("*.meta")):
        found |= json.loads(file.read_text())["exit_code_by_key"]
    return found


def chosen(names: list[str], room: str, seed: int) -> list[str]:
    """The mutants of a room that are tried, in the order of trial."""
    among = sorted(name for name in names if name.startswith(f"shiftwire.{room}."))
    return random.Random(f"{room} {seed}").sample(among, min(A_ROOM, len(among)))


def run(room: Room, results: Results) -> None:
    """Try what is left of a room, a hundred at a time."""
    tree = prepared(room)
    names = chosen(list(outcomes(tree)), room.name, results.seed)
    left = [name for name in names if name not in results.entries]
    for at in range(0, len(left), AT_ONCE):
        part = left[at : at + AT_ONCE]
        mutmut(tree, "run", *part)
        codes = outcomes(tree)
        lost = [name for name in part if codes[name] is None]
        if lost:
            raise SystemExit(f"mutmut ran {len(lost)} mutants of {room.name} without an outcome, {lost[0]} among them")
        found = {name: {"outcome": STATUS.get(codes[name], "killed")} for name in part}
        for name, entry in found.items():
            if entry["outcome"] != "killed":
                entry["change"] = mutmut(tree, "show", name)
        results.add(**found)
        _print(room.name, names, results)
    _print(room.name, names, results)


def _print(room: str, names: list[str], results: Results) -> None:
    tried = [results.entries[name]["outcome"] for name in names if name in results.entries]
    counts = Counter(tried)
    said = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    share = 100 * counts["killed"] / max(len(tried), 1)
    print(f"{room}: {share:.1f} % of {len(tried)} mutants killed ({said}); {len(names) - len(tried)} left", flush=True)


def main() -> int:
    names = ", ".join(room.name for room in ROOMS)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rooms", nargs="*", help=f"of {names} (default: all)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for room in ROOMS:
        if not arguments.rooms or room.name in arguments.rooms:
            results = Results.opened(f"mutation-{room.name}", arguments.seed)
            if not results.entries:
                shutil.rmtree(TREE / room.name, ignore_errors=True)
            run(room, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
