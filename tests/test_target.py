"""What Y is taken for, what is refused, markers of rows to ignore, and what H(Y) allows."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from helpers import Chosen, all_said, known, noted, teacher_and_noise, unheard

import pidtools as pt
from pidtools._types import Floats

N = 600
RNG = np.random.default_rng(0)
CLASSES = RNG.integers(0, 10, N)
THREE = RNG.integers(0, 3, N)
T = np.eye(10)[CLASSES] + 0.02 * RNG.normal(size=(N, 10))
S = T[:, :3] + 0.3 * RNG.normal(size=(N, 3))
GAUSSIAN: dict[str, Any] = {"estimator": "gaussian", "synergy": False}
LABELS_LINE = r"np\.unique\(Y, axis=0, return_inverse=True\)\[1\]"


def softmax(Z: Floats) -> Floats:
    p = np.exp(Z)
    shares: Floats = p / p.sum(axis=1, keepdims=True)
    return shares


FEW_VALUED = {
    "smoothed": 0.9 * np.eye(10)[CLASSES] + 0.01,
    "smoothed, three": 0.9 * np.eye(3)[THREE] + 0.1 / 3,
    "smoothed, two": 0.9 * np.eye(2)[THREE % 2] + 0.05,
    "smoothed, rounded": (0.9 * np.eye(10)[CLASSES] + 0.01) * (1 + 1e-9 * RNG.normal(size=(N, 10))),
    "float32": (0.9 * np.eye(10)[CLASSES] + 0.01).astype(np.float32),
    "scaled class": CLASSES / 9,
    "z-scored class": (CLASSES - CLASSES.mean()) / CLASSES.std(),
    "ratings": CLASSES / 2,
    "log one-hot": np.log(np.eye(10)[CLASSES] + 1e-9),
    "one soft row a class": softmax(RNG.normal(size=(10, 10)))[CLASSES],
    "hundred scaled": (np.arange(N) % 100) / 99,
}


@pytest.mark.parametrize("Y", FEW_VALUED.values(), ids=FEW_VALUED)
def test_floats_of_few_values_are_refused_with_both_lines(Y: Any) -> None:
    for call in (
        lambda: pt.distillable_knowledge(T, S, Y),
        lambda: pt.mutual_information(T, Y),
    ):
        with pytest.raises(ValueError, match=LABELS_LINE) as refused:
            call()
        assert 'estimator="gaussian"' in str(refused.value)
    with pytest.raises(ValueError, match="can't tell"):
        pt.summarise(T, Y)


@pytest.mark.parametrize("Y", FEW_VALUED.values(), ids=FEW_VALUED)
def test_the_line_for_labels_gives_the_labels(Y: Any) -> None:
    codes = np.unique(np.round(Y, 6), axis=0, return_inverse=True)[1]
    read = pt.mutual_information(T[:, 0], codes, estimator="knn")
    # The same information, whatever the values mean.
    assert pt.mutual_information(T[:, 0], Y, estimator="knn") == read
    with unheard():
        binned = pt.mutual_information(T[:, 0], Y, estimator=pt.Binning(n_bins=4))
        labelled = pt.mutual_information(T[:, 0], codes, estimator=pt.Binning(n_bins=4))
    assert binned == labelled


CONTINUOUS = {
    "normal": RNG.normal(size=N),
    "two columns": RNG.normal(size=(N, 2)),
    "soft labels": softmax(RNG.normal(size=(N, 4)) + 3 * np.eye(4)[CLASSES % 4])[:, :3],
    "log probabilities": np.log(softmax(RNG.normal(size=(N, 4))))[:, :3],
    "half precision": RNG.normal(size=N).astype(np.float16),
    "rounded": np.round(100 * RNG.normal(size=N), 1),
    "mostly zero": np.where(RNG.random(N) < 0.9, 0.0, RNG.normal(size=N)),
    "over decades": np.exp(8 * RNG.normal(size=N)),
}


@pytest.mark.parametrize("Y", CONTINUOUS.values(), ids=CONTINUOUS)
def test_amounts_stay_amounts_and_a_note_says_so(Y: Any) -> None:
    found = pt.distillable_knowledge(T, S, Y, synergy=False)
    assert found.n_classes is None
    assert "Gaussian(" in found.details()
    assert noted(found, "was taken as an amount")
    neighbours = pt.summarise(S[:, 0], Y, estimator="knn")
    assert neighbours.labels.dtype.kind == "f"
    assert noted(neighbours, "was taken as an amount")


def test_half_precision_repeats_but_is_an_amount() -> None:
    Y = np.random.default_rng(1).normal(size=20_000).astype(np.float16)
    assert len(np.unique(Y)) < len(Y) / 2
    noise = np.random.default_rng(2).normal(size=(20_000, 1))
    found = pt.summarise(Y[:, None] + noise, Y)
    assert found.labels.dtype.kind == "f"


def test_whole_floats_are_labels_and_the_first_note_says_so() -> None:
    found = pt.distillable_knowledge(THREE, THREE // 2, THREE.astype(float))
    assert found.n_classes == 3
    assert found.notes[0].startswith("Y holds 3 dis")
    assert 'class labels; for an amount pass estimator="gaussian"' in found.notes[0]
    plain = pt.distillable_knowledge(THREE, THREE // 2, THREE)
    assert plain.pid == found.pid
    assert plain.notes == ()
    summary = pt.summarise(THREE, THREE.astype(float))
    assert summary.notes[0].startswith("Y holds 3 distinct whole numbers in floats")


def test_ages_are_labels_with_a_word_and_where_no_note_is_with_a_warning() -> None:
    ages = 20 + RNG.integers(0, 50, 3000)
    X = ages // 10
    assert pt.summarise(X, ages).notes[0].startswith("Y holds 50 distinct integers and was taken")
    with pytest.warns(pt.PIDWarning, match=r"Y holds 50 .* taken as class labels; for an amount"):
        pt.mutual_information(X, ages.astype(float))
    # A count of classes is plain.
    assert not any("Y holds" in note for note in pt.summarise(X, ages - 20).notes)


def test_whole_floats_of_many_values_are_refused_by_auto_and_amounts_to_neighbours() -> None:
    rng = np.random.default_rng(3)
    amount, noise = 1000 * rng.normal(size=(2, 2000))
    Y, x = np.round(amount), amount + 0.6 * noise
    with pytest.raises(
        ValueError, match=r"whole numbers in floats in 2000 samples.*" + LABELS_LINE
    ):
        pt.mutual_information(x, Y)
    read = pt.mutual_information(x, Y, estimator="knn")
    assert read == pytest.approx(pt.mutual_information(x, amount, estimator="knn"), abs=0.01)
    assert read == pytest.approx(0.5 * np.log2(1 + 1 / 0.36), abs=0.1)


def test_an_information_above_the_entropy_of_y_is_warned_of() -> None:
    for name in ("smoothed", "z-scored class"):
        Y = FEW_VALUED[name]
        with pytest.warns(pt.PIDWarning, match=r"^T: \d+\.?\d* bits were read .* hold 3\.3. bits"):
            found = pt.distillable_knowledge(T, S, Y, **GAUSSIAN)
        assert found.teacher_information > np.log2(10)
        assert "Y holds 10 distinct values in 600 samples, 3.3" in found.notes[0]
        assert any("no information is larger" in note for note in all_said(found))
        with pytest.warns(pt.PIDWarning, match="no information is larger"):
            pt.mutual_information(T, Y, estimator="gaussian")
        with pytest.warns(pt.PIDWarning, match="no information is larger"):
            pt.summarise(T, Y, estimator="gaussian")
    # Linear relations to few values that hold more than is read are no reason for a warning.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = pt.distillable_knowledge(S[:, :1], S, FEW_VALUED["ratings"], **GAUSSIAN)
    assert noted(found, "was taken as an amount")


@pytest.mark.parametrize("estimator", ["knn", pt.Binning(n_bins=6)], ids=repr)
def test_no_information_is_above_the_entropy_of_the_labels(
    estimator: Chosen,
) -> None:
    for n, n_classes in ((60, 6), (400, 10)):
        y = np.random.default_rng(n).integers(0, n_classes, n)
        p = np.bincount(y) / n
        with unheard():
            x = y + 1e-3 * np.random.default_rng(1).normal(size=n)
            found = pt.distillable_knowledge(x, x, y, estimator=estimator)
            alone = pt.mutual_information(x, y, estimator=estimator)
        most = -p @ np.log2(p) + 1e-9
        assert max(alone, found.teacher_information, known(found.joint_information)) <= most


# --- markers of rows to ignore ------------------------------------------------------------------

MARKED = {
    "ignore_index": (np.where(THREE == 2, -100, THREE), "-100"),
    "ignore_index in floats": (np.where(THREE == 2, -100.0, THREE), "-100"),
    "unlabelled": (np.where(CLASSES == 5, -1, CLASSES), "-1"),
    "void of a map": (np.where(CLASSES == 5, 255, CLASSES % 4).astype(np.uint8), "255"),
    "missing code": (np.where(CLASSES == 5, 999, CLASSES % 4), "999"),
    "missing string": (np.where(CLASSES == 5, "nan", "abc"), "'nan'"),
    "padding": (np.where(CLASSES == 5, b"<pad>", b"abc"), "'<pad>'"),
}


@pytest.mark.parametrize(("Y", "value"), MARKED.values(), ids=MARKED)
def test_a_marker_is_named_with_its_share(Y: Any, value: str) -> None:
    with pytest.warns(
        pt.PIDWarning, match=f"^Y holds the label {value} in .*ignore_label={value}, "
    ):
        found = pt.distillable_knowledge(THREE, THREE, Y, synergy=False)
    assert sum(f"the label {value} in" in note for note in all_said(found)) == 1
    for function in (pt.mutual_information, pt.summarise):
        with pytest.warns(pt.PIDWarning, match=f"the label {value}") as caught:
            function(THREE, Y)
        assert [w.filename for w in caught] == [__file__]


ORDINARY = {
    "signs": THREE - 1,
    "opposites": 2 * (THREE // 2) - 1,
    "black and white": 255 * (THREE // 2),
    "grey levels": np.array([0, 127, 255])[THREE],
    "a thousand classes": np.r_[np.arange(1000), np.arange(1000)],
    "bytes": np.r_[np.arange(256), np.arange(256)],
    "negative codes": np.array([-100, -50, 0])[THREE],
    "scores from -2 to 2": CLASSES % 5 - 2,
    "from one": THREE + 1,
}


@pytest.mark.parametrize("Y", ORDINARY.values(), ids=ORDINARY)
def test_ordinary_labels_are_no_markers(Y: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pt.mutual_information(np.zeros(len(Y), dtype=int), Y)


def test_padding_in_both_sources_is_said() -> None:
    X, Z = T.copy(), S.copy()
    X[:60] = Z[:60] = 0
    found = pt.distillable_knowledge(X, Z, THREE, estimator="kmeans", synergy=False)
    (note,) = (note for note in all_said(found) if "padding" in note)
    assert note.startswith("T and S are all zeros in the same 60 of 600 rows.")
    Z[:60] = 1
    found = pt.distillable_knowledge(X, Z, THREE, estimator="kmeans", synergy=False)
    assert not any("padding" in note for note in all_said(found))


@pytest.mark.parametrize("estimator", ["binning", "knn"])
def test_whole_floats_of_many_classes_are_labels(estimator: Chosen) -> None:
    """150 classes of 20 rows; as integers and as floats they are the same, and it is said."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(150), 20)
    X = rng.permutation(150)[y][:, None] + 0.01 * rng.normal(size=(3000, 1))
    of_integers = pt.mutual_information(X, y, estimator=estimator)
    with pytest.warns(pt.PIDWarning, match="150 distinct whole numbers in floats and was taken as"):
        of_floats = pt.mutual_information(X, y.astype(float), estimator=estimator)
    assert of_floats == of_integers


