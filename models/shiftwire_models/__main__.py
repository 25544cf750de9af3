"""`python -m shiftwire_models`, and the program shiftwire-train: says what is missing before torch is imported."""

import importlib.util
import sys
from collections.abc import Sequence

from shiftwire_models.errors import USER_MISTAKE

_NEEDED = ("torch", "onnxscript", "safetensors", "sklearn")


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; 2 with one sentence where the packages for training are not installed."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        sys.stderr.write(f"shiftwire-train: found no {', '.join(missing)}; pip install 'shiftwire[train]'\n")
        return USER_MISTAKE
    from shiftwire_models.cli import main as run  # noqa: PLC0415 - imports torch

    return run(argv)


if __name__ == "__main__":
    sys.exit(main())
