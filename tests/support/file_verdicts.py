"""Random ONNX files judged: converted and equal to their own run, or refused with all that is strange named."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import numpy as np

import onnx
from onnx import helper
from random_files import random_file
from shiftwire.errors import InputError
from shiftwire.onnx.file import import_domains
from shiftwire.onnx.importer import network_from_model
from shiftwire.onnx.runtime import run_onnx

SAMPLES, TIED = 16, 1
"""Samples of a file, and those of which a code may lie on a tie of half a step."""
NUDGE = 2.0**-12
"""Of a step: what is added in front of every Floor to tell an exact edge, where float32 noise decides, from a fault."""

STRANGE = (
    "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cos", "Cosh", "GlobalLpPool", "Hardmax", "IsInf", "IsNaN",
    "LRN", "LpNormalization", "MeanVarianceNormalization", "ReduceL1", "ReduceL2", "ReduceLogSum",
    "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare", "Shrink", "Sin", "Sinh",
    "Tan", "ThresholdedRelu", "Trilu",
)  # fmt: skip
"""Operations of one input that no layer stands for."""

SETTINGS: dict[str, dict[str, Any]] = {"LRN": {"size": 3}}
NEWEST = 20
"""Opset that has all of them."""
DOMAINS = ("", "", "", "acme.ops", "com.microsoft", "ai.onnx.contrib")


class Outcome(enum.Enum):
    """What became of a file."""

    EQUAL = "equal"
    DIFFERENT = "different"
    REFUSED = "refused"


@dataclass(frozen=True)
class Verdict:
    """`off` is the share of outputs that differ, `sentence` the refusal."""

    outcome: Outcome
    off: float = 0.0
    sentence: str = ""


def samples(model: onnx.ModelProto, seed: int) -> np.ndarray:
    """Values that reach every level of a quantizer, and beyond."""
    shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim][1:]
    return np.random.default_rng(seed).normal(0, 1.5, (SAMPLES, *shape)).astype(np.float32)


def judged(seed: int) -> Verdict:
    """A valid file of operations that are read."""
    model = random_file(seed)
    import_domains(model)
    x = samples(model, seed)
    wanted = run_onnx(model, x)
    try:
        network = network_from_model(model)
    except InputError as refusal:
        return Verdict(Outcome.REFUSED, sentence=str(refusal))
    codes = network.evaluate(network.host_input.encode(x, network.input.format))
    values = network.host_output.decode(codes, network.output.format)
    differs = parted(values, wanted)
    off = float(differs.mean())
    if differs.any():
        differs &= parted(values, run_onnx(nudged(model), x))
    return Verdict(Outcome.EQUAL if differs.sum() <= TIED else Outcome.DIFFERENT, off)


def parted(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Samples (N,) of which some value differs."""
    worst = np.abs(values - wanted).reshape(len(values), -1).max(axis=1)
    return np.asarray(worst > 1e-5 * np.abs(wanted).max() + 1e-7)


def nudged(model: onnx.ModelProto) -> onnx.ModelProto:
    """The file with every Floor a little above each edge: where sums lie exactly on one, the exact answer."""
    above = onnx.ModelProto()
    above.CopyFrom(model)
    above.graph.initializer.append(onnx.numpy_helper.from_array(np.array(NUDGE, np.float32), "nudge"))
    for at in range(len(above.graph.node) - 1, -1, -1):
        node = above.graph.node[at]
        if node.op_type == "Floor":
            raised = helper.make_node("Add", [node.input[0], "nudge"], [f"{node.input[0]}_raised_{at}"])
            node.input[0] = raised.output[0]
            above.graph.node.insert(at, raised)
    return above


def strange_file(seed: int) -> tuple[onnx.ModelProto, set[str]]:
    """A valid file with up to four operations that nothing handles, and their names."""
    model, rng = random_file(seed), np.random.default_rng((seed, 99))
    chosen = rng.choice(STRANGE, int(rng.integers(1, 5)), replace=False).tolist()
    for kind in chosen:
        nodes = [node for node in model.graph.node if "x" in node.input[:1] or node.op_type == "Relu"]
        at = nodes[int(rng.integers(len(nodes)))] if nodes else model.graph.node[0]
        domain = str(rng.choice(DOMAINS))
        output = f"strange_{kind}"
        strange = helper.make_node(kind, [at.input[0]], [output], name=f"node_{kind}", domain=domain,
                                   **SETTINGS.get(kind, {}))  # fmt: skip
        position = list(model.graph.node).index(at)
        at.input[0] = output
        model.graph.node.insert(position, strange)
    model.opset_import[0].version = NEWEST
    import_domains(model)
    return model, set(chosen)


def unnamed(seed: int) -> set[str] | None:
    """Strange operations that the refusal of such a file does not name; None where it is not refused."""
    model, chosen = strange_file(seed)
    try:
        network_from_model(model)
    except InputError as refusal:
        return {kind for kind in chosen if kind not in str(refusal)}
    return None
