"""The layers of an exact file as torch trains them, each with the codes it has now."""

from collections.abc import Mapping, MutableMapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from shiftwire_models.adder import adder_windows
from shiftwire_models.circulant import turned
from shiftwire_models.errors import ModelsError
from shiftwire_models.grid import FLOAT32_INTEGER_BITS, Format, Rounding, quantize, to_codes
from shiftwire_models.l1 import negative_distance
from shiftwire_models.terms import ExponentRange
from shiftwire_models.weights.filter_terms import FilterTermsWeight, Nearest
from shiftwire_models.window import Geometry

Codes = NDArray[np.generic]


class Tuned(nn.Module):
    """A layer that can say its codes by role, as the file's initialisers hold them."""

    def codes(self) -> Mapping[str, Tensor]:
        """Integers by role, in the order of the node's inputs."""
        raise ModelsError("this layer has no codes")


class BiasCodes(nn.Module):
    """Integers on 2**-frac, trained as floats."""

    def __init__(self, codes: Codes, frac: int, layer: str) -> None:
        super().__init__()
        if np.abs(codes.astype(np.int64)).max(initial=0) >= 1 << (FLOAT32_INTEGER_BITS - 1):
            raise ModelsError(
                f"layer '{layer}' has a bias of more than {FLOAT32_INTEGER_BITS} bits, which float32 cannot train; "
                "quantize with fewer exponents or terms"
            )
        self.grid = Format(FLOAT32_INTEGER_BITS, frac, True)
        self.latent = nn.Parameter(torch.from_numpy(codes.astype(np.float32)) * 2.0**-frac)

    def forward(self) -> Tensor:
        """Values (outputs,) on the grid, with the latent's gradient."""
        return quantize(self.latent, self.grid, Rounding.HALF_EVEN)

    def codes(self) -> Tensor:
        """Integers (outputs,), as floats."""
        return to_codes(self.latent.detach(), self.grid, Rounding.HALF_EVEN)


class TunedSum(Tuned):
    """ShiftDense, ShiftConv or Affine: weights of terms and a bias; `geometry` None says that nothing slides."""

    def __init__(self, weight: FilterTermsWeight, bias: BiasCodes, geometry: Geometry | None, groups: int) -> None:
        super().__init__()
        self.weight, self.bias = weight, bias
        self.geometry, self.groups = geometry, groups
        self.requires_grad_(not _is_plain_sum(weight))

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs, ...) -> (N, outputs, ...), as the node it stands for."""
        weight = self.values().to(x.dtype)
        bias: Tensor = self.bias().to(x.dtype)
        if weight.dim() == 1:
            per_channel = (-1, *[1] * (x.dim() - 2))
            return x * weight.reshape(per_channel) + bias.reshape(per_channel)
        if self.geometry is None:
            return functional.linear(x, weight, bias)
        padded, stride = self.geometry.padded(x), self.geometry.stride
        if weight.dim() == 3:
            return functional.conv1d(padded, weight, bias, stride, groups=self.groups)
        return functional.conv2d(padded, weight, bias, stride, groups=self.groups)

    def values(self) -> Tensor:
        """Weights (out, in...)."""
        values: Tensor = self.weight()
        return values

    def codes(self) -> Mapping[str, Tensor]:
        """sign and exponent (terms, out, in...), bias (out,)."""
        terms = self.weight.terms()
        return {"sign": terms.sign, "exponent": terms.exponent, "bias": self.bias.codes()}


class TunedBlocks(TunedSum):
    """CirculantDense or CirculantConv: the terms are those of the vectors."""

    def values(self) -> Tensor:
        return turned(super().values())


class TunedBases(Tuned):
    """IntConv: weights stay on their grid and within the bits they had; groups of the same filters stay the same.

    So the bases of ESCALATE, one memory of which serves all channels, are trained as one.
    """

    def __init__(self, codes: Codes, frac: int, bias: BiasCodes, geometry: Geometry, groups: int) -> None:
        super().__init__()
        values = codes.astype(np.int64)
        parts = values.reshape(groups, len(values) // groups, *values.shape[1:])
        self.copies = groups if (parts == parts[:1]).all() else 1
        largest = max(int(values.max()), int(~values.min()), 1)
        self.grid, self.bias = Format(largest.bit_length() + 1, frac, True), bias
        self.geometry, self.groups = geometry, groups
        own = values[: len(values) // self.copies].astype(np.float32)
        self.latent = nn.Parameter(torch.from_numpy(own) * 2.0**-frac)
        self.bias.requires_grad_(self.copies == 1)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs, ...) -> (N, outputs, ...), as the node it stands for."""
        weight = self._repeated(quantize(self.latent, self.grid, Rounding.HALF_EVEN)).to(x.dtype)
        padded, bias, stride = self.geometry.padded(x), self.bias().to(x.dtype), self.geometry.stride
        if weight.dim() == 3:
            return functional.conv1d(padded, weight, bias, stride, groups=self.groups)
        return functional.conv2d(padded, weight, bias, stride, groups=self.groups)

    def codes(self) -> Mapping[str, Tensor]:
        """weight (out, in...), bias (out,)."""
        own = to_codes(self.latent.detach(), self.grid, Rounding.HALF_EVEN)
        return {"weight": self._repeated(own), "bias": self.bias.codes()}

    def _repeated(self, own: Tensor) -> Tensor:
        return own.repeat(self.copies, *[1] * (own.dim() - 1))


