"""What a model may know of a unit: the numbers that its module is set up with, and what its constants look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from shiftwire.ir.cost import LUTRAM_WORDS
from shiftwire.ir.module import Memory, Module
from shiftwire.ir.rtl_network import RtlNetwork, RtlUnit

Facts = Mapping[str, int]
"""By name: parameters in capitals as in SystemVerilog; of constants NAME_WORDS, NAME_BITS of a word, NAME_LEAVES.

NAME_LIVE counts fields of a word that are not zero in all of them, NAME_VARYING bits that are not the same in all.
"""


def facts(network: RtlNetwork, unit: RtlUnit) -> Facts:
    """Those of a unit of a network, buffers included; texts of wide constants and names of files are none."""
    reads = [network.streams[stream].width for stream in unit.inputs]
    writes = [network.streams[stream].width for stream in unit.outputs]
    return module_facts(unit.module, reads, writes, network.buffers(unit))


def module_facts(module: Module, reads: Sequence[int], writes: Sequence[int], buffers: Mapping[str, int]) -> Facts:
    """The same of a module between streams of so many bits, with the parameters of the buffers behind it."""
    known = {name: value for name, value in module.set_up.items() if isinstance(value, int)}
    known |= {f"IN{at}_WIDTH": width for at, width in enumerate(reads)}
    known |= {f"OUT{at}_WIDTH": width for at, width in enumerate(writes)}
    for memory in module.memories:
        name = memory.name.upper()
        live = int(memory.fields.any(axis=0).sum())
        known |= {f"{name}_WORDS": memory.words, f"{name}_BITS": memory.word_bits}
        known |= {f"{name}_LEAVES": leaves(memory), f"{name}_LIVE": live, f"{name}_VARYING": varying(memory)}
    return {**known, **buffers}


def leaves(memory: Memory) -> int:
    """6-input LUTs that hold constants as logic: one for each bit and LUTRAM_WORDS words, those alike once.

    A bit that never changes, or that is one of the address's, takes none.
    """
    bits = _bits(memory)
    words = len(bits)
    parts = -(-words // LUTRAM_WORDS)
    padded = np.zeros((parts * LUTRAM_WORDS, bits.shape[1]), np.bool_)
    padded[:words] = bits
    columns = _packed(padded.T)  # (bits of a word, parts)
    places = np.arange(parts * LUTRAM_WORDS)
    address = (places[:, None] >> np.arange(max(words - 1, 1).bit_length()) & 1).astype(np.bool_)
    address[words:] = False
    known = _packed(address.T)
    own = columns[~(columns[:, None] == known[None]).all(axis=2).any(axis=1)]
    ones = _packed(places.reshape(parts, LUTRAM_WORDS) < words)[:, 0]
    changing = own[(own != 0) & (own != ones)]
    return len(np.unique(changing))


def _packed(bits: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    """Rows of bits, 64 to a number."""
    return np.ascontiguousarray(np.packbits(bits, axis=1)).view(np.uint64)


def varying(memory: Memory) -> int:
    """Bits of a word that are not the same in all of them: what a block RAM of constants holds."""
    bits = _bits(memory)
    return int((bits.any(axis=0) & ~bits.all(axis=0)).sum())


def _bits(memory: Memory) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """(words, bits of a word)."""
    planes = memory.fields[..., None] >> np.arange(memory.bits) & 1
    flat: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = planes.reshape(memory.words, -1).astype(np.bool_)
    return flat
