"""Layers as logic: our adder trees, and adder graphs of an optimiser for linear maps; imports ir and numbers."""
