"""Break the templates and the flow one line at a time; every mutant must turn a test red.

Run by `make mutants`. What is broken is copied, so the working tree is never touched; a control run on the unchanged
copy must be green first. A mutant of a template is tried on the networks that its file is part of, one of the flow on
the tests that it names.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from block_mutants import ADDER_MUTANTS, BLOCK_MUTANTS
from form_mutants import FORM_MUTANTS
from kernel_mutants import KERNEL_MUTANTS
from larger_mutants import LARGER_MUTANTS
from mutant import Mutant
from native_mutants import DEPTH_MUTANTS, NATIVE_MUTANTS
from python_mutants import PYTHON_MUTANTS
from rebuild_mutants import REBUILD_KERNEL_MUTANTS, REBUILD_RTL_MUTANTS
from rtl_mutants import RTL_MUTANTS

ROOT = Path(__file__).resolve().parents[2]
JOBS = 2


@dataclass(frozen=True)
class Campaign:
    """Mutants of files below one folder of the import package `package`, which lies in `root`, and their tests."""

    name: str
    root: str
    package: str
    folder: str
    tests: tuple[str, ...]
    mutants: Sequence[Mutant]

    def command(self, mutant: Mutant | None) -> list[str]:
        """The tests of a mutant; without one, those of all."""
        own = [test for one in ([mutant] if mutant else self.mutants) for test in one.tests]
        concerned = ["--stands-on", mutant.file] if mutant and self.tests else []
        tests = [*dict.fromkeys(own), *self.tests, *concerned]
        return [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]


TEMPLATES = ("hls_templates", "shiftwire_hls")
EVERY_KERNEL = ("tests/hls/test_kernels.py::test_every_kernel_is_exact",)
EVERY_MODULE = ("tests/rtl/test_rtl.py", "-k", "one_of_each")
EVERY_FUSED = "tests/native/test_fused.py::test_every_code[all]"
EVERY_BLOCK = ("tests/rtl/test_rtl_products.py", "-k", "exact or networks")
EVERY_ADDER_BLOCK = ("tests/rtl/test_rtl_dsp.py", "-k", "test_networks_are_exact and 9-1")
REBUILD = "tests/units/test_rebuild.py"

CAMPAIGNS = (
    Campaign("C++", *TEMPLATES, "include", EVERY_KERNEL, KERNEL_MUTANTS),
    Campaign("native C++", *TEMPLATES, "native", (EVERY_FUSED,), NATIVE_MUTANTS),
    Campaign("SystemVerilog", *TEMPLATES, "rtl", EVERY_MODULE, RTL_MUTANTS),
    Campaign("rebuilt C++", *TEMPLATES, "include", (f"{REBUILD}::test_the_kernel_is_exact",), REBUILD_KERNEL_MUTANTS),
    Campaign("rebuilt RTL", *TEMPLATES, "rtl", (f"{REBUILD}::test_the_module_is_exact",), REBUILD_RTL_MUTANTS),
    Campaign("DSP blocks", *TEMPLATES, "rtl", EVERY_BLOCK, BLOCK_MUTANTS),
    Campaign("DSP adders", *TEMPLATES, "rtl", EVERY_ADDER_BLOCK, ADDER_MUTANTS),
    Campaign("Python", "flow", "shiftwire", "", (), (*PYTHON_MUTANTS, *LARGER_MUTANTS, *FORM_MUTANTS, *DEPTH_MUTANTS)),
)

NARROWER = """template <class T> struct narrower;
template <int W> struct narrower<ap_int<W> > { typedef ap_int<W - 1> type; };
"""


def outcome(campaign: Campaign, mutant: Mutant | None) -> bool:
    """Whether the tests pass on a copy of the sources with this edit."""
    with tempfile.TemporaryDirectory(prefix="shiftwire-mutant-") as folder:
        copy = Path(folder) / campaign.root
        shutil.copytree(ROOT / campaign.root, copy, ignore=shutil.ignore_patterns("__pycache__"))
        if mutant is not None:
            _edit(copy / campaign.package / campaign.folder / mutant.file, mutant)
        paths = [str(copy), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
        where = [sys.executable, "-c", f"import {campaign.package} as made; print(made.__file__)"]
        found = subprocess.run(where, env=environment, capture_output=True, text=True, check=True).stdout
        assert found.startswith(str(copy)), "the tests would not see the mutant"
        done = subprocess.run(
            campaign.command(mutant), cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr
        compiles = "shiftwire.errors.ToolError" not in done.stdout
        assert compiles, "a mutant must compile and give wrong codes:\n" + done.stdout
        return done.returncode == 0


def _edit(file: Path, mutant: Mutant) -> None:
    text = file.read_text()
    assert mutant.old in text, f"{mutant.what}: '{mutant.old}' is no longer in {mutant.file}"
    line = text[: text.index(mutant.old)].rsplit("\n", maxsplit=1)[-1]
    comment = "#" if file.suffix == ".py" else "//"
    assert comment not in line, f"{mutant.what}: '{mutant.old}' stands in a comment of {mutant.file} first"
    text = text.replace(mutant.old, mutant.new, 1)
    if "narrower<" in mutant.new:
        text = text.replace("namespace sw {\n", "namespace sw {\n" + NARROWER, 1)
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


def share(mutants: Sequence[Mutant], one_in: int) -> Sequence[Mutant]:
    """One in so many of them, others at every commit."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return mutants[int(head, 16) % one_in :: one_in]


def main(arguments: Sequence[str]) -> int:
    """All campaigns, or those that are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(campaign.name for campaign in CAMPAIGNS)}")
    parser.add_argument("--one-in", type=int, default=1, help="mutants of so many, others at every commit")
    given = parser.parse_args(arguments)
    chosen = [
        replace(campaign, mutants=share(campaign.mutants, given.one_in))
        for campaign in CAMPAIGNS
        if not given.names or campaign.name in given.names
    ]
    survivors, total = sum(map(run, chosen)), sum(len(campaign.mutants) for campaign in chosen)
    print(f"mutants: {total - survivors} of {total} caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
