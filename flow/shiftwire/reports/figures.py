"""How pages write numbers."""

from __future__ import annotations


def figure(value: float, digits: int = 6) -> str:
    """So many digits, and every one of a whole number that has more: 1,234,567 and never 1.23457e+06."""
    return f"{value:,.0f}" if abs(value) >= 10.0 ** (digits - 1) else f"{value:,.{digits}g}"
