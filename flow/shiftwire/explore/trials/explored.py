"""The whole search: ground, single choices, trials, the front of them; as plain values, and read again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

from shiftwire.errors import InputError
from shiftwire.explore.front import Objectives
from shiftwire.explore.front_file import AGAIN, Front, damage_of, front_data, front_of, point_json, version_checked
from shiftwire.explore.trials.chosen import Builder, Chosen, best_places, rates_of, unbeaten_as_shown
from shiftwire.explore.trials.farm import Farm
from shiftwire.explore.trials.ground import Ground, Spec, ground_of, least_lut
from shiftwire.explore.trials.journal import Journal
from shiftwire.explore.trials.search import Sampler, Search, Trial
from shiftwire.explore.trials.sensitivity import (
    Sensitivity,
    few,
    spread,
    way_down,
    whole_space,
    worth_trying,
)
from shiftwire.explore.trials.space import Space, family_of
from shiftwire.onnx.file import write_model
from shiftwire.project.project import shiftwire_version
from shiftwire.schedule.pace import cycles_within
from shiftwire_boards.catalog import Board

SCHEMA = 2
FIRST = 12
"""Candidates on the way down from the most exact one, which are tried first."""
HALF = 0.5
"""Of a board's LUTs, at which the most exact candidate says how fast all are compared."""

NUMBERED = re.compile(r"[0-9]{3,}\.onnx")
"""Names of exact files beside a front."""

Stages = Callable[[str, int, int], None]
"""Told what is done, how many of how many."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a user asks of a search; `fps` is the rate at which LUTs are compared, None for one that is chosen."""

    spec: Spec
    trials: int
    seed: int = 1
    sampler: Sampler = Sampler.NSGA2
    fps: float | None = None

    def words(self, board: Board) -> dict[str, str]:
        """All that trials depend on, the number of them left out; files by their content."""
        spec = self.spec
        return {
            "shiftwire": shiftwire_version(),
            "model": _digest(spec.model),
            "--calibrate": _digest(spec.calibrate),
            "--labels": "" if spec.labels is None else _digest(spec.labels),
            "--board": json.dumps(board.recorded(), sort_keys=True),
            "--clock-ns": str(spec.clock_ns),
            "--backend": "both" if spec.for_hls else "rtl",
            "--dsp": spec.dsp.value,
            "--samples": str(spec.samples),
            "--score": str(spec.most),
            "--seed": str(self.seed),
            "--sampler": self.sampler.value,
            "--fps": str(self.fps),
        }


@dataclass(frozen=True)
class Explored:
    """All trials and the front of them; LUTs were compared at `cycles` a frame, and at the rates around them."""

    wanted: Wanted
    ground: Ground
    space: Space
    cycles: int
    trials: Sequence[Trial]
    front: Sequence[Chosen]
    known: int
    """Trials in the journal, which may be of a run that wanted more."""

    @property
    def whole(self) -> int:
        """Trials that were scored on all samples."""
        return sum(trial.result.samples == len(self.ground.at) for trial in self.trials)


def explored(wanted: Wanted, farm: Farm, journal_file: Path, report: Stages) -> Explored:
    """Search, or go on with a search; raises InputError for files, or a space, that leave nothing to explore."""
    ground = ground_of(wanted.spec)
    journal = Journal.opened(journal_file, wanted.words(ground.board))
    whole = whole_space(ground)
    cycles = _cycles(ground, whole, wanted.fps)
    sensitivity = Sensitivity(ground, few(ground), cycles)
    tried = journal.choices(lambda: sensitivity.of(whole, partial(report, "single choices")))
    space = worth_trying(whole, tried)
    if space.size == 1:
        raise InputError(
            f"nothing is left to explore in {wanted.spec.model}: one choice of each layer and tensor beats all others; "
            "quantize it, and leave out --calibrate for the front of its folds"
        )
    first = spread(way_down(space, tried), FIRST) if wanted.trials < space.size else list(space.candidates())
    search = Search(ground, space, wanted.trials, cycles, wanted.seed, wanted.sampler, first)
    trials = search.run(farm, journal, partial(report, "trials"))
    places = best_places(trials, len(ground.at), cycles)
    front = unbeaten_as_shown(list(Builder(ground, space).built(places, partial(report, "front"))))
    if not front:
        raise InputError(
            f"no candidate of {wanted.spec.model} fits {ground.board.title} at {max(rates_of(cycles))} cycles a frame; "
            "give a larger board or fewer --fps"
        )
    return Explored(wanted, ground, space, cycles, trials, front, len(journal.results))


