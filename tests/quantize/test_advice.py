"""What quantize advises: every option can be named, and what is said of it is what quantizing with it gives."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from float_nets import FloatNet, adder, convolutional
from onnx_graphs import conv as exact_conv
from quantized import quantized
from shiftwire.cli import quantize as verb
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.exporter import to_onnx
from shiftwire.onnx.file import write_model
from shiftwire.onnx.importer import network_from_model
from shiftwire.quantize.advice import Attempt, Ground, bolder, choices, relevant, try_options
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.options import Knob, Options, Ranging
from shiftwire.quantize.quantizer import Quantized, with_trials
from shiftwire.quantize.report import LayerCost, QuantizeReport, Trial, Trials

NAMES = {
    "--terms", "--affine-terms", "--act-bits", "--input-bits", "--exponents", "--affine-exponents", "--minmax",
    "--percentile", "--format", "--method", "--error-budget", "--mse",
}  # fmt: skip


def parsed(words: str, path: Path) -> Options:
    """Options as the command line reads them."""
    verbs = argparse.ArgumentParser().add_subparsers(dest="verb")
    verb.add(verbs)
    arguments = verbs.choices["quantize"].parse_args([str(path), "--calibrate", "x.npz", *shlex.split(words)])
    return verb._options(arguments)


def written(options: Options) -> str:
    """Options as a user writes them."""
    changed = [f"{knob.value} {getattr(options, knob.field)}" for knob in Knob if knob is not Knob.TERMS]
    if options.method.takes_terms:
        changed.append(f"--terms {options.terms}")
    if options.ranging is not Ranging.MSE:
        changed.append("--minmax" if options.ranging is Ranging.MINMAX else f"--percentile {options.percentile}")
    budget = [] if options.error_budget is None else [f"--error-budget {options.error_budget}"]
    return " ".join([f"--method {options.method.value}", *budget, *changed])


def cost(name: str, own: float, knob: Knob) -> LayerCost:
    return LayerCost(name, "Layer", "u8.4", own, knob)


COSTS = (cost("x", 0.02, Knob.INPUT_BITS), cost("r", 0.3, Knob.ACT_BITS), cost("fc", 0.1, Knob.TERMS))
FORMATS = {"r": ("relu:1", Fixed(12, 9, signed=False)), "x": ("in", Fixed(14, 9, signed=True))}


def test_every_option_can_be_named() -> None:
    """Whatever is chosen now, the words parse, and mean the options that were tried."""
    named: set[str] = set()
    starts = [
        Options(),
        Options(method=Method.DEEPSHIFT, ranging=Ranging.MINMAX),
        Options(method=Method.LIGHTNN, ranging=Ranging.PERCENTILE, percentile=99.0, error_budget=0.04, terms=6),
        Options(method=Method.APOT, act_bits=23, input_bits=24, affine_terms=8, exponents=3),
    ]
    for options in starts:
        for choice in [*choices(options, COSTS, FORMATS), *bolder(options)]:
            named |= set(re.findall(r"--[a-z-]+", choice.words))
            assert choice.options != options
            rest = {"--method"} & set(choice.words.split())
            before = written(options) if not rest else written(replace(options, method=Method.LINEAR))
            changed = [f for f in ("--minmax", "--mse", "--percentile") if f in choice.words]
            if changed:
                before = re.sub(r"--minmax|--percentile \S+", "", before)
            wanted = choice.options
            if wanted.ranging is not Ranging.PERCENTILE:
                wanted = replace(wanted, percentile=Options().percentile)
            assert parsed(f"{before} {choice.words}", Path("m.onnx")) == wanted, choice.words
            for name, knob in ((knob.value, knob) for knob in Knob):
                if f"{name} " in choice.words and not rest:
                    assert getattr(choice.options, knob.field) > getattr(options, knob.field)
    assert named == NAMES


def test_a_method_that_fixes_its_terms_is_given_no_other_number_of_them() -> None:
    for method in (Method.DEEPSHIFT, Method.APOT):
        words = [choice.words for choice in choices(Options(method=method), COSTS, FORMATS)]
        assert "--method linear --terms 3" in words
        assert not any(word.startswith("--terms") for word in words)
    words = [choice.words for choice in choices(Options(method=Method.APOT), COSTS, FORMATS)]
    assert not any(word.startswith("--exponents") for word in words), "its levels are no powers of two"


NETS: dict[str, tuple[Callable[[], FloatNet], dict[str, object]]] = {
    "few terms": (convolutional, {"act_bits": 12, "terms": 1}),
    "few bits": (convolutional, {"act_bits": 4, "terms": 5}),
    "a coarse input": (convolutional, {"act_bits": 12, "input_bits": 3, "terms": 5}),
    "few exponents": (convolutional, {"act_bits": 12, "exponents": 3, "terms": 5}),
    "a percentile": (convolutional, {"ranging": Ranging.PERCENTILE, "percentile": 80.0, "act_bits": 10}),
    "one term by rule": (convolutional, {"act_bits": 12, "method": Method.DEEPSHIFT}),
    "an adder net": (adder, {"act_bits": 5}),
    "a coarse scale": (adder, {"act_bits": 10, "affine_terms": 1}),
}
CURES = {
    "few terms": "--terms", "few bits": "--act-bits", "a coarse input": "--format x=", "few exponents": "--exponents",
    "a percentile": "--mse", "one term by rule": "--method", "an adder net": "--act-bits",
    "a coarse scale": "--affine-terms",
}  # fmt: skip


@pytest.mark.parametrize("name", NETS)
def test_what_is_said_of_an_option_is_what_it_gives(name: str, tmp_path: Path) -> None:
    """The error that is stated is that of a file quantized with those options; what starves the net is named."""
    make, given = NETS[name]
    net = make()
    path, values = net.save(tmp_path), net.samples(24)
    made = with_trials(quantized(path, values, **given), lambda *_: None)
    trials, report = made.report.trials, made.report
    assert trials is not None and trials.samples == 24
    assert trials.before == report.answers.error.relative_error
    best = trials.helping[0]
    assert CURES[name] in best.words
    assert made.ground is not None
    for trial in (best, trials.tried[0]):
        known = [*choices(made.ground.options, report.layers, made.ground.finer), *bolder(made.ground.options)]
        options = next(choice.options for choice in known if choice.words == trial.words)
        changed = {field: getattr(options, field) for field in Options.__dataclass_fields__}
        again = quantized(path, values, **changed).report
        assert trial.error == again.answers.error.relative_error
        assert dict(trial.costs) == {layer.name: layer.own_error for layer in again.layers}
    shown = [f"{100 * share:.2f} %" for share in (trials.before, best.error)]
    assert f"{best.words} takes the outputs' error from {shown[0]} to {shown[1]}" in report.advice


def ground(attempt: Callable[[Options], Attempt | None], before: float = 0.04) -> Ground:
    return Ground(Options(), COSTS, FORMATS, Trials(9, before, ()), attempt)


def report(trials: Trials) -> QuantizeReport:
    return QuantizeReport(9, COSTS, None, trials)  # type: ignore[arg-type]


def test_the_costliest_layers_options_come_first() -> None:
    """Those of layers below a fifth of the largest cost are left, where the others help enough."""
    told: list[tuple[int, int]] = []
    tried = try_options(ground(lambda options: Attempt(0.04 / options.act_bits, ())), lambda *at: told.append(at)).tried
    assert relevant(COSTS) == {Knob.ACT_BITS, Knob.TERMS, Knob.AFFINE_TERMS}
    words = [trial.words for trial in tried]
    assert words == [
        "--minmax", "--percentile 99.9", "--percentile 99", "--format relu:1=u12.9", "--exponents 12",
        "--affine-exponents 16", "--affine-terms 8", "--terms 4", "--act-bits 10",
    ]  # fmt: skip
    assert told == [(at, 9) for at in range(1, 10)]
    poor = try_options(ground(lambda options: Attempt(4 / options.act_bits, ()), 1.0), lambda *_: None)
    assert len(poor.tried) > 9 and poor.tried[-1].words.count("--") == 6, "what helps too little is no end"


def test_where_nothing_helps_it_is_said() -> None:
    trials = try_options(ground(lambda _: Attempt(0.0361, ())), lambda *_: None)
    words = [trial.words for trial in trials.tried]
    assert {"--input-bits 12", "--input-bits 16", "--input-bits 24", "--act-bits 16", "--terms 6"} <= set(words)
    assert words[-1] == "--exponents 16 --affine-exponents 20 --affine-terms 8 --input-bits 16 --terms 6 --act-bits 16"
    advice = report(trials).advice
    assert advice.startswith("the largest cost is in 'r' (Layer, 30.00 % of its spread); no option lowers the outputs'")
    assert f"({len(words)} tried on 9 samples, at last {words[-1]})" in advice
    assert advice.endswith("so train it with its formats and terms, as shiftwire-train finetune does")
    assert "tried" in report(try_options(ground(lambda _: None), lambda *_: None)).advice


def trials_of(*pairs: tuple[str, float | None]) -> Trials:
    return Trials(9, 0.5, tuple(Trial(words, error) for words, error in pairs))


def test_what_helps_is_ranked() -> None:
    trials = trials_of(("a", 0.445), ("b", 0.105), ("c", 0.1), ("d", 0.3), ("e", None), ("f", 0.2), ("g", 0.46))
    assert [trial.words for trial in trials.helping] == ["b", "c", "f", "d", "a"], "b is cheaper and nearly as good"
    advice = report(trials).advice
    assert "b takes the outputs' error from 50.00 % to 10.50 %; c to 10.00 %; f to 20.00 %" in advice
    assert "d to" not in advice and "train" not in advice
    assert trials_of(("a", 0.451), ("b", None)).helping == ()
    assert [trial.words for trial in trials_of(("a", 0.449)).helping] == ["a"]


def test_what_is_still_far_off_is_not_called_good() -> None:
    assert "still far from the float network, so train it" in report(trials_of(("a", 0.26))).advice
    assert "still far" not in report(trials_of(("a", 0.24))).advice


def test_a_layers_own_cost_is_told_where_it_falls() -> None:
    for own, is_told in ((0.1, True), (0.29, False)):
        trials = Trials(9, 0.5, (Trial("a", 0.2, {"r": own}),))
        assert ("its own cost to 10.00 %" in report(trials).advice) is is_told


def test_small_shares_keep_their_figures() -> None:
    assert "from 2.0e-03 % to 3.0e-05 %" in report(replace(trials_of(("a", 3e-7)), before=2e-5)).advice
    assert "to nothing" in report(trials_of(("a", 0.0))).advice
    assert "none of it reaches the outputs" in report(Trials(9, 0.0, ())).advice


def test_a_file_that_is_quantized_throughout_is_left(tmp_path: Path) -> None:
    write_model(to_onnx(network_from_model(exact_conv())), tmp_path / "exact.onnx")
    values = np.random.default_rng(0).integers(-128, 128, (20, 1, 5, 5)) / 16
    made: Quantized = quantized(tmp_path / "exact.onnx", values)
    assert with_trials(made, lambda *_: None) is made
    assert "quantized throughout" in made.report.advice


def test_large_nets_are_tried_on_few_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shiftwire.quantize.drafts.TRIAL_NUMBERS", 1)
    net = convolutional()
    made = with_trials(quantized(net.save(tmp_path), net.samples(40), act_bits=5), lambda *_: None)
    trials = made.report.trials
    assert trials is not None and trials.samples == 8
    assert trials.helping and trials.before == pytest.approx(made.report.answers.error.relative_error, rel=0.5)
