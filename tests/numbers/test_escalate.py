"""ESCALATE's loop beside its steps written out, kernel by kernel, and what must hold of any result."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from shiftwire.errors import InputError
from shiftwire.numbers.escalate import escalated, nearest, rows_of_signs


def plain(weights: np.ndarray, bases: int) -> tuple[np.ndarray, np.ndarray, int, np.ndarray]:
    """Signs, codes, fraction bits and scales, a kernel at a time."""
    outs, channels = weights.shape[:2]
    kernels = weights.reshape(outs, channels, -1)
    flat = kernels.reshape(outs * channels, -1)
    _, sizes, directions = np.linalg.svd(flat)
    basis = []
    for size, direction in list(zip(sizes, directions, strict=False))[:bases]:
        if size > 1e-12 * sizes[0]:
            largest = direction[np.abs(direction).argmax()]
            basis.append(direction * np.sign(largest) * size / np.sqrt(len(flat)))
    basis = np.array(basis)
    whole = np.sqrt(np.mean(flat**2) * len(flat) / len(flat))
    scale = np.array([np.sqrt(np.mean(own**2)) / whole if own.any() else 1.0 for own in kernels])
    rows = sorted(product((0, 1, -1), repeat=len(basis)), key=lambda row: sum(map(abs, row)))

    def nearest() -> np.ndarray:
        signs = np.zeros((outs, channels, len(basis)))
        for out, channel in np.ndindex(outs, channels):
            off = [np.sum((kernels[out, channel] - scale[out] * (np.array(r) @ basis)) ** 2) for r in rows]
            least = min(off)
            signs[out, channel] = next(r for r, lost in zip(rows, off, strict=True) if lost <= least + 1e-15)
        return signs

    def fitted(signs: np.ndarray) -> np.ndarray:
        made = scale.copy()
        for out in range(outs):
            sums = (signs[out] @ basis).ravel()
            if sums.any():
                made[out] = kernels[out].ravel() @ sums / (sums @ sums)
        return made

    signs = nearest()
    for _ in range(30):
        scale = fitted(signs)
        system = np.concatenate([scale[out] * signs[out] for out in range(outs)])
        solved = np.linalg.pinv(system, rcond=1e-10) @ flat
        basis = np.array([solved[at] if system[:, at].any() else basis[at] for at in range(len(basis))])
        before, signs = signs, nearest()
        if (signs == before).all():
            break
    level = 2.0 ** round(float(np.mean(np.log2(scale))))
    basis, scale = basis * level, scale / level
    frac = next(
        f for f in range(40, -40, -1) if -128 <= np.round(basis * 2.0**f).min() <= np.round(basis * 2.0**f).max() <= 127
    )
    codes = np.round(basis * 2.0**frac)
    basis = codes / 2.0**frac
    signs = nearest()
    return signs, codes, frac, fitted(signs)


@pytest.mark.parametrize(
    ("shape", "bases"), [((4, 3, 3, 3), 3), ((5, 2, 3, 3), 4), ((3, 6, 3, 3), 1), ((2, 2, 2, 2), 4)]
)
def test_the_loop_is_its_steps(shape: tuple[int, ...], bases: int) -> None:
    weights = np.random.default_rng(3).normal(0, 0.2, shape)
    weights[-1] *= 5
    signs, codes, frac, scale = plain(weights, bases)
    made = escalated(weights, bases)
    assert np.array_equal(made.sign, signs) and np.array_equal(made.basis.reshape(len(codes), -1), codes)
    assert made.frac == frac and made.scale == pytest.approx(scale, rel=1e-12)
    own = np.einsum("kcm,mrs,k->kcrs", signs, codes.reshape(-1, *shape[2:]) * 2.0**-frac, scale)
    assert made.values == pytest.approx(own, abs=1e-12)
    again = escalated(weights, bases)
    assert np.array_equal(again.sign, made.sign) and np.array_equal(again.scale, made.scale)


def test_ties_go_to_fewer_signs_then_to_the_first() -> None:
    """Half a basis is as far from none as from one; of two bases that are alike the second comes first."""
    basis, rows = np.array([[4.0, 0.0], [0.0, 4.0], [4.0, 0.0]]), rows_of_signs(3)
    kernels = np.array([[[2.0, 0.0], [4.0, 0.0], [2.0, 2.0], [-8.0, -4.0]]])
    signs = nearest(kernels, basis, np.ones(1), rows)
    assert signs.tolist() == [[[0, 0, 0], [0, 0, 1], [0, 0, 0], [-1, -1, -1]]]
    assert rows[:7].tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, -1], [0, 1, 0], [0, -1, 0], [1, 0, 0], [-1, 0, 0]]


def test_sums_of_bases_are_met() -> None:
    """Weights that two bases make, whatever a filter's scale: nothing but the rounding of bases is lost."""
    rng = np.random.default_rng(0)
    bases = np.array([[[64, 0, -32], [0, 16, 0], [0, 0, 8]], [[0, 40, 0], [100, 0, 20], [0, -4, 0]]])
    signs = rng.integers(-1, 2, (6, 5, 2))
    weights = np.einsum("kcm,mrs->kcrs", signs, bases / 128.0) * np.array([1, 2, 0.5, 3, 1, 1]).reshape(-1, 1, 1, 1)
    made = escalated(weights, 2)
    half = made.scale[:, None, None, None] * 2.0 ** -(made.frac + 1)
    assert (np.abs(made.values - weights) <= 2 * half + 0.01 * np.abs(weights)).all()


def test_more_bases_are_nearer_and_counts_are_the_codes_own() -> None:
    weights = np.random.default_rng(1).normal(0, 1, (8, 6, 3, 3))
    lost = []
    for bases in range(1, 8):
        made = escalated(weights, bases)
        lost.append(np.linalg.norm(made.values - weights) / np.linalg.norm(weights))
        stored = made.stored
        assert stored.bits == 8 * 6 * bases * 2 + bases * 9 * 8 and stored.weights == weights.size
        assert stored.adds == np.count_nonzero(made.sign) and stored.products == 6 * bases * 9
        assert np.abs(made.sign).max() == 1 and made.basis.dtype == np.int8
    assert lost == sorted(lost, reverse=True) and lost[0] < 1


def test_what_has_few_directions_or_none() -> None:
    """A layer of one direction has one basis; a filter of zeros has no signs and a scale of 1 beside others."""
    kernel = np.random.default_rng(2).normal(0, 1, (3, 3))
    weights = np.stack([np.stack([kernel, -kernel]), np.zeros((2, 3, 3)), np.stack([kernel, 0 * kernel])])
    made = escalated(weights, 6)
    assert len(made.basis) == 1 and made.sign[:, :, 0].tolist() in (
        [[1, -1], [0, 0], [1, 0]],
        [[-1, 1], [0, 0], [-1, 0]],
    )
    assert made.values == pytest.approx(weights, abs=np.abs(kernel).max() / 64)
    assert (made.values[1] == 0).all() and (made.scale > 0).all()


@pytest.mark.parametrize("bases", [0, 9])
def test_too_many_bases_or_none(bases: int) -> None:
    with pytest.raises(InputError, match=rf"{bases} bases are outside 1\.\.8; give a number between, such as 6"):
        escalated(np.ones((2, 2, 3, 3)), bases)
