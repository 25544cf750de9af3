"""A network in the making: the importer's graph, the codes of the calibration samples, and the float truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

import onnx
from shiftwire.errors import InputError
from shiftwire.ir.host import HostInput, channels_last
from shiftwire.ir.network import Op, Tensor
from shiftwire.numbers.fixed import Codes, Fixed, Overflow, Rounding, Values
from shiftwire.numbers.float_quantizer import FloatQuantizer, FloatRounding
from shiftwire.onnx.context.graph import Graph
from shiftwire.onnx.context.staircase import stepped
from shiftwire.onnx.context.view import View
from shiftwire.onnx.foreign.curves import Spelled, spelled_curves
from shiftwire.onnx.layers import reader_of
from shiftwire.ops.requantize import Requantize
from shiftwire.project.scores import relative_error
from shiftwire.quantize.floats.float_run import Floats
from shiftwire.quantize.formats import choose_format, covering, unlike_ranges
from shiftwire.quantize.options import MAX_ACT_BITS, Knob, Options
from shiftwire.quantize.places import FRONT, WEIGHTED, Places
from shiftwire.quantize.report import LayerCost
from shiftwire.quantize.scaling import EXACT_BITS, MOST_BITS, Step, TensorCodes, affine_steps
from shiftwire_hls.quantizers import find_quantizer


@dataclass
class NetworkDraft:
    """`floats` are calibration values by ONNX name (N, C, ...), `codes` what the network makes of them, by its own.

    `absorbed` ONNX tensors belong to a layer that was made whole; tensors that are `exact` were quantized by the file,
    those `chosen` got a format here, for values in their `ranges`.
    """

    graph: Graph
    nodes: list[onnx.NodeProto]
    floats: Mapping[str, Floats]
    options: Options
    codes: dict[str, Codes] = field(default_factory=dict)
    costs: list[LayerCost] = field(default_factory=list)
    absorbed: set[str] = field(default_factory=set)
    exact: set[str] = field(default_factory=set)
    input_factors: dict[str, Values] = field(default_factory=dict)
    """What the weights that read an input take in, (C,), where the host scales its channels apart."""
    chosen: set[str] = field(default_factory=set)
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    wide: set[str] = field(default_factory=set)
    """The network's names of tensors that had codes of more than EXACT_BITS."""
    curves: dict[str, Spelled] = field(init=False)
    """Activations in several operations, by what the last one makes; the others' outputs are absorbed."""

    def __post_init__(self) -> None:
        curves = spelled_curves(self.nodes, self.graph.constants, self.graph.outputs)
        self.curves = {each.output: each for each in curves}
        self.absorbed.update(name for spelled in self.curves.values() for name in spelled.between)

    @property
    def places(self) -> Places:
        """Where tensors stand in the float graph."""
        return Places(self.nodes, self.graph.outputs)

    @property
    def inputs(self) -> set[str]:
        """The network's names of the inputs that have codes."""
        return {entered.name for entered in self.graph.entered.values()}

    def truth(self, onnx_name: str) -> Values:
        """Float values (N, ..., C) of a tensor."""
        return channels_last(self.floats[onnx_name]).astype(np.float64)

    def format(self, source: str) -> Fixed:
        """That of a tensor by the network's name for it."""
        return self.graph.tensors[source].format

    def at(self, source: str) -> TensorCodes:
        """A tensor on the calibration samples."""
        return TensorCodes(self.graph.tensors[source], self.codes[source])

    def enter(self, view: View) -> None:
        """Quantize what a node reads of the host's, unless that node is the host's too or a quantizer."""
        if self.is_hosts(view) or find_quantizer(*view.key):
            return
        for name in view.inputs:
            if self.graph.is_raw(name):
                self.enter_as(name, name, self.truth(name))

    def is_hosts(self, view: View) -> bool:
        """Whether a node stands in front of the first layer, where the host does it.

        It does nothing to two tensors, nor to one whose codes another node needs as they are.
        """
        if view.key[1] not in FRONT or view.output in self.curves:
            return False
        raw = next((name for name in view.inputs if self.graph.is_raw(name)), None)
        return raw is not None and all(map(self._is_of_one, self.places.readers(raw)))

    def _is_of_one(self, node: onnx.NodeProto) -> bool:
        """Whether a node is one that the host may do, or a quantizer, and reads one tensor beside what is constant."""
        fixed = self.graph.constants.keys() | self.graph.parameters.keys()
        is_front = node.op_type in FRONT or find_quantizer(node.domain, node.op_type) is not None
        return is_front and sum(bool(name) and name not in fixed for name in node.input) == 1

    def enter_as(self, onnx_name: str, raw: str, values: Values) -> None:
        """Codes of the host's tensor `raw` in a format for `values`, known as `onnx_name`."""
        source = self.graph.raw[raw].source
        ranges = unlike_ranges(self.graph.raw[raw], values, self.places.readers(onnx_name), self.graph.constants)
        if ranges is not None and source not in self.options.formats:
            self.input_factors[onnx_name] = ranges.factor
            behind = self.graph.raw[raw]
            self.graph.raw[raw] = behind.then(*ranges.steps(len(behind.shape) + 1))
            values = ranges.narrowed(values)
        format = self.choose(source, values, self.options.input_bits)
        if float(np.abs(values).max()) < 2.0 ** -(format.frac + 1):
            raise InputError(
                f"the values of '{source}' reach {float(np.abs(values).max()):.3g} and are 0 on the "
                f"finest grid there is, 2^-{format.frac}; scale the samples and the first layer"
            )
        self.graph.enter(onnx_name, raw, format, HostInput(True, Rounding.HALF_EVEN, Overflow.SATURATE))
        self.advance()
        self._cost_of_requantize(self.graph.known[onnx_name], format, values, Knob.INPUT_BITS)

    def weights(self, onnx_name: str, weights: Values) -> Values:
        """Weights (out, ..., C) of a layer as they read the codes of a tensor."""
        factor = self.input_factors.get(onnx_name)
        return weights if factor is None else weights * factor

    def source(self, onnx_name: str) -> str:
        """The network's name of a tensor; a scale that the file leaves on it becomes an Affine now."""
        name, pending = self.graph.opened(onnx_name)
        if not pending.is_linear:
            self.step(onnx_name)
        elif not pending.is_none:
            del self.graph.pending[onnx_name]
            slope = pending.slope(self.tensor(name).shape[-1])
            steps = affine_steps(self.at(name), self.truth(onnx_name), slope, self.options, is_last=False,
                                 most_bits=self.places.most_bits(onnx_name))  # fmt: skip
            self.emit(steps, name, onnx_name)
        return self.graph.known[onnx_name]

    def step(self, onnx_name: str) -> None:
        """Codes, in a format of their own, of values that a curve or a cut has bent: a Threshold, or a table."""
        right = self.truth(onnx_name)
        format = self.choose(onnx_name, right)
        quantizer = FloatQuantizer(2.0**-format.frac, 0, format.lo, format.hi, FloatRounding.HALF_EVEN)
        scale = np.float64(quantizer.scale).reshape(())
        if onnx_name in self.graph.tabulated:
            self.graph.settle_table(onnx_name, onnx_name, scale, quantizer.codes)
            del self.graph.tabulated[onnx_name]
        else:
            name, pending = self.graph.opened(onnx_name)
            ops, _ = stepped(pending, self.tensor(name), scale, quantizer.codes, quantizer.rounding)
            self.graph.known[onnx_name] = self.graph.chain(ops, name, onnx_name)
        del self.graph.pending[onnx_name]
        self.advance()
        stepped_name = self.graph.known[onnx_name]
        self._cost_of_requantize(stepped_name, self.format(stepped_name), right, Knob.ACT_BITS)

    def emit(self, steps: tuple[Step, ...], source: str, onnx_name: str) -> None:
        """Append a chain whose codes are known, the last op under the tensor's own name."""
        for at, step in enumerate(steps):
            is_last = at == len(steps) - 1
            source = self.adopt(
                step.op, source, onnx_name if is_last else f"{onnx_name}_sum{at or ''}", step.output.codes
            )
        self.graph.known[onnx_name] = source

    def append(self, op: Op, source: str | tuple[str, ...], name: str) -> str:
        """A new node of one tensor or several, and its codes."""
        unique = self.graph.append(op, (source,) if isinstance(source, str) else source, name)
        self.advance()
        return unique

    def adopt(self, op: Op, source: str, name: str, codes: Codes) -> str:
        """A new node whose codes are known."""
        unique = self.graph.append(op, (source,), name)
        self.codes[unique] = codes
        return unique

    def advance(self) -> None:
        """Codes of every tensor that has none yet."""
        for source, entered in self.graph.entered.items():
            if entered.name not in self.codes:
                self.codes[entered.name] = entered.host.encode(self.floats[source], entered.tensor.format)
        fresh = []
        for node in reversed(self.graph.nodes):
            if node.name in self.codes:
                break
            fresh.append(node)
        for node in reversed(fresh):
            tensors = [self.graph.tensors[source] for source in node.inputs]
            self.codes[node.name] = node.op.evaluate(tensors, *(self.codes[source] for source in node.inputs))

    def keep(self, onnx_names: Iterable[str]) -> None:
        """Forget the codes of tensors that no ONNX node still to come reads."""
        sources = [spelled.source for output, spelled in self.curves.items() if output not in self.graph.known]
        wanted = {self.graph.known[name] for name in (*onnx_names, *sources) if name in self.graph.known}
        wanted.update(self.inputs)
        self.wide.update(name for name, codes in self.codes.items() if np.abs(codes).max() > 1 << EXACT_BITS)
        last = self.graph.nodes[-1].name if self.graph.nodes else ""
        self.codes = {name: codes for name, codes in self.codes.items() if name in wanted or name == last}

    def activation(self, onnx_name: str) -> str:
        """The network's name of a tensor of few enough bits; a wider one is requantized once, for all its readers.

        Tensors of one value a channel, such as averages over an image, keep as many bits as the input.
        """
        source = self.source(onnx_name)
        tensor, options = self.tensor(source), self.options
        is_input = source in self.inputs
        bits = options.bits_of(onnx_name)
        if tensor.size == tensor.shape[-1] and onnx_name not in options.bits:
            bits = max(bits, options.input_bits)
        if source in self.exact or is_input or tensor.format.bits <= bits:
            return source
        format = self.choose(onnx_name, self.truth(onnx_name), bits)
        narrowed = self.requantize(source, format, f"{onnx_name}_quant")
        self.graph.known[onnx_name] = narrowed
        return narrowed

    def requantize(self, source: str, format: Fixed, name: str, how: str = "") -> str:
        """A rounding, saturating step to an activation format.

        On the way to a grid so much finer that codes would not fit, what saturates there does so at once.
        """
        before = self.at(source).values
        wide = self.format(source)
        finer = format.frac - wide.frac
        if wide.signed_bits + finer > MOST_BITS:
            low, high = (format.lo >> finer) - 1, (format.hi >> finer) + 1
            near = Fixed.covering(max(wide.lo, low), min(wide.hi, high), wide.frac)
            source = self.append(Requantize(near, Rounding.FLOOR, Overflow.SATURATE), source, f"{name}_near")
        output = self.append(Requantize(format, Rounding.HALF_UP, Overflow.SATURATE), source, name)
        self._cost_of_requantize(
            output, format, np.maximum(before, 0) if not format.signed else before, Knob.ACT_BITS, how
        )
        return output

    def narrow_for_readers(self, onnx_name: str) -> None:
        """Requantize a tensor where it is made, if a layer with weights or several nodes read it."""
        readers = self.places.readers(onnx_name)
        if onnx_name not in self.graph.known or not readers or find_quantizer(readers[0].domain, readers[0].op_type):
            return
        if len(readers) > 1 or readers[0].op_type in WEIGHTED:
            self.activation(onnx_name)

    def choose(self, onnx_name: str, values: Values, bits: int | None = None) -> Fixed:
        """A tensor's format, an activation's unless `bits` are given."""
        self.chosen.add(onnx_name)
        self.ranges[onnx_name] = float(values.min()), float(values.max())
        return choose_format(onnx_name, values, bits or self.options.bits_of(onnx_name), self.options)

    def finer(self, bits: int) -> dict[str, tuple[str, Fixed]]:
        """By a layer's name, the tensor that `--format` knows it by, and a format of more bits for all its values."""
        names = {self.graph.known[name]: name for name in self.ranges if name in self.graph.known}
        return {
            layer: (name, covering(*self.ranges[name], min(self.format(layer).bits + bits, MAX_ACT_BITS)))
            for layer, name in names.items()
        }

    def require_used(self) -> None:
        """Raise InputError for a format, or bits, that the user gave and no tensor took."""
        options = self.options
        for what, names in (("the format of '{}' was", options.formats), ("bits of '{}' were", options.bits)):
            for name in sorted(set(names) - self.chosen):
                raise InputError(
                    f"{what.format(name)} asked for, but no tensor of that name is quantized; "
                    f"name one of {', '.join(sorted(self.chosen))}"
                )

    def read(self, view: View) -> None:
        """What convert makes of a node; it stays exact where what it reads is."""
        before, entered = len(self.graph.nodes), self.inputs
        reader_of(view)(view, self.graph)
        self.advance()
        fresh = {node.name for node in self.graph.nodes[before:]}
        sources = {source for node in self.graph.nodes[before:] for source in node.inputs} - fresh
        if sources <= self.exact:
            self.exact |= fresh | (self.inputs - entered)

    def carry(self, op: Op, source: str, onnx_name: str) -> None:
        """An op that makes what the float node makes, exactly."""
        output = self.append(op, source, onnx_name)
        self.graph.known[onnx_name] = output
        if source in self.exact:
            self.exact.add(output)

    def tensor(self, source: str) -> Tensor:
        """A tensor by the network's name for it, which is not always the ONNX one."""
        return self.graph.tensors[source]

    def _cost_of_requantize(self, name: str, format: Fixed, before: Values, knob: Knob, how: str = "") -> None:
        own = relative_error(self.at(name).values, before)
        self.costs.append(LayerCost(name, "Requantize", str(format), own_error=own, knob=knob, how=how))
