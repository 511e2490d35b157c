"""What others pull the student towards: VID, TED, FitNets, soft labels; losses with gradients."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_softmax

from pidtools import _validate, _warnings
from pidtools._types import Array
from pidtools.rid import _checks
from pidtools.rid._losses import sigma_of, slope_of_sigma
from pidtools.rid._maps import along_channels, mean_squares


@_warnings.quiet
def vid_loss_and_grad(
    prediction: ArrayLike, T: ArrayLike, a: ArrayLike
) -> tuple[float, Array, Array]:
    r"""Variational information distillation [1]_: how badly the student's layer predicts T.

    .. math:: mean_c(\log \sigma_c) + mean((T - prediction)^2 / (2 \sigma_c^2)),
              \qquad \sigma = softplus(a) + 10^{-3}

    Parameters
    ----------
    prediction : array_like, shape (n, d) or (n, c, h, w)
        What a regressor, such as a `Filter`, makes of the student's layer.
    T : array_like, of the same shape
        The teacher's layer.
    a : array_like, shape (d,) or (c,)
        One number a channel, learned too; starts at 5.

    Returns
    -------
    loss : float
    by_prediction : ndarray, shape of `prediction`
    by_a : ndarray, shape of `a`

    Raises
    ------
    ValueError, TypeError
        If shapes differ, or something is not finite.

    References
    ----------
    .. [1] S. Ahn, S. X. Hu, A. Damianou, N. D. Lawrence, Z. Dai, "Variational information
       distillation for knowledge transfer", CVPR 2019.

    Examples
    --------
    >>> from pidtools import rid
    >>> loss, by_prediction, by_a = rid.vid_loss_and_grad([[1.0], [3.0]], [[1.0], [1.0]], [5.0])
    >>> round(loss, 4), by_prediction.round(4).tolist()
    (1.6509, [[0.0], [0.0399]])
    """
    M, t = _checks.same_shape(prediction=prediction, T=T)
    a = np.asarray(a, dtype=M.dtype)
    if a.shape != (M.shape[1],) or not np.isfinite(a).all():
        raise ValueError(
            f"a must have one finite number for each of the {M.shape[1]} channels of T; got the "
            f"shape {a.shape}."
        )
    sigma = sigma_of(a)
    V = M - t
    with _checks.overflowing():
        m = mean_squares(V)
        loss = float(np.mean(np.log(sigma) + m / (2 * sigma * sigma)))
        by_prediction: Array = V * along_channels(1 / (sigma * sigma * V.size), V.ndim)
        by_a = (1 / sigma - m / sigma**3) * slope_of_sigma(a) / a.dtype.type(len(a))
    _checks.finite(by_prediction, "prediction")
    _checks.finite(by_a, "prediction")
    return loss, by_prediction.astype(M.dtype, copy=False), by_a


@_warnings.quiet
def ted_loss_and_grad(filtered_s: ArrayLike, filtered_t: ArrayLike) -> tuple[float, Array]:
    """Task-aware distillation [1]_: mean squared distance of filtered layers.

    Both filters were trained with heads before, each on its own (`TaskFilter`), and are held.

    Parameters
    ----------
    filtered_s, filtered_t : array_like, shape (n, d) or (n, c, h, w)
        Layers behind their filters.

    Returns
    -------
    loss : float
    by_filtered_s : ndarray, shape of `filtered_s`

    Raises
    ------
    ValueError, TypeError
        If shapes differ, or something is not finite.

    References
    ----------
    .. [1] C. Liang, S. Zuo, Q. Zhang, P. He, W. Chen, T. Zhao, "Less is more: task-aware
       layer-wise distillation for language model compression", ICML 2023.

    Examples
    --------
    >>> from pidtools import rid
    >>> loss, grad = rid.ted_loss_and_grad([[1.0, 0.0]], [[0.0, 2.0]])
    >>> loss, grad.tolist()
    (2.5, [[1.0, -2.0]])
    """
    return _mean_square(*_checks.same_shape(filtered_s=filtered_s, filtered_t=filtered_t))


@_warnings.quiet
def fitnets_loss_and_grad(prediction: ArrayLike, T: ArrayLike) -> tuple[float, Array]:
    """Hints of FitNets [1]_: mean squared distance of a regressor on the student to T.

    Parameters
    ----------
    prediction, T : array_like, shape (n, d) or (n, c, h, w)

    Returns
    -------
    loss : float
    by_prediction : ndarray, shape of `prediction`

    Raises
    ------
    ValueError, TypeError
        If shapes differ, or something is not finite.

    References
    ----------
    .. [1] A. Romero, N. Ballas, S. E. Kahou, A. Chassang, C. Gatta, Y. Bengio, "FitNets: hints
       for thin deep nets", ICLR 2015.

    Examples
    --------
    >>> from pidtools import rid
    >>> loss, grad = rid.fitnets_loss_and_grad([[1.0, 0.0]], [[0.0, 2.0]])
    >>> loss, grad.tolist()
    (2.5, [[1.0, -2.0]])
    """
    return _mean_square(*_checks.same_shape(prediction=prediction, T=T))


@_warnings.quiet
def soft_label_loss_and_grad(
    logits: ArrayLike, teacher_logits: ArrayLike, *, temperature: float = 4.0
) -> tuple[float, Array]:
    r"""Soft labels [1]_: temperature^2 times the mean KL divergence of softened outputs, in nats.

    Parameters
    ----------
    logits, teacher_logits : array_like, shape (n, n_classes)
    temperature : float
        Both are divided by it; above 0.

    Returns
    -------
    loss : float
    by_logits : ndarray, shape (n, n_classes)

    Raises
    ------
    ValueError, TypeError
        If shapes differ, something is not finite, or the temperature is not above 0.

    References
    ----------
    .. [1] G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in a neural network", 2015,
       arXiv:1503.02531.

    Examples
    --------
    >>> from pidtools import rid
    >>> loss, grad = rid.soft_label_loss_and_grad([[0.0, 0.0]], [[4.0, 0.0]])
    >>> round(loss, 4), grad.round(4).tolist()
    (1.7751, [[-0.9242, 0.9242]])
    """
    s, t = _checks.same_shape(logits=logits, teacher_logits=teacher_logits)
    if s.ndim != 2:
        raise ValueError(f"logits must have the shape (n, n_classes); got {s.shape}.")
    tau = _validate.check_tolerance(temperature, "temperature")
    log_q, log_p = log_softmax(s / tau, axis=1), log_softmax(t / tau, axis=1)
    p = np.exp(log_p)
    loss = tau * tau * float((p * (log_p - log_q)).sum(axis=1).mean())
    grad: Array = (np.exp(log_q) - p) * (tau / len(s))
    return loss, grad


def _mean_square(X: Array, target: Array) -> tuple[float, Array]:
    V = X - target
    with _checks.overflowing():
        loss = float(np.vdot(V, V)) / V.size
    V *= 2 / V.size
    _checks.finite(V, "the layer")
    return loss, V
