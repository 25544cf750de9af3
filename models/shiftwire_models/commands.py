"""What each command of `shiftwire-train` does: arguments in, a report out, whole files written."""

import argparse
import io
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

import onnx
from shiftwire_models.adoption.files import Adoption, adopted, adopted_file, exact_file, family_named
from shiftwire_models.adoption.resnet import plan_named
from shiftwire_models.agreement import check_agreement
from shiftwire_models.calibration import calibrated_net
from shiftwire_models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint, write_whole
from shiftwire_models.conversion.quantizing import Choices
from shiftwire_models.data import Dataset, load_data, shape_of, source_named, source_text
from shiftwire_models.data.own import read_samples
from shiftwire_models.data.patches import cifar_normalised, photograph_patches
from shiftwire_models.errors import ModelsError
from shiftwire_models.exact_export import export_float, export_model
from shiftwire_models.finetune.floats import take_float_weights
from shiftwire_models.finetune.graph import input_shape, load_exact, trainable, with_codes
from shiftwire_models.finetune.tuning import TuneConfig, tune
from shiftwire_models.nets import NETS, FloatConfig, classes_of, net_name
from shiftwire_models.progress import epoch_progress
from shiftwire_models.size import net_size
from shiftwire_models.training import TrainConfig, drawn, logits, train

Report = dict[str, object]


def train_net(arguments: argparse.Namespace) -> Report:
    """A checkpoint in a folder, which is made where it is not there. Raises ModelsError."""
    if arguments.output.exists() and not arguments.output.is_dir():
        raise ModelsError(f"{arguments.output} is a file; name a folder for the checkpoint")
    data = source_named(arguments.data)
    config = TrainConfig(
        net_name(arguments.net),
        arguments.epochs,
        arguments.seed,
        data,
        arguments.pictures,
        arguments.distribution_loss,
    )
    begin = None if arguments.begin is None else load_checkpoint(arguments.begin).net.state_dict()
    with epoch_progress(Console(stderr=True), config.net.value, config.epochs) as progress:
        result = train(config, progress, begin)
    save_checkpoint(result, arguments.output)
    return {
        "net": config.net.value,
        "data": source_text(data),
        "test accuracy": round(result.test_accuracy, 4),
        "train accuracy": round(result.train_accuracy, 4),
        "epochs": config.epochs,
        "seed": config.seed,
        "seconds": round(result.seconds, 1),
        "written": str(arguments.output),
    }


def export_net(arguments: argparse.Namespace) -> Report:
    """A float net gives a float file, any other an exact one."""
    _check_outputs([arguments.output, arguments.data_out, arguments.calibration_out, arguments.expect])
    checkpoint = load_checkpoint(arguments.folder)
    wants_data = arguments.data_out or arguments.expect or arguments.calibration_out
    data = load_data(checkpoint.data) if wants_data else None
    if data is not None:
        _require_fit(checkpoint, data, arguments.folder)
    export = export_float if isinstance(checkpoint.config, FloatConfig) else export_model
    written = [_write_model(arguments.output, export(checkpoint.net, checkpoint.config.input_shape))]
    if data is not None:
        written += _write_data(arguments, checkpoint, data)
    return {"net": checkpoint.name.value, "written": ", ".join(map(str, written))}


def _write_data(arguments: argparse.Namespace, checkpoint: Checkpoint, data: Dataset) -> list[Path]:
    """Each of the files that are asked for."""
    written = []
    if arguments.data_out:
        written.append(_write_npz(arguments.data_out, x=data.test.x.numpy(), y=data.test.y.numpy()))
    if arguments.calibration_out:
        count = arguments.calibration_pictures
        x, y = data.train.x[:count].numpy(), data.train.y[:count].numpy()
        written.append(_write_npz(arguments.calibration_out, x=x, y=y))
    if arguments.expect:
        written.append(_write_npz(arguments.expect, logits=logits(checkpoint.net, data.test.x).numpy()))
    return written


def _require_fit(checkpoint: Checkpoint, data: Dataset, folder: Path) -> None:
    """The file may have changed since the net was trained on it."""
    trained, holds = checkpoint.config.input_shape, tuple(data.test.x.shape[1:])
    classes, labels = classes_of(checkpoint.config), max(int(part.y.max()) for part in (data.train, data.test)) + 1
    what = source_text(checkpoint.data)
    mend = f"bring back the file that it was trained on, or train again into {folder}"
    if holds != trained:
        raise ModelsError(f"the net in {folder} reads {trained}, and {what} holds {holds} now; {mend}")
    if labels > classes:
        raise ModelsError(f"the net in {folder} tells {classes} classes, and {what} holds {labels} now; {mend}")


