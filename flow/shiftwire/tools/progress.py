"""How long jobs tell where they are."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with what is done and what there is in all, both counted from 0."""
