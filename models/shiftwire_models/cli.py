"""The command `shiftwire-train`: train a net, export it, take one from elsewhere, list what there is."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, TextIO, TypeAlias

from shiftwire_models.commands import (
    Report,
    adopt,
    export_net,
    export_untrained,
    finetune,
    list_nets,
    train_net,
)
from shiftwire_models.data import SOURCES, source_text
from shiftwire_models.distribution import WEIGHT
from shiftwire_models.errors import USER_MISTAKE, ModelsError
from shiftwire_models.finetune.tuning import TuneConfig
from shiftwire_models.nets import NetName
from shiftwire_models.training import TrainConfig

_INTERRUPTED = 130
_CALIBRATION = 300
_ZOO = 64
_FORMER = "import-addernet"
_ADOPT = "adopt ResNet20-AdderNet.pth --as adder --net resnet20 -o model.onnx"
_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0; 2 with one sentence on stderr for a mistake of the user's; 130 when interrupted."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == [_FORMER]:
        _say(f"shiftwire-train: {_FORMER} is part of adopt; shiftwire-train {_ADOPT}", sys.stderr)
        return USER_MISTAKE
    arguments = _parser().parse_args(words)
    try:
        report: Report = arguments.run(arguments)
    except (ModelsError, OSError) as error:
        _say(f"shiftwire-train: {error}", sys.stderr)
        return USER_MISTAKE
    except KeyboardInterrupt:
        _say("shiftwire-train: interrupted; every file is whole or absent", sys.stderr)
        return _INTERRUPTED
    _say(json.dumps(report) if arguments.json else _lines(report), sys.stdout)
    return 0


class _Parser(argparse.ArgumentParser):
    """Refuses in one sentence, without a page of usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(USER_MISTAKE, f"{self.prog}: {message}; see '{self.prog} --help'\n")


def _parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = _Parser(
        prog="shiftwire-train", description="Train multiplication-free and float nets and export them as ONNX."
    )
    commands = parser.add_subparsers(required=True, metavar="{train,export,finetune,zoo,adopt,nets}")
    _add_train(commands)
    _add_export(commands)
    _add_finetune(commands)
    _add_zoo(commands)
    _add_adopt(commands)
    _command(commands, "nets", list_nets, "list the nets and their sizes", "nets")
    return parser


def _add_train(commands: _Commands) -> None:
    defaults = TrainConfig(NetName.DIGITS_SHIFTADD)
    fit = _command(commands, "train", train_net, "train a net", "train --net digits-shiftadd -o digits")
    fit.add_argument("--net", required=True, help=f"one of {', '.join(name.value for name in NetName)}")
    fit.add_argument("--data", default=source_text(defaults.data), help=f"{SOURCES} (default: %(default)s)")
    fit.add_argument("--epochs", type=int, default=defaults.epochs)
    fit.add_argument("--pictures", type=int, metavar="N", help="train on N pictures drawn by the seed (default: all)")
    fit.add_argument("--seed", type=int, default=defaults.seed)
    fit.add_argument(
        "--from",
        dest="begin",
        type=Path,
        metavar="DIR",
        help="begin with what a trained net's layers of the same name have",
    )
    fit.add_argument(
        "--distribution-loss",
        type=float,
        default=defaults.distribution_loss,
        nargs="?",
        const=WEIGHT,
        metavar="WEIGHT",
        help="keep what is binarised spread about its bound, so much beside the cross entropy (%(const)s)",
    )
    fit.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder of the checkpoint")


def _add_export(commands: _Commands) -> None:
    purpose = "write the ONNX file, exact for quantized nets, float for float nets"
    write = _command(commands, "export", export_net, purpose, "export digits -o digits.onnx")
    write.add_argument("folder", type=Path, metavar="DIR", help="folder that train wrote")
    write.add_argument("-o", "--output", type=Path, required=True, metavar="MODEL.onnx")
    write.add_argument("--data-out", type=Path, metavar="TEST.npz", help="write the test pictures x and labels y")
    write.add_argument("--calibration-out", type=Path, metavar="CALIB.npz", help="write pictures of the training split")
    write.add_argument(
        "--calibration-pictures", type=int, default=_CALIBRATION, metavar="N", help="how many (%(default)s)"
    )
    write.add_argument("--expect", type=Path, metavar="TORCH.npz", help="write torch's logits on the test pictures")


