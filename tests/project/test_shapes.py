"""Samples of another shape: the sentence names the layout where sizes tell it, and what it offers does it."""

from __future__ import annotations

import ast
import re

import numpy as np
import pytest

from shiftwire.errors import InputError
from shiftwire.project.shapes import check_samples_shape
from shiftwire_boards.runtime.errors import DataError
from shiftwire_boards.runtime.host_ends import Encoder
from shiftwire_boards.runtime.shapes import mend

FIRST = "channels last, the model takes channels first"
LAST = "channels first, the model takes channels last"
CASES = [
    ((10, 10, 3), (3, 10, 10), FIRST),
    ((8, 12, 3), (3, 8, 12), FIRST),
    ((4, 5, 6, 2), (2, 4, 5, 6), FIRST),
    ((3, 10, 10), (10, 10, 3), LAST),
    ((1, 8, 8), (8, 8, 1), LAST),
    ((24, 6), (6, 24), "the axes lie the other way round, as where channels come last"),
    ((12, 8, 3), (3, 8, 12), "the axes lie in another order"),
    ((10, 3, 10), (3, 10, 10), "the axes lie in another order"),
    ((8, 8), (1, 8, 8), None),
    ((64,), (1, 8, 8), None),
    ((4, 1, 1), (4,), None),
]


def carried_out(offer: str, x: np.ndarray) -> np.ndarray:
    """What the words that a user copies make: np.transpose(x, AXES) or x.reshape(SIZES)."""
    function, _, rest = offer.partition("(")
    numbers = ast.literal_eval(f"({rest.removesuffix(')').removeprefix('x, ')},)")
    if function == "x.reshape":
        return x.reshape(*numbers)
    assert function == "np.transpose"
    return np.transpose(x, *numbers)


@pytest.mark.parametrize(("given", "wanted", "words"), CASES)
def test_what_is_offered_gives_the_models_shape(
    given: tuple[int, ...], wanted: tuple[int, ...], words: str | None
) -> None:
    """Run as it is written; values keep their places along each axis, so where axes moved nothing is reshaped."""
    x = np.arange(5 * np.prod(given)).reshape(5, *given)
    with pytest.raises(InputError) as caught:
        check_samples_shape(x, wanted)
    sentence = str(caught.value)
    assert sentence.startswith(f"'x' has shape {x.shape}, wanted (N, {', '.join(map(str, wanted))}) as in the model")
    offer = re.search(r"(np\.transpose|x\.reshape)\(.*\)", sentence)
    assert offer is not None
    made = carried_out(offer.group(), x)
    assert made.shape == (5, *wanted)
    assert (words is None) is ("reshape" in sentence)
    if words is not None:
        assert words in sentence
    else:
        assert np.array_equal(made.ravel(), x.ravel())


@pytest.mark.parametrize(("given", "wanted", "words"), CASES)
def test_a_board_says_the_same(given: tuple[int, ...], wanted: tuple[int, ...], words: str | None) -> None:
    """From "wanted" on; what it offers is taken by the board."""
    channels, *spatial = wanted
    encode = {"quantises": True, "rounding": "floor", "overflow": "saturate", "quantiser": None}
    encoder = Encoder.read({"format": "s12.0", "shape": [*spatial, channels], "encode": encode})
    x = np.arange(5 * np.prod(given)).reshape(5, *given)
    with pytest.raises(DataError) as on_board:
        encoder.codes(x)
    with pytest.raises(InputError) as on_host:
        check_samples_shape(x, wanted)
    said, found = str(on_host.value), str(on_board.value)
    assert found == said.replace("'x' has shape", "found data of shape")
    assert words is None or words in found
    offer = re.search(r"(np\.transpose|x\.reshape)\(.*\)", found)
    assert offer is not None
    made = encoder.codes(carried_out(offer.group(), x))
    assert np.array_equal(np.moveaxis(made, -1, 1), np.clip(carried_out(offer.group(), x), -2048, 2047))


@pytest.mark.parametrize(
    ("found", "wanted", "words"),
    [
        ((3, 8, 8), (3, 8, 8), "; it is one sample without its batch axis: give x[None]"),
        ((5, 9, 9, 3), (3, 8, 8), "channels last, and of another size; give samples (N, 3, 8, 8), channels first"),
        ((5, 3, 9, 9), (3, 8, 8), "; give samples of that size"),
        ((5, 3, 3, 9), (3, 8, 8), "; give samples of that size"),
        ((5,), (4,), "; give samples of that size"),
        ((), (4,), "; give samples of that size"),
    ],
)
def test_what_no_order_of_axes_mends(found: tuple[int, ...], wanted: tuple[int, ...], words: str) -> None:
    assert mend(found, wanted).endswith(words)


def test_what_fits_passes() -> None:
    for kind in (np.float32, np.uint8, np.int64, np.bool_, np.float16):
        check_samples_shape(np.zeros((2, 3, 4, 4), kind), (3, 4, 4))
    with pytest.raises(InputError, match="'x' has type <U1, wanted numbers; save it as float32"):
        check_samples_shape(np.full((2, 3), "a"), (3,))
