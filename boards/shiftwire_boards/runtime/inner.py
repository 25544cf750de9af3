"""What stands behind the AXI shell."""

from __future__ import annotations

from enum import Enum


class Inner(Enum):
    """The form of a network: the IP that Vitis HLS makes of the C++, or the open SystemVerilog."""

    HLS = "hls"
    RTL = "rtl"
