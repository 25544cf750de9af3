"""Verbs run in the process of a test."""

from __future__ import annotations

import pytest

from shiftwire.cli import main


def run_verb(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a verb."""
    status = main([str(word) for word in argv])
    captured = capsys.readouterr()
    return status, captured.out, captured.err
