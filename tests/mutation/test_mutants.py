"""Every mutant still finds its place in the sources."""

from __future__ import annotations

import pytest

from mutants import CAMPAIGNS, ROOT

EVERY = [(campaign, mutant) for campaign in CAMPAIGNS for mutant in campaign.mutants]


@pytest.mark.parametrize(("campaign", "mutant"), EVERY, ids=[f"{c.name}: {m.what}" for c, m in EVERY])
def test_a_mutant_has_its_place(campaign, mutant) -> None:  # type: ignore[no-untyped-def]
    file = ROOT / campaign.root / campaign.package / campaign.folder / mutant.file
    assert mutant.old in file.read_text(encoding="utf-8"), "what it changes is no longer there"
