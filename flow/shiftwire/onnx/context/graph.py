"""What the importer knows so far: names, tensors and the nodes made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.host import HostInput
from shiftwire.ir.network import Network, NetworkInput, NetworkOutput, Node, Op, Tensor
from shiftwire.numbers.fixed import Codes, Fixed, Values
from shiftwire.numbers.float_quantizer import FloatQuantizer, FloatRounding, Floats
from shiftwire.onnx.canonical.draft import INPUT_FORMAT_KEY, input_key
from shiftwire.onnx.context.host import Entered, InputWish, Raw, Tail, host_output
from shiftwire.onnx.context.joined import Joined, Tabulated
from shiftwire.onnx.context.parameter import IntegerWeights, Parameter
from shiftwire.onnx.context.pending import RELU, Pending, normalised
from shiftwire.onnx.context.staircase import CodesOf, exact_affine, looked_up, rounded_unit, settled, summed
from shiftwire.onnx.context.view import Constants, View
from shiftwire.ops.add import Add, Multiply
from shiftwire.ops.flatten import Flatten, Unflatten
from shiftwire.ops.moves import Crop, DepthToSpace, Select, SpaceToDepth
from shiftwire.ops.pool import MaxPool
from shiftwire.ops.relu import Relu
from shiftwire.ops.threshold import Lookup, Threshold
from shiftwire.ops.upsample import Spread, Upsample
from shiftwire.units.names import sanitised

KEEPING = (MaxPool, Flatten, Unflatten, Upsample, Crop, Select, DepthToSpace, SpaceToDepth, Spread)
"""Ops whose codes are some of those they read."""


@dataclass
class Graph:
    """A network in the making; `known` maps ONNX names to the flow's names, `parameters` to quantized weights.

    `pending` holds what a tensor's values are beyond its codes; no entry where there is nothing. `raw` holds what is
    still the host's, the graph inputs first, `entered` those that have codes; `joined` sums of two tensors that share
    no grid, `tabulated` functions of one that fall and rise, `tails` what the host alone computes, `inner` names what
    leads to a layer. `wishes` say what an input is where no quantizer does, `wish` what any other is; `batch` is fixed.
    """

    constants: Constants
    inputs: Mapping[str, tuple[int, ...]]
    """By ONNX name, the shape of a sample in the file's own layout."""
    outputs: tuple[str, ...]
    batch: int | None = None
    wish: InputWish | None = None
    wishes: dict[str, InputWish] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    pending: dict[str, Pending] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    joined: dict[str, Joined] = field(default_factory=dict)
    tabulated: dict[str, Tabulated] = field(default_factory=dict)
    tails: dict[str, Tail] = field(default_factory=dict)
    inner: frozenset[str] = frozenset()
    integer_weights: IntegerWeights = IntegerWeights.TERMS
    raw: dict[str, Raw] = field(init=False)
    entered: dict[str, Entered] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.raw = {name: Raw(shape, shape, source=name) for name, shape in self.inputs.items()}

    @property
    def is_given(self) -> bool:
        """Whether no quantizer of the file's makes the codes of some input."""
        return any(entered.is_given for entered in self.entered.values())

    def declare(self, onnx_input: str, format: Fixed) -> None:
        """A graph input is codes of a format, as the file says."""
        self.enter(onnx_input, onnx_input, format, HostInput())

    def is_raw(self, onnx_name: str) -> bool:
        """Whether a tensor is the graph input, or what the host makes of it before anything gave it a format."""
        return onnx_name in self.raw and onnx_name not in self.known

    def enter(self, onnx_name: str, source: str, format: Fixed, host: HostInput) -> None:
        """The raw tensor `source` becomes codes of `format`; `onnx_name` is where the ONNX graph has them.

        Several quantizers that do alike make one input; raises InputError for others.
        """
        raw = self.raw[source]
        entered = self.entered.get(raw.source)
        if entered is None:
            name = sanitised(raw.source, self.tensors)
            own = replace(host, steps=raw.steps, shape=raw.model_shape)
            entered = Entered(name, raw, Tensor(raw.channels_last, format), own)
            self.tensors[name], self.entered[raw.source] = entered.tensor, entered
        else:
            entered.require_alike(raw, format, host)
        self.known[onnx_name] = entered.name

    def enter_by(self, onnx_name: str, source: str, quantizer: FloatQuantizer) -> None:
        """As `enter`, by a quantizer of any scale, what is beyond a power of two staying pending."""
        mantissa, exponent = normalised(np.float64(quantizer.scale).reshape(()))
        whole = quantizer.format
        self.enter(onnx_name, source, Fixed(whole.bits, -exponent, whole.signed), HostInput(True, quantizer=quantizer))
        self.pending[onnx_name] = Pending(mantissa)

    def _enter_given(self, onnx_name: str) -> None:
        """A raw tensor that a layer reads as it is: its own steps round it, or its format was named."""
        raw = self.raw[onnx_name]
        wish = self.wishes.get(raw.source, self.wish)
        if wish is not None and wish.host is not None:
            self.enter(onnx_name, onnx_name, wish.format, replace(wish.host, steps=(), shape=None))
            if wish.host.quantizer is not None:
                self.pending[onnx_name] = Pending(normalised(np.float64(wish.host.quantizer.scale).reshape(()))[0])
        elif wish is not None and raw.is_moved_only:
            self.enter(onnx_name, onnx_name, wish.format, HostInput(wish.rounds))
        elif (quantizer := raw.quantizer(None if wish is None else wish.format)) is not None:
            self.enter_by(onnx_name, onnx_name, quantizer)
            if wish is not None and not wish.rounds:
                entered = self.entered[raw.source]
                entered.host = replace(entered.host, entry=wish.format)
        if raw.source in self.entered:
            self.entered[raw.source].is_given = not raw.rounds

    def source(self, onnx_name: str) -> str:
        """The flow's name of a tensor that earlier nodes made, whose values are its codes and nothing more."""
        name, pending = self.scaled(onnx_name)
        if not pending.is_none:
            raise InputError(
                f"it reads '{onnx_name}', whose scale is no power of two; "
                "quantize it with a power-of-two scale in front of this operation"
            )
        return name

    def opened(self, onnx_name: str) -> tuple[str, Pending]:
        """The flow's name of a tensor, and what is pending on it."""
        if onnx_name not in self.known and onnx_name in self.raw:
            self._enter_given(onnx_name)
        if onnx_name not in self.known and onnx_name in self.joined and self.joined[onnx_name].is_whole:
            self._settle_rounded(onnx_name)
        if onnx_name not in self.known and onnx_name in self.tabulated and self.tabulated[onnx_name].is_whole:
            self._tabulate_rounded(onnx_name)
        if onnx_name not in self.known and onnx_name in self.tabulated and self.tabulated[onnx_name].factors:
            self.multiply(self.tabulated[onnx_name].factors, onnx_name)
        if onnx_name in self.known:
            return self.known[onnx_name], self.pending.get(onnx_name, Pending.none())
        if onnx_name in self.constants or onnx_name in self.parameters:
            raise InputError(f"it computes with the constant '{onnx_name}', which this operation does not take")
        if onnx_name in self.tails:
            raise InputError(
                f"it reads '{onnx_name}', behind a {self.tails[onnx_name].kind} that only the host computes; that may "
                "stand at the network's end alone"
            )
        if onnx_name in self.joined:
            raise InputError(self.joined[onnx_name].refusal)
        if onnx_name in self.tabulated:
            raise InputError(
                f"it reads '{onnx_name}', float values of a {self.tabulated[onnx_name].kind}; quantize them in front "
                "of this operation"
            )
        key = input_key(INPUT_FORMAT_KEY, "NAME", len(self.inputs))
        raise InputError(
            f"it reads '{onnx_name}', a float tensor on no known grid; quantize it by a quantizer behind the graph "
            f"input, or name the input's format by --input-format or in the metadata '{key}'"
        )

    def _settle_rounded(self, onnx_name: str) -> None:
        """A sum of two branches whose own steps round it."""
        joined = self.joined[onnx_name]
        unit = rounded_unit(joined.steps, self.tensors[joined.left].shape[-1])
        if (unit != unit[0]).any():
            raise InputError(joined.refusal)
        step = abs(float(unit[0]))
        self.settle_sum(onnx_name, onnx_name, step, lambda values: np.rint(values / step).astype(np.int64))

    def _tabulate_rounded(self, onnx_name: str) -> None:
        """A function of codes whose own steps round it."""
        table = self.tabulated[onnx_name]
        scale = np.abs(rounded_unit(table.steps, len(table.values)))

        def codes_of(values: Floats) -> Codes:
            codes: Codes = np.rint(values / scale[:, None]).astype(np.int64)
            return codes

        self.settle_table(onnx_name, onnx_name, scale if np.ptp(scale) else scale[0].reshape(()), codes_of)

    def settle_table(self, source: str, output: str, scale: Values, codes_of: CodesOf) -> None:
        """Codes of a function of codes: a Lookup, or less where less will do; they count `scale`, () or (C,)."""
        table = self.tabulated[source]
        op, self.pending[output] = looked_up(table.codes(codes_of), self.tensors[table.source], scale)
        self.known[output] = self.append(op, (table.source,), output)

    def settle_sum(
        self, source: str, output: str, scale: float, codes_of: CodesOf, rounding: FloatRounding | None = None
    ) -> None:
        """Codes of a sum of branches of unlike scales; they count `scale`, and `output` is where the graph has them."""
        joined = self.joined[source]
        ends = joined.left, joined.right
        line, self.pending[output] = summed(joined, [self.tensors[end] for end in ends], scale, codes_of, rounding)
        names = [self.chain(ops, end, f"{output}_scaled") for ops, end in zip(line.fronts, ends, strict=True)]
        total = self.append(Add(), tuple(names), f"{output}_sum")
        self.known[output] = self.chain(line.behind, total, output)

    def multiply(self, factors: Sequence[str], output: str) -> None:
        """The product of two tensors, the one with a factor a channel second; the scales of both wait."""
        (a, one), (b, other) = map(self.scaled, factors)
        b, a = sorted((b, a), key=lambda name: (self.tensors[name].size, len(self.tensors[name].shape)))
        self.known[output] = self.append(Multiply(), (a, b), output)
        self.pending[output] = Pending(one.scale * other.scale)

    def scaled(self, onnx_name: str) -> tuple[str, Pending]:
        """As `opened`, with nothing but a scale pending; a Relu that waits is built."""
        name, pending = self.opened(onnx_name)
        if pending.steps == (RELU,):
            pending = Pending(pending.scale)
            name = self.append(Relu(), (name,), onnx_name)
        elif pending.is_whole:
            op, pending = settled(pending, self.tensors[name])
            name = self.append(op, (name,), onnx_name)
        elif (exact := exact_affine(pending, self.tensors[name])) is not None:
            op, pending = exact
            name = self.append(op, (name,), onnx_name)
        self.known[onnx_name], self.pending[onnx_name] = name, pending
        if pending.steps:
            raise InputError(
                f"it reads '{onnx_name}', float values behind a float scale, bias or batch norm; "
                "quantize them by a Quant node in front of this operation"
            )
        return name, pending

    def tensor(self, onnx_name: str) -> Tensor:
        """Shape and format of a tensor by its ONNX name; raises InputError for one on no known grid."""
        return self.tensors[self.opened(onnx_name)[0]]

    def append(self, op: Op, inputs: tuple[str, ...], name: str) -> str:
        """A new node that reads the flow's `inputs`; returns the name it was given."""
        unique = sanitised(name, self.tensors)
        self.tensors[unique] = op.infer(*(self.tensors[source] for source in inputs))
        self.nodes.append(Node(unique, op, inputs))
        return unique

    def chain(self, ops: Sequence[Op], source: str, name: str) -> str:
        """New nodes, each of which reads the one before it, the last one under the name itself."""
        for at, op in enumerate(ops, 1 - len(ops)):
            source = self.append(op, (source,), f"{name}_line{at + len(ops) - 1 or ''}" if at else name)
        return source

    def reach(self, name: str) -> tuple[int, int]:
        """Lowest and highest code that a tensor of the flow's can have: narrower than its format, if known."""
        node = next((node for node in self.nodes if node.name == name), None)
        format = self.tensors[name].format
        if node is None:
            quantizer = next(e.host.quantizer for e in self.entered.values() if e.name == name)
            if quantizer is None:
                return format.lo, format.hi
            return quantizer.lo - quantizer.zero_point, quantizer.hi - quantizer.zero_point
        if isinstance(node.op, Threshold):
            ends = np.stack([node.op.base, node.op.base + node.op.step * node.op.thresholds.shape[1]])
            return int(ends.min()), int(ends.max())
        if isinstance(node.op, Lookup):
            return int(node.op.table.min()), int(node.op.table.max())
        if isinstance(node.op, KEEPING):
            return self.reach(node.inputs[0])
        return format.lo, format.hi

    def emit(self, view: View, op: Op, *onnx_inputs: str) -> None:
        """The node that makes what the ONNX node makes."""
        self.known[view.output] = self.append(op, tuple(self.source(name) for name in onnx_inputs), view.output)

    def put(self, view: View, name: str, pending: Pending) -> None:
        """What the ONNX node makes: the flow's tensor `name`, and what is pending on it."""
        self.known[view.output] = name
        self.pending.pop(view.output, None)
        if not pending.is_none:
            self.pending[view.output] = pending

    def keep(self, view: View, op: Op, onnx_input: str) -> None:
        """A node that moves or selects values, so that their scale stays."""
        name, pending = self.scaled(onnx_input)
        self.put(view, self.append(op, (name,), view.output), pending)

    def finished(self) -> Network:
        """The network from the graph inputs to the graph outputs."""
        outputs = tuple(map(self._finished_output, self.outputs))
        return Network(tuple(map(self._finished_input, self.inputs)), tuple(self.nodes), outputs)

    def _finished_input(self, onnx_name: str) -> NetworkInput:
        entered = self.entered.get(onnx_name)
        if entered is None:
            raise InputError(f"the graph input '{onnx_name}' leads to no output; drop it from the graph")
        wish, is_own = self.wishes.get(onnx_name, self.wish), onnx_name in self.wishes
        if wish is not None and wish.rounds and not (entered.is_given if is_own else self.is_given):
            raise InputError(f"the file quantizes '{onnx_name}' to {entered.tensor.format}; leave --input-format out")
        label = onnx_name if onnx_name != entered.name and len(self.inputs) > 1 else None
        return NetworkInput(entered.name, entered.tensor, entered.host, label)

    def _finished_output(self, onnx_name: str) -> NetworkOutput:
        tail = self.tails.get(onnx_name) or Tail(onnx_name)
        output, pending = self.opened(tail.source)
        if pending.steps == (RELU,) or pending.is_whole:
            output, pending = self.scaled(tail.source)
        label = onnx_name if onnx_name != output and len(self.outputs) > 1 else None
        return NetworkOutput(output, host_output(pending, self.tensors[output], tail), label)
