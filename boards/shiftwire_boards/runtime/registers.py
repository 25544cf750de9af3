"""The shell's AXI4-Lite registers by name; specification: shiftwire/rtl/registers.py."""

from __future__ import annotations

from typing import Any

from shiftwire_boards.runtime.clock import Clock
from shiftwire_boards.runtime.errors import HardwareError
from shiftwire_boards.runtime.manifest import Manifest

IDENTITY = 0x53574952
INTERFACE = 1
OFFSETS = {
    "identity": 0x00, "interface": 0x04, "version": 0x08, "control": 0x0C, "status": 0x10, "errors": 0x14,
    "frames_per_transfer": 0x18, "frames_in": 0x1C, "frames_out": 0x20, "cycles_low": 0x24, "cycles_high": 0x28,
    "interval": 0x2C, "latency": 0x30, "words_in": 0x34, "words_out": 0x38, "layout_in": 0x3C, "layout_out": 0x40,
}  # fmt: skip
WORD = 0xFFFFFFFF
"""PYNQ.remote gives a register as an int32: from 2**31 on it comes negative."""

TICK_S = 1e-4
"""Thousands of cycles of any clock that these designs have."""

MEND = "load the overlay again and look at the clock of the logic"
SOFT_RESET = 1
RESETTING = 2
ERRORS = {
    1: "TLAST came before the last word of a transfer (early)",
    2: "the last word of a transfer came without TLAST (late)",
    4: "a word came with a zero in TKEEP",
}
EVERY_ERROR = 7


class Shell:
    """What stands around the network, behind a pynq MMIO."""

    def __init__(self, mmio: Any) -> None:
        self._mmio = mmio

    def read(self, name: str) -> int:
        """From 0 to 2**32 - 1; raises HardwareError where nobody answers, if the machine tells and does not hang."""
        try:
            return int(self._mmio.read(OFFSETS[name])) & WORD
        except (RuntimeError, OSError) as error:
            raise HardwareError(f"register {name} does not answer ({error}); {MEND}") from None

    def write(self, name: str, value: int) -> None:
        """Raises HardwareError where nobody answers; a read-only register ignores it."""
        try:
            self._mmio.write(OFFSETS[name], value)
        except (RuntimeError, OSError) as error:
            raise HardwareError(f"register {name} does not answer ({error}); {MEND}") from None

    def cycles(self) -> int:
        """Cycles since reset, 64 bits of one instant."""
        low = self.read("cycles_low")
        return self.read("cycles_high") << 32 | low

    def check_clock(self, clock: Clock) -> None:
        """Raise HardwareError where the logic's clock stands still: the cycle counter never does."""
        before = self.cycles()
        clock.sleep(TICK_S)
        if self.cycles() == before:
            raise HardwareError(f"the clock of the logic stands still at cycle {before}; load the overlay again")

    def errors(self) -> str:
        """The flags in words, empty without any."""
        flags = self.read("errors")
        return "; ".join(words for bit, words in ERRORS.items() if flags & bit)

    def check(self, manifest: Manifest) -> None:
        """Raise HardwareError where the logic is none of ours or of another project or version."""
        self._same("identity", IDENTITY, "no shiftwire network answers at this address; load the right overlay")
        self._same("interface", INTERFACE, "its registers are of another version; package the project again")
        self._same("version", manifest.version, "bitstream and manifest are of different projects; package them again")
        for side, port in (("in", manifest.input), ("out", manifest.output)):
            self._same("words_" + side, port.words, "bitstream and manifest disagree; package them again")
            self._same("layout_" + side, port.layout, "bitstream and manifest disagree; package them again")

    def _same(self, name: str, expected: int, mend: str) -> None:
        value = self.read(name)
        if value != expected:
            raise HardwareError(f"found {value:#010x} in register {name}, wanted {expected:#010x}: {mend}")
