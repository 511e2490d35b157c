r"""Three updates against numbers worked by hand: warm-up, phase 1, phase 2, in that order.

All widths are 1, there are two rows, b and the head's constants start at 0, W, gamma and A at 1,
beta at 2, the head at (-1, 1), a at 5. T = (0, 2), S = (1, 5), Y = (0, 1).

*Normalisation.* Of two rows z_0 < z_1 = z_0 + 2 d the mean is in the middle and the variance is
d^2, so x = (-k d, k d) with k = 1 / sqrt(d^2 + e), e = 1e-5. With slopes g_i by the output
f_i = A u_i + b and u_i = gamma x_i + beta > 0:

    by A = sum g u,  by b = sum g,  by gamma = A sum g x,  by beta = A sum g.

Through x only the difference D = (g_1 - g_0) A gamma / 2 gets to z, as the mean is taken out, and
of it the share 1 - x_1^2 = e / (d^2 + e), as the scale is: z_1 moves by k D e / (d^2 + e), z_0 by
the opposite. Hence by W = k D e / (d^2 + e) (T_1 - T_0).

*Warm-up.* The logits are (-f, f) h + c, the loss mean log(1 + exp(-+2 f)) and with the shares
p_i = 1 / (1 + exp(-2 f_i)) of class 1 at first: by f_0 = p_0, by f_1 = p_1 - 1 (twice the error
of class 1, halved by the mean). From T: d = 1, x = -+0.999995, f = (1.000005, 2.999995),
p = (0.880798, 0.997527), loss (log(1 + e^2.00001) + log(1 + e^-5.99999)) / 2 = 1.064706.

*Adam.* Its first step is rate g / (|g| + 1e-8), its second as `second` below.

*Phase 1* adds mean(V^2 / sigma), V = f_t - f_s, sigma = log(1 + e^5) + .001 = 5.007715, with the
slope V_i / sigma by f_i for two rows (2 / 2). f_s has seen no batch, so S is normalised by itself:
S: d = 2, x = -+2 / sqrt(4 + e), f_s = (1.00000125, 2.99999875).

*Phase 2.* f_t by running statistics, means of those of both batches; the loss sigma^2 + mean(V^2) /
sigma has the slopes -V_i / sigma by f_s, and 2 sigma - mean(V^2) / sigma^2 by sigma, times
1 / (1 + e^-5) by a; by S_i the slope of z_i times W.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
import pytest

from pidtools import rid

E, RATE, SIGMA_RATE = 1e-5, 0.1, 0.5
T, S, Y = (0.0, 2.0), (1.0, 5.0), (0, 1)

# As the derivation above comes out, from `worked` below.
LOSSES = {"warm_up": 1.064706264408, "teacher": 0.662308279925, "student": 25.146855543124}
BY_S = (2.850622e-8, -2.850622e-8)
SIGMA = 4.512047745346


@dataclass
class Slopes:
    """By W, gamma, beta, A, b, by z, and what came out."""

    theta: list[float]
    z: tuple[float, float]


def filtered(
    X: tuple[float, float], theta: list[float], mean: float, variance: float
) -> list[float]:
    W, gamma, beta, A, b = theta
    x = [(W * each - mean) / sqrt(variance + E) for each in X]
    return [A * max(gamma * each + beta, 0) + b for each in x]


def slopes(X: tuple[float, float], theta: list[float], g: list[float]) -> Slopes:
    """Of a filter that normalises two rows by themselves."""
    W, gamma, beta, A, _ = theta
    d = W * (X[1] - X[0]) / 2
    k = 1 / sqrt(d * d + E)
    x = (-k * d, k * d)
    u = [gamma * each + beta for each in x]
    by_z = k * (g[1] - g[0]) * A * gamma / 2 * E / (d * d + E)
    return Slopes(
        [
            by_z * (X[1] - X[0]),
            A * (g[0] * x[0] + g[1] * x[1]),
            A * (g[0] + g[1]),
            g[0] * u[0] + g[1] * u[1],
            g[0] + g[1],
        ],
        (-by_z, by_z),
    )


def first(g: float, rate: float) -> float:
    """Adam's first step."""
    return -rate * g / (abs(g) + 1e-8)


def second(g: float, h: float, rate: float) -> float:
    """Its second, after slopes g and then h."""
    mean = (0.09 * g + 0.1 * h) / (1 - 0.81)
    square = (0.000999 * g * g + 0.001 * h * h) / (1 - 0.998001)
    return -rate * mean / (sqrt(square) + 1e-8)


