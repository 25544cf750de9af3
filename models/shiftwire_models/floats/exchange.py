"""Weights of a float net as the products that SmartExchange's factors give: what it is trained on between epochs.

`shiftwire quantize` finds the factors, for nets and the flow meet in files alone: the net is written, and what the
exact file has of factors is multiplied out.
"""

import copy
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import onnx
from onnx import numpy_helper
from shiftwire_models.conversion.quantizing import quantized_by
from shiftwire_models.errors import ModelsError
from shiftwire_models.exact_export import export_float

KERNELS = {(1, 1), (3, 3)}
"""Of convolutions that have factors."""


def exchange(net: nn.Module, x: Tensor, theta: float) -> None:
    """Every weight that has factors becomes their product, in place; x (N, ...) are samples. Raises ModelsError."""
    twin = copy.deepcopy(net).eval()
    twin.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # keyword alone, which torch takes
    model = export_float(twin, tuple(x.shape[1:]))
    exact = quantized_by(model, (x,), ["--method", "smartexchange", "--theta", f"{theta:g}"])
    weights, products = list(_weights(net, model.graph)), list(_products(exact.graph))
    if [tuple(weight.shape) for weight in weights] != [product.shape for product in products]:
        raise ModelsError(
            f"found factors of {len(products)} layers in the exact file, wanted those of {len(weights)} in the same "
            "order; let no two layers have the same weights"
        )
    for weight, product in zip(weights, products, strict=True):
        weight.data.copy_(torch.from_numpy(product))


def _weights(net: nn.Module, graph: onnx.GraphProto) -> Iterator[Tensor]:
    """Those that have factors, in the order in which the net runs their layers; they are known by their values."""
    own = {
        module.weight.detach().numpy().tobytes(): module.weight
        for module in net.modules()
        if isinstance(module, nn.Linear)
        or (isinstance(module, nn.Conv2d) and module.kernel_size in KERNELS and module.groups == 1)
    }
    values = {tensor.name: numpy_helper.to_array(tensor).tobytes() for tensor in graph.initializer}
    used = (values.get(name, b"") for node in graph.node for name in node.input[1:2])
    return (own[each] for each in used if each in own)


def _products(graph: onnx.GraphProto) -> Iterator[NDArray[np.float64]]:
    """Weights (out, in...) of every layer of factors, as the contract's functions multiply them out."""
    values = {tensor.name: numpy_helper.to_array(tensor).astype(np.float64) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type not in ("FactoredConv", "FactoredDense"):
            continue
        numbers = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        sign, exponent, basis = (values[name] for name in node.input[1:4])
        product = sign * 2.0**exponent @ basis * 2.0 ** -numbers["basis_frac"]
        shape = tuple(numbers["shape"])
        yield product.reshape(len(product), -1)[:, : np.prod(shape)].reshape(-1, *shape)
