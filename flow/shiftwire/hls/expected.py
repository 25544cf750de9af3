"""What synthesis of the C++ should come to, kernel by kernel: written beside it, and held against csynth.xml."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from shiftwire.errors import InputError
from shiftwire.hls.top import HLS_TOP, WordPort, word_ports
from shiftwire.ir.cfg import Element
from shiftwire.ir.unit import Unit
from shiftwire.schedule.design import Design
from shiftwire.schedule.timing import HELD_LATENCY
from shiftwire.tools.json_text import parsed_json

FILE = "expected.json"


@dataclass(frozen=True, slots=True)
class Expected:
    """A kernel's one loop: `iterations` at an interval of `ii` cycles, of `depth` pipeline stages at most.

    `config`  the struct that its template takes last, by which the tool names it.
    `bram18`  blocks of 18 Kbit at most.
    `dsp`  blocks at most; None where weights or data are multiplied, which may take any number of them.
    """

    unit: str
    function: str
    config: str
    iterations: int
    ii: int
    depth: int
    bram18: int
    dsp: int | None


@dataclass(frozen=True, slots=True)
class Expectations:
    """Of a project: what is synthesised, for what, and every kernel in the order of the top function."""

    top: str
    part: str
    clock_ns: float
    units: tuple[Expected, ...]


def expectations(design: Design) -> Expectations:
    """Of a design, its units and what unpacks and packs the words of its ports."""
    source, sink = word_ports(design.pipeline)
    units = (
        Expected(
            unit=instance.name,
            function=instance.unit.function,
            config=f"{instance.name}_config",
            iterations=instance.unit.iterations,
            ii=1,
            depth=instance.unit.hls_latency,
            bram18=instance.unit.hls_half_blocks,
            dsp=None if _multiplies(instance.unit) else 0,
        )
        for instance in design.pipeline.instances
    )
    around = (
        *_around("source", source, ("unpack", "words"), ("widen", "parts")),
        *units,
        *_around("sink", sink, ("narrow", "parts"), ("pack", "words")),
    )
    return Expectations(HLS_TOP, design.board.part, design.clock_ns, around)


def _multiplies(unit: Unit) -> bool:
    return unit.multiplies or any(member.value is Element.INT for member in unit.cfg.members)


def _around(name: str, port: WordPort, *kernels: tuple[str, str]) -> Iterator[Expected]:
    """Kernels between the words of a port and the beats of the network; words of whole beats have no parts."""
    for function, what in kernels:
        if what == "words" or port.parts > 1:
            config = f"{name}_{what}"
            yield Expected(config, function, config, port.words, ii=1, depth=HELD_LATENCY, bram18=0, dsp=0)


def expected_text(design: Design) -> str:
    """The file of an hls folder."""
    return json.dumps(asdict(expectations(design)), indent=1) + "\n"


def read_expected(folder: Path, mend: str) -> Expectations:
    """The file of an hls folder; raises InputError, which ends in `mend`, where it is missing or damaged."""
    file = folder / FILE
    try:
        content = parsed_json(file.read_text(encoding="utf-8"))
        units = tuple(Expected(**unit) for unit in content["units"])
        return Expectations(content["top"], content["part"], float(content["clock_ns"]), units)
    except FileNotFoundError:
        raise InputError(f"found no {file}, which says what synthesis should come to; {mend}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{file} is damaged ({error}); {mend}") from None
