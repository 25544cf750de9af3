"""Our units through yosys, models fitted to them, errors printed: `make characterise`; resumable, shelf by shelf.

The points are those of a scrambled Sobol sequence. What is counted lies in build/campaigns/characterise, the table and
the models in flow/shiftwire/costs. Errors are held out: each layer shape is predicted by what the others taught.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np

import shiftwire.costs
from metrics import correlations
from peer_models import finn_errors, polynomial_errors
from shiftwire.costs.blocks import unit_bram36, unit_dsp
from shiftwire.costs.lutram import unit_lutram
from shiftwire.costs.model import FILE, STAND_IN, spelled_model
from shiftwire.costs.table import Row, alike_once, write_table
from shiftwire.explore.characterise.counting import again, counted, rows_of, shelves
from shiftwire.explore.characterise.fitting import Fitted, family_fit, fitted_groups
from shiftwire.explore.characterise.space import KINDS
from shiftwire.explore.trials.farm import Dask
from shiftwire.tools.yosys import Family, yosys_version

FOLDER = Path("build/campaigns/characterise")
TABLE = Path(shiftwire.costs.__file__).with_name("units.csv.gz")
PAGE = Path("docs/predict.md")
BEGIN, END = "<!-- errors -->", "<!-- end -->"
SEED = 1
POINTS = {Family.SERIES_7: 800, Family.ULTRASCALE_PLUS: 400}
SYSTEMATIC = 0.03
"""What whole networks deviate by beyond their units; nine zoo nets at three folds each say more."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--xc7", type=int, default=POINTS[Family.SERIES_7], help="points of the 7 series (800)")
    parser.add_argument("--xcup", type=int, default=POINTS[Family.ULTRASCALE_PLUS], help="of UltraScale+ (400)")
    parser.add_argument("--workers", type=int, default=2, help="runs of yosys at a time on this machine (2)")
    parser.add_argument("--scheduler", metavar="tcp://HOST:PORT", help="a dask scheduler whose workers see this folder")
    parser.add_argument("--fit-only", action="store_true", help="take what was counted, as far as it goes")
    parser.add_argument("--again", metavar="KIND", choices=KINDS, help="count a kind anew, where it was counted")
    arguments = parser.parse_args()
    every: list[Row] = []
    models, lines = [], []
    for family, points in ((Family.SERIES_7, arguments.xc7), (Family.ULTRASCALE_PLUS, arguments.xcup)):
        if arguments.again:
            _again(family, points, arguments.again)
        files = counted_files(family, _starts(family, points, fit_only=arguments.fit_only), arguments)
        rows = _rows(family, files)
        if not rows:
            continue
        every += rows
        fitted = fitted_groups(rows)
        lines += list(_errors(family, rows, fitted))
        models.append(family_fit(family.value, yosys_version(), fitted, SYSTEMATIC))
        lines += ["", *correlations(rows, models[-1])]
    write_table(every, TABLE, yosys_version())
    FILE.write_text(spelled_model(models, yosys_version()), encoding="utf-8")
    text = PAGE.read_text(encoding="utf-8")
    start, rest = text.split(BEGIN)
    PAGE.write_text(start + BEGIN + "\n" + "\n".join(lines) + "\n" + END + rest.split(END)[1], encoding="utf-8")
    print("\n".join(lines))
    print(f"{TABLE}: {len(every):,} units; {FILE}: {', '.join(model.family for model in models)}")
    return 0


def _again(family: Family, points: int, kind: str) -> None:
    """One shelf after the other, those that were counted."""
    for start in shelves(points):
        file = _file(family, start)
        if file.exists():
            again(file, start, SEED, family, kind)


def _starts(family: Family, points: int, *, fit_only: bool) -> list[int]:
    """First points of all shelves, or of those that were counted."""
    starts = shelves(points)
    return [start for start in starts if _file(family, start).exists()] if fit_only else starts


def _file(family: Family, start: int) -> Path:
    return FOLDER / f"{family.value}-{SEED}-{start:05d}.json"


def counted_files(family: Family, starts: Sequence[int], arguments: argparse.Namespace) -> Iterator[tuple[int, Path]]:
    """Shelf by shelf, in their order, a line for each; on this machine, or by a scheduler's workers."""
    with ExitStack() as stack:
        if arguments.scheduler is None:
            pool = stack.enter_context(ThreadPoolExecutor(arguments.workers))
            files = pool.map(lambda start: counted(start, SEED, family, FOLDER), starts)
        else:
            dask = stack.enter_context(Dask(arguments.scheduler)).client
            jobs = [dask.submit(counted, start, SEED, family, FOLDER.resolve(), pure=False) for start in starts]
            files = (job.result() for job in jobs)
        for at, (start, file) in enumerate(zip(starts, files, strict=True), 1):
            if not arguments.fit_only:
                print(f"{family.value}: shelf {at} of {len(starts)}", flush=True)
            yield start, file


def _rows(family: Family, files: Iterable[tuple[int, Path]]) -> list[Row]:
    """Those of all shelves, each unit once."""
    return alike_once([row for start, file in files for row in rows_of(file, start, SEED, family)])


def _errors(family: Family, rows: Sequence[Row], fitted: Mapping[str, Fitted]) -> Iterator[str]:
    """Lines of a table, then sentences."""
    points = len({row.point for row in rows})
    yield f"\nErrors of LUT, family `{family.value}`: {len(rows):,} units of {points} points by {yosys_version()}.\n"
    yield "| group | units | mean LUT | median | 95 % | polynomial | FINN refitted |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, own in sorted(fitted.items()):
        polynomial, finn = polynomial_errors(own), finn_errors(own)
        yield (
            f"| {name.removeprefix('sw_')} | {len(own.rows)} | {own.counted.mean():.0f} | {_shares(own.errors)}"
            f" | {polynomial} | {finn} |"
        )
    yield ""
    yield from _layers(family, rows, fitted)
    for what, counts in (
        ("BRAM36", [(row.counted.bram36, unit_bram36(row.facts)) for row in rows]),
        ("DSP blocks", [(row.counted.dsp, unit_dsp(row.facts)) for row in rows]),
        ("LUTs as RAM", [(row.counted.lutram, unit_lutram(family.value, row.module, row.facts)) for row in rows]),
    ):
        wrong, some = sum(one != other for one, other in counts), sum(one > 0 or other > 0 for one, other in counts)
        yield f"* {what} by formula: off in {wrong} of {some} units that have any."


def _layers(family: Family, rows: Sequence[Row], fitted: Mapping[str, Fitted]) -> Iterator[str]:
    """Whole points: a layer with everything around it, RAM and SRL included."""
    sums: defaultdict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for name, own in fitted.items():
        if name == STAND_IN:
            continue
        for row, logic in zip(own.rows, own.predicted, strict=True):
            sums[row.point][0] += row.counted.lut
            sums[row.point][1] += logic + unit_lutram(family.value, row.module, row.facts) + (row.counted.srl or 0)
    table = np.array(list(sums.values()))
    errors = np.abs(table[:, 1] - table[:, 0]) / table[:, 0]
    yield (
        f"* {len(errors)} layers with everything around them: median {100 * np.median(errors):.1f} %, 95th percentile "
        f"{100 * np.percentile(errors, 95):.1f} %."
    )


def _shares(errors: np.ndarray) -> str:
    return f"{100 * np.median(errors):.1f} % | {100 * np.percentile(errors, 95):.1f} %"


if __name__ == "__main__":
    sys.exit(main())
