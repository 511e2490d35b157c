"""The closed form against proofs, high precision, two other solvers and bad input."""

import re

import mpmath as mp
import numpy as np
import pytest
from scipy.linalg import block_diag
from scipy.optimize import minimize

import pidtools as pt
from pidtools._gaussian import factors, pencil
from pidtools.problems.gaussian import gaussian_problems

ATOMS = ("redundancy", "unique_t", "unique_s", "synergy")
# A certificate compares two sums of about 6 d logarithms.
CERTIFICATE = 1e-12
# Covariances below have condition numbers up to 1e4 after standardising.
EXACT = 1e-10


def atoms(pid):
    return np.array([getattr(pid, name) for name in ATOMS])


def random_system(dims, seed, rescale=True):
    """A joint covariance with correlated noises and units of very different sizes."""
    rng = np.random.default_rng(seed)
    n = sum(dims)
    root = rng.normal(size=(n, n + 2))
    root[: dims[0] + dims[1]] += (
        rng.normal(size=(dims[0] + dims[1], dims[2])) @ root[n - dims[2] :] / np.sqrt(dims[2])
    )
    if rescale:
        root *= 10.0 ** rng.integers(-4, 5, size=(n, 1))
    return root @ root.T


def mapped(cov, maps):
    m = block_diag(*maps)
    out = m @ cov @ m.T
    return (out + out.T) / 2


def views(cov, dims):
    """Triangular factors of Cov(Y | T) and Cov(Y | S) for whitened Y, by other means."""
    t, s, y = np.split(np.arange(sum(dims)), np.cumsum(dims)[:2])
    root = np.linalg.cholesky(cov[np.ix_(y, y)])
    found = []
    for x in (t, s):
        left = cov[np.ix_(y, y)] - cov[np.ix_(y, x)] @ np.linalg.solve(
            cov[np.ix_(x, x)], cov[np.ix_(x, y)]
        )
        whitened = np.linalg.solve(root, np.linalg.solve(root, left).T)
        found.append(np.linalg.cholesky((whitened + whitened.T) / 2))
    return found


SYSTEMS = [
    *[((d, d, d), seed) for d in (1, 2, 3, 4, 8, 16, 32) for seed in range(3)],
    *[((1, 5, 3), 0), ((7, 2, 4), 1), ((2, 9, 1), 2), ((3, 3, 12), 3), ((64, 1, 8), 4)],
    *[((64, 64, 64), 5), ((40, 64, 20), 6), ((5, 64, 64), 7), ((64, 32, 2), 8), ((1, 1, 64), 9)],
]


@pytest.mark.parametrize(("dims", "seed"), SYSTEMS)
def test_primal_and_dual_meet(dims, seed):
    cov = random_system(dims, seed)
    solved = pencil.solve(*views(factors.standardise(cov)[0], dims))
    assert abs(solved.upper - solved.lower) <= CERTIFICATE * (1 + solved.upper)
    pid = pt.gaussian_pid(cov, dims=dims)
    assert 0 < pid.gap <= 1e-9
    assert pid.union_information == pytest.approx(solved.lower, abs=1e-9)


@pytest.mark.parametrize(("dims", "seed"), SYSTEMS[::3])
def test_the_coupling_keeps_the_pairs_and_attains_the_value(dims, seed):
    """Build the joint covariance of Y and both channels and read its information off it."""
    lower_p, lower_r = views(factors.standardise(random_system(dims, seed))[0], dims)
    solved = pencil.solve(lower_p, lower_r)
    left, sigma, _ = np.linalg.svd(np.linalg.solve(lower_r, lower_p))
    frame = np.linalg.solve(lower_r.T, left) / np.minimum(sigma, 1)
    h_t, h_s, noise = pencil.optimal_channels(frame, lower_p, lower_r)
    n_y = dims[2]
    assert np.linalg.norm(noise, 2) <= 1 + 1e-10
    h = np.vstack([h_t, h_s])
    inside = noise * (1 - 1e-7)
    cov = h @ h.T + np.block([[np.eye(n_y), inside], [inside.T, np.eye(n_y)]])
    joint = np.block([[cov, h], [h.T, np.eye(n_y)]])
    value = (np.linalg.slogdet(cov)[1] - np.linalg.slogdet(joint)[1]) / 2 / np.log(2)
    for channel, lower in ((h_t, lower_p), (h_s, lower_r)):
        left_over = np.linalg.inv(np.eye(n_y) + channel.T @ channel)
        np.testing.assert_allclose(left_over, lower @ lower.T, atol=1e-10)
    # Staying 1e-7 inside the feasible set costs at most a quarter of that a direction.
    assert value == pytest.approx(solved.lower, abs=1e-7 * n_y)


