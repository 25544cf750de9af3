"""Unflatten: a vector as an image; its case, its meaning, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layer_case import LayerCase
from one_layer import S8, U6, of_one
from shiftwire.errors import InputError
from shiftwire.ir.fold import divisors
from shiftwire.ir.network import Tensor
from shiftwire.ops.flatten import Flatten, Unflatten

NETWORKS = {
    "unflatten": of_one(Unflatten((2, 3, 4)), (24,)),
    "unflatten_line": of_one(Unflatten((5, 2)), (10,), U6),
}


def imaged(op: Unflatten, x: Any, y: Any) -> None:
    """Channel c of pixel i is c * pixels + i."""
    pixels = list(np.ndindex(*y.shape[:-1]))
    for at, pixel in enumerate(pixels):
        for c in range(y.shape[-1]):
            y[(*pixel, c)] = x[c * len(pixels) + at]


def grow(rng: np.random.Generator, size: int) -> Unflatten:
    channels = int(rng.choice(divisors(size)))
    rows = int(rng.choice(divisors(size // channels)))
    return Unflatten((rows, size // channels // rows, channels))


LAYER = LayerCase(Unflatten, NETWORKS, imaged, grow, (), (), frozenset({"sw_reorder"}), reads_vectors=True)


def test_it_undoes_a_flatten() -> None:
    image, vector = Tensor((3, 2, 4), S8), Tensor((24,), S8)
    codes = np.arange(48).reshape(2, 3, 2, 4)
    flat = Flatten().evaluate((image,), codes)
    assert np.array_equal(Unflatten((3, 2, 4)).evaluate((vector,), flat), codes)


@pytest.mark.parametrize(("shape", "read"), [((2, 3, 4), (23,)), ((24,), (24,)), ((2, 3, 4), (6, 4))])
def test_what_is_no_image_of_its_size_is_refused(shape: tuple[int, ...], read: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="give a vector of its size"):
        Unflatten(shape).infer(Tensor(read, S8))
