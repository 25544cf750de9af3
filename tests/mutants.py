"""Break the headers one line at a time; every mutant must turn a test red.

Run by `make mutants`. The headers are copied, so the working tree is never touched; a control run on the unchanged
copy must be green first.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ("tests/test_kernels.py", "-k", "test_every_kernel_is_exact")
JOBS = 2


@dataclass(frozen=True)
class Mutant:
    """One edit of one header: `old` becomes `new` where it first stands."""

    what: str
    header: str
    old: str
    new: str


MUTANTS = (
    Mutant("shift lane: sign flipped", "sw_shift_lane.h", "is_negative ? S(-term) : term", "is_negative ? term : term"),
    Mutant("shift lane: shift one too far", "sw_shift_lane.h", "magnitude == 0 ? 0 : magnitude - 1", "magnitude"),
    Mutant("shift lane: zero is a term", "sw_shift_lane.h", "magnitude == 0 ? sum :", "false ? sum :"),
    Mutant("adder lane: signed distance", "sw_adder_lane.h", "S(sum + difference) :", "S(sum - difference) :"),
    Mutant("adder lane: difference one bit narrow", "sw_adder_lane.h", "typedef typename C::difference_t D;",
           "typedef typename narrower<typename C::difference_t>::type D;"),
    Mutant("int lane: minus", "sw_int_lane.h", "sum + x * weight", "sum - x * weight"),
    Mutant("dense: bias lost", "sw_dense.h", "+ A(bias[o])", ""),
    Mutant("dense: sum on the wrong grid", "sw_dense.h", "<< C::grid_shift", "<< 0"),
    Mutant("conv: padding ignored at the left", "sw_conv.h", "- C::pad_left", ""),
    Mutant("conv: stride of one", "sw_conv.h", "row * C::stride_height", "row"),
    Mutant("conv: groups read the first channels", "sw_conv.h", "+ first + c", "+ c"),
    Mutant("affine: bias of the first channel", "sw_affine.h", "A(bias[c])", "A(bias[0])"),
    Mutant("threshold: greater instead of at least", "sw_threshold.h", ">= threshold[", "> threshold["),
    Mutant("requantize: half rounds down", "sw_requantize.h", "half_up && rest >= half", "half_up && rest > half"),
    Mutant("requantize: half to odd", "sw_requantize.h", "rest == half && is_odd", "rest == half && !is_odd"),
    Mutant("requantize: wraps for saturate", "sw_requantize.h", "C::saturate ? saturated : rounded", "rounded"),
    Mutant("requantize: low end missing", "sw_requantize.h", "rounded < lo ? lo : rounded", "rounded"),
    Mutant("relu: passes negatives", "sw_relu.h", "code < 0 ? code_t(0) : code", "code"),
    Mutant("max pool: smallest", "sw_max_pool.h", "code > largest", "code < largest"),
    Mutant("average pool: last only", "sw_average_pool.h", "sum += A(", "sum = A("),
    Mutant("add: grids not aligned", "sw_add.h", "<< C::shift_b", "<< 0"),
    Mutant("concat: grids not aligned", "sw_concat.h", "<< C::shift_b", "<< 0"),
    Mutant("pad: off by one", "sw_pad.h", "row - C::pad_top", "row"),
    Mutant("flatten: pixel slowest", "sw_flatten.h", "y[c * C::pixels + p]", "y[p * C::channels + c]"),
    Mutant("shim: code one bit short", "sw_code.h", "    return code;\n}\n\n// The low bits",
           "    return code >> 1 << 1;\n}\n\n// The low bits"),
)  # fmt: skip

NARROWER = """template <class T> struct narrower;
template <int W> struct narrower<ap_int<W> > { typedef ap_int<W - 1> type; };
"""


def outcome(mutant: Mutant | None) -> bool:
    """Whether the kernel tests pass on a copy of the templates with this edit."""
    with tempfile.TemporaryDirectory(prefix="shiftwire-mutant-") as folder:
        copy = Path(folder) / "hls_templates"
        shutil.copytree(ROOT / "hls_templates", copy)
        if mutant is not None:
            _edit(copy / "shiftwire_hls/include" / mutant.header, mutant)
        environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        where = [sys.executable, "-c", "import shiftwire_hls; print(shiftwire_hls.INCLUDE_DIR)"]
        found = subprocess.run(where, env=environment, capture_output=True, text=True, check=True).stdout
        assert found.startswith(str(copy)), "the tests would not see the mutant"
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *TESTS]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        assert "ToolError" not in done.stdout, "a mutant must compile and give wrong codes:\n" + done.stdout
        return done.returncode == 0


def _edit(header: Path, mutant: Mutant) -> None:
    text = header.read_text()
    assert mutant.old in text, f"{mutant.what}: '{mutant.old}' is no longer in {mutant.header}"
    text = text.replace(mutant.old, mutant.new, 1)
    if "narrower<" in mutant.new:
        text = text.replace("struct adder_lane", NARROWER + "struct adder_lane", 1)
    header.write_text(text)


def main() -> int:
    if not outcome(None):
        print("mutants: the tests fail on the unchanged headers; mend them first")
        return 1
    survivors = 0
    with ThreadPoolExecutor(JOBS) as pool:
        for mutant, survived in zip(MUTANTS, pool.map(outcome, MUTANTS), strict=True):
            print(f"{'SURVIVED' if survived else 'caught  '}  {mutant.what}", flush=True)
            survivors += survived
    print(f"mutants: {len(MUTANTS) - survivors} of {len(MUTANTS)} caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
