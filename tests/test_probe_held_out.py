"""How far what endless rows would add is believed: the curve from a quarter of the rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.optimize import brentq

from pidtools._probe.experts import Models
from pidtools._probe.folds import fold_numbers
from pidtools._probe.held_out import STEEP, HeldOut
from pidtools._types import Codes, Floats

N, N_CLASSES = 4000, 2
LABELS = np.arange(N) % N_CLASSES


@dataclass(frozen=True)
class Knowing:
    """Is right in a share of the rows that depends on the number of training rows."""

    share: Callable[[int], float]
    is_light = True
    width = 1
    growth = 1

    def __call__(self, train: Codes, names: frozenset[str]) -> Models:
        p = self.share(len(train))

        def said(rows: Codes) -> Floats:
            guess = np.where(rows // 2 % 500 < 500 * p, LABELS[rows], 1 - LABELS[rows])
            log_p = np.full((len(rows), N_CLASSES), np.log(1 - p))
            log_p[np.arange(len(rows)), guess] = np.log(p)
            return log_p

        return {"stub": said}

    def of_more_rows(self) -> None:
        return None


def steadiness(share: Callable[[int], float]) -> float:
    """Of the curve of an expert that is right so often."""
    task = HeldOut(
        labels=LABELS,
        learned=np.zeros(0, dtype=np.int64),
        n_classes=N_CLASSES,
        folds=fold_numbers(LABELS, 5, 0),
        halves=fold_numbers(LABELS, 2, 0),
        keys=np.arange(N),
        groups=None,
        names=frozenset({"stub"}),
        random_state=0,
        n_jobs=None,
        race=False,
    )
    return task.run(Knowing(share), {}, 0, {}, {}).curve.steadiness


def bits(p: float) -> float:
    """Loss of an expert that is right with probability p, and says so."""
    return float(-p * np.log2(p) - (1 - p) * np.log2(1 - p))


def right_share(loss: float) -> float:
    """The inverse."""
    return float(brentq(lambda p: bits(p) - loss, 0.5, 1 - 1e-9))


@pytest.mark.parametrize(("exponent", "scale"), [(1.0, 0.12), (0.5, 0.25), (0.3, 0.35)])
def test_powers_of_the_rows_are_believed(exponent: float, scale: float) -> None:
    def share(n: int) -> float:
        return right_share(0.3 + scale * (n / N) ** -exponent)

    assert bits(share(N // 2)) - bits(share(4 * N // 5)) > STEEP
    # Shares of 500 are rounded: two of them move the loss by a hundredth of what is gained.
    assert steadiness(share) > 0.9


def test_a_decision_found_between_half_of_the_rows_and_all_is_not_repeated() -> None:
    assert steadiness(lambda n: 0.9 if n > N / 2 else 0.51) < 0.05
    # A third as much was gained before, where at least 1.475 times as much is asked.
    some = steadiness(lambda n: 0.8 if n < 0.3 * N else 0.85 if n < 0.6 * N else 0.95)
    assert some == pytest.approx(0.112 / 0.324 / 1.475, abs=0.02)


def test_a_gain_that_is_small_is_not_looked_into() -> None:
    assert steadiness(lambda n: 0.9 if n > N / 2 else 0.895) == 1.0
