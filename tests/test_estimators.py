"""Which estimator is chosen, and the information of one source."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from helpers import EXACT, teacher_and_noise

import pidtools as pt
from pidtools import _validate, estimators
from pidtools._cells.summary import CellSummary
from pidtools._types import Array, Codes, Floats

Y = np.arange(300) % 3
FEATURES = np.eye(3)[Y] + 0.1 * np.random.default_rng(0).standard_normal((300, 3))


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (Y, pt.Symbols()),
        (Y > 0, pt.Symbols()),
        (Y.astype(str), pt.Symbols()),
        (Y[:, None], pt.Symbols()),
        (FEATURES, pt.Probe()),
        (FEATURES[:, 0], pt.Probe()),
        (FEATURES.astype(np.float16), pt.Probe()),
        (np.stack([Y, Y], axis=1), pt.Probe()),
    ],
    ids=["integers", "bools", "strings", "column", "floats", "one float", "half", "two columns"],
)
def test_auto_looks_at_the_data(X: Array, expected: Any) -> None:
    source, target = _validate.check_source(X, "X"), estimators.read_target(Y, "auto")
    assert estimators.choose("auto", {"X": source}, target) == expected


def test_auto_takes_the_gaussian_for_a_continuous_target() -> None:
    target = estimators.read_target(FEATURES[:, :1], "auto")
    for source in (FEATURES, Y):
        assert estimators.choose("auto", {"X": source}, target) == pt.Gaussian()


def test_auto_refuses_labels_in_the_place_of_a_layer() -> None:
    """Of one source the order does not matter, and one column of amounts may be meant."""
    for labels in (Y, Y.astype(str)):
        with pytest.raises(ValueError, match="S holds one column that is no float"):
            pt.distillable_knowledge(FEATURES, labels, FEATURES)
    amounts = estimators.read_target(FEATURES, "auto")
    assert estimators.choose("auto", {"X": Y}, amounts) == pt.Gaussian()
    amount = estimators.read_target(FEATURES[:, :1], "auto")
    assert estimators.choose("auto", {"T": Y, "S": Y}, amount) == pt.Gaussian()


def test_auto_chooses_once_for_sources_that_meet() -> None:
    target = estimators.read_target(Y, "auto")
    assert estimators.choose("auto", {"T": Y, "S": Y}, target) == pt.Symbols()
    assert estimators.choose("auto", {"T": Y, "S": FEATURES}, target) == pt.Probe()


def test_auto_follows_summaries() -> None:
    T, S, Y = teacher_and_noise()
    by_neighbours = pt.summarise(T, Y, estimator="knn")
    symbols = np.random.default_rng(1).integers(0, 4, len(Y))
    expected = pt.distillable_knowledge(by_neighbours, symbols, Y, estimator="knn")
    assert pt.distillable_knowledge(by_neighbours, symbols, Y).distillable == expected.distillable
    counts = np.random.default_rng(2).poisson(5, (len(Y), 2)).astype(float)
    gaussian = pt.summarise(T, counts, estimator="gaussian")
    expected = pt.distillable_knowledge(gaussian, S, counts, estimator="gaussian")
    assert pt.distillable_knowledge(gaussian, S, counts).distillable == expected.distillable


@pytest.mark.parametrize(
    ("name", "expected"),
    [("symbols", pt.Symbols()), ("binning", pt.Binning()), ("kmeans", pt.KMeansBinning())],
)
def test_a_name_means_the_default(name: str, expected: Any) -> None:
    assert pt.summarise(np.stack([Y, Y], axis=1), Y, estimator=name).estimator == expected
    assert name in estimators.BY_NAME


def test_an_object_is_taken_as_it_is() -> None:
    estimator = pt.Binning("uniform", n_bins=2)
    assert pt.summarise(FEATURES, Y, estimator=estimator).estimator is estimator


@pytest.mark.slow
def test_information_of_one_source() -> None:
    assert pt.mutual_information(Y, Y) == pytest.approx(np.log2(3), abs=EXACT)
    assert pt.mutual_information(Y, Y, units="nats") == pytest.approx(np.log(3), abs=EXACT)
    assert pt.mutual_information(np.zeros(300, dtype=int), Y) == pytest.approx(0, abs=EXACT)
    probed = pt.summarise(FEATURES, Y, estimator="probe")
    assert pt.mutual_information(FEATURES, Y) == probed.information


def test_the_same_seed_gives_the_same_number() -> None:
    noise = np.random.default_rng(1).standard_normal((300, 4))
    numbers = {
        pt.mutual_information(noise, Y, estimator="kmeans", random_state=5) for _ in range(3)
    }
    assert len(numbers) == 1


def test_warnings_point_at_the_caller() -> None:
    X = np.arange(300) // 2
    labels = np.random.default_rng(0).integers(0, 2, 300)
    for function in (pt.mutual_information, pt.summarise):
        with pytest.warns(pt.PIDWarning, match=r"^X: 300 samples in .* are too few") as caught:
            function(X, labels)
        assert [w.filename for w in caught] == [__file__]


# ---------------------------------------------------------------- an estimator of one's own


@dataclass(frozen=True)
class SignOfOneColumn(estimators.Estimator[CellSummary]):
    """The sign of a column as a symbol: what a new estimator needs, and no more."""

    column: int = 0

    def summarise(
        self,
        X: Any,
        Y: Any,
        /,
        *,
        random_state: int = 0,
        name: str = "X",
        groups: Any = None,
        n_jobs: int | None = None,
    ) -> Any:
        signs = (X[:, self.column] > 0).astype(np.int64)
        found = pt.Symbols().summarise(signs, Y, name=name)
        return dataclasses.replace(found, estimator=self)

    def pair(
        self, t: CellSummary, s: CellSummary, *, synergy: bool = True, n_jobs: int | None = None
    ) -> estimators.Pair[CellSummary]:
        return pt.Symbols().pair(t, s, synergy=synergy)


@pytest.mark.slow
def test_an_estimator_of_ones_own_answers_every_question() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    T = rng.normal(size=(400, 2)) + 2 * y[:, None]
    S = T + rng.normal(size=(400, 2))
    sign = SignOfOneColumn(column=1)
    t, s = ((X[:, 1] > 0).astype(int) for X in (T, S))
    options: dict[str, Any] = {"confidence_level": 0.9, "n_resamples": 20}
    own = pt.distillable_knowledge(T, S, y, estimator=sign, **options)
    expected = pt.distillable_knowledge(t, s, y, estimator="symbols", **options)
    assert own.pid == expected.pid
    assert own.intervals["synergy"] == expected.intervals["synergy"]
    information = pt.mutual_information(T, y, estimator=sign)
    assert information == pytest.approx(own.teacher_information, abs=EXACT)
    assert pt.independence_test(T, y, estimator=sign, n_permutations=19).p_value == 0.05
    compared = pt.compare_students(T, S, T, y, estimator=sign, **options)
    assert compared.a.pid == own.pid


def test_an_estimator_without_its_steps_can_not_be_made() -> None:
    class Misspelt(estimators.Estimator[pt.Summary]):
        def summarize(self, X: Array, Y: Any, /, **options: Any) -> None: ...

    with pytest.raises(TypeError, match=r"abstract methods? '?pair.*summarise"):
        Misspelt()  # type: ignore[abstract]
    with pytest.raises(TypeError, match=r"^estimator must be one of 'auto'.*; got dict"):
        pt.mutual_information(FEATURES, Y, estimator={})  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True, eq=False)
class MeansSummary(pt.Summary):
    """Class means of one column: a summary of one's own, which counts how often it is drawn."""

    rows: Floats

    def resampled(self, rows: Codes) -> MeansSummary:
        DRAWN.append(self.data)
        return dataclasses.replace(self, rows=self.rows[rows])


