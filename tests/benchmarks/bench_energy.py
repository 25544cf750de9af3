"""What arithmetic costs, modelled, beside the same networks of multiply-accumulates: python tests/bench_energy.py."""

from __future__ import annotations

import sys

from bench_nets import PLANS, network
from shiftwire.reports.energy import INT8, claim_sentence, network_energy

FORMS = {
    "shift": {"adder": False},
    "adder": {"adder": True},
    "shift and add in turn": {"adder": False, "alternate": True},
}


def main() -> int:
    print(f"bench energy: modelled, {INT8.name}, {INT8.source}; no measurement")
    for name, plan in PLANS.items():
        for form, settings in FORMS.items():
            print(f"{name}, {form}: {claim_sentence(network_energy(network(plan(), **settings)))}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
