"""Gaussian systems with dependent columns, tiny and huge units, and columns that are not normal."""

import re
import warnings
from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest
from scipy.linalg import LinAlgError, block_diag

import pidtools as pt
from pidtools._gaussian import factors, pencil, shape, target

ATOMS = ("distilled", "distillable", "student_only", "synergy")
PID_ATOMS = ("redundancy", "unique_t", "unique_s", "synergy")


def atoms(result, names=ATOMS):
    return np.array([getattr(result, name) for name in names])


def measure(T, S, Y, **options):
    return pt.distillable_knowledge(T, S, Y, **{"estimator": "gaussian", **options})


def contrasts(k):
    """Orthonormal basis, shape (k, k - 1), of weights that add up to 0."""
    return np.linalg.svd(np.eye(k) - 1 / k)[0][:, : k - 1]


# --- data -------------------------------------------------------------------------------------


def softmax(rng, n, k, dtype):
    logits = (3 * rng.normal(size=(n, k)) - np.linspace(0, 6, k)).astype(dtype)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True), contrasts(k)


def centred(rng, n, k, dtype):
    logits = rng.normal(size=(n, k)).astype(dtype)
    return logits - logits.mean(axis=1, keepdims=True), contrasts(k)


def constant(rng, n, k, dtype):
    Y = rng.normal(size=(n, k)).astype(dtype)
    Y[:, 1] = 0.1
    return Y, np.delete(np.eye(k), 1, axis=1)


def repeated(rng, n, k, dtype):
    Y = rng.normal(size=(n, k)).astype(dtype)
    Y[:, -1] = 4 * Y[:, 0]
    return Y, np.eye(k)[:, : k - 1]


def combined(rng, n, k, dtype):
    Z = (rng.normal(size=(n, k - 2)) * 10.0 ** rng.integers(-2, 3, k - 2)).astype(dtype)
    return np.hstack([Z, Z @ rng.normal(size=(k - 2, 2)).astype(dtype)]), np.eye(k)[:, : k - 2]


@pytest.mark.parametrize("kind", [softmax, centred, constant, repeated, combined])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("seed", range(3))
def test_dependent_columns_of_y_change_nothing(kind, dtype, seed):
    """Against the same call on Y in an explicit basis, summarised apart for even seeds."""
    rng = np.random.default_rng(seed)
    n, k, d_t, d_s = (int(rng.integers(*ends)) for ends in ((120, 400), (3, 9), (9, 16), (1, 8)))
    Y, basis = kind(rng, n, k, dtype)
    z = (Y - Y.mean(axis=0)) / np.where(Y.std(axis=0) > 1e-6, Y.std(axis=0), np.inf)
    T, S = (
        (z @ rng.normal(size=(k, d)) + rng.normal(size=(n, d))).astype(dtype) for d in (d_t, d_s)
    )
    sources = (T, S)
    if seed % 2 == 0:
        sources = [pt.summarise(X, Y, estimator="gaussian") for X in (T, S)]
    found = measure(*sources, Y)
    reduced = measure(T, S, Y.astype(np.float64) @ basis)
    off = np.abs(atoms(found) - atoms(reduced)).max()
    assert off <= found.pid.gap + reduced.pid.gap
    assert found.pid.gap < 1e-2
    assert any("Y: left out unit" in note for note in found.notes)


