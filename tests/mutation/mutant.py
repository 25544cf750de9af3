"""A deliberate error in a template or in the flow."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One edit of one file: `old` becomes `new` where it first stands; `tests` see it, beside those of its campaign."""

    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = ()
