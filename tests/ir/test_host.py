"""What the host does to values and codes, computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from shiftwire.errors import InputError
from shiftwire.ir.host import ChannelScale, HostInput, HostOutput, channels_first, channels_last
from shiftwire.numbers.fixed import Fixed, Overflow, Rounding
from shiftwire.numbers.float_quantizer import FloatQuantizer, FloatRounding

S4 = Fixed(4, 1, signed=True)
"""-4 to 3.5 in halves."""

U4 = Fixed(4, 1, signed=False)


class TestLayout:
    def test_vectors_stay(self) -> None:
        x = np.arange(6).reshape(2, 3)
        assert channels_last(x).tolist() == channels_first(x).tolist() == x.tolist()

    def test_signals(self) -> None:
        first = np.array([[[1, 2, 3], [4, 5, 6]]])  # two channels of three
        last = [[[1, 4], [2, 5], [3, 6]]]
        assert channels_last(first).tolist() == last
        assert channels_first(np.array(last)).tolist() == first.tolist()

    def test_images(self) -> None:
        first = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
        last = channels_last(first)
        assert last.shape == (2, 4, 5, 3)
        for n, c, h, w in np.ndindex(first.shape):
            assert last[n, h, w, c] == first[n, c, h, w]
        assert np.array_equal(channels_first(last), first)


class TestQuantizedInput:
    def test_ties_go_to_even_codes_and_the_ends_hold(self) -> None:
        x = np.array([[0.25, 0.75, -0.25, -0.75, 3.5, 100.0, -4.0, -100.0]])
        codes = HostInput(quantizes=True).encode(x, S4)
        assert codes.tolist() == [[0, 2, 0, -2, 7, 7, -8, -8]]
        assert codes.dtype == np.int64 and codes.flags.c_contiguous

    def test_its_own_rounding(self) -> None:
        x = np.array([[0.25, 0.75, -0.25, 0.4]])
        assert HostInput(quantizes=True, rounding=Rounding.HALF_UP).encode(x, S4).tolist() == [[1, 2, 0, 1]]
        assert HostInput(quantizes=True, rounding=Rounding.FLOOR).encode(x, S4).tolist() == [[0, 1, -1, 0]]

    def test_its_own_overflow(self) -> None:
        host = HostInput(quantizes=True, overflow=Overflow.WRAP)
        assert host.encode(np.array([[8.0, 9.5, -0.5]]), U4).tolist() == [[0, 3, 15]]

    def test_images_become_channels_last(self) -> None:
        x = np.array([[[[0.0, 0.5, 1.0]], [[1.5, 2.0, 2.5]]]])  # (1, 2, 1, 3)
        codes = HostInput(quantizes=True).encode(x, S4)
        assert codes.tolist() == [[[[0, 3], [1, 4], [2, 5]]]]
        assert codes.flags.c_contiguous

    def test_values_are_read_as_float32(self) -> None:
        """A little above the tie is the tie once it is float32."""
        assert HostInput(quantizes=True).encode(np.array([[0.25 + 1e-12, 0.26]]), S4).tolist() == [[0, 1]]

    def test_a_scale_that_is_no_power_of_two(self) -> None:
        """round(clip(x / 0.25 + 1, 0, 7)) - 1, whatever the format says."""
        quantizer = FloatQuantizer(0.25, 1, 0, 7, FloatRounding.HALF_EVEN)
        host = HostInput(quantizes=True, quantizer=quantizer)
        codes = host.encode(np.array([[[-9.0, 0.0, 0.25], [0.3, 0.7, 9.0]]]), S4)
        assert codes.tolist() == [[[-1, 1], [0, 3], [1, 6]]]
        assert codes.dtype == np.int64 and codes.flags.c_contiguous

    @pytest.mark.parametrize(
        ("values", "count"),
        [([np.nan, 0.0, 1.0], 1), ([np.inf, -np.inf, 0.0], 2), ([1e39, np.nan, -1e39], 3)],
    )
    def test_what_is_no_finite_float32(self, values: list[float], count: int) -> None:
        with pytest.raises(InputError, match=f"the data holds {count} NaN or infinite values, or beyond float32"):
            HostInput(quantizes=True).encode(np.array([values]), S4)


class TestInputOnItsGrid:
    def test_values_are_codes_of_the_format(self) -> None:
        x = np.array([[[-4.0, 3.5], [0.0, 0.5]]])
        codes = HostInput().encode(x, S4)
        assert codes.tolist() == [[[-8, 0], [7, 1]]]
        assert codes.dtype == np.int64 and codes.flags.c_contiguous

    def test_all_bits_are_kept(self) -> None:
        wide = (1 << 40) + 1  # no float32
        assert HostInput().encode(np.array([[wide]]), Fixed(50, 0, signed=True)).tolist() == [[wide]]

    def test_integers_are_values_too(self) -> None:
        assert HostInput().encode(np.array([[1, -4]]), S4).tolist() == [[2, -8]]

    @pytest.mark.parametrize(
        ("values", "count", "such_as"),
        [
            ([0.5, 0.3, 0.1], 2, "0.3"),
            ([0.25 + 1e-12, 0.0], 1, "0.25"),  # float32 would hide it, and so would rounding
            ([3.0, 4.0], 1, "4"),
            ([0.0, -4.5], 1, "-4.5"),
            ([1e39, 0.0], 1, r"1e\+39"),
        ],
    )
    def test_others_are_refused(self, values: list[float], count: int, such_as: str) -> None:
        said = (
            rf"^{count} values such as {such_as} are not codes of s4.1 "
            r"\(a multiple of 2\^-1 from -4.0 to 3.5\), and the network has no quantizer at its input"
        )
        with pytest.raises(InputError, match=said):
            HostInput().encode(np.array([values]), S4)

    def test_a_coarse_grid_is_named(self) -> None:
        with pytest.raises(InputError, match=r"3 are not codes of u2.-2 \(a multiple of 2\^2 from 0.0 to 12.0\)"):
            HostInput().encode(np.array([[3.0]]), Fixed(2, -2, signed=False))

    def test_nan_is_refused_first(self) -> None:
        with pytest.raises(InputError, match="the data holds 1 NaN"):
            HostInput().encode(np.array([[np.nan, 0.3]]), S4)


class TestOutput:
    PER_CHANNEL = HostOutput(channels=ChannelScale(np.array([0.5, 3.0]), np.array([1.0, -2.0])))
    CODES = np.array([[[4, -4], [1, 2], [0, 7]]])
    """(1, 3, 2): three positions of two channels."""

    def test_scaled_or_not(self) -> None:
        ones = ChannelScale(np.ones(2), np.zeros(2))
        assert not HostOutput().is_scaled
        assert HostOutput(scale=0.75).is_scaled
        assert HostOutput(channels=ones).is_scaled

    def test_codes_become_values(self) -> None:
        """code / 2, channels first."""
        assert HostOutput().decode(self.CODES, S4).tolist() == [[[2.0, 0.5, 0.0], [-2.0, 1.0, 3.5]]]

    def test_one_scale(self) -> None:
        values = HostOutput(scale=3.0).decode(self.CODES, S4)
        assert values.tolist() == [[[6.0, 1.5, 0.0], [-6.0, 3.0, 10.5]]]

    def test_scale_and_offset_of_each_channel(self) -> None:
        """code / 2 * 0.5 + 1 and code / 2 * 3 - 2."""
        values = self.PER_CHANNEL.decode(self.CODES, S4)
        assert values.tolist() == [[[2.0, 1.25, 1.0], [-8.0, 1.0, 8.5]]]

    @pytest.mark.parametrize("host", [HostOutput(), HostOutput(scale=3.0), PER_CHANNEL])
    def test_values_find_their_codes_again(self, host: HostOutput) -> None:
        codes = host.nearest(host.decode(self.CODES, S4), S4)
        assert codes.dtype == np.int64
        assert codes.tolist() == self.CODES.tolist()

    def test_the_nearest_code(self) -> None:
        """value / 3 in halves: 6.7 / 3 * 2 = 4.47, 7 / 3 * 2 = 4.67, -1 / 3 * 2 = -0.67."""
        assert HostOutput(scale=3.0).nearest(np.array([[6.7, 7.0, -1.0]]), S4).tolist() == [[4, 5, -1]]

    def test_the_nearest_code_of_each_channel(self) -> None:
        """(2.1 - 1) / 0.5 * 2 = 4.4, (2.1 + 2) / 3 * 2 = 2.73."""
        assert self.PER_CHANNEL.nearest(np.array([[2.1, 2.1]]), S4).tolist() == [[4, 3]]
