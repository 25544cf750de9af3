"""The digits that come with scikit-learn: 1,797 pictures of 8 x 8, no download."""

from dataclasses import dataclass

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor

PIXEL_STEPS = 16
"""Pixels are 0..16, so value = pixel / 16 is exact with four fraction bits."""


@dataclass(frozen=True, slots=True)
class Split:
    """x float32 (N, 1, 8, 8), values 0..1; y int64 (N,), digits 0..9."""

    x: Tensor
    y: Tensor


@dataclass(frozen=True, slots=True)
class Digits:
    """1,437 pictures to train on, 360 to test with; the two never meet."""

    train: Split
    test: Split


def digits() -> Digits:
    """Stratified split with seed 0. Source: UCI optical recognition of handwritten digits, via scikit-learn."""
    pixels, labels = load_digits(return_X_y=True)
    parts = train_test_split(pixels, labels, test_size=360, random_state=0, stratify=labels)
    x_train, x_test, y_train, y_test = (torch.from_numpy(part) for part in parts)
    return Digits(Split(_images(x_train), y_train.long()), Split(_images(x_test), y_test.long()))


def _images(pixels: Tensor) -> Tensor:
    return (pixels / PIXEL_STEPS).float().reshape(-1, 1, 8, 8)
