"""Files of C++ and SystemVerilog with @NAMES@ in them become text."""

from __future__ import annotations

import re

import shiftwire_hls

_LINE = re.compile(r"^@([A-Z_]+)@\n", re.MULTILINE)
_WORD = re.compile(r"@([A-Z_]+)@")


def filled(template: str, **values: object) -> str:
    """The text of a template of shiftwire_hls with a value for each @NAME@, given as `name`.

    A name alone on its line stands for any number of lines, none where the value is empty. Raises ValueError for a
    name without a value and for a value without a name: either is a mistake of ours.
    """
    text, texts = shiftwire_hls.template(template), {name.upper(): str(value) for name, value in values.items()}
    odd = set(_WORD.findall(text)) ^ texts.keys()
    if odd:
        raise ValueError(f"the template {template} and its values differ in {', '.join(sorted(odd))}")
    lines = {name: f"{value}\n" if value else "" for name, value in texts.items()}
    # one pass each: what a value itself holds is not looked at
    parts = _LINE.split(text)
    parts[::2] = [_WORD.sub(lambda match: texts[match[1]], part) for part in parts[::2]]
    parts[1::2] = [lines[name] for name in parts[1::2]]
    return "".join(parts)
