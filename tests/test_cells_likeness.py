"""What sampling adds to atoms of cells, against fresh data sets of the same kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers import all_said, atoms, unheard

import pidtools as pt
from pidtools import resampling
from pidtools._cells import likeness
from pidtools._cells.likeness import CellLikeness
from pidtools._estimator import Likeness
from pidtools._types import Array, Codes, Floats
from pidtools.resampling import Samples

N = 1000


def data(seed: int, n: int = N) -> tuple[Codes, Codes, Codes]:
    """T: 64 symbols, half of them sure of nothing; S: a bit of two classes, flipped at times."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    bit = y ^ (rng.random(n) < 0.3)
    t = np.where(rng.random(n) < 0.5, 32 + 16 * bit, 0) + rng.integers(0, 16, n)
    return t, y ^ (rng.random(n) < 0.25), y


def likeness_of(
    data: tuple[Array, ...], estimator: pt.estimators.Estimator[Any], *, synergy: bool
) -> Likeness:
    T, S, Y = data
    with unheard():
        t, s = (pt.summarise(x, Y, estimator=estimator) for x in (T, S))
        found = t.estimator.pair(t, s, synergy=synergy).likeness()
    assert found is not None
    return found


def draws(like: Likeness, samples: Samples, n_resamples: int = 60) -> Floats:
    return resampling.replicate(
        like, samples, draw=resampling.with_luck, n_resamples=n_resamples, random_state=0
    )


@pytest.mark.slow
def test_errors_are_those_of_fresh_data() -> None:
    """The exact atoms come from the pmf; both means have standard errors of about .003 bits."""
    flip = np.array([[0.7, 0.3], [0.3, 0.7]]) / 2
    p_ty = np.vstack([np.full((16, 2), 1 / 64), np.repeat(flip / 32, 16, axis=0)])
    exact = pt.broja_from_pairs(p_ty, np.array([[0.75, 0.25], [0.25, 0.75]]) / 2)
    fresh = []
    with unheard():
        for seed in range(60):
            found = pt.distillable_knowledge(*data(seed), synergy=False)
            fresh.append(atoms(found.pid)[:3] - atoms(exact)[:3])
    for seed in range(3):
        like = likeness_of(data(seed), pt.Symbols(), synergy=False)
        errors = draws(like, Samples(N))[:, :3] - like.atoms[:3]
        assert np.abs(errors.mean(axis=0) - np.mean(fresh, axis=0)).max() < 0.02
        # Spreads of 60 draws are good to a tenth.
        assert errors.std(axis=0) == pytest.approx(np.std(fresh, axis=0), rel=0.6, abs=0.003)


def test_drawn_rows_have_the_law() -> None:
    like = likeness_of(data(0), pt.Symbols(), synergy=False)
    assert isinstance(like, CellLikeness)
    rng, total = np.random.default_rng(0), np.zeros_like(like.t.law)
    for _ in range(400):
        rows, luck = resampling.with_luck(Samples(N), rng)
        counts = like.t.drawn(rows, (luck % 2**20) / 2**20).toarray()
        total[: len(counts), : counts.shape[1]] += counts
    expected = 400 * N * like.t.law
    assert (abs(total - expected) <= 5 * np.sqrt(expected) + 5).all()


def test_synergy_of_many_triples_is_chance() -> None:
    """64 by 16 symbols that know nothing: nearly all that the triple tells is noise."""
    rng = np.random.default_rng(0)
    nothing = rng.integers(0, 64, N), rng.integers(0, 16, N), rng.integers(0, 4, N)
    like = likeness_of(nothing, pt.Symbols(), synergy=True)
    with unheard():
        estimate = atoms(pt.distillable_knowledge(*nothing).pid)
    assert estimate[3] > 0.5
    assert draws(like, Samples(N), 20).mean(axis=0) - like.atoms == pytest.approx(
        estimate, abs=0.08
    )


def test_rows_of_a_group_move_together() -> None:
    """Groups of ten equal rows: what sampling adds is that of a tenth of the rows."""
    few = data(0, 400)
    groups = np.repeat(np.arange(400), 10)
    alone = likeness_of(few, pt.Symbols(), synergy=False)
    grouped = likeness_of(tuple(x[groups] for x in few), pt.Symbols(), synergy=False)
    added = [
        draws(like, samples).mean(axis=0)[1] - like.atoms[1]
        for like, samples in ((alone, Samples(400)), (grouped, Samples(4000, groups)))
    ]
    # Ten equal rows look like knowledge, so that less of it is taken for noise.
    assert 0.2 * added[0] < added[1]


@pytest.mark.parametrize("estimator", [pt.Binning(n_bins=4), pt.KNN()], ids=repr)
def test_cells_of_features_have_likenesses(estimator: pt.estimators.Estimator[Any]) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    T, S = rng.normal(size=(400, 2)), rng.normal(size=(400, 2)) + y[:, None]
    like = likeness_of((T, S, y), estimator, synergy=True)
    assert np.isfinite(draws(like, Samples(400), 5)).all()
    assert like.atoms[1] == pytest.approx(0, abs=0.03)


def test_tables_too_large_to_fill_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    T, S, Y = data(0)
    with unheard():
        t, s = pt.summarise(T, Y), pt.summarise(S, Y)
    pair = t.estimator.pair(t, s)
    monkeypatch.setattr(likeness, "MOST_ENTRIES", 2 * 70)
    found = pair.likeness()
    assert found is not None
    assert np.isnan(found.atoms[3])
    with unheard():
        result = pt.distillable_knowledge(T, S, Y, confidence_level=0.9, n_resamples=20)
    assert "synergy" in result.intervals
    monkeypatch.setattr(likeness, "MOST_ENTRIES", 2)
    assert pair.likeness() is None


@pytest.mark.parametrize("estimator", [pt.Symbols(), pt.Binning(n_bins=4)], ids=repr)
@pytest.mark.slow
def test_groups_of_several_sizes_have_answers(estimator: pt.estimators.Estimator[Any]) -> None:
    """Draws of such groups hold more rows or fewer than the data, of which shares are of these.

    Groups say nothing here, so that their intervals are about those of single rows.
    """
    symbols_t, symbols_s, Y = data(0, 600)
    shift = 0.5 if isinstance(estimator, pt.Binning) else 0
    T, S = symbols_t + shift, symbols_s + shift
    groups = np.random.default_rng(0).integers(0, 200, 600)
    options: dict[str, Any] = {
        "estimator": estimator,
        "synergy": False,
        "confidence_level": 0.9,
        "n_resamples": 100,
    }
    with unheard():
        rows = pt.distillable_knowledge(T, S, Y, **options)
        grouped = pt.distillable_knowledge(T, S, Y, groups=groups, **options)
    assert not any("had no answer" in note for note in all_said(grouped))
    ends = [(x.low, x.high) for x in (r.intervals["distilled"] for r in (rows, grouped))]
    assert ends[1] == pytest.approx(ends[0], abs=0.03)
