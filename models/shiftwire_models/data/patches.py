"""Natural pictures without labels: pieces of the two photographs that come with scikit-learn."""

import importlib.util

import torch
from sklearn.datasets import load_sample_images
from torch import Tensor

from shiftwire_models.errors import ModelsError

SIDE = 32
CIFAR_MEAN = (0.4914, 0.4822, 0.4465)
CIFAR_DEVIATION = (0.2023, 0.1994, 0.2010)
"""Red, green, blue on 0..1, as nets for CIFAR-10 are trained."""


def photograph_patches() -> Tensor:
    """float32 (520, 3, 32, 32), values 0..1: 13 x 20 pieces of each photograph that do not overlap.

    Source: china.jpg by danielbuechele and flower.jpg by vultilion, CC BY 2.0, via scikit-learn.
    """
    if importlib.util.find_spec("PIL") is None:
        raise ModelsError("the photographs need the package pillow, which is not installed; pip install pillow")
    images = load_sample_images().images
    photographs = torch.stack([torch.from_numpy(image.copy()) for image in images]).permute(0, 3, 1, 2)
    height, width = (side // SIDE * SIDE for side in photographs.shape[2:])
    pieces = photographs[:, :, :height, :width].unfold(2, SIDE, SIDE).unfold(3, SIDE, SIDE)
    return pieces.permute(0, 2, 3, 1, 4, 5).reshape(-1, 3, SIDE, SIDE).float() / 255


def cifar_normalised(x: Tensor) -> Tensor:
    """(N, 3, ...) of values 0..1 as CIFAR-10's nets read them: mean 0 and deviation 1 for each colour."""
    mean, deviation = (torch.tensor(values).reshape(1, 3, 1, 1) for values in (CIFAR_MEAN, CIFAR_DEVIATION))
    return (x - mean) / deviation
