"""csynth.xml of a project as versions of Vitis HLS write it; by hand after published reports, made by no such tool."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from shiftwire.hls.expected import Expected, expectations
from shiftwire.hls.top import HLS_TOP
from shiftwire.schedule.design import Design

REWOUND = "loop auto-rewind stp (delay=1 cycles)"
"""What a loop may be instead."""

FORMS = ("2020.2", "2022.2", "2024.2")
"""The loop in the kernel's own module; in a module of its own; in the kernel's, whose type tells of rewinding."""


@dataclass(frozen=True)
class Altered:
    """Figures of a unit that are not as expected: ii, trips, depth, bram, dsp; 1 for rewound, and for no loop."""

    unit: str = ""
    figures: dict[str, int] = field(default_factory=dict)


def kernel_name(each: Expected) -> str:
    """An instance of a template by its arguments, the Cfg last."""
    return f"{each.function}_array_ap_fixed_8_4_5_3_0_4u_{each.config}_s"


def csynth_text(design: Design, version: str, altered: Altered | None = None, dsp: int = 0, **told: str) -> str:
    """The report; `told` replaces what it says of itself: top, part, clock; `dsp` stand at the top alone."""
    says = {"top": HLS_TOP, "part": design.board.part, "clock": f"{design.clock_ns:.2f}"} | told
    modules = [line for each in expectations(design).units for line in _modules(each, version, altered or Altered())]
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f"<profile><ReportVersion><Version>{version}</Version></ReportVersion>",
            f"<UserAssignments><unit>ns</unit><Part>{says['part']}</Part><TopModelName>{says['top']}</TopModelName>",
            f"<TargetClockPeriod>{says['clock']}</TargetClockPeriod></UserAssignments>",
            "<PerformanceEstimates><SummaryOfOverallLatency/></PerformanceEstimates>",
            _area(dsp),
            "<ModuleInformation>",
            *modules,
            "</ModuleInformation></profile>",
        ]
    )


def _modules(each: Expected, version: str, altered: Altered) -> Iterator[str]:
    figures = {"ii": 1, "trips": each.iterations, "depth": each.depth, "bram": 0, "dsp": 0}
    figures |= altered.figures if altered.unit == each.unit else {}
    kernel = kernel_name(each)
    if version >= "2022.2" and version < "2024.1":
        yield _module(kernel, "none", "", figures)
        yield _module(f"{kernel}_Pipeline_Cycle", "none", _loop(figures), figures)
    else:
        kind = "loop frp (delay=1 cycles)" if version >= "2024.1" else "none"
        kind = REWOUND if figures.get("rewound") else kind
        yield _module(kernel, kind, "" if figures.get("straight") else _loop(figures), figures)


def _module(name: str, kind: str, loops: str, figures: dict[str, int]) -> str:
    return (
        f"<Module><Name>{name}</Name><PerformanceEstimates><PipelineType>{kind}</PipelineType>"
        f"<SummaryOfOverallLatency/>{loops}</PerformanceEstimates>{_area(figures['dsp'], figures['bram'])}</Module>"
    )


def _loop(figures: dict[str, int]) -> str:
    return (
        f"<SummaryOfLoopLatency><Cycle><Name>Cycle</Name><TripCount>{figures['trips']}</TripCount>"
        f"<Latency>{figures['trips'] + figures['depth']}</Latency><PipelineII>{figures['ii']}</PipelineII>"
        f"<PipelineDepth>{figures['depth']}</PipelineDepth></Cycle></SummaryOfLoopLatency>"
    )


def _area(dsp: int, bram: int = 0) -> str:
    return (
        f"<AreaEstimates><Resources><BRAM_18K>{bram}</BRAM_18K><DSP>{dsp}</DSP><FF>10</FF><LUT>20</LUT>"
        "<URAM>0</URAM></Resources></AreaEstimates>"
    )
