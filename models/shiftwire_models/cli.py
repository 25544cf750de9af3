"""The command `shiftwire-train`: train a net, export it, list what there is."""

import argparse
import io
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from shiftwire_models.checkpoint import load_checkpoint, save_checkpoint, write_whole
from shiftwire_models.data import digits
from shiftwire_models.errors import ModelsError
from shiftwire_models.export import export_model
from shiftwire_models.nets import NETS, NetName, net_name
from shiftwire_models.progress import epoch_progress
from shiftwire_models.size import net_size
from shiftwire_models.training import TrainConfig, logits, train

_USER_MISTAKE = 2
_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0; 2 with one sentence on stderr for a mistake of the user's; 130 when interrupted."""
    arguments = _parser().parse_args(argv)
    try:
        report: dict[str, object] = arguments.run(arguments)
    except (ModelsError, OSError) as error:
        _say(f"shiftwire-train: {error}", sys.stderr)
        return _USER_MISTAKE
    except KeyboardInterrupt:
        _say("shiftwire-train: interrupted; every file is whole or absent", sys.stderr)
        return _INTERRUPTED
    _say(json.dumps(report) if arguments.json else _lines(report), sys.stdout)
    return 0


def _train(arguments: argparse.Namespace) -> dict[str, object]:
    if arguments.output.exists() and not arguments.output.is_dir():
        raise ModelsError(f"{arguments.output} is a file; name a folder for the checkpoint")
    config = TrainConfig(net_name(arguments.net), arguments.epochs, arguments.seed)
    with epoch_progress(Console(stderr=True), config) as progress:
        result = train(config, progress)
    save_checkpoint(result, arguments.output)
    return {
        "net": config.net.value,
        "test accuracy": round(result.test_accuracy, 4),
        "train accuracy": round(result.train_accuracy, 4),
        "epochs": config.epochs,
        "seed": config.seed,
        "seconds": round(result.seconds, 1),
        "written": str(arguments.output),
    }


def _export(arguments: argparse.Namespace) -> dict[str, object]:
    checkpoint = load_checkpoint(arguments.folder)
    shape = NETS[checkpoint.name].input_shape
    write_whole(arguments.output, export_model(checkpoint.net, shape).SerializeToString(deterministic=True))
    written = [arguments.output]
    test = digits().test
    if arguments.data_out:
        _write_npz(arguments.data_out, x=test.x.numpy(), y=test.y.numpy())
        written.append(arguments.data_out)
    if arguments.expect:
        _write_npz(arguments.expect, logits=logits(checkpoint.net, test.x).numpy())
        written.append(arguments.expect)
    return {"net": checkpoint.name.value, "written": ", ".join(map(str, written))}


def _nets(_: argparse.Namespace) -> dict[str, object]:
    return {name.value: asdict(net_size(config)) for name, config in NETS.items()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="shiftwire-train", description="Train multiplication-free nets and export them as exact ONNX."
    )
    commands = parser.add_subparsers(required=True, metavar="{train,export,nets}")
    known = ", ".join(name.value for name in NetName)

    fit = _command(commands, "train", _train, "train a net on digits", "train --net digits-shiftadd -o digits")
    fit.add_argument("--net", required=True, help=f"one of {known}")
    fit.add_argument("--epochs", type=int, default=TrainConfig(NetName.DIGITS_SHIFTADD).epochs)
    fit.add_argument("--seed", type=int, default=0)
    fit.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder of the checkpoint")

    write = _command(commands, "export", _export, "write the exact ONNX file", "export digits -o digits.onnx")
    write.add_argument("folder", type=Path, metavar="DIR", help="folder that train wrote")
    write.add_argument("-o", "--output", type=Path, required=True, metavar="MODEL.onnx")
    write.add_argument("--data-out", type=Path, metavar="TEST.npz", help="write the test pictures x and labels y")
    write.add_argument("--expect", type=Path, metavar="TORCH.npz", help="write torch's logits on those pictures")

    _command(commands, "nets", _nets, "list the nets and their sizes", "nets")
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], dict[str, object]],
    purpose: str,
    example: str,
) -> argparse.ArgumentParser:
    epilog = f"example: shiftwire-train {example}"
    parser = commands.add_parser(name, help=purpose, description=purpose, epilog=epilog)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.set_defaults(run=run)
    return parser


def _lines(report: dict[str, object]) -> str:
    width = max(map(len, report))
    return "\n".join(f"{key:{width}}  {_words(value)}" for key, value in report.items())


def _words(value: object) -> str:
    return ", ".join(f"{part:,} {key}" for key, part in value.items()) if isinstance(value, dict) else str(value)


def _write_npz(path: Path, **arrays: NDArray[np.generic]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_whole(path, buffer.getvalue())


def _say(text: str, stream: TextIO) -> None:
    stream.write(text + "\n")
