"""The study of distillation: its networks, its fairness, its rows and tables, in tiny."""

from __future__ import annotations

import dataclasses
import json
import runpy
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.distillation import figures, prediction, running, study, tables
from benchmarks.distillation.arms import ARMS, RID, Lesson, NoPull
from benchmarks.distillation.data import PARTS, pairs
from benchmarks.distillation.network import Network, clipped, cross_entropy, half_cosine
from benchmarks.distillation.scale import Scale
from benchmarks.distillation.teachers import FOUR, SPECIALISTS, teacher
from benchmarks.distillation.training import train
from benchmarks.tools import mnist
from benchmarks.tools.store import Store
from pidtools.rid import _losses

TINY = Scale(
    data="digits",
    teacher_units=(12, 8),
    student_units=(10, 6),
    n_teacher=400,
    n_student=200,
    n_validation=200,
    n_test=300,
    n_measured=200,
    teacher_epochs=2,
    student_epochs=3,
    n_seeds=1,
    n_seeds_untrained=1,
    n_tuning=1,
    n_traces=1,
    n_prediction=1,
    specialist_units=(4, 4),
    student_rows=(100,),
    student_widths=(4,),
)
WEIGHTS = dict.fromkeys(("soft labels", "FitNets", "VID", "RID", "TED"), 1.0)


def lesson(kind: str = "trained", seed: int = 0) -> tuple[Any, Lesson]:
    own = pairs("digits", "student", TINY.n_student, seed)
    known = teacher(kind, seed, TINY)
    return own, Lesson(known.last_hidden(own.X), known.logits(own.X), own.left, seed)


def test_gradients_of_the_network_are_finite_differences() -> None:
    rng = np.random.default_rng(0)
    network = Network((5, 7, 4, 3), slope=0.1, seed=[0], dtype=np.float64)
    X, Y, C = rng.normal(size=(6, 5)), rng.integers(0, 3, 6), rng.normal(size=(6, 4))

    def loss() -> float:
        passed = network.forward(X)
        return cross_entropy(passed.logits, Y)[0] + float((C * passed.hidden[1]).sum())

    passed = network.forward(X)
    found = network.backward(passed, cross_entropy(passed.logits, Y)[1], {1: C})
    expected = np.empty_like(found)
    for k in range(len(found)):
        kept = network.theta[k]
        ends = []
        for step in (1e-6, -1e-6):
            network.theta[k] = kept + step
            ends.append(loss())
        network.theta[k] = kept
        expected[k] = (ends[0] - ends[1]) / 2e-6
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


def test_clipping_and_the_rate() -> None:
    g = np.array([3.0, 4.0])
    np.testing.assert_allclose(clipped(g, 1.0), [0.6, 0.8])
    assert clipped(g, 5.0) is g
    assert half_cosine(2.0, 0, 10) == 2.0
    assert half_cosine(2.0, 5, 10) == pytest.approx(1.0)


def test_parts_share_no_picture() -> None:
    for parts in PARTS.values():
        spans = sorted(parts.values())
        for (source, _, stop), (other, start, _) in pairwise(spans):
            assert source != other or stop <= start


def test_pairs_are_the_digits_side_by_side() -> None:
    found = pairs("digits", "test", 50, 3)
    assert found.X.shape == (50, 128)
    assert found.X.dtype == np.float32
    again = pairs("digits", "test", 50, 3)
    np.testing.assert_array_equal(found.X, again.X)
    assert (found.left != found.right).any()


@pytest.mark.parametrize("name", [name for name in ARMS if name != "none"])
def test_weight_zero_is_ordinary_training_bit_for_bit(name: str) -> None:
    own, known = lesson()
    alone = train(own.X, own.left, NoPull(), 0.0, TINY, seed=0)
    of_none = train(own.X, own.left, ARMS[name].pull(known), 0.0, TINY, seed=0)
    pulled = train(own.X, own.left, ARMS[name].pull(known), 1.0, TINY, seed=0)
    assert alone.network.theta.tobytes() == of_none.network.theta.tobytes()
    assert alone.network.theta.tobytes() != pulled.network.theta.tobytes()
    assert np.isfinite(pulled.network.theta).all()


