"""The front of networks too large to try all their folds, against an integer program of every fold and place."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from fold_searches import Searches
from nets import PLANS, network
from shiftwire.explore.stages import Option, Side
from shiftwire.explore.sweep import Sweep

HALVES = 60


@dataclass
class Program:
    """Least LUTs within so many cycles: options are taken or not, and so is each crossing from a side to lanes."""

    searches: Searches
    cycles: int
    luts: list[float] = field(default_factory=list)
    halves: list[float] = field(default_factory=list)
    equal: list[tuple[dict[int, float], float]] = field(default_factory=list)

    def variable(self, lut: float, halves: float = 0.0) -> int:
        self.luts.append(lut)
        self.halves.append(halves)
        return len(self.luts) - 1

    def least(self) -> float:
        """Of all LUTs."""
        taken = {name: self._options(options) for name, options in self.searches.options.items()}
        self._cross(taken)
        places = [(row, at, value) for row, (terms, _) in enumerate(self.equal) for at, value in terms.items()]
        rows, columns, values = (np.array(each) for each in zip(*places, strict=True))
        ends = np.array([end for _, end in self.equal])
        matrix = coo_array((values, (rows, columns)), (len(ends), len(self.luts))).tocsr()
        blocks = LinearConstraint(np.array([self.halves]), ub=self.searches.halves)
        found = milp(
            np.array(self.luts),
            integrality=np.ones(len(self.luts)),
            bounds=Bounds(0, 1),
            constraints=[LinearConstraint(matrix, ends, ends), blocks],
            options={"mip_rel_gap": 0.0},
        )
        assert found.success, found.message
        return float(round(found.fun))

    def _options(self, options: list[Option]) -> dict[int, Option]:
        """Those that are fast enough, of which one is taken."""
        taken = {self.variable(o.lut, o.halves): o for o in options if o.cycles <= self.cycles}
        self.equal.append((dict.fromkeys(taken, 1.0), 1.0))
        return taken

    def _cross(self, taken: dict[str, dict[int, Option]]) -> None:
        stages = self.searches.stages
        sides: dict[str, dict[Side, list[int]]] = {}
        for stage in stages.stages:
            for place, name in enumerate(stage.reads):
                lanes: dict[int, list[int]] = defaultdict(list)
                for at, option in taken[stage.name].items():
                    lanes[option.reads[place]].append(at)
                if name == stages.entry and name not in sides:
                    assert stages.streams[name].readers == 1
                    sides[name] = {Side(each): own for each, own in lanes.items()}
                else:
                    self._between(name, sides[name], lanes)
            sides[stage.name] = defaultdict(list)
            for at, option in taken[stage.name].items():
                sides[stage.name][option.writes or Side(0)].append(at)

    def _between(self, name: str, sides: dict[Side, list[int]], lanes: dict[int, list[int]]) -> None:
        """What leaves by a side is what crosses from it; what comes in lanes is what crosses to them."""
        from_side, to_lanes = {side: dict.fromkeys(own, -1.0) for side, own in sides.items()}, defaultdict(dict)
        for each, own in lanes.items():
            to_lanes[each] = dict.fromkeys(own, -1.0)
        for side in sides:
            for each in lanes:
                need = self.searches.stages.streams[name].crossing(side, each)
                if need is not None and need[1] <= self.cycles:
                    at = self.variable(need[0])
                    from_side[side][at] = to_lanes[each][at] = 1.0
        self.equal += [(terms, 0.0) for terms in (*from_side.values(), *to_lanes.values())]


@pytest.mark.parametrize("plan", ["LeNet", "ResNet-8"])
def test_the_front_is_that_of_an_integer_program(plan: str) -> None:
    searches = Searches(network(PLANS[plan](), adder=False), HALVES)
    front = list(Sweep(searches.stages, 10**6, HALVES).front(is_flat=True))
    for at in np.linspace(0, len(front) - 1, 4).astype(int):
        assert Program(searches, front[at].cycles).least() == front[at].lut
