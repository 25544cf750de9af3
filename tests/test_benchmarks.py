"""BENCHMARKS.md is what page.py makes of the results, and every figure of it says what it is and where it is from."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import page
from bench_lanes import bare
from results import FOLDER, Column, Result, Row, read, table, written
from shiftwire.tools.resources import Evidence

RESULTS = page.results()
PROSE = page.TEMPLATE.read_text(encoding="utf-8")
COMMIT = re.compile(r"(.+-\d+-g)?[0-9a-f]{7,40}")
"""As git describes it: of a clean checkout."""

EARLIER = Result(
    "python bench.py",
    Evidence.MODELLED,
    {"tool": "1.0"},
    (Column("a"), Column("b")),
    table(("x", 1), ("y", 2)),
    commit="0000aaa",
)
LATER = replace(EARLIER, rows=table(("y", 3)), commit="0000bbb")


def test_the_page_is_what_the_results_make_of_it() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page(PROSE, RESULTS), "run make bench-page"


def test_the_readme_shows_rows_of_the_results() -> None:
    text = page.README.read_text(encoding="utf-8")
    assert page.EXCERPT.search(text)
    assert text == page.with_excerpt(text, RESULTS["networks"]), "run make bench-page"


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_names_evidence_versions_and_commit(name: str) -> None:
    result = RESULTS[name]
    assert result.tools
    assert all(result.tools.values())
    for row in result.rows:
        assert COMMIT.fullmatch(row.commit or result.commit), row
    assert (result.machine is not None) == (result.evidence is Evidence.MEASURED)
    assert (result.part is not None) == (
        result.evidence in (Evidence.SYNTHESISED, Evidence.ROUTED) or name == "activity"
    )


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_has_one_spelling_without_paths(name: str) -> None:
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert written(RESULTS[name]) == text
    assert json.loads(text)["evidence"]
    assert not re.search(r'["= ]/\w', text), "a path of one machine"


def test_every_result_has_its_place_on_the_page() -> None:
    assert set(RESULTS) <= set(page.TABLE.findall(PROSE)), "give each a {{table NAME}} in page.md.in"


def test_prose_holds_no_figures() -> None:
    assert page.figures(PROSE) == []


@pytest.mark.parametrize("text", ["152 MHz", "a ratio of 0.40", "16,384", "80%", "LUT 7", "5.48", "1234567"])
def test_a_figure_in_prose_is_found(text: str) -> None:
    assert page.figures(text)


@pytest.mark.parametrize("text", ["int8", "ResNet-20", "xc7z020", "2f75173", "0000aaa", "{{table pe}}"])
def test_a_name_in_prose_is_no_figure(text: str) -> None:
    assert not page.figures(text)


def test_a_section_waits_for_its_tables() -> None:
    template = "# Page\n\n## A\n\n{{table a}}\n\n## B\n\n{{table b}}\n"
    assert "## B" not in page.page(template, {"a": EARLIER})
    assert "| y | 2 |" in page.page(template, {"a": EARLIER})


def test_rows_taken_again_take_the_place_of_earlier_ones() -> None:
    assert LATER.over(EARLIER, 1).rows == (Row(("x", 1), "0000aaa"), Row(("y", 3)))


def test_results_of_other_tools_do_not_mix() -> None:
    assert replace(LATER, tools={"tool": "2.0"}).over(EARLIER, 1).rows == table(("y", 3))
    wider = replace(LATER, columns=(*LATER.columns, Column("c")), rows=table(("y", 3, 4)))
    assert wider.over(EARLIER, 1) == wider


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="1 cells"):
        replace(EARLIER, rows=table(("x",)))


def test_what_is_written_is_read_again(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "it.json"
    path.write_text(written(LATER.over(EARLIER, 1)), encoding="utf-8")
    assert written(read(path)) == path.read_text(encoding="utf-8")


def test_bare_instructions_run_beside_the_headers_of_today(tmp_path: Path) -> None:
    rates = bare(tmp_path, runs=1)
    assert set(rates) <= {"packed<2>", "packed<4>", "octets"}
    assert all(rate > 0 for rate in rates.values())
