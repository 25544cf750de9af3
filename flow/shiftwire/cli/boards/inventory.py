"""shiftwire boards and shiftwire doctor: the boards of the catalog, and the tools of this machine."""

from __future__ import annotations

import argparse
import dataclasses
import enum
from collections.abc import Iterator
from typing import Any

from shiftwire.cli.terminal import Verbs, add_verb, print_json, print_table, say
from shiftwire.errors import ExitCode
from shiftwire.project.boards import find_board
from shiftwire.tools.inventory import inventory
from shiftwire_boards.catalog import Board, BoardFilesSource, PowerSensor, SensorKind, board_names

COLUMNS = ("board", "title", "part", "MHz", "LUT", "BRAM36", "DSP", "PYNQ", "power", "badge")
SOURCES = {
    BoardFilesSource.VIVADO: "come with Vivado",
    BoardFilesSource.TO_INSTALL: "to be installed: they do not come with Vivado",
}


def add_boards(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `boards` and its options."""
    parser = add_verb(verbs, "boards", "show the boards of the catalog, or one in full", "shiftwire boards pynq-z2")
    parser.add_argument("name", nargs="?", metavar="NAME", help="a board to show in full")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run_boards(arguments: argparse.Namespace) -> int:
    """The catalog as a table, or all that is known of one board; raises InputError for a board that is not in it."""
    names = board_names() if arguments.name is None else (arguments.name,)
    boards = [find_board(name) for name in names]
    if arguments.json:
        print_json({"boards": [_plain(dataclasses.asdict(board)) for board in boards]})
    elif arguments.name is None:
        print_table(COLUMNS, [_row(board) for board in boards])
        say("badge: simulated, routed or run; no board was run. 'shiftwire boards NAME' shows one in full")
    else:
        print_table(("what", "of this board"), list(_facts(boards[0])), title=boards[0].title)
    return ExitCode.OK


def _row(board: Board) -> tuple[Any, ...]:
    mhz = round(1000 / board.clock_ns)
    sensors = ", ".join(sensor.name for sensor in board.power if sensor.kind is not SensorKind.EXTERNAL)
    counts = (board.lut, board.bram36, board.dsp)
    power = sensors or "external meter"
    return (board.name, board.title, board.part, mhz, *counts, str(board.pynq), power, board.badge.value)


def _facts(board: Board) -> Iterator[tuple[str, str]]:
    yield "name", board.name
    yield "part", board.part
    yield "clock", f"{board.clock_ns:g} ns asked for ({1000 / board.clock_ns:g} MHz)"
    yield (
        "logic",
        f"{board.lut:,} LUT, {board.flip_flop:,} flip-flops, {board.bram36:,} BRAM36, {board.dsp:,} DSP blocks",
    )
    yield (
        "processing system",
        f"{board.ps_ip}, {board.ps.clock_mhz:g} MHz to the logic, DMA on {board.ps.dma_bits} bits",
    )
    yield "board_part", _marked(board, "files.board_part", board.files.board_part)
    yield "board files", f"of {board.files.vendor}, {SOURCES[board.files.source]}"
    yield "PYNQ", _marked(board, "pynq.lowest", str(board.pynq), "the lowest is unverified")
    for sensor in board.power:
        yield "power", _sensor(sensor)
    for text in board.notes:
        yield "note", text
    yield "badge", f"{board.badge.value}: how far this board was taken"


def _marked(board: Board, key: str, text: str, remark: str = "unverified") -> str:
    return f"{text} ({remark})" if key in board.unverified else text


def _sensor(sensor: PowerSensor) -> str:
    details = [sensor.kind.value, sensor.device and f"'{sensor.device}'"]
    details.append(f"{sensor.update_hz:g} Hz" if sensor.update_hz else None)
    details.append(f"steps of {1000 * sensor.step_w:g} mW" if sensor.step_w else None)
    return f"{sensor.name}: {sensor.point} ({', '.join(detail for detail in details if detail)})"


def _plain(value: Any) -> Any:
    """Enums as their words."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value.value if isinstance(value, enum.Enum) else value


def add_doctor(verbs: Verbs) -> argparse.ArgumentParser:
    """The verb `doctor` and its options."""
    parser = add_verb(verbs, "doctor", "show which tools are here and what each is for", "shiftwire doctor")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run_doctor(arguments: argparse.Namespace) -> int:
    """TOOL_FAILURE where something is missing that convert or csim need; optional tools may be absent."""
    tools = list(inventory())
    missing = [tool.name for tool in tools if tool.required and tool.installed is None]
    if arguments.json:
        print_json({"tools": [dataclasses.asdict(tool) for tool in tools], "missing": missing})
    else:
        rows = [(tool.name, tool.installed or f"missing: {tool.mend}", tool.purpose) for tool in tools]
        print_table(("tool", "found", "what for"), rows)
        say(f"missing for convert and csim: {', '.join(missing)}" if missing else "convert and csim have all they need")
    return ExitCode.TOOL_FAILURE if missing else ExitCode.OK
