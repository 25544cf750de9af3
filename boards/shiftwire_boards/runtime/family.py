"""The two families of chips that boards have: once, for the catalog, the block design and the board."""

from __future__ import annotations

from enum import Enum


class Family(Enum):
    """The processing system beside the logic, by the words of Vivado's get_parts; a K26 module is an UltraScale+."""

    ZYNQ_7000 = "zynq"
    ZYNQ_ULTRASCALE_PLUS = "zynquplus"

    @property
    def title(self) -> str:
        """AMD's own name, for readers."""
        return "Zynq-7000" if self is Family.ZYNQ_7000 else "Zynq UltraScale+"


def family_of(part: str) -> Family:
    """Of a part by its name, such as xc7z020clg400-1; whatever is no xc7z counts as an UltraScale+."""
    return Family.ZYNQ_7000 if part.startswith("xc7z") else Family.ZYNQ_ULTRASCALE_PLUS


def family_of_machine(compatible: tuple[str, ...]) -> Family | None:
    """By the words of `compatible` in Linux's device tree; None for a machine that is neither."""
    if any(word.startswith("xlnx,zynqmp") for word in compatible):
        return Family.ZYNQ_ULTRASCALE_PLUS
    return Family.ZYNQ_7000 if "xlnx,zynq-7000" in compatible else None
