"""The folder hls/ of a project: what hls4ml writes, made reproducible, and what stands beside it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path

from shiftwire.hls.expected import FILE as EXPECTED
from shiftwire.hls.expected import expected_text
from shiftwire.hls.files import csim_driver, golden, hls_readme, test_bench
from shiftwire.hls.shell import FOLDER as SHELL
from shiftwire.hls.shell import shell_files
from shiftwire.hls.top import top_files
from shiftwire.ir.rtl_network import NETWORK
from shiftwire.numbers.fixed import Codes
from shiftwire.schedule.design import Design


def write_hls(design: Design, folder: Path, version: str, frames: Codes) -> None:
    """The hls4ml project, made reproducible and completed: a top of words, its shell, benches, a C-simulation driver.

    The test benches run `frames` (N, ...) of input codes.
    """
    with redirect_stdout(io.StringIO()):
        from shiftwire.hls.model_graph import model_graph  # noqa: PLC0415 - hls4ml prints and takes seconds

        model_graph(design, folder).write()
    inputs, outputs = golden(design, frames)
    files: Mapping[str, str] = {
        f"{NETWORK}_test.cpp": test_bench(design, NETWORK, len(frames)),
        "shiftwire_csim.cpp": csim_driver(design, NETWORK),
        "README.txt": hls_readme(design),
        **top_files(design, len(frames)),
        EXPECTED: expected_text(design),
        "tb_data/tb_input_features.dat": inputs,
        "tb_data/tb_output_predictions.dat": outputs,
        **{f"{SHELL}/{name}": text for name, text in shell_files(design, version).items()},
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    _make_reproducible(folder, version)


def _make_reproducible(folder: Path, version: str) -> None:
    """Take the random stamp and the absolute path out of hls4ml's files, and ask for C++14."""
    config = (folder / "hls4ml_config.yml").read_text(encoding="utf-8")
    # YAML quotes a stamp that looks like a number, so the whole line goes
    line = next(line for line in config.splitlines() if line.startswith("Stamp:"))
    stamp = line.removeprefix("Stamp:").strip().strip("'\"")
    for name in ("hls4ml_config.yml", "build_lib.sh", "build_prj.tcl"):
        text = (folder / name).read_text(encoding="utf-8")
        text = text.replace(line, f"Stamp: '{version[:8]}'").replace(stamp, version[:8])
        text = text.replace(str(folder), ".").replace("-std=c++0x", "-std=c++14")
        (folder / name).write_text(text, encoding="utf-8")