def task(f: list[float], head: list[float]) -> tuple[float, list[float], list[float]]:
    """Cross-entropy of two rows of classes 0 and 1, slopes by f and by the head."""
    h0, h1, c0, c1 = head
    gaps = [(h1 - h0) * each + c1 - c0 for each in f]
    loss = (log(1 + exp(gaps[0])) + log(1 + exp(-gaps[1]))) / 2
    errors = [1 / (1 + exp(-gaps[0])) / 2, (1 / (1 + exp(-gaps[1])) - 1) / 2]
    by_h1 = errors[0] * f[0] + errors[1] * f[1]
    by_c1 = errors[0] + errors[1]
    return loss, [each * (h1 - h0) for each in errors], [-by_h1, by_h1, -by_c1, by_c1]


def worked() -> tuple[dict[str, float], tuple[float, float], float]:
    """Losses, slopes of the third by S, and sigma after it."""
    start = [1.0, 1.0, 2.0, 1.0, 0.0]
    head = [-1.0, 1.0, 0.0, 0.0]
    sigma = log(1 + exp(5)) + 0.001
    means, variances = [], []

    means.append(start[0] * (T[0] + T[1]) / 2)
    variances.append((start[0] * (T[1] - T[0]) / 2) ** 2)
    f = filtered(T, start, means[0], variances[0])
    warm, by_f, by_head = task(f, head)
    by_theta = slopes(T, start, by_f).theta
    theta = [p + first(g, RATE) for p, g in zip(start, by_theta, strict=True)]
    head = [p + first(g, RATE) for p, g in zip(head, by_head, strict=True)]

    means.append(theta[0] * (T[0] + T[1]) / 2)
    variances.append((theta[0] * (T[1] - T[0]) / 2) ** 2)
    f = filtered(T, theta, means[1], variances[1])
    f_s = filtered(S, start, 3.0, 4.0)
    V = [a - b for a, b in zip(f, f_s, strict=True)]
    ce, by_f, _ = task(f, head)
    refreshed = ce + (V[0] ** 2 + V[1] ** 2) / 2 / sigma
    by_f = [g + v / sigma for g, v in zip(by_f, V, strict=True)]
    again = slopes(T, theta, by_f).theta
    theta = [p + second(g, h, RATE) for p, g, h in zip(theta, by_theta, again, strict=True)]

    f = filtered(T, theta, sum(means) / 2, sum(variances) / 2)
    V = [a - b for a, b in zip(f, f_s, strict=True)]
    m = (V[0] ** 2 + V[1] ** 2) / 2
    pulled = sigma**2 + m / sigma
    by_z = slopes(S, start, [-v / sigma for v in V]).z
    by_a = (2 * sigma - m / sigma**2) / (1 + exp(-5))
    after = log(1 + exp(5 + first(by_a, SIGMA_RATE))) + 0.001
    return {"warm_up": warm, "teacher": refreshed, "student": pulled}, by_z, after


def test_three_updates() -> None:
    distiller = rid.RedundantInformationDistillation(
        n_channels=1, learning_rate=RATE, sigma_learning_rate=SIGMA_RATE
    )
    t, s = (np.array(each)[:, None] for each in (T, S))
    distiller.warm_up(t, Y, n_epochs=0)
    distiller.loss_and_grad(s, t)  # makes the student's filter
    theta = np.array([1.0, 1.0, 2.0, 1.0, 0.0])
    own = {"0/filter/theta": theta, "0/student/theta": theta, "0/head": np.array([-1.0, 1, 0, 0])}
    distiller.load_state_dict(distiller.state_dict() | own)

    found = {"warm_up": distiller.warm_up(t, Y), "teacher": distiller.refresh_teacher(t, s, Y)}
    found["student"], grad = distiller.step(s, t)

    losses, by_S, sigma = worked()
    assert found == pytest.approx(losses, rel=1e-12)
    assert losses == pytest.approx(LOSSES, abs=1e-9)
    # What two rows leave is a difference of numbers 1e7 times as large.
    np.testing.assert_allclose(grad[:, 0], by_S, rtol=1e-6)
    np.testing.assert_allclose(grad[:, 0], BY_S, rtol=1e-6)
    np.testing.assert_allclose(distiller.sigmas[""], sigma, rtol=1e-12)
    assert sigma == pytest.approx(SIGMA, abs=1e-9)
