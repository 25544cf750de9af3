"""A deliberate error in a template."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One edit of one file: `old` becomes `new` where it first stands."""

    what: str
    file: str
    old: str
    new: str