@pytest.mark.parametrize("kind", [*FOUR, *SPECIALISTS])
def test_a_teacher_is_only_looked_at(kind: str) -> None:
    own, known = lesson(kind)
    network = teacher(kind, 0, TINY).network
    before = network.theta.tobytes(), known.T.tobytes(), known.logits.tobytes()
    for name in ("soft labels", "FitNets", "VID", "RID", "TED"):
        train(own.X, own.left, ARMS[name].pull(known), 1.0, TINY, seed=0)
    assert before == (network.theta.tobytes(), known.T.tobytes(), known.logits.tobytes())
    with pytest.raises(ValueError, match="read-only"):
        network.theta[0] = 1.0


def test_log_sigma_is_its_own_loss() -> None:
    _, known = lesson()
    T, S = known.T[:50], np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    plain, changed = RID(known), RID(known, log_sigma=True)
    pairs_ = [arm.distiller._pairs[""] for arm in (plain, changed)]
    moves = [p.student_move(S, T, best=False, training=True) for p in pairs_]
    np.testing.assert_array_equal(moves[0].by_s, moves[1].by_s)
    V = pairs_[1].student_filter(6).forward(S, training=True)[0]
    V = (V - pairs_[1].task.filter.forward(T)[0]).astype(np.float64)

    def loss(a: Any) -> float:
        sigma = _losses.sigma_of(a)
        return float(np.mean(np.log(sigma)) + np.mean(V**2 / sigma))

    a = pairs_[1].a.astype(np.float64)
    assert moves[1].loss == pytest.approx(loss(a), rel=1e-5)
    step = np.zeros_like(a)
    step[0] = 1e-5
    slope = (loss(a + step) - loss(a - step)) / 2e-5
    assert moves[1].by_a[0] == pytest.approx(slope, rel=1e-3)


def test_the_weight_is_that_of_best_validation() -> None:
    rows = [
        {"part": "tuning", "arm": name, "weight": w, "seed": s, "validation": v}
        for name in WEIGHTS
        for w, v in ((0.1, 0.5), (1.0, 0.8), (10.0, 0.8), (100.0, 0.1))
        for s in (100, 101)
    ]
    assert set(study.chosen(rows).values()) == {1.0}


def test_a_gate_of_zero_trains_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "gate_of", lambda *_: (0.0, 0.1))
    monkeypatch.setattr(study, "atoms", lambda *_: {})
    monkeypatch.setattr(study, "sources", lambda *_: {})
    rows = {
        name: study.studied("wrong task", name, 0, TINY, WEIGHTS)
        for name in ("none", "gated RID", "RID times gate", "RID")
    }
    alone = rows["none"]["parameters"]
    assert rows["gated RID"]["parameters"] == rows["RID times gate"]["parameters"] == alone
    assert rows["RID"]["parameters"] != alone


def test_a_row_is_not_repeated_and_tables_are_made_of_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "atoms", lambda *_: dict.fromkeys(ATOMS, 0.1))
    monkeypatch.setattr(study, "sources", lambda *_: {})
    monkeypatch.setattr(study, "gate_of", lambda *_: (0.5, 0.1))
    wanted = ("none", "RID", "gated RID")
    jobs = [
        job
        for group in study.main_groups(TINY, WEIGHTS)
        for job in group
        if job[0]["part"] == "study" and job[0]["arm"] in wanted
    ]
    store = Store(tmp_path / "runs.jsonl", *study.KEY)
    store.fill(jobs[:5])
    store.fill(jobs)
    rows = store.rows()
    assert len(rows) == len(jobs) == 12
    assert len({json.dumps([row[name] for name in study.KEY]) for row in rows}) == 12
    Store(tmp_path / "again.jsonl", *study.KEY).fill(jobs)
    again = Store(tmp_path / "again.jsonl", *study.KEY).rows()
    timed = ("cpu_seconds", "training_seconds")
    stripped = [
        [{k: v for k, v in r.items() if k not in timed} for r in rs] for rs in (rows, again)
    ]
    assert stripped[0] == stripped[1]
    gains = tables.differences(rows, "accuracy", "gated RID", "trained")
    assert gains.tolist() == tables.differences(rows, "accuracy", "RID", "trained").tolist()
    said: list[str] = []
    monkeypatch.setattr(tables, "write", lambda _, *blocks: said.extend(blocks))
    tables.write_tables("x", rows, [])
    assert any("gated RID" in block for block in said)


