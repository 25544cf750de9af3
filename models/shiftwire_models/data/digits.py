"""The digits that come with scikit-learn: 1,797 pictures of 8 x 8, no download."""

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor

from shiftwire_models.data.split import Dataset, Split

PIXEL_STEPS = 16
"""Pixels are 0..16, so value = pixel / 16 is exact with four fraction bits."""


def digits() -> Dataset:
    """1,437 pictures (1, 8, 8) to train on and 360 to test with, a stratified split with seed 0.

    Source: UCI optical recognition of handwritten digits, via scikit-learn.
    """
    pixels, labels = load_digits(return_X_y=True)
    parts = train_test_split(pixels, labels, test_size=360, random_state=0, stratify=labels)
    x_train, x_test, y_train, y_test = (torch.from_numpy(part) for part in parts)
    return Dataset(Split(_images(x_train), y_train.long()), Split(_images(x_test), y_test.long()))


def _images(pixels: Tensor) -> Tensor:
    return (pixels / PIXEL_STEPS).float().reshape(-1, 1, 8, 8)
