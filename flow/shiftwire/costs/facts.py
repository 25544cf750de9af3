"""What a model may know of a unit: the numbers that its module is set up with, and what its constants look like."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from shiftwire.ir.cost import LUTRAM_WORDS
from shiftwire.ir.module import Memory
from shiftwire.ir.rtl_network import RtlNetwork, RtlUnit

Facts = Mapping[str, int]
"""By name: parameters in capitals as in SystemVerilog; of constants NAME_WORDS, NAME_BITS of a word, NAME_LEAVES.

NAME_LIVE counts fields of a word that are not zero in all of them, NAME_VARYING bits that are not the same in all.
"""


def facts(network: RtlNetwork, unit: RtlUnit) -> Facts:
    """Those of a unit of a network, buffers included; texts of wide constants and names of files are none."""
    known = {name: value for name, value in unit.module.set_up.items() if isinstance(value, int)}
    known |= {f"IN{at}_WIDTH": network.streams[stream].width for at, stream in enumerate(unit.inputs)}
    known |= {f"OUT{at}_WIDTH": network.streams[stream].width for at, stream in enumerate(unit.outputs)}
    for memory in unit.module.memories:
        name = memory.name.upper()
        live = int(memory.fields.any(axis=0).sum())
        known |= {f"{name}_WORDS": memory.words, f"{name}_BITS": memory.word_bits}
        known |= {f"{name}_LEAVES": leaves(memory), f"{name}_LIVE": live, f"{name}_VARYING": varying(memory)}
    return {**known, **network.buffers(unit)}


def leaves(memory: Memory) -> int:
    """6-input LUTs that hold constants as logic: one for each bit and LUTRAM_WORDS words, those alike once.

    A bit that never changes, or that is one of the address's, takes none.
    """
    bits = _bits(memory)
    places = np.arange(len(bits))
    address = {(places >> at & 1).astype(np.bool_).tobytes() for at in range(max(len(bits) - 1, 1).bit_length())}
    columns = {column.tobytes(): column for column in bits.T if column.any() and not column.all()}
    own = [column for key, column in columns.items() if key not in address]
    starts = range(0, len(bits), LUTRAM_WORDS)
    parts = (column[start : start + LUTRAM_WORDS] for column in own for start in starts)
    return len({part.tobytes() for part in parts if part.any() and not part.all()})


def varying(memory: Memory) -> int:
    """Bits of a word that are not the same in all of them: what a block RAM of constants holds."""
    bits = _bits(memory)
    return int((bits.any(axis=0) & ~bits.all(axis=0)).sum())


def _bits(memory: Memory) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """(words, bits of a word)."""
    planes = memory.fields[..., None] >> np.arange(memory.bits) & 1
    flat: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = planes.reshape(memory.words, -1).astype(np.bool_)
    return flat
