"""Windows against a walk over the padded image, position by position."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from shiftwire.errors import InputError
from shiftwire.ir.window import Window

CASES = [
    (Window((3,), (1,), (1,), (1,)), (5,)),
    (Window((2,), (3,), (0,), (2,)), (7,)),
    (Window((3, 3), (1, 1), (1, 1), (1, 1)), (4, 5)),
    (Window((2, 3), (2, 1), (0, 2), (1, 0)), (5, 4)),
    (Window((1, 1), (1, 1), (0, 0), (0, 0)), (3, 2)),
    (Window((3, 2), (1, 4), (2, 0), (0, 3)), (2, 6)),
]


def starts(window: Window, spatial: tuple[int, ...]) -> list[list[int]]:
    """Along each axis, where windows begin that end inside the padded image."""
    every = []
    for axis, size in enumerate(spatial):
        end = size + window.end[axis]
        begins = range(-window.begin[axis], end, window.stride[axis])
        every.append([at for at in begins if at + window.kernel[axis] <= end])
    return every


@pytest.mark.parametrize(("window", "spatial"), CASES)
def test_positions_are_counted(window: Window, spatial: tuple[int, ...]) -> None:
    assert window.output(spatial) == tuple(len(axis) for axis in starts(window, spatial))
    assert window.axes == len(spatial)


@pytest.mark.parametrize("fill", [0, -9])
@pytest.mark.parametrize(("window", "spatial"), CASES)
def test_patches_hold_what_lies_in_the_window(window: Window, spatial: tuple[int, ...], fill: int) -> None:
    x = np.arange(2 * int(np.prod(spatial)) * 3).reshape(2, *spatial, 3) + 1
    patches = window.patches(x, fill)
    begins = starts(window, spatial)
    assert patches.shape == (2, *map(len, begins), 3, *window.kernel)
    for at in np.ndindex(patches.shape):
        sample, position, channel, offset = at[0], at[1 : 1 + window.axes], at[1 + window.axes], at[2 + window.axes :]
        place = [axis[p] + o for axis, p, o in zip(begins, position, offset, strict=True)]
        inside = all(0 <= p < size for p, size in zip(place, spatial, strict=True))
        assert patches[at] == (x[(sample, *place, channel)] if inside else fill)


def test_padding_is_zero_where_nothing_is_said() -> None:
    assert Window((2,), (2,), (1,), (0,)).patches(np.array([[[7], [8], [9]]])).tolist() == [[[[0, 7]], [[8, 9]]]]


def test_windows_that_are_the_pixels_themselves() -> None:
    one, none = (1, 1), (0, 0)
    assert Window(one, one, none, none).is_identity and Window((1,), (1,), (0,), (0,)).is_identity
    for pads in itertools.product((0, 1), repeat=4):
        assert Window(one, one, pads[:2], pads[2:]).is_identity == (not any(pads))
    assert not Window((1, 2), one, none, none).is_identity
    assert not Window((2, 2), one, none, none).is_identity
    assert not Window(one, (2, 1), none, none).is_identity
    assert not Window((2, 2), (2, 2), none, none).is_identity


@pytest.mark.parametrize(
    "tuples",
    [
        ((3,), (1, 1), (0,), (0,)),
        ((3, 3), (1,), (0, 0), (0, 0)),
        ((3, 3), (1, 1), (0,), (0, 0)),
        ((3, 3), (1, 1), (0, 0), (0,)),
        ((3, 3, 3), (1, 1, 1), (0, 0, 0), (0, 0, 0)),
        ((), (), (0,), ()),
    ],
)
def test_at_most_two_axes(tuples: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(InputError, match=f"a window over {len(tuples[0])} axes with .* give at most two of each"):
        Window(*tuples)


@pytest.mark.parametrize(
    ("kernel", "stride", "begin", "end"),
    [
        ((0, 3), (1, 1), (0, 0), (0, 0)),
        ((3, 0), (1, 1), (0, 0), (0, 0)),
        ((3, 3), (1, 0), (0, 0), (0, 0)),
        ((3, 3), (1, 1), (-1, 0), (0, 0)),
        ((3, 3), (1, 1), (0, 0), (0, -1)),
    ],
)
def test_too_small(
    kernel: tuple[int, ...], stride: tuple[int, ...], begin: tuple[int, ...], end: tuple[int, ...]
) -> None:
    told = "put a Slice in front instead" if min(*begin, *end) < 0 else r"a kernel of \(.*\) are no window; give 1"
    with pytest.raises(InputError, match=told):
        Window(kernel, stride, begin, end)


def test_an_image_of_other_axes() -> None:
    with pytest.raises(InputError, match="a window over 1 axes cannot read an image with 2 spatial axes"):
        Window((3,), (1,), (0,), (0,)).output((4, 4))


def test_a_kernel_that_does_not_fit() -> None:
    window = Window((3, 3), (1, 1), (0, 1), (0, 0))
    assert window.output((3, 2)) == (1, 1)
    for spatial in ((2, 2), (3, 1)):
        with pytest.raises(InputError, match=r"a kernel of \(3, 3\) does not fit the padded image of"):
            window.output(spatial)
