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

from results import FOLDER, ROOT, Results

ROOMS = ("ops", "schedule", "ir", "onnx", "quantize")
A_ROOM = 300
AT_ONCE = 100
WARM_UP = "shiftwire.ir.fold.*"
"""A first run writes all mutants and finds out which tests reach them; it needs some of its own."""

TREE = FOLDER / "mutation"
ROOTS = ("hls_templates", "boards", "models")
TESTS = ("test_tiny.py", "numbers", "ir", "units", "ops", "passes", "schedule", "onnx", "quantize", "project")
SETTINGS = """[mutmut]
source_paths =
    src
only_mutate =
    {only}
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


def _lines(words: list[str]) -> str:
    return "\n    ".join(words)


def prepared() -> None:
    """The tracked files as mutmut wants them."""
    shutil.rmtree(TREE, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        moved = TREE / re.sub("^flow/", "src/", name)
        if (ROOT / name).is_file():
            moved.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, moved)
    only = [f"src/shiftwire/{room}/*" for room in ROOMS]
    tests = [f"tests/{name}" for name in TESTS]
    (TREE / "setup.cfg").write_text(SETTINGS.format(only=_lines(only), copied=_lines(list(ROOTS)), tests=_lines(tests)))
    (TREE / "mutants" / "src").mkdir(parents=True)  # an import path that is not there at the start is never searched


def mutmut(*words: str) -> str:
    """What mutmut says, run on mutants alone."""
    paths = [str(TREE / "mutants" / root) for root in ("src", *ROOTS)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "mutmut", *words]
    done = subprocess.run(command, cwd=TREE, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-4000:] + done.stderr[-2000:])
    return done.stdout


def outcomes() -> dict[str, int | None]:
    """Exit code of every mutant, None where it has not run."""
    found: dict[str, int | None] = {}
    for file in sorted((TREE / "mutants" / "src").rglob("*.meta")):
        found |= json.loads(file.read_text())["exit_code_by_key"]
    return found


def chosen(names: list[str], room: str, seed: int) -> list[str]:
    """The mutants of a room that are tried, in the order of trial."""
    among = sorted(name for name in names if name.startswith(f"shiftwire.{room}."))
    return random.Random(f"{room} {seed}").sample(among, min(A_ROOM, len(among)))


def run(room: str, results: Results) -> None:
    """Try what is left of a room, a hundred at a time."""
    names = chosen(list(outcomes()), room, results.seed)
    left = [name for name in names if name not in results.entries]
    for at in range(0, len(left), AT_ONCE):
        part = left[at : at + AT_ONCE]
        mutmut("run", *part)
        codes = outcomes()
        lost = [name for name in part if codes[name] is None]
        if lost:
            raise SystemExit(f"mutmut ran {len(lost)} mutants of {room} without an outcome, {lost[0]} among them")
        found = {name: {"outcome": STATUS.get(codes[name], "killed")} for name in part}
        for name, entry in found.items():
            if entry["outcome"] != "killed":
                entry["change"] = mutmut("show", name)
        results.add(**found)
        _print(room, names, results)


def _print(room: str, names: list[str], results: Results) -> None:
    tried = [results.entries[name]["outcome"] for name in names if name in results.entries]
    counts = Counter(tried)
    said = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    share = 100 * counts["killed"] / max(len(tried), 1)
    print(f"{room}: {share:.1f} % of {len(tried)} mutants killed ({said}); {len(names) - len(tried)} left", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rooms", nargs="*", default=ROOMS, help=f"of {', '.join(ROOMS)} (default: all)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    results = Results.opened("mutation", arguments.seed)
    if not results.entries or not (TREE / "setup.cfg").is_file():
        prepared()
        mutmut("run", WARM_UP)
    results.add()
    for room in arguments.rooms:
        run(room, results)
        _print(room, chosen(list(outcomes()), room, results.seed), results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
