"""Which form each rescaled layer takes in a design: the cheapest at the layer's lanes, or the one asked for."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import inf

from shiftwire.errors import InputError
from shiftwire.ir.cost import BRAM36_IN_LUT, Cost, memory, multiplier_blocks
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Op, Tensor
from shiftwire.ops.add import Multiply
from shiftwire.ops.affine import Affine
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.integer import Int
from shiftwire.passes.forms.as_thresholds import as_thresholds
from shiftwire.passes.forms.rescale import IN_FRONT, Form, Lines, formed, replaced, thresholds
from shiftwire.schedule.checks import HLS_MAX_BITS
from shiftwire.schedule.design import Design, Target
from shiftwire.schedule.fold_choice import HLS_BITS, Choice, choice_at

ROUNDS = 3
"""Designs that are tried: each may fold layers anew, and at other lanes another form may be the cheapest."""

BUFFERED_BEATS = 2
"""Beats between the parts of a form."""


class Rescale(enum.Enum):
    """What `--rescale` asks for: the cheaper of thresholds and powers of two, or one form wherever there is one."""

    AUTO = "auto"
    THRESHOLD = "threshold"
    AFFINE = "affine"
    MULTIPLY = "multiply"


AUTOMATIC: tuple[Form, ...] = Form.THRESHOLD, Form.AFFINE
"""What may be chosen where nothing is asked for: no product."""

Schedule = Callable[[Network, Mapping[str, Fold]], Design]
"""The design of a network with some folds fixed."""


@dataclass(frozen=True, eq=False)
class Part:
    """A node of a form, what it reads and what it writes."""

    node: Node
    x: Tensor
    y: Tensor

    def at(self, lanes: int, *, for_hls: bool) -> Choice:
        """It at so many codes a beat."""
        return choice_at(self.node.op, (self.x,), self.y, Fold(lanes), for_hls=for_hls)


@dataclass(frozen=True, eq=False)
class Variant:
    """A form of a layer, or `why` there is none and no parts."""

    form: Form
    parts: tuple[Part, ...] = ()
    why: str = ""

    @classmethod
    def every(cls, network: Network, node: Node) -> tuple[Variant, ...]:
        """Every form of a Threshold node of a network."""
        plain = cls(Form.THRESHOLD, (Part(node, network.sources(node)[0], network.tensors[node.name]),))
        others = [form for form in Form if form is not Form.THRESHOLD]
        try:
            lines = Lines.meeting(network, node)
        except InputError as error:
            return (plain, *(cls(form, why=str(error)) for form in others))
        return (plain, *(cls._of(network, lines, form) for form in others))

    @classmethod
    def _of(cls, network: Network, lines: Lines, form: Form) -> Variant:
        try:
            parts = tuple(_parts(network, formed(lines, form)))
        except InputError as error:
            return cls(form, why=str(error))
        widest = max(part.y.format.bits for part in parts)
        if widest > HLS_MAX_BITS:
            return cls(form, why=f"its line takes {widest} bits, more than the {HLS_MAX_BITS} of a project")
        return cls(form, parts)

    def cost(self, lanes: int) -> Cost:
        """Modelled, the buffers between the parts among it."""
        between = (memory(BUFFERED_BEATS, lanes * part.x.format.bits) for part in self.parts[1:])
        return sum((part.at(lanes, for_hls=False).cost for part in self.parts), sum(between, Cost()))

    def keeps_up(self, lanes: int, cycles: float, *, for_hls: bool) -> bool:
        """Whether it takes at most so many cycles a frame, and no wider words than HLS does."""
        every = [part.at(lanes, for_hls=for_hls) for part in self.parts]
        return all(each.cycles <= cycles and (each.widest <= HLS_BITS or not for_hls) for each in every)

    def priced(self, lanes: int) -> FormCost:
        """What it takes, modelled."""
        if not self.parts:
            return FormCost(self.form, None, None, None, None, self.why)
        cost, first = self.cost(lanes), self.parts[0]
        op = first.node.op
        terms = op.scale.terms if isinstance(op, Affine) else None
        return FormCost(self.form, terms, cost.lut, cost.bram36, lanes * _blocks(first))


@dataclass(frozen=True, slots=True)
class FormCost:
    """A form of a layer, modelled; None, and `why`, where there is none.

    terms  powers of two of a channel, at most; dsp  multiplier blocks where products lie in blocks, as in HLS C++, and
    not in the `lut` of the SystemVerilog.
    """

    form: Form
    terms: int | None
    lut: int | None
    bram36: float | None
    dsp: int | None
    why: str = ""

    @property
    def price(self) -> float:
        """One figure to rank forms by."""
        if self.lut is None or self.bram36 is None:
            return inf
        return self.lut + BRAM36_IN_LUT * self.bram36


@dataclass(frozen=True, slots=True)
class Rescaling:
    """A layer that has several forms: the one that a design has, and what each would take at `lanes` codes a beat."""

    layer: str
    lanes: int
    chosen: Form
    forms: tuple[FormCost, ...]

    def of(self, form: Form) -> FormCost:
        """What a form takes."""
        return next(each for each in self.forms if each.form is form)


def scheduled(
    network: Network, folds: Mapping[str, Fold], rescale: Rescale, target: Target, schedule: Schedule
) -> Design:
    """The design for a target in which each Threshold layer has the form that `rescale` asks for.

    The first design has thresholds alone, or no thresholds where such a one is not to be had. Another form takes their
    place where it is exact and was asked for, or is cheaper at the same lanes and, where no speed is set, no slower. A
    fold of such a layer is that of all its parts.
    """
    variants = _variants(network) if rescale is not Rescale.THRESHOLD else {}
    forms = dict.fromkeys(variants, Form.THRESHOLD)
    try:
        design = _of_forms(network, variants, forms, folds, schedule)
    except InputError:
        forms = {name: _instead(each, rescale) for name, each in variants.items()}
        if set(forms.values()) <= {Form.THRESHOLD}:
            raise
        design = _of_forms(network, variants, forms, folds, schedule)
    for _ in range(ROUNDS):
        wanted = {name: _wanted(name, each, design, rescale, target) for name, each in variants.items()}
        if wanted == forms:
            break
        try:
            forms, design = wanted, _of_forms(network, variants, wanted, folds, schedule)
        except InputError:  # it misses the target by its buffers or its drain
            break
    return design


def _of_forms(
    network: Network,
    variants: Mapping[str, tuple[Variant, ...]],
    forms: Mapping[str, Form],
    folds: Mapping[str, Fold],
    schedule: Schedule,
) -> Design:
    """A fold of a layer is that of all its parts that have none of their own; folds of parts that are not there go."""
    parts = {
        name: tuple(part.node for each in variants[name] for part in each.parts if each.form is form)
        for name, form in forms.items()
    }
    inside = {node.name: name for name, nodes in parts.items() for node in nodes if node.name != name}
    spread = {part: folds[name] for part, name in inside.items() if name in folds}
    gone = {f"{node.name}{IN_FRONT}" for node in thresholds(network)} - set(inside) - set(network.tensors)
    return schedule(replaced(network, parts), spread | {name: fold for name, fold in folds.items() if name not in gone})


def rescalings(design: Design) -> tuple[Rescaling, ...]:
    """Every layer of a design that has several forms, and what each would take there."""
    return tuple(
        Rescaling(name, lanes := design.folds[name].pe, _chosen(design, name), tuple(v.priced(lanes) for v in variants))
        for name, variants in _variants(as_thresholds(design.network)).items()
    )


def _variants(network: Network) -> dict[str, tuple[Variant, ...]]:
    """Every form of each Threshold layer."""
    return {node.name: Variant.every(network, node) for node in thresholds(network)}


def _parts(network: Network, nodes: tuple[Node, ...]) -> Iterator[Part]:
    """Raises InputError for a name that another tensor has, and for what no tensor can hold."""
    x = network.tensors[nodes[0].inputs[0]]
    for node in nodes:
        if node is not nodes[-1] and node.name in network.tensors:
            raise InputError(f"the name '{node.name}' is taken by another tensor; rename that one")
        y = node.op.infer(x)
        yield Part(node, x, y)
        x = y


def _chosen(design: Design, name: str) -> Form:
    front = next((node.op for node in design.network.nodes if node.name == name + IN_FRONT), None)
    return Form.THRESHOLD if front is None else Form.MULTIPLY if isinstance(front, Conv) else Form.AFFINE


def _wanted(name: str, variants: tuple[Variant, ...], design: Design, rescale: Rescale, target: Target) -> Form:
    """The form asked for where it goes, else the cheapest without a product."""
    lanes = design.folds[name].pe
    asked = AUTOMATIC if rescale is Rescale.AUTO else (Form(rescale.value),)
    is_bound = rescale is Rescale.AUTO and target.fps is None
    cycles = target.pace(design) if is_bound else inf
    able = [
        each
        for each in variants
        if each.form in asked and each.parts and each.keeps_up(lanes, cycles, for_hls=target.for_hls)
    ]
    return min((each.priced(lanes) for each in able), key=lambda cost: cost.price).form if able else Form.THRESHOLD


def _instead(variants: tuple[Variant, ...], rescale: Rescale) -> Form:
    """The form asked for in place of thresholds that do not fit, which stay where there is none."""
    form = Form.AFFINE if rescale is Rescale.AUTO else Form(rescale.value)
    return next((each.form for each in variants if each.parts and each.form is form), Form.THRESHOLD)


def _blocks(part: Part) -> int:
    """Multiplier blocks of a lane's product; none where there is no product."""
    return _blocks_of(part.node.op, part.x)


def _blocks_of(op: Op, x: Tensor, *others: Tensor) -> int:
    if isinstance(op, Multiply):
        return multiplier_blocks(x.format.signed_bits, others[0].format.signed_bits)
    if not isinstance(op, (Conv, Dense)) or not isinstance(op.weights, Int):
        return 0
    return multiplier_blocks(x.format.signed_bits, op.weights.rom_type.bits)


def blocks(design: Design) -> int:
    """Multiplier blocks of all products of a design where they lie in blocks, as in HLS C++; modelled."""
    network = design.network
    return sum(
        design.folds[node.name].pe * design.folds[node.name].simd * _blocks_of(node.op, *network.sources(node))
        for node in network.nodes
        if node.name in design.folds
    )
