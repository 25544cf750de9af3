"""A front as a file: what it is of, and a plan and figures for every point."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shiftwire.errors import InputError
from shiftwire.explore.front import Exploration, Objectives, Plan, Point
from shiftwire.ir.cost import Cost
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network
from shiftwire.project.codec import network_hash
from shiftwire.project.project import shiftwire_version
from shiftwire.schedule.adder_blocks import DspUse
from shiftwire.schedule.design import Design
from shiftwire.schedule.fold_choice import every_choice
from shiftwire.tools.json_text import parsed_json
from shiftwire_boards.catalog import Board, CatalogError, UnknownBoardError, recalled_board

SCHEMA = 2
"""Of the file; another one is refused."""

AGAIN = "run 'shiftwire explore' again"


@dataclass(frozen=True)
class Front:
    """All points of an exploration; `network` is the SHA-256 of what was explored, `fixed` the folds that were told."""

    version: str
    network: str
    board: Board
    clock_ns: float
    objectives: Objectives
    most_bram36: float
    for_hls: bool
    fixed: Mapping[str, Fold]
    points: tuple[Point, ...]

    @classmethod
    def of(cls, explored: Exploration, fixed: Mapping[str, Fold], points: list[Point]) -> Front:
        """That of an exploration's points."""
        return cls(
            shiftwire_version(),
            network_hash(explored.network),
            explored.board,
            explored.clock_ns,
            explored.objectives,
            explored.most_bram36,
            explored.for_hls,
            fixed,
            tuple(points),
        )

    def point(self, name: str) -> Point:
        """Raises InputError for a name that no point has."""
        point = next((point for point in self.points if point.name == name), None)
        if point is None:
            many = len(self.points)
            there = f"1 to {many}; pick one of these" if many else f"none; {AGAIN}"
            raise InputError(f"found no point '{name}' in the front, which has {there}")
        return point

    def design(self, network: Network, name: str) -> Design:
        """A point as it was explored; raises InputError for another network than the front's."""
        point = self.point(name)
        if self.network != network_hash(network):
            raise InputError(
                "the front is of another network, or of this one read by other options; name the model that was "
                f"explored, with the options it was explored with, or {AGAIN}"
            )
        _check_folds(network, point)
        design = point.plan.design(network, self.board, self.clock_ns)
        if (design.timing.interval, design.resources) != (point.cycles, point.total):
            raise InputError(
                f"point '{name}' no longer takes what the front says, for the model of costs changed; {AGAIN}"
            )
        return design


def _check_folds(network: Network, point: Point) -> None:
    """Raises InputError where a point's folds are not one for every layer, of those that it has."""
    missing = sorted({node.name for node in network.nodes} - point.plan.folds.keys())
    try:
        every_choice(network, point.plan.folds)
    except InputError as error:
        problem = str(error).split(";")[0]
    else:
        problem = f"found none for '{missing[0]}'" if missing else ""
    if problem:
        raise InputError(f"the front is damaged: of the folds of point '{point.name}', {problem}; {AGAIN}")


def front_json(front: Front) -> dict[str, Any]:
    """Plain values, of which `read_front` makes the front again."""
    return {
        "shiftwire": {"front_schema": SCHEMA, "version": front.version},
        "network_sha256": front.network,
        "board": front.board.recorded(),
        "clock_ns": front.clock_ns,
        "objectives": front.objectives.value.split(","),
        "most_bram36": front.most_bram36,
        "for_hls": front.for_hls,
        "fixed": _folds_json(front.fixed),
        "points": [point_json(point) for point in front.points],
    }


def read_front(file: Path) -> Front:
    """Raises InputError for a file that is none, is damaged, or of another schema or shiftwire."""
    data = front_data(file)
    version_checked(file, data, "front_schema", SCHEMA)
    with damage_of(file):
        return front_of(data)


def front_data(file: Path) -> dict[str, Any]:
    """The object in a file that explore wrote, unchecked; raises InputError for a file that has none."""
    if file.is_dir():
        raise InputError(f"{file} is a folder, wanted a front that 'shiftwire explore' wrote; name its file")
    if not file.is_file():
        raise InputError(f"found no file {file}, wanted a front; write one by 'shiftwire explore model.onnx -o {file}'")
    try:
        data = parsed_json(file.read_text(encoding="utf-8", errors="replace"))
        return {**data, "shiftwire": {**data["shiftwire"]}}
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{file} is no front that 'shiftwire explore' wrote; name one, such as front.json") from None


def version_checked(file: Path, data: Mapping[str, Any], key: str, wanted: int) -> None:
    """Raise InputError for another schema, or another shiftwire."""
    schema, version = data["shiftwire"].get(key), data["shiftwire"].get("version")
    if schema is None or version is None:
        raise InputError(f"{file} is no front that 'shiftwire explore' wrote; name one, such as front.json")
    if schema != wanted:
        raise InputError(f"{file} has schema {schema}, this shiftwire reads {wanted}; {AGAIN}")
    if version != shiftwire_version():
        raise InputError(f"{file} is of shiftwire {version}, this is {shiftwire_version()}; {AGAIN}")


@contextmanager
def damage_of(file: Path) -> Iterator[None]:
    """Raises InputError for values that are no front's."""
    try:
        yield
    except (CatalogError, UnknownBoardError) as error:
        raise InputError(f"the board of {file} is not to be had: {error}; {AGAIN}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{file} is damaged ({error}); {AGAIN}") from None


def front_of(data: Mapping[str, Any]) -> Front:
    """That of plain values."""
    return Front(
        data["shiftwire"]["version"],
        data["network_sha256"],
        recalled_board(data["board"]),
        float(data["clock_ns"]),
        Objectives(",".join(data["objectives"])),
        float(data["most_bram36"]),
        bool(data["for_hls"]),
        _folds(data["fixed"]),
        tuple(map(_point, data["points"])),
    )


def point_json(point: Point) -> dict[str, Any]:
    """Plain values of a point."""
    return {
        "name": point.name,
        "cycles": point.cycles,
        "frames_per_second": point.frames_per_second,
        "hls_cycles": point.hls_cycles,
        "latency_cycles": point.latency_cycles,
        "lut": point.cost.lut,
        "bram36": point.cost.bram36,
        "fifo_lut": point.fifos.lut,
        "fifo_bram36": point.fifos.bram36,
        "dsp": point.dsp,
        "dsp_use": point.plan.dsp.value,
        "saved_lut": point.saved_lut,
        "fits": point.fits,
        "folds": _folds_json(point.plan.folds),
        "memories": dict(point.plan.memories),
    }


def _point(data: Mapping[str, Any]) -> Point:
    return Point(
        str(data["name"]),
        Plan(
            _folds(data["folds"]),
            {name: float(price) for name, price in data["memories"].items()},
            DspUse(data["dsp_use"]),
        ),
        int(data["cycles"]),
        int(data["hls_cycles"]),
        int(data["latency_cycles"]),
        float(data["frames_per_second"]),
        Cost(int(data["lut"]), float(data["bram36"])),
        Cost(int(data["fifo_lut"]), float(data["fifo_bram36"])),
        int(data["dsp"]),
        bool(data["fits"]),
        int(data["saved_lut"]),
    )


def _folds_json(folds: Mapping[str, Fold]) -> dict[str, dict[str, int]]:
    return {name: {key: size for key, size in dataclasses.asdict(fold).items() if size} for name, fold in folds.items()}


def _folds(data: Mapping[str, Any]) -> dict[str, Fold]:
    return {name: Fold(**{key: int(size) for key, size in sizes.items()}) for name, sizes in data.items()}
