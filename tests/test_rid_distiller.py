"""The two phases: who moves, slopes by S, several layers, seeds, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rid_helpers import maps, rows, same_slopes

from pidtools import rid
from pidtools._types import Array, Codes, Floats

T, S, Y = rows()
MAPS_T, MAPS_S, MAPS_Y = maps()


def made(T: Any = T, Y: Codes = Y, **options: Any) -> rid.RedundantInformationDistillation:
    """One that is warm, with fast rates."""
    options = {"n_channels": 4, "learning_rate": 0.02, "batch_size": 16} | options
    distiller = rid.RedundantInformationDistillation(**options)
    distiller.warm_up(T, Y, n_epochs=3)
    return distiller


def moved(before: dict[str, Array], after: dict[str, Array]) -> set[str]:
    """Names of what changed by a bit."""
    return {
        name
        for name in after
        if name not in before or before[name].tobytes() != after[name].tobytes()
    }


OF_TEACHER = ("0/filter/", "0/head", "0/moments/", "0/moments_of_filter/", "0/moments_of_head/")


# --- the phases -------------------------------------------------------------------------------


def test_the_phases_move_what_is_theirs() -> None:
    distiller = made()
    distiller.step(S, T)
    first = distiller.state_dict()
    distiller.refresh_teacher(T, S, Y)
    second = distiller.state_dict()
    by_refresh = moved(first, second)
    assert {"0/filter/theta", "0/head"} <= by_refresh
    assert all(name.startswith(OF_TEACHER) or name == "n_epochs" for name in by_refresh)
    distiller.step(S, T)
    by_step = moved(second, distiller.state_dict())
    assert {"0/student/theta", "0/a", "0/sigma"} <= by_step
    assert not any(name.startswith(OF_TEACHER) for name in by_step)


@pytest.mark.parametrize("training", [True, False])
def test_loss_and_grad_updates_nothing_and_step_answers_the_same(training: bool) -> None:
    distiller = made()
    distiller.step(S, T)
    before = distiller.state_dict()
    loss, grad = distiller.loss_and_grad(S, T, training=training)
    assert moved(before, distiller.state_dict()) == set()
    if training:
        again, its = distiller.step(S, T)
        assert loss == again
        np.testing.assert_array_equal(grad, its)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("sigma", ["learned", "optimal"])
@pytest.mark.parametrize("of", ["rows", "maps", "one row"])
def test_slopes_by_the_student(of: str, sigma: str, training: bool) -> None:
    t, s, y = {
        "rows": (T[:9], S[:9], Y[:9]),
        "maps": (MAPS_T, MAPS_S, MAPS_Y),
        "one row": (T[:1], S[:1], Y[:9]),
    }[of]
    distiller = made(T[:9] if of == "one row" else t, y, sigma=sigma)
    s = s.copy()
    if of == "one row":
        distiller.step(S[:9], T[:9])
    else:
        distiller.step(s, t)
    _, grad = distiller.loss_and_grad(s, t, training=training)
    same_slopes(lambda: distiller.loss_and_grad(s, t, training=training)[0], s, grad)


def test_phase_one_pulls_towards_the_student() -> None:
    """With much of it, and a small sigma, the teacher's filter comes near the student's."""
    distances = []
    for pulled in (False, True):
        distiller = made(sigma="optimal", learning_rate=0.01)
        for _ in range(50):
            distiller.step(S, T)
        for _ in range(60):
            if pulled:
                distiller.refresh_teacher(T, S, Y)
            else:
                distiller.warm_up(T, Y)
        V = distiller.filter_teacher(T) - distiller.filter_student(S)
        distances.append(float((V**2).mean()))
    assert distances[1] < 0.8 * distances[0]


def test_warm_up_learns_the_task_and_steps_lower_the_loss() -> None:
    distiller = rid.RedundantInformationDistillation(learning_rate=0.01)
    first = distiller.warm_up(T, Y)
    assert distiller.warm_up(T, Y, n_epochs=100) < 0.3 * first
    losses = [distiller.step(S, T)[0] for _ in range(300)]
    assert losses[-1] < 0.3 * losses[0]
    assert (distiller.sigmas[""] < 3).all()


def test_at_the_rate_of_a_network_sigma_stays() -> None:
    distiller = made(learning_rate=1e-3, sigma_learning_rate=1e-3)
    for _ in range(200):
        distiller.step(S, T)
    assert (distiller.sigmas[""] > 4.7).all()


def test_the_best_sigma_is_kept_for_phase_one() -> None:
    distiller = made(sigma="optimal")
    np.testing.assert_allclose(distiller.sigmas[""], 5.0077153485)
    f_t = distiller.filter_teacher(T)
    distiller.step(S, T)
    assert (distiller.sigmas[""] < 5).all()
    np.testing.assert_array_equal(distiller.filter_teacher(T), f_t)


# --- layers -----------------------------------------------------------------------------------


def test_layers_add_up_with_their_weights() -> None:
    t, s = {"a": T, "b": 2 * T[:, ::-1]}, {"b": S[:, 1:], "a": S}
    both = made(t, layer_weights=[0.5, 3.0])
    loss, grads = both.loss_and_grad(s, t)
    assert list(grads) == ["b", "a"]
    alone = made(t, layer_weights=[1.0, 0.0])
    other = made(t, layer_weights=[0.0, 1.0])
    first, of_a = alone.loss_and_grad(s, t)
    second, of_b = other.loss_and_grad(s, t)
    assert loss == pytest.approx(0.5 * first + 3 * second, rel=1e-12)
    np.testing.assert_allclose(grads["a"], 0.5 * of_a["a"], rtol=1e-12)
    np.testing.assert_allclose(grads["b"], 3 * of_b["b"], rtol=1e-12)
    np.testing.assert_array_equal(of_a["b"], 0)


def test_a_pair_of_no_weight_stands_still() -> None:
    t, s = [T, T], [S, S]
    distiller = made(t, layer_weights=[1.0, 0.0])
    distiller.loss_and_grad(s, t)
    before = distiller.state_dict()
    distiller.step(s, t)
    changed = moved(before, distiller.state_dict())
    assert changed
    assert not any(name.startswith("1/") for name in changed)


def test_answers_come_in_the_form_of_the_question() -> None:
    distiller = made([T, T])
    _, grads = distiller.step((S, S[:, :2]), [T, T])
    assert [grad.shape for grad in grads] == [(40, 4), (40, 2)]
    assert [f.shape for f in distiller.filter_student([S, S[:, :2]])] == [(40, 4), (40, 4)]
    lists = made(T.tolist(), Y)
    assert lists.step(S.tolist(), T.tolist())[1].shape == S.shape


def test_maps_and_rows_of_one_place_are_the_same() -> None:
    flat, wide = made(), made(T[:, :, None, None])
    loss, grad = flat.step(S, T)
    same, of_maps = wide.step(S[:, :, None, None], T[:, :, None, None])
    assert loss == pytest.approx(same, rel=1e-12)
    np.testing.assert_allclose(grad, of_maps[:, :, 0, 0], rtol=1e-9, atol=1e-12)


def test_single_precision_stays() -> None:
    single, double = made(T.astype(np.float32)), made()
    loss, grad = single.step(S.astype(np.float32), T.astype(np.float32))
    expected, its = double.step(S, T)
    assert grad.dtype == np.float32
    assert loss == pytest.approx(expected, rel=1e-3)
    np.testing.assert_allclose(grad, its, atol=1e-2 * np.abs(its).max())
    assert single.step(S, T)[1].dtype == np.float64  # as S comes
    assert all(v.dtype != np.float64 for v in single.state_dict().values())


# --- seeds, rows, labels ----------------------------------------------------------------------


def trained(seed: int) -> tuple[float, Floats]:
    distiller = made(random_state=seed)
    distiller.refresh_teacher(T, S, Y, n_epochs=2)
    found: tuple[float, Floats] = distiller.step(S, T)
    return found


def test_the_same_seed_gives_the_same_numbers() -> None:
    one, same, other = trained(0), trained(0), trained(1)
    assert one[0] == same[0] != other[0]
    np.testing.assert_array_equal(one[1], same[1])


def test_a_batch_of_one_row_or_one_class() -> None:
    distiller = made()
    distiller.refresh_teacher(T[:1], S[:1], Y[:1])
    loss, grad = distiller.step(S[:1], T[:1])
    assert np.isfinite(loss)
    assert np.isfinite(grad).all()
    one = Y == 1
    assert np.isfinite(distiller.refresh_teacher(T[one], S[one], Y[one]))
    with_batches_of_one = made(batch_size=1)
    assert np.isfinite(with_batches_of_one.step(S, T)[0])


def test_first_rows_may_lack_classes_that_are_named() -> None:
    distiller = rid.RedundantInformationDistillation()
    distiller.warm_up(T[:1], ["dog"], classes=["cat", "dog", "eel"])
    distiller.warm_up(T[:2], np.array(["eel", "cat"], dtype=object))
    with pytest.raises(ValueError, match=r"labels that warm_up did not see: 'fox'.*'cat', 'dog'"):
        distiller.warm_up(T[:1], ["fox"])
    with pytest.raises(ValueError, match=r"labels that warm_up did not see: 1"):
        distiller.warm_up(T[:1], [1])


def test_no_warm_up_at_all() -> None:
    distiller = rid.RedundantInformationDistillation()
    assert np.isnan(distiller.warm_up(T, Y, n_epochs=0))
    assert np.isfinite(distiller.step(S, T)[0])


# --- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sigma": "fixed"}, "sigma must be one of 'learned', 'optimal'"),
        ({"n_channels": 0}, "n_channels must be at least 1"),
        ({"n_hidden": 0}, "n_hidden must be at least 1"),
        ({"layer_weights": [-1.0]}, "layer_weights must be finite, at least 0 and not all 0"),
        ({"layer_weights": [0.0]}, "leave the loss out"),
        ({"layer_weights": [np.nan]}, "layer_weights must be finite"),
        ({"learning_rate": 0}, "learning_rate must be positive"),
        ({"sigma_learning_rate": -1}, "sigma_learning_rate must be positive"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"random_state": -1}, "random_state must be at least 0"),
    ],
)
def test_options_outside_their_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rid.RedundantInformationDistillation(**options)


def test_before_warm_up() -> None:
    distiller = rid.RedundantInformationDistillation()
    for call in (distiller.loss_and_grad, distiller.step):
        with pytest.raises(ValueError, match=r"call warm_up\(T, Y\) first"):
            call(S, T)
    with pytest.raises(ValueError, match=r"call warm_up\(T, Y\) first"):
        distiller.refresh_teacher(T, S, Y)
    with pytest.raises(ValueError, match="Y holds one class"):
        distiller.warm_up(T, np.zeros(40, int))
    with pytest.raises(ValueError, match="classes holds one class"):
        distiller.warm_up(T, Y, classes=[1])
    with pytest.raises(ValueError, match="layer_weights has 2 numbers for 1 layer pairs"):
        rid.RedundantInformationDistillation(layer_weights=[1, 2]).warm_up(T, Y)


@pytest.mark.parametrize(
    ("s", "t", "message"),
    [
        (S[:9], T, "T has 40, S 9"),
        (S, T[:, :5], r"T has 5 channels, in earlier calls it had 6"),
        (S[:, :3], T, r"S has 3 channels, in earlier calls it had 4"),
        (S[:, :, None, None], T, r"Pool S: pidtools.pool\(S, \"mean\", layout=\"nchw\"\)"),
        (S[:, :, None], T, r"S has the shape \(40, 4, 1\).*Tokens"),
        (S[:, 0], T, r"S has the shape \(40,\)"),
        ([S], T, "T has one array without a name, S has '0'"),
        (S[:0], T[:0], "is empty"),
        (np.where(S[3, 1] == S, np.inf, S), T, r"S has inf at \[3, 1\]"),
        ({}, T, "S holds no layers"),
    ],
)
def test_arrays_that_do_not_fit(s: Any, t: Any, message: str) -> None:
    distiller = made()
    distiller.step(S, T)
    before = distiller.state_dict()
    for call in (distiller.step, distiller.loss_and_grad):
        with pytest.raises(ValueError, match=message):
            call(s, t)
    assert moved(before, distiller.state_dict()) == set()


def test_sizes_of_maps_that_differ_say_what_to_pool() -> None:
    t = np.random.default_rng(0).normal(size=(6, 3, 4, 6))
    distiller = made(t, MAPS_Y[[0, 1, 2, 3, 4, 0]])
    s = t[:, :2, ::2, ::3]
    with pytest.raises(ValueError, match="must have the same places") as caught:
        distiller.step(s, t)
    advice = str(caught.value).split(": ")[-1].rstrip(".")
    assert np.isfinite(distiller.step(s, eval(advice, {"T": t}))[0])
    with pytest.raises(ValueError, match=r"Pool T to \(3, 4\), or take layers of the same size"):
        distiller.step(t[:, :, :3, :4], t)


def test_strings_and_lengths() -> None:
    distiller = made()
    with pytest.raises(TypeError, match="T has dtype"):
        distiller.step(S, T.astype(str))
    with pytest.raises(ValueError, match="Y must have one label a row"):
        distiller.warm_up(T, Y[:5])
    with pytest.raises(ValueError, match=r"The layers of T must have one row a sample"):
        made([T, T[:5]])
    with pytest.raises(
        ValueError, match="T must hold the layers of warm_up, one array without a name; got 'x'"
    ):
        distiller.step({"x": S}, {"x": T})
    with pytest.raises(TypeError, match="layer_weights must be a sequence"):
        made(layer_weights={"a": 1})


def test_gradients_that_are_not_finite_are_refused_by_name() -> None:
    t, s = {"deep": T.astype(np.float32)}, {"deep": S.astype(np.float32)}
    distiller = made(t)
    distiller.step(s, t)
    before = distiller.state_dict()
    wild = {
        "deep": np.full((40, 6), 1e30, np.float32) * np.arange(1, 41, dtype=np.float32)[:, None]
    }
    with pytest.raises(ValueError, match=r'gradient of S\["deep"\] is not finite'):
        distiller.step(s, wild)
    with pytest.raises(ValueError, match=r'gradient of T\["deep"\] is not finite'):
        distiller.refresh_teacher(wild, s, Y)
    changed = moved(before, distiller.state_dict())
    assert changed == set()
