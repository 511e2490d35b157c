"""Resampling with statistics whose answers are known; nothing here is an estimator."""

from __future__ import annotations

import math
import time
from typing import Any, NoReturn

import numpy as np
import pytest
from joblib import parallel_config

import pidtools as pt
from pidtools import Interval, Outcome, PIDError, _progress, resampling
from pidtools._types import Codes, Floats
from pidtools.resampling import (
    EFFECT_OF_HALF,
    Samples,
    Scatter,
    Statistic,
    add_refits,
    bootstrap,
    permutation,
    subsample,
)

VALUES = np.random.default_rng(0).normal(size=400)
GROUPS = np.repeat(np.arange(40), 10)


def mean(rows: Codes) -> Floats:
    return np.array([VALUES[rows].mean()])


def count(rows: Codes) -> Floats:
    return np.array([len(rows), len(np.unique(rows))], dtype=float)


def slowly(rows: Codes) -> Floats:
    time.sleep(0.002)
    return mean(rows)


def fails_half(rows: Codes) -> Floats:
    if rows[0] < 1:
        raise ValueError("no answer")
    return np.array([1.0])


def fails(rows: Codes) -> NoReturn:
    raise PIDError("never", Outcome.no_answer)


def replicate(statistic: Statistic, samples: Samples | None = None, **options: Any) -> Floats:
    samples = Samples(400) if samples is None else samples
    return resampling.replicate(
        statistic, samples, **({"n_resamples": 60, "random_state": 0} | options)
    )


def test_spread_of_a_mean() -> None:
    found = replicate(mean, n_resamples=2000)
    assert found.shape == (2000, 1)
    exact = VALUES.std() / np.sqrt(400)
    # The spread of 2000 replicates has a relative standard error of 1.6 %; four of them.
    assert found.std() == pytest.approx(exact, rel=0.064)
    assert found.mean() == pytest.approx(VALUES.mean(), abs=4 * exact / np.sqrt(2000))


def test_the_same_for_any_number_of_jobs() -> None:
    alone = replicate(mean)
    assert np.array_equal(alone, replicate(mean, n_jobs=2))
    with parallel_config(backend="threading", n_jobs=3):
        assert np.array_equal(alone, replicate(mean))
    assert not np.array_equal(alone, replicate(mean, random_state=1))
    # The first resamples do not depend on how many follow.
    assert np.array_equal(alone[:20], replicate(mean, n_resamples=20))


def test_groups_stay_whole() -> None:
    samples = Samples(400, GROUPS)
    for seed in range(20):
        rows = bootstrap(samples, np.random.default_rng(seed))
        assert len(rows) == 400
        counts = np.bincount(rows, minlength=400).reshape(40, 10)
        assert (counts == counts[:, :1]).all()


def test_groups_widen_the_spread_of_what_they_share() -> None:
    shared = np.random.default_rng(1).normal(size=40)[GROUPS]

    def mean_of_shared(rows: Codes) -> Floats:
        return np.array([shared[rows].mean()])

    alone, grouped = (
        replicate(mean_of_shared, Samples(400, g), n_resamples=500).std() for g in (None, GROUPS)
    )
    # Ten equal rows a group: the root of ten, within four errors of two spreads.
    assert grouped / alone == pytest.approx(np.sqrt(10), rel=0.2)


def test_bootstrap_repeats_and_subsampling_does_not() -> None:
    found = replicate(count, n_resamples=100)
    assert (found[:, 0] == 400).all()
    assert found[:, 1].mean() == pytest.approx(400 * (1 - 1 / math.e), rel=0.01)
    halves = replicate(count, draw=subsample)
    assert (halves == 200).all()
    whole_groups = replicate(count, Samples(400, GROUPS), draw=subsample)
    assert (whole_groups == 200).all()


def test_permutation_moves_everything_and_loses_nothing() -> None:
    rows = permutation(Samples(400), np.random.default_rng(0))
    assert sorted(rows) == list(range(400))
    uneven = np.repeat([0, 1, 2, 3], [100, 100, 50, 150])
    for seed in range(10):
        rows = permutation(Samples(400, uneven), np.random.default_rng(seed))
        assert sorted(rows) == list(range(400))
        source = uneven[rows]
        assert len(np.unique(source[uneven == 0])) == 1
        assert (source[uneven >= 2] == uneven[uneven >= 2]).all()
    swapped = {
        int(uneven[permutation(Samples(400, uneven), np.random.default_rng(seed))][0])
        for seed in range(10)
    }
    assert swapped == {0, 1}


