"""Cycles between the operands of a processing element and the `accumulate` that belongs to them."""

from __future__ import annotations

from enum import Enum


class Element(Enum):
    """The processing elements; a value is its module's name."""

    SHIFT = "sw_shift_pe"
    ADDER = "sw_adder_pe"
    TOTAL = "sw_total"
    DISTANCE = "sw_distance_pe"
    INT = "sw_int_pe"


def stages(element: Element, simd: int) -> int:
    """x and w enter at cycle t, accumulate and finish at t + stages, y stands at t + stages + 1.

    The first register is the lane's own, then one stands behind each level of adders; a product takes two.
    """
    return (2 if element is Element.INT else 1) + (simd - 1).bit_length()
