"""Comparisons of inputs with constants, each made once however many outputs read it."""

from __future__ import annotations

from collections.abc import Iterable

from shiftwire.rtl.unrolled.bit import ONE, Bit, merged, net
from shiftwire.rtl.unrolled.netlist import Netlist
from shiftwire.rtl.unrolled.operand import Word

FIRST_BITS = 5
"""A LUT compares five bits with two constants at once."""
PAIRED_BITS = 3
"""Three more bits and two results from below fill a LUT with two outputs."""


def comparators(netlist: Netlist, x: Word, thresholds: Iterable[int]) -> dict[int, Word]:
    """The registered bit [x >= threshold] of each threshold in 1..2**bits - 1."""
    functions: dict[str, Bit] = {}
    reached = {}
    for threshold in sorted(set(thresholds)):
        name = f"{x.name}_ge{threshold}"
        functions[name] = _at_least(x, threshold, x.bits, functions)
        reached[threshold] = netlist.reached(x, name, functions[name], threshold)
    if not netlist.is_generic:
        netlist.luts(functions)
    return reached


def _at_least(x: Word, threshold: int, bits: int, functions: dict[str, Bit]) -> Bit:
    """[the lowest `bits` bits of x >= those of the threshold], over nets of `functions`, to which it adds."""
    constant = threshold & ((1 << bits) - 1)
    if not constant:
        return ONE
    below = _split(bits)
    lower = _at_least(x, constant, below, functions) if below else ONE
    if not lower.is_constant and lower.wire is None:
        name = f"{x.name}_low{constant & ((1 << below) - 1)}_{below}"
        functions[name] = lower
        lower = net(f"{name}_y")
    top = constant >> below

    def at_least(low: int, *high: int) -> int:
        value = sum(bit << at for at, bit in enumerate(high))
        return int(value > top or (value == top and low))

    return merged([lower, *(x.bit(at) for at in range(below, bits))], at_least)


def _split(bits: int) -> int:
    """How many low bits a LUT of their own compares."""
    if bits <= FIRST_BITS + 1:
        return 0
    above = bits - FIRST_BITS
    return bits - (above if above <= PAIRED_BITS else min(above, FIRST_BITS))
