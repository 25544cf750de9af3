"""Pictures of the study of what pays, by matplotlib; part of pareto_page.py."""

from __future__ import annotations

from typing import Any

from matplotlib.ticker import LogLocator

from pareto_found import DATA, IN_LUTS, KINDS, Study
from shiftwire.reports.plots import axes, svg

COLOURS = (
    "#7f7f7f", "#1f4e9c", "#4a90d9", "#e07b39", "#7b3fa0", "#2aa5a0", "#8fd0cc", "#111111", "#c2a400", "#d66fb2",
    "#6d4c2f", "#a9744f", "#5e7fd0", "#9db7ee", "#2e7d32", "#8bc34a", "#c62828",
)  # fmt: skip
MARKERS = "osD^vPX*<>phd8sDo"
"""As many as colours, so that no two families look alike in grey."""
HOLLOW = {"mfc": "white", "ls": "--"}


def style(family: str, form: str) -> dict[str, Any]:
    """A family's colour and marker; hollow and dashed where DSP blocks are in use."""
    at = [name for name in KINDS if "retrained" not in name and "distribution" not in name].index(family)
    own = {"color": COLOURS[at], "marker": MARKERS[at], "ms": 6}
    return own if form == IN_LUTS else own | HOLLOW


def accuracy_picture(found: Study, data: str, speed: int) -> str:
    """Accuracy against LUTs."""
    figure, plot = axes("LUT of the netlist (synthesised)", f"{DATA[data]}, % right")
    for each in found.at(speed):
        accuracy = found.accuracies.get((each.family, data))
        if accuracy is not None:
            own = style(each.family, each.form) | {"ls": "", "label": each.name}
            plot.errorbar(each.lut, accuracy.mean, accuracy.spread, capsize=2, lw=1, **own)
    plot.set_xscale("log")
    _legend(figure, plot)
    return svg(figure, f"{DATA[data]}: accuracy against LUT at {speed:,} frames/s")


def speed_picture(found: Study) -> str:
    """Frames a second against LUTs, a line a family and form."""
    figure, plot = axes("frames/s (modelled)", "LUT of the netlist (synthesised)")
    fitting = [each for speed in found.speeds for each in found.at(speed)]
    for name in dict.fromkeys(each.name for each in fitting):
        own = [each for each in fitting if each.name == name]
        look = style(own[0].family, own[0].form)
        plot.plot([e.frames_per_second for e in own], [e.lut for e in own], label=name, lw=1, **look)
    plot.set_xscale("log")
    plot.set_yscale("log")
    _legend(figure, plot)
    return svg(figure, "LUT against frames/s")


def _has_spread(found: Study, data: str) -> bool:
    return any(of == data and len(each.by_seed) > 1 for (_, of), each in found.accuracies.items())


def _legend(figure: Any, plot: Any) -> None:
    for axis in (plot.xaxis, plot.yaxis):
        if axis.get_scale() == "log":
            axis.set_major_formatter("{x:,.0f}")
            axis.set_minor_locator(LogLocator(subs=(2, 3, 5, 7)))
            axis.set_minor_formatter("{x:,.0f}")
            axis.set_tick_params(which="both", labelsize=7)
    figure.set_size_inches(9.2, 4.6)
    figure.legend(*plot.get_legend_handles_labels(), loc="outside right upper", fontsize=7, frameon=False)


def pictures(found: Study) -> dict[str, tuple[str, str]]:
    """File names, each with what is said of it and the drawing."""
    every = {
        f"pays_{data}_{speed}.svg": (
            f"{title}: accuracy against LUT at {speed:,} frames/s; hollow: DSP blocks in use"
            + ("; lines: spread over seeds" if _has_spread(found, data) else "; one seed"),
            accuracy_picture(found, data, speed),
        )
        for data, title in DATA.items()
        if any(of == data for _, of in found.accuracies)
        for speed in found.speeds
    }
    return {
        **every,
        "pays_speed.svg": ("LUT against frames/s, two speeds each; dashed: DSP blocks in use", speed_picture(found)),
    }
