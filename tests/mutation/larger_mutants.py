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
        "onnx/foreign/lowered.py",
        " or (source is not None and _is_shuffle(source)))",
        ")",
        SEEN,
    ),
    Mutant(
        "edges: one layer where others read it",
        "passes/join_edges.py",
        "len(network.consumers(source.name)) == 1 and",
        "True and",
        ("tests/onnx/test_interpolation.py",),
    ),
    Mutant(
        "interpolation: no halves at the ends",
        "onnx/ops/upsample.py",
        "np.array([1, *[2] * (factor - 1), 1])",
        "np.array([2, *[2] * (factor - 1), 0])",
        ("tests/onnx/test_interpolation.py",),
    ),
    Mutant(
        "products: the row stands first",
        "onnx/context/graph.py",
        "sorted((b, a), key=lambda name: (self.tensors[name].size, len(self.tensors[name].shape)))",
        "(b, a)",
        ("tests/onnx/test_gates.py",),
    ),
    Mutant(
        "products: scales of the first",
        "onnx/context/graph.py",
        "Pending(one.scale * other.scale)",
        "Pending(one.scale)",
        ("tests/onnx/test_gates.py",),
    ),
    Mutant(
        "spread: rows in their order",
        "ops/upsample.py",
        "row.swapaxes(0, 1).ravel()",
        "row.ravel()",
        ("tests/ops/test_spread.py",),
    ),
)
