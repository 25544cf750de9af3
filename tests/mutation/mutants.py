"""Break the templates one line at a time; every mutant must turn a test red.

Run by `make mutants`. The templates are copied, so the working tree is never touched; a control run on the unchanged
copy must be green first. Each mutant is tried on the networks that its file is part of.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from kernel_mutants import KERNEL_MUTANTS
from mutant import Mutant
from rtl_mutants import RTL_MUTANTS

ROOT = Path(__file__).resolve().parents[2]
JOBS = 2


@dataclass(frozen=True)
class Campaign:
    """Mutants of the files in one folder of the templates, and the tests that are to find them."""

    name: str
    folder: str
    tests: tuple[str, ...]
    mutants: Sequence[Mutant]


CAMPAIGNS = (
    Campaign("C++", "include", ("tests/hls/test_kernels.py", "-k", "test_every_kernel_is_exact"), KERNEL_MUTANTS),
    Campaign("SystemVerilog", "rtl", ("tests/rtl/test_rtl.py", "-k", "one_of_each"), RTL_MUTANTS),
)

NARROWER = """template <class T> struct narrower;
template <int W> struct narrower<ap_int<W> > { typedef ap_int<W - 1> type; };
"""


def outcome(campaign: Campaign, mutant: Mutant | None) -> bool:
    """Whether the tests pass on a copy of the templates with this edit."""
    with tempfile.TemporaryDirectory(prefix="shiftwire-mutant-") as folder:
        copy = Path(folder) / "hls_templates"
        shutil.copytree(ROOT / "hls_templates", copy)
        if mutant is not None:
            _edit(copy / "shiftwire_hls" / campaign.folder / mutant.file, mutant)
        environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        where = [sys.executable, "-c", "import shiftwire_hls; print(shiftwire_hls.INCLUDE_DIR)"]
        found = subprocess.run(where, env=environment, capture_output=True, text=True, check=True).stdout
        assert found.startswith(str(copy)), "the tests would not see the mutant"
        concerned = [] if mutant is None else ["--stands-on", mutant.file]
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *campaign.tests, *concerned]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stdout + done.stderr
        compiles = "shiftwire.errors.ToolError" not in done.stdout
        assert compiles, "a mutant must compile and give wrong codes:\n" + done.stdout
        return done.returncode == 0


def _edit(file: Path, mutant: Mutant) -> None:
    text = file.read_text()
    assert mutant.old in text, f"{mutant.what}: '{mutant.old}' is no longer in {mutant.file}"
    line = text[: text.index(mutant.old)].rsplit("\n", maxsplit=1)[-1]
    assert "//" not in line, f"{mutant.what}: '{mutant.old}' stands in a comment of {mutant.file} first"
    text = text.replace(mutant.old, mutant.new, 1)
    if "narrower<" in mutant.new:
        text = text.replace("struct adder_lane", NARROWER + "struct adder_lane", 1)
    file.write_text(text)


def run(campaign: Campaign) -> int:
    """How many mutants survived, all of them where the unchanged templates fail."""
    if not outcome(campaign, None):
        print(f"mutants of {campaign.name}: the tests fail on the unchanged files; mend them first")
        return len(campaign.mutants)
    survivors = 0
    with ThreadPoolExecutor(JOBS) as pool:
        outcomes = pool.map(lambda mutant: outcome(campaign, mutant), campaign.mutants)
        for mutant, survived in zip(campaign.mutants, outcomes, strict=True):
            print(f"{'SURVIVED' if survived else 'caught  '}  {campaign.name}: {mutant.what}", flush=True)
            survivors += survived
    return survivors


def main(names: Sequence[str]) -> int:
    """All campaigns, or those of the names given."""
    chosen = [campaign for campaign in CAMPAIGNS if not names or campaign.name in names]
    survivors, total = sum(map(run, chosen)), sum(len(campaign.mutants) for campaign in chosen)
    print(f"mutants: {total - survivors} of {total} caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
