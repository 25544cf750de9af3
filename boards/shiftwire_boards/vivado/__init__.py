"""A block design around an accelerator as one typed model, and what is rendered from it for Vivado and PYNQ."""

from shiftwire_boards.vivado.accelerator import (
    Accelerator,
    Access,
    BlockDesignError,
    NetworkIp,
    Register,
    RegisterField,
)
from shiftwire_boards.vivado.bit import dummy_bit
from shiftwire_boards.vivado.check import checker_arguments
from shiftwire_boards.vivado.design import block_design
from shiftwire_boards.vivado.hwh import hwh_text
from shiftwire_boards.vivado.model import BlockDesign
from shiftwire_boards.vivado.tcl import (
    EMPTY_ROM_IS_ERROR,
    POWER,
    REPORTS,
    SCRIPT,
    STOPPED,
    TIMING,
    UTILIZATION,
    build_script,
    outputs,
)

__all__ = [
    "EMPTY_ROM_IS_ERROR",
    "POWER",
    "REPORTS",
    "SCRIPT",
    "STOPPED",
    "TIMING",
    "UTILIZATION",
    "Accelerator",
    "Access",
    "BlockDesign",
    "BlockDesignError",
    "NetworkIp",
    "Register",
    "RegisterField",
    "block_design",
    "build_script",
    "checker_arguments",
    "dummy_bit",
    "hwh_text",
    "outputs",
]
