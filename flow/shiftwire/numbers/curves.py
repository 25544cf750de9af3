"""Activations as ONNX means them: float32 values of float32 values, operation by operation as onnxruntime has them."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from shiftwire.numbers.float_quantizer import Floats

Function = Callable[[Floats], Floats]
"""Values of the shape of those given, each a function of one value alone."""

_HALF, _ONE = np.float32(0.5), np.float32(1)
_ERF = np.frompyfunc(math.erf, 1, 1)


def once(function: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]) -> Function:
    """A function of float64 values, rounded to float32 at its end."""

    def curve(x: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
            return function(x.astype(np.float64)).astype(np.float32)

    return curve


def _softplus(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """log(1 + exp(x)) without an overflow."""
    values: npt.NDArray[np.float64] = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    return values


def _sigmoid(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = np.exp(-_softplus(-x))
    return values


erf = once(lambda x: _ERF(x).astype(np.float64))
exp = once(np.exp)
softplus = once(_softplus)
sigmoid = once(_sigmoid)


def hard_swish(x: Floats) -> Floats:
    """x times clip(x / 6 + 1 / 2, 0, 1)."""
    values: Floats = x * np.clip(np.float32(1 / 6) * x + _HALF, np.float32(0), _ONE)
    return values


def gelu(x: Floats) -> Floats:
    """x / 2 * (1 + erf(x / sqrt(2))): Hendrycks & Gimpel 2016."""
    values: Floats = (_HALF * x) * (erf(x * np.float32(math.sqrt(0.5))) + _ONE)
    return values


def gelu_by_tanh(x: Floats) -> Floats:
    """x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))): the same, approximated."""
    factor = np.float32(math.sqrt(2 / math.pi))
    inner = x * (np.float32(0.044715) * factor * x * x + factor)
    values: Floats = (_HALF * x) * (once(np.tanh)(inner) + _ONE)
    return values


def mish(x: Floats) -> Floats:
    """x * tanh(softplus(x)): Misra 2019."""
    values: Floats = x * once(np.tanh)(softplus(x))
    return values


def swish(alpha: float) -> Function:
    """x * sigmoid(alpha * x): Ramachandran et al. 2017."""
    return lambda x: x * sigmoid(np.float32(alpha) * x)


def elu(alpha: float, gamma: float = 1.0, within: float = 1.0) -> Function:
    """x from 0 on, alpha * (exp(x / within) - 1) below, all times gamma: Elu, Selu and Celu."""

    def values(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        bent: npt.NDArray[np.float64] = np.where(x < 0, alpha * np.expm1(np.minimum(x, 0) / within), x)
        return gamma * bent

    return once(values)


def softsign(x: Floats) -> Floats:
    """x / (1 + |x|)."""
    values: Floats = x / (_ONE + np.abs(x))
    return values


def power(exponent: float) -> Function:
    """x^exponent; squares and cubes are products."""
    if exponent in (2, 3):
        return lambda x: x * x if exponent == 2 else x * x * x
    return once(partial(_raised, exponent=exponent))


def _raised(x: npt.NDArray[np.float64], exponent: float) -> npt.NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        values: npt.NDArray[np.float64] = np.power(x, exponent)
        return values