@pytest.mark.parametrize(
    "amount",
    [
        lambda u: 300 + u / 50,  # Kelvin
        lambda u: 1.7e9 + 86400 * u,  # seconds of a clock
        lambda u: 2024 + u / 2,  # years
        lambda u: 1 - 1e-5 * u,
        lambda u: 1e9 + u,
    ],
)
def test_amounts_far_from_0_are_amounts(amount: Callable[[Floats], Floats]) -> None:
    """Their last digits are theirs, not rounding: the information is that of the amount alone."""
    rng = np.random.default_rng(0)
    u = rng.random(2000)
    X = u[:, None] + 0.1 * rng.normal(size=(2000, 1))
    for estimator in ("auto", "gaussian", "knn"):
        expected = pt.mutual_information(X, u, estimator=estimator)
        found = pt.mutual_information(X, amount(u), estimator=estimator)
        assert found == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("estimator", ["auto", "knn", "gaussian"])
def test_two_floats_are_labels_and_one_is_nothing(estimator: Chosen) -> None:
    T, S, Y = teacher_and_noise()
    with pytest.raises(ValueError, match=r"pass np.unique\(Y, return_inverse=True\)"):
        pt.distillable_knowledge(T, S, np.where(Y > 0, 0.25, 0.75), estimator=estimator)
    with pytest.raises(ValueError, match="Y is constant"):
        pt.distillable_knowledge(T, S, np.full(len(Y), 0.5), estimator=estimator)
