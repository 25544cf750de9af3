"""Trials one after another or side by side.

A search that is continued begins anew, and takes from its journal what it knows. Samplers are seeded trial by trial, so
one worker comes to the same trials again, however often it is killed; several workers repeat none that is finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from shiftwire.errors import ToolError
from shiftwire.explore.trials.farm import Farm, Task
from shiftwire.explore.trials.ground import Ground, least_lut
from shiftwire.explore.trials.journal import Journal
from shiftwire.explore.trials.result import Result
from shiftwire.explore.trials.space import Candidate, Space
from shiftwire.tools.process import Progress

if TYPE_CHECKING:
    import optuna

POPULATION = 24
AGAIN = 4
"""Times as many trials as are wanted are asked for at most, for a sampler comes back to what it knows."""
WORST = 200.0
"""A loss in percent that stands for none."""


class Sampler(Enum):
    """How Optuna chooses the next candidate: random is there to be compared with."""

    NSGA2 = "nsga2"
    TPE = "tpe"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate and what came of it."""

    candidate: Candidate
    result: Result


@dataclass(frozen=True)
class Search:
    """`trials` candidates, of which the `first` are given; LUTs are compared at `cycles` a frame."""

    ground: Ground
    space: Space
    trials: int
    cycles: int
    seed: int = 1
    sampler: Sampler = Sampler.NSGA2
    first: Sequence[Candidate] = ()

    def run(self, farm: Farm, journal: Journal, report: Progress) -> list[Trial]:
        """All trials, each candidate once, in the order in which they were told."""
        return _Run(self, farm, journal, required_optuna()).done(report)


@dataclass
class _Run:
    search: Search
    farm: Farm
    journal: Journal
    optuna: Any
    finished: dict[tuple[int, ...], Trial] = field(default_factory=dict)
    running: dict[int, Task] = field(default_factory=dict)
    asked: int = 0

    def done(self, report: Progress) -> list[Trial]:
        search = self.search
        study = self.optuna.create_study(directions=["minimize", "minimize"])
        for candidate in search.first:
            study.enqueue_trial(dict(candidate))
        wanted = min(search.trials, search.space.size)
        while len(self.finished) < wanted and (self.running or self.asked < AGAIN * wanted):
            report(len(self.finished), wanted)
            room = min(self.farm.workers, wanted - len(self.finished)) - len(self.running)
            if room > 0 and self.asked < AGAIN * wanted:
                self._ask(study)
            else:
                for number, result in self.farm.done():
                    self._tell(study, number, self.running.pop(number).candidate, result)
        report(wanted, wanted)
        return list(self.finished.values())

    def _ask(self, study: optuna.Study) -> None:
        """One more candidate; one that is known is told at once, one that is on its way is dropped."""
        search = self.search
        study.sampler = self._sampler()
        self.asked += 1
        trial = study.ask({axis.name: self._range(len(axis.choices)) for axis in search.space.axes})
        candidate = {axis.name: int(trial.params[axis.name]) for axis in search.space.axes}
        known = self.finished.get(search.space.places(candidate))
        result = known.result if known else self.journal.known(candidate)
        if result is not None:
            self._tell(study, trial.number, candidate, result)
        elif any(task.candidate == candidate for task in self.running.values()):
            study.tell(trial.number, state=self.optuna.trial.TrialState.FAIL)
        else:
            task = Task(search.ground.spec, search.space.options(candidate), candidate, self._rivals(), search.cycles)
            self.running[trial.number] = task
            self.farm.start(trial.number, task)

    def _rivals(self) -> tuple[tuple[float, int], ...]:
        """Loss and LUTs of those that were scored throughout and are as fast."""
        every = [trial.result for trial in self.finished.values()]
        luts = [least_lut(result.front, self.search.cycles) for result in every]
        whole = len(self.search.ground.at)
        pairs = zip(every, luts, strict=True)
        return tuple((own.loss, int(lut)) for own, lut in pairs if own.samples == whole and lut < inf)

    def _tell(self, study: optuna.Study, number: int, candidate: Candidate, result: Result) -> None:
        self.journal.keep(candidate, result)
        self.finished.setdefault(self.search.space.places(candidate), Trial(candidate, result))
        far = 2.0 * self.search.ground.board.lut
        study.tell(number, [min(result.loss, WORST), min(least_lut(result.front, self.search.cycles), far)])

    def _sampler(self) -> Any:
        (drawn,) = np.random.SeedSequence((self.search.seed, self.asked)).generate_state(1)
        seed, samplers = int(drawn), self.optuna.samplers
        match self.search.sampler:
            case Sampler.NSGA2:
                return samplers.NSGAIISampler(population_size=POPULATION, seed=seed)
            case Sampler.TPE:
                return samplers.TPESampler(seed=seed, n_startup_trials=POPULATION)
            case Sampler.RANDOM:
                return samplers.RandomSampler(seed=seed)

    def _range(self, choices: int) -> Any:
        return self.optuna.distributions.IntDistribution(0, choices - 1)


def required_optuna() -> Any:
    """The module; raises ToolError where it is not installed."""
    try:
        optuna = import_module("optuna")
    except ImportError:
        raise ToolError(
            "found no Optuna, wanted it for exploring networks and hardware together; run: pip install "
            "'shiftwire[explore]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna
