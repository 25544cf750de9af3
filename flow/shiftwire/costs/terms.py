"""Which physical terms each module has, and with which others it shares coefficients."""

from __future__ import annotations

from collections.abc import Mapping

from shiftwire.costs import beat_terms
from shiftwire.costs.facts import Facts
from shiftwire.costs.parts import Terming, Terms, fifo, together
from shiftwire.costs.sums_terms import sums_terms
from shiftwire.ir.module import Pe

TERMS: Mapping[str, Terming] = {
    "sw_mvu": sums_terms,
    "sw_vvu": sums_terms,
    "sw_finish": beat_terms.finish_terms,
    "sw_requantize": beat_terms.requantize_terms,
    "sw_relu": beat_terms.relu_terms,
    "sw_add": beat_terms.add_terms,
    "sw_affine": beat_terms.affine_terms,
    "sw_threshold": beat_terms.threshold_terms,
    "sw_pool": beat_terms.pool_terms,
    "sw_fork": beat_terms.fork_terms,
    "sw_widen": beat_terms.widen_terms,
    "sw_narrow": beat_terms.narrow_terms,
    "sw_window": beat_terms.window_terms,
}
"""Of the modules that were characterised."""


FIXED_WORDS = 2
"""Of weights, up to which half of their bits never change and logic becomes wires."""


def group(module: str, facts: Facts) -> str:
    """Units of one group have one set of coefficients: those that sum by their kind of processing element.

    Those apart whose weights hardly change.
    """
    if "KIND" not in facts:
        return module
    kind = Pe(facts["KIND"])
    return f"sums {kind.name.lower()}{' of constants' if facts['CYCLES'] <= FIXED_WORDS else ''}"


def larger_group(name: str) -> str:
    """The one that a group belongs to; itself where it belongs to none."""
    return name.removesuffix(" of constants")


def terms(module: str, facts: Facts) -> Terms:
    """Those of a unit; KeyError for a module that was never characterised."""
    return TERMS[module](facts)


def stand_in_terms(facts: Facts) -> Terms:
    """What every unit has: streams on either side, counters nobody knows of, and the buffers behind it."""
    ends = ("", "_B") if "DEPTH_B" in facts else ("",)
    buffers = (fifo(facts, end, out, ahead=True) for out, end in enumerate(ends))
    width = sum(value for name, value in facts.items() if name.endswith("_WIDTH") and name.startswith(("IN", "OUT")))
    return together(({"unit": 1, "stream_bits": width}, *buffers))