ATOMS = [
    prefix + what
    for prefix in ("", "kmeans_10_", "kmeans_3_")
    for what in ("distilled", "distillable", "student_only")
]


def test_interval_is_students() -> None:
    mean, half = tables.interval([1.0, 2.0, 3.0])
    assert mean == 2.0
    assert half == pytest.approx(4.302653 / 3**0.5, rel=1e-6)


def test_cka() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 4))
    Q = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    assert prediction.cka(X, 3.0 * X @ Q) == pytest.approx(1.0)
    assert prediction.cka(X, rng.normal(size=(500, 4))) < 0.1


def test_correlations_find_the_score_that_is_the_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction, "RESAMPLES", 40)
    rng = np.random.default_rng(0)
    rows = []
    for units in (4, 16):
        for kind in ("a", "b", "c", "d"):
            layers = []
            for gain in rng.normal(size=3):
                noise = dict(zip(prediction.PREDICTORS.values(), rng.normal(size=5), strict=True))
                layers.append({**noise, "distillable": gain, "gain": gain})
            rows.append({"teacher": kind, "units": units, "rows": 1, "seed": 0, "layers": layers})
    found = {row["predictor"]: row for row in prediction.correlations(rows, rng)}
    assert found["Uni_T"]["within students"] == pytest.approx(1.0)
    assert found["Uni_T"]["regret, points"] == 0.0
    assert found["CKA"]["regret, points"] > 0.0


def test_keys_differ_and_sizes_can_be_changed() -> None:
    small = dataclasses.replace(TINY, n_seeds=2)
    keys = [json.dumps(job[0]) for group in study.main_groups(small, WEIGHTS) for job in group] + [
        json.dumps(job[0]) for group in study.tuning_groups(small) for job in group
    ]
    assert len(set(keys)) == len(keys)


def test_it_says_what_it_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["distillation", "--help"])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_module("benchmarks.distillation", run_name="__main__")
    assert stopped.value.code == 0
    assert "--quick" in capsys.readouterr().out


def test_a_run_that_was_finished_twice_counts_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "runs.jsonl", "seed")
    store.add([{"seed": 1, "x": 2}, {"seed": 0, "x": 1}, {"seed": 1, "x": 2}])
    assert running.once(store) == [{"seed": 0, "x": 1}, {"seed": 1, "x": 2}]


def test_no_more_jobs_once_the_parent_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = iter([5, 5, 5, 1])
    monkeypatch.setattr("os.getppid", lambda: next(parents))
    jobs: list[Any] = [({"seed": k}, dict) for k in range(4)]
    assert [job[0]["seed"] for job in running.while_parent_lives(jobs)] == [0, 1]


@pytest.mark.slow
def test_whole_in_tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.tools import store as stored
    from benchmarks.tools import written

    for module in (stored, written):
        monkeypatch.setattr(module, "RESULTS", tmp_path)
    running.run("x", TINY, 1)
    rows, predicted = running.once(study.store("x")), running.once(prediction.store("x"))
    assert len(rows) == 20 + 4 * (len(ARMS) + len(study.TRACED))
    assert len(predicted) == 7
    size = (tmp_path / "x_runs.jsonl").stat().st_size
    running.run("x", TINY, 1)
    assert (tmp_path / "x_runs.jsonl").stat().st_size == size
    tables.write_tables("x", rows, predicted)
    figures.write_figures("x", rows, predicted)
    text = (tmp_path / "x.md").read_text()
    for heading in ("Weights", "Gains", "Atoms", "Traces", "Before training", "Cost"):
        assert f"## {heading}" in text
    assert {file.stem for file in tmp_path.glob("*.png")} == {"x_gains", "x_traces", "x_prediction"}


@pytest.mark.parametrize(
    ("typed", "said"),
    [(["--workers", "0"], "--workers must be at least 1; got 0"), ([], "use --data digits")],
)
def test_bad_input(
    typed: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    mnist.digits.cache_clear()
    monkeypatch.setenv(mnist.VARIABLE, str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["distillation", *typed])
    with pytest.raises(SystemExit):
        runpy.run_module("benchmarks.distillation", run_name="__main__")
    assert said in capsys.readouterr().err
