"""Meters that print a line a sample, such as a USB or bench meter on a serial port."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shiftwire_boards.runtime.energy.trace import SensorDescription
from shiftwire_boards.runtime.errors import SensorError

MOST_UNREAD = 20
"""Lines in a row without a value: a wrong rule or a wrong baud rate. A first line may be half."""


@dataclass(frozen=True)
class LineRule:
    """A pattern with the group `w`, or `v` and `a`, found anywhere in a line; `scale` turns the result into watts."""

    pattern: str
    scale: float = 1.0

    def __post_init__(self) -> None:
        groups = set(re.compile(self.pattern).groupindex)
        if groups not in ({"w"}, {"v", "a"}):
            raise SensorError(
                f"found the groups {sorted(groups)} in '{self.pattern}'; name (?P<w>...), or (?P<v>) and (?P<a>)"
            )

    def watts(self, line: str) -> float | None:
        """None where the line does not fit."""
        match = re.search(self.pattern, line)
        if match is None:
            return None
        product = self.scale
        try:
            for text in match.groupdict().values():
                product *= float(text)
        except ValueError:
            return None
        return product


@dataclass(frozen=True)
class LineMeter:
    """`lines` blocks until the meter prints, so the meter gives the rate: sample it with hz=None."""

    description: SensorDescription
    lines: Iterator[str]
    rule: LineRule

    def describe(self) -> SensorDescription:
        """The meter's words; no line is read."""
        return self.description

    def read(self) -> float:
        """Watts of the next line that fits, whenever the meter prints it.

        Raises SensorError where the meter ends, or where 20 lines in a row do not fit.
        """
        last = ""
        for _ in range(MOST_UNREAD):
            line = next(self.lines, None)
            if line is None:
                raise SensorError(f"meter '{self.description.name}' ended; the last line was '{last[:60]}'")
            watts = self.rule.watts(line)
            if watts is not None:
                return watts
            last = line.strip()
        raise SensorError(
            f"meter '{self.description.name}' gave {MOST_UNREAD} lines that '{self.rule.pattern}' does not fit, "
            f"the last '{last[:60]}'; check the rule and the baud rate"
        )
