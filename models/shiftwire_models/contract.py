"""A layer as the ONNX contract states it: one node, its integer tensors, its attributes."""

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

Attribute = int | float | str | bool | Sequence[int] | Sequence[float] | Sequence[str] | Sequence[bool]
"""What torch.onnx takes; the contract itself uses int, str and lists of int."""
Shape = tuple[int, ...]


@runtime_checkable
class Freezable(Protocol):
    """A layer that training shapes and export replaces by a contract node."""

    def frozen(self) -> "ContractNode":
        """The layer as it is exported, with the codes it has now."""
        ...


def same_shape(shape: Shape) -> Shape:
    """For a node that changes no shape."""
    return shape


class ContractNode(nn.Module):
    """Speaks only during export: torch.onnx writes one node `domain::op`; plain calls are not supported.

    tensors     buffers in the order of the node's inputs after x
    out_shape   output shape from x's shape, batch included (the batch may be symbolic)
    """

    def __init__(
        self,
        op: str,
        tensors: Mapping[str, Tensor],
        attributes: Mapping[str, Attribute],
        out_shape: Callable[[Shape], Shape] = same_shape,
    ) -> None:
        super().__init__()
        self.op = op
        self.attributes = dict(attributes)
        self.out_shape = out_shape
        self.inputs = tuple(tensors)
        for name, tensor in tensors.items():
            self.register_buffer(name, tensor)

    def forward(self, x: Tensor) -> Tensor:
        """A symbolic value of `out_shape`; torch's exporter alone can read it."""
        operands = (x, *(self.get_buffer(name) for name in self.inputs))
        shape = self.out_shape(tuple(x.shape))
        node: Tensor = torch.onnx.ops.symbolic(
            self.op, operands, self.attributes, dtype=torch.float32, shape=shape, version=1 if "::" in self.op else None
        )
        return node


def freeze(net: nn.Module) -> nn.Module:
    """A copy in which every trainable layer is its contract node; the net itself stays as it was."""
    if isinstance(net, Freezable):
        return net.frozen()
    if isinstance(net, nn.Flatten) and (net.start_dim, net.end_dim) == (1, -1):
        # the exporter would write a Reshape, which the contract does not have
        return ContractNode("Flatten", {}, {"axis": 1}, lambda x: (x[0], math.prod(x[1:])))
    twin = copy.copy(net)
    twin._modules = {name: freeze(child) if child is not None else None for name, child in net._modules.items()}
    return twin
