"""What --method, --layers and the options of single methods say, as Options have it."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from shiftwire.errors import InputError
from shiftwire.numbers.smart_exchange import Theta
from shiftwire.quantize.options import Method, Options

DEFAULTS = Options()
REST = "rest"
"""Stands in --layers for all layers that nothing else there names."""


def chosen(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fields of Options; raises InputError for words that name nothing, and for options of methods that none has."""
    method, methods = _methods(arguments)
    used = {method, *(each for _, each in methods)}
    own = (of(arguments, used) for of in (_thetas, _bases, _block))
    return {name: value for fields in ({"method": method, "methods": methods}, *own) for name, value in fields.items()}


def _methods(arguments: argparse.Namespace) -> tuple[Method, tuple[tuple[str, Method], ...]]:
    """That of all layers, and those of single ones."""
    parted = [text.rpartition("=") for text in apart(arguments.layers)] if arguments.layers else []
    every = [(pattern.strip(), _method(name.strip(), pattern)) for pattern, _, name in parted]
    _once("--layers", [pattern for pattern, _ in every], "the first method of a layer counts")
    rest = next((method for pattern, method in every if pattern == REST), None)
    if rest is not None and arguments.method is not None and Method(arguments.method) is not rest:
        raise InputError(
            f"--layers gives {rest.value} to the rest, and --method says {arguments.method}; leave one out"
        )
    return rest or Method(arguments.method or DEFAULTS.method), tuple(pair for pair in every if pair[0] != REST)


def apart(text: str) -> Iterator[str]:
    """Parts between commas, but for those in brackets and behind a backslash, which belong to an expression."""
    start, depth, is_class, is_quoted = 0, 0, False, False
    for at, letter in enumerate(text):
        if is_quoted or letter == "\\":
            is_quoted = not is_quoted
        elif is_class:
            is_class = letter != "]"
        elif letter == "," and depth <= 0:
            yield text[start:at]
            start = at + 1
        else:
            is_class = letter == "["
            depth += (letter in "({") - (letter in ")}")
    yield text[start:]


def _once(option: str, names: Sequence[str], why: str) -> None:
    """Raise InputError for a name that comes twice."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        what = f"'{twice}'" if twice else "all layers"
        raise InputError(f"{option} speaks of {what} more than once, and {why}; leave out all but one")


def _method(name: str, pattern: str) -> Method:
    names = [method.value for method in Method]
    if not pattern.strip() or name not in names:
        raise InputError(
            f"'{pattern.strip()}={name}' of --layers names no layers or no method; write stage3.*=lightnn, with one of "
            f"{', '.join(names)}"
        )
    return Method(name)


def _thetas(arguments: argparse.Namespace, used: Collection[Method]) -> dict[str, Any]:
    """Theta of all layers, and of single ones."""
    if Method.SMARTEXCHANGE not in used:
        if arguments.theta or arguments.threshold_row:
            raise InputError("--theta and --threshold-row belong to --method smartexchange; leave them out or take it")
        return {}
    parted = [text.rpartition("=") for text in arguments.theta or ()]
    nameless = next((value for name, equals, value in parted if equals and not name.strip()), None)
    if nameless is not None:
        raise InputError(
            f"'={nameless}' of --theta names no layer; write --theta 4e-3 for all or --theta LAYER=4e-3 for one"
        )
    _once("--theta", [name for name, _, _ in parted], "one number of a layer counts")
    every = {name: _number(value) for name, _, value in parted}
    return {"theta": Theta(every.pop("", Theta().least), arguments.threshold_row), "thetas": every}


def _block(arguments: argparse.Namespace, used: Collection[Method]) -> dict[str, Any]:
    """That of circulant layers."""
    if arguments.block is not None and Method.CIRCULANT not in used:
        raise InputError("--block belongs to --method circulant; leave it out or take it")
    return {} if arguments.block is None else {"block": arguments.block}


def _bases(arguments: argparse.Namespace, used: Collection[Method]) -> dict[str, Any]:
    """ESCALATE's choices."""
    if Method.ESCALATE in used:
        bases = DEFAULTS.bases if arguments.bases is None else arguments.bases
        return {"bases": bases, "escalates_first": arguments.escalate_first}
    if arguments.bases is not None or arguments.escalate_first:
        raise InputError("--bases and --escalate-first belong to --method escalate; leave them out or take it")
    return {}


def _number(text: str) -> float:
    try:
        return Theta(float(text)).least
    except ValueError:
        raise InputError(f"a theta of '{text}' is no number; write --theta 4e-3 or --theta LAYER=4e-3") from None
