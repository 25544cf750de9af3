"""What synthesis of the C++ should come to, kernel by kernel: written beside it, and held against csynth.xml."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from shiftwire.hls.top import HLS_TOP
from shiftwire.ir.cfg import Element
from shiftwire.schedule.design import Design

FILE = "expected.json"


@dataclass(frozen=True, slots=True)
class Expected:
    """A kernel's one loop: `iterations` at an interval of `ii` cycles, of `depth` pipeline stages at most.

    `dsp`  blocks at most; None where weights are multiplied, which may take any number of them.
    """

    unit: str
    function: str
    iterations: int
    ii: int
    depth: int
    dsp: int | None


def expectations(design: Design) -> tuple[Expected, ...]:
    """Of every unit, in the order of the top function."""
    return tuple(
        Expected(
            unit=instance.name,
            function=instance.unit.function,
            iterations=instance.unit.iterations,
            ii=1,
            depth=instance.unit.hls_latency,
            dsp=None if any(member.value is Element.INT for member in instance.unit.cfg.members) else 0,
        )
        for instance in design.pipeline.instances
    )


def expected_text(design: Design) -> str:
    """The file of an hls folder."""
    units = [asdict(each) for each in expectations(design)]
    content = {"top": HLS_TOP, "part": design.board.part, "clock_ns": design.clock_ns, "units": units}
    return json.dumps(content, indent=1) + "\n"
