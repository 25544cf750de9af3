"""The part of `shiftwire explore` that takes a float network: trials, the front of them, a page."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shiftwire.cli.network_options import BOARD, dsp_of, float_files, noted_model, same_options
from shiftwire.cli.terminal import note, print_json, print_table, quoted, say, stage_bars
from shiftwire.errors import ExitCode, InputError
from shiftwire.explore.front import Objectives
from shiftwire.explore.trials.explored import NUMBERED, Wanted, explored, explored_json, models_of, write_models
from shiftwire.explore.trials.farm import Dask, Farm, Here, Processes
from shiftwire.explore.trials.ground import Spec
from shiftwire.explore.trials.search import Sampler
from shiftwire.onnx.context.parameter import IntegerWeights
from shiftwire.passes.forms.factor_choice import FactorForm
from shiftwire.passes.forms.rescale_choice import Rescale
from shiftwire.project.project import Backend
from shiftwire.reports.explored_page import explored_html
from shiftwire.tools.atomic import check_outputs, replaced_file

TRIALS, SAMPLES = 300, 64
COLUMNS = (
    "pick",
    "loss %",
    "frames/s",
    "LUT",
    "LUT least",
    "LUT most",
    "BRAM36",
    "DSP",
    "latency",
    "energy nJ",
    "exact file",
)
CSV = (
    "pick",
    "loss",
    "frames_per_second",
    "lut",
    "lut_least",
    "lut_most",
    "bram36",
    "dsp",
    "latency_cycles",
    "energy_nj",
    "model",
    "quantize",
)


def add_trials(parser: argparse.ArgumentParser) -> None:
    """Options of a search through networks and hardware."""
    own = parser.add_argument_group("a float network: trials of weights, bits and folds together")
    own.add_argument("--calibrate", type=Path, help=".npz with samples x, and labels y; makes it a search")
    own.add_argument("--labels", type=Path, help=".npz with y (default: y of the calibration file, else agreement)")
    own.add_argument("--trials", type=_count, metavar="N", help=f"networks to try (default: {TRIALS})")
    own.add_argument("--fps", type=float, help="rate at which LUTs are compared (default: that of half the board)")
    own.add_argument("--samples", type=_count, metavar="N", help=f"samples that calibrate (default: {SAMPLES})")
    own.add_argument("--score", type=_count, metavar="N", help="samples that are scored (default: all)")
    own.add_argument("--workers", type=_count, metavar="N", help="processes (default: 1, the same front every time)")
    own.add_argument("--scheduler", metavar="tcp://HOST:PORT", help="a dask scheduler whose workers see the same files")
    own.add_argument("--sampler", choices=[choice.value for choice in Sampler], help="(default: nsga2)")
    own.add_argument("--seed", type=_seed, metavar="N", help="(default: 1)")
    own.add_argument("--html", type=Path, metavar="F", help="also write a page with plots")


def is_search(arguments: argparse.Namespace) -> bool:
    """Whether a float network is to be tried; raises InputError for options of the other kind of exploration."""
    searching = ("labels", "trials", "fps", "samples", "score", "workers", "scheduler", "sampler", "seed", "html")
    if arguments.calibrate is None:
        alone = next((name for name in searching if getattr(arguments, name) is not None), None)
        if alone is not None:
            raise InputError(
                f"--{alone} belongs to a search through a float network's trials; give its samples by --calibrate, or "
                "leave it out"
            )
        return False
    usual: dict[str, Any] = {
        "objectives": Objectives.TWO.value,
        "bram36": None,
        "fold": [],
        "input_format": None,
        "integer_weights": IntegerWeights.TERMS.value,
        "rescale": Rescale.AUTO.value,
        "factors": FactorForm.AUTO.value,
    }
    other = next((name for name, value in usual.items() if getattr(arguments, name) != value), None)
    if other is not None:
        raise InputError(
            f"--{other.replace('_', '-')} belongs to the folds of an exact network, and --calibrate to a search "
            "through those of a float one; leave one of them out"
        )
    return True


def search(arguments: argparse.Namespace) -> int:
    """Try, print, and write the front, its exact files and what else is asked for."""
    output = arguments.output or Path(f"{arguments.model.stem}_front.json")
    folder = output.with_name(f"{output.stem}_models")
    outputs = {"-o": output, "--csv": arguments.csv, "--html": arguments.html}
    check_outputs(outputs, float_files(arguments))
    _check_folder(folder, output)
    wanted = _wanted(arguments)
    note(f"exploring {arguments.model} for {wanted.spec.board}; {_journal(output)} keeps trials that are finished")
    with _farm(arguments) as farm, stage_bars(is_silent=arguments.json) as report:
        done = explored(wanted, farm, _journal(output), report)
    noted_model(done.ground.board)
    models = write_models(done, folder, models_of(output))
    data = explored_json(done, models, output.parent)
    _write(output, json.dumps(data, indent=1) + "\n")
    if arguments.csv is not None:
        _write(arguments.csv, _csv_text(data))
    if arguments.html is not None:
        _write(arguments.html, explored_html(data, quoted(output)))
    if arguments.json:
        print_json(data)
        return ExitCode.OK
    print_table(COLUMNS, [_cells(point) for point in data["points"]])
    say(
        f"{data['trials']} of {data['candidates']:,} candidates tried, {data['scored']} scored on all "
        f"{data['samples']} samples; loss: {data['measure']}; all else is modelled"
    )
    if done.known > len(done.trials):
        say(f"the journal knows {done.known} trials; --trials {done.known} takes them all")
    say(f"next: shiftwire convert --from {quoted(output)} --pick {data['points'][0]['name']}{same_options(arguments)}")
    return ExitCode.OK


def _check_folder(folder: Path, output: Path) -> None:
    """Raises InputError for exact files that may be somebody's own."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file, wanted a folder for exact files there; name another file with -o")
    if not folder.is_dir() or _journal(output).exists():
        return
    if {file for file in folder.iterdir() if NUMBERED.fullmatch(file.name)} - models_of(output):
        raise InputError(
            f"{folder} holds numbered exact files that no point of {output} names, and its journal is not there to be "
            "theirs; remove them, or name another file with -o"
        )


