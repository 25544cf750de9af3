"""The float weights an exact file came from, found by likeness: names change on the way, directions do not."""

import numpy as np
import torch
from numpy.typing import NDArray

import onnx
from shiftwire_models.errors import ModelsError
from shiftwire_models.finetune.graph import GraphNet
from shiftwire_models.finetune.layers import TunedSum
from shiftwire_models.weights.filter_terms import Nearest

_LIKE = 0.5
"""Largest distance, relative to the weight, at which two tensors are the same layer: k = 1 strays by 0.2."""
_LIKE_SIGNS = 0.85
"""The same of signs, which stray by 0.6 from weights of a normal distribution; those of another layer by nearly 1."""

_TINY = float(np.finfo(np.float32).tiny)
Floats = NDArray[np.float32]


def take_float_weights(net: GraphNet, model: onnx.ModelProto) -> int:
    """Give every layer the latents of the float file, each filter scaled as its codes are; returns how many found one.

    Raises ModelsError where not one layer did: then it is another net's file.
    """
    tensors = [onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer]
    floats = [tensor for tensor in tensors if tensor.dtype == np.float32 and tensor.ndim > 1]
    floats += [tensor.T for tensor in floats if tensor.ndim == 2]
    layers = [layer for layer in net.layers if isinstance(layer, TunedSum) and layer.weight.latent.dim() > 1]
    matched = 0
    for layer in layers:
        codes = layer.weight.latent.detach().numpy()
        scaled = [_scaled(tensor, codes) for tensor in floats if tensor.shape == codes.shape]
        best = min(scaled, key=lambda tensor: _distance(tensor, codes), default=None)
        most = _LIKE_SIGNS if layer.weight.nearest is Nearest.SIGN else _LIKE
        if best is not None and layer.weight.latent.requires_grad and _distance(best, codes) < most:
            layer.weight.latent.data = torch.from_numpy(best)
            matched += 1
    if not matched:
        raise ModelsError("no layer of the exact file resembles a weight of the float file; name the file it came from")
    return matched


def _scaled(tensor: Floats, codes: Floats) -> Floats:
    """Each filter times what brings it nearest to its codes: a batch norm may have been folded in."""
    axes = tuple(range(1, tensor.ndim))
    length = (tensor * tensor).sum(axes, keepdims=True)
    scale = (tensor * codes).sum(axes, keepdims=True) / np.maximum(length, _TINY)
    scaled: Floats = (tensor * scale).astype(np.float32)
    return scaled


def _distance(tensor: Floats, codes: Floats) -> float:
    return float(np.linalg.norm(tensor - codes)) / max(float(np.linalg.norm(codes)), _TINY)
