"""What the parser itself refuses."""

from __future__ import annotations

import pytest

from shiftwire.cli import main


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("explore", "x", "--seed", "-1"), "argument --seed: found '-1', wanted a whole number from 0 on; see"),
        (("explore", "x", "--trials", "0"), "argument --trials: found '0', wanted a whole number from 1 on; see"),
        (("convert", "x", "--luts", "abc"), "argument --luts: found 'abc', wanted a share such as 70%; see"),
        (("explore", "x", "--objectives", "foo"), "argument --objectives: invalid choice: 'foo'"),
        (("convolve",), "shiftwire: argument verb: invalid choice: 'convolve'"),
    ],
)
def test_options_are_refused_in_one_sentence(words: tuple[str, ...], sentence: str, capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(list(words))
    err = capsys.readouterr().err
    assert stopped.value.code == 2 and sentence in err and len(err.splitlines()) == 1, err
