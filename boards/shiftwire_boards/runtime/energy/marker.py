"""A pin or LED that is high while the board works, so that an external meter's trace can be cut to the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shiftwire_boards.runtime.errors import SensorError


@dataclass(frozen=True)
class Marker:
    """A file of Linux that takes 0 and 1: /sys/class/leds/<name>/brightness or /sys/class/gpio/<pin>/value."""

    path: Path

    def set(self, is_high: bool) -> None:
        """Raises SensorError where the Linux kernel does not take it."""
        try:
            with self.path.open("r+", encoding="ascii") as file:  # never makes a file that is not there
                file.write("1" if is_high else "0")
        except OSError as error:
            raise SensorError(
                f"cannot set the marker {self.path} ({error.strerror}); name a brightness or value file, as root"
            ) from None

    @contextmanager
    def high(self) -> Iterator[None]:
        """High as long as the block; low at its end, whatever ends it."""
        self.set(True)
        try:
            yield
        finally:
            self.set(False)
