"""What a window unit costs: the image rows that it holds, once for each tap that leaves at a time."""

import pytest

from shiftwire.ir.cost import Cost
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed
from shiftwire.units.window import CONTROL_LUT, Taps, WindowUnit

S8 = Fixed(8, 4, signed=True)
SAME = Window((3, 3), (1, 1), (1, 1), (1, 1))


@pytest.mark.parametrize(
    ("width", "channels", "lanes", "taps", "expected"),
    [
        # 4 rows of 32 beats of 16 codes: 128 words of 128 bits, two BRAM36 of 72 bits side by side
        (32, 16, 16, 1, Cost(CONTROL_LUT, 2)),
        # the same for each of three taps
        (32, 16, 16, 3, Cost(CONTROL_LUT, 6)),
        # 4 rows of 128 beats of one code: 512 words of 8 bits, half a BRAM36
        (32, 4, 1, 1, Cost(CONTROL_LUT, 0.5)),
        # 4 rows of 15 beats of one code: 64 words of 8 bits, a LUT a bit
        (15, 1, 1, 1, Cost(CONTROL_LUT + 8)),
        # 4 rows of 17: 128 words of 8 bits, small enough for two LUTs a bit, for either of two taps
        (17, 1, 1, 2, Cost(CONTROL_LUT + 2 * 16)),
    ],
)
def test_line_buffers_cost_what_they_hold(width: int, channels: int, lanes: int, taps: int, expected: Cost) -> None:
    unit = WindowUnit(SAME, (8, width, channels), S8, lanes, Taps(taps, lanes, channels))
    assert unit.cost == expected


def test_a_line_holds_itself() -> None:
    unit = WindowUnit(Window((3,), (1,), (1,), (1,)), (1024, 8), S8, 8, Taps(1, 8, 8))
    assert unit.cost == Cost(CONTROL_LUT, 2)  # 1,024 words of 64 bits, two of 36
