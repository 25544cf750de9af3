"""An exact ONNX file as a net that torch trains, and the trained codes back in the same file."""

from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import DecodeError
from torch import Tensor, nn

import onnx
from shiftwire_hls.texts import is_all_text
from shiftwire_models.errors import ModelsError
from shiftwire_models.finetune.layers import Tuned, TunedSum
from shiftwire_models.finetune.readers import READERS, Source
from shiftwire_models.onnx_names import input_shapes
from shiftwire_models.quant import ActivationQuant
from shiftwire_models.weights.filter_terms import Nearest

_RULE = "shiftwire.nearest"
"""A node's note of how its weights are rounded in training; none is Nearest.LINEAR."""


@dataclass(frozen=True, slots=True)
class Step:
    """One node: where its layer stands, what it reads and what it makes."""

    name: str
    inputs: tuple[str, ...]
    output: str


class GraphNet(nn.Module):
    """The file's nodes in order; (N, *shape) for each of the file's inputs -> its output, a tuple where it has several.

    `is_exact` computes in float64 behind the first quantizer; what stands in front of it is the host's, in float32.
    """

    def __init__(
        self, steps: tuple[Step, ...], layers: list[nn.Module], inputs: tuple[str, ...], outputs: tuple[str, ...]
    ) -> None:
        super().__init__()
        self.steps, self.inputs, self.outputs = steps, inputs, outputs
        self.layers = nn.ModuleList(layers)
        self.is_exact = False

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Values of the file's inputs -> those of its outputs."""
        values = dict(zip(self.inputs, inputs, strict=True))
        for step, layer in zip(self.steps, self.layers, strict=True):
            y = layer(*(values[name] for name in step.inputs))
            values[step.output] = y.double() if self.is_exact and isinstance(layer, ActivationQuant) else y
        outputs = tuple(values[name] for name in self.outputs)
        return outputs[0] if len(outputs) == 1 else outputs


def load_exact(path: Path) -> onnx.ModelProto:
    """Raises ModelsError for what is no ONNX file."""
    if not path.is_file():
        raise ModelsError(f"found no file {path}; name an exact ONNX file, such as shiftwire quantize writes")
    try:
        model = onnx.load_model(str(path))
    except DecodeError as error:
        raise ModelsError(f"{path} is no ONNX file, or a truncated one; write it again") from error
    if not is_all_text(model):
        raise ModelsError(f"{path} holds a name or text that is not UTF-8; the file is damaged, write it again")
    if not model.graph.node:
        raise ModelsError(f"{path} holds no ONNX graph with nodes; write it again")
    return model


def trainable(model: onnx.ModelProto, nearest: Nearest | None = None) -> GraphNet:
    """The file's net with its codes as they are; `nearest` None rounds each layer as its node says, else linearly.

    Raises ModelsError for a node that cannot be trained through.
    """
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    steps, layers = [], []
    for node in model.graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        operands = {place: constants[name] for place, name in enumerate(node.input) if name in constants}
        if node.op_type not in READERS:
            raise ModelsError(
                f"layer '{node.name}' is a {node.op_type}, which cannot be tuned; tune files of {', '.join(READERS)}"
            )
        layers.append(READERS[node.op_type](Source(node, attributes, operands, nearest or _rule(node))))
        data = tuple(name for name in node.input if name and name not in constants)
        steps.append(Step(node.name, data, node.output[0]))
    inputs, outputs = (tuple(end.name for end in ends) for ends in (model.graph.input, model.graph.output))
    return GraphNet(tuple(steps), layers, inputs, outputs)


def with_codes(model: onnx.ModelProto, net: GraphNet) -> onnx.ModelProto:
    """A copy of the file with the net's codes in place of its own; everything else stays byte for byte."""
    tuned = onnx.ModelProto()
    tuned.CopyFrom(model)
    nodes = {node.output[0]: node for node in tuned.graph.node}
    initialisers = {tensor.name: tensor for tensor in tuned.graph.initializer}
    for step, layer in zip(net.steps, net.layers, strict=True):
        if isinstance(layer, Tuned):
            if isinstance(layer, TunedSum):
                _note_rule(nodes[step.output], layer.weight.nearest)
            names = [name for name in nodes[step.output].input if name in initialisers]
            for name, codes in zip(names, layer.codes().values(), strict=True):
                before = onnx.numpy_helper.to_array(initialisers[name])
                initialisers[name].CopyFrom(onnx.numpy_helper.from_array(codes.numpy().astype(before.dtype), name))
    return tuned


def _rule(node: onnx.NodeProto) -> Nearest:
    rules = {rule.value: rule for rule in Nearest}
    words = (entry.value for entry in node.metadata_props if entry.key == _RULE)
    return next((rules[word] for word in words if word in rules), Nearest.LINEAR)


def _note_rule(node: onnx.NodeProto, rule: Nearest) -> None:
    kept = [entry for entry in node.metadata_props if entry.key != _RULE]
    noted = [] if rule is Nearest.LINEAR else [onnx.StringStringEntryProto(key=_RULE, value=rule.value)]
    del node.metadata_props[:]
    node.metadata_props.extend([*kept, *noted])


def input_shape(model: onnx.ModelProto) -> tuple[int, ...]:
    """Of one sample of a file that reads one tensor and gives one. Raises ModelsError for others."""
    for what, ends in (("inputs", model.graph.input), ("outputs", model.graph.output)):
        if len(ends) != 1:
            names = ", ".join(f"'{end.name}'" for end in ends)
            raise ModelsError(
                f"found {len(ends)} {what} ({names}), wanted 1 to train on labels; train such a file in a loop of your "
                "own, by shiftwire_models.from_exact"
            )
    return next(iter(input_shapes(model).values()))
