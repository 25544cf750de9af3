"""A board with an image's Python, numpy and pynq: run by that Python, on what `image_cases.py` lays down in a folder.

python image_board.py FOLDER. Keeps to what Python 3.8 reads.
"""

import json
import platform
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pynq

from shiftwire_boards.runtime.accelerator import Accelerator
from shiftwire_boards.runtime.energy.result import Unavailable
from shiftwire_boards.runtime.frames import classes_of, decoded, encoded
from shiftwire_boards.runtime.host_ends import Decoder, Encoder
from shiftwire_boards.runtime.measure import MeasurementPlan, measure
from shiftwire_boards.runtime.record_json import read_record, write_record
from shiftwire_boards.runtime.samples import Samples, samples_of
from shiftwire_boards.sim.device import SimulatedDevice, active
from shiftwire_boards.sim.fabric import Bases
from shiftwire_boards.sim.program import Logic

PLAN = MeasurementPlan(0.0, 5)
NEAR = 2e-6
"""How far values behind a soft maximum may lie from onnxruntime's, which are float32's throughout."""


class Older(SimulatedDevice):
    """For PYNQ 2.7, which reads the .hwh itself and leaves the time of loading to the device."""

    def get_bitfile_metadata(self, bitfile, partial=False):
        from pynq.pl_server.hwh_parser import _HWHZynq  # noqa: PLC0415

        return _HWHZynq(str(Path(bitfile).with_suffix(".hwh")))

    def download(self, bitstream, parser=None):
        super().download(bitstream, parser)
        self.post_download(bitstream, parser)


Device = Older if pynq.__version__.startswith("2.") else SimulatedDevice


@contextmanager
def opened(folder):
    """The accelerator of a folder on its simulated board, and how the folder is called."""
    case = json.loads((folder / "case.json").read_text())
    with Logic(Path(case["program"]), Path(case["rtl"])) as logic:
        device = Device(logic, case["mhz"], Bases(**case["bases"]))
        with active(device), Accelerator(folder / "simulated.bit", batch=64) as accelerator:
            yield accelerator, case["title"]


def recorded(accelerator, samples, folder):
    """A record that went through its file."""
    write_record(measure(accelerator, samples, PLAN, Unavailable("no sensor here")), folder / "record.json")
    return read_record(folder / "record.json")


def differing(count):
    """In words."""
    return f"{count:,} differ" if count > 1 else f"{count or 'none'} differs"


def run_layer(folder: Path) -> None:
    """Codes in batches of every size, and values."""
    frames = np.load(str(folder / "frames.npz"))
    codes, wanted = frames["codes"], frames["wanted"]
    compared = 0
    with opened(folder) as (accelerator, _):
        for count in (1, 2, 64, len(codes)):
            made = accelerator.predict_codes(codes[:count])
            assert np.array_equal(made, wanted[:count]), count
            compared += made.size
        assert np.array_equal(accelerator.predict(frames["x"]), frames["values"])
        found = recorded(accelerator, Samples(codes, wanted), folder)
    assert found.exactness.exact and found.cycles.frame_counted == found.cycles.frame_predicted, found
    versions = f"pynq {pynq.__version__}, numpy {np.__version__}, Python {platform.python_version()}"
    print(f"{versions}: {compared + found.exactness.compared:,} codes compared, none differs")


def run_heads(folder: Path) -> int:
    """How many codes and values of any output differ, inputs and outputs by their names."""
    with opened(folder) as (accelerator, title):
        samples = samples_of(accelerator.manifest, folder, folder / "data.npz")
        found = recorded(accelerator, samples, folder)
        arrays, wanted = np.load(str(folder / "data.npz")), np.load(str(folder / "values.npz"))
        x = {name: arrays[name] for name in arrays.files if name != "wanted"}
        values = accelerator.predict(x)
    assert list(values) == wanted.files and [each.name for each in found.outputs] == wanted.files
    differ = sum(int((np.abs(values[name] - wanted[name]) > NEAR).sum()) for name in values)
    compared = sum(each.size for each in values.values())
    parts = ", ".join(f"{each.exactness.compared:,} of {each.name}" for each in found.outputs)
    print(f"  {title}: {parts} codes and {compared:,} values compared, {differing(differ + found.exactness.different)}")
    return differ + found.exactness.different


def run_ends(folder: Path) -> int:
    """How many of the codes in front and of the values behind differ from onnxruntime's."""
    arrays = np.load(str(folder / "ends.npz"))
    ends = json.loads((folder / "ends.json").read_text())
    compared, differ = [0, 0], [0, 0]
    warnings.filterwarnings("ignore", "found bytes up to")  # bytes beyond a grid are meant here
    for at, said in enumerate(ends):
        made = Encoder.read(said).codes(arrays[f"x{at}"]), Decoder.read(said).values(arrays[f"codes{at}"])
        for end, name in enumerate(("front", "behind")):
            wanted = arrays[f"{name}{at}"]
            assert made[end].shape == wanted.shape, (at, name)
            compared[end] += wanted.size
            differ[end] += int((made[end] != wanted).sum())
    print(
        f"  host steps, {len(ends)} cases beside onnxruntime: {compared[0]:,} codes in front compared, "
        f"{differing(differ[0])}; {compared[1]:,} values behind, {differing(differ[1])}"
    )
    return sum(differ)


def run_digits(folder: Path) -> int:
    """How many codes, classes and right answers differ from those of the original file."""
    answers = np.load(str(folder / "answers.npz"))
    x, y = (np.load(str(folder / "data.npz"))[name] for name in ("x", "y"))
    with opened(folder) as (accelerator, title):
        found = recorded(accelerator, samples_of(accelerator.manifest, folder, folder / "data.npz"), folder)
        codes = accelerator.predict_codes(encoded(accelerator.manifest.entries, x))
        exits = accelerator.manifest.exits
        values, classes = decoded(exits, codes), classes_of(exits, codes)
    outputs, right = answers["outputs"], int((answers["classes"] == y).sum())
    assert values.shape == outputs.shape and values.dtype == outputs.dtype, (values.dtype, outputs.dtype)
    apart = np.abs(values - outputs) > NEAR * (1 + np.abs(outputs))
    differ = int((classes != answers["classes"]).sum()) + int(apart.sum()) + found.exactness.different
    accuracy = found.accuracy
    print(
        f"  digits ({title}): {accuracy.correct} of {accuracy.total} right, {accuracy.share:.2%}, the original file's "
        f"{right}; {found.exactness.compared:,} codes, {classes.size:,} classes and {values.size:,} values compared, "
        f"{differing(differ)}"
    )
    return differ + abs(accuracy.correct - right)


def main(folder: Path) -> int:
    """1 where anything differs."""
    run_layer(folder / "layer")
    heads = run_heads(folder / "heads")
    return int(sum([heads, run_ends(folder), *map(run_digits, sorted(folder.glob("digits*")))]) > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
