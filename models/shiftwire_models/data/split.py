"""Labelled pictures, and the two parts of a data set that never meet."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Split:
    """x float32 (N, channels, height, width), values 0..1; y int64 (N,), classes from 0."""

    x: Tensor
    y: Tensor


@dataclass(frozen=True, slots=True)
class Dataset:
    """Pictures to train on and pictures to test with."""

    train: Split
    test: Split
