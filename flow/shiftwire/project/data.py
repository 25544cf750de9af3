"""Data files: .npz with `x` (N, ...) in the model's own layout and values, and labels `y` where wanted.

Of several inputs each has an array of its own name in place of `x`. Of several outputs `y` are labels of the first that
they fit, and an array of an output's name those of that one. Where an input is called `y`, `labels` stand for `y`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from shiftwire.errors import InputError, noted
from shiftwire.ir.frames import Samples, check_samples
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes, NarrowCodes
from shiftwire.project.arrays import Array, Rows, opened_arrays, read_arrays
from shiftwire.project.labels import Labels, check_tail, read_labels
from shiftwire.project.shapes import check_samples_shape
from shiftwire_boards.runtime.labels import LABELS, label_key
from shiftwire_boards.runtime.shapes import with_batch

ENCODED = 1 << 20
"""Codes that are made at a time, for what they become on the way takes several times their memory."""


@dataclass(frozen=True)
class Data:
    """Samples of each input by name: values (N, C, H, W), and the codes (N, H, W, C) or frames (N, ...) they become.

    `labels` are those of any task, by the name of their output; none of outputs that have none.
    """

    values: Samples
    codes: Codes
    labels: Mapping[str, Labels] = field(default_factory=dict)

    def in_turn(self, frames: int) -> Data:
        """So many frames, beginning anew after the last."""
        order = np.arange(frames) % len(self.codes)
        values = {name: each[order] for name, each in self.values.items()}
        labels = {name: each.taken(order) for name, each in self.labels.items()}
        return Data(values, self.codes[order], labels)


def wanted_codes(network: Network, codes: Codes, frames: int) -> Codes:
    """Output codes of so many frames, `codes` in turn; each distinct frame is evaluated once."""
    return np.resize(network.evaluate(codes[:frames]), (frames, *network.output.shape))


def load_data(path: Path, network: Network) -> Data:
    """Samples for a network; raises InputError for a wrong file, shape, type or value."""
    with noted(f"in {path}"):
        arrays = read_arrays(path)
        values, labels = _checked(arrays, network)
        return Data(values, _encoded(values, values, network).astype(np.int64), labels)


def load_codes(path: Path, network: Network) -> tuple[NarrowCodes, Mapping[str, Labels]]:
    """Codes and labels of the same data; no more memory is taken than they take in their own width."""
    with noted(f"in {path}"), opened_arrays(path) as arrays:
        ends = {part.name for part in network.entries} if len(network.entries) > 1 else {"x"}
        shown = {
            name: array if not isinstance(array, Rows) else array.outline if name in ends else array[:]
            for name, array in arrays.items()
        }
        outlines, labels = _checked(shown, network)
        rows = {name: arrays["x" if len(outlines) == 1 else name] for name in outlines}
        return _encoded(outlines, rows, network), labels


def _checked(arrays: Samples, network: Network) -> tuple[Samples, Mapping[str, Labels]]:
    """Samples of each input, and the labels beside them."""
    wanted = {part.name: part.model_shape for part in network.entries}
    values = samples_in(arrays, wanted, [part.name for part in network.exits])
    samples = len(next(iter(values.values())))
    if not samples:
        raise InputError(f"'{'x' if len(values) == 1 else next(iter(values))}' holds no samples; give at least one")
    return values, labels_in(arrays, network, samples)


def _encoded(outlines: Samples, rows: Mapping[str, Rows | Array], network: Network) -> NarrowCodes:
    """Codes of all samples, some at a time."""
    samples = len(next(iter(outlines.values())))
    codes = np.empty((samples, *network.input.shape), network.input.format.dtype)
    step = max(ENCODED // network.input.size, 1)
    for start in range(0, samples, step):
        some = slice(start, start + step)
        codes[some] = network.encode({name: each[some] for name, each in rows.items()})
    return codes


def samples_in(
    arrays: Samples, wanted: Mapping[str, tuple[int, ...]], labelled: Sequence[str] = ()
) -> dict[str, npt.NDArray[Any]]:
    """Those of a file's arrays that are an input's, by its name; `wanted` are the inputs' shapes without their N.

    Raises InputError for one that is missing, of another shape, or of another number, and for an array that is neither
    an input's nor labels of an output in `labelled`.
    """
    if len(wanted) == 1:
        (name,) = wanted
        if "x" not in arrays:
            raise InputError(f"found the arrays {', '.join(arrays) or 'none'}, wanted 'x'; save it by np.savez(x=...)")
        values = {name: arrays["x"]}
        keys = {name: "x"}
    else:
        aside = {label_key(list(wanted)), *labelled} - wanted.keys()
        values = {name: array for name, array in arrays.items() if name not in aside}
        check_samples(values, list(wanted))
        keys = {name: name for name in wanted}
    for name, shape in wanted.items():
        check_samples_shape(values[name], shape, keys[name])
    return {name: values[name] for name in wanted}


def labels_in(arrays: Samples, network: Network, samples: int) -> dict[str, Labels]:
    """Labels of so many samples by the name of their output; raises InputError for those that fit none."""
    exits = {part.name: part for part in network.exits}
    shapes = {name: part.host.scores_shape(part.shape) for name, part in exits.items()}
    of_each = labels_of(arrays, shapes, samples, [part.name for part in network.entries])
    for name, labels in of_each.items():
        check_tail(labels, exits[name].host.steps)
    return of_each


def labels_of(
    arrays: Samples, shapes: Mapping[str, tuple[int, ...]], samples: int, inputs: Sequence[str] = ()
) -> dict[str, Labels]:
    """As `labels_in`, for outputs of these shapes (C, ...); of an only output they are `y`.

    `inputs` are those whose samples stand among the arrays; labels of a file of their own are beside none.
    """
    sampled = {*inputs} if len(inputs) > 1 else {"x"} if inputs else set()
    named = [name for name in shapes if name in arrays and name not in sampled and len(shapes) > 1]
    of_each = {name: read_labels(arrays[name], samples, shapes[name], name) for name in named}
    key = label_key(inputs) if inputs or "y" in arrays else LABELS
    if key in arrays and key not in named:
        left = {name: shape for name, shape in shapes.items() if name not in named}
        name, labels = _first_that_fits(arrays[key], samples, left, key)
        of_each[name] = labels
    return {name: of_each[name] for name in shapes if name in of_each}


def _first_that_fits(
    labels: npt.NDArray[Any], samples: int, shapes: Mapping[str, tuple[int, ...]], key: str
) -> tuple[str, Labels]:
    refusals = []
    for name, shape in shapes.items():
        try:
            return name, read_labels(labels, samples, shape, key)
        except InputError as refusal:
            refusals.append(refusal)
    if len(refusals) == 1:
        raise refusals[0]
    outputs = ", ".join(f"'{name}' {with_batch(shape)}" for name, shape in shapes.items()) or "left"
    raise InputError(
        f"labels '{key}' of shape {labels.shape} fit none of the outputs {outputs}; name them after their output"
    )
