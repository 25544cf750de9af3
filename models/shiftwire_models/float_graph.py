"""What a float file may hold, so that quantizing it has one meaning."""

import onnx
from shiftwire_models.errors import ModelsError

_ADDERS = ("AdderConv", "AdderDense")


def check_float_graph(graph: onnx.GraphProto) -> None:
    """Raises ModelsError at the first node of the contract that is no float adder: a net half codes, half floats."""
    floats = {tensor.name for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT}
    for node in graph.node:
        if node.domain and not (node.op_type in _ADDERS and node.input[1] in floats):
            raise ModelsError(
                f"layer '{node.name}' is quantized already ({node.op_type}), and a float file holds float layers "
                "alone; export the net as an exact file instead"
            )
