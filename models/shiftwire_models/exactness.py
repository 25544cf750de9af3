"""Proof that float32 computes the file's integers exactly: every partial sum stays below 2**24 steps of its grid."""

import onnx
from shiftwire_hls.quantizers import find_quantizer
from shiftwire_models.code_ranges import RULES, CodeRange, Site
from shiftwire_models.errors import ModelsError
from shiftwire_models.grid import FLOAT32_INTEGER_BITS

_SCAFFOLD = ("Reshape", "Expand", "CastLike", "Constant", "Shape", "Squeeze", "Gather")
_MENDS = {
    "Clip": "the quantizer behind it saturates, so take ReLU",
    "BatchNormalization": "take BatchNormAffine",
    "Conv": "take ShiftConv2d or AdderConv2d",
    "Gemm": "take ShiftLinear or AdderLinear",
    "MatMul": "take ShiftLinear or AdderLinear",
    "ReduceMean": "average over the whole picture (PictureMean), or flatten",
}


def check_exactness(graph: onnx.GraphProto) -> None:
    """Raises ModelsError at the first node that float32 could round, or whose operation the contract lacks."""
    _refuse_foreign(graph)
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    shapes = {value.name: _sizes(value) for value in (*graph.input, *graph.value_info)}
    ranges: dict[str, CodeRange] = {}
    for node in graph.node:
        inputs = tuple(ranges[name] for name in node.input if name in ranges)
        roles = {name.removeprefix(f"{node.name}_"): constants[name] for name in node.input if name in constants}
        if not inputs and not _takes_floats(node):
            raise ModelsError(f"layer '{node.name}' reads the raw input; put an ActivationQuant before it")
        result = RULES[node.op_type](Site(node, inputs, roles, shapes.get(node.input[0], ())))
        if result.bound >= 1 << FLOAT32_INTEGER_BITS:
            raise ModelsError(
                f"layer '{node.name}' can reach {result.bound.bit_length()} bits, and float32 is exact to "
                f"{FLOAT32_INTEGER_BITS}; narrow its input format, its exponent range or its bias grid"
            )
        ranges[node.output[0]] = result


def _takes_floats(node: onnx.NodeProto) -> bool:
    quantizer = find_quantizer(node.domain, node.op_type)
    return quantizer is not None and quantizer.takes_floats


def _refuse_foreign(graph: onnx.GraphProto) -> None:
    """The operation a person wrote is named before the constants and shapes that the exporter put around it."""
    foreign = [node for node in graph.node if node.op_type not in RULES]
    if foreign:
        node = min(foreign, key=lambda node: _SCAFFOLD.index(node.op_type) if node.op_type in _SCAFFOLD else -1)
        mend = _MENDS.get(node.op_type, "build the net of shift, adder and affine layers, quantizers, ReLU and pools")
        raise ModelsError(f"layer '{node.name}' is a {node.op_type}, which the exact contract does not have; {mend}")


def _sizes(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    return tuple(int(dim.dim_value) for dim in value.type.tensor_type.shape.dim)
