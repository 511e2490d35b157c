"""VID, TED, FitNets and soft labels: slopes, and the likelihoods and divergences they are."""

from __future__ import annotations

import numpy as np
import pytest
from rid_helpers import same_slopes
from scipy.special import softmax
from scipy.stats import entropy, norm

from pidtools import rid

RNG = np.random.default_rng(0)
PAIRS = {
    "rows": (RNG.normal(size=(7, 3)), RNG.normal(size=(7, 3))),
    "maps": (RNG.normal(size=(4, 3, 2, 2)), RNG.normal(size=(4, 3, 2, 2))),
    "one row": (RNG.normal(size=(1, 3)), RNG.normal(size=(1, 3))),
}


@pytest.mark.parametrize("name", PAIRS)
def test_slopes(name: str) -> None:
    M, T = (each.copy() for each in PAIRS[name])
    a = np.array([-1.0, 0.5, 5.0])
    _, by_M, by_a = rid.vid_loss_and_grad(M, T, a)
    same_slopes(lambda: rid.vid_loss_and_grad(M, T, a)[0], M, by_M)
    same_slopes(lambda: rid.vid_loss_and_grad(M, T, a)[0], a, by_a)
    same_slopes(lambda: rid.ted_loss_and_grad(M, T)[0], M, rid.ted_loss_and_grad(M, T)[1])
    same_slopes(lambda: rid.fitnets_loss_and_grad(M, T)[0], M, rid.fitnets_loss_and_grad(M, T)[1])


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_slopes_of_soft_labels(temperature: float) -> None:
    M, T = (each.copy() for each in PAIRS["rows"])

    def value() -> float:
        return rid.soft_label_loss_and_grad(M, T, temperature=temperature)[0]

    same_slopes(value, M, rid.soft_label_loss_and_grad(M, T, temperature=temperature)[1])


def test_vid_is_the_likelihood_of_a_gaussian() -> None:
    M, T = PAIRS["rows"]
    a = np.array([-1.0, 0.5, 5.0])
    sigma = np.log1p(np.exp(a)) + 1e-3
    expected = -float(np.mean(norm.logpdf(T, M, sigma))) - 0.5 * np.log(2 * np.pi)
    assert rid.vid_loss_and_grad(M, T, a)[0] == pytest.approx(expected, rel=1e-12)


def test_the_others_are_what_they_are_called() -> None:
    M, T = PAIRS["maps"]
    square = float(((M - T) ** 2).mean())
    assert rid.ted_loss_and_grad(M, T)[0] == pytest.approx(square, rel=1e-12)
    assert rid.fitnets_loss_and_grad(M, T)[0] == pytest.approx(square, rel=1e-12)
    s, t = PAIRS["rows"]
    divergence = 4 * np.mean(
        [entropy(p, q) for p, q in zip(softmax(t / 2, axis=1), softmax(s / 2, axis=1), strict=True)]
    )
    found = rid.soft_label_loss_and_grad(s, t, temperature=2)[0]
    assert found == pytest.approx(divergence, rel=1e-12)


def test_single_precision_stays() -> None:
    M, T = (each.astype(np.float32) for each in PAIRS["rows"])
    answers = (
        rid.vid_loss_and_grad(M, T, np.full(3, 5, np.float32)),
        rid.ted_loss_and_grad(M, T),
        rid.soft_label_loss_and_grad(M, T),
    )
    for loss, *grads in answers:
        assert isinstance(loss, float)
        assert all(grad.dtype == np.float32 for grad in grads)


def test_bad_input() -> None:
    M, T = PAIRS["rows"]
    with pytest.raises(ValueError, match=r"prediction and T must have the same shape.*\(7, 2\)"):
        rid.fitnets_loss_and_grad(M[:, :2], T)
    with pytest.raises(ValueError, match="a must have one finite number for each of the 3"):
        rid.vid_loss_and_grad(M, T, [5.0])
    with pytest.raises(ValueError, match=r"filtered_s has nan at \[0, 0\]"):
        rid.ted_loss_and_grad(np.where(np.arange(21).reshape(7, 3) == 0, np.nan, M), T)
    with pytest.raises(ValueError, match="temperature must be positive"):
        rid.soft_label_loss_and_grad(M, T, temperature=0)
    with pytest.raises(ValueError, match=r"logits must have the shape \(n, n_classes\)"):
        rid.soft_label_loss_and_grad(*PAIRS["maps"])
    huge = np.full((1, 1), 1e30, dtype=np.float32)
    with pytest.raises(ValueError, match="gradient of prediction is not finite"):
        rid.vid_loss_and_grad(huge, -huge, [-100])
