"""Names that serve C++, SystemVerilog, reports and the command line alike."""

import hashlib
import re
from collections.abc import Container

_WORDS = """alignas alignof and asm assign auto begin bit bool break buf byte case catch char class const constexpr
continue default delete do double else end endmodule enum explicit export extern false float for friend function
generate genvar goto if initial inline inout input int integer interface logic long main mutable module namespace
negedge new nnet not operator or output packed parameter posedge private protected public real reg register return short
signed sizeof static std string struct sw switch template this throw time true try type typedef typename union
unsigned using var virtual void volatile wchar_t while wire xor always"""
_RESERVED = frozenset(_WORDS.split())
_GENERATED = re.compile(r"(layer|config|weight|bias|threshold|base|step)\d.*|.*_t|shiftwire_.*")
"""Names that the generated C++ gives to its own variables and types."""


LONGEST = 100
"""Characters of a name; file systems take 255, and files are named after layers, their units and tables."""


def sanitised(name: str, taken: Container[str]) -> str:
    """`name` in [A-Za-z0-9_], no reserved word, unlike every name that is `taken`, and short enough for a file's."""
    clean = re.sub(r"\W", "_", name, flags=re.ASCII).strip("_") or "tensor"
    if len(clean) > LONGEST:
        clean = f"{clean[:LONGEST].rstrip('_')}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    if clean[0].isdigit() or clean in _RESERVED or _GENERATED.fullmatch(clean):
        clean = f"t_{clean}"
    while clean in taken:
        clean += "_"
    return clean
