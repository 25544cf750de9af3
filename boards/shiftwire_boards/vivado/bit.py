"""A .bit that is well formed and holds no logic: what a simulated board loads."""

from __future__ import annotations

import struct

from shiftwire_boards.catalog import Family
from shiftwire_boards.runtime.overlay import SYNC
from shiftwire_boards.vivado.model import BlockDesign

_START = bytes.fromhex("00090ff00ff00ff00ff0000001")
_PADDING = b"\xff" * 32
_NOTHING = bytes(60)


def dummy_bit(design: BlockDesign) -> bytes:
    """Header fields a (design), b (part), c (date), d (time), then e and a payload without a single frame.

    The date is a constant, so that equal designs give equal files.
    """
    body = _PADDING + SYNC + _NOTHING
    texts = {
        b"a": f"{design.name}_wrapper;UserID=0XFFFFFFFF;Version=shiftwire-simulated",
        b"b": _part(design),
        b"c": "2000/01/01",
        b"d": "00:00:00",
    }
    head = b"".join(key + _text(value) for key, value in texts.items())
    return _START + head + b"e" + struct.pack(">I", len(body)) + body


def _text(value: str) -> bytes:
    return struct.pack(">H", len(value) + 1) + value.encode("ascii") + b"\0"


def _part(design: BlockDesign) -> str:
    """Of 7-series parts, Vivado's headers drop the xc and the speed grade."""
    part = design.board.part
    return part.removeprefix("xc").rpartition("-")[0] if design.board.family is Family.ZYNQ_7000 else part