def test_centred_logits_have_the_atoms_of_their_law():
    """T sees five logits of ten, S the others, through noise; T is wide."""
    k, n, noise = 10, 2000, 0.05**2 * 0.9
    basis = contrasts(k)
    seen = [basis[:5], basis[5:]]
    left = [np.eye(k - 1) - b.T @ np.linalg.solve(b @ b.T + noise * np.eye(5), b) for b in seen]
    g = np.linalg.eigvals(np.linalg.solve(left[1], left[0])).real
    truth = np.maximum(0, -np.log2(g)).sum() / 2
    for seed in range(3):
        rng = np.random.default_rng(seed)
        Z = rng.normal(size=(n, k))
        Y = Z - Z.mean(axis=1, keepdims=True)
        T, S = (Y[:, part] + np.sqrt(noise) * rng.normal(size=(n, 5)) for part in np.s_[:5, 5:])
        found = measure(np.hstack([T, rng.normal(size=(n, 59))]), S, Y)
        # Five standard errors of nine log eigenvalues.
        assert found.distillable == pytest.approx(truth, abs=5 * np.sqrt(9 / n) / np.log(2))


def test_two_frames_of_y_are_made_one():
    """Posteriors in frames that differ say nothing together, though each has its information."""
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(400, 5))
    T, S = (Y[:, part] + 0.2 * rng.normal(size=(400, 3)) for part in np.s_[:3, 2:])
    turned = Y @ np.linalg.qr(rng.normal(size=(5, 5)))[0]
    gaussian = pt.Gaussian()
    t, s, other = (gaussian.summarise(*pair) for pair in ((T, Y), (S, Y), (S, turned)))
    right, again = gaussian.decompose(t, s), gaussian.decompose(t, other)
    np.testing.assert_allclose(
        atoms(again, PID_ATOMS[:3]), atoms(right, PID_ATOMS[:3]), atol=right.gap + again.gap
    )
    apart = pencil.solve(t.posterior.lower, other.posterior.lower)
    assert abs(apart.unique_t - right.unique_t) > 1
    assert abs(apart.upper - apart.lower) < 1e-10
    joint = gaussian.joint_information(t, s)
    assert gaussian.joint_information(t, other) == pytest.approx(joint, abs=1e-10)


@pytest.mark.parametrize("kind", [softmax, constant])
def test_resamples_keep_what_was_left_out(kind):
    rng = np.random.default_rng(1)
    Y, basis = kind(rng, 200, 4, np.float64)
    T, S = (Y @ rng.normal(size=(4, d)) + 0.1 * rng.normal(size=(200, d)) for d in (6, 2))
    options = {"confidence_level": 0.9, "n_resamples": 12}
    found, reduced = measure(T, S, Y, **options), measure(T, S, Y @ basis, **options)
    for name, interval in found.intervals.items():
        assert interval.low == pytest.approx(reduced.intervals[name].low, abs=1e-7)
        assert interval.high == pytest.approx(reduced.intervals[name].high, abs=1e-7)


@pytest.mark.parametrize("shrinkage", [None, "oas"])
def test_resamples_of_a_constant_source(shrinkage):
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(60, 2))
    options = {"confidence_level": 0.9, "n_resamples": 10}
    found = measure(
        np.ones((60, 2)),
        Y + 1,
        Y + rng.normal(size=(60, 2)),
        **options,
        estimator=pt.Gaussian(shrinkage=shrinkage),
    )
    assert found.teacher_information == 0
    assert found.intervals["teacher_information"].high == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("which", [0, 1, 2], ids=["T", "S", "Y"])
@pytest.mark.parametrize("size", [1e3, 1e6, 1e9])
def test_a_small_direction_beside_a_large_one_is_kept(which, size):
    """A column of a large size with a small one added is an invertible map of both."""
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(500, 2))
    arrays = [Y + rng.normal(size=(500, 2)), Y + 0.5 * rng.normal(size=(500, 2)), Y]
    before = atoms(measure(*arrays))
    arrays[which] = arrays[which] @ [[1, size], [0, 1]]
    found = measure(*arrays)
    # The large column rounds the small one by `size` units in the last place.
    np.testing.assert_allclose(atoms(found), before, atol=1e-6 if size < 1e9 else 1e-5)
    assert not any("eft out" in note for note in found.notes)


