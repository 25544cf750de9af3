"""The layers, one file each: shape inference, the specification and the units that build it; imports ir and units."""
