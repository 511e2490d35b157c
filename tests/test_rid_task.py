"""Filters with heads: the losses of phase 1 against differences, on rows and on maps."""

from __future__ import annotations

import numpy as np
import pytest
from rid_helpers import maps, rows, same_slopes

from pidtools import rid
from pidtools.rid._task import TaskNetwork

DATA = {"rows": rows(9), "maps": maps(), "one row": rows(1)}


@pytest.mark.parametrize("pulled", [False, True])
@pytest.mark.parametrize("name", DATA)
def test_gradients_of_phase_one(name: str, pulled: bool) -> None:
    T, _, Y = DATA[name]
    net = TaskNetwork(T.shape[1], 4, 3, n_hidden=5, dtype=np.float64, seed=[1])
    rng = np.random.default_rng(2)
    net.head += 0.1 * rng.normal(size=net.head.shape)
    towards = None
    if pulled:
        shape = (len(T), 4, *T.shape[2:])
        towards = rng.normal(size=shape), np.array([0.3, 1.0, 2.0, 5.0])
    move = net.move(T, Y, towards)

    def value() -> float:
        return net.move(T, Y, towards).loss

    same_slopes(value, net.filter.theta, move.by_filter)
    same_slopes(value, net.head, move.by_head)


def test_the_loss_is_the_cross_entropy_of_the_logits() -> None:
    T, _, Y = rows()
    net = TaskNetwork(6, 4, 3, n_hidden=5, dtype=np.float64, seed=[1])
    logits = net.logits(net.filter.forward(T, training=True)[0])
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert net.move(T, Y).loss == pytest.approx(-np.log(p[np.arange(40), Y]).mean(), rel=1e-12)


def test_a_task_filter_learns_what_there_is() -> None:
    T, _, Y = rows(90)
    task = rid.TaskFilter(n_channels=4, learning_rate=1e-2)
    first = task.fit(T, Y)
    assert task.fit(T, Y, n_epochs=150) < 0.1 < first
    assert np.isnan(task.fit(T, Y, n_epochs=0))


def test_a_task_filter_refuses() -> None:
    T, _, Y = rows()
    task = rid.TaskFilter(n_channels=4)
    task.fit(T, Y)
    with pytest.raises(ValueError, match=r"X has 5 channels, in earlier calls it had 6"):
        task.fit(T[:, :5], Y)
    with pytest.raises(ValueError, match=r"labels that warm_up did not see: 3"):
        task.fit(T, Y + 1)
    with pytest.raises(TypeError, match="X must be one array"):
        task.fit([T, T], Y)