def adopt(arguments: argparse.Namespace) -> Report:
    """A family's own checkpoint: exact where samples calibrate it, else with its activations in float."""
    _check_outputs([arguments.output, arguments.data_out], [arguments.checkpoint, arguments.calibrate])
    plan, family = plan_named(arguments.net), family_named(arguments.family)
    net = adopted(arguments.checkpoint, Adoption(family, plan, arguments.bits, arguments.adder_bits))
    if arguments.calibrate is None:
        model = adopted_file(net)
    else:
        model = exact_file(net, read_samples(arguments.calibrate), Choices(act_bits=arguments.act_bits))
    written = [_write_model(arguments.output, model)]
    if arguments.data_out:
        written.append(_write_npz(arguments.data_out, x=cifar_normalised(photograph_patches()).numpy()))
    verb = "convert" if arguments.calibrate else "quantize"
    rest = "" if arguments.calibrate else " --calibrate x.npz"
    return {
        "net": f"{family.value} {plan.name}",
        "reads": str(net.input_shape),
        "written": ", ".join(map(str, written)),
        "next": f"shiftwire {verb} {arguments.output}{rest}",
    }


def export_untrained(arguments: argparse.Namespace) -> Report:
    """Random weights, calibrated on some of the random pictures that are written beside the file."""
    _check_outputs([arguments.output, arguments.data_out])
    name = net_name(arguments.net)
    config = NETS[name]
    if isinstance(config, FloatConfig):
        raise ModelsError(f"{name.value} is a float net, which has no exact file; train it and export it instead")
    net, x = calibrated_net(config, arguments.seed, arguments.pictures)
    written = [_write_model(arguments.output, export_model(net, config.input_shape))]
    if arguments.data_out:
        written.append(_write_npz(arguments.data_out, x=x.numpy()))
    return {"net": name.value, "seed": arguments.seed, "written": ", ".join(map(str, written))}


def finetune(arguments: argparse.Namespace) -> Report:
    """Formats and numbers of terms stay as they are; the file is the same but for its codes."""
    _check_outputs([arguments.output], [arguments.model, arguments.float])
    source = source_named(arguments.data)
    config = TuneConfig(arguments.epochs, arguments.rate, arguments.seed)
    model = load_exact(arguments.model)
    shape = input_shape(model)
    holds = shape_of(source)
    if shape != holds:
        raise ModelsError(f"{arguments.model} reads {shape}, and {source_text(source)} holds {holds}; take --data")
    data = load_data(source)
    net = trainable(model)
    matched = take_float_weights(net, load_exact(arguments.float)) if arguments.float else 0
    data = Dataset(drawn(data.train, arguments.pictures, arguments.seed), data.test)
    with epoch_progress(Console(stderr=True), arguments.model.name, config.epochs) as progress:
        result = tune(net, data, config, progress)
    tuned = with_codes(model, net)
    check_agreement(net, tuned)
    return {
        "test accuracy before": round(result.before, 4),
        "test accuracy": round(result.after, 4),
        "layers that began from float weights": matched,
        "seconds": round(result.seconds, 1),
        "written": str(_write_model(arguments.output, tuned)),
    }


def list_nets(_: argparse.Namespace) -> Report:
    """Weights and operations a picture of every net, counted by running each once."""
    return {name.value: asdict(net_size(config)) for name, config in NETS.items()}


def _check_outputs(outputs: Sequence[Path | None], inputs: Sequence[Path | None] = ()) -> None:
    """Raises ModelsError where a file would be written over one that is read, or over another."""
    read = {path.resolve() for path in inputs if path is not None}
    written: set[Path] = set()
    for path in outputs:
        if path is None:
            continue
        if path.resolve() in read:
            raise ModelsError(f"{path} is read too; name another file to write")
        if path.resolve() in written:
            raise ModelsError(f"{path} is named for two files; name another one")
        written.add(path.resolve())


def _write_model(path: Path, model: onnx.ModelProto) -> Path:
    write_whole(path, model.SerializeToString(deterministic=True))
    return path


def _write_npz(path: Path, **arrays: NDArray[np.generic]) -> Path:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_whole(path, buffer.getvalue())
    return path
