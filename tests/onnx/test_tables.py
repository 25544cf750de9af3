"""Functions of codes that fall and rise: every code of the input, against onnxruntime's run of the file itself."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import onnx
from foreign_files import File, agrees, kinds
from qonnx_nets import DOMAIN
from shiftwire.errors import InputError
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.importer import network_from_model
from shiftwire.ops.threshold import Lookup

Chain = Callable[[File, str], str]
"""Puts operations behind a tensor; returns what they make."""

SIXTH, ROOT = np.float32(1 / 6), np.float32(math.sqrt(2))


def of(kind: str, **attributes: Any) -> Chain:
    return lambda file, x: file.add(kind, x, **attributes)


def times(chain: Chain, kind: str = "Mul") -> Chain:
    """x times what a chain makes of x."""
    return lambda file, x: file.add(kind, x, chain(file, x))


def _relu6(file: File, x: str) -> str:
    return file.add("Div", file.add("Clip", file.add("Add", x, 3.0), 0.0, 6.0), 6.0)


def _gelu(file: File, x: str) -> str:
    """As torch writes it."""
    rest = file.add("Add", file.add("Erf", file.add("Div", x, ROOT)), 1.0)
    return file.add("Mul", file.add("Mul", x, rest), 0.5)


def _gelu_by_tanh(file: File, x: str) -> str:
    cubes = file.add("Mul", file.add("Pow", x, 3.0), np.float32(0.044715))
    inner = file.add("Mul", file.add("Add", x, cubes), np.float32(math.sqrt(2 / math.pi)))
    return file.add("Mul", file.add("Mul", 0.5, x), file.add("Add", file.add("Tanh", inner), 1.0))


def _quotient(file: File, x: str) -> str:
    """x / (1 + exp(-x))."""
    return file.add("Div", x, file.add("Add", file.add("Exp", file.add("Neg", x)), 1.0))


def _inverse(file: File, x: str) -> str:
    """1 / (1 + x^2): a bell."""
    return file.add("Div", 1.0, file.add("Add", file.add("Mul", x, x), 1.0))


def _quantized_gate(file: File, x: str) -> str:
    """Where the gate has codes of its own."""
    return file.add("Mul", x, file.quant(file.add("Sigmoid", x), 2.0**-7, 8, signed=0))


def _difference(file: File, x: str) -> str:
    return file.add("Sub", x, file.add("Mul", file.add("Tanh", x), 2.0))


def _bent(file: File, x: str) -> str:
    return file.add("LeakyRelu", x, alpha=-0.25)


def _norm(file: File, x: str) -> str:
    """A slope and an offset a channel in front, two operations behind."""
    scaled = file.add("Add", file.add("Mul", x, np.float32([[1.5, -0.75]])), np.float32([[0.25, 1.0]]))
    return file.add("Clip", file.add("Mul", file.add("HardSwish", scaled), np.float32([[2.0, -1.25]])), -2.0, 1.0)


FALLING: dict[str, Chain] = {
    "HardSwish": of("HardSwish"),
    "Gelu": of("Gelu"),
    "Gelu by tanh": of("Gelu", approximate="tanh"),
    "Mish": of("Mish"),
    "Abs": of("Abs"),
    "x Sigmoid(x)": times(of("Sigmoid")),
    "x HardSigmoid(x)": times(of("HardSigmoid", alpha=float(SIXTH), beta=0.5)),
    "x Tanh(Softplus(x))": times(lambda file, x: file.add("Tanh", file.add("Softplus", x))),
    "x relu6(x + 3) / 6": times(_relu6),
    "x / 2 (1 + erf(x / sqrt 2))": _gelu,
    "x / 2 (1 + tanh)": _gelu_by_tanh,
    "x / (1 + exp(-x))": _quotient,
    "1 / (1 + x x)": _inverse,
    "x and a gate of codes": _quantized_gate,
    "x - 2 tanh(x)": _difference,
    "a slope below 0": _bent,
    "a batch norm in front": _norm,
    "x x": lambda file, x: file.add("Mul", x, x),
    "Relu(x) - x": lambda file, x: file.add("Mul", file.add("Relu", x), file.add("Add", x, -1.0)),
}
RISING: dict[str, Chain] = {
    "Elu": of("Elu", alpha=0.7),
    "Selu": of("Selu"),
    "Celu": of("Celu", alpha=1.5),
    "Softplus": of("Softplus"),
    "Softsign": of("Softsign"),
    "Erf": of("Erf"),
    "Exp": of("Exp"),
}


def quantized(chain: Chain, bits: int, scale: float, out: tuple[float, int], signed: int = 1) -> onnx.ModelProto:
    """x in codes, what a chain makes of it, in codes again."""
    file = File((2,))
    x = file.quant("x", np.float32(scale), bits, signed=signed)
    file.quant(chain(file, x), np.float32(out[0]), out[1], out="y")
    return file.model()


def every_code(bits: int, scale: float, signed: int = 1) -> np.ndarray:
    codes = np.arange(1 << bits) - (signed << bits - 1)
    return np.repeat(codes[:, None] * np.float32(scale), 2, axis=1).astype(np.float32)


FORMATS = ((8, 2.0**-5, (2.0**-5, 8)), (6, 0.1173, (0.0731, 5)), (10, 0.0123, (0.0311, 8)))


@pytest.mark.parametrize("format", FORMATS, ids=str)
@pytest.mark.parametrize("name", FALLING)
def test_every_code_is_the_files_own(name: str, format: tuple[int, float, tuple[float, int]], count: Any) -> None:
    """And that of the file that we write of it."""
    bits, scale, out = format
    model, x = quantized(FALLING[name], bits, scale, out), every_code(bits, scale)
    network = agrees(model, x, count)
    assert kinds(network)[-1] == "Lookup" and "Affine" not in kinds(network)
    codes = network.host_input.encode(x, network.input.format)
    again = network_from_model(to_onnx(network))
    assert np.array_equal(again.evaluate(codes), network.evaluate(codes))


@pytest.mark.parametrize("bits", [6, 12])
@pytest.mark.parametrize("name", RISING)
def test_what_never_falls_is_a_staircase(name: str, bits: int, count: Any) -> None:
    """Of sums of any width."""
    scale = 8.0 / (1 << bits)
    network = agrees(quantized(RISING[name], bits, scale, (0.0213, 8)), every_code(bits, scale), count)
    assert kinds(network) == ["Threshold"]


def test_a_table_that_does_not_fall_is_a_staircase(count: Any) -> None:
    """|x| of codes that are not negative; x x of them."""
    for chain in (FALLING["Abs"], FALLING["x x"]):
        model = quantized(chain, 6, 0.11, (0.7, 8), signed=0)
        assert kinds(agrees(model, every_code(6, 0.11, 0), count)) == ["Threshold"]


def test_a_channel_each_has_a_table_of_its_own(count: Any) -> None:
    """And scales a channel that differ by a power of two."""
    network = agrees(quantized(_norm, 7, 0.1, (0.05, 6)), every_code(7, 0.1), count)
    op = network.nodes[-1].op
    assert isinstance(op, Lookup) and len(op.table) == 2
    file = File((2,))
    x = file.quant("x", np.float32(0.1), 7)
    file.quant(file.add("Gelu", x), np.float32([[0.05, 0.1]]), 6, out="y")
    op = agrees(file.model(), every_code(7, 0.1), count).nodes[-1].op
    assert isinstance(op, Lookup) and len(op.table) == 2 and not (op.table[1] % 2).any()


@pytest.mark.parametrize("kind", ["HardSwish", "Gelu"])
def test_quantizers_in_plain_operations(kind: str, count: Any) -> None:
    """Div, Round, Clip, Mul behind the curve; QuantizeLinear and DequantizeLinear."""
    file = File((2,))
    made = file.add(kind, file.quant("x", np.float32(0.07), 8))
    made = file.add("Clip", file.add("Round", file.add("Div", made, np.float32(0.09))), -8.0, 7.0)
    file.add("Mul", made, np.float32(0.09), out="y")
    assert kinds(agrees(file.model(), every_code(8, 0.07), count)) == ["Lookup"]
    file = File((2,))
    made = file.add(kind, file.quant("x", np.float32(0.07), 8))
    made = file.add("QuantizeLinear", made, np.float32(0.03), np.uint8(20))
    file.add("DequantizeLinear", made, np.float32(0.03), np.uint8(20), out="y")
    assert kinds(agrees(file.model(), every_code(8, 0.07), count)) == ["Lookup"]


@pytest.mark.parametrize("name", ["HardSwish", "x Sigmoid(x)", "x relu6(x + 3) / 6", "x / 2 (1 + erf(x / sqrt 2))"])
@pytest.mark.parametrize("kind", ["Round", "Floor"])
def test_codes_of_sums_in_plain_operations_in_front(name: str, kind: str, count: Any) -> None:
    """Sums are rounded and clipped once, whatever reads them; both channels reach every code."""
    file = File((2,))
    sums = file.add("Gemm", file.quant("x", np.float32(0.25), 12), file.quant(np.float32(np.eye(2) * 3), 1.0, 4))
    codes = file.add("Clip", file.add(kind, file.add("Div", sums, np.float32(0.7))), -128.0, 127.0)
    made = FALLING[name](file, file.add("Mul", codes, np.float32(0.0371)))
    file.quant(made, np.float32(0.029), 7, out="y")
    x = np.random.default_rng(5).permutation(np.repeat(np.arange(-256, 256) * np.float32(0.25), 2)).reshape(-1, 2)
    network = agrees(file.model(), x.astype(np.float32), count)
    assert kinds(network)[1:] == ["Threshold", "Lookup"]


@pytest.mark.parametrize("kind", ["Sigmoid", "LeakyRelu", "Elu"])
def test_a_curve_behind_rounded_values(kind: str, count: Any) -> None:
    file = File((2,))
    codes = file.add("Round", file.add("Div", file.quant("x", np.float32(0.05), 12), np.float32(0.4)))
    made = file.add(kind, file.add("Mul", file.add("Clip", codes, -16.0, 15.0), np.float32(0.4)))
    file.quant(made, np.float32(0.03), 8, out="y")
    assert kinds(agrees(file.model(), every_code(12, 0.05), count)) == ["Threshold", "Threshold"]


def test_the_same_quantizer_again_behind_a_pool_is_none(count: Any) -> None:
    """Codes of a table reach from its least to its largest word, which a narrow quantizer leaves as they are."""
    file = File((2, 4, 4))
    made = file.add("Add", file.add("Abs", file.quant("x", np.float32(0.07), 8)), -2.5)
    for pool in (True, False):
        made = file.add("Quant", made, np.float32(0.3), 0.0, 4.0, out="" if pool else "y", domain=DOMAIN, signed=1,
                        narrow=1, rounding_mode="ROUND")  # fmt: skip
        made = file.add("MaxPool", made, kernel_shape=[2, 2], strides=[2, 2]) if pool else made
    x = np.random.default_rng(2).normal(0, 4, (32, 2, 4, 4)).astype(np.float32)
    assert kinds(agrees(file.model(), x, count)) == ["Lookup", "MaxPool"]


def test_by_hand() -> None:
    """HardSwish of -4 to 3 in steps of 1 by quarters: -1 / 3 becomes -1, -1 / 3 of -1 too; 2 / 3 is 3, 5 / 3 is 7."""
    network = network_from_model(quantized(FALLING["HardSwish"], 3, 1.0, (0.25, 6)))
    op = network.nodes[-1].op
    assert isinstance(op, Lookup) and op.table.tolist() == [[0, 0, -1, -1, 0, 3, 7, 12]]


def _sums(file: File, x: str) -> str:
    return file.add("Gemm", x, file.quant(np.float32([[3, 5], [7, -3]]), 1.0, 4), transB=1)


REFUSED: dict[str, tuple[Chain, str]] = {
    "sums": (
        lambda file, x: file.add("HardSwish", _sums(file, x)),
        "a HardSwish falls and rises, so only a table of all codes stands for it, and it reads sums of 12 bits; put a "
        r"quantizer of at most 10 bits in front of it, or train with Relu, HardSigmoid or Clip instead.*\(HardSwish\)",
    ),
    "sums in a product": (
        lambda file, x: times(of("Sigmoid"))(file, _sums(file, x)),
        r"a Mul falls and rises, so only a table .* of 12 bits; put a quantizer of at most 10 bits.*\(Mul\)",
    ),
    "a quotient": (
        lambda file, x: file.add("Div", x, file.quant(_sums(file, x), 1.0, 8)),
        "a quotient of two computed tensors is not handled",
    ),
    "no number": (lambda file, x: file.add("Div", x, x), "a Div that is no number for some codes; clip what it reads"),
    "a pool": (
        lambda file, x: file.add("Concat", file.add("Gelu", x), x, axis=1),
        r"it reads 't\d+', float values of a Gelu; quantize them in front of this operation",
    ),
    "the exponent": (
        lambda file, x: file.add("Pow", x, np.float32([1, 2])),
        r"its exponent has shape \(2,\); give one",
    ),
    "approximate": (lambda file, x: file.add("Gelu", x, approximate="erf"), "approximate = erf is not handled; give"),
    "Celu": (lambda file, x: file.add("Celu", x, alpha=-1.0), "attribute alpha = -1.0 makes it fall; give one above 0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    chain, sentence = REFUSED[name]
    with pytest.raises(InputError) as caught:
        network_from_model(quantized(chain, 8, 1.0, (1.0, 8)))
    assert re.search(sentence, caught.value.sentence(), re.DOTALL)


@pytest.mark.parametrize(("kind", "words"), [("HardSwish", "a HardSwish is read between"), ("Elu", "a Elu is read")])
def test_the_host_has_none_of_them(kind: str, words: str) -> None:
    """In front of the first quantizer, and behind the last."""
    file = File((2,))
    file.quant(file.add(kind, "x"), 1.0, 4, out="y")
    with pytest.raises(InputError, match=words):
        network_from_model(file.model())


def test_a_graph_that_ends_in_one_is_told_so() -> None:
    file = File((2,))
    file.add("Gelu", file.quant("x", 1.0, 4), out="y")
    with pytest.raises(InputError, match="float values of a Gelu; quantize them in front of this operation"):
        network_from_model(file.model())
    file = File((2,))
    file.add("Elu", file.quant("x", 1.0, 4), out="y")
    with pytest.raises(InputError, match="is read between two quantizers alone"):
        network_from_model(file.model())
