"""Random files of the operations that docs/operators.md lists, and files with operations that it does not."""

from __future__ import annotations

import pytest

from file_verdicts import Outcome, judged, unnamed

FILES, STRANGERS = 60, 40


def test_random_files_of_the_listed_operations_convert_and_equal_their_own_run() -> None:
    verdicts = {seed: judged(seed) for seed in range(FILES)}
    outcomes = [verdict.outcome for verdict in verdicts.values()]
    refusals = {seed: verdict.sentence for seed, verdict in verdicts.items() if verdict.outcome is Outcome.REFUSED}
    assert outcomes.count(Outcome.DIFFERENT) == 0, verdicts
    assert outcomes.count(Outcome.EQUAL) >= 0.9 * FILES, refusals


@pytest.mark.parametrize("seed", range(STRANGERS))
def test_every_operation_that_nothing_handles_is_named_at_once(seed: int) -> None:
    assert unnamed(seed) == set()
