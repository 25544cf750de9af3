"""Pictures of the study of what pays, by matplotlib; part of pareto_page.py."""

from __future__ import annotations

from pareto_found import DATA, IN_LUTS, Study
from shiftwire.reports.plots import axes, svg

COLOURS = {"int8": "#b3261e", "int4": "#e07b39", "adder": "#2e7d32", "shiftadd": "#66a35c"}
"""Of families of their own kind; all others are powers of two."""
POWERS = "#2962a8"


def picture(found: Study, data: str, speed: int) -> str:
    """Accuracy against LUTs; hollow where DSP blocks are in use."""
    figure, plot = axes("LUT of the netlist (synthesised)", f"{DATA[data]}, % right")
    for each in found.at(speed):
        accuracy = found.accuracies.get((each.family, data))
        if accuracy is None:
            continue
        colour = COLOURS.get(each.family, POWERS)
        face = "white" if each.dsp else colour
        plot.errorbar(each.lut, accuracy.mean, accuracy.spread, color=colour, mfc=face, marker="o", capsize=2)
        plot.annotate(
            f"{each.family}{f', {each.dsp} DSP' if each.dsp else ''}",
            (each.lut, accuracy.mean), (5, 4), textcoords="offset points", fontsize=7,
        )  # fmt: skip
    return svg(figure, f"{DATA[data]}: accuracy against LUT at {speed:,} frames/s")


def speed_picture(found: Study) -> str:
    """Frames a second against LUTs, a line a family and form."""
    figure, plot = axes("frames/s (modelled)", "LUT of the netlist (synthesised)")
    for name in dict.fromkeys(each.name for each in found.designs):
        own = sorted((each for each in found.designs if each.name == name), key=lambda each: each.speed)
        colour = COLOURS.get(own[0].family, POWERS)
        style = {"ls": "--", "mfc": "white"} if own[0].form != IN_LUTS else {}
        plot.plot([e.frames_per_second for e in own], [e.lut for e in own], marker="o", ms=3, color=colour, **style)
        plot.annotate(name, (own[-1].frames_per_second, own[-1].lut), (4, 0), textcoords="offset points", fontsize=7)
    plot.set_xscale("log")
    plot.set_yscale("log")
    return svg(figure, "LUT against frames/s")


def pictures(found: Study) -> dict[str, tuple[str, str]]:
    """File names, each with what is said of it and the drawing."""
    every = {
        f"pays_{data}_{speed}.svg": (
            f"{title}: accuracy against LUT at {speed:,} frames/s; hollow: DSP blocks in use; lines: spread over seeds",
            picture(found, data, speed),
        )
        for data, title in DATA.items()
        if any(of == data for _, of in found.accuracies)
        for speed in found.speeds
    }
    return {**every, "pays_speed.svg": ("LUT against frames/s; dashed: DSP blocks in use", speed_picture(found))}
