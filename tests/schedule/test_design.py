"""Designs of fixed folds on boards that are cut to measure: what fits, what is refused, and what follows."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import pytest

from one_layer import S8, of_one, shift
from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.cost import SHELL_BRAM36, SHELL_LUT, UNIT_LUT, Cost, memory, narrowing_cost
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed
from shiftwire.ops.add import Add
from shiftwire.ops.conv import Conv
from shiftwire.ops.dense import Dense
from shiftwire.ops.relu import Relu
from shiftwire.schedule.design import Design, Target, folded, schedule
from shiftwire.schedule.lowering import rtl_network
from shiftwire_boards.catalog import load_board

BOARD = load_board("pynq-z2")
FOLDS = {"fc": Fold(2, 3), "y": Fold(1)}


def network() -> Network:
    fc = Dense(shift((4, 6), 2, -3, 0), Bias.none(4))
    return Network.of("x", Tensor((6,), S8), (Node("fc", fc, ("x",)), Node("y", Relu(), ("fc",))), "y")


def plain() -> Design:
    return folded(network(), BOARD, 10.0, FOLDS)


def planned(target: Target | None = None, **board: int) -> Design:
    """With all folds given there is one design; the board decides whether it fits."""
    return schedule(network(), replace(BOARD, **board), target=target, folds=FOLDS)


class TestFigures:
    def test_cost_is_that_of_layers_and_deep_buffers(self) -> None:
        design = plain()
        rtl = rtl_network(design.pipeline)
        total = Cost()
        for node in design.network.nodes:
            inputs, output = design.network.sources(node), design.network.tensors[node.name]
            assert design.layer_cost(node) == node.op.cost(inputs, output, FOLDS[node.name])
            total += design.layer_cost(node)
        for name, depth in rtl.depths.items():
            total += memory(depth, rtl.streams[name].width) if depth > 1 else Cost()
        assert design.resources == total
        assert any(depth > 1 for depth in rtl.depths.values())

    def test_what_changes_lanes_and_forks_costs_too(self) -> None:
        """Sums that give narrower beats themselves have no converter: of three, one is built."""
        nodes = (
            Node("fc", Dense(shift((4, 6), 1, -3, 0), Bias.none(4)), ("x",)),
            Node("a", Relu(), ("fc",)),
            Node("b", Relu(), ("a",)),
            Node("y", Add(), ("b", "b")),
        )
        wide = Network.of("x", Tensor((6,), S8), nodes, "y")
        design = folded(wide, BOARD, 10.0, {"fc": Fold(4, 6), "a": Fold(1), "b": Fold(4), "y": Fold(2)})
        functions = [instance.unit.function for instance in design.pipeline.instances]
        assert sorted(functions) == sorted(["mvu", "narrow", "relu", "widen", "relu", "fork", *["narrow"] * 2, "add"])
        alone = sum((design.layer_cost(node) for node in nodes), Cost())
        deep = ((n, design.rtl.streams[name].width) for name, n in design.rtl.depths.items() if n > 1)
        fifos = sum((memory(depth, width) for depth, width in deep), Cost())
        bits = 2 * wide.tensors["b"].format.bits
        picked = narrowing_cost(bits, 2)
        assert picked.lut == UNIT_LUT + bits
        assert design.resources == alone + fifos + picked * 2 + Cost(2 * UNIT_LUT)

    def test_a_converter_within_a_layer_is_the_layers(self) -> None:
        conv = Conv(shift((4, 3, 3, 4), 1, -3, 0), Bias.none(4), Window((3, 3), (1, 1), (1, 1), (1, 1)))
        wide = Network.of("x", Tensor((4, 4, 4), S8), (Node("y", conv, ("x",)),), "y")
        design = folded(wide, BOARD, 10.0, {"y": Fold(1, 18)})
        functions = [instance.unit.function for instance in design.pipeline.instances]
        assert "widen" in functions and not any(instance.is_between for instance in design.pipeline.instances)
        deep = ((n, design.rtl.streams[name].width) for name, n in design.rtl.depths.items() if n > 1)
        fifos = sum((memory(depth, width) for depth, width in deep), Cost())
        assert design.resources == design.layer_cost(wide.nodes[0]) + fifos

    def test_frames_a_second(self) -> None:
        assert plain().timing.interval == 2 * 2 * 2  # neuron and synapse folds, and two terms
        assert plain().frames_per_second == 100e6 / 8
        assert folded(network(), BOARD, 4.0, FOLDS).frames_per_second == 250e6 / 8

    def test_fifos_have_the_depths_of_the_schedule(self) -> None:
        design = plain()
        assert {name: fifo.depth for name, fifo in design.pipeline.fifos.items()} == design.timing.depths
        assert design.folds == FOLDS and not design.unroll

    def test_cells_of_the_7_series_alone_are_not_generic(self) -> None:
        assert not plain().is_generic
        assert folded(network(), load_board("zcu104"), 10.0, FOLDS).is_generic

    def test_block_ram_is_spare_where_luts_run_out(self) -> None:
        """Nine tenths of it, rounded down, from half of the LUTs on."""
        need = plain().resources
        assert need.bram36 == 0
        half = replace(BOARD, lut=2 * need.lut, bram36=17)
        assert folded(network(), half, 10.0, FOLDS).spare_bram36 == 0
        tight = folded(network(), replace(half, lut=2 * need.lut - 1), 10.0, FOLDS)
        assert tight.spare_bram36 == 15
        assert folded(network(), replace(tight.board, bram36=1), 10.0, FOLDS).spare_bram36 == 0

    def test_used_block_ram_is_not_spare(self) -> None:
        wide = of_one(Dense(shift((64, 1024), 2, -7, 0), Bias.none(64)), (1024,))
        design = folded(wide, replace(BOARD, lut=100), 10.0, {"y": Fold(1, 8)})
        assert design.resources.bram36 > 0
        assert design.spare_bram36 == 126 - design.resources.bram36
        assert folded(wide, replace(BOARD, lut=100, bram36=2), 10.0, {"y": Fold(1, 8)}).spare_bram36 == 0


class TestClock:
    def test_the_board_has_one(self) -> None:
        assert planned().clock_ns == 10.0
        assert schedule(network(), BOARD, 7.5, folds=FOLDS).clock_ns == 7.5

    @pytest.mark.parametrize("clock_ns", [0.5, 999.9])
    def test_the_ends(self, clock_ns: float) -> None:
        assert schedule(network(), BOARD, clock_ns, folds=FOLDS).clock_ns == clock_ns

    @pytest.mark.parametrize("clock_ns", [0.49, 1000.0, 0.0, -10.0, float("nan"), float("inf")])
    def test_no_clock(self, clock_ns: float) -> None:
        with pytest.raises(InputError, match=r"ns makes no clock; give one between 0.5 and 1000.0 ns"):
            schedule(network(), BOARD, clock_ns, folds=FOLDS)


class TestNetworks:
    def test_without_layers(self) -> None:
        with pytest.raises(InputError, match="the network has no layers behind its input quantizer"):
            schedule(Network.of("x", Tensor((6,), S8), (), "x"), BOARD)

    def test_widest_tensors(self) -> None:
        assert schedule(of_one(Relu(), (2,), Fixed(53, 0, signed=True)), BOARD).folds
        with pytest.raises(InputError, match="tensor 'x' needs 54 bits, more than the 53 that an hls4ml project"):
            schedule(of_one(Relu(), (2,), Fixed(54, 0, signed=True)), BOARD)


class TestShares:
    def test_up_to_all_luts_the_shell_needs_its_own(self) -> None:
        lut = plain().resources.lut
        assert planned(Target(lut_percent=100), lut=lut + SHELL_LUT).folds == FOLDS
        with pytest.raises(InputError, match=r"no fold fits 100 % of TUL PYNQ-Z2"):
            planned(Target(lut_percent=100), lut=lut + SHELL_LUT - 1)

    def test_a_share(self) -> None:
        lut = plain().resources.lut
        assert 100 * lut - SHELL_LUT > lut
        assert planned(Target(lut_percent=1), lut=100 * lut).resources.lut == lut
        with pytest.raises(InputError, match=r"no fold fits 1 % of .* of [\d,]+ LUT \(1.0\d %\) and 0 of 134 BRAM36"):
            planned(Target(lut_percent=1), lut=100 * lut - 100)

    def test_beyond_the_board_the_shell_does_not_count(self) -> None:
        lut = plain().resources.lut
        small = ceil(lut / 1.5)
        assert planned(Target(lut_percent=150), lut=small).folds == FOLDS
        with pytest.raises(InputError, match="give a larger share, a larger board or a smaller network"):
            planned(Target(lut_percent=150), lut=small - 1)

    def test_block_ram_beside_the_shell(self) -> None:
        assert planned(Target(lut_percent=50), bram36=SHELL_BRAM36).folds == FOLDS
        with pytest.raises(InputError, match="its memories are what is too large, so give a larger board or a smaller"):
            planned(Target(lut_percent=50), bram36=SHELL_BRAM36 - 1)

    def test_without_a_share_the_smallest_is_taken_where_none_fits(self) -> None:
        assert planned(lut=10).folds == FOLDS
        every = schedule(network(), replace(BOARD, lut=10))
        assert every.folds == {"fc": Fold(1, 1), "y": Fold(1)}

    def test_without_a_share_it_is_seventy_percent(self) -> None:
        luts = [schedule(network(), BOARD, target=target).resources.lut for target in (None, Target(lut_percent=70))]
        assert luts[0] == luts[1]
        need = plain().resources.lut
        share = replace(BOARD, lut=SHELL_LUT * 4)
        assert schedule(network(), share, folds=FOLDS).resources.lut == need <= 0.7 * share.lut


class TestSpeeds:
    def test_just_reached(self) -> None:
        assert planned(Target(fps=100e6 / 8)).timing.interval == 8

    def test_just_missed(self) -> None:
        said = (
            r"no fold reaches 1.25001e\+07 frames a second at 10 ns: layer 'fc' takes at least 8 cycles a frame; "
            r"the best is 12500000, so ask for that or less, or for a faster clock$"
        )
        with pytest.raises(InputError, match=said):
            planned(Target(fps=12500100))

    def test_the_fastest_clock(self) -> None:
        with pytest.raises(InputError, match=r"takes at least 1 cycles a frame; the best is 2000000000, so"):
            schedule(of_one(Relu(), (4,)), BOARD, 0.5, Target(fps=3e9))

    def test_all_of_the_board_unless_a_share_is_asked_for(self) -> None:
        lut = plain().resources.lut
        target = Target(fps=1000)
        assert planned(target, lut=lut + SHELL_LUT).folds == FOLDS
        said = r"1000 frames a second need [\d,]+ LUT and 0 BRAM36 \(modelled\), more than 100 % of TUL PYNQ-Z2"
        with pytest.raises(InputError, match=said):
            planned(target, lut=lut + SHELL_LUT - 1)

    def test_a_share_as_well(self) -> None:
        lut = plain().resources.lut
        assert planned(Target(1000, 1), lut=100 * lut).folds == FOLDS
        with pytest.raises(InputError, match=r"more than 1 % of TUL PYNQ-Z2 .*; no slower fold fits either; ask for"):
            planned(Target(1000, 1), lut=100 * lut - 100)

    def test_the_best_that_fits(self) -> None:
        """A board that holds the slowest design alone names its speed."""
        slowest = schedule(network(), replace(BOARD, lut=10))
        board = replace(BOARD, lut=slowest.resources.lut + SHELL_LUT)
        best = int(slowest.frames_per_second)
        with pytest.raises(InputError, match=f"the best that fits is {best}; ask for less or name a larger board$"):
            schedule(network(), board, target=Target(fps=best + 1e6))
        assert schedule(network(), board, target=Target(fps=best)).folds == slowest.folds


class TestHls:
    """Layer 'fc' takes 8 iterations of a latency of 3 + 2 + 2 + 2 + 1 + 3 cycles, and rests for two: 23 in all."""

    def test_figures(self) -> None:
        design = plain()
        assert design.timing.hls_interval == 8 + 13 + 2
        assert design.hls_frames_per_second == 100e6 / 23
        assert folded(network(), BOARD, 4.0, FOLDS).hls_frames_per_second == 250e6 / 23

    def test_the_drain_counts(self) -> None:
        assert planned(Target(fps=100e6 / 8)).folds == FOLDS
        assert planned(Target(fps=100e6 / 23, for_hls=True)).hls_frames_per_second == 100e6 / 23
        said = (
            r"no fold reaches 4.34783e\+06 frames a second at 10 ns: layer 'fc' takes at least 23 cycles a frame; "
            r"the best is 4347826, so ask for that or less, or for a faster clock$"
        )
        with pytest.raises(InputError, match=said):
            planned(Target(fps=4347827, for_hls=True))

    @pytest.mark.parametrize("fps", [20_000, 60_000, 90_000])
    def test_frames_a_second_are_reached_drain_and_all(self, fps: int) -> None:
        in_hls = schedule(wide(), BIG, target=Target(fps=fps, for_hls=True))
        assert in_hls.hls_frames_per_second >= fps
        assert in_hls.resources.lut >= schedule(wide(), BIG, target=Target(fps=fps)).resources.lut

    def test_the_best_that_fits(self) -> None:
        """What the answer names is reached, drain and all."""
        slowest = schedule(network(), replace(BOARD, lut=10), target=Target(for_hls=True))
        board = replace(BOARD, lut=slowest.resources.lut + SHELL_LUT)
        best = int(slowest.hls_frames_per_second)
        with pytest.raises(InputError, match=f"the best that fits is {best}; ask for less or name a larger board$"):
            schedule(network(), board, target=Target(fps=best + 1e6, for_hls=True))
        assert schedule(network(), board, target=Target(fps=best, for_hls=True)).folds == slowest.folds

    def test_words_fold_down(self) -> None:
        """A beat of all 1,024 inputs is too wide, and so is a word of the weights that meet half of them."""
        free = schedule(wide(), BIG, target=Target(lut_percent=100))
        in_hls = schedule(wide(), BIG, target=Target(lut_percent=100, for_hls=True))
        assert widest(free) > 4096 >= widest(in_hls) > 1024
        assert in_hls.timing.hls_interval > free.timing.hls_interval

    def test_a_fold_that_is_too_wide_is_refused(self) -> None:
        folds = {"y": Fold(64, 64)}
        assert schedule(wide(), BIG, folds=folds).folds == folds
        said = r"a fold of PE 64 and SIMD 64 of layer 'y' makes words of more than the 4096 bits that HLS takes; give a"
        with pytest.raises(InputError, match=said):
            schedule(wide(), BIG, target=Target(for_hls=True), folds=folds)
        folds = {"y": Fold(4, 64)}
        assert schedule(wide(), BIG, target=Target(for_hls=True), folds=folds).folds == folds


BIG = replace(BOARD, lut=4_000_000, bram36=4000)


def wide() -> Network:
    return of_one(Dense(shift((64, 1024), 2, -7, 0), Bias.none(64)), (1024,))


def widest(design: Design) -> int:
    """Bits of the widest beat or weight word of all units, forks and converters."""
    return max(instance.unit.widest_word for instance in design.pipeline.instances)
