"""The Xilinx form of a module is the generic one: proved by yosys for all inputs and states, none left out.

Products alone are compared otherwise: test_rtl_pe.py runs all pairs of operands.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from rtl_streams import SIMULATED
from shiftwire.errors import ToolError
from shiftwire.tools.yosys import Synthesis, run_script
from tiers import some

PROOF = """\
design -copy-from generic -as gold gold
design -copy-from xilinx -as gate gate
equiv_make gold gate both
hierarchy -top both
opt -purge
equiv_simple -undef
equiv_induct -undef
equiv_status -assert
"""

CASES = [
    ("sw_carry_add", {"BITS": 1}),
    ("sw_carry_add", {"BITS": 19}),
    *(("sw_greater", {"BITS": bits}) for bits in (1, 2, 5, 8, 16)),
    *(("sw_min_pair", {"BITS": bits, "SUM_BITS": bits + 1}) for bits in (1, 4, 7, 8)),
    *(
        ("sw_shift_pair", {"M_BITS": m, "SHIFT": shift, "VALUE_BITS": m + shift, "BITS": m + shift + more})
        for m, shift in ((1, 0), (8, 0), (9, 1), (9, 2), (12, 4), (16, 8), (5, 16))
        for more in (0, 1)
    ),
    *(("sw_shift_lane", {"WINDOW_BITS": 2, "X_SIGNED": signed, "M_BITS": 10 - signed}) for signed in (0, 1)),
    *(
        ("sw_shift_lane", {"WINDOW_BITS": 3, "X_BITS": x, "X_SIGNED": signed, "M_BITS": m})
        for signed in (0, 1)
        for x, m in ((8, 12 - signed), (3, 6), (5, 7), (8, 9), (2, 5))
    ),
    *(("sw_shift_pe", {"SIMD": simd, "WINDOW_BITS": window}) for simd, window in ((1, 3), (3, 2), (5, 0), (9, 3))),
    ("sw_shift_pe", {"SIMD": 4, "WINDOW_BITS": 5, "HAS_ZERO": 0, "X_SIGNED": 0, "ACC_BITS": 24}),
    *(("sw_adder_pe", {"SIMD": simd, "BITS": bits}) for simd, bits in ((1, 8), (2, 4), (3, 8), (5, 3))),
    *(("sw_distance_pe", {"SIMD": simd}) for simd in (1, 4)),
    ("sw_six", {}),
    ("sw_three", {}),
    *(("sw_row_add", {"BITS": bits, "ROW_BITS": rows}) for bits, rows in ((1, 1), (5, 5), (9, 4))),
    *(("sw_xnor_pe", {"SIMD": simd, "ACC_BITS": acc}) for simd, acc in ((1, 8), (7, 3), (9, 12), (20, 12))),
]


def equal(folder: Path, top: str, left: dict[str, int], right: dict[str, int]) -> None:
    """Raise ToolError unless both parameter sets make the same circuit."""
    script = ""
    for name, role, parameters in (("generic", "gold", left), ("xilinx", "gate", right)):
        script += Synthesis(SIMULATED, top, parameters).elaboration()
        script += f"proc\nflatten\nopt_expr\nopt_clean\nrename -top {role}\ndesign -stash {name}\n"
    run_script(script + PROOF, f"prove both forms of {top} equal", folder)


@pytest.mark.parametrize("top, parameters", some(CASES, *CASES[::6]))
def test_both_forms_are_one_circuit(top: str, parameters: dict[str, int], tmp_path: Path) -> None:
    equal(tmp_path, top, {**parameters, "GENERIC": 1}, {**parameters, "GENERIC": 0})


def test_a_proof_can_fail(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="unproven"):
        equal(tmp_path, "sw_shift_pe", {"SIMD": 2, "X_SIGNED": 1, "GENERIC": 1}, {"SIMD": 2, "X_SIGNED": 0})
