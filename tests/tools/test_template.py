"""Templates: every name gets a value, every value has a name, and what a value holds is not looked at."""

from __future__ import annotations

import pytest

import shiftwire_hls
from shiftwire.tools.template import filled


@pytest.fixture
def template(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a @ONE@b@ONE@\n@TWO@\n  @TWO@\nend\n"
    monkeypatch.setattr(shiftwire_hls, "template", lambda name: text)


@pytest.mark.usefixtures("template")
def test_names_become_values() -> None:
    assert filled("t", one=1, two="@ONE@\nx") == "a 1b1\n@ONE@\nx\n  @ONE@\nx\nend\n"


@pytest.mark.usefixtures("template")
def test_a_line_of_an_empty_value_goes() -> None:
    assert filled("t", one="", two="") == "a b\n  \nend\n"


@pytest.mark.usefixtures("template")
@pytest.mark.parametrize("values", [{"one": 1}, {"one": 1, "two": 2, "three": 3}])
def test_a_name_without_a_value_and_a_value_without_a_name(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"template t and its values differ in T(WO|HREE)$"):
        filled("t", **values)


def test_a_template_that_nobody_wrote() -> None:
    with pytest.raises(FileNotFoundError):
        filled("unwritten.cpp")
