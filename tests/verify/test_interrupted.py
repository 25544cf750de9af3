"""Ctrl-C and SIGTERM at any moment of a native simulation: one line, no program that runs on, no file half-written."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import numpy as np
import pytest

from interrupts import living, started
from shiftwire.project.project import Backend, write_project
from shiftwire.schedule.design import Target, schedule
from shiftwire_boards.catalog import load_board
from test_tiny import tiny

WAITS = 'touch "$MARKS/$$"; sleep 600'
AT_COMPILING = f"""#!/bin/sh
case " $* " in *" -c "*) {WAITS};; *) exec g++ "$@";; esac
"""
AT_SIMULATING = f"""#!/bin/sh
case " $* " in
*" -E "*|*--version*) exec g++ "$@";;
*" -c "*) touch "$(echo "$*" | sed 's/.* -o //')";;
*) file="$(echo "$*" | sed 's/.* -o //')"; printf '#!/bin/sh\\n{WAITS}\\n' >"$file"; chmod +x "$file";;
esac
"""
AT_REFERENCE = """
import os, sys, time
from pathlib import Path
from shiftwire.cli import main
from shiftwire.verify.reference import Reference

def run(self, codes, *, all_layers):
    Path(os.environ["MARKS"], str(os.getpid())).touch()
    time.sleep(600)

Reference.run = run
sys.exit(main())
"""
OF_ONNXRUNTIME = ".ses"
"""It writes that wherever temporary files are."""
MOMENTS = {"compiling": 2, "simulating": 2, "reference": 1}
"""Programs or threads that are at work then, by the moment."""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", MOMENTS)
def test_nothing_runs_on_and_nothing_is_left(moment: str, how: signal.Signals, tmp_path: Path) -> None:
    project, marks, temporary = (tmp_path / name for name in ("tiny", "marks", "tmp"))
    write_project(schedule(tiny(), load_board("pynq-z2"), target=Target(fps=1_000_000)), project, Backend.RTL)
    np.save(tmp_path / "x.npy", np.zeros((2000, 2), np.float32))
    variables = {"MARKS": str(marks), "TMPDIR": str(temporary), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    if moment != "reference":
        script = AT_COMPILING if moment == "compiling" else AT_SIMULATING
        variables["CXX"] = str(compiler(tmp_path / "compiler", script))
    marks.mkdir()
    temporary.mkdir()
    program = ("-c", AT_REFERENCE) if moment == "reference" else ("-m", "shiftwire")
    words = ("csim", project, "--data", tmp_path / "x.npy", "--native")
    with started(words, how, program, variables) as process:
        while len(list(marks.iterdir())) < MOMENTS[moment]:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        groups = [int(mark.name) for mark in marks.iterdir()]
        assert all(living(group) for group in groups)
        start = time.monotonic()
        process.send_signal(how)
        _, err = process.communicate()
        seconds = time.monotonic() - start
    assert process.returncode == 130 and seconds < 10, (err, seconds)
    assert err.splitlines()[-1] == "shiftwire csim: interrupted; nothing half-written is left"
    assert not [name for group in groups for name in living(group)]
    assert {item.name for item in temporary.iterdir()} <= {OF_ONNXRUNTIME}
    built = list((project / "reports" / "native" / "built").iterdir())
    assert len(built) == (0 if moment == "compiling" else 1) and all(len(file.name) == 32 for file in built)
    assert not list(project.rglob(".*.part"))


def compiler(path: Path, script: str) -> Path:
    """A program that stands for g++."""
    path.write_text(script)
    path.chmod(0o755)
    return path
