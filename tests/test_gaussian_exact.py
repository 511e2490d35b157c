"""The closed form against proofs, high precision, two other solvers and bad input."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from helpers import all_said, atoms
from random_gaussians import Dims, closed_form, contrasts, random_system, root_of_system
from scipy.linalg import block_diag

import pidtools as pt
from pidtools._types import Floats
from pidtools.problems.gaussian import GaussianProblem, gaussian_problems

# Covariances below have condition numbers up to 1e4 after standardising.
EXACT = 1e-10


def mapped(cov: Floats, maps: Sequence[Floats]) -> Floats:
    m = block_diag(*maps)
    out = m @ cov @ m.T
    return (out + out.T) / 2


@pytest.mark.parametrize("gain", [1e-3, 1.0, 1e2, 1e4])
@pytest.mark.parametrize("dims", [(1, 1, 1), (2, 3, 2), (1, 2, 4), (4, 3, 3)])
def test_gap_bounds_the_error_against_sixty_digits(dims: Dims, gain: float) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        root = rng.normal(size=(sum(dims), sum(dims) + 1))
        h = gain * rng.normal(size=(dims[0], dims[2]))
        root[: dims[0]] += h @ root[-dims[2] :]
        root *= 10.0 ** rng.integers(-3, 4, size=(len(root), 1))
        cov = root @ root.T
        cov = (cov + cov.T) / 2
        pid = pt.gaussian_pid(cov, dims=dims)
        assert np.abs(atoms(pid) - closed_form(cov, dims)).max() <= pid.gap


@pytest.mark.parametrize("problem", gaussian_problems(), ids=lambda problem: problem.name)
def test_problems_have_the_atoms_they_state(problem: GaussianProblem) -> None:
    pid = pt.gaussian_pid(problem.cov, dims=problem.dims)
    off = np.abs(atoms(pid) - atoms(problem.pid)).max()
    assert off <= pid.gap + problem.pid.gap
    assert off <= 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_a_scalar_target_gives_the_smaller_information(seed: int) -> None:
    dims = (int(1 + seed % 3), int(1 + seed // 2), 1)
    cov = random_system(dims, seed)
    pid = pt.gaussian_pid(cov, dims=dims)
    assert pid.redundancy == pytest.approx(min(pid.information_t, pid.information_s), abs=1e-12)
    mmi = pt.gaussian_pid(cov, dims=dims, measure="mmi")
    np.testing.assert_allclose(atoms(pid), atoms(mmi), atol=1e-12)
    assert mmi.measure == "mmi"
    assert mmi.gap > 0


def test_mmi_of_a_wide_target_gives_at_least_the_broja_redundancy() -> None:
    cov = random_system((3, 4, 3), 0)
    broja, mmi = (pt.gaussian_pid(cov, dims=(3, 4, 3), measure=m) for m in ("broja", "mmi"))
    assert mmi.redundancy == min(mmi.information_t, mmi.information_s)
    assert mmi.redundancy > broja.redundancy
    assert mmi.joint_information == pytest.approx(broja.joint_information, abs=EXACT)


@pytest.mark.parametrize("seed", range(10))
def test_invertible_maps_change_nothing(seed: int) -> None:
    dims = (3, 5, 4)
    rng = np.random.default_rng(seed)
    # Units of one size first: mixing sizes 1e8 apart would lose the small ones to rounding.
    cov = random_system(dims, seed, decades=0)
    maps = [rng.normal(size=(d, d)) * 10.0 ** rng.integers(-3, 4, size=(d, 1)) for d in dims]
    before = pt.gaussian_pid(cov, dims=dims)
    after = pt.gaussian_pid(mapped(cov, maps), dims=dims)
    np.testing.assert_allclose(atoms(after), atoms(before), atol=1e-9)


def test_swapping_the_sources_swaps_the_uniques() -> None:
    cov = random_system((3, 5, 4), 0)
    order = np.r_[3:8, 0:3, 8:12]
    a = pt.gaussian_pid(cov, dims=(3, 5, 4))
    b = pt.gaussian_pid(cov[np.ix_(order, order)], dims=(5, 3, 4))
    np.testing.assert_allclose(atoms(b), atoms(a)[[0, 2, 1, 3]], atol=EXACT)


def widened(block: int, matrix: Floats) -> tuple[Floats, Dims]:
    """T, S or Y of a (3, 2, 4) system replaced by its image under `matrix`."""
    maps = [np.eye(3), np.eye(2), np.eye(4)]
    maps[block] = matrix
    d_t, d_s, d_y = (len(m) for m in maps)
    return mapped(random_system((3, 2, 4), 1), maps), (d_t, d_s, d_y)


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
def test_units_that_add_nothing_change_nothing(kind: str) -> None:
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
def test_a_student_that_is_its_teacher(n_s: int) -> None:
    cov = random_system((3, 2, 4), 2)
    k = np.r_[0:3, 5:9]
    copy = np.random.default_rng(1).normal(size=(n_s, 3))
    m = np.vstack([np.eye(7)[:3], np.hstack([copy, np.zeros((n_s, 4))]), np.eye(7)[3:]])
    joint = m @ cov[np.ix_(k, k)] @ m.T
    pid = pt.gaussian_pid((joint + joint.T) / 2, dims=(3, n_s, 4))
    np.testing.assert_allclose(atoms(pid)[1:], 0, atol=EXACT)
    assert pid.redundancy > 1


def test_no_information_gives_zeros() -> None:
    for cov in (np.eye(6), np.diag([1, 0, 1, 1e-9, 0, 1e9]), np.diag([0, 0, 1, 1, 1, 1.0])):
        for measure in ("broja", "mmi"):
            pid = pt.gaussian_pid(cov, dims=(2, 2, 2), measure=measure)
            assert list(atoms(pid)) == [0.0, 0.0, 0.0, 0.0]
            assert 0 < pid.gap < 1e-12


def test_units_and_lists() -> None:
    cov = [[2, 1, 1], [1, 4, 1], [1, 1, 1]]
    bits, nats = (pt.gaussian_pid(cov, dims=(1, 1, 1), units=u) for u in ("bits", "nats"))
    assert bits.information_t == pytest.approx(0.5, abs=1e-12)
    np.testing.assert_allclose(atoms(nats), atoms(bits) * np.log(2), atol=1e-15)
    single = pt.gaussian_pid(np.array(cov, dtype=np.float32), dims=(1, 1, 1))
    np.testing.assert_allclose(atoms(single), atoms(bits), atol=1e-6)
    assert single.gap > 1e-8
    of_array: Any = np.array([1, 1, 1])
    assert pt.gaussian_pid(np.array(cov), dims=of_array).gap == bits.gap


BAD: dict[str, tuple[Any, Any, type[Exception], str]] = {
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
    "object": (np.array([[1, "a"], ["a", 1]], object), (1, 1), TypeError, "cov has dtype object"),
    "text": (np.array([["a"]]), (1, 1, 1), TypeError, "cov has dtype"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_covariances_are_explained(kind: str) -> None:
    cov, dims, error, message = BAD[kind]
    with pytest.raises(error, match=message):
        pt.gaussian_pid(cov, dims=dims)


@pytest.mark.parametrize(("option", "value"), [("measure", "ibroja"), ("units", "bans")])
def test_unknown_options_are_refused(option: str, value: str) -> None:
    chosen: dict[str, Any] = {option: value}
    with pytest.raises(ValueError, match=f"{option} must be one of"):
        pt.gaussian_pid(np.eye(3), dims=(1, 1, 1), **chosen)


def test_covariances_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="unit 0 has variance 0 and a covariance with another"):
        pt.gaussian_pid([[0, 1, 1], [1, 4, 1], [1, 1, 1]], dims=(1, 1, 1))
    with pytest.raises(TypeError, match="cov has dtype float16"):
        pt.gaussian_pid(np.eye(3, dtype=np.float16), dims=(1, 1, 1))


MAPS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "contrasts": lambda rng, k: contrasts(k + 1),
    "constant": lambda rng, k: np.insert(np.eye(k), 1, 0, axis=0),
    "repeated": lambda rng, k: np.vstack([np.eye(k), -1e3 * np.eye(k)[:1]]),
    "combined": lambda rng, k: np.vstack([np.eye(k), rng.normal(size=(2, k))]),
}


@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("seed", range(6))
def test_singular_covariances_have_the_atoms_of_the_reduced_ones(kind: str, seed: int) -> None:
    """Y, and by turns T or S, wider than its rank, against the closed form of the others."""
    rng = np.random.default_rng(seed)
    dims = tuple(int(k) for k in rng.integers(2, 5, size=3))
    root = root_of_system(rng, dims)
    maps = [np.eye(k) for k in dims]
    for block in {2, seed % 3}:
        maps[block] = MAPS[kind](rng, dims[block])
    wide = block_diag(*maps) @ root
    d_t, d_s, d_y = (len(m) for m in maps)
    pid = pt.gaussian_pid(wide @ wide.T, dims=(d_t, d_s, d_y))
    off = np.abs(atoms(pid) - closed_form(root @ root.T, dims)).max()
    assert off <= pid.gap < 1e-2


@pytest.mark.parametrize("seed", range(16))
def test_the_gap_holds_where_a_direction_is_near_rounding(seed: int) -> None:
    """T knows a direction of Y of a size at which covariances round; the gap covers its loss."""
    rng = np.random.default_rng(seed)
    size = 10.0 ** rng.uniform(-7, -4)
    small, a, noise, other = rng.normal(size=(4, 12))
    rows = [small + noise, a + other, a, a + size * small]
    cov = np.array(rows) @ np.array(rows).T
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", pt.PIDWarning)
        pid = pt.gaussian_pid(cov, dims=(1, 1, 2))
    assert np.abs(atoms(pid) - closed_form(cov, (1, 1, 2))).max() <= pid.gap
    left_out = any("left out unit" in note for note in all_said(pid))
    assert left_out == any("not certainly rounding" in str(w.message) for w in caught)
    assert not left_out or pid.gap > 1e-3


def test_units_left_out_are_listed_as_far_as_they_can_be_read() -> None:
    from pidtools._gaussian import exact

    n = exact.NAMED_UNITS
    assert exact._listed(np.array([4])) == "unit 4"
    assert exact._listed(np.arange(n)) == "units " + ", ".join(map(str, range(n)))
    assert exact._listed(np.arange(n + 1)).endswith(f", {n - 1} and 1 more")
