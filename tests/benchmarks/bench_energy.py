"""What arithmetic costs, modelled, beside the same networks of multiply-accumulates."""

from __future__ import annotations

import sys
from importlib.metadata import version

from nets import PLANS, network
from results import Column, Result, Row, command, save
from shiftwire.explore.energy import INT8, claim_sentence, network_energy
from shiftwire.tools.resources import Evidence

FORMS = {
    "shift": {"adder": False},
    "adder": {"adder": True},
    "shift and add in turn": {"adder": False, "alternate": True},
}


COLUMNS = (
    Column("network"),
    Column("layers"),
    Column("less than multiply-accumulates layer by layer", "%", 1),
    Column("less than one multiplying layer a shift-and-add block", "%", 1),
)


def main() -> int:
    print(f"bench energy: modelled, {INT8.name}, {INT8.source}; no measurement")
    rows = []
    for name, plan in PLANS.items():
        for form, settings in FORMS.items():
            energy = network_energy(network(plan(), **settings))
            print(f"{name}, {form}: {claim_sentence(energy)}", flush=True)
            rows.append(Row((name, form, _percent(energy.saving), _percent(energy.block_saving))))
    tools = {"shiftwire": version("shiftwire"), "table": f"{INT8.name}, {INT8.source}"}
    save("energy", Result(command(), Evidence.MODELLED, tools, COLUMNS, tuple(rows)))
    return 0


def _percent(saving: float | None) -> float | None:
    return None if saving is None else round(100 * saving, 1)


if __name__ == "__main__":
    sys.exit(main())
