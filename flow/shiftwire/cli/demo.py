"""shiftwire demo and shiftwire notebook: what shows the whole way on real data."""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
from pathlib import Path

from shiftwire import api
from shiftwire.cli.csim import print_layers, warn_of_vacuous
from shiftwire.cli.terminal import Verbs, add_verb, note, say
from shiftwire.cli.verify import compare_engines, print_engines, totals
from shiftwire.errors import CheckFailedError, ExitCode, InputError, ToolError
from shiftwire.project.data import load_data
from shiftwire.project.engine import EngineName
from shiftwire.tools.atomic import replaced_file

NET = "digits-shiftadd"


def add_demo(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `demo` and its options."""
    parser = add_verb(
        verbs,
        "demo",
        "train a small ShiftAddNet on scikit-learn's digits and take it to a verified HLS project",
        "shiftwire demo -o build",
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("build"), help="folder (default: build)")
    parser.add_argument("--board", default="pynq-z2", help="a board of the catalog (default: pynq-z2)")
    return parser


def run_demo(arguments: argparse.Namespace) -> int:
    """FAILED_CHECK where any engine's codes differ; trains in a process of its own, for torch is an extra."""
    folder: Path = arguments.output
    model, data_file = folder / "digits.onnx", folder / "digits_test.npz"
    expected = folder / "digits_torch.npz"
    checkpoint = folder / "digits_checkpoint"
    _train("train", "--net", NET, "-o", checkpoint)
    _train("export", checkpoint, "-o", model, "--data-out", data_file, "--expect", expected)
    note(f"converting {model} for {arguments.board}")
    project = api.convert(model, arguments.board, folder / "digits")
    data = load_data(data_file, project.design.network)
    results, report = compare_engines(project, data, model, [("torch", expected)])
    print_layers(report)
    print_engines(results)
    warn_of_vacuous([report])
    different, compared = totals(results)
    say(f"project: {project.path} (HLS in {project.hls_dir}), model: {model}, test split: {data_file}")
    accuracy = next(result.accuracy for result in results if result.engine == EngineName.CSIM.value)
    say(f"demo: {len(data.codes)} images, accuracy {accuracy:.1f} %, {different} of {compared} codes differ")
    return ExitCode.FAILED_CHECK if different else ExitCode.OK


def _train(*arguments: str | Path) -> None:
    """One step of shiftwire-train, a program of its own: flow and models meet in files alone."""
    if importlib.util.find_spec("torch") is None:
        raise ToolError("found no torch, which the demo trains with; pip install 'shiftwire[train]'")
    done = subprocess.run([sys.executable, "-m", "shiftwire_models", *map(str, arguments)], check=False)
    if done.returncode:
        raise CheckFailedError(f"shiftwire-train {arguments[0]} ended with status {done.returncode}; see its message")


SOURCE = Path(__file__).resolve().parent.parent / "notebooks" / "host.ipynb"


def add_notebook(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `notebook` and its options."""
    parser = add_verb(
        verbs,
        "notebook",
        "write a Jupyter notebook that trains a small network and takes it to a board's package",
        "shiftwire notebook -o host.ipynb",
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("host.ipynb"), help="file (host.ipynb)")
    return parser


def run_notebook(arguments: argparse.Namespace) -> int:
    """Write the notebook; raises InputError where the file exists, for its cells may hold a user's work."""
    if arguments.output.exists():
        raise InputError(f"{arguments.output} is there already, with what its cells said; name another by -o")
    replaced_file(arguments.output, SOURCE.read_text(encoding="utf-8"))
    say(f"wrote {arguments.output}: open it in Jupyter, with pip install 'shiftwire[train,rtl,board]' jupyter")
    return ExitCode.OK
