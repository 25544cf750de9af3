"""A user's program on another computer than the board: python remote_client.py model.bit frames.npz made.npz."""

import sys
from pathlib import Path

import numpy as np

from shiftwire_boards.runtime import Accelerator
from shiftwire_boards.runtime.record_json import write_record


def main(bitfile: str, given: str, made: str) -> None:
    """Output codes of every array of a file, values of another's x, and a record of a short measurement."""
    values = Path(given).with_name("values.npz")
    with Accelerator(bitfile, batch=64) as accelerator, np.load(given) as held, np.load(values) as more:
        codes = {name: accelerator.predict_codes(held[name]) for name in held.files}
        np.savez(made, **codes, values=accelerator.predict(more["x"]))
        write_record(accelerator.measure(seconds=0.0, data=values), Path(made + ".json"))
        assert accelerator.is_remote and not accelerator.shell.errors()


if __name__ == "__main__":
    main(*sys.argv[1:])