def exact_atoms(cov, dims):
    """The formulas in 60 digits, from inverses."""
    mp.mp.dps = 60
    t, s, y = (list(k) for k in np.split(np.arange(sum(dims)), np.cumsum(dims)[:2]))

    def block(rows, columns):
        return mp.matrix([[mp.mpf(float(cov[i, j])) for j in columns] for i in rows])

    def left(x):
        return block(y, y) - block(y, x) * mp.inverse(block(x, x)) * block(x, y)

    p, r, q = left(t), left(s), left(t + s)
    h_y = mp.log(mp.det(block(y, y)), 2)
    i_t, i_ts = ((h_y - mp.log(mp.det(m), 2)) / 2 for m in (p, q))
    root = mp.inverse(mp.cholesky(r))
    g = mp.eigsy(root * p * root.T, eigvals_only=True)
    unique_t = sum(max(0, -mp.log(x, 2)) for x in g) / 2
    unique_s = sum(max(0, mp.log(x, 2)) for x in g) / 2
    return np.array([float(x) for x in (i_t - unique_t, unique_t, unique_s, i_ts - i_t - unique_s)])


@pytest.mark.parametrize("gain", [1e-3, 1.0, 1e2, 1e4])
@pytest.mark.parametrize("dims", [(1, 1, 1), (2, 3, 2), (1, 2, 4), (4, 3, 3)])
def test_gap_bounds_the_error_against_sixty_digits(dims, gain):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        root = rng.normal(size=(sum(dims), sum(dims) + 1))
        h = gain * rng.normal(size=(dims[0], dims[2]))
        root[: dims[0]] += h @ root[-dims[2] :]
        root *= 10.0 ** rng.integers(-3, 4, size=(len(root), 1))
        cov = root @ root.T
        cov = (cov + cov.T) / 2
        pid = pt.gaussian_pid(cov, dims=dims)
        assert np.abs(atoms(pid) - exact_atoms(cov, dims)).max() <= pid.gap


@pytest.mark.parametrize("seed", range(8))
def test_a_minimisation_over_couplings_finds_nothing_less(seed):
    """Cov(T, S) is free; a quasi-Newton search over it must end at the closed form."""
    rng = np.random.default_rng(seed)
    dims = tuple(int(k) for k in rng.integers(1, 4, size=3))
    lower_p, lower_r = views(factors.standardise(random_system(dims, seed))[0], dims)
    h_t, h_s = pencil.channel(lower_p), pencil.channel(lower_r)
    n = dims[2]

    def value(x):
        left, gamma, right = np.linalg.svd(x.reshape(n, n))
        noise = (left * np.tanh(gamma) * (1 - 1e-9)) @ right
        new = h_s - noise.T @ h_t
        j = h_t.T @ h_t + new.T @ np.linalg.solve(np.eye(n) - noise.T @ noise, new)
        return np.linalg.slogdet(np.eye(n) + j)[1] / 2 / np.log(2)

    starts = [rng.normal(size=n * n) for _ in range(4)]
    best = min(minimize(value, x, method="BFGS", options={"maxiter": 400}).fun for x in starts)
    union = pencil.solve(lower_p, lower_r).lower
    assert best >= union - 1e-9
    # The optimum lies on the border, where tanh approaches 1 slowly.
    assert best <= union + 1e-3


@pytest.mark.parametrize("seed", range(4))
def test_a_conic_solver_agrees(seed):
    """Largest log det E below both conditional covariances, by Clarabel."""
    import cvxpy as cp

    dims = (3, 2, 3)
    lower_p, lower_r = views(factors.standardise(random_system(dims, seed))[0], dims)
    e = cp.Variable((3, 3), PSD=True)
    constraints = [lower_p @ lower_p.T >> e, lower_r @ lower_r.T >> e]
    problem = cp.Problem(cp.Maximize(cp.log_det(e)), constraints)
    problem.solve(solver=cp.CLARABEL)
    found = -problem.value / 2 / np.log(2)
    # Clarabel stops at 1e-8 of the objective.
    assert pencil.solve(lower_p, lower_r).lower == pytest.approx(found, abs=1e-6)


