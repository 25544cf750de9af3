"""Does it pay? One net in every family, on two sets of pictures, built at several speeds; `make pareto`.

ResNet-8 of 8, 16 and 32 channels is trained in each family on Fashion-MNIST and on MNIST, all else equal, from several
seeds. The net of the first seed is compared with onnxruntime code for code, scheduled for each number of frames a
second, and mapped by yosys in every form of hardware there is for it; what cannot be so fast on the part is said. A
run that is stopped goes on. Exit status 1 when a code differs or a step fails.

The figures go to build/campaigns/pareto.json; --take copies them and pareto_page.py makes docs/does_it_pay.md of them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from families import convert, others, verify
from family_jobs import Choices, Job
from family_nets import Family
from family_steps import Step, asked, data, run, train, write
from hardware_forms import netlist_of
from shiftwire.errors import InputError
from shiftwire.schedule.depths import interval
from shiftwire.schedule.design import Target, schedule
from shiftwire.schedule.tokens import simulate
from shiftwire.tools.yosys import synthesised, yosys_version
from shiftwire_boards.catalog import load_board
from shiftwire_models.errors import ModelsError
from study_nets import STUDIED, forms

CLOCK_NS = 10.0
SPEEDS = (5300, 21_000)
FASHION = Choices(pictures=4000, tested=10_000)
MNIST = Choices(data="mnist", pictures=4000, tested=10_000)


def counting(fps: int) -> Step:
    """The netlists of one speed: LUT, FF, BRAM36 and DSP by the form; cycles and frames a second are modelled."""

    def counted(job: Job) -> dict[str, Any]:
        network, board = job.network, load_board(job.common.board)
        found: dict[str, Any] = {"tool": yosys_version(), "part": board.part, "clock_ns": CLOCK_NS}
        try:
            design = schedule(network, board, CLOCK_NS, Target(fps=fps))
        except InputError as error:
            return {**found, "forms": {}, "refused": error.sentence()}
        found["forms"] = {}
        for form in forms(network):
            rtl = form.rtl(design)
            with TemporaryDirectory() as folder:
                synthesis = netlist_of(design, form, rtl, Path(folder))
                took = synthesised(synthesis, Path(folder) / "maps").resources
            cycles = interval(rtl)
            found["forms"][form.name] = {
                **{name: getattr(took, name) for name in ("lut", "ff", "bram36", "dsp")},
                "cycles": cycles,
                "frames_per_second": round(1e9 / CLOCK_NS / cycles),
                "latency_cycles": simulate(rtl, 1).latency,
            }
        return found

    counted.__name__ = f"{fps} frames/s"
    return counted


COUNTED = tuple(map(counting, SPEEDS))


def passes(chosen: Sequence[Family], seeds: int, folder: Path) -> Iterator[tuple[Job, tuple[Step, ...]]]:
    """What a run that is stopped early should have: one seed and its netlists, then other seeds and pictures."""
    jobs = {
        (common.data, seed): [Job(family, seed, folder / common.data, common) for family in chosen]
        for common in (FASHION, MNIST)
        for seed in range(seeds)
    }
    first = jobs.pop((FASHION.data, 0))
    yield from ((job, (train, write) if job.family.is_float else (train, write, convert, verify)) for job in first)
    exact = [job for job in first if not job.family.is_float]
    yield from ((job, COUNTED) for job in exact)
    yield from ((job, others(job)) for of_seed in jobs.values() for job in of_seed)


def main() -> int:
    arguments, results = asked("pareto", __doc__)
    try:
        data(FASHION), data(MNIST)
    except ModelsError as error:
        print(f"pareto: skipped, {error}")
        return 0
    choices = {common.data: asdict(common) for common in (FASHION, MNIST)}
    print(f"pareto: {json.dumps(choices)}", flush=True)
    results.add(choices=choices, speeds=SPEEDS)
    chosen = [family for family in STUDIED if not arguments.families or family.name in arguments.families]
    whole = [
        run(job, steps, results, f"{job.common.data}, {job.name}")
        for job, steps in passes(chosen, arguments.seeds, arguments.output)
    ]
    return 0 if all(whole) else 1


if __name__ == "__main__":
    sys.exit(main())
