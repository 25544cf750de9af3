"""A JSON value that knows its place: what is asked of it is checked for its type, and a complaint names the place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from shiftwire_boards.runtime.errors import RecordError

MOST = 10**15
"""Nothing that is measured here is greater, and 64 bits hold it exactly."""
Part = TypeVar("Part")
Choice = TypeVar("Choice", bound=Enum)


@dataclass(frozen=True)
class Node:
    """A JSON value and its place, which every complaint names."""

    value: Any
    where: str

    def at(self, key: str) -> Node:
        """The value of an object's key; raises RecordError where this is no object, or lacks the key."""
        if not isinstance(self.value, Mapping):
            raise self.wrong("an object")
        place = f"{self.where}.{key}" if self.where else key
        if key not in self.value:
            raise RecordError(f"the record lacks '{place}'")
        return Node(self.value[key], place)

    def wrong(self, wanted: str) -> RecordError:
        """What to raise for this value: its place, itself and what was wanted."""
        return RecordError(f"'{self.where}' is {str(self.value)[:60]!r}, wanted {wanted}")

    def text(self, key: str) -> str:
        """Raises RecordError for anything but a string."""
        node = self.at(key)
        if not isinstance(node.value, str):
            raise node.wrong("a text")
        return node.value

    def whole(self, key: str) -> int:
        """Raises RecordError for anything but an integer of at most 10**15 either way."""
        return self.at(key).whole_value()

    def whole_value(self) -> int:
        """The same of this value itself."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or abs(self.value) > MOST:
            raise self.wrong("a whole number")
        return self.value

    def number(self, key: str) -> float:
        """Raises RecordError for anything but a number of at most 10**15 either way."""
        return self.at(key).real()

    def real(self) -> float:
        """The same of this value itself."""
        if not isinstance(self.value, (int, float)) or isinstance(self.value, bool) or not abs(self.value) <= MOST:
            raise self.wrong("a number")
        return float(self.value)

    def choice(self, key: str, kinds: type[Choice]) -> Choice:
        """The member of an enumeration by its value; raises RecordError that lists all."""
        text, names = self.text(key), [str(kind.value) for kind in kinds]
        if text not in names:
            raise self.at(key).wrong(f"one of {', '.join(names)}")
        return kinds(text)

    def items(self, key: str) -> tuple[Node, ...]:
        """The values of a list, each with its index; raises RecordError for anything else."""
        node = self.at(key)
        if not isinstance(node.value, list):
            raise node.wrong("a list")
        return tuple(Node(value, f"{node.where}[{index}]") for index, value in enumerate(node.value))

    def numbers(self, key: str) -> tuple[float, ...]:
        """A list of numbers; raises RecordError."""
        return tuple(item.real() for item in self.items(key))

    def wholes(self, key: str) -> tuple[int, ...]:
        """A list of integers; raises RecordError."""
        return tuple(item.whole_value() for item in self.items(key))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; raises RecordError."""
        items = self.items(key)
        for item in items:
            if not isinstance(item.value, str):
                raise item.wrong("a text")
        return tuple(item.value for item in items)

    def pairs(self, key: str) -> tuple[tuple[Node, Node], ...]:
        """A list of lists of two; raises RecordError."""
        items = self.items(key)
        for item in items:
            if not isinstance(item.value, list) or len(item.value) != 2:
                raise item.wrong("a list of two")
        return tuple((Node(item.value[0], item.where), Node(item.value[1], item.where)) for item in items)

    def maybe(self, key: str, part: Callable[[Node], Part]) -> Part | None:
        """The part that `part` reads, or None where the file says null; the key must be there."""
        node = self.at(key)
        return None if node.value is None else part(node)
