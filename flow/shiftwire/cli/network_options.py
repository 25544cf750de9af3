"""Options of verbs that read a network and fold it for a board."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping
from pathlib import Path

from shiftwire import api
from shiftwire.cli.terminal import note
from shiftwire.costs.model import FamilyModel
from shiftwire.errors import InputError
from shiftwire.explore.board_model import board_model, stand_in_model_note
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network
from shiftwire.numbers.fixed import Fixed
from shiftwire.onnx.context.parameter import IntegerWeights
from shiftwire.passes.forms.factor_choice import FactorForm
from shiftwire.passes.forms.rescale_choice import Rescale
from shiftwire.project.project import Backend
from shiftwire.schedule.adder_blocks import DspUse
from shiftwire.schedule.design import Target
from shiftwire_boards.catalog import Board, board_names

BOARD = "pynq-z2"
WHOLE = 100.0

MOST_SIZES = 3
"""Of a fold."""


EXACT = "ONNX file whose weights and activations are all quantized"


def add_network(parser: argparse.ArgumentParser, *, is_optional: bool = False, reads: str = EXACT) -> None:
    """Options that say how a file is read, which form its layers take, and for what."""
    parser.add_argument("model", type=Path, nargs="?" if is_optional else None, help=reads)
    parser.add_argument("--board", help=f"one of {', '.join(board_names())} (default: {BOARD})")
    parser.add_argument("--clock-ns", type=float, help="clock period (default: the board's)")
    parser.add_argument(
        "--fold", type=_fold, action="append", default=[], metavar="LAYER=PE,SIMD", help="fix the fold of a layer"
    )
    parser.add_argument(
        "--backend",
        choices=[choice.value for choice in Backend],
        default=Backend.BOTH.value,
        help="HLS C++, SystemVerilog, or both from one design (default: both)",
    )
    parser.add_argument(
        "--integer-weights",
        choices=[choice.value for choice in IntegerWeights],
        default=IntegerWeights.TERMS.value,
        help="weights that are no powers of two become exact sums of such terms, or multiply (default: terms)",
    )
    parser.add_argument(
        "--input-format",
        type=_formats,
        metavar="FORMAT",
        help="that of an input which the file does not quantize, such as u8.8 or s16.10: sign, bits, fraction bits; of "
        "several NAME=FORMAT,NAME=FORMAT",
    )
    parser.add_argument(
        "--rescale",
        choices=[choice.value for choice in Rescale],
        default=Rescale.AUTO.value,
        help="float scale, bias, Relu and quantizer behind a sum become thresholds, a sum of powers of two (affine) "
        "or one product (multiply); auto takes the cheaper of the first two, layer by layer (default: auto)",
    )
    parser.add_argument(
        "--factors",
        choices=[choice.value for choice in FactorForm],
        default=FactorForm.AUTO.value,
        help="3x3 convolutions of SmartExchange's factors have whole weights, or are two layers, sums by coefficients "
        "and products with bases; auto takes the smaller, layer by layer (default: auto)",
    )


def add_target(parser: argparse.ArgumentParser) -> None:
    """Options that say how fast or how large."""
    parser.add_argument("--fps", type=float, help="frames a second to reach with the cheapest folds")
    parser.add_argument(
        "--luts", type=_percent, metavar="P%", help="share of the board's LUTs to fill with the fastest folds (70%%)"
    )


def read_network(arguments: argparse.Namespace) -> Network:
    """As the options of `add_network` say."""
    return api.load_network(arguments.model, IntegerWeights(arguments.integer_weights), arguments.input_format)


def target_of(arguments: argparse.Namespace) -> Target:
    """As the options of `add_target` say; raises InputError for more LUTs than there are."""
    if arguments.luts is not None and arguments.luts > WHOLE:
        raise InputError(f"found --luts {arguments.luts:g}%, wanted at most 100%: the board has no more")
    return Target(arguments.fps, arguments.luts)


def same_options(arguments: argparse.Namespace) -> str:
    """What a next command must say again, that a front does not: options of `add_network` other than usual."""
    usual = {
        "backend": Backend.BOTH.value,
        "integer_weights": IntegerWeights.TERMS.value,
        "rescale": Rescale.AUTO.value,
        "factors": FactorForm.AUTO.value,
    }
    own = [(name, getattr(arguments, name)) for name, value in usual.items() if getattr(arguments, name) != value]
    formats = arguments.input_format
    if isinstance(formats, dict):
        own.append(("input_format", ",".join(f"{name}={format}" for name, format in formats.items())))
    elif formats is not None:
        own.append(("input_format", formats))
    return "".join(f" --{name.replace('_', '-')} {shlex.quote(str(value))}" for name, value in own)


def folds_of(arguments: argparse.Namespace) -> dict[str, Fold]:
    """Folds that are fixed, by layer; raises InputError for two of one."""
    names = [name for name, _ in arguments.fold]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"found two folds for '{twice[0]}'; give one")
    return dict(arguments.fold)


def float_files(arguments: argparse.Namespace) -> Mapping[str, Path | None]:
    """What a verb reads that takes a float model, samples and labels."""
    return {
        "the float model": arguments.model,
        "the calibration file": arguments.calibrate,
        "the file of labels": arguments.labels,
    }


def noted_model(board: Board) -> FamilyModel:
    """The fitted model of a board; a note says where another family's stands in."""
    sentence = stand_in_model_note(board)
    if sentence is not None:
        note(sentence)
    return board_model(board)


def _percent(text: str) -> float:
    try:
        return float(text.removesuffix("%"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"found '{text}', wanted a share such as 70%") from None


def _formats(text: str) -> Fixed | dict[str, Fixed]:
    """FORMAT, or NAME=FORMAT of one input or more with commas between them."""
    if "=" not in text:
        return _format(text)
    formats: dict[str, Fixed] = {}
    for part in text.split(","):
        name, _, format = part.rpartition("=")
        if not name or name in formats:
            raise argparse.ArgumentTypeError(f"found '{part}', wanted NAME=FORMAT once an input, such as image=u8.0")
        formats[name] = _format(format)
    return formats


def _format(text: str) -> Fixed:
    try:
        return Fixed.parse(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _fold(text: str) -> tuple[str, Fold]:
    """LAYER=PE,SIMD, and TURNS for weights that are rebuilt; argparse turns a ValueError into a usage message."""
    name, _, numbers = text.rpartition("=")
    sizes = [size.strip() for size in numbers.split(",")]
    if not (name and all(map(str.isdecimal, sizes)) and len(sizes) <= MOST_SIZES):
        raise argparse.ArgumentTypeError(f"found '{text}', wanted LAYER=PE,SIMD such as conv1=8,9")
    return name, Fold(*map(int, sizes))


def add_dsp(parser: argparse.ArgumentParser, adders: str) -> None:
    """The option `--dsp`; `adders` says what its one way to use blocks means to a verb."""
    parser.add_argument(
        "--dsp",
        choices=[use.value for use in DspUse],
        default=DspUse.NONE.value,
        help=f"SystemVerilog: what DSP blocks do; adders: {adders}, nothing is multiplied (none)",
    )


def dsp_of(arguments: argparse.Namespace) -> DspUse:
    """What --dsp asks for; raises InputError beside HLS C++."""
    dsp = DspUse(arguments.dsp)
    if dsp is not DspUse.NONE and Backend(arguments.backend) is not Backend.RTL:
        raise InputError(
            f"--dsp {dsp.value} is for SystemVerilog, and folds for it need not fit as HLS C++; add --backend rtl"
        )
    return dsp
