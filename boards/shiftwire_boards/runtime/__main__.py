"""On the board: python3 -m shiftwire_boards.runtime model.bit [--data test.npz] [--seconds 10] [-o record.json].

python3 -m shiftwire_boards.runtime doctor [model.bit] [--json] says instead whether this board can run it.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from math import inf
from pathlib import Path

from shiftwire_boards.runtime.accelerator import BATCH, Accelerator
from shiftwire_boards.runtime.doctor import command as doctor
from shiftwire_boards.runtime.energy.choice import choose_sensor
from shiftwire_boards.runtime.energy.marker import Marker
from shiftwire_boards.runtime.errors import BoardError, DataError
from shiftwire_boards.runtime.exit_code import ExitCode
from shiftwire_boards.runtime.measure import MeasurementPlan, measure
from shiftwire_boards.runtime.record_json import write_record
from shiftwire_boards.runtime.samples import samples_of

DOCTOR = "doctor"


def main(argv: list[str]) -> int:
    """ExitCode.OK: measured, and every code is right; FAILED_CHECK: a code differs; USER_MISTAKE: one sentence on
    stderr says why nothing was measured.
    """
    if argv[:1] == [DOCTOR]:
        return doctor.main(argv[1:])
    arguments = _parser().parse_args(argv)
    warnings.filterwarnings("ignore", category=UserWarning)  # pynq's; what matters of them is a sentence of ours
    try:
        _check(arguments)
        with Accelerator(arguments.bitfile, batch=arguments.batch) as accelerator:
            samples = samples_of(accelerator.manifest, accelerator.bitfile.parent, arguments.data)
            sensor = choose_sensor(accelerator.manifest.board)
            record = measure(
                accelerator,
                samples,
                MeasurementPlan(arguments.seconds, marker=arguments.marker and Marker(arguments.marker)),
                sensor,
            )
        write_record(record, arguments.output)
    except BoardError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return ExitCode.USER_MISTAKE
    exact = record.exactness
    codes = f"{exact.different} of {exact.compared} codes differ"
    print(f"{record.speed.fps:,.1f} frames/s, {codes}; wrote {arguments.output}")  # noqa: T201
    return ExitCode.FAILED_CHECK if exact.different else ExitCode.OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="shiftwire_boards.runtime",
        description=__doc__,
        epilog="example: python3 -m shiftwire_boards.runtime model.bit --seconds 10; first of all: doctor model.bit",
    )
    parser.add_argument("bitfile", type=Path, help="the bitstream of a package")
    parser.add_argument("--data", type=Path, help=".npz with x, and y for the accuracy (default: the golden frames)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of sustained work (10)")
    parser.add_argument("--batch", type=int, default=BATCH, help=f"frames of a transfer ({BATCH})")
    parser.add_argument(
        "--marker", type=Path, help="brightness of an LED or value of a GPIO: 1 in the energy's busy spans"
    )
    parser.add_argument("-o", "--output", type=Path, default=Path("record.json"))
    return parser


def _check(arguments: argparse.Namespace) -> None:
    """Raise DataError for what can be told before the board is touched."""
    if not 0 <= arguments.seconds < inf:
        raise DataError(f"found --seconds {arguments.seconds:g}, wanted 0 or more; give another")
    for name in ("data", "marker"):
        file = getattr(arguments, name)
        if file is not None and not file.is_file():
            raise DataError(f"found no file {file} for --{name}; name another")
    if arguments.output.is_dir() or not arguments.output.absolute().parent.is_dir():
        raise DataError(f"found no folder for the record {arguments.output}; name a file in one that is there")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
