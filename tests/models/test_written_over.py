"""No command writes over a file that it reads, or twice into one; the parser refuses in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from shiftwire_models.cli import main

FILES = ("model.onnx", "float.onnx", "net.pth", "x.npz")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("finetune model.onnx --data digits -o model.onnx", "model.onnx is read too"),
        ("finetune model.onnx --data digits --float float.onnx -o float.onnx", "float.onnx is read too"),
        ("adopt net.pth --as adder --net resnet20 -o net.pth", "net.pth is read too"),
        ("adopt net.pth --as adder --net resnet20 --calibrate x.npz -o a.onnx --data-out x.npz", "x.npz is read too"),
        ("zoo lenet5 -o same --data-out same", "same is named for two files"),
        ("export folder -o same --expect same", "same is named for two files"),
    ],
)
def test_refused_before_anything_is_read(words: str, sentence: str, tmp_path: Path, capsys) -> None:
    for name in FILES:
        (tmp_path / name).write_text(name)
    verb, *rest = words.split()
    named = [str(tmp_path / word) if word in (*FILES, "same", "a.onnx", "folder") else word for word in rest]
    assert main([verb, *named]) == 2
    assert sentence in capsys.readouterr().err
    assert {file.name for file in tmp_path.iterdir()} == {*FILES}
    assert all((tmp_path / name).read_text() == name for name in FILES)


def test_the_parser_refuses_in_one_sentence(capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["adopt", "net.pth"])
    err = capsys.readouterr().err
    assert stopped.value.code == 2 and len(err.splitlines()) == 1
    assert "the following arguments are required: --as, --net, -o/--output; see 'shiftwire-train adopt --help'" in err
