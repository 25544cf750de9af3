"""SmartExchange's algorithm 1 as it stands in the paper, one number at a time: what the flow's own is compared with."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np


def nearest(value: float) -> tuple[int, int]:
    """Sign and exponent by comparing candidates in fractions; of two as near the smaller, never above 32."""
    if value == 0:
        return 0, 0
    size, near = abs(Fraction(value)), math.floor(math.log2(abs(value)))
    exponent = min(range(near - 1, near + 3), key=lambda p: (abs(Fraction(2) ** p - size), p))
    return (1 if value > 0 else -1), min(exponent, 5)


def plain_loop(w: np.ndarray, theta: float, by_row: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """The text of algorithm 1, one number at a time."""

    def quantized(c: np.ndarray) -> np.ndarray:
        out = np.zeros(c.shape)
        for i in range(c.shape[0]):
            for j in range(3):
                s, p = nearest(float(c[i, j]))
                out[i, j] = s * 2.0**p
        return out

    c, b, last = w.copy(), np.eye(3), np.full(w.shape, np.inf)
    rounds = 0
    while rounds < 30:
        q = quantized(c)
        if np.sqrt(((q - last) ** 2).sum()) < 1e-10:
            break
        last = q
        b = np.linalg.lstsq(q, w, rcond=1e-10)[0]
        c = np.linalg.lstsq(b.T, w.T, rcond=1e-10)[0].T.copy()
        for i in range(c.shape[0]):
            for j in range(3):
                if abs(c[i, j]) < theta:
                    c[i, j] = 0.0
            if by_row and abs(c[i, 0]) + abs(c[i, 1]) + abs(c[i, 2]) < 5 * theta:
                c[i] = 0.0
        rounds += 1
    pairs = [[nearest(float(v)) for v in row] for row in c]
    b = np.linalg.lstsq(quantized(c), w, rcond=1e-10)[0]
    sign = np.array([[s for s, _ in row] for row in pairs])
    exponent = np.array([[p for _, p in row] for row in pairs])
    return sign, exponent, b, rounds
