"""Experts that keep the axes of a layer, and the loudness of its components."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import all_said, unheard
from scipy.special import log_softmax
from scipy.stats import norm

import pidtools as pt
from pidtools._probe import units
from pidtools._probe.rows import Made
from pidtools._probe.whitening import join, whiten, whiten_with_units
from pidtools._types import Codes, Floats


def censored(n: int, width: int = 24, n_classes: int = 5) -> tuple[Floats, Codes, float]:
    """Rectified units, independent in each class, and what they say of these rows in bits."""
    rng = np.random.default_rng(0)
    mean, spread = rng.normal(-0.3, 0.35, (n_classes, width)), rng.lognormal(0, 0.3, (5, width))
    y = rng.integers(0, n_classes, n)
    X = np.maximum(mean[y] + spread[y] * rng.normal(size=(n, width)), 0)
    log_p = np.empty((n, n_classes))
    for c in range(n_classes):
        on, off = norm.logpdf(X, mean[c], spread[c]), norm.logcdf(-mean[c] / spread[c])
        log_p[:, c] = np.where(X > 0, on, off).sum(axis=1)
    said = log_softmax(log_p, axis=1)[np.arange(n), y]
    return X, y, float(np.log2(n_classes) + said.mean() / np.log(2))


@pytest.mark.slow
def test_rectified_units_are_read_along_their_axes() -> None:
    X, y, exact = censored(4000)
    turned, axes = (
        pt.summarise(X, y, estimator=pt.Probe(experts=experts)).information
        for experts in (("logistic", "kernel", "gaussian"), ("logistic", "units"))
    )
    # Four parameters a unit and class: some .05 bits at n = 4000 before extrapolation.
    assert axes == pytest.approx(exact, abs=0.05)
    assert turned < exact - 0.08


def test_noise_in_the_last_digit_changes_no_rest() -> None:
    X, y, _ = censored(500, n_classes=2)
    noise = 1e-12 * np.random.default_rng(1).normal(size=X.shape)
    probe = pt.Probe(experts=("units",))
    one, other = (pt.summarise(Z, y, estimator=probe).information for Z in (X, X + noise))
    assert other == pytest.approx(one, abs=5e-4)


def test_features_of_units() -> None:
    rng = np.random.default_rng(0)
    V = np.stack([np.maximum(rng.normal(size=400), 0), rng.normal(size=400)], axis=1)
    bent = units.bends_and_splines(V)[0](V)
    # Value, square and size of two units, and one rest.
    assert bent.shape == (400, 7)
    np.testing.assert_array_equal(bent[:, 6], V[:, 0] == 0)
    splines = units.bends_and_splines(V)[1](V)
    assert splines.shape == (400, 2 + 2 + 10 + 1)
    assert (splines[:, 4:14] >= 0).all()
    constant = units.bends_and_splines(np.zeros((9, 1)))[0](np.zeros((9, 1)))
    assert constant.shape == (9, 3)


def test_units_are_looked_at_where_they_are_few() -> None:
    rng = np.random.default_rng(0)
    narrow, wide = rng.normal(size=(300, 8)), rng.normal(size=(300, 200))
    assert whiten(narrow).bent is None
    left, right = whiten_with_units(narrow), whiten_with_units(wide)
    assert left.bent is not None
    assert left.splines is not None
    assert right.bent is None
    assert join(left, right).bent is None
    many = np.zeros((30_000, 150)) + np.arange(30_000)[:, None] % 7
    assert whiten_with_units(many).bent is None
    more = whiten_with_units(np.arange(60_000)[:, None] % 7 * np.ones(3))
    assert isinstance(more.bent, Made)
    both = join(left, whiten_with_units(narrow[:, :3] ** 3))
    assert both.bent is not None
    assert both.bent.shape[0] == 300


def test_loud_components_are_heard_as_loud_as_they_are() -> None:
    """Four loud directions carry a curve, hundreds of quiet ones nothing."""
    rng = np.random.default_rng(0)
    n, width = 1200, 300
    Z = rng.normal(size=(n, 4))
    y = (Z[:, 0] * Z[:, 1] > 0).astype(int) + 2 * (Z[:, 2] * Z[:, 3] > 0)
    X = Z @ rng.normal(size=(4, width)) * 3 + rng.normal(size=(n, width))
    quiet, loud = (
        pt.summarise(X, y, estimator=pt.Probe(experts=experts)).information
        for experts in (("lda", "logistic"), ("kernel", "ridge"))
    )
    assert quiet < 0.1
    assert loud > 1.2


@pytest.mark.slow
def test_what_more_rows_would_show_widens_intervals() -> None:
    X, y, _ = censored(400, width=12, n_classes=3)
    probe = pt.Probe(experts=("logistic", "units"))
    found = pt.distillable_knowledge(
        X, X[:, :6], y, estimator=probe, confidence_level=0.9, n_resamples=20
    )
    t = pt.summarise(X, y, estimator=probe)
    assert t.unread > 0.02
    said = f"may hold up to {t.unread:.2g} bits more"
    assert any(said in note for note in all_said(found))
    teacher = found.intervals["teacher_information"]
    # The interval reaches up by that, and not down.
    assert teacher.high - found.teacher_information > found.teacher_information - teacher.low


def test_no_note_says_that_more_may_be_held_than_labels_hold() -> None:
    """So few rows that half of them teach next to nothing, and losses seem to fall without end."""
    y = np.arange(30) % 10
    X = 3.0 * np.eye(10)[y] + np.random.default_rng(0).normal(size=(30, 10))
    with unheard():
        summary = pt.summarise(X, y, estimator=pt.Probe(experts=("neighbours",)))
    assert summary.unread > np.log2(10)
    (said,) = (each.text for each in summary.remarks if "may hold up to" in each.text)
    assert f"may hold up to {np.log2(10) - summary.information:.2g} bits more" in said
