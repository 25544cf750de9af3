"""The board's own arithmetic on values, codes and words is that of the specification, bit for bit."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from host_ends_cases import Case, cases
from host_ends_files import NEAR, referred
from shiftwire.errors import InputError
from shiftwire.ir.host import HostInput
from shiftwire.numbers.fixed import Fixed
from shiftwire_boards.runtime.errors import DataError, PackageError
from shiftwire_boards.runtime.host_ends import Decoder, Encoder
from shiftwire_boards.runtime.host_steps import STEPS, as_json, read_step
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
    decoder = Decoder.read(case.said)
    values = decoder.values(back)
    assert np.array_equal(values, case.values) and values.dtype == case.values.dtype
    scores = decoder.scores(back)
    assert np.array_equal(scores, case.scores) and decoder.scores_shape(port.shape) == case.scores.shape[1:]
    assert decoder.ranks == (values.dtype == np.int64)
    assert np.array_equal(decoder.classes(back), case.scores.reshape(len(back), -1).argmax(axis=1))


@pytest.mark.parametrize("case", CASES, ids=[f"{at}-{case.said['format']}" for at, case in enumerate(CASES)])
def test_ends_are_those_of_onnxruntime(case: Case, count: Any) -> None:
    """Of a file of the same nodes; behind curves it computes in float32 what numpy rounds once."""
    reference = referred(case)
    assert np.array_equal(case.codes, reference.codes)
    assert np.array_equal(case.values, reference.values)
    assert reference.distance <= NEAR
    count(onnxruntime_codes=reference.codes.size, onnxruntime_values=reference.values.size)


def test_the_cases_are_alive() -> None:
    assert sum(len(np.unique(case.codes)) > 1 for case in CASES) > 0.9 * len(CASES)
    assert {case.said["container_bits"] for case in CASES} == {8, 16, 32}
    named = {step["step"] for case in CASES for end in ("encode", "decode") for step in case.said[end]["steps"]}
    assert named == {kind.__name__.lower() for kind in STEPS}
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


@pytest.mark.parametrize("case", CASES, ids=[f"{at}-{case.said['format']}" for at, case in enumerate(CASES)])
def test_steps_are_read_as_they_were_said(case: Case) -> None:
    for end in ("encode", "decode"):
        for said in case.said[end]["steps"]:
            assert as_json(read_step(said)) == said


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"step": "fold", "by": 3}, "found the step fold of by, which is unknown here; update the runtime"),
        ({"by": 3}, "found the step None of by, which is unknown here"),
        ({"step": ["scale"], "by": 3, "divides": False}, "found the step .*scale.* of by, divides, which"),
        ({"step": "scale", "by": 3}, "found the step scale of by, which is unknown here"),
        ({"step": "clip", "low": 0, "high": 1, "wraps": True}, "found the step clip of low, high, wraps, which is unk"),
        ({"step": "whole", "rounding": "up"}, "found 'up' in the step whole, which is unknown here; update the"),
        ({"step": "curve", "kind": "gelu"}, "found 'gelu' in the step curve, which is unknown here; update"),
    ],
)
def test_steps_of_a_later_runtime_are_refused(said: dict[str, Any], words: str) -> None:
    with pytest.raises(PackageError, match=words):
        read_step(said)


def test_codes_of_a_declared_input_are_held_to_its_format() -> None:
    """In front of the steps, whose values no format holds."""
    case = next(case for case in CASES if [step["step"] for step in case.said["encode"]["steps"]] == ["offset"])
    said = case.said | {"encode": case.said["encode"] | {"entry": "u3.1"}}
    on_grid = np.resize(np.arange(8) / 2, case.x.shape).astype(np.float32)
    entry = HostInput(True, steps=tuple(map(read_step, said["encode"]["steps"])), entry=Fixed(3, 1, signed=False))
    assert np.array_equal(Encoder.read(said).codes(on_grid), entry.encode(on_grid, Fixed.parse(said["format"])))
    for off, shown in ((on_grid + 4, "4"), (on_grid + 0.25, "0.25"), (on_grid - 1, "-1")):
        with pytest.raises(DataError, match=rf"values such as {shown} that are no codes of u3.1, and the model has no"):
            Encoder.read(said).codes(off)
        with pytest.raises(InputError, match=rf"values such as {shown} are not codes of u3.1"):
            entry.encode(off, Fixed.parse(said["format"]))
