"""Codes side by side in the elements of a host's vectors, or read where they stand; imports units and tools."""

from shiftwire.hls.packing.choice import UNPACKED, Packing, packing
from shiftwire.hls.packing.elements import Packed

__all__ = ["UNPACKED", "Packed", "Packing", "packing"]
