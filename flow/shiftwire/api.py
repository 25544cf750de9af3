"""The flow in Python: what the command line calls, and what a script may."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from shiftwire.board.engine import SimulatedBoardEngine
from shiftwire.errors import InputError
from shiftwire.explore.front import Exploration, Objectives
from shiftwire.explore.front_file import Front
from shiftwire.explore.sweep import silent
from shiftwire.ir.fold import Fold
from shiftwire.ir.network import Network
from shiftwire.onnx.context.parameter import IntegerWeights
from shiftwire.onnx.importer import InputFormats, import_onnx
from shiftwire.passes.forms.factor_choice import FactorForm
from shiftwire.passes.forms.formed import formed
from shiftwire.passes.forms.rescale_choice import Rescale
from shiftwire.passes.pipeline import run_pipeline
from shiftwire.project.boards import find_board
from shiftwire.project.data import Data
from shiftwire.project.engine import Engine, EngineName
from shiftwire.project.project import Backend, Project, write_project
from shiftwire.schedule.adder_blocks import DspUse
from shiftwire.schedule.design import Design, Target
from shiftwire.tools.process import Progress
from shiftwire.verify.cosim import Verilator
from shiftwire.verify.csim import Csim
from shiftwire.verify.native import Bounded, Native
from shiftwire.verify.onnx import OnnxRuntime
from shiftwire.verify.reference import Reference

if TYPE_CHECKING:
    from hls4ml.model.graph import ModelGraph


def load_network(
    model: str | Path,
    integer_weights: IntegerWeights = IntegerWeights.TERMS,
    input_format: InputFormats = None,
) -> Network:
    """The network of an ONNX file whose weights and activations are all quantized, after all passes.

    Weights that are no powers of two become exact sums of powers of two, or multipliers if asked for. `input_format` is
    that of inputs without a quantizer, or of each by its name; the host rounds values to it.
    """
    return run_pipeline(import_onnx(Path(model), integer_weights, input_format))


def design(
    model: str | Path | Network,
    board: str = "pynq-z2",
    clock_ns: float | None = None,
    target: Target | None = None,
    folds: Mapping[str, Fold] | None = None,
    *,
    rescale: Rescale = Rescale.AUTO,
    factors: FactorForm = FactorForm.AUTO,
    dsp: DspUse = DspUse.NONE,
) -> Design:
    """How a network is built on a board; the board's own clock period unless `clock_ns` says otherwise.

    Every layer is folded to meet the target; `folds` fixes the PE and SIMD of some, by name. Layers that rescale sums
    by a float scale take the cheapest form, or the one that `rescale` asks for; convolutions of factors take that of
    `factors`. With `dsp` DSP blocks add, and the design grows into the LUTs that they save.
    """
    network = model if isinstance(model, Network) else load_network(model)
    on, wanted = find_board(board), target or Target()
    return formed(network, on, clock_ns, wanted, folds or {}, rescale=rescale, factors=factors, dsp=dsp)


def convert(
    model: str | Path | Network,
    board: str = "pynq-z2",
    output: str | Path | None = None,
    clock_ns: float | None = None,
    *,
    target: Target | None = None,
    folds: Mapping[str, Fold] | None = None,
    backend: Backend = Backend.BOTH,
    unroll: bool = False,
    rescale: Rescale = Rescale.AUTO,
    factors: FactorForm = FactorForm.AUTO,
    dsp: DspUse = DspUse.NONE,
) -> Project:
    """Write a project, HLS C++ and SystemVerilog unless `backend` wants one of them.

    It goes into build/<name of the model> unless `output` names a folder. With `unroll`, layers of the SystemVerilog
    that meet all their weights in one cycle become logic without a ROM. `rescale` says what float scale, bias, Relu and
    quantizer behind a sum become, `factors` whether convolutions of factors sum by coefficients first, `dsp` what DSP
    blocks of the SystemVerilog are for.
    Raises InputError for a model, a board or a folder that will not do; a folder that is no project of ours is
    never touched.
    """
    folder = default_folder("network" if isinstance(model, Network) else model)
    wanted = dataclasses.replace(target or Target(), for_hls=backend is not Backend.RTL)
    planned = dataclasses.replace(
        design(model, board, clock_ns, wanted, folds, rescale=rescale, factors=factors, dsp=dsp), unroll=unroll
    )
    return write_project(planned, Path(output or folder), backend)


def explore(
    model: str | Path | Network,
    board: str = "pynq-z2",
    clock_ns: float | None = None,
    *,
    folds: Mapping[str, Fold] | None = None,
    objectives: Objectives = Objectives.TWO,
    bram36: float | None = None,
    backend: Backend = Backend.BOTH,
    rescale: Rescale = Rescale.AUTO,
    factors: FactorForm = FactorForm.AUTO,
    dsp: DspUse = DspUse.NONE,
    report: Progress = silent,
) -> Front:
    """The exact Pareto front of a network's folds: cycles a frame and LUTs, and block RAM where it is an objective.

    Layers have the forms of the design that `convert` makes without a target. `folds` fixes the PE and SIMD of some,
    `bram36` limits the block RAM of all. With `dsp` points with adders in DSP blocks stand among them, which are
    objectives then too. Raises InputError where nothing fits.
    """
    for_hls, on = backend is not Backend.RTL, find_board(board)
    planned = design(model, board, clock_ns, Target(for_hls=for_hls), folds, rescale=rescale, factors=factors)
    explored = Exploration(planned.network, on, planned.clock_ns, objectives, bram36, for_hls, dsp)
    fixed = {name: fold for name, fold in planned.folds.items() if name in (folds or {})}
    return Front.of(explored, folds or {}, explored.points(fixed, report))


def convert_point(
    model: str | Path | Network,
    front: Front,
    name: str,
    output: str | Path | None = None,
    *,
    backend: Backend = Backend.BOTH,
    unroll: bool = False,
    rescale: Rescale = Rescale.AUTO,
    factors: FactorForm = FactorForm.AUTO,
) -> Project:
    """Write a project of one point of a front, as `convert` does; `rescale` and `factors` are those of the front.

    Raises InputError for a point that is not there, and for a front of another network or of another shiftwire.
    """
    front.point(name)
    target, board = Target(for_hls=front.for_hls), front.board.name
    planned = design(model, board, front.clock_ns, target, front.fixed, rescale=rescale, factors=factors)
    folder = default_folder("network" if isinstance(model, Network) else model)
    point = dataclasses.replace(front.design(planned.network, name), unroll=unroll)
    return write_project(point, Path(output or folder), backend)


def engine(name: EngineName, project: Project, model: str | Path | None = None, samples: Data | None = None) -> Engine:
    """What runs a project under a name; `model` is the file that it was converted from, for onnxruntime.

    `samples` are those whose codes it will be given, so that onnxruntime reads their values as they are.

    Raises InputError where that file is wanted and not named.
    """
    of_project: dict[EngineName, Callable[[Project], Engine]] = {
        EngineName.REFERENCE: lambda project: Reference(project.design.network),
        EngineName.CSIM: Csim,
        EngineName.NATIVE: Native,
        EngineName.BOUNDED: Bounded,
        EngineName.VERILATOR: Verilator,
        EngineName.BOARD: SimulatedBoardEngine,
    }
    if name in of_project:
        return of_project[name](project)
    if model is None:
        raise InputError("onnxruntime runs the model's own file, and none is named; give --onnx model.onnx")
    return OnnxRuntime(Path(model), project.design.network, samples)


def default_folder(model: str | Path) -> Path:
    """Where the project of a model goes unless told otherwise."""
    return Path("build") / Path(model).stem


def to_hls4ml(
    model: str | Path | Network | Design,
    board: str = "pynq-z2",
    output: str | Path = "build/hls4ml",
    clock_ns: float | None = None,
) -> ModelGraph:
    """hls4ml's own ModelGraph of a network, every type given; write, compile, predict, trace and build work on it.

    predict takes and gives values (N, ...), channels last: give it what the network's input quantizer would, in
    float64 where a format has more than 24 bits.
    """
    planned = model if isinstance(model, Design) else design(model, board, clock_ns, Target(for_hls=True))
    with redirect_stdout(io.StringIO()):
        from shiftwire.hls.model_graph import model_graph  # noqa: PLC0415 - hls4ml prints at import and takes seconds

        return model_graph(planned, Path(output))
