"""Layers whose weights are wires: one vector of results a cycle."""

from shiftwire.rtl.unrolled.adder_layer import adder_layer
from shiftwire.rtl.unrolled.result import Form, Unrolled

__all__ = ["Form", "Unrolled", "adder_layer"]
