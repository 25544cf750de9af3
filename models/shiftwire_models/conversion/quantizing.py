"""`shiftwire quantize` on a float file: it is called as a program, since nets and the flow meet in files alone."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import numpy as np
import torch

import onnx
from shiftwire_models.conversion.inputs import Samples
from shiftwire_models.conversion.samples import MOST
from shiftwire_models.errors import ModelsError
from shiftwire_models.weights.filter_terms import Nearest

_SENTENCE = "shiftwire quantize: "


class Method(Enum):
    """How a weight becomes powers of two; the words are words of `shiftwire quantize --method`."""

    LINEAR = "linear"
    LIGHTNN = "lightnn"
    DEEPSHIFT = "deepshift"
    APOT = "apot"
    BINARY = "binary"

    @property
    def nearest(self) -> Nearest:
        """How the terms are rounded while they are trained; signs stay signs."""
        return Nearest.LOG if self in (Method.LIGHTNN, Method.DEEPSHIFT) else Nearest.LINEAR


@dataclass(frozen=True, slots=True)
class Choices:
    """What `shiftwire quantize` is asked for; None leaves a choice to it.

    terms         most powers of two a weight has, for LINEAR and LIGHTNN
    act_bits      bits between layers, sign included; input_bits  of the input
    exponents     how many a layer's weights may use
    error_budget  relative error of a filter, which takes the fewest terms within
    formats       of tensors by name, such as u8.4
    """

    method: Method = Method.LINEAR
    terms: int | None = None
    act_bits: int = 8
    input_bits: int = 10
    exponents: int | None = None
    error_budget: float | None = None
    formats: Mapping[str, str] = field(default_factory=dict)

    def options(self) -> list[str]:
        """As the command line has them."""
        numbers = {
            "--terms": self.terms,
            "--act-bits": self.act_bits,
            "--input-bits": self.input_bits,
            "--exponents": self.exponents,
            "--error-budget": self.error_budget,
        }
        asked = [word for name, value in numbers.items() if value is not None for word in (name, str(value))]
        formats = [word for name, format in self.formats.items() for word in ("--format", f"{name}={format}")]
        return ["--method", self.method.value, *asked, *formats]


def method_named(text: str) -> Method:
    """The method of a word. Raises ModelsError."""
    try:
        return Method(text)
    except ValueError:
        names = ", ".join(method.value for method in Method)
        raise ModelsError(f"no method is called '{text}'; take one of {names}") from None


def quantized(model: onnx.ModelProto, samples: Samples, choices: Choices) -> onnx.ModelProto:
    """The exact file of a float one, its formats calibrated on samples (N, ...) of each input. Raises ModelsError."""
    return quantized_by(model, samples, choices.options())


def quantized_by(model: onnx.ModelProto, samples: Samples, options: Sequence[str]) -> onnx.ModelProto:
    """The same by options of the command line."""
    count = len(samples[0])
    if count > MOST:
        picked = torch.linspace(0, count - 1, MOST).long()
        return quantized_by(model, tuple(part[picked] for part in samples), options)
    names = [end.name for end in model.graph.input]
    with tempfile.TemporaryDirectory() as folder:
        source, data, target = (Path(folder) / name for name in ("float.onnx", "samples.npz", "exact.onnx"))
        source.write_bytes(model.SerializeToString(deterministic=True))
        np.savez(data, **{name: part.numpy() for name, part in zip(names, samples, strict=True)})
        command = [sys.executable, "-P", "-m", "shiftwire", "quantize", str(source), "--calibrate", str(data)]
        done = subprocess.run(
            [*command, "-o", str(target), "--no-trials", "--samples", str(count), *options],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ModelsError(_sentence(done.stderr, (source, data)))
        return onnx.load_model(str(target))


def _sentence(log: str, paths: tuple[Path, ...]) -> str:
    """The last line of the log, without the places of files that nobody knows of."""
    lines = [line for line in log.strip().splitlines() if line.strip()] or ["shiftwire quantize ended without a word"]
    said_of = lines[-1].removeprefix(_SENTENCE)
    for path in paths:
        for place in (f"; in {path}", f", in {path}", f" (in {path})", f"in {path}"):
            said_of = said_of.replace(place, "")
    return said_of
