"""A whole IP core: a real network in the shell, from bytes of the DMA to bytes of the DMA, against Network.evaluate."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netlib import some_folds
from one_layer import frames
from shell_bench import Script, as_words, bench_text, compiled
from shell_cases import Case
from shiftwire.errors import InputError
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Codes
from shiftwire.rtl.files import write_modules, write_shell
from shiftwire.rtl.ip import network_shell
from shiftwire.rtl.shell import TOP, Shell
from shiftwire.schedule.lowering import rtl_network
from shiftwire.schedule.streaming import pipeline
from single_layers import single_layers
from test_tiny import tiny

VERSION = 0x00C0FFEE
TRANSFERS = (1, 2, 5, 3)


@dataclass(frozen=True)
class Core:
    """A compiled core and the folder of its files."""

    network: Network
    shell: Shell
    folder: Path
    bench: Path

    def expected(self, codes: Codes) -> Codes:
        """Codes (frames, codes) of input codes of that shape."""
        made = self.network.evaluate(codes.reshape(len(codes), *self.network.input.shape))
        return made.reshape(len(codes), -1)


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Core:
    """A convolution: window, weights and accumulators."""
    layers = single_layers()
    network = next(layers[name] for name in layers if "conv" in name)
    folder = tmp_path_factory.mktemp("core")
    rtl = rtl_network(pipeline(network, some_folds(network, 1)))
    write_modules(rtl, folder, generic=True)
    write_shell(rtl, folder, f"{VERSION:08x}")
    shell = network_shell(rtl, VERSION)
    return Core(network, shell, folder, compiled(sorted(folder.glob("*.sv")), bench_text([shell], [TOP]), folder))


@pytest.mark.parametrize("stalls", ["0 0 0", "40 60 30", "80 0 0"])
@pytest.mark.whole
def test_a_core_computes_what_the_network_says(core: Core, stalls: str, count: Any) -> None:
    codes = frames(core.network, sum(TRANSFERS)).reshape(sum(TRANSFERS), -1)
    script = Script(Case(core.shell))
    script.say(f"stall {stalls}")
    ends = np.cumsum(TRANSFERS)
    for end, length in zip(ends, TRANSFERS, strict=True):
        script.write("frames_per_transfer", length)
        script.send(codes[end - length : end])
        script.say("sent")
    script.receive(len(codes))
    script.read("version", "errors", "frames_in", "frames_out")
    answers = script.play(core.folder, 1, core.bench)
    found = answers.codes()
    assert np.array_equal(found, core.expected(codes))
    assert [data for data, _ in answers.reads] == [VERSION, 0, len(codes), len(codes)]
    marked = [at for at, word in enumerate(answers.words, 1) if word.last]
    assert marked == (ends * core.shell.output.words).tolist()
    assert len(np.unique(found)) > 2
    count(core_codes=found.size)


@pytest.mark.whole
def test_a_reset_forgets_half_a_frame(core: Core) -> None:
    """Whatever lies in accumulators, windows and buffers when a soft reset comes."""
    codes = frames(core.network, 6).reshape(6, -1)
    for words in range(1, core.shell.input.words):
        script = Script(Case(core.shell))
        for data in list(as_words(core.shell.input, codes[1:2]))[:words]:
            script.word(data, last=False)
        script.say(f"wait {50 + 7 * words}")
        script.say("resetting 1")
        script.write("control", 1)
        script.say("wait 4")  # until the reset is there, words of the old frame come out
        script.say("drop")
        script.write("control", 0)
        script.say("resetting 0")
        script.write("frames_per_transfer", 6)
        script.send(codes)
        script.receive(6)
        assert np.array_equal(script.play(core.folder, words, core.bench).codes(), core.expected(codes))


def test_equal_networks_give_equal_cores(tmp_path: Path) -> None:
    network = tiny()
    for name in ("one", "two"):
        rtl = rtl_network(pipeline(network, some_folds(network, 1)))
        write_modules(rtl, tmp_path / name, generic=False)
        write_shell(rtl, tmp_path / name, "12345678")
    texts = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two")]
    assert texts[0] == texts[1]
    assert {"component.xml", "shiftwire_net.sv", "shiftwire_top.sv", "sw_shell.sv"} <= set(texts[0])


def test_words_must_be_bytes() -> None:
    network = rtl_network(pipeline(tiny(), some_folds(tiny(), 1)))
    assert network_shell(network).input.words == 1
    with pytest.raises(InputError, match="word of 12 bits is no multiple of 8"):
        network_shell(network, word_bits=12)
