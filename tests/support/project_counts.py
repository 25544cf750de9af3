"""What the files of a project say of its weights, counted from design.json, arrays, ROM images and text alone."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from math import ceil, prod
from pathlib import Path
from typing import Any

import numpy as np

Json = dict[str, Any]


@dataclass(frozen=True)
class Counted:
    """A layer with weights: how many, the bits of what they are made of, and the operations of a frame.

    packed  bits of its weights one by one, as a memory has them that holds all of them once
    """

    weights: int
    bits: int
    packed: int
    shifts: int = 0
    adds: int = 0
    xnors: int = 0
    multiplies: int = 0


def two_complement(codes: np.ndarray) -> int:
    """Bits of the widest code, with a sign where one is negative."""
    low, high = int(codes.min()), int(codes.max())
    return next(bits for bits in range(1, 64) if high < 1 << bits - (low < 0) and low >= -(1 << bits - 1))


class Files:
    """A project's own files, read without the code that wrote them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.design: Json = json.loads((folder / "design.json").read_text())
        self.nodes: dict[str, Json] = {node["name"]: node for node in self.design["network"]["nodes"]}

    def array(self, reference: Json) -> np.ndarray:
        return np.load(self.folder / "weights" / reference["array"])

    def places(self, name: str) -> int:
        """Of an output, where each filter is used once."""
        return prod(self.design["tensors"][name]["shape"][:-1])

    def counted(self) -> dict[str, Counted]:
        """Every layer with weights by its name; by that of signs what these and their bases take."""
        firsts = {name: self._bases_of(name) for name in self.own}
        return {
            name: layer if (first := firsts[name]) is None else self._spelled(first, name)
            for name, layer in self.own.items()
        }

    @cached_property
    def own(self) -> dict[str, Counted]:
        """Every layer with weights, as it stands alone."""
        return {name: self._layer(name) for name, node in self.nodes.items() if "weights" in node["op"]}

    @property
    def bases(self) -> set[str | None]:
        """Layers of bases that other layers add up."""
        return {self._bases_of(name) for name in self.own}

    def _layer(self, name: str) -> Counted:
        op = self.nodes[name]["op"]
        weights, uses = op["weights"], self.places(name)
        kind = weights["is"]
        if kind in ("Shift", "Circulant"):
            return self._terms(weights, uses, op.get("groups", 1))
        if kind in ("Factored", "FactoredAdder"):
            return self._factors(weights, uses)
        codes = self.array(weights["codes"])
        own = self._of_a_group(codes, op.get("groups", 1))
        if kind == "Binary":
            return Counted(codes.size, own.size, own.size, adds=codes.size * uses, xnors=codes.size * uses)
        bits = own.size * two_complement(own)
        if kind == "Adder":
            return Counted(codes.size, bits, bits, adds=2 * codes.size * uses)
        return Counted(codes.size, bits, bits, adds=codes.size * uses, multiplies=codes.size * uses)

    def _of_a_group(self, codes: np.ndarray, groups: int) -> np.ndarray:
        """The filters of one group where all have the same several, as one memory serves them."""
        parts = codes.reshape(groups, len(codes) // groups, *codes.shape[1:])
        is_same = groups > 1 and (parts == parts[:1]).all() and not (parts.shape[1] == 1 and codes.shape[-1] == 1)
        return parts[0] if is_same else codes

    def _terms(self, weights: Json, uses: int, groups: int) -> Counted:
        """A sign and an exponent, or none, in a code for each term that a filter has."""
        parts = weights.get("weights") or weights["vectors"]
        sign, exponent = self.array(parts["sign"]), self.array(parts["exponent"])
        repeated = sign.shape[3] if weights["is"] == "Circulant" else 1
        used = exponent[sign != 0]
        exponents = int(used.max() - used.min()) + 1
        width = 1 + next(bits for bits in range(1, 9) if exponents + 1 <= 1 << bits)
        bits = 0
        for one in range(sign.shape[1]):
            terms = max((at + 1 for at in range(len(sign)) if sign[at, one].any()), default=0)
            bits += terms * sign[0, one].size * width
        live = int(np.count_nonzero(sign)) * repeated * uses
        return Counted(sign[0].size * repeated, bits, bits, shifts=live, adds=live)

    def _factors(self, weights: Json, uses: int) -> Counted:
        """Coefficients of the rows that are not empty, a bit a row where some are, and bases of 8 bits a number."""
        sign, exponent, basis = (self.array(weights["factors"][part]) for part in ("sign", "exponent", "basis"))
        taps = weights["factors"]["taps"]
        rows = sign.reshape(len(sign), -1, 3)[:, : ceil(taps / 3)].reshape(-1, 3)
        kept = rows[rows.any(axis=1)]
        used = exponent[sign != 0]
        words = 2 * (int(used.max() - used.min()) + 1) + int((kept == 0).any())
        width = next(bits for bits in range(1, 9) if words <= 1 << bits)
        bits = kept.size * width + 8 * basis.size + (len(rows) if len(kept) < len(rows) else 0)
        numbers = np.einsum("omrj,omjk->omrk", sign * 2.0 ** (exponent - used.min()), basis).reshape(len(sign), -1)
        codes, count = numbers[:, :taps], len(sign) * taps
        if weights["is"] == "Factored":
            packed = count * two_complement(codes)
            return Counted(count, bits, packed, adds=count * uses, multiplies=count * uses)
        dropped = weights["factors"]["basis_frac"] - int(used.min()) - weights["grid"]
        packed = count * two_complement(np.floor(codes / 2.0**dropped + 0.5))
        return Counted(count, bits, packed, adds=2 * count * uses)

    def _bases_of(self, name: str) -> str | None:
        """The layer of bases that a layer of signs adds up."""
        op = self.nodes[name]["op"]
        source = self.nodes.get(self.nodes[name]["inputs"][0])
        if source is not None and source["op"]["is"] == "Requantize":
            source = self.nodes.get(source["inputs"][0])
        if source is None or op["weights"]["is"] != "Shift" or source["op"].get("weights", {}).get("is") != "Int":
            return None
        groups, bases = source["op"].get("groups", 1), self.array(source["op"]["weights"]["codes"])
        is_shared = groups > 1 and len(self._of_a_group(bases, groups)) < len(bases)
        exponent = self.array(op["weights"]["weights"]["exponent"])
        return source["name"] if is_shared and not exponent.any() else None

    def _spelled(self, first: str, name: str) -> Counted:
        """Two bits a sign, eight a number of a base, which every channel shares; operations of the sums alone."""
        bases = self.array(self.nodes[first]["op"]["weights"]["codes"])
        own = self._of_a_group(bases, self.nodes[first]["op"]["groups"])
        sums = self._layer(name)
        channels = self.nodes[first]["op"]["groups"]
        weights = len(self.array(self.nodes[name]["op"]["weights"]["weights"]["sign"])[0]) * channels * own[0].size
        return Counted(weights, 2 * sums.weights + 8 * own.size, sums.packed, shifts=sums.shifts, adds=sums.adds)

    def bias_bits(self, name: str) -> int:
        codes = self.array(self.nodes[name]["op"]["bias"]["codes"])
        return codes.size * two_complement(codes) if codes.any() else 0

    def rtl_rom(self, layer: str) -> int:
        """Lines of the images of a layer's weights times the bits of a line, as their instance is set up."""
        text = (self.folder / "rtl" / "shiftwire_net.sv").read_text()
        bits = 0
        for line in text.splitlines():
            for file in re.findall(rf'"(shiftwire_net_{layer}(?:_[a-z]+)?_raw[a-z_]*)(?:\.mem)?"', line):
                members = dict(re.findall(r"\.(\w+)\(([^()]*)\)", line))
                for image, word in self._words(file, {name: int(v) for name, v in members.items() if v.isdigit()}):
                    lines = (self.folder / "rtl" / f"{image}.mem").read_text().split()
                    assert all(len(digits) == ceil(word / 4) for digits in lines), (image, word)
                    bits += len(lines) * word
        return bits

    def _words(self, file: str, set_up: dict[str, int]) -> list[tuple[str, int]]:
        """Images of an instance and the bits of their words: codes side by side, or of factors and their bases."""
        pe, simd = set_up["PE"], set_up["SIMD"]
        if "PARTS" not in set_up:
            return [(file, pe * simd * set_up["W_BITS"] // set_up.get("CIRCLE", 1))]
        stored = pe * simd // set_up["PARTS"] * set_up["CODES_BITS"]
        return [(f"{file}_stored", stored), (f"{file}_context", pe * set_up["CONTEXT_BITS"])]

    def hls_rom(self, layer: str) -> int:
        """Numbers of the texts that C-simulation reads, times the bits of their types."""
        firmware = self.folder / "hls" / "firmware"
        defines = (firmware / "defines.h").read_text()
        tables = re.findall(rf"typedef ap_u?int<(\d+)> ({layer}(?:_\w+)?_(?:weight|stored|context))_t;", defines)
        texts = {table: (firmware / "weights" / f"{table}.txt").read_text() for _, table in tables}
        return sum(int(bits) * len(texts[table].replace(",", " ").split()) for bits, table in tables)