def _add_finetune(commands: _Commands) -> None:
    defaults = TuneConfig()
    purpose = "train an exact file further, its formats and numbers of terms kept"
    example = "finetune exact.onnx --float float.onnx --data mnist -o tuned.onnx"
    tune = _command(commands, "finetune", finetune, purpose, example)
    tune.add_argument("model", type=Path, metavar="EXACT.onnx", help="such as shiftwire quantize writes")
    tune.add_argument("--float", type=Path, metavar="FLOAT.onnx", help="begin from the float weights it came from")
    tune.add_argument("--data", required=True, help=SOURCES)
    tune.add_argument("--epochs", type=int, default=defaults.epochs, help="(%(default)s)")
    tune.add_argument("--rate", type=float, default=defaults.rate, help="first step, share of a tensor (%(default)s)")
    tune.add_argument("--pictures", type=int, metavar="N", help="train on N pictures drawn by the seed (default: all)")
    tune.add_argument("--seed", type=int, default=defaults.seed)
    tune.add_argument("-o", "--output", type=Path, required=True, metavar="TUNED.onnx")


def _add_zoo(commands: _Commands) -> None:
    purpose = "write a net with random weights as an exact file, every layer of it alive"
    example = "zoo resnet20-adder -o model.onnx --data-out x.npz"
    write = _command(commands, "zoo", export_untrained, purpose, example)
    write.add_argument("net", metavar="NET", help="a name that `shiftwire-train nets` lists")
    write.add_argument("-o", "--output", type=Path, required=True, metavar="MODEL.onnx")
    write.add_argument("--data-out", type=Path, metavar="X.npz", help="write random pictures x for it")
    write.add_argument("--pictures", type=int, default=_ZOO, metavar="N", help="how many (%(default)s)")
    write.add_argument("--seed", type=int, default=0, help="of weights and pictures (%(default)s)")


def _add_adopt(commands: _Commands) -> None:
    purpose = "take a checkpoint of DeepShift's, ShiftAddNet's, AdderNet's or APoT's own repository"
    take = _command(commands, "adopt", adopt, purpose, f"{_ADOPT} --data-out patches.npz")
    take.add_argument("checkpoint", type=Path, metavar="CHECKPOINT.pth", help="a state dict, alone or in a checkpoint")
    take.add_argument(
        "--as", dest="family", required=True, metavar="FAMILY", help="deepshift, shiftaddnet, adder or apot"
    )
    take.add_argument("--net", required=True, help="resnet20 or another of depth 6n + 2, resnet18, 34, 50, 101 or 152")
    take.add_argument("-o", "--output", type=Path, required=True, metavar="MODEL.onnx")
    take.add_argument(
        "--calibrate", type=Path, metavar="X.npz", help="choose formats on these samples x, and write an exact file"
    )
    take.add_argument("--act-bits", type=int, default=8, help="bits between layers, with --calibrate (%(default)s)")
    take.add_argument("--bits", type=int, help="of a weight (deepshift and shiftaddnet: 5, apot: 4)")
    take.add_argument(
        "--adder-bits", type=int, default=8, help="of shiftaddnet's adders, 0 where they were trained in float (8)"
    )
    take.add_argument("--data-out", type=Path, metavar="X.npz", help="write 520 normalised pieces of photographs x")


def _command(
    commands: _Commands, name: str, run: Callable[[argparse.Namespace], Report], purpose: str, example: str
) -> argparse.ArgumentParser:
    epilog = f"example: shiftwire-train {example}"
    parser = commands.add_parser(name, help=purpose, description=purpose, epilog=epilog)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.set_defaults(run=run)
    return parser


def _lines(report: Report) -> str:
    width = max(map(len, report))
    return "\n".join(f"{key:{width}}  {_words(value)}" for key, value in report.items())


def _words(value: object) -> str:
    return ", ".join(f"{part:,} {key}" for key, part in value.items()) if isinstance(value, dict) else str(value)


def _say(text: str, stream: TextIO) -> None:
    stream.write(text + "\n")