DRAWN: list[object] = []


class MeansPair(estimators.Pair[MeansSummary]):
    def atoms(self) -> pt.PID:
        between = np.corrcoef(self.t.rows[:, 0], self.s.rows[:, 0])[0, 1]
        return pt.PID(
            redundancy=between**2 / 4, unique_t=0.1, unique_s=0.0, synergy=None, gap=1e-9,
            outcome=pt.Outcome.closed_form,
        )  # fmt: skip

    def joint_information(self) -> float:
        return 0.5


@dataclass(frozen=True)
class Means(estimators.Estimator[MeansSummary]):
    """An estimator with a summary and a pair of its own, from nothing else of the library."""

    def summarise(
        self,
        X: Any,
        Y: Any,
        /,
        *,
        random_state: int = 0,
        name: str = "X",
        groups: Any = None,
        n_jobs: int | None = None,
    ) -> Any:
        return MeansSummary(estimator=self, information=0.1, labels=Y, rows=X)

    def pair(
        self, t: MeansSummary, s: MeansSummary, *, synergy: bool = True, n_jobs: int | None = None
    ) -> MeansPair:
        return MeansPair(t=t, s=s, synergy=synergy)


def test_a_source_is_resampled_once_in_all_its_pairs() -> None:
    rng = np.random.default_rng(0)
    y, T, a, b = rng.integers(0, 2, 200), *rng.normal(size=(3, 200, 1))
    DRAWN.clear()
    found = pt.compare_students(T, a, b, y, estimator=Means(), n_resamples=10, n_jobs=1)
    assert len(DRAWN) == 3 * 10
    assert found.a.synergy == pytest.approx(0.5 - found.a.distilled - 0.1, abs=EXACT)
    assert found.intervals["distilled"].low < found.intervals["distilled"].high
