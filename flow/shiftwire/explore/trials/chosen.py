"""The front of a search: at each of some rates, candidates that no other one beats in loss and LUTs, as designs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf

from shiftwire.costs.model import Prediction, predicted
from shiftwire.errors import InputError
from shiftwire.explore.board_model import board_model
from shiftwire.explore.energy import network_energy
from shiftwire.explore.front import Plan, Point, unbeaten
from shiftwire.explore.trials.ground import Ground
from shiftwire.explore.trials.result import Corner
from shiftwire.explore.trials.search import Trial
from shiftwire.explore.trials.space import Candidate, Space, words
from shiftwire.ir.network import Network
from shiftwire.project.codec import network_hash
from shiftwire.quantize.options import Options
from shiftwire.tools.process import Progress

RATES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Cycles a frame at which candidates are compared, as multiples of those of the search."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """LUTs by the fitted models, and the interval that nine in ten netlists lie in."""

    lut: int
    least: int
    most: int


@dataclass(frozen=True)
class Chosen:
    """A point: a candidate with folds. `loss` is that of the search; energy is modelled, of one inference."""

    candidate: Candidate
    options: Options
    loss: float
    network_sha256: str
    point: Point
    forecast: Forecast
    energy_pj: float

    @property
    def quantize(self) -> str:
        """What makes its exact file, of quantize's command line."""
        return words(self.options)


@dataclass(frozen=True, slots=True)
class Place:
    """A trial and one corner of its front."""

    trial: Trial
    corner: Corner


def rates_of(cycles: int) -> tuple[int, ...]:
    """Cycles a frame at which candidates are compared."""
    return tuple(round(cycles * share) for share in RATES)


def best_places(trials: Sequence[Trial], samples: int, cycles: int) -> list[Place]:
    """Those of all rates, fastest first, then the most exact; of trials that were scored on all samples."""
    kept: dict[tuple[int, Corner], Place] = {}
    whole = [trial for trial in trials if trial.result.samples == samples]
    for most in rates_of(cycles):
        best = inf
        for place in sorted(_fastest(whole, most), key=lambda each: (each.corner[1], each.trial.result.loss)):
            if place.trial.result.loss < best:
                best = place.trial.result.loss
                kept.setdefault((id(place.trial), place.corner), place)
    return sorted(kept.values(), key=lambda each: (each.corner[0], each.trial.result.loss, each.corner[1]))


def _fastest(trials: Sequence[Trial], most: int) -> Iterator[Place]:
    """Each trial's corner of least LUTs that is as fast."""
    for trial in trials:
        within = [corner for corner in trial.result.front if corner[0] <= most]
        if within:
            yield Place(trial, min(within, key=lambda corner: (corner[1], corner[0])))


def unbeaten_as_shown(front: Sequence[Chosen]) -> tuple[Chosen, ...]:
    """Those that no other is as fast and as good as by the fitted models too, and better in one; names count on.

    DSP blocks are as dear as anything else: a point that takes some takes fewer LUTs, or it is not there.
    """
    figures = [(each.point.cycles, each.loss, each.forecast.lut, each.point.dsp) for each in front]
    kept = [front[at] for at in unbeaten(figures)]
    return tuple(replace(each, point=replace(each.point, name=str(at))) for at, each in enumerate(kept, 1))


@dataclass(frozen=True)
class Builder:
    """Places as designs."""

    ground: Ground
    space: Space

    def built(self, places: Sequence[Place], report: Progress) -> Iterator[Chosen]:
        """Each network is quantized once more."""
        model = board_model(self.ground.board)
        networks: dict[tuple[int, ...], tuple[Network, Mapping[Corner, Plan]]] = {}
        for at, place in enumerate(places):
            report(at, len(places))
            key = self.space.places(place.trial.candidate)
            if key not in networks:
                networks[key] = self._plans(self.space.options(place.trial.candidate))
            network, plans = networks[key]
            if place.corner not in plans:
                raise InputError(
                    "a trial of the journal no longer comes to what is written there, so it is of another shiftwire; "
                    "remove the journal, or name another file with -o"
                )
            exploration = self.ground.exploration(network)
            for point, design in exploration.forms(str(at + 1), plans[place.corner], place.corner):
                yield self._chosen(place, network, point, predicted(model, design.rtl))

    def _plans(self, options: Options) -> tuple[Network, Mapping[Corner, Plan]]:
        network = self.ground.built(self.ground.exact(options))
        return network, {(best.cycles, best.lut, best.halves): Plan.of(best) for best in self.ground.front(network)}

    def _chosen(self, place: Place, network: Network, point: Point, says: Prediction) -> Chosen:
        return Chosen(
            place.trial.candidate,
            self.space.options(place.trial.candidate),
            place.trial.result.loss,
            network_hash(network),
            point,
            Forecast(says.whole.resources.lut, says.least, says.most),
            network_energy(network).own_pj,
        )
