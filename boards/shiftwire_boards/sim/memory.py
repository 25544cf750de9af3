"""DRAM of a simulated board: what the processor writes lies in its cache until somebody flushes it."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # numpy before 1.21, as on older images, has no such types
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]

PAGE = 4096


class UnmappedError(LookupError):
    """An address where no memory is."""


@dataclass
class Memory:
    """`size` bytes from `base`; pages are handed out in turn and come back by `free`."""

    base: int
    size: int
    data: Bytes = field(init=False, repr=False)
    blocks: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.data = np.zeros(self.size, np.uint8)

    def take(self, size: int) -> int:
        """Offset of free contiguous pages; raises MemoryError where there are none."""
        wanted = max(-(-size // PAGE), 1) * PAGE
        start = 0
        for offset, block_bytes in sorted(self.blocks.items()):
            if offset - start >= wanted:
                break
            start = offset + block_bytes
        if start + wanted > self.size:
            raise MemoryError(f"contiguous memory is exhausted: {size} bytes asked for")
        self.blocks[start] = wanted
        return start

    def free(self, offset: int) -> None:
        """Give pages back; a second time does nothing."""
        self.blocks.pop(offset, None)

    def dram(self, address: int, size: int) -> Bytes:
        """What a DMA sees at a physical address; raises UnmappedError outside of what was handed out."""
        offset = address - self.base
        if not any(
            start <= offset and offset + size <= start + block_bytes for start, block_bytes in self.blocks.items()
        ):
            raise UnmappedError(f"{address:#x}")
        return self.data[offset : offset + size]

    def flush(self, offset: int, virtual_address: int, size: int) -> None:
        """Cache to DRAM."""
        self.data[offset : offset + size] = _cache(virtual_address, size)

    def invalidate(self, offset: int, virtual_address: int, size: int) -> None:
        """DRAM to cache."""
        _cache(virtual_address, size)[:] = self.data[offset : offset + size]


def _cache(virtual_address: int, size: int) -> Any:
    cached: Any = (ctypes.c_uint8 * size).from_address(virtual_address)
    return np.frombuffer(cached, np.uint8)
