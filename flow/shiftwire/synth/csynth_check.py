"""Holds csynth.xml against what was expected of each kernel: its II, iterations, depth, BRAM and DSP blocks.

Written after the forms of versions 2020.2 to 2024.2 as published; no such tool has run here.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from shiftwire.errors import ToolError
from shiftwire.hls.expected import Expectations, Expected
from shiftwire.synth.vitis_reports import MEND, profile_of

OLDEST = (2020, 2)
"""The first version whose reports have this form."""


def csynth_misses(path: Path, wanted: Expectations, log: str = "") -> tuple[str, ...]:
    """A sentence for each kernel that is not what was expected; none where all are.

    `log` is the tool's own, which tells why an II was missed. Raises ToolError for a report of another top, part, clock
    or version, and for one that lacks a kernel.
    """
    profile = profile_of(path)
    _check_whose(profile, path, wanted)
    modules = {name: module for module in profile.iterfind("ModuleInformation/Module") if (name := _name(module))}
    of_unit = _by_unit(list(modules), wanted.units)
    missing = [each.unit for each in wanted.units if not of_unit[each.unit]]
    if missing:
        raise ToolError(f"found no kernel of unit '{missing[0]}' in {path}; synthesise this project's own hls/")
    misses = [
        sentence
        for each in wanted.units
        for sentence in _misses(each, {name: modules[name] for name in of_unit[each.unit]}, path, log)
    ]
    blocks = _blocks(profile, path)
    if blocks and not misses and all(each.dsp == 0 for each in wanted.units):
        misses.append(f"{wanted.top} takes {blocks} DSP blocks, wanted none: something between its kernels multiplies")
    return tuple(misses)


def _check_whose(profile: ET.Element, path: Path, wanted: Expectations) -> None:
    """What the report says of itself."""
    identity = {
        "top function": (profile.findtext("UserAssignments/TopModelName", ""), wanted.top),
        "part": (profile.findtext("UserAssignments/Part", ""), wanted.part),
        "clock period": (profile.findtext("UserAssignments/TargetClockPeriod", ""), f"{wanted.clock_ns:.2f}"),
    }
    for what, (reported, own) in identity.items():
        if reported.strip().replace("-", "") != own.replace("-", ""):  # parts are spelled with dashes there
            raise ToolError(f"{path} is of {what} '{reported.strip()}', wanted '{own}'; synthesise this hls/")
    version = profile.findtext("ReportVersion/Version", "").strip()
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is None or tuple(map(int, numbers.groups())) < OLDEST:
        raise ToolError(f"{path} is of version '{version}', wanted 2020.2 or later; synthesise with a newer Vitis HLS")


def _name(module: ET.Element) -> str:
    return module.findtext("Name", "").strip()


def _by_unit(names: Sequence[str], expected: Sequence[Expected]) -> Mapping[str, list[str]]:
    """Modules of each unit: the tool names an instance of a template after its arguments, the Cfg last.

    It may write several underscores as one.
    """
    of_unit: dict[str, list[str]] = {each.unit: [] for each in expected}
    for name in names:
        owners = [
            each
            for each in expected
            if name.startswith(each.function)
            and re.search(rf"_{_plain(each.config)}(_s)?(_Pipeline_\w+)?$", _plain(name))
        ]
        if owners:  # the longest: 'conv' ends 'my_conv' too
            of_unit[max(owners, key=lambda each: len(each.unit)).unit].append(name)
    return of_unit


def _plain(name: str) -> str:
    return re.sub("_+", "_", name)


def _misses(each: Expected, modules: Mapping[str, ET.Element], path: Path, log: str) -> Iterator[str]:
    loops = [
        (name, loop)
        for name, module in modules.items()
        for loop in module.iterfind("PerformanceEstimates/SummaryOfLoopLatency/*")
    ]
    where = f"unit '{each.unit}' ({each.function})"
    blocks = max(_blocks(module, path) for module in modules.values())
    if each.dsp is not None and blocks > each.dsp:
        yield f"{where} takes {blocks} DSP blocks, wanted {each.dsp}: something in it multiplies"
    memories = max(_number(module, ("BRAM_18K",), "BRAM", path, absent=0) for module in modules.values())
    if memories > each.bram18:
        yield f"{where} takes {memories} BRAM_18K, wanted {each.bram18} at most: a table or a line buffer is kept twice"
    if any("rewind" in module.findtext("PerformanceEstimates/PipelineType", "") for module in modules.values()):
        yield f"{where} is rewound, which keeps the tail of a last frame, wanted a loop that drains; use build_top.tcl"
    if not loops and each.iterations == 1:  # straight code is what is left of such a loop
        return
    if len(loops) != 1:
        yield f"{where} has {len(loops)} loops, wanted one; a nest that is not flattened drains on every entry"
        return
    ((name, loop),) = loops
    ii, trips, depth = (loop.findtext(tag, "").strip() for tag in ("PipelineII", "TripCount", "PipelineDepth"))
    if ii != str(each.ii):
        yield f"{where} has II = {ii or 'none'} in its loop {loop.tag}, wanted {each.ii}{_reason(name, log)}"
    if trips != str(each.iterations):
        yield f"{where} has {trips or 'no'} iterations in its loop {loop.tag}, wanted {each.iterations}"
    if not depth.isdecimal() or int(depth) > each.depth:
        yield f"{where} is a pipeline of {depth or 'no'} stages, wanted {each.depth} at most; its FIFOs count on that"


def _blocks(element: ET.Element, path: Path) -> int:
    """DSP blocks, by the name of either time."""
    return _number(element, ("DSP", "DSP48E"), "DSP blocks", path)


def _number(element: ET.Element, tags: Sequence[str], what: str, path: Path, absent: int | None = None) -> int:
    """A resource of a module by the first of its names that is told; ToolError where none is, but for `absent`."""
    resources = element.find("AreaEstimates/Resources")
    texts = [text for tag in tags if resources is not None and (text := resources.findtext(tag))]
    if not texts and absent is not None:
        return absent
    if not texts or not texts[0].strip().isdecimal():
        content = f"'{texts[0]}'" if texts else "nothing"
        raise ToolError(f"found {content} for {what} in {path}, wanted a number; {MEND}")
    return int(texts[0])


def _reason(module: str, log: str) -> str:
    """What the tool said of a module's II."""
    match = re.search(rf"II Violation in module '{re.escape(module)}'[^:]*: (.+)", log)
    return f": {match[1].strip()}" if match else ""
