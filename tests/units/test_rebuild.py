"""Weights that are rebuilt from factors: what is stored, the kernel and the module, against the specification."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netlib import run_networks
from one_layer import factored, factored_adder, frames, of_one
from rebuilt_nets import rebuilt_folds, rebuilt_nets, some_rebuilt
from rtl_nets import FRAMES, Batch
from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network
from shiftwire.ir.weights import Stored
from shiftwire.native.program import bounded_program
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.weights.factors import OfFactors
from shiftwire.rtl.bench import Bench
from shiftwire.schedule.design import Target, folded, schedule
from shiftwire.schedule.lowering import in_dsp_blocks, rtl_network
from shiftwire.schedule.streaming import pipeline
from shiftwire.units.sums.rebuild import RebuildUnit
from shiftwire.verify.native import simulated_layers
from shiftwire.verify.rtl_simulator import Conditions, built
from shiftwire_boards.catalog import load_board

NETS = rebuilt_nets()
TRIED = 2
"""Folds of each."""
BROKEN_ON = {"dense": Fold(1, 1, 1), "conv": Fold(2, 2, 4), "adder_conv": Fold(2, 2, 2), "pieces": Fold(1, 16, 2)}
"""What mutants are tried on."""


def unit(network: Network, fold: Fold) -> RebuildUnit:
    (node,) = network.nodes
    units = node.op.units(network.sources(node), network.output, fold)
    (found,) = (each for each in units if isinstance(each, RebuildUnit))
    return found


def decoded(stored: Stored, rounding: int, dropped: int) -> np.ndarray:
    """Every word of weights (folds, synapses, pe, simd), by plain loops over codes."""
    bits = stored.type.bits - 1
    folds, rows, pe, simd, _ = stored.codes.shape
    made = np.zeros((folds, rows * stored.columns, pe, simd), np.int64)
    for fold, row, column, output, lane in np.ndindex(folds, rows, stored.columns, pe, simd):
        total = rounding
        for j in range(3):
            code = int(stored.codes[fold, row, output, lane, j])
            exponent, number = (
                code % (1 << bits),
                int(stored.context[fold, row // stored.piece_rows, column, output, j]),
            )
            if not (stored.parameters["HAS_NONE"] and exponent == (1 << bits) - 1):
                total += (-1 if code >> bits else 1) * (number << exponent)
        made[fold, row * stored.columns + column, output, lane] = total >> dropped
    return made


@pytest.mark.parametrize("name", NETS)
def test_what_is_stored_makes_the_weights(name: str) -> None:
    """In the order in which beats come: blocks of channels, then the kernel's rows and columns."""
    network = NETS[name]
    weights = network.nodes[0].op.weights
    fold = max(rebuilt_folds(network), key=lambda fold: (fold.simd, fold.pe))
    stored = unit(network, fold).stored
    made = decoded(stored, (1 << weights.dropped) >> 1, weights.dropped)
    filters, channels = len(weights.rows), weights.shape[-1]
    beats = [
        [place * channels + block + lane for lane in range(fold.simd)]
        for block in range(0, channels, fold.simd)
        for place in range(weights.rows.shape[1] // channels)
    ]
    wanted = [
        [[[weights.rows[first + output, tap] for tap in beat] for output in range(fold.pe)] for beat in beats]
        for first in range(0, filters, fold.pe)
    ]
    assert np.array_equal(made[:, : len(beats)], wanted)


@pytest.mark.parametrize(
    ("exponents", "zeros", "bits"),
    [(7, True, 4), (8, True, 5), (8, False, 4), (4, True, 4), (3, True, 3), (1, False, 2)],
)
def test_bits_of_a_coefficient(exponents: int, zeros: bool, bits: int) -> None:
    """Seven exponents and none are 15 codes of 4 bits, eight and none 17 of 5."""
    weights = factored((2, 12), 4)
    factors = weights.factors
    exponent = np.arange(factors.sign.size).reshape(factors.sign.shape) % exponents
    sign = np.where(np.arange(factors.sign.size).reshape(factors.sign.shape) % 5 == 0, 0 if zeros else 1, -1)
    own = type(factors)(sign.astype(np.int8), exponent.astype(np.int8), factors.basis, factors.basis_frac, factors.taps)
    stored = type(weights).of(own, (12,)).stored(1, 1)
    assert stored is not None and stored.type.bits == bits
    assert np.array_equal(decoded(stored, 0, 0)[:, :12, 0, 0], own.integers)


def test_permuted_weights_are_not_rebuilt() -> None:
    """A flattened image may come in an order in which rows fall apart; two matrices in a word have two bases."""
    network = of_one(Dense(factored((4, 9), 5).with_taps(np.arange(9)[::-1]), Bias.none(4)), (9,))
    assert rebuilt_folds(network) == []
    assert max(fold.simd for fold in rebuilt_folds(NETS["pieces"])) == 64


def test_coarser_factors_than_weights_are_refused() -> None:
    own = factored_adder((2, 3, 3, 4), 4)
    with pytest.raises(InputError, match=rf"2\^-{own.factors.grid} make no weights in steps of 2\^-40; give"):
        type(own)(40, own.factors, own.places)


def cases(stands_on: str | None) -> tuple[list[str], list[Network], list[Fold]]:
    """Some folds of each; one of a few for a file that is broken on purpose."""
    drawn = []
    for name, network in NETS.items():
        if stands_on and name in BROKEN_ON:
            drawn.append((name, network, BROKEN_ON[name]))
        elif not stands_on:
            drawn += [(name, network, fold) for fold in some_rebuilt(network, TRIED)]
    names, networks, folds = zip(*drawn, strict=True)
    return list(names), list(networks), list(folds)


@pytest.mark.parametrize("flags", [("-O0",), ("-O0", "-DSHIFTWIRE_HARDWARE")])
def test_the_kernel_is_exact(flags: tuple[str, ...], tmp_path: Path, stands_on: str | None) -> None:
    """As for a processor and as for hardware; a header that is broken on purpose is tried in one of them."""
    if stands_on and len(flags) > 1:
        pytest.skip("the other one sees it")
    _, networks, folds = cases(stands_on)
    given = [frames(network, 8) for network in networks]
    found = run_networks(networks, given, tmp_path, flags=flags, folds=[{"y": fold} for fold in folds])
    for network, fold, codes, layers in zip(networks, folds, given, found, strict=True):
        assert np.array_equal(layers["y"], network.evaluate(codes)), fold


def test_native_programs_count_its_cycles(tmp_path: Path) -> None:
    """On FIFOs of the emitted depth; raises where a unit's cycles are not those predicted."""
    for name in ("conv", "adder_conv"):
        network = NETS[name]
        fold = max(rebuilt_folds(network), key=lambda fold: (fold.turns, fold.simd))
        design = folded(network, load_board("pynq-z2"), 10.0, {"y": fold})
        codes = frames(network, 16)
        layers = simulated_layers(bounded_program(design.pipeline, tmp_path / name), network, codes)
        assert np.array_equal(layers["y"], network.evaluate(codes))
        assert unit(network, fold).iterations == network.output.size // fold.pe * 36 // fold.simd


def test_the_module_is_exact(tmp_path: Path, stands_on: str | None) -> None:
    """Cycle by cycle as predicted, with stalls of both sides and resets in the midst of a frame."""
    names, networks, folds = cases(stands_on)
    named = {f"n{at}": network for at, network in enumerate(networks)}
    hardware = {}
    for at, (network, fold) in enumerate(zip(networks, folds, strict=True)):
        rtl = rtl_network(pipeline(network, {"y": fold}), f"n{at}", spare_bram36=1000 * (at % 2))
        hardware[f"n{at}"] = in_dsp_blocks(rtl) if at % 3 == 1 else rtl
    codes = {name: frames(network, FRAMES) for name, network in named.items()}
    batch = Batch(named, hardware, codes, built(Bench(tuple(hardware.values())), tmp_path, optimise="-O0"))
    free = batch.run()
    assert batch.check_codes(free).live > 10 * len(named), names
    batch.check_cycles(free)
    for stall in (0.3, 0.7, 0.97):  # the last is slower than any of them
        batch.check_codes(batch.run(Conditions(stall=stall, seed=2)))
    batch.check_codes(batch.run(Conditions(reset_frames=2)))
    for cycle in (23, 41, 57, 90, 131):
        batch.check_codes(batch.run(Conditions(stall=0.1, reset_cycle=cycle)))


def test_folds_are_chosen_by_cost() -> None:
    """A layer whose weights fill block RAM and whose lanes are few is rebuilt; one that fits in LUTs is not."""
    board = load_board("pynq-z2")
    large = of_one(
        Conv(factored_adder((64, 3, 3, 64), 4, 1), Bias.none(64), NETS["conv"].nodes[0].op.window), (8, 8, 64)
    )
    chosen = schedule(large, board, target=Target(fps=100.0)).folds["y"]
    assert chosen.turns > 0
    assert isinstance(large.nodes[0].op.weights, OfFactors)
    small = schedule(NETS["adder_conv"], board, target=Target(fps=1000.0)).folds["y"]
    assert small.turns == 0
