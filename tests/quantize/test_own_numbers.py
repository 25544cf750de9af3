"""Layers with numbers of their own, and tensors with bits of their own: what the exact file then has."""

from __future__ import annotations

from pathlib import Path

import pytest

from float_files import mixed_net, quantize, same_everywhere, written
from float_nets import FloatNet
from shiftwire import api
from shiftwire.explore.trials.space import escaped, words
from shiftwire.ops.weights.shift import Shift
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.methods.words import own_of
from shiftwire.quantize.options import Options, Own


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(mixed_net(), tmp_path_factory.mktemp("own"))


def shifts(file: Path) -> dict[str, tuple[int, int]]:
    """Most terms and exponents of each layer with weights, counted in its values."""
    found = {}
    for node in api.load_network(file).nodes:
        if isinstance(getattr(node.op, "weights", None), Shift):
            terms = node.op.weights.weights
            used = terms.exponent[terms.sign != 0]
            found[node.name] = int((terms.sign != 0).sum(axis=0).max()), int(used.max() - used.min() + 1)
    return found


def test_layers_and_tensors_have_their_own_numbers(work: Path, capsys) -> None:
    """In one file, which every engine computes alike."""
    bits = {"r2": 3, "r4": 9}
    layers = "n2=lightnn:terms=1:exponents=3,c3=linear : terms = 2,hidden=circulant:block=8:terms=1,rest=lightnn"
    of_tensors = [word for name, number in bits.items() for word in ("--act-bits", f"{name}={number}")]
    status, _, err = quantize(capsys, work, "--layers", layers, "--terms", 4, "--act-bits", 7, *of_tensors)
    assert status == 0, err
    tensors = api.load_network(work / "exact.onnx").tensors
    assert {name: tensors[name].format.bits for name in ("r1", *bits)} == {"r1": 7, **bits}
    found = shifts(work / "exact.onnx")
    names = {own: next(name for name in found if own in name) for own in ("n1", "n2", "c3", "logits")}
    assert found[names["n2"]][0] == 1 and found[names["n2"]][1] <= 3
    assert found[names["c3"]][0] == 2
    assert found[names["n1"]][0] == found[names["logits"]][0] == 4
    hidden = next(node.op.weights for node in api.load_network(work / "exact.onnx").nodes if node.name == "hidden")
    assert hidden.vectors.sign.shape[3] == 8 and (hidden.weights.sign != 0).sum(axis=0).max() == 1
    same_everywhere(capsys, work)


def test_no_layer_takes_more_exponents_than_are_allowed(work: Path, capsys) -> None:
    """Whichever steps of its filters are the best ones."""
    for exponents in (1, 2, 3, 4):
        assert quantize(capsys, work, "--method", "lightnn", "--terms", 1, "--exponents", exponents)[0] == 0
        found = shifts(work / "exact.onnx")
        assert len(found) == 7 and all(used <= exponents for _, used in found.values()), (exponents, found)


def test_bases_of_one_layer(work: Path, capsys) -> None:
    assert quantize(capsys, work, "--layers", "n2=escalate:bases=3,c3=escalate,rest=lightnn", "--bases", 5)[0] == 0
    tensors = api.load_network(work / "exact.onnx").tensors
    channels = [tensors[f"{name}_bases"].shape[-1] for name in ("n2", "c3")]
    assert channels == [8 * 3, 12 * 5]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (("--layers", "n2=lightnn:term=1"), "'term=1' of --layers is no number that lightnn has"),
        (("--layers", "n2=apot:terms=1"), "it takes none"),
        (("--layers", "n2=binary:exponents=1"), "it takes none"),
        (("--layers", "n2=lightnn:terms=1:terms=2"), "'terms=1' of --layers is no number"),
        (("--layers", "n2=lightnn:terms=99"), "99 terms are outside 1..8"),
        (("--layers", "n2=lightnn:terms=0"), "0 terms are outside 1..8"),
        (("--layers", "n2=lightnn:terms=-1"), "'terms=-1' of --layers is no number"),
        (("--layers", "c9=lightnn:terms=1"), "--layers gives lightnn to 'c9'"),
        (("--layers", "rest=lightnn:terms=1"), "write rest=lightnn and --terms 1"),
        (("--act-bits", "r9=4"), "bits of 'r9' were asked for, but no tensor of that name is quantized"),
        (("--act-bits", "r1=25"), "25 activation bits of 'r1' are outside 1..24"),
        (("--act-bits", "many"), "'many' of --act-bits is no number of bits"),
        (("--act-bits", "=4"), "'=4' of --act-bits is no number of bits"),
        (("--act-bits", "r1=8", "--act-bits", "r1=6"), "--act-bits speaks of 'r1' more than once"),
    ],
)
def test_refusals(asked: tuple[str, ...], sentence: str, work: Path, capsys) -> None:
    status, out, err = quantize(capsys, work, *asked)
    assert (status, out) == (2, "") and sentence in err, err


@pytest.mark.parametrize("name", ["conv1", "model:conv=1", "a,b[c]", "stage.3/x (y)", "ü=lightnn:terms=2"])
def test_an_expression_of_one_name(name: str) -> None:
    own = own_of(f"{escaped(name)}=lightnn:terms=2")
    assert own == Own(escaped(name), Method.LIGHTNN, terms=2)
    options = Options(terms=5, layers=(own,))
    assert options.of(name).terms == 2 and options.of(name + "x").terms == 5


def test_words_are_the_options(work: Path, capsys) -> None:
    """What `words` spells, the command line reads."""
    options = Options(Method.LIGHTNN, 2, layers=(own_of("n2=deepshift:exponents=4"),), bits={"r 1": 5}, input_bits=6)
    assert words(options) == (
        "--method lightnn --terms 2 --layers n2=deepshift:exponents=4 --act-bits 8 --act-bits 'r 1'=5 --input-bits 6 "
        "--samples 64"
    )


def test_nothing_of_its_own_is_as_before(tmp_path: Path, capsys) -> None:
    """A number that is that of all changes no byte."""
    net = FloatNet((2, 5, 5), seed=3).conv("c1", 4, 2).node("Relu", "r1").node("Flatten", "f", axis=1)
    work = written(net.dense("logits", 3, 100), tmp_path)
    assert quantize(capsys, work, "--method", "lightnn", "--terms", 2)[0] == 0
    before = (work / "exact.onnx").read_bytes()
    words = ("--layers", "c1=lightnn:terms=2:exponents=8", "--act-bits", "8", "--act-bits", "r1=8")
    assert quantize(capsys, work, "--method", "lightnn", "--terms", 2, *words)[0] == 0
    assert (work / "exact.onnx").read_bytes() == before