class TunedAdder(Tuned):
    """AdderDense or AdderConv: weights stay on their grid and within the range they had."""

    def __init__(self, codes: Codes, frac: int, geometry: Geometry | None, groups: int) -> None:
        super().__init__()
        values = codes.astype(np.int64)
        signed = bool(values.min(initial=0) < 0)
        bits = max(int(np.abs(values).max(initial=1)).bit_length(), 1) + int(signed)
        self.grid, self.geometry, self.groups = Format(bits, frac, signed), geometry, groups
        self.latent = nn.Parameter(torch.from_numpy(values.astype(np.float32)) * 2.0**-frac)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs, ...) -> (N, outputs, ...), as the node it stands for."""
        weight = quantize(self.latent, self.grid, Rounding.HALF_EVEN).to(x.dtype)
        return (
            negative_distance(x, weight)
            if self.geometry is None
            else adder_windows(x, weight, self.geometry, self.groups)
        )

    def codes(self) -> Mapping[str, Tensor]:
        """weight (out, in...)."""
        return {"weight": to_codes(self.latent.detach(), self.grid, Rounding.HALF_EVEN)}

    def get_extra_state(self) -> Tensor:
        """int64 (3,): bits, fraction bits and sign of the weights' grid, which a later file's codes need not fill."""
        return torch.tensor([self.grid.bits, self.grid.frac, int(self.grid.signed)])

    def set_extra_state(self, state: Tensor) -> None:
        """Raises ModelsError for weights on another grid than the file's."""
        bits, frac, signed = (round(number) for number in state.tolist())
        if frac != self.grid.frac:
            raise ModelsError(
                f"the state dict has adder weights on a grid of 2^-{frac}, and this net of 2^-{self.grid.frac}; load "
                "it into from_exact of the file that its own net exported"
            )
        self.grid = Format(bits, frac, bool(signed))

    def _load_from_state_dict(self, state_dict: MutableMapping[str, Any], prefix: str, *rest: Any) -> None:
        # older state dicts say no grid: the net keeps its own
        state_dict.setdefault(f"{prefix}_extra_state", self.get_extra_state())
        super()._load_from_state_dict(state_dict, prefix, *rest)


def filter_terms(
    sign: Codes, exponent: Codes, exponent_range: ExponentRange, nearest: Nearest = Nearest.LINEAR
) -> FilterTermsWeight:
    """The weight of a file's (terms, out, in...) tensors; every filter keeps as many terms as it uses at most.

    Weights that are one power of two or less it, and never 0, stay signs.
    """
    if sign.ndim > 2 and len(sign) == 1 and sign.all() and exponent_range.lowest == exponent_range.highest:
        nearest = Nearest.SIGN
    value = (sign.astype(np.int64) * np.where(sign != 0, np.exp2(exponent.astype(np.float64)), 0.0)).sum(0)
    used = np.count_nonzero(sign, axis=0).reshape(sign.shape[1], -1).max(1, initial=0)
    return FilterTermsWeight(
        torch.from_numpy(value.astype(np.float32)), torch.from_numpy(used), len(sign), exponent_range, nearest
    )


def _is_plain_sum(weight: FilterTermsWeight) -> bool:
    """A pool spelt as a convolution of equal weights is to stay one."""
    latent = weight.latent.detach()
    return latent.dim() > 2 and latent.shape[1] == 1 and bool((latent == latent.flatten()[0]).all())
