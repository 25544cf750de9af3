"""The folds worth having at the usual price of a block RAM."""

from __future__ import annotations

from collections.abc import Mapping

from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network
from shiftwire.schedule.fold_choice import Choices, every_choice, worth_having


def choices(network: Network, fixed: Mapping[str, Fold], *, for_hls: bool = False) -> Choices:
    """Of every layer; `fixed` names some."""
    every = every_choice(network, fixed, for_hls=for_hls)
    return {name: worth_having(own) for name, own in every.items()}
