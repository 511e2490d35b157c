"""Contingency tables and their informations, against dense arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import EXACT, Chosen, all_said, atoms, cells_of, gaussian_problem, information, unheard

import pidtools as pt
from pidtools._cells import summary as cells
from pidtools._cells.summary import CellSummary
from pidtools._information import entropy
from pidtools._types import Codes, Floats

N = 3000
RNG = np.random.default_rng(0)
Y = RNG.integers(0, 5, N)
T = (Y + RNG.integers(0, 4, N)) % 7
S = (Y * RNG.integers(0, 2, N) + T) % 6


def dense(*codes: Codes) -> Floats:
    """Relative frequencies of code tuples on a dense grid."""
    shape = [c.max() + 1 for c in codes]
    table = np.zeros(shape)
    np.add.at(table, codes, 1)
    return table / len(codes[0])


def summaries() -> tuple[CellSummary, CellSummary]:
    return cells_of(T, Y), cells_of(S, Y)


def test_tables_are_those_of_dense_counting() -> None:
    summary = cells_of(T, Y)
    assert np.array_equal(summary.counts.toarray() / N, dense(T, Y))
    assert summary.n_cells == 7
    assert summary.n_samples == N
    assert summary.counts.sum() == N


def test_information_of_counts() -> None:
    assert pt.summarise(T, Y).information == pytest.approx(information(dense(T, Y)), abs=EXACT)


def test_joint_information_is_that_of_the_dense_triple() -> None:
    t, s = summaries()
    expected = information(dense(T, S, Y).reshape(-1, 5))
    assert t.estimator.pair(t, s).joint_information() == pytest.approx(expected, abs=EXACT)
    assert cells.joint_information(s, t) == pytest.approx(expected, abs=EXACT)


def test_decomposition_is_that_of_the_dense_triple() -> None:
    t, s = summaries()
    expected, found = pt.broja(dense(T, S, Y)), cells.decompose(t, s)
    assert found.synergy is None
    assert abs(atoms(found) - atoms(expected)[:3]).max() <= expected.gap + found.gap + EXACT


def test_gaps_of_sample_codes_do_not_matter() -> None:
    far = T.astype(np.int64) * 10**12
    assert cells_of(far, Y).counts.toarray().tolist() == cells_of(T, Y).counts.toarray().tolist()


@pytest.mark.parametrize("constant", ["T", "S", "T and S"])
@pytest.mark.parametrize("estimator", ["symbols", "binning", "kmeans"])
def test_constant_sources_give_zeros(constant: str, estimator: Chosen) -> None:
    nothing = np.zeros((N, 2), dtype=int if estimator == "symbols" else float)
    something = (T, S) if estimator == "symbols" else (np.eye(7)[T], np.eye(6)[S])
    T_, S_ = (nothing if name in constant else x for name, x in zip("TS", something, strict=True))
    result = pt.distillable_knowledge(T_, S_, Y, estimator=estimator)
    assert result.distilled == pytest.approx(0, abs=EXACT)
    assert np.isfinite(atoms(result.pid)).all()
    if "T" in constant:
        assert result.teacher_information == pytest.approx(0, abs=EXACT)
        assert result.distillable == pytest.approx(0, abs=EXACT)
        assert result.fraction_distilled is None
    if "S" in constant:
        assert result.student_information == pytest.approx(0, abs=EXACT)


def test_few_samples_are_warned_of_with_their_bias() -> None:
    """A source that knows nothing, with two samples a symbol."""
    rng = np.random.default_rng(2)
    X, labels = np.arange(400) // 2, rng.integers(0, 2, 400)
    message = r"^X: 400 samples in \d+ occupied cells are too few; sampling alone adds about 0\.\d+"
    with pytest.warns(pt.PIDWarning, match=message) as caught:
        summary = pt.summarise(X, labels)
    assert caught[0].filename == __file__
    assert any(note in str(caught[0].message) for note in all_said(summary))


def test_samples_alone_in_their_cell_are_warned_of() -> None:
    """They know every label, and the bias formula, which counts occupied cells, sees nothing."""
    message = r"^X: 400 of 400 samples are alone in their cell, where any label looks certain\."
    with pytest.warns(pt.PIDWarning, match=message):
        summary = pt.summarise(np.arange(400), RNG.integers(0, 2, 400))
    assert summary.information > 0.99


def test_notes_say_what_the_cells_can_hold() -> None:
    note = pt.summarise(np.arange(N) % 4, Y).details()
    h_y = entropy(np.bincount(Y) / N)
    assert f"4 cells hold at most 2.00 bits of H(Y) = {h_y:.2f} bits" in note
    assert "750 samples a cell on average, 750 in the smallest" in note


def test_summaries_of_different_kinds_are_not_compared() -> None:
    class Other(pt.Summary):
        pass

    other = Other(estimator=pt.Symbols(), information=0.0, labels=Y)
    with pytest.raises(TypeError, match=r"^T and S must be summarised in the same way"):
        pt.distillable_knowledge(pt.summarise(T, Y), other, Y)


def test_a_summary_of_bins_meets_a_summary_of_symbols() -> None:
    """All that is needed of either are its cells."""
    with unheard():
        binned = pt.summarise(
            T.astype(float), Y, estimator=pt.Binning("uniform", n_bins=7, correction="none")
        )
        result = pt.distillable_knowledge(binned, S, Y)
        expected = pt.distillable_knowledge(T, S, Y)
    assert atoms(result.pid) == pytest.approx(atoms(expected.pid), abs=result.pid.gap + EXACT)


def test_binned_estimators_have_intervals_too() -> None:
    T, S, Y = gaussian_problem("gaussian_unordered").sample(600, random_state=5)
    labels = (Y[:, 0] > 0).astype(int)
    options: dict[str, Any] = {
        "estimator": "kmeans",
        "confidence_level": 0.9,
        "n_resamples": 12,
        "synergy": False,
    }
    found = pt.distillable_knowledge(T, S, labels, **options)
    assert 0 <= found.intervals["distilled"].low <= found.intervals["distilled"].high
    t = pt.KMeansBinning().summarise(T, labels)
    with pytest.raises(ValueError, match=r"T is a summary without its layer.*Pass the array"):
        pt.distillable_knowledge(t, S, labels, **options)