def test_failures_are_counted_and_not_hidden() -> None:
    found = replicate(fails_half, Samples(2))
    assert 0 < np.isnan(found).sum() < 60
    with pytest.raises(PIDError, match="No resample of the rows had an answer"):
        replicate(fails)


def test_an_interrupt_gets_through() -> None:
    def interrupted(rows: Codes) -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replicate(interrupted)


def test_progress_goes_to_standard_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_progress.Lines, "period", 0.01)
    monkeypatch.setattr(_progress, "BETWEEN_LINES", 0.0)
    replicate(slowly, progress=True)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "resampling" in printed.err
    replicate(slowly)
    assert capsys.readouterr() == ("", "")


def test_an_interval_is_centred_on_the_estimate() -> None:
    replicates = np.random.default_rng(0).normal(loc=5.0, size=100_000)
    found = resampling.interval(2.0, replicates, 0.95)
    assert found.confidence_level == 0.95
    # Quantiles of 100,000 draws have a standard error of 0.008.
    assert found.low == pytest.approx(2 - 1.96, abs=0.04)
    assert found.high == pytest.approx(2 + 1.96, abs=0.04)
    assert 2.0 in found
    assert 4.1 not in found
    with_gaps = np.where(np.arange(100_000) % 10 == 0, np.nan, replicates)
    assert resampling.interval(2.0, with_gaps, 0.95).low == pytest.approx(found.low, abs=0.05)


def test_an_interval_obeys_the_law_of_its_quantity() -> None:
    replicates = np.linspace(-1, 1, 101)
    assert resampling.interval(0.2, replicates, 0.9, lowest=0.0).low == 0.0
    assert resampling.interval(-5.0, replicates, 0.9, lowest=0.0) == Interval(0.0, 0.0, 0.9)
    assert resampling.interval(0.2, replicates, 0.9, highest=0.3).high == 0.3
    assert resampling.interval(5.0, replicates, 0.9, highest=1.0) == Interval(1.0, 1.0, 0.9)

    assert Interval(0.0, 2.0, 0.9).scaled(0.5) == Interval(0.0, 1.0, 0.9)


def test_the_ends_hold_their_share_of_few_replicates() -> None:
    """The k-th of n uniform draws lies at k / (n + 1) in the mean: so do the ends."""
    found = resampling.interval(0.5, np.arange(1, 40) / 40, 0.95)
    assert [found.low, found.high] == pytest.approx([0.025, 0.975])


def test_a_border_is_left_out_late() -> None:
    """An interval above 0 by a hair holds 0 as well; one far above does not."""
    replicates = np.random.default_rng(0).normal(size=100_000)
    for estimate, low in ((1.9, 0.0), (2.3, 0.0), (2.5, 0.0), (2.7, 2.7 - 1.96), (9.0, 9 - 1.96)):
        found = resampling.interval(estimate, replicates, 0.95, lowest=0.0)
        # Half a percent of a normal law lies below -2.576.
        assert found.low == pytest.approx(low, abs=0.04)
        assert found.high == pytest.approx(estimate + 1.96, abs=0.04)


def test_an_interval_reaches_to_where_the_estimate_lies_without_its_excess() -> None:
    replicates = np.linspace(-1, 1, 2001)
    plain = resampling.interval(5.0, replicates, 0.9)
    for excess, down, up in (((), 0, 0), ((1.0, 2.0), 2, 0), ((-1.0, 0.5), 0.5, 1)):
        found = resampling.interval(5.0, replicates, 0.9, excess=excess)
        assert found.low == pytest.approx(plain.low - down)
        assert found.high == pytest.approx(plain.high + up)
    assert resampling.p_above_border(2.0, replicates, excess=(1.5, -3.0)) > 0.05
    assert resampling.p_difference(-2.0, replicates, excess=(-1.5,)) > 0.05
    assert resampling.p_difference(-2.0, replicates, excess=(1.5,)) < 0.05


