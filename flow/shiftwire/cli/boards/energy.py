"""shiftwire energy: the trace of a meter outside the board, cut by the marker that the board set while it measured."""

from __future__ import annotations

import argparse
from dataclasses import replace
from math import inf
from pathlib import Path

from shiftwire.cli.boards.measure import show_record
from shiftwire.cli.terminal import Verbs, add_verb, say
from shiftwire.errors import ExitCode, InputError
from shiftwire.tools.atomic import check_outputs
from shiftwire_boards.runtime.energy.marked_csv import Columns, read_marked_csv
from shiftwire_boards.runtime.energy.result import Energy, Unavailable
from shiftwire_boards.runtime.energy.trace import SensorDescription, SensorKind
from shiftwire_boards.runtime.errors import RecordError, SensorError
from shiftwire_boards.runtime.record_json import read_record, write_record


def add(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `energy` and its options."""
    parser = add_verb(
        verbs,
        "energy",
        "join a meter's CSV to a record that was measured with --marker: joules an inference",
        "shiftwire energy record.json --trace meter.csv --volts V --amps A --marker D0 --meter 'bench meter' "
        "--point '12 V plug' --most-watts 12",
    )
    parser.add_argument("record", type=Path, help="record.json of a measurement with --marker")
    parser.add_argument("--trace", type=Path, required=True, help="the meter's file: a header line, then samples")
    parser.add_argument("--time", default="time", help="column of the time (time)")
    parser.add_argument("--time-unit", type=float, default=1.0, metavar="S", help="seconds of its unit (1)")
    parser.add_argument("--watts", help="column of the power")
    parser.add_argument("--volts", help="column of the voltage, with --amps in place of --watts")
    parser.add_argument("--amps", help="column of the current")
    parser.add_argument("--marker", default="marker", help="column of the marker (marker)")
    parser.add_argument("--meter", required=True, help="what measured, in words")
    parser.add_argument("--point", required=True, help="where in the supply, such as '12 V plug'")
    parser.add_argument("--most-watts", type=float, required=True, help="what that place can carry at most")
    parser.add_argument("-o", "--output", type=Path, help="file of the new record (default: the same)")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Join a meter's trace to the record, in place unless -o is given; InputError for one measured without --marker."""
    check_outputs({"-o": arguments.output}, {"the meter's file": arguments.trace})
    try:
        record = read_record(arguments.record)
        if not isinstance(record.energy, Unavailable) or not record.energy.marked_frames:
            raise InputError(f"{arguments.record} was not measured with --marker; measure again with one")
        joined = replace(record, energy=_energy(arguments, record.energy.marked_frames))
    except (SensorError, RecordError) as error:
        raise InputError(str(error)) from None
    output = arguments.output or arguments.record
    if output.is_dir():
        raise InputError(f"{output} is a folder, wanted a file for the record; name one in it")
    write_record(joined, output)
    show_record(joined)
    say(f"wrote {output}")
    return ExitCode.OK


def _energy(arguments: argparse.Namespace, frames: tuple[int, ...]) -> Energy:
    for name, number in (("time-unit", arguments.time_unit), ("most-watts", arguments.most_watts)):
        if not 0 < number < inf:
            raise InputError(f"found --{name} {number:g}, wanted a finite number above 0; give another")
    pair = (arguments.volts, arguments.amps)
    if (arguments.watts is None) == (None in pair) or (arguments.watts is not None and any(pair)):
        raise InputError("the power is one column or two; give --watts, or --volts and --amps")
    watts = pair if arguments.watts is None else (arguments.watts,)
    sensor = SensorDescription(arguments.meter, SensorKind.FILE, arguments.point, arguments.most_watts)
    columns = Columns(arguments.time, watts, arguments.marker, arguments.time_unit)
    return read_marked_csv(arguments.trace, sensor, columns).energy(frames)
