"""Versions as numbers that can be compared."""

from __future__ import annotations


def numbers(version: str) -> tuple[int, ...]:
    """Leading whole numbers: (3, 1, 2) of "3.1.2rc1"."""
    parts = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        parts.append(int(digits))
    return tuple(parts)
