"""shiftwire doctor: which tools are here, which are not, and what each is for."""

from __future__ import annotations

import argparse
import dataclasses

from shiftwire.cli.terminal import Verbs, add_verb, print_json, print_table, say
from shiftwire.tools.inventory import inventory


def add(verbs: Verbs) -> argparse.ArgumentParser:
    parser = add_verb(verbs, "doctor", "show which tools are here and what each is for", "shiftwire doctor")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(arguments: argparse.Namespace) -> int:
    tools = list(inventory())
    missing = [tool.name for tool in tools if tool.required and tool.found is None]
    if arguments.json:
        print_json({"tools": [dataclasses.asdict(tool) for tool in tools], "missing": missing})
    else:
        rows = [(tool.name, tool.found or f"missing: {tool.mend}", tool.purpose) for tool in tools]
        print_table(("tool", "found", "what for"), rows)
        say(f"missing for convert and csim: {', '.join(missing)}" if missing else "convert and csim have all they need")
    return 3 if missing else 0
