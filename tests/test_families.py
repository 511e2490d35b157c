"""Families of problems for benchmarks: their posteriors and decompositions are what they claim."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.tools.families import FAMILIES, Problem, families, systems
from benchmarks.tools.families.additive import AdditiveRule
from benchmarks.tools.families.pictures import Pictures, of_digits
from benchmarks.tools.families.rules import HalfSpace
from benchmarks.tools.families.systems import Beside, Hidden
from benchmarks.tools.families.units import (
    Censored,
    Counts,
    Gammas,
    Law,
    Located,
    Mixed,
    Spiked,
    Stacked,
    Wrapped,
    shifted,
)
from pidtools import problems

SYNTHETIC = tuple(family for family in FAMILIES if family not in ("real", "chain"))
MADE = families(0, SYNTHETIC)
UP, APART = np.array([[0.3, -0.2, 0.5], [0.0, 0.4, 0.1]]), np.array([[1.0, 0.8, 1.2]] * 2)
WIDER = np.array([[1.0, 0.8, 1.0], [1.2, 1.0, 1.1]])
LAWS: dict[str, Law] = {
    "laplace": shifted(UP, 1.0, "laplace"),
    "logistic": Located(UP, WIDER, "logistic"),
    "heavy": Located(UP, WIDER, "heavy"),
    "normal": Located(UP, APART),
    "censored": Censored(UP, WIDER),
    "spiked": Spiked(shifted(UP), np.array([[0.5, 0.6, 0.7], [0.6, 0.3, 0.7]])),
    "dropped": Spiked(Censored(UP, APART), np.full((2, 3), 0.7)),
    "mixed": Mixed(
        np.stack([UP, -UP], axis=2), np.stack([WIDER, APART], axis=2), np.full((2, 3, 2), 0.5)
    ),
    "gammas": Gammas(2 + UP, WIDER),
    "counts": Counts(1 + UP),
    "stacked": Stacked([shifted(UP), Counts(1 + UP)]),
    "wrapped": Wrapped(np.array([0.0, 2.0]), 1.0),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LAWS)
def test_a_law_draws_by_its_density(name: str) -> None:
    """The ratio of two densities has a mean of 1 where the second is drawn."""
    law, n = LAWS[name], 200_000
    for state in (0, 1):
        log = law.log_density(law.draw(np.full(n, state), np.random.default_rng(state)))
        ratio = np.exp(log[:, 1 - state] - log[:, state])
        assert abs(ratio.mean() - 1) < 4.5 * ratio.std() / np.sqrt(n)


def known_and_said(problem: Problem, n: int) -> None:
    """Informations of the decomposition, and those of the posteriors at labels that were drawn."""
    pid = problem.pid
    assert problem.posteriors is not None
    said, y = problem.posteriors(n, np.random.default_rng(1))
    informations = (pid.information_t, pid.information_s, pid.joint_information)
    for p, information in zip(said, informations, strict=True):
        assert information is not None
        np.testing.assert_allclose(p.sum(axis=1), 1.0)
        # Against a prior of the sample, the mean is off by (classes - 1) / 2n nats.
        prior = np.bincount(y, minlength=p.shape[1]) / n
        gain = np.log2(p[np.arange(n), y] / prior[y])
        error = np.hypot(gain.std() / np.sqrt(n), gain.std() / np.sqrt(systems.DRAWS))
        assert abs(gain.mean() - information) < 4 * error + systems.ERROR


@pytest.mark.slow
@pytest.mark.parametrize("problem", MADE, ids=lambda problem: problem.name)
def test_informations_are_those_of_labels_that_were_drawn(
    problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(systems, "DRAWS", 40_000)
    fresh = families(problem.variant, [problem.family], [problem.name])
    known_and_said(fresh[0], 20_000)


@pytest.mark.slow
@pytest.mark.parametrize("variant", [0, 1])
@pytest.mark.parametrize("name", [problem.name for problem in MADE])
def test_informations_of_two_hundred_thousand_draws(name: str, variant: int) -> None:
    known_and_said(families(variant, SYNTHETIC, [name])[0], 200_000)


def test_unions_agree_with_quadrature(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two classes in no order, against the library's problem of that law."""
    monkeypatch.setattr(systems, "DRAWS", 200_000)
    stretched = Located(np.zeros((2, 1)), np.array([[1.0], [3.0]]))
    shift = shifted(np.array([[-0.8], [0.8]]))
    drawn = Hidden(t=shift, s=stretched, labels=np.eye(2), union="two classes").pid()
    exact = problems.get("shift_scale").pid
    # Standard errors of 200,000 draws are below .0008 bits.
    for atom in ("redundancy", "unique_t", "unique_s", "synergy"):
        assert abs(getattr(drawn, atom) - getattr(exact, atom)) < 0.003


NORMAL = HalfSpace(np.linspace(-1, 2, 7), np.full(7, 0.8), np.full(7, 0.4), 0.1, "ordered")
SIGNS = HalfSpace(
    np.repeat([-1.0, 1.0], [3, 4]), NORMAL.keep_t, NORMAL.keep_s, 0.1, "ordered", True
)
SUM = AdditiveRule(np.arange(6) % 3, np.linspace(0.5, 1.5, 6), range(4), range(2, 6))


@pytest.mark.parametrize("rule", [NORMAL, SIGNS, SUM], ids=["normal", "signs", "sum"])
def test_posteriors_of_rules_are_calibrated(rule: HalfSpace | AdditiveRule) -> None:
    """They are the shares of labels among rows that they call alike."""
    a, b, y = rule.draw(100_000, np.random.default_rng(0))
    for p in rule.posteriors(a, b):
        order = np.argsort(p[:, 1], kind="stable")
        off = (y[order] - p[order, 1]).reshape(20, -1).mean(axis=1)
        assert np.abs(off).max() < 4.5 * 0.5 / np.sqrt(5000)


def test_systems_beside_each_other_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "DRAWS", 20_000)
    part = Hidden(t=LAWS["counts"], s=LAWS["censored"], labels=np.eye(2), union="two classes")
    both = Beside([part, part])
    a, b, y = both.draw(1000, np.random.default_rng(0))
    assert (a.shape, b.shape, both.n_classes) == ((1000, 6), (1000, 6), 4)
    first = part.posteriors(a[:, :3], b[:, :3])[2]
    np.testing.assert_allclose(both.posteriors(a, b)[2].reshape(-1, 2, 2).sum(axis=2), first)
    assert both.pid().unique_t == pytest.approx(2 * part.pid().unique_t, abs=0.002)
    assert set(y) == {0, 1, 2, 3}


@pytest.mark.slow
def test_families_are_chosen_and_repeat() -> None:
    assert len({problem.name for problem in MADE}) == len(MADE)
    assert {problem.family for problem in MADE} == set(SYNTHETIC)
    (rings,) = families(0, names=["rings_spiral"])
    (other,) = families(1, names=["rings_spiral"])
    for a, b in zip(rings.sample(50, 3), rings.sample(50, 3), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(rings.sample(50, 3)[0], rings.sample(50, 4)[0])
    assert rings.pid.information_t != other.pid.information_t


@pytest.mark.slow
def test_a_layer_determines_its_digit() -> None:
    pictures, rng = Pictures(0), np.random.default_rng(7)
    digit = rng.integers(10, size=20_000)
    shown = pictures.show(pictures.draw_packs(20_000, rng), digit, rng)
    for hidden, activation in (((96, 64), "relu"), ((96,), "tanh"), ((256, 64, 32), "relu")):
        said = of_digits(0, hidden, activation).logits(shown).argmax(axis=1)
        assert (said == digit).mean() > 0.995
