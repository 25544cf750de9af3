"""Files of onnxruntime's own static quantization, converted as they come: the codes are those of the file's own run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnxruntime.quantization import QuantFormat, QuantType

import onnx
from rounding_ties import MOST, agreement, held
from shiftwire.api import load_network
from shiftwire.errors import InputError
from small_nets import NETS, samples, settled
from static_quantization import Static, exported, node_kinds, statically_quantized
from tiers import some

OPERATORS = QuantFormat.QOperator
UNSIGNED, SIGNED = QuantType.QUInt8, QuantType.QInt8

QDQ = {
    "channel": Static(),
    "tensor": Static(per_channel=False),
    "symmetric": Static(activations=SIGNED, symmetric=True),
    "signed": Static(activations=SIGNED, prepared=False),
    "unsigned": Static(weights=UNSIGNED, per_channel=False),
    "raw": Static(prepared=False),
    "extended": Static(extended=True, reduced=True),
}
"""How files with QuantizeLinear and DequantizeLinear round float layers are asked for."""

INTEGER = {
    "channel": Static(OPERATORS, reduced=True),
    "tensor": Static(OPERATORS, per_channel=False, reduced=True),
    "unsigned": Static(OPERATORS, weights=UNSIGNED, per_channel=False),
    "symmetric": Static(OPERATORS, activations=SIGNED, symmetric=True, reduced=True),
    "extended": Static(OPERATORS, activations=SIGNED, prepared=False, extended=True, reduced=True),
}
"""How files of integer layers are; weights of seven bits, or unsigned ones, which onnxruntime never saturates."""

QDQ_FILES = (
    ("mlp", "channel"), ("mlp", "symmetric"), ("mlp", "unsigned"), ("cnn", "channel"), ("cnn", "raw"),
    ("cnn", "extended"), ("depthwise", "tensor"), ("depthwise", "symmetric"), ("depthwise", "extended"),
    ("conv1d", "channel"), ("conv1d", "signed"), ("conv1d", "extended"), ("average", "channel"), ("average", "tensor"),
    ("joined", "channel"), ("joined", "signed"), ("residual", "channel"), ("residual", "extended"),
)  # fmt: skip
INTEGER_FILES = (
    ("mlp", "channel"), ("mlp", "unsigned"), ("mlp", "extended"), ("cnn", "channel"), ("cnn", "tensor"),
    ("cnn", "symmetric"), ("cnn", "extended"), ("depthwise", "channel"), ("depthwise", "extended"),
    ("conv1d", "unsigned"), ("conv1d", "symmetric"), ("average", "channel"), ("average", "extended"),
    ("joined", "tensor"), ("joined", "extended"), ("residual", "tensor"), ("residual", "channel"),
)  # fmt: skip

MEANS = 0.1
"""Share of codes behind ties in a float file whose means keep their scale: one mean of four codes in four is a tie."""

Make = Callable[[str, Static], Path]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Quantizes nets that are exported once."""
    floats: dict[str, Path] = {}

    def made(net: str, how: Static) -> Path:
        if net not in floats:
            path = tmp_path_factory.mktemp("floats") / f"{net}.onnx"
            floats[net] = exported(settled(net), samples(net), path)
        folder = tmp_path_factory.mktemp(net)
        (folder / "net.onnx").write_bytes(floats[net].read_bytes())
        return statically_quantized(folder / "net.onnx", samples(net, 64, seed=1)[:60], how)

    return made


@pytest.mark.parametrize(("net", "how"), some(QDQ_FILES, ("mlp", "channel"), ("cnn", "channel"), ("cnn", "extended")))
def test_quantizers_round_float_layers(net: str, how: str, make: Make, count: Any) -> None:
    path = make(net, QDQ[how])
    assert ("QLinearConv" in node_kinds(path)) == (how == "extended" and net != "mlp")
    held(path, samples(net), "onnxruntime_qdq", count, most=MEANS if net == "average" else MOST)


@pytest.mark.parametrize(("net", "how"), some(INTEGER_FILES, ("mlp", "channel"), ("cnn", "channel")))
def test_integer_layers(net: str, how: str, make: Make, count: Any) -> None:
    path = make(net, INTEGER[how])
    assert {"QLinearConv", "QGemm"} & set(node_kinds(path))
    found = held(path, samples(net), "onnxruntime_qoperator", count)
    assert found.different == 0


def test_what_saturates_in_onnxruntime_is_exact_here(make: Make, count: Any) -> None:
    """Its optimiser makes integer layers whose kernels may saturate; the file it read them from says what is right."""
    path = make("cnn", Static(activations=SIGNED, prepared=False, extended=True))
    plain = path.with_name("net_quantized.onnx")
    found = agreement(onnx.load(plain), load_network(path), samples("cnn"))
    assert (found.different, found.unexplained) == (0, 0)
    count(onnxruntime_qdq_files=1, onnxruntime_qdq_codes=found.codes)


@pytest.mark.parametrize("kind", [QuantType.QInt16, QuantType.QUInt16], ids=["int16", "uint16"])
@pytest.mark.parametrize("net", some(("mlp", "cnn", "depthwise", "conv1d", "joined", "residual"), "mlp", "residual"))
def test_sixteen_bits_of_any_scale(net: str, kind: QuantType, make: Make, count: Any) -> None:
    """Scales are no powers of two, and float32 keeps but eight bits below the codes: a line does as well."""
    path = make(net, Static(activations=kind, symmetric=kind == QuantType.QInt16))
    held(path, samples(net), "onnxruntime_16_bits", count, most=0.1, levels=500, smallest=1 << 14)


def test_sixteen_bits_behind_a_bend_are_refused(make: Make) -> None:
    path = make("average", Static(activations=QuantType.QUInt16))
    with pytest.raises(InputError, match="of 65536 levels behind float operations needs 65535 thresholds a channel"):
        load_network(path)


def test_every_shape_is_among_the_files() -> None:
    for files in (QDQ_FILES, INTEGER_FILES):
        assert {net for net, _ in files} == NETS.keys() and len(files) >= 12
    assert len(np.unique(samples("mlp"))) > 1000
