"""Stand-ins for the vendors' tools."""

from pathlib import Path

import pytest

from vendor_texts import Bench


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)