def test_replicates_scatter_at_least_as_fresh_data_do() -> None:
    replicates = np.append(np.linspace(-1, 1, 101), np.nan)
    wide, narrow = (
        Scatter.of(0.5, replicates, 7 + errors, is_plug_in=True)
        for errors in (np.linspace(-3, 3, 101), np.linspace(-0.1, 0.1, 50))
    )
    assert np.nanstd(wide.replicates) == pytest.approx(3 * np.nanstd(replicates))
    assert np.nanmean(wide.replicates) == pytest.approx(np.nanmean(replicates))
    assert np.allclose(narrow.replicates, replicates, equal_nan=True)
    assert wide.excess == pytest.approx((-0.5, 7.0))
    unknown = Scatter.of(0.5, replicates, np.full(3, np.nan), is_plug_in=False)
    assert unknown.excess == ()


def test_luck_comes_with_each_unit() -> None:
    rng = np.random.default_rng(0)
    rows, luck = resampling.with_luck(Samples(400), rng)
    assert (rows[1:] >= rows[:-1]).all()
    assert len(np.unique(rows)) < 300 < len(np.unique(luck))
    assert luck.mean() / 2**62 == pytest.approx(1, abs=0.2)
    rows, luck = resampling.with_luck(Samples(400, GROUPS), rng)
    assert len(rows) == 400
    assert len(np.unique(luck)) == 40
    assert (luck.reshape(40, 10) == luck[::10, None]).all()


def test_p_value_counts_the_data_as_one() -> None:
    null = np.arange(99.0)
    assert resampling.p_value(1000.0, null) == 0.01
    assert resampling.p_value(-1.0, null) == 1.0
    assert resampling.p_value(49.0, np.append(null, np.nan)) == 0.51


def test_p_values_are_duals_of_their_intervals() -> None:
    """Where the interval leaves 0 out, and only there, up to one replicate of 4000."""
    replicates = np.random.default_rng(0).normal(size=4000)
    for estimate in (-2.2, -1.7, 0.0, 1.7, 2.2, 2.4, 2.8):
        within = 0.0 in resampling.interval(estimate, replicates, 0.95)
        p = resampling.p_difference(estimate, replicates)
        assert p == pytest.approx(resampling.p_difference(-estimate, -replicates))
        assert (p > 0.05) == within
        border = resampling.interval(estimate, replicates, 0.95, lowest=0.0)
        assert (resampling.p_above_border(estimate, replicates) > 0.025) == (border.low == 0)
    assert resampling.p_difference(0.0, np.zeros(50)) == 1.0
    assert resampling.p_above_border(0.0, np.zeros(50)) == 1.0


def test_p_values_do_not_see_what_is_within_the_tolerance() -> None:
    replicates = 1e-7 * np.random.default_rng(0).normal(size=100) + 1e-6
    assert resampling.p_above_border(1e-6, replicates) == 5 / 101
    assert resampling.p_above_border(1e-6, replicates, tolerance=1e-5) == 1.0
    assert resampling.p_difference(1e-6, replicates) == 2 / 101
    assert resampling.p_difference(1e-6, replicates, tolerance=1e-5) == 1.0


def test_groups_exchange_their_first_rows() -> None:
    samples = Samples(400, GROUPS)
    rows = resampling.exchange(samples, np.random.default_rng(0))
    assert sorted(set(rows)) == list(range(0, 400, 10))
    assert all(len(set(rows[g == GROUPS])) == 1 for g in range(40))
    assert sorted(resampling.exchange(Samples(40), np.random.default_rng(0))) == list(range(40))


def test_refits_add_their_variance() -> None:
    rng = np.random.default_rng(0)
    replicates, effects = rng.normal(size=(4000, 1)), np.array([[2.0], [-4.0], [np.nan]])
    spread = add_refits(replicates, effects, random_state=0).std()
    # 1 + (4 + 16) / 2 / 3; the standard deviation of 4000 draws is good to 2 %.
    assert spread == pytest.approx(np.sqrt(13 / 3), rel=0.05)


def test_effect_of_half_of_the_rows_on_a_quadratic_loss() -> None:
    rng = np.random.default_rng(0)
    e, d = rng.normal(size=(2, 200_000))
    effect, noise = (e + d) ** 2 - e**2, e**2
    # The variance of a fourth power of 200,000 draws is good to 2 %.
    assert effect.var() / noise.var() == pytest.approx(EFFECT_OF_HALF, rel=0.1)


def test_orders_that_mean_the_same_table_reach_the_observed() -> None:
    replicates = np.array([0.1, 0.3, 0.1 + 0.2])
    assert 0.1 + 0.2 > 0.3
    assert pt.resampling.p_value(0.1 + 0.2, replicates) == 0.75
