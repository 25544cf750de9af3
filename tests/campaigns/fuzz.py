"""The slow tests; `make campaign-fuzz` runs those that have not passed yet, and keeps what each of them counted."""

from __future__ import annotations

import sys

import pytest

from campaign import Results


class Recorder:
    """Keeps every test that ends, in the process that all workers report to."""

    def __init__(self, results: Results) -> None:
        self.results = results

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            found = {"outcome": report.outcome, "seconds": round(report.duration, 1)}
            if report.when == "call" or report.failed:
                self.results.add(**{report.nodeid: found | dict(report.user_properties)})


def main(options: list[str]) -> int:
    results = Results.opened("fuzz")
    passed = [name for name, entry in results.entries.items() if entry["outcome"] == "passed"]
    print(f"fuzz: {len(passed)} passed before at {results.commit}; {results.path}")
    skipped = [word for name in passed for word in ("--deselect", name)]
    code = pytest.main(["-q", "-m", "slow", *skipped, *options], plugins=[Recorder(results)])
    return 0 if code == pytest.ExitCode.NO_TESTS_COLLECTED and passed else int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
