"""Codes side by side in the elements of a host's vectors, and codes that are read where they stand."""

from shiftwire.hls.packing.choice import UNPACKED, Packing, packing
from shiftwire.hls.packing.elements import Packed

__all__ = ["UNPACKED", "Packed", "Packing", "packing"]
