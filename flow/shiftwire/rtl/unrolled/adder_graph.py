"""A linear map as shared sums: alkaid finds them, we read them as terms and unshare what ternary adders do better."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shiftwire.errors import CheckFailedError, ToolError
from shiftwire.numbers.fixed import Codes, Fixed

MEND = "install it by pip install 'shiftwire[rtl]'"
ANSWER = "alkaid answered with {}, wanted sums of two values alone; install alkaid 0.8 by pip install 'shiftwire[rtl]'"


@dataclass(frozen=True, slots=True)
class Term:
    """sign * node * 2**shift; nodes are inputs 0..inputs-1 and then sums, each of lower nodes."""

    node: int
    shift: int
    sign: int

    def of(self, outer: Term) -> Term:
        """The same as a part of a node that enters as `outer`."""
        return Term(self.node, self.shift + outer.shift, self.sign * outer.sign)


@dataclass(frozen=True, slots=True)
class AdderGraph:
    """`sums` by node; `outputs` are the terms of each output, (out,)."""

    inputs: int
    sums: dict[int, tuple[Term, ...]]
    outputs: tuple[tuple[Term, ...], ...]

    def rows(self) -> list[list[int]]:
        """Integer weights of each output."""
        nodes = {at: [int(at == other) for other in range(self.inputs)] for at in range(self.inputs)}
        for node, terms in sorted(self.sums.items()):
            nodes[node] = _total(terms, nodes, self.inputs)
        return [_total(terms, nodes, self.inputs) for terms in self.outputs]

    def consumers(self) -> Counter[int]:
        """How many terms read each node, outputs included."""
        return Counter(term.node for terms in (*self.sums.values(), *self.outputs) for term in terms)

    def without(self, node: int) -> AdderGraph:
        """Every reader of the node reads the node's terms instead."""
        inner = self.sums[node]
        sums = {other: _inlined(terms, node, inner) for other, terms in self.sums.items() if other != node}
        return replace(self, sums=sums, outputs=tuple(_inlined(terms, node, inner) for terms in self.outputs))

    def ternary(self) -> AdderGraph:
        """Without the sums that save no ternary adder: a sum of n terms takes n // 2 of them."""
        graph, last = self, None
        while graph is not last:
            last = graph
            for node in sorted(graph.sums, reverse=True):
                if graph._saved(node) >= 0:
                    graph = graph.without(node)
        return graph

    def _saved(self, node: int) -> int:
        """Ternary adders that unsharing a node saves."""
        own = len(self.sums[node])
        readers = [terms for terms in (*self.sums.values(), *self.outputs) if any(t.node == node for t in terms)]
        more = 0
        for terms in readers:
            uses = sum(term.node == node for term in terms)
            more += _adders(len(terms) + uses * (own - 1)) - _adders(len(terms))
        return _adders(own) - more


def _adders(terms: int) -> int:
    return terms // 2


def _inlined(terms: Iterable[Term], node: int, inner: Sequence[Term]) -> tuple[Term, ...]:
    """Terms with `inner` in place of the node; two equal terms become one of twice the weight, opposite ones none."""
    left = [new for term in terms for new in ([t.of(term) for t in inner] if term.node == node else [term])]
    kept: list[Term] = []
    while left:
        term = left.pop(0)
        if term in kept:
            kept.remove(term)
            left.append(replace(term, shift=term.shift + 1))
        elif replace(term, sign=-term.sign) in kept:
            kept.remove(replace(term, sign=-term.sign))
        else:
            kept.append(term)
    return tuple(kept)


def _total(terms: Iterable[Term], nodes: dict[int, list[int]], inputs: int) -> list[int]:
    return [sum(t.sign * (nodes[t.node][at] << t.shift) for t in terms) for at in range(inputs)]


def adder_graph(rows: Codes, x: Fixed) -> AdderGraph:
    """The shared sums of integer rows (out, in) for codes of format x; raises ToolError where alkaid is missing."""
    live = np.flatnonzero(rows.any(axis=1))
    outputs: list[tuple[Term, ...]] = [()] * len(rows)
    sums: dict[int, tuple[Term, ...]] = {}
    if live.size:
        sums, live_outputs = _Reading(_solved(rows[live], x), rows.shape[1]).graph()
        for at, terms in zip(live, live_outputs, strict=True):
            outputs[at] = terms
    graph = AdderGraph(rows.shape[1], sums, tuple(outputs)).ternary()
    if graph.rows() != rows.tolist():
        raise CheckFailedError("alkaid's adder graph is not the layer's weights; report it with the layer's file")
    return graph


def _solved(rows: Codes, x: Fixed) -> Any:
    """alkaid's own form of x @ rows.T."""
    try:
        from alkaid.trace import FVArray, HWConfig, trace  # noqa: PLC0415 - an optional package
    except ImportError:
        raise ToolError(f"found no package alkaid, which shares the sums of unrolled linear layers; {MEND}") from None
    ones = np.ones(rows.shape[1], np.int64)
    bits = x.bits - x.signed
    options = {"hard_dc": 2, "binary_lut": False}
    values = FVArray.from_kif(ones * x.signed, ones * bits, ones * 0, HWConfig(1, -1, -1), 0.0, options)
    return trace(values, values @ rows.T.astype(np.float64))


class _Reading:
    """Operations in alkaid's numbering become terms in ours; a node keeps the finest grid of what it adds."""

    def __init__(self, solved: Any, inputs: int) -> None:
        self._solved = solved
        self._inputs = inputs
        self._terms: dict[int, Term] = {}
        self._sums: dict[int, tuple[Term, ...]] = {}

    def graph(self) -> tuple[dict[int, tuple[Term, ...]], list[tuple[Term, ...]]]:
        """Sums by node and the terms of each output."""
        for at, op in enumerate(self._solved.ops):
            self._terms[at] = self._read(op)
        outputs: list[tuple[Term, ...]] = []
        for at, shift, negative in zip(
            self._solved.out_idxs, self._solved.out_shifts, self._solved.out_negs, strict=True
        ):
            term = self._terms[at].of(Term(0, int(shift), -1 if negative else 1))
            if term.shift < 0:
                raise CheckFailedError(ANSWER.format("an output on a finer grid than its weights"))
            outputs.append((term,))
        return self._sums, outputs

    def _read(self, op: Any) -> Term:
        if op.opcode == -1:
            return Term(int(op.data[0]), int(self._solved.inp_shifts[op.data[0]]), 1)
        if op.opcode == -2:
            return self._terms[op.addr[0]].of(Term(0, 0, -1))
        if op.opcode not in (0, 1):
            raise ToolError(ANSWER.format(f"operation {op.opcode}"))
        first, second = (self._terms[at] for at in op.addr)
        second = second.of(Term(0, int(op.data[0]), -1 if op.opcode else 1))
        return self._sum((first, second))

    def _sum(self, terms: tuple[Term, ...]) -> Term:
        low = min(term.shift for term in terms)
        node = self._inputs + len(self._sums)
        self._sums[node] = tuple(replace(term, shift=term.shift - low) for term in terms)
        return Term(node, low, 1)
