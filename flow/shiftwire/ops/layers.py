"""Every layer and every weight scheme: a new one is a line here."""

from shiftwire.ir.network import Op
from shiftwire.ir.weights import Weights
from shiftwire.ops.add import Add, Multiply
from shiftwire.ops.affine import Affine
from shiftwire.ops.concat import Concat
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.flatten import Flatten, Unflatten, View
from shiftwire.ops.moves import Crop, DepthToSpace, Pad, Select, SpaceToDepth
from shiftwire.ops.partial_pool import PartialPool
from shiftwire.ops.pool import AveragePool, MaxPool, SumPool
from shiftwire.ops.relu import Relu
from shiftwire.ops.requantize import Requantize
from shiftwire.ops.threshold import Lookup, Threshold
from shiftwire.ops.upsample import Spread, Upsample
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.binary import Binary
from shiftwire.ops.weights.circulant import Circulant
from shiftwire.ops.weights.factored import Factored, FactoredAdder
from shiftwire.ops.weights.integer import Int
from shiftwire.ops.weights.shift import Shift

LAYERS: tuple[type[Op], ...] = (
    Add,
    Affine,
    AveragePool,
    Concat,
    Conv,
    Crop,
    Dense,
    DepthToSpace,
    Flatten,
    Lookup,
    MaxPool,
    Multiply,
    Pad,
    PartialPool,
    Relu,
    Requantize,
    Select,
    SpaceToDepth,
    Spread,
    SumPool,
    Threshold,
    Unflatten,
    Upsample,
    View,
)

WEIGHT_SCHEMES: tuple[type[Weights], ...] = (Adder, Binary, Circulant, Factored, FactoredAdder, Int, Shift)

WEIGHTED_LAYERS = tuple(f"{scheme.kind}{form}" for scheme in WEIGHT_SCHEMES for form in ("Conv", "Dense"))
"""Names of their layers in the ONNX contract."""
