"""Which number, known before training, foretells the gain of a teacher's layer for a student.

For each student (width, rows, seed) every layer of every teacher is looked at beside the student
trained alone, on validation rows; then RID distils that layer, and the gain is counted on test
rows. A row holds one student and one teacher with all its layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
from scipy.stats import spearmanr

import pidtools as pt
from benchmarks.distillation.arms import RID, Lesson, NoPull
from benchmarks.distillation.atoms import PROBE
from benchmarks.distillation.data import Array, pairs
from benchmarks.distillation.scale import Scale
from benchmarks.distillation.study import Weights
from benchmarks.distillation.teachers import QUALITIES, SPECIALISTS, teacher
from benchmarks.distillation.training import Trained, train
from benchmarks.tools.store import Job, Row, Store, grouped

KEY = ("teacher", "units", "rows", "seed")
LAYERS = ("first hidden", "last hidden", "logits")
# Scores by the names of their columns; a larger one should mean a larger gain.
PREDICTORS = {
    "Uni_T": "distillable",
    "I(Y;T)": "teacher_information",
    "I(Y;T) - I(Y;S)": "advantage",
    "CKA": "cka",
    "I(T;S) - I(S;Y)": "shared",
}
# Seeds of prediction are none of the other two kinds.
FIRST_SEED = 300
RESAMPLES = 2_000


def store(name: str) -> Store:
    """Rows of all students and teachers of one study."""
    return Store(f"{name}_prediction", *KEY)


def groups(scale: Scale, weights: Weights) -> list[list[Job]]:
    """All teachers of one student in a group."""
    found: list[list[Job]] = []
    for seed in range(FIRST_SEED, FIRST_SEED + scale.n_prediction):
        for width in scale.student_widths:
            for n in scale.student_rows:
                found.append(
                    [
                        (
                            dict(zip(KEY, (kind, width, n, seed), strict=True)),
                            partial(predicted, kind, width, n, seed, scale, weights["RID"]),
                        )
                        for kind in (*QUALITIES, *SPECIALISTS)
                    ]
                )
    return found


def predicted(kind: str, width: int, n: int, seed: int, scale: Scale, weight: float) -> Row:
    """Numbers known before, and the gain after, layer by layer."""
    own = pairs(scale.data, "student", n, seed)
    test = pairs(scale.data, "test", scale.n_test, seed)
    held = pairs(scale.data, "validation", scale.n_measured, seed)
    known = teacher(kind, seed, scale)
    alone = _alone(width, n, seed, scale)
    base = alone.accuracy(test.X, test.left)
    S = alone.layer(held.X)
    looked = _looked_at(width, n, seed, scale)
    layers = []
    for name, T_own, T in zip(LAYERS, known.layers(own.X), _layers(kind, seed, scale), strict=True):
        source = _source(kind, seed, name, scale)
        found = pt.distillable_knowledge(source, looked, held.left, synergy=False)
        pull = RID(Lesson(T_own, known.logits(own.X), own.left, seed))
        distilled = _student(width, n, seed, scale, pull, weight)
        layers.append(
            {
                "layer": name,
                "gain": round(distilled.accuracy(test.X, test.left) - base, 5),
                "distillable": round(float(found.distillable), 5),
                "teacher_information": round(float(found.teacher_information), 5),
                "advantage": round(float(found.teacher_information - found.student_information), 5),
                "cka": round(cka(T, S), 5),
                "shared": round(shared_less_own(T, S, held.left), 5),
            }
        )
    return {"alone": round(base, 5), "layers": layers}


def cka(T: Array, S: Array) -> float:
    """Linear centred kernel alignment."""
    T, S = (X.astype(np.float64) - X.mean(axis=0) for X in (T, S))
    norms = np.linalg.norm(T.T @ T) * np.linalg.norm(S.T @ S)
    return float(np.linalg.norm(T.T @ S) ** 2 / norms) if norms > 0 else 0.0


def shared_less_own(T: Array, S: Array, Y: Array) -> float:
    """I(T;S) - I(S;Y) in bits, of ten clusters of each layer."""
    t, s = (_clusters(X) for X in (T, S))
    of_symbols = partial(pt.mutual_information, estimator="symbols")
    return float(of_symbols(t, s) - of_symbols(s, Y))


def correlations(rows: Sequence[Row], rng: np.random.Generator) -> list[Row]:
    """Spearman over teachers and layers, a mean over students, with a bootstrap over students."""
    students = [_table(group) for group in grouped(rows, "units", "rows", "seed").values()]
    drawn = rng.integers(0, len(students), (RESAMPLES, len(students)))
    found = []
    for name, column in PREDICTORS.items():
        each = np.array([_spearman(table[column], table["gain"]) for table in students])
        low, high = np.quantile(each[drawn].mean(axis=1), (0.025, 0.975))
        pooled = _pooled(students, column, drawn)
        regret = [t["gain"].max() - t["gain"][np.argmax(t[column])] for t in students]
        found.append(
            {
                "predictor": name,
                "within students": float(each.mean()),
                "low": float(low),
                "interval": f"{low:.2f} to {high:.2f}",
                "over all": pooled[0],
                "interval of all": f"{pooled[1]:.2f} to {pooled[2]:.2f}",
                "regret, points": 100 * float(np.mean(regret)),
                "worst regret": 100 * float(np.max(regret)),
            }
        )
    return found


def _pooled(students: list[dict[str, Array]], column: str, drawn: Array) -> tuple[float, ...]:
    """Spearman over all rows, and the ends of its interval."""

    def over(which: Array) -> float:
        x, gain = (np.concatenate([students[k][c] for k in which]) for c in (column, "gain"))
        return _spearman(x, gain)

    low, high = np.quantile([over(which) for which in drawn[: RESAMPLES // 4]], (0.025, 0.975))
    return over(np.arange(len(students))), float(low), float(high)


def _spearman(x: Array, y: Array) -> float:
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return float(spearmanr(x, y).statistic)


def _table(group: Sequence[Row]) -> dict[str, Array]:
    layers = [layer for row in group for layer in row["layers"]]
    return {
        name: np.array([layer[name] for layer in layers]) for name in ("gain", *PREDICTORS.values())
    }


@lru_cache(maxsize=2)
def _alone(width: int, n: int, seed: int, scale: Scale) -> Trained:
    return _student(width, n, seed, scale, NoPull(), 0.0)


def _student(
    width: int, n: int, seed: int, scale: Scale, pull: NoPull, weight: float
) -> Trained:  # fmt: skip
    own = pairs(scale.data, "student", n, seed)
    units = (*scale.student_units[:-1], width)
    return train(own.X, own.left, pull, weight, scale, seed=seed, units=units)


@lru_cache(maxsize=2)
def _looked_at(width: int, n: int, seed: int, scale: Scale) -> Any:
    held = pairs(scale.data, "validation", scale.n_measured, seed)
    return pt.summarise(_alone(width, n, seed, scale).layer(held.X), held.left, estimator=PROBE)


@lru_cache(maxsize=16)
def _layers(kind: str, seed: int, scale: Scale) -> list[Array]:
    held = pairs(scale.data, "validation", scale.n_measured, seed)
    first, *_, last, logits = teacher(kind, seed, scale).layers(held.X)
    return [first, last, logits]


@lru_cache(maxsize=32)
def _source(kind: str, seed: int, layer: str, scale: Scale) -> Any:
    held = pairs(scale.data, "validation", scale.n_measured, seed)
    return pt.summarise(_layers(kind, seed, scale)[LAYERS.index(layer)], held.left, estimator=PROBE)


def _clusters(X: Array) -> Array:
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    few = PCA(min(10, X.shape[1]), random_state=0).fit_transform(X.astype(np.float64))
    codes: Array = KMeans(10, n_init=3, random_state=0).fit_predict(few)
    return codes