def _wanted(arguments: argparse.Namespace) -> Wanted:
    spec = Spec(
        arguments.model,
        arguments.calibrate,
        arguments.labels,
        arguments.samples or SAMPLES,
        arguments.board or BOARD,
        arguments.clock_ns,
        Backend(arguments.backend) is not Backend.RTL,
        dsp_of(arguments),
        arguments.score,
    )
    seed = 1 if arguments.seed is None else arguments.seed
    sampler = Sampler(arguments.sampler or Sampler.NSGA2.value)
    return Wanted(spec, arguments.trials or TRIALS, seed, sampler, arguments.fps)


@contextmanager
def _farm(arguments: argparse.Namespace) -> Iterator[Farm]:
    if arguments.scheduler is not None and arguments.workers is not None:
        raise InputError("--scheduler brings its own workers, so --workers has nothing to say; leave one of them out")
    if arguments.scheduler is not None:
        with Dask(arguments.scheduler) as dask:
            yield dask
    elif (arguments.workers or 1) > 1:
        with Processes(arguments.workers) as processes:
            yield processes
    else:
        yield Here()


def _journal(output: Path) -> Path:
    return output.with_name(f"{output.name}.journal")


def _write(file: Path, text: str) -> None:
    replaced_file(file, text)
    note(f"wrote {file}")


def _cells(point: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        point["name"],
        round(point["loss"], 2),
        round(point["frames_per_second"]),
        point["predicted_lut"]["lut"],
        point["predicted_lut"]["least"],
        point["predicted_lut"]["most"],
        point["bram36"] + point["fifo_bram36"],
        point["dsp"],
        point["latency_cycles"],
        round(point["energy_pj"] / 1000, 1),
        point["model"],
    )


def _csv_text(data: Mapping[str, Any]) -> str:
    """One row a point."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(CSV)
    table.writerows(map(_row, data["points"]))
    return text.getvalue()


def _row(point: Mapping[str, Any]) -> tuple[Any, ...]:
    """As exact as the file that `convert` reads."""
    name, _, _, *counts, _, model = _cells(point)
    exact = point["loss"], point["frames_per_second"]
    return (name, *exact, *counts, point["energy_pj"] / 1000, model, point["quantize"])


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"found '{text}', wanted a whole number from 0 on")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found '{text}', wanted a whole number from 1 on")
    return int(text)
