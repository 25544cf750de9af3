"""A classifier of handwritten digits, trained here, as files whose first and last nodes are the host's.

Two neighbouring columns of a picture are two channels, so that (N, 8, 4, 2) lies in another order than (N, 2, 8, 4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from sklearn.datasets import load_digits

import onnx
from foreign_files import File
from onnx import TensorProto

TRAINED = 1_297
"""Pictures that the classifier learns; the other 500 are for the accuracy."""

STEPS = 300
BYTE = int(TensorProto.UINT8)
INDEX = int(TensorProto.INT64)


@dataclass(frozen=True)
class Trained:
    """`mean` and `std` (2,) of the pixels, `conv` (8, 2, 3, 3), `bias` (8,), `dense` (10, 64) and what is behind it.

    A class's score is scale * (dense @ hidden) + offset; every row of `dense` ends at 1 or -1.
    """

    mean: np.ndarray
    std: np.ndarray
    conv: np.ndarray
    bias: np.ndarray
    dense: np.ndarray
    scale: np.ndarray
    offset: np.ndarray


@cache
def pictures() -> tuple[np.ndarray, np.ndarray]:
    """Bytes (1797, 8, 4, 2) and labels (1797,), in a random order."""
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    return data.images[order].astype(np.uint8).reshape(-1, 8, 4, 2), data.target[order].astype(np.int64)


@cache
def trained() -> Trained:
    """In float32, in seconds."""
    pixels, labels = pictures()
    x = pixels[:TRAINED].astype(np.float32)
    mean, std = x.mean((0, 1, 2)), x.std((0, 1, 2))
    torch.manual_seed(0)
    conv, dense = torch.nn.Conv2d(2, 8, 3, stride=2, padding=1), torch.nn.Linear(64, 10)
    net = torch.nn.Sequential(conv, torch.nn.ReLU(), torch.nn.Flatten(), dense)
    images = torch.from_numpy(np.moveaxis((x - mean) / std, -1, 1).copy())
    answers, adam = torch.from_numpy(labels[:TRAINED]), torch.optim.Adam(net.parameters(), 0.02, weight_decay=1e-4)
    for _ in range(STEPS):
        adam.zero_grad()
        torch.nn.functional.cross_entropy(net(images), answers).backward()
        adam.step()
    kernel, bias, rows, offset = (p.detach().numpy() for p in (conv.weight, conv.bias, dense.weight, dense.bias))
    scale = np.abs(rows).max(axis=1)
    return Trained(mean, std, kernel, bias, rows / scale[:, None], scale, offset)


Ending = Callable[[File, str], None]
"""Nodes behind the scores; the last one makes y."""


def _softmax(file: File, scores: str) -> None:
    file.add("Softmax", scores, axis=1, out="y")


def _log_softmax(file: File, scores: str) -> None:
    file.add("LogSoftmax", scores, axis=1, out="y")


def _argmax(file: File, scores: str) -> None:
    file.add("ArgMax", file.add("Softmax", scores, axis=1), axis=1, keepdims=0, out="y")


def _channels_last(file: File, pixels: str) -> str:
    return file.add("Transpose", pixels, perm=[0, 3, 1, 2])


def _rows(file: File, pixels: str) -> str:
    return file.add("Transpose", file.add("Reshape", pixels, np.array([0, 8, 4, 2])), perm=[0, 3, 1, 2])


FILES: dict[str, tuple[tuple[int, ...], Callable[[File, str], str], Ending, int, int]] = {
    "channels last, softmax": ((8, 4, 2), _channels_last, _softmax, 2, int(TensorProto.FLOAT)),
    "rows, log softmax": ((64,), _rows, _log_softmax, 2, int(TensorProto.FLOAT)),
    "channels last, argmax": ((8, 4, 2), _channels_last, _argmax, 1, INDEX),
}
"""A sample's shape, how it becomes (2, 8, 4), the ending, and the output's axes and type."""


def digits_file(name: str) -> onnx.ModelProto:
    """From bytes to a class's probability, its logarithm or the class."""
    shape, begin, end, rank, kind = FILES[name]
    net = trained()
    file = File(shape, kind=BYTE, result=kind, rank=rank)
    pixels = begin(file, file.add("Cast", "x", to=int(TensorProto.FLOAT)))
    centered = file.add("Sub", pixels, net.mean.reshape(2, 1, 1))
    a = file.quant(file.add("Div", centered, net.std.reshape(2, 1, 1)), 0.093, 5)
    w = file.quant(net.conv, float(np.abs(net.conv).max() / 7), 4)
    sums = file.add("Conv", a, w, net.bias, pads=[1] * 4, strides=[2, 2])
    hidden = file.quant(file.add("Relu", sums), 0.31, 4, signed=0)
    scores = file.add("Gemm", file.add("Flatten", hidden), file.quant(net.dense, 1 / 7, 4), transB=1)
    end(file, file.add("Add", file.add("Mul", scores, net.scale), net.offset))
    return file.model()


def digits_data(name: str, count: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """Pictures that were not learnt, in the file's own layout, and their labels."""
    pixels, labels = pictures()
    return pixels[TRAINED:][:count].reshape(-1, *FILES[name][0]), labels[TRAINED:][:count]
