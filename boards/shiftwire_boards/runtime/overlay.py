"""What the runtime needs of an overlay that pynq has loaded."""

from __future__ import annotations

from typing import Any

from shiftwire_boards.runtime.errors import HardwareError

VLNV = "shiftwire:network:shiftwire:"
SYNC = b"\xaa\x99\x55\x66"
"""What every configuration of these families begins with."""


def shell_of(overlay: Any) -> Any:
    """The driver of the AXI shell around a network; raises HardwareError where there is none."""
    for name, ip in overlay.ip_dict.items():
        if str(ip["type"]).startswith(VLNV):
            return getattr(overlay, name)
    raise HardwareError(
        "found no shiftwire network in the overlay, only {}; load another".format(", ".join(overlay.ip_dict))
    )


def dma_of(overlay: Any) -> Any:
    """The driver of a DMA with both directions; raises HardwareError where there is none."""
    for name, ip in overlay.ip_dict.items():
        if ":axi_dma:" in str(ip["type"]):
            dma = getattr(overlay, name)
            if dma.sendchannel is None or dma.recvchannel is None:
                raise HardwareError(f"the DMA '{name}' has one direction only; build the overlay again")
            return dma
    raise HardwareError("found no AXI DMA in the overlay; build it again")
