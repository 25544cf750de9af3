"""What --method, --layers and the options of single methods say, as Options have it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from shiftwire.errors import InputError
from shiftwire.numbers.smart_exchange import Theta
from shiftwire.quantize.methods.rules import Method
from shiftwire.quantize.options import Options, Own

DEFAULTS = Options()
OWN_NUMBERS = {
    method: (
        *(("terms",) if method.rule.takes_terms else ()),
        *(number.name for number in method.rule.numbers),
        *(("exponents",) if method.rule.takes_exponents else ()),
    )
    for method in Method
}
"""What a layer may have otherwise than all, by its method."""
OWN = re.compile(rf"(.*)=\s*({'|'.join(method.value for method in Method)})\s*((?::[^=:]*=[^=:]*)*)")
"""A pattern, a method, and numbers behind it."""
REST = "rest"
"""Stands in --layers for all layers that nothing else there names."""


def chosen(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fields of Options; raises InputError for words that name nothing, and for options of methods that none has."""
    method, layers = _methods(arguments)
    used = {method, *(own.method for own in layers)}
    own = (of(arguments, used) for of in (_thetas, _numbers))
    return {name: value for fields in ({"method": method, "layers": layers}, *own) for name, value in fields.items()}


def _methods(arguments: argparse.Namespace) -> tuple[Method, tuple[Own, ...]]:
    """That of all layers, and those of single ones."""
    every = [] if arguments.layers is None else [own_of(text) for text in apart(arguments.layers)]
    _once("--layers", [own.pattern for own in every], "the first method of a layer counts")
    rest = next((own for own in every if own.pattern == REST), None)
    if rest is None:
        return Method(arguments.method or DEFAULTS.method), tuple(every)
    if arguments.method is not None and Method(arguments.method) is not rest.method:
        raise InputError(
            f"--layers gives {rest.method.value} to the rest, and --method says {arguments.method}; leave one out"
        )
    for name, number in rest.by_name.items():
        raise InputError(
            f"--layers gives the rest {name}={number}, and numbers of the rest are those of all; write "
            f"rest={rest.method.value} and --{name} {number}"
        )
    return rest.method, tuple(own for own in every if own is not rest)


def own_of(text: str) -> Own:
    """PATTERN=METHOD, and numbers behind it, each :NAME=N; raises InputError for other words."""
    matched = OWN.fullmatch(text)
    pattern, name, numbers = matched.groups() if matched else (*text.rpartition("=")[::2], "")
    method = _method(name.strip(), pattern)
    words = numbers.split(":")[1:]
    parted = [word.partition("=") for word in words]
    names, own = [name.strip() for name, _, _ in parted], OWN_NUMBERS[method]
    for name, number in zip(names, (number.strip() for _, _, number in parted), strict=True):
        if name not in own or not number.isdecimal() or names.count(name) > 1:
            takes = f"it takes {' and '.join(f':{each}=N' for each in own)}, each once" if own else "it takes none"
            raise InputError(
                f"'{name}={number}' of --layers is no number that {method.value} has for layers of their own; {takes}"
            )
    every = {name.strip(): int(number) for name, _, number in parted}
    return Own(pattern.strip(), method, every.pop("terms", None), every.pop("exponents", None), every)


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


def _numbers(arguments: argparse.Namespace, used: Collection[Method]) -> dict[str, Any]:
    """Those of single methods, and ESCALATE's choice of layers."""
    every: dict[str, int] = {}
    for method in Method:
        own = {number.name: getattr(arguments, number.name) for number in method.rule.numbers}
        every |= {name: value for name, value in own.items() if value is not None}
        names = [name for name, value in own.items() if value is not None]
        names += ["escalate-first"] if method is Method.ESCALATE and arguments.escalate_first else []
        if names and method not in used:
            raise InputError(f"--{names[0]} belongs to --method {method.value}; leave it out or take it")
    return {"numbers": every, "escalates_first": arguments.escalate_first}


def _number(text: str) -> float:
    try:
        return Theta(float(text)).least
    except ValueError:
        raise InputError(f"a theta of '{text}' is no number; write --theta 4e-3 or --theta LAYER=4e-3") from None


def bits(arguments: argparse.Namespace) -> dict[str, Any]:
    """Bits between layers, and those of single tensors; raises InputError for what is no number of bits."""
    parted = [text.rpartition("=") for text in arguments.act_bits or ()]
    for name, equals, number in parted:
        if not number.strip().isdecimal() or (equals and not name.strip()):
            raise InputError(
                f"'{name}{equals}{number}' of --act-bits is no number of bits; write --act-bits 8 for all or "
                "--act-bits TENSOR=6 for one"
            )
    _once("--act-bits", [name.strip() for name, equals, _ in parted if equals], "one number of a tensor counts")
    every = {name.strip(): int(number) for name, _, number in parted}
    return {"act_bits": every.pop("", DEFAULTS.act_bits), "bits": every}
