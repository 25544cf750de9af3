"""The board's own arithmetic on values, codes and words is that of the specification, bit for bit."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from host_ends_cases import Case, cases
from shiftwire_boards.runtime.errors import DataError, PackageError
from shiftwire_boards.runtime.host_ends import Decoder, Encoder
from shiftwire_boards.runtime.port import Port

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=[f"{at}-{case.said['format']}" for at, case in enumerate(CASES)])
@pytest.mark.filterwarnings("ignore:found bytes up to")
def test_ends_are_those_of_the_specification(case: Case) -> None:
    made = Encoder.read(case.said).codes(case.x)
    assert np.array_equal(made, case.codes)
    port = Port.read(case.said)
    port.check(made)
    buffer = np.full(case.words.size + 64, 0xA5, np.uint8)
    port.pack(made, buffer)
    assert np.array_equal(buffer[: case.words.size].reshape(case.words.shape), case.words)
    assert (buffer[case.words.size :] == 0xA5).all(), "nothing beyond the frames is touched"
    back = port.unpack(buffer, len(made))
    assert np.array_equal(back, case.codes)
    assert np.array_equal(Decoder.read(case.said).values(back), case.values)


def test_the_cases_are_alive() -> None:
    assert sum(len(np.unique(case.codes)) > 1 for case in CASES) > 0.9 * len(CASES)
    assert {case.said["container_bits"] for case in CASES} == {8, 16, 32}
    assert any(case.codes[0].size * case.said["container_bits"] // 8 < case.words.shape[1] for case in CASES)


def test_values_beyond_float32_are_refused_in_words() -> None:
    case = next(case for case in CASES if case.said["encode"]["quantises"] and case.x.dtype == np.float64)
    with warnings.catch_warnings(), pytest.raises(DataError, match="NaN or infinite values"):
        warnings.simplefilter("error")
        Encoder.read(case.said).codes(np.full(case.x.shape, 1e300))


@pytest.mark.parametrize(("largest", "is_told"), [(7, False), (8, True), (255, True)])
def test_raw_pixels_are_told(largest: int, is_told: bool) -> None:
    encode = {"quantises": True, "rounding": "floor", "overflow": "saturate", "quantiser": None}
    encoder = Encoder.read({"format": "s8.4", "shape": [3], "encode": encode})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        encoder.codes(np.full((2, 3), largest, np.uint8))
        encoder.codes(np.full((2, 3), largest, np.float32))
    assert len(caught) == is_told
    assert all("input ends at 7.9375; if these are pixels" in str(told.message) for told in caught)


@pytest.mark.parametrize("word_bytes", [0, 1, 3])
def test_words_that_split_a_container(word_bytes: int) -> None:
    said = {"format": "s12.0", "shape": [3], "container_bits": 16, "word_bytes": word_bytes}
    with pytest.raises(PackageError, match="wanted whole ones; package the project again"):
        Port.read(said)
