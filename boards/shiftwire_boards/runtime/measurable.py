"""What a measurement asks of an accelerator: the class that offers `measure` to users imports it, never the reverse."""

from __future__ import annotations

from typing import Any, Protocol

from shiftwire_boards.runtime.clock import Clock
from shiftwire_boards.runtime.manifest import Manifest
from shiftwire_boards.runtime.registers import Shell

Array = Any


class Measurable(Protocol):
    """An open accelerator: `Accelerator` is one, and so is whatever counts its own cycles and seconds."""

    manifest: Manifest
    clock: Clock
    shell: Shell
    batch: int
    """Frames of a DMA transfer, at most."""
    is_remote: bool

    @property
    def packing_s(self) -> float:
        """Seconds in which the processor packed and unpacked, so far."""
        ...

    @property
    def transfer_s(self) -> float:
        """Seconds in which a DMA transfer was under way, so far."""
        ...

    def predict_codes(self, codes: Array) -> Array:
        """Output codes (N, *shape) for input codes (N, *shape), channel last."""
        ...
