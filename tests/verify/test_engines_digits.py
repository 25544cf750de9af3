"""The demo's network in all seven engines: any two agree, and one flipped bit in any layer of any of them is found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import onnx

torch = pytest.importorskip("torch", reason="torch is not installed; pip install 'shiftwire[train]'")

import shiftwire  # noqa: E402
from board_bench import needs_pynq  # noqa: E402
from shiftwire.api import engine  # noqa: E402
from shiftwire.ir.network import Network  # noqa: E402
from shiftwire.numbers.fixed import Codes  # noqa: E402
from shiftwire.project.engine import Engine, EngineName, Outcome  # noqa: E402
from shiftwire.project.project import golden_codes  # noqa: E402
from shiftwire.verify.comparison import all_pairs, compared  # noqa: E402
from shiftwire.verify.reference import Reference  # noqa: E402
from shiftwire_models.exact_export import export_model  # noqa: E402
from shiftwire_models.nets import NETS, NetName, build  # noqa: E402

pytestmark = [needs_pynq, pytest.mark.whole]
PAIRS = len(EngineName) * (len(EngineName) - 1) // 2


@dataclass(frozen=True)
class Replayed(Engine):
    """What an engine gave, again."""

    name: EngineName  # type: ignore[misc]
    of: Network
    outcome: Outcome

    layers_chunk: ClassVar[int] = 1 << 20
    chunk: ClassVar[int] = 1 << 20

    @property
    def network(self) -> Network:
        return self.of

    def run(self, codes: Codes, *, all_layers: bool) -> Outcome:
        assert len(codes) == len(self.outcome.layers[self.of.output_name])
        return self.outcome

    def flipped(self, layer: str, index: tuple[int, ...]) -> Replayed:
        """One bit of one code of one layer is another."""
        codes = self.outcome.layers[layer].copy()
        codes[index] ^= 1
        return Replayed(self.name, self.of, Outcome({**self.outcome.layers, layer: codes}))


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> list[Replayed]:
    """Each engine's run of the frames that every project has."""
    path, name = tmp_path_factory.mktemp("digits"), NetName.DIGITS_SHIFTADD
    net = build(NETS[name], seed=3).train()
    for _ in range(40):  # until the running statistics are the batch's
        net(torch.rand(16, *NETS[name].input_shape))
    onnx.save(export_model(net.eval(), NETS[name].input_shape), path / "digits.onnx")
    project = shiftwire.convert(path / "digits.onnx", output=path / "digits")
    return list(_runs(project.path, path / "digits.onnx"))


def _runs(path: Path, model: Path) -> Iterator[Replayed]:
    project = shiftwire.load_project(path)
    network = project.design.network
    for name in EngineName:
        running = engine(name, project, model)
        with running.ready():
            yield Replayed(name, network, running.run(golden_codes(network), all_layers=True))


def test_every_pair_of_the_seven(engines: list[Replayed]) -> None:
    pairs = all_pairs(engines, golden_codes(engines[0].network))
    assert len(pairs) == PAIRS and not sum(pair.different for pair in pairs)
    for pair in pairs:
        assert pair.compared and not pair.vacuous, (pair.engine, pair.against)


def test_one_bit_in_any_layer_of_any_engine(engines: list[Replayed]) -> None:
    rng, flips = np.random.default_rng(0), 0
    network = engines[0].network
    codes, reference = golden_codes(network), Reference(network)
    for running in engines:
        told = [node.name for node in network.nodes if node.name in running.outcome.layers]
        assert told == [network.output_name] if running.name is EngineName.BOARD else len(told) > 5, running.name
        for layer in told:
            index = tuple(int(rng.integers(size)) for size in running.outcome.layers[layer].shape)
            comparison = compared(running.flipped(layer, index), codes, reference)
            first = comparison.first_difference
            assert comparison.different == 1 and first is not None
            assert (first.layer, first.sample, *first.index) == (layer, *index)
            assert first.expected ^ 1 == first.actual
            flips += 1
    assert flips > 5 * len(EngineName)
