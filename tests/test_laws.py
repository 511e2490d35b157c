"""What holds for every decomposition, whatever the table.

An atom's exact value differs from the printed one by the proved gap at most, so two
decompositions whose exact values are equal differ by both gaps at most; `slack` adds to that
the rounding of the tables the laws are made of.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from helpers import EXACT, atoms, broja_quietly, information, known, random_pmf, slack
from hypothesis import given
from hypothesis import strategies as st

import pidtools as pt
from pidtools._types import Floats

SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def pmfs(draw: Any, min_side: int = 1, max_side: int = 4, max_classes: int = 4) -> Floats:
    sides = st.integers(min_side, max_side)
    kind = draw(st.sampled_from(["dense", "sparse", "histogram"]))
    shape = (draw(sides), draw(sides), draw(st.integers(2, max_classes)))
    return random_pmf(kind, shape, draw(SEEDS))


def channel(n_in: int, n_out: int, seed: int) -> Floats:
    """Transition matrix with some zeros."""
    rng = np.random.default_rng(seed)
    weights = rng.gamma(0.5, size=(n_in, n_out)) * (rng.random((n_in, n_out)) < 0.7) + 1e-3
    rows: Floats = weights / weights.sum(axis=1, keepdims=True)
    return rows


def permuted(pmf: Floats, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    return pmf[np.ix_(*(rng.permutation(n) for n in pmf.shape))]


def assert_same(first: pt.PID, second: pt.PID) -> None:
    assert abs(atoms(first) - atoms(second)).max() <= slack(first, second)


@given(pmfs())
def test_atoms_are_not_negative(pmf: Floats) -> None:
    assert atoms(broja_quietly(pmf)).min() >= 0


@given(pmfs())
def test_sums_are_the_informations(pmf: Floats) -> None:
    pid = broja_quietly(pmf)
    assert abs(pid.information_t - information(pmf.sum(axis=1))) <= EXACT
    assert abs(pid.information_s - information(pmf.sum(axis=0))) <= EXACT
    assert abs(known(pid.joint_information) - information(pmf.reshape(-1, pmf.shape[2]))) <= EXACT


@given(pmfs())
def test_union_lies_between_its_bounds(pmf: Floats) -> None:
    """At least what either source knows; at most the joint, and at most the sum of both."""
    pid = broja_quietly(pmf)
    i_t, i_s = pid.information_t, pid.information_s
    assert pid.union_information >= max(i_t, i_s) - EXACT
    assert pid.union_information <= min(known(pid.joint_information), i_t + i_s) + EXACT


@given(pmfs())
def test_swapping_the_sources_swaps_the_uniques(pmf: Floats) -> None:
    pid, swapped = broja_quietly(pmf), broja_quietly(pmf.transpose(1, 0, 2))
    expected = np.array([pid.redundancy, pid.unique_s, pid.unique_t, pid.synergy])
    assert abs(atoms(swapped) - expected).max() <= slack(pid, swapped)


@given(pmfs(), SEEDS)
def test_relabelling_changes_nothing(pmf: Floats, seed: int) -> None:
    assert_same(broja_quietly(pmf), broja_quietly(permuted(pmf, seed)))


@given(pmfs())
def test_a_copy_has_nothing_unique(pmf: Floats) -> None:
    p_ty = pmf.sum(axis=1)
    same = np.einsum("ty,ts->tsy", p_ty, np.eye(len(p_ty)))
    pid = broja_quietly(same)
    assert max(pid.unique_t, pid.unique_s, known(pid.synergy)) <= slack(pid)
    assert abs(pid.redundancy - information(p_ty)) <= slack(pid)


@given(pmfs(), st.integers(1, 5), SEEDS)
def test_a_garbled_student_knows_nothing_of_its_own(pmf: Floats, n_s: int, seed: int) -> None:
    p_ty = pmf.sum(axis=1)
    pid = broja_quietly(np.einsum("ty,ts->tsy", p_ty, channel(len(p_ty), n_s, seed)))
    assert pid.unique_s <= slack(pid)
    assert abs(pid.redundancy - pid.information_s) <= slack(pid)


@given(pmfs(), SEEDS)
def test_a_student_that_is_garbled_in_pairs_only_knows_nothing_of_its_own(
    pmf: Floats, seed: int
) -> None:
    """Unique information depends on the pairs: any joint with those pairs has Uni_S = 0."""
    p_ty = pmf.sum(axis=1)
    p_sy = channel(len(p_ty), 3, seed).T @ p_ty
    pid = pt.broja_from_pairs(p_ty, p_sy, tol=1.0)
    assert pid.unique_s <= slack(pid)


@given(pmfs())
def test_the_pairs_decide_all_but_the_synergy(pmf: Floats) -> None:
    """The joint in which the sources are independent given the label has the same pairs."""
    p_ty, p_sy, p_y = pmf.sum(axis=1), pmf.sum(axis=0), pmf.sum(axis=(0, 1))
    s_given_y = np.divide(p_sy, p_y, out=np.zeros_like(p_sy), where=p_y > 0)
    pid, other = broja_quietly(pmf), broja_quietly(np.einsum("ty,sy->tsy", p_ty, s_given_y))
    assert abs(atoms(pid)[:3] - atoms(other)[:3]).max() <= slack(pid, other)


@given(pmfs(), st.floats(0.01, 0.99), st.integers(0, 2))
def test_splitting_a_symbol_changes_nothing(pmf: Floats, share: float, axis: int) -> None:
    """Of a source: a coin is thrown and noted. Of the label it adds to none of the atoms."""
    first = np.take(pmf, [0], axis=axis)
    rest = np.delete(pmf, 0, axis=axis)
    split = np.concatenate([share * first, (1 - share) * first, rest], axis=axis)
    assert_same(broja_quietly(pmf), broja_quietly(split))


@given(pmfs(max_side=3), SEEDS)
def test_independent_noise_changes_nothing(pmf: Floats, seed: int) -> None:
    noise = np.random.default_rng(seed).dirichlet(np.ones(3))
    noisy = np.einsum("tsy,n->tnsy", pmf, noise).reshape(-1, *pmf.shape[1:])
    assert_same(broja_quietly(pmf), broja_quietly(noisy))


@given(pmfs())
def test_empty_symbols_change_nothing(pmf: Floats) -> None:
    padded = np.pad(pmf, ((1, 0), (0, 2), (1, 1)))
    assert_same(broja_quietly(pmf), broja_quietly(padded))


@given(pmfs(), st.integers(1, 5), SEEDS)
def test_garbling_a_source_cannot_raise_the_union(pmf: Floats, n_out: int, seed: int) -> None:
    """A printed union is at most its gap above the exact one."""
    garbled = np.einsum("tsy,tu->usy", pmf, channel(len(pmf), n_out, seed))
    pid, less = broja_quietly(pmf), broja_quietly(garbled)
    assert less.union_information <= pid.union_information + slack(pid, less)
    assert less.unique_s >= pid.unique_s - slack(pid, less) - EXACT or less.information_s == 0
    assert less.redundancy <= pid.redundancy + slack(pid, less)


@given(pmfs(max_side=3, max_classes=3), pmfs(max_side=2, max_classes=2))
def test_atoms_of_independent_systems_add(pmf: Floats, other: Floats) -> None:
    """Bertschinger et al. (2014), Lemma 19."""
    shape = [m * n for m, n in zip(pmf.shape, other.shape, strict=True)]
    both = np.einsum("abc,xyz->axbycz", pmf, other).reshape(shape)
    pids = [broja_quietly(p) for p in (pmf, other, both)]
    expected = atoms(pids[0]) + atoms(pids[1])
    assert abs(atoms(pids[2]) - expected).max() <= slack(*pids)


@given(pmfs(), SEEDS)
def test_synergy_and_redundancy_move_together(pmf: Floats, seed: int) -> None:
    """Co-information needs no optimum: redundancy - synergy is exact."""
    pid = broja_quietly(pmf)
    joint = information(pmf.reshape(-1, pmf.shape[2]))
    exact = information(pmf.sum(axis=1)) + information(pmf.sum(axis=0)) - joint
    assert abs(known(pid.co_information) - exact) <= 2 * EXACT


@given(pmfs())
def test_units_scale_every_number(pmf: Floats) -> None:
    bits, nats = broja_quietly(pmf), broja_quietly(pmf, units="nats")
    assert np.allclose(atoms(nats), atoms(bits) * np.log(2), rtol=1e-12, atol=0)