def _cycles(ground: Ground, space: Space, fps: float | None) -> int:
    """Cycles a frame of the rate, or those of the fastest folds of the most exact candidate in half of the board."""
    network, clock_ns = ground.built(ground.exact(space.base)), ground.clock_ns
    if fps is not None:
        cycles = _cycles_of(fps, clock_ns)
        if ground.least_luts(network, cycles) == inf:
            best = ground.fastest(network)
            raise InputError(
                f"found --fps {fps:g}, which leaves {cycles} cycles a frame at {clock_ns:g} ns, wanted what folds of "
                f"{ground.spec.model} reach where it is most exact, at most {1e9 / clock_ns / best:.0f} frames/s; "
                "give fewer"
            )
        return cycles
    front = ground.front(network)
    if not front:
        raise InputError(
            f"{ground.spec.model} fits {ground.board.title} with no folds, as exact as it may be; give a larger board, "
            "or the --fps to compare candidates at"
        )
    within = [best.cycles for best in front if best.lut <= HALF * ground.board.lut]
    return min(within, default=front[-1].cycles)


def _cycles_of(fps: float, clock_ns: float) -> int:
    if not 0 < fps < inf:
        raise InputError(f"found --fps {fps:g}, wanted frames a second above 0; give another")
    cycles = cycles_within(fps, clock_ns)
    if cycles < 1:
        raise InputError(f"found --fps {fps:g}, wanted what a clock of {clock_ns:g} ns can reach; give fewer")
    return cycles


def models_of(front: Path) -> set[Path]:
    """Exact files that the points of a front name; none where the file is no such front."""
    try:
        data = front_data(front)
        return {front.parent / point["model"] for point in data["points"]} if is_explored(data) else set()
    except (InputError, KeyError, TypeError):
        return set()


def write_models(done: Explored, folder: Path, earlier: Collection[Path] = ()) -> Mapping[str, Path]:
    """The exact files of a front's candidates in a folder, by point; those of an `earlier` front go."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[tuple[int, ...], Path] = {}
    for chosen in done.front:
        places = done.space.places(chosen.candidate)
        if places not in files:
            files[places] = folder / f"{len(files) + 1:03d}.onnx"
            write_model(done.ground.prepared.exact_file(done.ground.exact(chosen.options)), files[places])
    for older in {*earlier} - {*files.values()}:
        if older.parent == folder and NUMBERED.fullmatch(older.name):
            older.unlink(missing_ok=True)
    return {chosen.point.name: files[done.space.places(chosen.candidate)] for chosen in done.front}


def explored_json(done: Explored, models: Mapping[str, Path], beside: Path) -> dict[str, Any]:
    """Plain values, of which `read_point` makes the front of one point; files are named from the folder `beside`."""
    spec = done.wanted.spec
    return {
        "shiftwire": {"explored_schema": SCHEMA, "version": shiftwire_version()},
        "model": str(spec.model),
        "calibrate": str(spec.calibrate),
        "board": done.ground.board.recorded(),
        "clock_ns": done.ground.clock_ns,
        "for_hls": spec.for_hls,
        "measure": done.ground.measure,
        "samples": len(done.ground.at),
        "trials": len(done.trials),
        "scored": done.whole,
        "seed": done.wanted.seed,
        "sampler": done.wanted.sampler.value,
        "cycles": done.cycles,
        "candidates": done.space.size,
        "tried": [_trial_json(done, trial) for trial in done.trials],
        "points": [_chosen_json(chosen, models[chosen.point.name], beside) for chosen in done.front],
    }


def _trial_json(done: Explored, trial: Trial) -> dict[str, Any]:
    """LUTs at the rate of the search; null where it is not reached."""
    result = trial.result
    lut, loss = least_lut(result.front, done.cycles), result.loss
    return {
        "loss": None if loss == inf else loss,
        "samples": result.samples,
        "lut": None if lut == inf else lut,
        "family": family_of(done.space, trial.candidate),
    }


def _chosen_json(chosen: Chosen, model: Path, beside: Path) -> dict[str, Any]:
    own = {
        "loss": chosen.loss,
        "predicted_lut": asdict(chosen.forecast),
        "energy_pj": chosen.energy_pj,
        "model": str(model.relative_to(beside)),
        "network_sha256": chosen.network_sha256,
        "quantize": chosen.quantize,
    }
    return point_json(chosen.point) | own


def is_explored(data: Mapping[str, Any]) -> bool:
    """Whether a front is that of a search."""
    return "explored_schema" in data["shiftwire"]


def read_point(file: Path, data: Mapping[str, Any], name: str) -> tuple[Front, Path]:
    """A front of one point, and the exact file that it is of; raises InputError where there is none of that name."""
    version_checked(file, data, "explored_schema", SCHEMA)
    with damage_of(file):
        own = next((point for point in data["points"] if point["name"] == name), None)
        if own is None:
            many = len(data["points"])
            there = f"1 to {many}; pick one of these" if many else f"none; {AGAIN}"
            raise InputError(f"found no point '{name}' in {file}, which has {there}")
        model = file.parent / own["model"]
        if not model.is_file():
            raise InputError(f"found no file {model}, wanted what {file} names for point '{name}'; {AGAIN}")
        whole = dict(data) | {"objectives": Objectives.TWO.value.split(","), "most_bram36": 0.0, "fixed": {}}
        return front_of(whole | {"network_sha256": own["network_sha256"], "points": [own]}), model


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {file} ({error.strerror}); name a file that is there") from None
