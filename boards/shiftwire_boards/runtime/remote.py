"""PYNQ.remote: pynq on another computer, its board behind gRPC. What differs there from pynq on the board itself.

Speed and latency are the network's there, each register access a request. Its server checks nobody: a lab network only.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shiftwire_boards.runtime.energy.result import Unavailable
from shiftwire_boards.runtime.energy.sensor import Sensor
from shiftwire_boards.runtime.energy.trace import SensorKind
from shiftwire_boards.runtime.errors import HardwareError
from shiftwire_boards.runtime.manifest import sha256

NOTE = ("connection", "PYNQ.remote: speed and latency are those of the network")


def is_remote(device: Any) -> bool:
    """Whether a pynq.Device is another computer's."""
    return bool(device.has_capability("REMOTE"))


def load(path: Path, device: Any, active: Any) -> Any:
    """The overlay of a bitstream, loaded; a remote board gets its file under a name that no other content has.

    pynq 3.1.2 sends nothing where the board has a file of that name already, and loads what is in it.
    """
    import pynq  # noqa: PLC0415 - there is none on a host

    if not is_remote(active):
        return pynq.Overlay(str(path), device=device)
    overlay = pynq.Overlay(str(path), download=False, device=device)
    overlay.binfile_name = f"shiftwire-{sha256(path)[:16]}.bin"
    overlay.download()
    return overlay


def refresh(buffer: Any) -> None:
    """Let the processor see what the DMA wrote into a buffer or its beginning; a remote one is read as a whole only."""
    whole = buffer.base if hasattr(buffer, "buffer_id") and buffer.base is not None else buffer
    whole.invalidate()


def reachable(sensor: Sensor | Unavailable) -> Sensor | Unavailable:
    """The same, unless it is one of this computer's own, whose power says nothing of the board's."""
    if isinstance(sensor, Unavailable) or sensor.describe().kind not in (SensorKind.HWMON, SensorKind.PMBUS):
        return sensor
    return Unavailable("the board's own sensors are read on the board, and this computer is another")


@contextlib.contextmanager
def answered() -> Iterator[None]:
    """Raise HardwareError where the network or the board behind it gives up; nothing else changes."""
    try:
        yield
    except _lost() as error:
        message = error.details() if hasattr(error, "details") else str(error)
        raise HardwareError(f"the remote board gave up ({message}); look at its network and open it again") from None


def _lost() -> tuple[type[BaseException], ...]:
    """What gRPC raises; without PYNQ.remote nobody has imported it."""
    grpc = sys.modules.get("grpc")
    return () if grpc is None else (grpc.RpcError,)
