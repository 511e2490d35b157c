"""What a probe says of its data, and when it warns."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import (
    LDA,
    all_said,
    atoms,
    classes_with_posterior,
    entropy_of,
    measured,
    noted,
    teacher_and_student,
)

import pidtools as pt
from pidtools import Probe
from pidtools._result import PIDWarning

T, S, Y = teacher_and_student()
N = len(Y)


def test_rare_classes_are_said() -> None:
    X, y, _ = classes_with_posterior(500)
    y = y.copy()
    y[:2] = 2
    summary = LDA.summarise(X, y)
    assert any("1 of 3 classes have fewer rows than the 5 folds" in n for n in all_said(summary))
    assert summary.bound > 0.3


def test_repeated_rows_are_said() -> None:
    X, y, _ = classes_with_posterior(300)
    summary = LDA.summarise(np.vstack([X, X]), np.tile(y, 2))
    assert any("50% of the rows repeat another row" in n for n in all_said(summary))


def test_starved_probes_warn() -> None:
    groups = np.repeat(np.arange(100), 4)
    X = np.random.default_rng(0).normal(size=(100, 40))[groups]
    labels = np.random.default_rng(1).integers(0, 2, 100)[groups]
    with pytest.warns(PIDWarning, match="T: 400 rows are too few to learn all it knows"):
        Probe(experts=("neighbours",)).summarise(X, labels, name="T")


def test_more_classes_than_cells_are_warned_of() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(720) % 120
    X = 4 * rng.normal(size=(120, 8))[y] + 0.3 * rng.normal(size=(720, 8))
    with pytest.warns(pt.PIDWarning, match="^X: 120 classes are more than the 100 cells"):
        Probe(experts=("lda",), n_cells=100).summarise(X, y)


def test_a_class_with_fewer_members_than_folds() -> None:
    labels = np.where(np.arange(N) < 3, 7, Y)
    result = measured(Y=labels)
    assert noted(
        result, "T and S: 1 of 4 classes have fewer rows than the 5 folds (the first is class 3"
    )
    assert result.teacher_information > 0.3
    assert np.isfinite(atoms(result.pid)).all()


def test_every_class_with_two_members() -> None:
    labels = np.arange(N) // 2
    X = np.eye(N // 2)[labels][:, :40] + 0.1 * np.random.default_rng(1).normal(size=(N, 40))
    result = measured(X, X[:, :20], Y=labels, synergy=False)
    assert noted(
        result,
        "T and S: classifiers were judged in 2 folds in place of 5: no class has more than 2 rows.",
    )
    assert result.teacher_information <= entropy_of(labels)
    assert np.isfinite(atoms(result.pid)).all()


@pytest.mark.filterwarnings("ignore::pidtools.PIDWarning")
def test_more_classes_than_cells() -> None:
    """Three rows a class: what the cells lose is said, and nothing exceeds H(Y)."""
    labels = np.sort(np.random.default_rng(1).integers(0, 20, 60))
    codes = np.unique(labels, return_inverse=True)[1]
    position = np.stack([np.cos(codes / 10), np.sin(codes / 10), codes / 30], axis=1)
    probe = pt.Probe(experts=("lda", "neighbours"), n_cells=8)
    result = measured(position, position[:, :2], Y=labels, synergy=False, estimator=probe)
    assert noted(result, "classes have fewer rows than the 5 folds")
    assert 0 < result.teacher_information <= entropy_of(codes)
    assert np.isfinite(atoms(result.pid)).all()


def test_duplicated_rows_are_said() -> None:
    twice = np.repeat(np.arange(N // 2), 2)
    result = measured(T[twice], S[twice], Y[twice])
    assert noted(result, "T and S: 50% of the rows repeat another row")
    assert noted(result, "the same number in groups")


def test_single_precision_far_from_zero_is_no_repetition() -> None:
    rng = np.random.default_rng(0)
    T = (rng.normal(size=(2000, 16)) + 1000).astype(np.float32)
    Y = rng.integers(0, 2, 2000)
    notes = pt.Probe(experts=("lda",)).summarise(T, Y).notes
    assert not any("repeat" in note for note in notes)
    again = np.vstack([T[:1000], T[:1000]])
    notes = pt.Probe(experts=("lda",)).summarise(again, Y).notes
    assert any("50% of the rows repeat another row" in note for note in notes)


def test_a_source_without_news_is_said_to_be_silent() -> None:
    result = measured(T=np.full((N, 2), 3.0))
    assert noted(result, "T: all rows are the same")
    narrow = measured(estimator=pt.Probe(experts=("ridge",)), synergy=False)
    assert noted(narrow, "T: no expert had anything to say")
    assert not any("cells keep" in note for note in all_said(narrow))


def test_groups_that_keep_a_class_together_are_warned_of() -> None:
    with pytest.warns(pt.PIDWarning, match="X: groups keep all rows of 3 of 3 classes in one fold"):
        pt.summarise(T, Y, estimator=LDA, groups=Y)


def test_rows_that_mislead_are_warned_of() -> None:
    """Two groups a class, each with an offset of its own: more of them make the fits worse."""
    groups = Y % 2 + 2 * (np.arange(N) < N // 2)
    rng = np.random.default_rng(0)
    X = 3 * rng.normal(size=(4, 3))[groups] + rng.normal(size=(N, 3))
    with pytest.warns(pt.PIDWarning) as caught:
        pt.summarise(X, Y % 2, estimator=LDA, groups=groups)
    assert any("can't be trusted" in str(w.message) for w in caught)
