"""Tables that the C++ reads, word by word, against plain loops over what they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from one_layer import codes
from shiftwire.ir.bias import Bias
from shiftwire.ir.cfg import CodeType, Table
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.network import Network
from shiftwire.ir.unit import Surroundings, Unit
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Codes, Fixed
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.threshold import ThresholdUnit
from shiftwire.ops.weights.adder import Adder
from shiftwire.ops.weights.shift import Shift
from shiftwire.units.reorder import Reorder, Restore, moving_cost, reordering
from shiftwire.units.sums.matrix import MatrixUnit
from shiftwire.units.sums.vector import VectorUnit
from shiftwire.units.window import Taps, WindowUnit
from single_layers import single_layers

CASES = single_layers()
S8, SUMS = Fixed(8, 4, signed=True), Fixed(24, 4, signed=True)
STAIRCASES = {"threshold": 4, "threshold_lanes": 12, "threshold_counted": 4, "sign": 9}
KS = [1, 3, 2, 3, 1, 2]


def tables(unit: Unit) -> dict[str, Table]:
    return {table.name: table for table in unit.cfg.tables}


def members(unit: Unit) -> dict[str, int]:
    return {member.name: member.value for member in unit.cfg.members if isinstance(member.value, int)}


def of_ks(ks: list[int], taps: tuple[int, ...]) -> Shift:
    """Shift weights whose filters have so many terms."""
    rng = np.random.default_rng(4)
    sign = rng.choice([-1, 1], (max(ks), len(ks), *taps)).astype(np.int8)
    for row, k in enumerate(ks):
        sign[k:, row] = 0
    return Shift(ShiftWeights(sign, rng.integers(-3, 1, sign.shape).astype(np.int8)))


def by_terms(ks: list[int], groups: int) -> list[int]:
    """Filters of each group, those of few terms first; equals keep their order."""
    size = len(ks) // groups
    return [
        row for group in range(groups) for row in sorted(range(group * size, (group + 1) * size), key=ks.__getitem__)
    ]


def shortened(ends: list[list[int]]) -> list[int]:
    """One synapse where all are alike, else every one of a position."""
    return ends[0] if all(end == ends[0] for end in ends) else [end for synapse in ends for end in synapse]


@pytest.mark.parametrize(
    ("ks", "groups", "pe", "simd"),
    [
        (KS, 1, 2, 4),
        (KS, 1, 1, 12),
        (KS, 2, 3, 3),
        (KS, 2, 1, 6),
        (KS, 1, 6, 2),
        ([2] * 4, 1, 2, 3),
        ([1] * 4, 2, 1, 4),
    ],
)
def test_words_of_a_matrix_unit(ks: list[int], groups: int, pe: int, simd: int) -> None:
    """A word for each iteration of a position: neuron folds, synapses, terms."""
    weights, bias = of_ks(ks, (12,)), Bias(codes((len(ks),), -40, 40), 4)
    unit = MatrixUnit(weights, bias, S8, SUMS, 5, Fold(pe, simd), groups)
    order, planes = by_terms(ks, groups), weights.planes
    words, ends = [], []
    for fold in range(len(ks) // pe):
        rows = order[fold * pe : (fold + 1) * pe]
        k = max(ks[row] for row in rows)
        for synapse in range(12 // simd):
            taps = range(synapse * simd, (synapse + 1) * simd)
            words += [[int(planes[term, row, tap]) for row in rows for tap in taps] for term in range(k)]
            ends.append([0] * (k - 1) + [1])
    made = tables(unit)
    assert list(made) == ["weight", "bias", "last_term"]
    assert made["weight"].codes.tolist() == words and made["weight"].type == weights.rom_type
    assert made["last_term"].codes.tolist() == shortened(ends)
    assert made["last_term"].type == CodeType(1, signed=False)
    biases = [int(bias.codes[row]) for row in order]
    assert made["bias"].codes.tolist() == [biases[at : at + pe] for at in range(0, len(ks), pe)]
    sizes = {"cycles": len(words), "term_words": len(shortened(ends)), "folds": len(ks) // pe}
    sizes |= {"iterations": 5 * len(words), "neuron_folds": len(ks) // groups // pe, "synapse_folds": 12 // simd}
    assert members(unit).items() >= sizes.items()


@pytest.mark.parametrize(("ks", "pe", "simd"), [(KS, 2, 3), (KS, 1, 1), (KS, 3, 6), (KS, 6, 2), ([2] * 6, 2, 2)])
def test_words_of_a_vector_unit(ks: list[int], pe: int, simd: int) -> None:
    """Blocks of channels in their order, taps of all channels of a block side by side."""
    weights = of_ks(ks, (3, 2, 1))
    bias = Bias(codes((6,), -40, 40), 4)
    unit = VectorUnit(weights, bias, S8, SUMS, 5, Fold(pe, simd))
    planes = weights.planes.reshape(max(ks), 6, 6)
    words, ends = [], []
    for block in range(0, 6, pe):
        k = max(ks[block : block + pe])
        for first in range(0, 6, simd):
            words += [
                [int(planes[term, block + p, first + s]) for s in range(simd) for p in range(pe)] for term in range(k)
            ]
            ends.append([0] * (k - 1) + [1])
    made = tables(unit)
    assert made["weight"].codes.tolist() == words
    assert made["last_term"].codes.tolist() == shortened(ends)
    assert made["bias"].codes.tolist() == bias.codes.reshape(-1, pe).tolist()
    assert members(unit).items() >= {"cycles": len(words), "iterations": 5 * len(words), "folds": 6 // pe}.items()


@pytest.mark.parametrize(("pe", "frac"), [(1, 4), (2, 4), (6, 6)])
def test_biases_pay_what_minima_owe(pe: int, frac: int) -> None:
    """Less the weights of a filter, on the grid of the outputs."""
    weights = Adder(codes((6, 12), -150, 150), 4)
    bias = Bias(codes((6,), -9, 9), frac)
    unit = MatrixUnit(weights, bias, S8, Fixed(24, frac, signed=True), 1, Fold(pe, 3))
    owed = [int(bias.codes[row]) - (sum(weights.codes[row].tolist()) << (frac - 4)) for row in range(6)]
    made = tables(unit)["bias"]
    assert made.codes.ravel().tolist() == owed and made.codes.shape == (6 // pe, pe)
    assert made.type == CodeType(max(max(code.bit_length(), (~code).bit_length()) for code in owed) + 1)


@pytest.mark.parametrize(
    ("name", "pe"),
    [(name, pe) for name, channels in STAIRCASES.items() for pe in (1, 2, 3, 4, 9) if channels % pe == 0],
)
def test_a_search_ends_at_the_output(name: str, pe: int) -> None:
    """Every code of every channel, stage by stage through the tables as the header reads them."""
    network = CASES[name]
    channels = network.output.shape[-1]
    unit = threshold_of(network, pe)
    made, sizes = tables(unit), members(unit)
    output, *bounds = made.values()
    steps = unit.thresholds.shape[1]
    assert [table.name for table in bounds] == [f"bound_{'abc'[at]}" for at in range(len(bounds))]
    assert sizes["counts"] == 2 ** len(bounds) > steps >= 2 ** (len(bounds) - 1)
    assert [table.codes.shape for table in bounds] == [(pe, channels // pe << at) for at in range(len(bounds))]
    assert output.codes.shape == (pe, sizes["output_words"])
    for channel in range(channels):
        fold, lane = divmod(channel, pe)
        for code in range(unit.x.lo, unit.x.hi + 1):
            place = fold
            for bound in bounds:
                place = 2 * place + int(code >= bound.codes[lane, place])
            count = sum(code >= int(threshold) for threshold in unit.thresholds[channel])
            expected = int(unit.base[channel]) + int(unit.step[channel]) * count
            counted = sizes["base"] + place % sizes["counts"]
            assert (output.codes[lane, place] if sizes["has_outputs"] else counted) == expected
    assert sizes["has_outputs"] == (name != "threshold_counted")


def threshold_of(network: Network, pe: int) -> ThresholdUnit:
    (unit,) = network.nodes[0].op.units((network.input,), network.output, Fold(pe))
    assert isinstance(unit, ThresholdUnit)
    return unit


@pytest.mark.parametrize("lanes", [1, 2, 4])
def test_an_affine_has_a_word_of_all_terms_for_each_beat(lanes: int) -> None:
    network = CASES["affine"]
    (unit,) = network.nodes[0].op.units((network.input,), network.output, Fold(lanes))
    scale = unit.scale.planes[:, :, 0]  # type: ignore[attr-defined]
    firsts = range(0, 4, lanes)
    words = [[int(scale[t, first + lane]) for t in range(3) for lane in range(lanes)] for first in firsts]
    assert tables(unit)["weight"].codes.tolist() == words
    biases = network.nodes[0].op.bias.on(network.output.format.frac).tolist()  # type: ignore[attr-defined]
    assert tables(unit)["bias"].codes.tolist() == [biases[first : first + lanes] for first in firsts]


@pytest.mark.parametrize(("lanes", "packets"), [(1, 1), (2, 3), (3, 2), (6, 1), (12, 1)])
def test_a_reorder_finds_the_beat_and_the_lane_of_each_code(lanes: int, packets: int) -> None:
    source: Codes = np.random.default_rng(3).permutation(12)
    unit = Reorder(Port(lanes, 12 // lanes * packets), source, S8, packets)
    made = tables(unit)
    for place, code in enumerate(source.tolist()):
        word, lane = divmod(place, lanes)
        assert made["source_word"].codes[word, lane] * lanes + made["source_lane"].codes[word, lane] == code
        assert made["source_lane"].codes[word, lane] < lanes
    assert members(unit) == {"iterations": 2 * 12 // lanes * packets, "words": 12 // lanes, "lanes": lanes}


@pytest.mark.parametrize(("lanes", "packets"), [(2, 3), (3, 2), (4, 1)])
def test_a_restored_code_keeps_its_lane(lanes: int, packets: int) -> None:
    rng, words = np.random.default_rng(3), 12 // lanes
    source: Codes = np.stack([rng.permutation(words) * lanes + lane for lane in range(lanes)], axis=1).ravel()
    unit = reordering(Port(lanes, words * packets), source, S8, packets)
    assert isinstance(unit, Restore) and list(tables(unit)) == ["source_word"]
    expected = [[int(code) // lanes for code in row] for row in source.reshape(-1, lanes)]
    assert tables(unit)["source_word"].codes.tolist() == expected
    assert members(unit) == {"iterations": 2 * words * packets, "words": words, "lanes": lanes}
    (module,) = unit.modules(Surroundings(1, lanes))
    assert module.memories[0].fields.tolist() == expected and module.parameters["STAYS"] == 1
    other = reordering(Port(lanes, words * packets), np.roll(source, 1), S8, packets)
    assert type(other) is Reorder
    assert moving_cost([unit]).lut < moving_cost([other]).lut


WINDOWS = {
    "same": (Window((3, 3), (1, 1), (1, 1), (1, 1)), (6, 7, 4)),
    "strided": (Window((3, 2), (2, 1), (1, 0), (1, 1)), (6, 5, 4)),
    "far": (Window((1, 1), (4, 3), (0, 0), (0, 0)), (6, 5, 4)),
    "padded before": (Window((1, 1), (1, 1), (2, 1), (0, 0)), (3, 3, 4)),
    "all at once": (Window((3, 3), (1, 1), (0, 0), (0, 0)), (3, 3, 4)),
    "line": (Window((4,), (3,), (1,), (2,)), (10, 4)),
    "rows wider than the image": (Window((2, 3), (3, 2), (1, 2), (1, 2)), (4, 2, 4)),
}


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("taps", [1, 3])
@pytest.mark.parametrize("name", WINDOWS)
def test_phases_of_a_window(name: str, taps: int, channels: int) -> None:
    """Rows come in before the first row of windows, then those of the next one while each leaves."""
    window, shape = WINDOWS[name]
    if window.kernel[-1] % taps:
        taps = window.kernel[-1]
    unit = WindowUnit(window, shape, S8, channels, Taps(taps, channels, 4))
    height, width = shape[:2] if len(shape) == 3 else (1, shape[0])
    pad, stride, kernel = (at[0] if len(shape) == 3 else other for at, other in
                           ((window.begin, 0), (window.stride, 1), (window.kernel, 1)))  # fmt: skip
    out = window.output(shape[:-1])
    windows = out[0] if len(out) == 2 else 1
    leaving = out[-1] * np.prod(window.kernel) * 4 // (taps * channels)
    ends = [min(max(row * stride - pad + kernel, 0), height) for row in range(windows)] + [height]
    coming = [(now - before) * width * 4 // channels for now, before in zip(ends, [0, *ends], strict=False)]
    phases = [(coming[0], coming[0])] + [(come, max(come, int(leaving))) for come in coming[1:]]
    phases = [(reads, steps) for reads, steps in phases if steps]
    made = tables(unit)
    assert list(zip(made["reads"].codes.tolist(), made["steps"].codes.tolist(), strict=True)) == phases
    sizes = {"phases": len(phases), "has_fill": coming[0] > 0, "row_writes": leaving, "rows_used": ends[windows - 1]}
    sizes |= {"iterations": sum(steps for _, steps in phases)}
    assert members(unit).items() >= sizes.items()
    assert unit.iterations == unit.nest.iterations


def are_equal_parts(window: Window, taps: int) -> bool:
    width, all_taps = window.kernel[-1], int(np.prod(window.kernel))
    return width % taps == 0 or (taps % width == 0 and all_taps % taps == 0)


@pytest.mark.parametrize(
    ("name", "taps", "channels"),
    [
        (name, taps, channels)
        for name, (window, _) in WINDOWS.items()
        for taps, channels in ((1, 1), (1, 4), (2, 4), (3, 4), (4, 4), (6, 4), (9, 4))
        if are_equal_parts(window, taps)
    ],
)
def test_columns_stand_in_banks_by_their_remainder(name: str, taps: int, channels: int) -> None:
    """Window by window as the header goes on: a column's bank is its remainder, its place what is left, in chunks."""
    window, shape = WINDOWS[name]
    width = window.kernel[-1]
    unit = WindowUnit(window, shape, S8, channels, Taps(taps, channels, 4))
    sizes = members(unit)
    banks, chunks = sizes["banks"], sizes["chunks"]
    assert banks * sizes["tap_rows"] == taps and banks == min(taps, width) and chunks == 4 // channels
    assert sizes["block_chunks"] == chunks and sizes["tap_channels"] == channels
    bank, place = sizes["first_bank"], sizes["first_place"]
    for at in range(window.output(shape[:-1])[-1]):
        column = at * window.stride[-1] - window.begin[-1]
        assert (bank, place) == (column % banks, column // banks * chunks)
        wraps = bank + sizes["bank_step"] >= banks
        bank += sizes["bank_step"] - (banks if wraps else 0)
        place += sizes["place_step"] + (chunks if wraps else 0)
    in_bank = [sum(column % banks == b for column in range(shape[-2])) for b in range(banks)]
    assert sizes["bank_words"] == max(in_bank) * chunks