def test_a_small_direction_that_the_other_source_holds():
    rng = np.random.default_rng(0)
    a, z = rng.normal(size=(2, 400))
    Y = np.column_stack([a, z]) + rng.normal(size=(400, 2))
    before = measure(np.column_stack([a, z]), z, Y)
    found = measure(np.column_stack([a, a + 1e-5 * z]), z, Y)
    np.testing.assert_allclose(atoms(found), atoms(before), atol=1e-5)


def test_rank_is_decided_beside_the_rounding_of_float32():
    rng = np.random.default_rng(0)
    Y = rng.normal(size=(300, 2)).astype(np.float32)
    wide = np.column_stack([Y, Y @ np.float32([0.3, 0.7])])
    for dtype in (np.float32, np.float64):  # what was rounded once stays so
        assert target.reduce(wide.astype(dtype)).linear.size == 1
    assert target.reduce(wide + 1e-4 * rng.normal(size=(300, 3))).linear.size == 0
    offset = np.float32(1e6) + Y
    assert target.reduce(offset).values is offset
    with pytest.raises(ValueError, match="Y is constant, or varies in the last place"):
        measure(Y, Y, np.ones((300, 2)) + 1e-17 * Y)


# --- covariances ------------------------------------------------------------------------------


def closed_form(cov, dims):
    """Atoms in bits of exactly this matrix, in 60 digits."""
    with mp.workdps(60):
        C, ends = mp.matrix(cov.tolist()), np.cumsum((0, *dims))
        t, s, y = (list(range(a, b)) for a, b in pairwise(ends.tolist()))

        def part(rows, columns):
            return mp.matrix([[C[i, j] for j in columns] for i in rows])

        def left(x):
            return part(y, y) - part(y, x) * mp.inverse(part(x, x)) * part(x, y)

        def information(x):
            return mp.log(mp.det(part(y, y)) / mp.det(left(x))) / 2

        root = mp.inverse(mp.cholesky(left(s)))
        g = mp.eigsy(root * left(t) * root.T, eigvals_only=True)
        unique_t, unique_s = (sum(max(sign * mp.log(x), 0) for x in g) / 2 for sign in (-1, 1))
        i_t, joint = information(t), information(t + s)
        exact = (i_t - unique_t, unique_t, unique_s, joint - i_t - unique_s)
        return np.array([float(x / mp.log(2)) for x in exact])


def root_of_system(rng, dims):
    root = rng.normal(size=(sum(dims), sum(dims) + 2))
    sources = dims[0] + dims[1]
    root[:sources] += rng.normal(size=(sources, dims[2])) @ root[sources:] / np.sqrt(dims[2])
    return root * 10.0 ** rng.integers(-2, 3, size=(len(root), 1))


MAPS = {
    "contrasts": lambda rng, k: contrasts(k + 1),
    "constant": lambda rng, k: np.insert(np.eye(k), 1, 0, axis=0),
    "repeated": lambda rng, k: np.vstack([np.eye(k), -1e3 * np.eye(k)[:1]]),
    "combined": lambda rng, k: np.vstack([np.eye(k), rng.normal(size=(2, k))]),
}


@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("seed", range(6))
def test_singular_covariances_have_the_atoms_of_the_reduced_ones(kind, seed):
    """Y, and by turns T or S, wider than its rank, against the closed form of the others."""
    rng = np.random.default_rng(seed)
    dims = tuple(int(k) for k in rng.integers(2, 5, size=3))
    root = root_of_system(rng, dims)
    maps = [np.eye(k) for k in dims]
    for block in {2, seed % 3}:
        maps[block] = MAPS[kind](rng, dims[block])
    wide = block_diag(*maps) @ root
    pid = pt.gaussian_pid(wide @ wide.T, dims=tuple(len(m) for m in maps))
    off = np.abs(atoms(pid, PID_ATOMS) - closed_form(root @ root.T, dims)).max()
    assert off <= pid.gap < 1e-2


