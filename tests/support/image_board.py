"""A board with an image's Python, numpy and pynq: run by that Python, on what `images.py` lays down in a folder.

python image_board.py FOLDER: the overlay's files, case.json and frames.npz. Keeps to what Python 3.8 reads.
"""

import json
import platform
import sys
from pathlib import Path

import numpy as np
import pynq

from shiftwire_boards.runtime.accelerator import Accelerator
from shiftwire_boards.runtime.energy.result import Unavailable
from shiftwire_boards.runtime.measure import MeasurementPlan, measure
from shiftwire_boards.runtime.record_json import read_record, write_record
from shiftwire_boards.runtime.samples import Samples
from shiftwire_boards.sim.device import SimulatedDevice, active
from shiftwire_boards.sim.fabric import Bases
from shiftwire_boards.sim.program import Logic


class Older(SimulatedDevice):
    """For PYNQ 2.7, which reads the .hwh itself and leaves the time of loading to the device."""

    def get_bitfile_metadata(self, bitfile, partial=False):
        from pynq.pl_server.hwh_parser import _HWHZynq  # noqa: PLC0415

        return _HWHZynq(str(Path(bitfile).with_suffix(".hwh")))

    def download(self, bitstream, parser=None):
        super().download(bitstream, parser)
        self.post_download(bitstream, parser)


Device = Older if pynq.__version__.startswith("2.") else SimulatedDevice


def main(folder: Path) -> None:
    case = json.loads((folder / "case.json").read_text())
    frames = np.load(str(folder / "frames.npz"))
    codes, wanted = frames["codes"], frames["wanted"]
    compared = 0
    with Logic(Path(case["program"]), Path(case["rtl"])) as logic:
        device = Device(logic, case["mhz"], Bases(**case["bases"]))
        with active(device), Accelerator(folder / "simulated.bit", batch=64) as accelerator:
            for count in (1, 2, 64, len(codes)):
                made = accelerator.predict_codes(codes[:count])
                assert np.array_equal(made, wanted[:count]), count
                compared += made.size
            assert np.array_equal(accelerator.predict(frames["x"]), frames["values"])
            record = measure(
                accelerator, Samples(codes, wanted), MeasurementPlan(0.0, 5), Unavailable("no sensor here")
            )
    write_record(record, folder / "record.json")
    found = read_record(folder / "record.json")
    assert found.exactness.exact and found.cycles.frame_counted == found.cycles.frame_predicted, found
    versions = f"pynq {pynq.__version__}, numpy {np.__version__}, Python {platform.python_version()}"
    print(f"{versions}: {compared + found.exactness.compared} codes compared, none differs")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
