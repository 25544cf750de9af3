"""One wrong line each in what makes images larger, with the fast tests that see it."""

from mutant import Mutant

TRANSPOSED = "onnx/foreign/transposed.py"
SEEN = ("tests/onnx/test_transposed.py",)

LARGER_MUTANTS = (
    Mutant(
        "transposed: taps from the first on",
        TRANSPOSED,
        "return np.flip(np.pad(kernel, pads).reshape(shape), axis)",
        "return np.pad(kernel, pads).reshape(shape)",
        SEEN,
    ),
    Mutant(
        "transposed: blocks begin at the image",
        TRANSPOSED,
        "return lead if self._taps(lead) == self._taps(0) else 0",
        "return 0",
        SEEN,
    ),
    Mutant(
        "transposed: scales of the first channel",
        TRANSPOSED,
        ".reshape(-1, within)[self.places]",
        ".reshape(-1, within)[self.places * 0]",
        SEEN,
    ),
    Mutant(
        "transposed: parts stay in front",
        "onnx/foreign/shuffles.py",
        " or (source is not None and _is_shuffle(source)))",
        ")",
        SEEN,
    ),
    Mutant(
        "spread: rows in their order",
        "ops/upsample.py",
        "row.swapaxes(0, 1).ravel()",
        "row.ravel()",
        ("tests/ops/test_spread.py",),
    ),
)
