"""Frozen dataclasses to JSON and back; arrays become .npy files beside it, each with its checksum."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np

from shiftwire.errors import InputError
from shiftwire.ir.bias import Bias
from shiftwire.ir.frames import FramedInput, FramedOutput, InputPart, OutputPart
from shiftwire.ir.host import ChannelScale, HostInput, HostOutput
from shiftwire.ir.network import Network, NetworkInput, NetworkOutput, Node, Tensor
from shiftwire.ir.weights import Weights
from shiftwire.ir.window import Window
from shiftwire.numbers.fixed import Fixed
from shiftwire.numbers.float_quantizer import FloatQuantizer
from shiftwire.numbers.shift_weights import ShiftWeights
from shiftwire.ops.layers import LAYERS, WEIGHT_SCHEMES
from shiftwire_boards.runtime.host_steps import STEPS


def _parts(scheme: type[Weights]) -> Iterator[type[Any]]:
    """What a scheme's weights are made of."""
    return (
        kind for kind in get_type_hints(scheme).values() if isinstance(kind, type) and dataclasses.is_dataclass(kind)
    )


_CLASSES: Mapping[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *LAYERS,
        *WEIGHT_SCHEMES,
        *(part for scheme in WEIGHT_SCHEMES for part in _parts(scheme)),
        *STEPS,
        Bias,
        Window,
        ShiftWeights,
        ChannelScale,
        FramedInput,
        FramedOutput,
        InputPart,
        OutputPart,
        FloatQuantizer,
        HostInput,
        HostOutput,
        Network,
        NetworkInput,
        NetworkOutput,
        Node,
        Tensor,
    )
}
"""Everything a file may name; nothing else is ever constructed."""


LONGEST_NAME = 100
"""Longer names of arrays are cut and end in a checksum: file systems take 255 bytes."""


class ArrayFolder:
    """Arrays of a project, one .npy file each, named after the value that holds them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, name: str, values: np.ndarray[Any, Any]) -> dict[str, str]:
        """Write an array; returns what stands for it in the JSON."""
        if len(name) > LONGEST_NAME:
            name = f"{name[:LONGEST_NAME]}.{hashlib.sha256(name.encode()).hexdigest()[:12]}"
        buffer = io.BytesIO()
        np.save(buffer, np.ascontiguousarray(values), allow_pickle=False)
        file = f"{name}.npy"
        self._put(file, buffer.getvalue())
        return {"array": file, "sha256": hashlib.sha256(buffer.getvalue()).hexdigest()}

    def _put(self, file: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / file).write_bytes(content)

    def load(self, reference: Mapping[str, str]) -> np.ndarray[Any, Any]:
        """Read an array; raises InputError for a file that is missing or was changed."""
        path = self._folder / Path(reference["array"]).name
        if not path.is_file():
            raise InputError(f"found no {path}; convert the model again")
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != reference["sha256"]:
            raise InputError(f"{path} does not match its checksum in design.json; convert the model again")
        values: np.ndarray[Any, Any] = np.load(io.BytesIO(content), allow_pickle=False)
        return values


class _Checksums(ArrayFolder):
    """What would stand for arrays, none of which are written."""

    def _put(self, file: str, content: bytes) -> None:
        pass


def network_hash(network: Network) -> str:
    """SHA-256 of all that a network computes, its weights and host ends among it."""
    text = json.dumps(encode(network, _Checksums(Path())), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def encode(value: Any, arrays: ArrayFolder, name: str = "") -> Any:
    """JSON of a value of the classes above, without fields that are None; `name` is its path, for the arrays in it."""
    match value:
        case Fixed():
            return str(value)
        case enum.Enum():
            return value.value
        case np.ndarray():
            return arrays.save(name, value)
        case tuple():
            return [encode(item, arrays, f"{name}.{_label(item, at)}".strip(".")) for at, item in enumerate(value)]
        case _ if dataclasses.is_dataclass(value):
            fields = [field.name for field in dataclasses.fields(value) if field.init]
            present = {key: member for key in fields if (member := getattr(value, key)) is not None}
            members = {key: encode(member, arrays, _inner(name, value, key)) for key, member in present.items()}
            return {"is": type(value).__name__} | members
    return value


def decode(data: Any, arrays: ArrayFolder, hint: Any = None) -> Any:
    """The value of JSON that `encode` wrote; `hint` is the type its owner declares."""
    match data:
        case {"array": _, "sha256": _}:
            return arrays.load(data)
        case {"is": kind, **members}:
            if kind not in _CLASSES:
                raise InputError(f"design.json names the unknown class '{kind}'; convert the model again")
            return _constructed(_CLASSES[kind], members, arrays)
        case list():
            return tuple(decode(item, arrays) for item in data)
        case str():
            return _of_text(data, hint)
    return data


def _of_text(text: str, hint: Any) -> Any:
    """What a text stands for, by the type declared, which may be one of several."""
    for kind in get_args(hint) or (hint,):
        if kind is Fixed:
            return Fixed.parse(text)
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return kind(text)
    return text


def _constructed(kind: type[Any], members: Mapping[Any, Any], arrays: ArrayFolder) -> Any:
    hints = get_type_hints(kind)
    return kind(**{str(key): decode(member, arrays, hints.get(key)) for key, member in members.items()})


def _label(item: Any, at: int) -> str:
    return item.name if isinstance(item, Node) else str(at)


def _inner(name: str, owner: Any, key: str) -> str:
    """Files are called after the layer and the field; the classes between them add nothing."""
    skipped = isinstance(owner, Network) or key in ("op", "weights", "codes")
    return name if skipped else f"{name}.{key}".strip(".")
