"""Units that move packed codes, and windows whose codes stay where they stand."""

from __future__ import annotations

from shiftwire.hls.packing.elements import Packed, with_members
from shiftwire.ir.cfg import Cfg
from shiftwire.ir.pipeline import Instance, Pipeline
from shiftwire.units.width import Narrow, Widen
from shiftwire.units.window import WindowUnit


def moved(instance: Instance | None, how: Packed) -> tuple[Instance, Cfg] | None:
    """A unit that moves codes of one FIFO to another, packed."""
    if instance is None:
        return None
    unit = instance.unit
    match unit:
        case WindowUnit() if unit.taps.channels % how.count == 0:
            return instance, moving(unit, how)
        case Narrow() | Widen() if unit.narrow.lanes % how.count == 0:
            return instance, with_members(unit.native_cfg, lanes=unit.narrow.lanes // how.count)
    return None


def moving(unit: WindowUnit, how: Packed) -> Cfg:
    """A unit of windows that takes as many codes at a time."""
    channels = unit.taps.channels // how.count
    return with_members(unit.native_cfg, tap_channels=channels, fill=how.alike(unit.fill))


def standing(pipeline: Pipeline, writer: Instance, kept: int) -> tuple[WindowUnit, int] | None:
    """A unit of windows that are read where they stand, and the depth of the FIFO behind it.

    Every other frame has a line buffer of its own, so a frame's windows have to be more than what is on its way. Codes
    of a layer, such as a Pad, are written down by whoever watches it, so they leave as codes.
    """
    unit = writer.unit
    if not isinstance(unit, WindowUnit) or writer.is_last:
        return None
    depth = max(pipeline.fifos[writer.outputs[0]].depth, unit.row_writes - kept, kept)
    return (unit.remembering(depth + kept), depth) if depth + kept <= unit.writes.beats else None