@pytest.mark.parametrize("seed", range(16))
def test_the_gap_holds_where_a_direction_is_near_rounding(seed):
    """T knows a direction of Y of a size at which covariances round; the gap covers its loss."""
    rng = np.random.default_rng(seed)
    size = 10.0 ** rng.uniform(-7, -4)
    small, a, noise, other = rng.normal(size=(4, 12))
    rows = [small + noise, a + other, a, a + size * small]
    cov = np.array(rows) @ np.array(rows).T
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", pt.PIDWarning)
        pid = pt.gaussian_pid(cov, dims=(1, 1, 2))
    assert np.abs(atoms(pid, PID_ATOMS) - closed_form(cov, (1, 1, 2))).max() <= pid.gap
    left_out = any("left out unit" in note for note in pid.notes)
    assert left_out == any("not certainly rounding" in str(w.message) for w in caught)
    assert not left_out or pid.gap > 1e-3


# --- units ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "estimator",
    [pt.Gaussian(), pt.Gaussian(copula=True), pt.Gaussian(shrinkage="oas")],
    ids=["plain", "copula", "oas"],
)
def test_powers_of_two_change_no_bit(estimator):
    """Columns from 1e-240 to 1e140, one of Y repeated, with errors of arithmetic raised."""
    rng = np.random.default_rng(0)
    T, S, Y = pt.problems.get("gaussian_unordered").sample(150, random_state=3)
    Y = np.column_stack([Y, Y[:, 0]])
    scaled = [X * 2.0 ** rng.integers(-800, 450, size=X.shape[1]) for X in (T, S, Y)]
    options = {"estimator": estimator, "confidence_level": 0.9, "n_resamples": 10}
    before = measure(T, S, Y, **options)
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        after = measure(*scaled, **options)
    assert atoms(after).tolist() == atoms(before).tolist()
    assert after.intervals == before.intervals


# --- notes and errors -------------------------------------------------------------------------


def test_rectified_units_are_named():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 4))
    X[:, 1:3] = np.maximum(X[:, 1:3] - [1.645, 0.5], 0)
    Y = X @ rng.normal(size=(4, 1)) + rng.normal(size=(1000, 1))
    note = next(n for n in measure(X, X[:, 3], Y).notes if "One value" in n)
    share = (X[:, 1] == 0).mean()
    assert note.startswith("T: One value in more than 20% of the rows: 2 of 4 columns (0 in ")
    assert f"0 in {100 * share:.3g}% of column 1" in note
    assert "of Y (" not in note
    line = re.search(r"y = (np\.searchsorted\(.*\)) with", note).group(1)
    assert set(eval(line, {"np": np, "Y": Y})) == set(range(5))


def test_heavy_tails_are_named_and_ranks_have_none():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal(size=(800, 3)), np.exp(2 * rng.normal(size=(800, 1)))
    found = shape.notes(X, Y, of_ranks=False)
    assert len(found) == 1
    assert found[0].startswith("Heavy tails: 1 of 1 columns of Y (skew ")
    assert shape.notes(X, Y, of_ranks=True) == []


def test_moments_of_the_shape_against_scipy():
    from scipy.stats import kurtosis, skew

    X = np.exp(np.random.default_rng(0).normal(size=(4000, 2)))
    found = shape.shape_of(X * 2.0**-600)
    np.testing.assert_allclose(found.skew, skew(X), rtol=1e-2)
    np.testing.assert_allclose(found.kurtosis, kurtosis(X), rtol=1e-2)


@pytest.mark.parametrize("n", [30, 60, 500, 20_000])
def test_normal_columns_get_no_note(n):
    rng = np.random.default_rng(0)
    assert shape.notes(rng.normal(size=(n, 20)), rng.normal(size=(n, 2)), of_ranks=False) == []


def test_no_error_of_lapack_comes_through():
    with pytest.raises(pt.PIDError, match="could not be decomposed"), factors.arithmetic():
        raise LinAlgError("SVD did not converge")
