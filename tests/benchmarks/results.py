"""What a bench found, as results/NAME.json: figures beside what they are, the tools, the part, the clock, the commit.

One spelling of a result: read and written again, a file is the same. page.py makes tables of them.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from shiftwire.tools.host_cpp import find_compiler
from shiftwire.tools.process import run
from shiftwire.tools.resources import Evidence

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).with_suffix("")

Cell = str | int | float | None
"""None where a bench has no figure."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading; `evidence` where it is not the result's, `decimals` where a float has a fixed number of them."""

    name: str
    unit: str = ""
    decimals: int | None = None
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Cells in the order of the columns; `commit` where it is not the result's."""

    cells: tuple[Cell, ...]
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """Where times were measured; the compiler where compiled code was.

    load  programs that wanted to run, a core, around the time of the run: above one, others had their share
    """

    arch: str
    compiler: str | None = None
    load: float = field(default=0.0, compare=False)


@cache
def commit() -> str:
    """As first asked in a run, such as 34346cb; -dirty where files differ other than results and the page."""
    name = run(["git", "describe", "--always"], "name the commit", ROOT).strip()
    others = [".", ":(exclude)BENCHMARKS.md", ":(exclude)tests/benchmarks/results"]
    changed = run(["git", "status", "--porcelain", "--", *others], "look for changes", ROOT).strip()
    return f"{name}-dirty" if changed else name


@dataclass(frozen=True, slots=True)
class Result:
    """A table of figures. `tools` gives each tool's version; `part` and `clock_ns` are None where there are none."""

    command: str
    evidence: Evidence
    tools: Mapping[str, str]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    part: str | None = None
    clock_ns: float | None = None
    machine: Machine | None = None
    commit: str = field(default_factory=commit)

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(f"found {len(row.cells)} cells in {row}, wanted one for each of {len(self.columns)}")

    def over(self, earlier: Result, keys: int) -> Result:
        """These rows in place of the earlier ones that begin with the same `keys` cells; others stay as they were.

        An earlier result of other tools, columns, part, clock or machine goes as a whole.
        """
        is_alike = earlier.columns == self.columns
        if not is_alike or replace(earlier, command=self.command, rows=self.rows, commit=self.commit) != self:
            return self
        found = {row.cells[:keys]: row for row in self.rows}
        kept = [replace(row, commit=row.commit or earlier.commit) for row in earlier.rows]
        rows = [found.pop(row.cells[:keys], row) for row in kept]
        rows = [replace(row, commit=None if row.commit == self.commit else row.commit) for row in rows]
        return replace(self, rows=(*rows, *found.values()))


def table(*rows: Sequence[Cell]) -> tuple[Row, ...]:
    """Rows taken now."""
    return tuple(Row(tuple(cells)) for cells in rows)


def command() -> str:
    """The running bench and its arguments, files without their folders."""
    words = [word.rpartition("/")[2] for word in sys.argv[1:]]
    return " ".join(["python", f"tests/benchmarks/{Path(sys.argv[0]).name}", *words])


def this_machine(*, compiles: bool) -> Machine:
    """Without its name; with the compiler that finds its way into the times."""
    compiler = run([find_compiler(), "--version"], "tell its version").splitlines()[0] if compiles else None
    return Machine(platform.machine(), compiler, round(os.getloadavg()[0] / (os.cpu_count() or 1), 1))


def save(name: str, result: Result, keys: int = 0) -> None:
    """Write results/NAME.json; with `keys`, rows of an earlier one that were not taken again stay (Result.over)."""
    path = FOLDER / f"{name}.json"
    FOLDER.mkdir(exist_ok=True)
    whole = result.over(read(path), keys) if keys and path.exists() else result
    path.write_text(written(whole), encoding="utf-8")


def written(result: Result) -> str:
    """JSON with a line for every row."""
    plain: dict[str, Any] = {
        "command": result.command,
        "evidence": result.evidence.value,
        "tools": dict(sorted(result.tools.items())),
        "part": result.part,
        "clock_ns": result.clock_ns,
        "commit": result.commit,
        "machine": None if result.machine is None else _given(asdict(result.machine)),
        "columns": [_given({**asdict(each), "evidence": _value(each.evidence)}) for each in result.columns],
        "rows": [_given(asdict(row)) for row in result.rows],
    }
    return "{\n" + ",\n".join(f"  {json.dumps(key)}: {_lines(value)}" for key, value in plain.items()) + "\n}\n"


def read(path: Path) -> Result:
    """What `written` made."""
    plain = json.loads(path.read_text(encoding="utf-8"))
    columns = tuple(
        Column(**{**each, "evidence": Evidence(each["evidence"]) if "evidence" in each else None})
        for each in plain["columns"]
    )
    return Result(
        plain["command"],
        Evidence(plain["evidence"]),
        plain["tools"],
        columns,
        tuple(Row(tuple(row["cells"]), row.get("commit")) for row in plain["rows"]),
        plain["part"],
        plain["clock_ns"],
        None if plain["machine"] is None else Machine(**plain["machine"]),
        plain["commit"],
    )


def _value(evidence: Evidence | None) -> str | None:
    return evidence and evidence.value


def _given(plain: dict[str, Any]) -> dict[str, Any]:
    """Without what is the default."""
    return {key: value for key, value in plain.items() if value not in (None, "")}


def _lines(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return json.dumps(value, ensure_ascii=False)
    return "[\n" + ",\n".join(f"    {json.dumps(each, ensure_ascii=False)}" for each in value) + "\n  ]"