@pytest.mark.parametrize("problem", gaussian_problems(), ids=lambda problem: problem.name)
def test_problems_have_the_atoms_they_state(problem):
    pid = pt.gaussian_pid(problem.cov, dims=problem.dims)
    off = np.abs(atoms(pid) - atoms(problem.pid)).max()
    assert off <= pid.gap + problem.pid.gap
    assert off <= 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_a_scalar_target_gives_the_smaller_information(seed):
    dims = (int(1 + seed % 3), int(1 + seed // 2), 1)
    cov = random_system(dims, seed)
    pid = pt.gaussian_pid(cov, dims=dims)
    assert pid.redundancy == pytest.approx(min(pid.information_t, pid.information_s), abs=1e-12)
    mmi = pt.gaussian_pid(cov, dims=dims, measure="mmi")
    np.testing.assert_allclose(atoms(pid), atoms(mmi), atol=1e-12)
    assert mmi.measure == "mmi"
    assert mmi.gap > 0


def test_mmi_of_a_wide_target_gives_at_least_the_broja_redundancy():
    cov = random_system((3, 4, 3), 0)
    broja, mmi = (pt.gaussian_pid(cov, dims=(3, 4, 3), measure=m) for m in ("broja", "mmi"))
    assert mmi.redundancy == min(mmi.information_t, mmi.information_s)
    assert mmi.redundancy > broja.redundancy
    assert mmi.joint_information == pytest.approx(broja.joint_information, abs=EXACT)


@pytest.mark.parametrize("seed", range(10))
def test_invertible_maps_change_nothing(seed):
    dims = (3, 5, 4)
    rng = np.random.default_rng(seed)
    # Units of one size first: mixing sizes 1e8 apart would lose the small ones to rounding.
    cov = random_system(dims, seed, rescale=False)
    maps = [rng.normal(size=(d, d)) * 10.0 ** rng.integers(-3, 4, size=(d, 1)) for d in dims]
    before = pt.gaussian_pid(cov, dims=dims)
    after = pt.gaussian_pid(mapped(cov, maps), dims=dims)
    np.testing.assert_allclose(atoms(after), atoms(before), atol=1e-9)


def test_swapping_the_sources_swaps_the_uniques():
    cov = random_system((3, 5, 4), 0)
    order = np.r_[3:8, 0:3, 8:12]
    a = pt.gaussian_pid(cov, dims=(3, 5, 4))
    b = pt.gaussian_pid(cov[np.ix_(order, order)], dims=(5, 3, 4))
    np.testing.assert_allclose(atoms(b), atoms(a)[[0, 2, 1, 3]], atol=EXACT)


def widened(block, matrix):
    """T, S or Y of a (3, 2, 4) system replaced by its image under `matrix`."""
    maps = [np.eye(3), np.eye(2), np.eye(4)]
    maps[block] = matrix
    return mapped(random_system((3, 2, 4), 1), maps), tuple(len(m) for m in maps)


WIDER = {
    "duplicated unit": (0, np.vstack([np.eye(3), np.eye(3)[1:2]]), "T: left out unit"),
    "constant unit": (1, np.vstack([np.eye(2), np.zeros((1, 2))]), "S: left out unit 2 .constant"),
    "duplicated target": (2, np.vstack([np.eye(4), 1e3 * np.eye(4)[:2]]), "Y: left out units"),
    "more units than needed": (
        0,
        np.random.default_rng(0).normal(size=(40, 3)),
        "units .* and 29 more .linear",
    ),
}


@pytest.mark.parametrize("kind", WIDER)
def test_units_that_add_nothing_change_nothing(kind):
    block, matrix, note = WIDER[kind]
    base = pt.gaussian_pid(random_system((3, 2, 4), 1), dims=(3, 2, 4))
    cov, dims = widened(block, matrix)
    for measure in ("broja", "mmi"):
        wide = pt.gaussian_pid(cov, dims=dims, measure=measure)
        assert wide.information_t == pytest.approx(base.information_t, abs=EXACT)
        assert wide.joint_information == pytest.approx(base.joint_information, abs=EXACT)
        assert len(wide.notes) == 1
        assert re.search(note, wide.notes[0])
    np.testing.assert_allclose(atoms(pt.gaussian_pid(cov, dims=dims)), atoms(base), atol=EXACT)
    assert base.notes == ()


@pytest.mark.parametrize("n_s", [3, 6])
def test_a_student_that_is_its_teacher(n_s):
    cov = random_system((3, 2, 4), 2)
    k = np.r_[0:3, 5:9]
    copy = np.random.default_rng(1).normal(size=(n_s, 3))
    m = np.vstack([np.eye(7)[:3], np.hstack([copy, np.zeros((n_s, 4))]), np.eye(7)[3:]])
    joint = m @ cov[np.ix_(k, k)] @ m.T
    pid = pt.gaussian_pid((joint + joint.T) / 2, dims=(3, n_s, 4))
    np.testing.assert_allclose(atoms(pid)[1:], 0, atol=EXACT)
    assert pid.redundancy > 1


def test_no_information_gives_zeros():
    for cov in (np.eye(6), np.diag([1, 0, 1, 1e-9, 0, 1e9]), np.diag([0, 0, 1, 1, 1, 1.0])):
        for measure in ("broja", "mmi"):
            pid = pt.gaussian_pid(cov, dims=(2, 2, 2), measure=measure)
            assert list(atoms(pid)) == [0.0, 0.0, 0.0, 0.0]
            assert 0 < pid.gap < 1e-12


def test_units_and_lists():
    cov = [[2, 1, 1], [1, 4, 1], [1, 1, 1]]
    bits, nats = (pt.gaussian_pid(cov, dims=(1, 1, 1), units=u) for u in ("bits", "nats"))
    assert bits.information_t == pytest.approx(0.5, abs=1e-12)
    np.testing.assert_allclose(atoms(nats), atoms(bits) * np.log(2), atol=1e-15)
    single = pt.gaussian_pid(np.array(cov, dtype=np.float32), dims=(1, 1, 1))
    np.testing.assert_allclose(atoms(single), atoms(bits), atol=1e-6)
    assert single.gap > 1e-8
    assert pt.gaussian_pid(np.array(cov), dims=np.array([1, 1, 1])).gap == bits.gap


BAD = {
    "square": (np.ones((2, 3)), (1, 1, 1), ValueError, r"cov must be square.*\(2, 3\)"),
    "dims sum": (np.eye(4), (1, 1, 1), ValueError, "dims must add up to the 4 units of cov"),
    "dims two": (np.eye(3), (1, 2), TypeError, "dims must hold three integers"),
    "dims number": (np.eye(3), 3, TypeError, "dims must hold three integers"),
    "dims zero": (np.eye(3), (0, 2, 1), ValueError, "each of dims must be at least 1"),
    "dims float": (np.eye(3), (1.0, 1, 1), TypeError, "each of dims must be an integer"),
    "NaN": (np.full((3, 3), np.nan), (1, 1, 1), ValueError, "cov holds 9 NaN.*missing values"),
    "asymmetric": (
        np.eye(3) + np.triu(np.ones((3, 3)), 1),
        (1, 1, 1),
        ValueError,
        r"cov must be symmetric: cov\[0, 1\] is 1 and",
    ),
    "negative variance": (-np.eye(3), (1, 1, 1), ValueError, "cov is indefinite: unit 0"),
    "indefinite pair": (
        np.array([[1, 2, 0], [2, 1, 0], [0, 0, 1.0]]),
        (1, 1, 1),
        ValueError,
        "cov is indefinite: it has negative eigenvalues",
    ),
    "indefinite source": (
        np.array([[1, 2, 0, 0], [2, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]),
        (2, 1, 1),
        ValueError,
        "cov is indefinite: it has negative eigenvalues",
    ),
    "indefinite triple": (
        np.array([[1, 0.9, 0.9], [0.9, 1, -0.9], [0.9, -0.9, 1]]),
        (1, 1, 1),
        ValueError,
        "cov is indefinite: it has negative eigenvalues",
    ),
    "beyond one": (
        np.array([[1, 0, 1.1], [0, 1, 0], [1.1, 0, 1]]),
        (1, 1, 1),
        ValueError,
        "cov is indefinite: it has negative eigenvalues",
    ),
    "Y from T": (np.ones((3, 3)), (1, 1, 1), ValueError, "a linear function of T, so"),
    "Y from S": (
        np.array([[1, 0, 0], [0, 4, 2], [0, 2, 1.0]]),
        (1, 1, 1),
        ValueError,
        "a linear function of S, so the information is infinite",
    ),
    "Y from both": (
        np.array([[1, 0, 1], [0, 1, 1], [1, 1, 2.0]]),
        (1, 1, 1),
        ValueError,
        "a linear function of T and S together",
    ),
    "constant Y": (np.diag([1.0, 1, 0]), (1, 1, 1), ValueError, "cov gives Y no variance"),
    "complex": (np.eye(3) * 1j, (1, 1, 1), TypeError, "cov is complex"),
    "object": (np.eye(3).astype(object), (1, 1, 1), TypeError, "cov has dtype object"),
    "text": (np.array([["a"]]), (1, 1, 1), TypeError, "cov has dtype"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_covariances_are_explained(kind):
    cov, dims, error, message = BAD[kind]
    with pytest.raises(error, match=message):
        pt.gaussian_pid(cov, dims=dims)


@pytest.mark.parametrize(("option", "value"), [("measure", "ibroja"), ("units", "bans")])
def test_unknown_options_are_refused(option, value):
    with pytest.raises(ValueError, match=f"{option} must be one of"):
        pt.gaussian_pid(np.eye(3), dims=(1, 1, 1), **{option: value})


def test_covariances_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="unit 0 has variance 0 and a covariance with another"):
        pt.gaussian_pid([[0, 1, 1], [1, 4, 1], [1, 1, 1]], dims=(1, 1, 1))
    with pytest.raises(TypeError, match="cov has dtype float16"):
        pt.gaussian_pid(np.eye(3, dtype=np.float16), dims=(1, 1, 1))
