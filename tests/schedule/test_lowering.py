"""Units of a pipeline as modules: sums and what finishes them, weights in block RAM, logic in place of a ROM."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from one_layer import S8, codes, shift
from shiftwire.ir.bias import Bias
from shiftwire.ir.fold import Fold, Port
from shiftwire.ir.module import Pe
from shiftwire.ir.network import Network, Node, Tensor
from shiftwire.ir.pipeline import Pipeline
from shiftwire.ir.rtl_network import RtlNetwork
from shiftwire.ops.dense import Dense
from shiftwire.ops.relu import Relu
from shiftwire.ops.weights.integer import Int
from shiftwire.schedule.depths import with_depths
from shiftwire.schedule.lowering import _filling, in_dsp_blocks, lowered, rtl_network
from shiftwire.schedule.streaming import pipeline

NARROWED: Mapping[str, Fold] = {"fc": Fold(4, 6), "y": Fold(2)}


def network() -> Network:
    fc = Dense(shift((4, 12), 1, -3, 0), Bias.none(4))
    return Network.of("x", Tensor((12,), S8), (Node("fc", fc, ("x",)), Node("y", Relu(), ("fc",))), "y")


def wiring(rtl: RtlNetwork) -> list[tuple[str, str, str, str, str]]:
    return [
        (unit.name, unit.module.name, " ".join(unit.inputs), " ".join(unit.outputs), unit.layer) for unit in rtl.units
    ]


def built(folds: Mapping[str, Fold]) -> Pipeline:
    return pipeline(network(), folds)


def test_sums_and_what_finishes_them() -> None:
    rtl = lowered(built({"fc": Fold(2, 6), "y": Fold(2)}), "small", unroll=False)
    assert (rtl.name, rtl.input, rtl.output) == ("small", "x", "y")
    assert wiring(rtl) == [
        ("fc_raw", "sw_mvu", "x", "fc_raw", "fc"),
        ("fc", "sw_finish", "fc_raw", "fc", "fc"),
        ("y", "sw_relu", "fc", "y", "y"),
    ]
    assert list(rtl.streams) == ["x", "fc_raw", "fc", "y"]
    assert rtl.depths == {} and rtl.blocks == frozenset()


def test_streams_say_what_they_carry() -> None:
    units = built({"fc": Fold(2, 6), "y": Fold(2)})
    streams = lowered(units, "small", unroll=False).streams
    x, raw, fc, y = (streams[name] for name in ("x", "fc_raw", "fc", "y"))
    assert (x.name, x.width, x.port, x.format, x.tensor) == ("x", 6 * 8, Port(6, 2), S8, None)
    assert (raw.port, raw.format, raw.tensor) == (Port(2, 2), None, None)
    assert (fc.width, fc.port, fc.tensor) == (2 * units.fifos["fc"].format.bits, Port(2, 2), "fc")
    assert fc.format == units.fifos["fc"].format
    assert (y.width, y.tensor) == (2 * units.fifos["y"].format.bits, "y")


def test_a_sum_makes_its_beats_narrower_itself() -> None:
    units = built(NARROWED)
    assert [one.name for one in units.instances] == ["fc", "fc_narrow", "y"]
    rtl = lowered(units, "small", unroll=False)
    assert wiring(rtl) == [
        ("fc_raw", "sw_mvu", "x", "fc_raw", "fc"),
        ("fc", "sw_finish", "fc_raw", "fc_narrow", "fc"),
        ("y", "sw_relu", "fc_narrow", "y", "y"),
    ]
    finish = rtl.units[1].module
    assert (finish.parameters["LANES"], finish.parameters["PARTS"]) == (2, 2)
    assert rtl.streams["fc_raw"].port == Port(4, 1) and rtl.streams["fc_narrow"].port == Port(2, 2)
    assert rtl.streams["fc_narrow"].tensor == "fc" and "fc" not in rtl.streams


def test_wider_beats_need_their_unit() -> None:
    rtl = lowered(built({"fc": Fold(2, 6), "y": Fold(4)}), "small", unroll=False)
    assert [unit.name for unit in rtl.units] == ["fc_raw", "fc", "fc_widen", "y"]
    assert rtl.streams["fc_widen"].tensor is None


def test_other_units_leave_narrowing_to_a_converter() -> None:
    two = Network.of("x", Tensor((12,), S8), (Node("a", Relu(), ("x",)), Node("b", Relu(), ("a",))), "b")
    rtl = lowered(pipeline(two, {"a": Fold(4), "b": Fold(2)}), "small", unroll=False)
    assert [unit.name for unit in rtl.units] == ["a", "a_narrow", "b"]
    assert [stream.tensor for stream in rtl.streams.values()] == [None, "a", None, "b"]


def test_a_design_has_depths_and_a_name() -> None:
    units = built(NARROWED)
    rtl = rtl_network(units)
    assert rtl.name == "shiftwire_net" and rtl_network(units, "other").name == "other"
    assert set(rtl.depths) == {"fc_raw", "fc_narrow", "y"}
    assert rtl.depths == with_depths(lowered(units, "other", unroll=False)).depths
    assert rtl.moved_bram36 == 0


class TestSpareBlockRam:
    def units(self) -> Pipeline:
        """Two words of 36 codes of 4 bits or so: more than 32 LUTs, in few block RAMs."""
        return built({"fc": Fold(4, 6), "y": Fold(4)})

    def test_weights_move(self) -> None:
        before, after = rtl_network(self.units()), rtl_network(self.units(), spare_bram36=9)
        width = before.units[0].module.memories[0].word_bits
        assert width > 32
        blocks = -(-width // 36) / 2
        assert before.units[0].module.parameters["ROM_BLOCK"] == 0 and before.moved_bram36 == 0
        assert after.units[0].module.parameters["ROM_BLOCK"] == 1 and after.moved_bram36 == blocks
        assert after.name == before.name and set(after.depths) == set(before.depths)

    def test_weights_answer_a_cycle_later(self) -> None:
        before, after = (lowered(self.units(), "n", unroll=False, in_block=names) for names in ((), ("fc_raw",)))
        assert after.units[0].module.stages == before.units[0].module.stages + 1

    def test_other_names_move_nothing(self) -> None:
        rtl = lowered(self.units(), "n", unroll=False, in_block=("fc", "y"))
        assert rtl.units[0].module.parameters["ROM_BLOCK"] == 0

    @pytest.mark.parametrize("spare", [0, 9])
    def test_layers_stay_logic(self, spare: int) -> None:
        nodes = (
            Node("fc1", Dense(shift((4, 12), 1, -3, 0), Bias.none(4)), ("x",)),
            Node("fc2", Dense(shift((2, 4), 1, 0, 1), Bias.none(2)), ("fc1",)),
        )
        two = Network.of("x", Tensor((12,), S8), nodes, "fc2")
        units = pipeline(two, {"fc1": Fold(4, 6), "fc2": Fold(2, 4)})
        rtl = rtl_network(units, "net", unroll=True, spare_bram36=spare)
        assert [unit.module.name for unit in rtl.units] == ["sw_mvu", "sw_finish", "net_fc2_layer"]
        assert (rtl.moved_bram36 > 0) == (spare > 0)
        assert [unit.module.name for unit in rtl_network(units, "net").units][2:] == ["sw_mvu", "sw_finish"]


def test_products_in_dsp_blocks() -> None:
    """Integer weights alone; everything else stays as it is."""
    nodes = (
        Node("shifts", Dense(shift((4, 12), 1, -3, 0), Bias.none(4)), ("x",)),
        Node("y", Dense(Int(codes((2, 4), -8, 7), 2), Bias.none(2)), ("shifts",)),
    )
    two = Network.of("x", Tensor((12,), S8), nodes, "y")
    before = rtl_network(pipeline(two, {"shifts": Fold(2, 6), "y": Fold(1, 2)}))
    after = in_dsp_blocks(before)
    assert [unit.module.pe for unit in before.units] == [Pe.SHIFT, None, Pe.INT, None]
    assert [unit.module.pe for unit in after.units] == [Pe.SHIFT, None, Pe.INT_IN_DSP, None]
    old, new = before.units[2], after.units[2]
    assert new.module.parameters == {**old.module.parameters, "KIND": Pe.INT_IN_DSP.value}
    assert old.module.parameters["KIND"] == Pe.INT.value
    assert (new.name, new.inputs, new.outputs, new.layer) == (old.name, old.inputs, old.outputs, old.layer)
    assert (new.module.name, new.module.stages) == (old.module.name, old.module.stages)
    assert all(after.units[at] is before.units[at] for at in (0, 1, 3))
    assert after.depths == before.depths and after.streams == before.streams


def test_as_many_products_in_dsp_blocks_as_there_are_blocks() -> None:
    """Of 12, 8 and 6 blocks 18 are within 19, 14 within 15, and a unit that needs more than all stays in LUTs."""
    node = Node("one", Dense(Int(codes((4, 12), -128, 127), 2), Bias.none(4)), ("x",))
    net = Network.of("x", Tensor((12,), S8), (node,), "one")
    whole = rtl_network(pipeline(net, {"one": Fold(4, 6)}))
    assert [unit.module.pe for unit in in_dsp_blocks(whole, 12).units] == [Pe.INT_IN_DSP, None]
    assert in_dsp_blocks(whole, 11) == whole
    assert _filling([12, 8, 0, 6], 19) == {0, 2, 3} and _filling([12, 8, 0, 6], 15) == {1, 2, 3}
    assert _filling([12, 8, 0, 6], 5) == {2}
