"""The layers: one file each, with shape inference, the specification and the kernel."""

from shiftwire.ops.affine import Affine
from shiftwire.ops.bias import Bias
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.join import Add, Concat
from shiftwire.ops.pool import AveragePool, MaxPool, SumPool
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.reshape import Flatten, Pad
from shiftwire.ops.threshold import Threshold
from shiftwire.ops.weights import Adder, Int, Shift, Weights
from shiftwire.ops.window import Window

__all__ = [
    "Add",
    "Adder",
    "Affine",
    "AveragePool",
    "Bias",
    "Concat",
    "Conv",
    "Dense",
    "Flatten",
    "Int",
    "MaxPool",
    "Pad",
    "Relu",
    "Requantize",
    "Shift",
    "SumPool",
    "Threshold",
    "Weights",
    "Window",
]
