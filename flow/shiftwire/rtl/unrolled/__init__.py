"""Layers whose weights are wires: one vector of results a cycle."""

from shiftwire.rtl.unrolled.adder_layer import adder_layer
from shiftwire.rtl.unrolled.linear_layer import linear_layer
from shiftwire.rtl.unrolled.result import Form, Unrolled

__all__ = ["Form", "Unrolled", "adder_layer", "linear_layer"]
