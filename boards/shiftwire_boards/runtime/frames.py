"""Several inputs or outputs of a model as one frame: codes of the first, then those of the next.

Specification: shiftwire/ir/frames.py; every code and value is equal to its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from shiftwire_boards.runtime.errors import DataError, PackageError
from shiftwire_boards.runtime.host_ends import Decoder, Encoder

Array = Any
Values = Any
"""An array (N, ...), or a dict of one for each input or output by its name."""


@dataclass(frozen=True)
class Entry:
    """An input as the caller knows it; `shape` is that of a frame's codes, channel last."""

    name: str
    shape: tuple[int, ...]
    encoder: Encoder


@dataclass(frozen=True)
class Exit:
    """An output as the caller knows it; `shape` is that of a frame's codes, channel last."""

    name: str
    shape: tuple[int, ...]
    decoder: Decoder


def read_entries(entry: dict[str, Any]) -> tuple[Entry, ...]:
    """The inputs behind a port, by the manifest's words; raises PackageError where they do not fill its frames."""
    parts = _parts(entry)
    return tuple(Entry(str(part["name"]), tuple(part["shape"]), Encoder.read(part)) for part in parts)


def read_exits(entry: dict[str, Any]) -> tuple[Exit, ...]:
    """The outputs behind a port, by the manifest's words; raises PackageError where they do not fill its frames."""
    parts = _parts(entry)
    return tuple(Exit(str(part["name"]), tuple(part["shape"]), Decoder.read(part)) for part in parts)


def _parts(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """An only input or output is its port."""
    parts: list[dict[str, Any]] = entry.get("parts") or [entry]
    sizes, names = [prod(part["shape"]) for part in parts], [part["name"] for part in parts]
    if sum(sizes) != prod(entry["shape"]) or min(sizes) < 1 or len(set(names)) < len(names):
        raise PackageError(f"found parts of {sizes} codes in frames of {prod(entry['shape'])}; package again")
    return parts


def encoded(entries: tuple[Entry, ...], x: Values) -> Array:
    """Codes (N, *shape) of values, of several inputs frames (N, codes); raises DataError, as of `Encoder.codes`."""
    if len(entries) == 1:
        return entries[0].encoder.codes(x)
    names = [entry.name for entry in entries]
    wanted = ", ".join(f"'{name}'" for name in names)
    if not isinstance(x, Mapping):
        raise DataError(f"found one array for {len(entries)} inputs, wanted a dict of {wanted}")
    for name in names:
        if name not in x:
            raise DataError(f"found no array for the input '{name}', wanted {wanted}")
    for name in x:
        if name not in names:
            raise DataError(f"found an array '{name}', which is no input, wanted {wanted}")
    codes = [entry.encoder.codes(x[entry.name]) for entry in entries]
    if len({len(each) for each in codes}) > 1:
        counts = ", ".join(f"{len(each)} of '{name}'" for name, each in zip(names, codes))
        raise DataError(f"found {counts}, wanted as many of each: a frame is one of every input")
    return np.concatenate([each.reshape(len(each), -1) for each in codes], axis=1)


def on_grid(entries: tuple[Entry, ...], codes: Array) -> Values:
    """Values that codes stand for, channels first, where the model's own first steps are none."""
    values = [
        np.moveaxis(np.ldexp(own.astype(np.float64), -entry.encoder.grid.frac), -1, 1)
        for entry, own in zip(entries, parted(codes, [entry.shape for entry in entries]))
    ]
    return values[0] if len(entries) == 1 else dict(zip([entry.name for entry in entries], values))


def decoded(exits: tuple[Exit, ...], codes: Array) -> Values:
    """What the model gives for output codes: an array (N, ...), of several outputs a dict in the model's order."""
    return _of_each(exits, codes, lambda end, own: end.decoder.values(own))


def classes_of(exits: tuple[Exit, ...], codes: Array) -> Values:
    """Index (N,) of the largest number of each frame; of several outputs a dict."""
    return _of_each(exits, codes, lambda end, own: end.decoder.classes(own))


def _of_each(exits: tuple[Exit, ...], codes: Array, work: Any) -> Values:
    parts = parted(codes, [end.shape for end in exits])
    of_each = {end.name: work(end, own) for end, own in zip(exits, parts)}
    return of_each if len(exits) > 1 else of_each[exits[0].name]


def parted(codes: Array, shapes: list[tuple[int, ...]]) -> list[Array]:
    """Codes (N, *shape) of each part of frames (N, codes)."""
    flat = codes.reshape(len(codes), -1)
    ends = np.cumsum([prod(shape) for shape in shapes])[:-1]
    return [part.reshape((len(codes), *shape)) for part, shape in zip(np.split(flat, ends, axis=1), shapes)]
