"""Shared pieces of the suite."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cpp_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where compiled simulations of this run live."""
    return tmp_path_factory.mktemp("cpp")
