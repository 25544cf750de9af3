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
    Mutant("shim: sign flipped", "sw_code.h", "!= 0 ? P(-kept) : kept", "== 0 ? P(-kept) : kept"),
    Mutant("shim: shift one too far", "sw_code.h", "(field == 0 ? 0 : field - 1)", "field"),
    Mutant("shim: zero is a term", "sw_code.h", "field == 0 ? P(0) : term", "term"),
    Mutant("shim: code one bit short", "sw_code.h", "    return code;\n}\n\n// The low bits",
           "    return code >> 1 << 1;\n}\n\n// The low bits"),
    Mutant("shim: wraps one bit early", "sw_code.h", "A(ap_int<Bits>(code))", "A(ap_int<Bits - 1>(code))"),
    Mutant("shim: last tap lost", "sw_code.h", "int s = 0; s < N; s++", "int s = 0; s < (N > 1 ? N - 1 : N); s++"),
    Mutant("shift lane: minus", "sw_shift_lane.h", "part + signed_shift", "part - signed_shift"),
    Mutant("adder lane: signed distance", "sw_adder_lane.h", "magnitude(D(D(x) - D(weight)))", "D(D(x) - D(weight))"),
    Mutant("adder lane: difference one bit narrow", "sw_adder_lane.h", "typedef typename C::difference_t D;",
           "typedef typename narrower<typename C::difference_t>::type D;"),
    Mutant("int lane: minus", "sw_int_lane.h", "part + P(", "part - P("),
    Mutant("mvu: bias lost", "sw_mvu.h", "A(moved + A(bias[fold * C::pe + p]))", "moved"),
    Mutant("mvu: sum on the wrong grid", "sw_mvu.h", "<< C::grid_shift", "<< 0"),
    Mutant("mvu: inputs held in one place", "sw_mvu.h", "held[f][s] = to_code", "held[0][s] = to_code"),
    Mutant("mvu: terms start anew", "sw_mvu.h", "f == 0 && t == 0 ? S(0)", "f == 0 ? S(0)"),
    Mutant("mvu: weights too slow", "sw_mvu.h", "at += C::simd * C::pe;", "at += C::simd;"),
    Mutant("vvu: bias of the first block", "sw_vvu.h", "bias[block * C::pe + p]", "bias[p]"),
    Mutant("vvu: first tap only", "sw_vvu.h", "held[s * C::pe + p]", "held[p]"),
    Mutant("window: padding ignored at the left", "sw_window.h", "left = -C::pad_left", "left = 0"),
    Mutant("window: stride of one", "sw_window.h", "slot_top += C::slot_step", "slot_top += 1"),
    Mutant("window: groups read the first channels", "sw_window.h", "u * C::channels + first", "u * C::channels"),
    Mutant("window: ring one row short", "sw_window.h", "slot + 1 == C::rows ?", "slot + 2 == C::rows ?"),
    Mutant("window: ones filled in", "sw_window.h", "code_t(C::fill)", "code_t(1)"),
    Mutant("affine: bias of the first channel", "sw_affine.h", "bias[fold * C::lanes + l]", "bias[0]"),
    Mutant("threshold: greater instead of at least", "sw_threshold.h", "code >= bound", "code > bound"),
    Mutant("requantize: half rounds down", "sw_requantize.h", "select(rest >= half,", "select(rest > half,"),
    Mutant("requantize: half to odd", "sw_requantize.h", "V(floor + V(floor & V(1)))", "V(floor - V(floor & V(1)))"),
    Mutant("requantize: wraps for saturate", "sw_requantize.h", "C::saturate ? saturated", "false ? saturated"),
    Mutant("requantize: low end missing", "sw_requantize.h", "select(rounded < lo, lo, rounded)", "rounded"),
    Mutant("relu: passes negatives", "sw_relu.h", "select(code < code_t(0), code_t(0), code)", "code"),
    Mutant("max pool: smallest", "sw_max_pool.h", "code > total", "total > code"),
    Mutant("sum pool: last only", "sw_sum_pool.h", "A(total + A(", "A(A(0) + A("),
    Mutant("add: grids not aligned", "sw_add.h", "<< C::shift_b", "<< 0"),
    Mutant("concat: grids not aligned", "sw_concat.h", "<< C::shift_b", "<< 0"),
    Mutant("reorder: order kept", "sw_reorder.h", "to_index(source[i + l])", "i + l"),
    Mutant("narrow: first part again", "sw_narrow.h", "part * C::lanes + l", "l"),
    Mutant("widen: last part first", "sw_widen.h", "part * C::lanes + l", "(C::parts - 1 - part) * C::lanes + l"),
    Mutant("fork: second branch of one code", "sw_fork.h",
           "made_b[l] = from_code<typename YB::value_type>(to_code(beat[l",
           "made_b[l] = from_code<typename YB::value_type>(to_code(beat[0"),
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
