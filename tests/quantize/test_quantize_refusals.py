"""What `quantize` refuses, each with one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from float_nets import convolutional
from quantized import quantized
from shiftwire.errors import InputError
from shiftwire.numbers.fixed import Fixed
from shiftwire.quantize.options import Options

BAD = {
    "shape": (np.ones((4, 3, 9, 9)), None, r"'x' has shape \(4, 3, 9, 9\), wanted \(N, 3, 12, 12\) as in the model"),
    "empty": (np.ones((0, 3, 12, 12)), None, r"(?m)^'x' holds no samples; give some dozens$"),
    "zero": (
        np.zeros((4, 3, 12, 12)),
        None,
        r"(?m)^'x' is 0 throughout, which tells no tensor's range; give real samples$",
    ),
    "nan": (np.full((1, 3, 12, 12), np.nan), None, "holds 432 NaN or infinite values; remove them"),
    "infinity": (
        np.where(np.arange(2)[:, None, None, None], np.inf, np.ones((2, 3, 12, 12))),
        None,
        "holds 432 NaN or",
    ),
    "scalar": (np.float64(3), None, r"'x' has shape \(\), wanted \(N, 3, 12, 12\)"),
    "text": (np.full((1, 3, 12, 12), "a"), None, "has type <U1, wanted numbers"),
    "labels": (np.ones((4, 3, 12, 12)), np.zeros(3, np.int64), r"labels 'y' of shape \(3,\) .* do not fit 4 samples"),
    "half labels": (
        np.ones((4, 3, 12, 12)),
        np.ones(4) / 2,
        r"type float64 do not fit outputs \(N, 5\), which are one",
    ),
    "labels beyond": (np.ones((4, 3, 12, 12)), np.arange(2, 6), "run from 2 to 5, the network answers 0 to 4; number"),
    "channels last": (
        np.ones((4, 12, 12, 3)),
        None,
        r"channels last, .*: np.transpose\(x, \(0, 3, 1, 2\)\)",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_samples_that_will_not_do(name: str, tmp_path: Path) -> None:
    values, labels, words = BAD[name]
    with pytest.raises(InputError, match=words):
        quantized(convolutional().save(tmp_path), values, labels)


def test_a_range_beyond_the_format_asked_for(tmp_path: Path) -> None:
    net = convolutional()
    with pytest.raises(InputError, match=r"values of 'r1' reach .* beyond the format u8.7 asked for; u8.5 would do"):
        quantized(net.save(tmp_path), net.samples(64), formats={"r1": Fixed(8, 7, signed=False)})
    with pytest.raises(InputError, match=r"of 'r9' was asked for, but no tensor .* name one of f, r1, r2"):
        quantized(net.save(tmp_path), net.samples(64), formats={"r9": Fixed(8, 7, signed=False)})


@pytest.mark.parametrize(("domain", "kind"), [("", "Cosh"), ("some.domain", "Cosh of domain some.domain")])
def test_an_operation_without_shifts_and_adds(domain: str, kind: str, tmp_path: Path) -> None:
    net = convolutional().node("Relu", "u").node("Cosh", "e", domain=domain)
    words = rf"the operation {kind} \(in 'e'\) is not supported: replace it by layers that are"
    with pytest.raises(InputError, match=words):
        quantized(net.save(tmp_path), net.samples(4))


def test_every_operation_without_shifts_and_adds_is_named(tmp_path: Path) -> None:
    net = convolutional().node("Cosh", "e").node("Sin", "s").node("Cosh", "k")
    words = (
        r"2 operations are not supported: Cosh \(in 'e', 'k'\) is not supported: .*; Sin \(in 's'\) is not supported: "
    )
    with pytest.raises(InputError, match=words):
        quantized(net.save(tmp_path), net.samples(4))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"terms": 0}, "0 terms are outside 1..8"),
        ({"act_bits": 30}, "30 activation bits are outside 1..24"),
        ({"percentile": 20.0}, "a percentile of 20.0 is outside 50..100"),
        ({"error_budget": 2.0}, "an error budget of 2.0 is outside 0..1"),
    ],
)
def test_options_that_will_not_do(options: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Options(**options)
