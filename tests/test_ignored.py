"""Rows of a label that does not count: as if they had never been there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import pidtools as pt
from pidtools import _stored

RNG = np.random.default_rng(0)
N = 600
Y = RNG.integers(0, 3, N)
T = np.eye(3)[Y] + 0.3 * RNG.normal(size=(N, 3))
S = np.eye(3)[Y] + 0.8 * RNG.normal(size=(N, 3))
GROUPS = np.arange(N) // 3
PAD = RNG.random(N) < 0.4
T[PAD], S[PAD] = np.nan, 0.0  # what is left out may hold anything
PADDED = np.where(PAD, -100, Y)
KEPT: dict[str, Any] = {"T": T[~PAD], "S": S[~PAD], "Y": Y[~PAD], "G": GROUPS[~PAD]}
FAST: dict[str, Any] = {"estimator": "kmeans"}
LEFT_OUT = f"{PAD.sum()} of {N} rows have the label -100 (ignore_label) and were left out."


def without_note(found: dict[str, Any]) -> dict[str, Any]:
    return {**found, "notes": [note for note in found["notes"] if note != LEFT_OUT]}


def test_one_measurement() -> None:
    options: dict[str, Any] = {**FAST, "confidence_level": 0.9, "n_resamples": 20}
    found = pt.distillable_knowledge(
        T, S, PADDED, groups=GROUPS, ignore_label=-100, **options
    ).to_dict()
    wanted = pt.distillable_knowledge(
        KEPT["T"], KEPT["S"], KEPT["Y"], groups=KEPT["G"], **options
    ).to_dict()
    assert LEFT_OUT in found["notes"]
    assert without_note(found) == wanted


@pytest.mark.slow
def test_every_question() -> None:
    marked, plain = (T, S, PADDED), (KEPT["T"], KEPT["S"], KEPT["Y"])
    for ask in (
        lambda T, S, Y, **o: pt.compare_students(T, S, S[:, :2], Y, n_resamples=10, **o),
        lambda T, S, Y, **o: pt.distillation_map({"t": T}, {"s": S}, Y, **o).rows[0].result,
        lambda T, S, Y, **o: pt.rank_teachers({"t": T}, S, Y, n_resamples=10, **o).rows[0].result,
        lambda T, S, Y, **o: pt.distillation_weight(T, S, Y, n_resamples=10, **o).result,
    ):
        found: Any = ask(*marked, ignore_label=-100, **FAST)
        wanted: Any = ask(*plain, **FAST)
        assert without_note(found.to_dict()) == wanted.to_dict()
    trace = pt.distillation_trace(T, [S, S], PADDED, ignore_label=-100, **FAST)
    assert LEFT_OUT in trace.notes
    wanted = pt.distillation_trace(plain[0], [plain[1]] * 2, plain[2], **FAST)
    assert [row.to_dict() for row in trace] == [row.to_dict() for row in wanted]


def test_summaries_meet() -> None:
    teacher = pt.summarise(T, PADDED, ignore_label=-100, **FAST)
    assert LEFT_OUT in teacher.notes
    found = pt.distillable_knowledge(teacher, S, PADDED, ignore_label=-100)
    wanted = pt.distillable_knowledge(KEPT["T"], KEPT["S"], KEPT["Y"], **FAST)
    assert found.distillable == wanted.distillable


def test_tables_and_large_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = pt.summarise(KEPT["T"], KEPT["Y"], **FAST).information
    table = pd.DataFrame(T, index=np.arange(N) + 7)
    labels = pd.Series(PADDED, index=np.arange(N) + 7)
    assert pt.summarise(table, labels, ignore_label=-100, **FAST).information == wanted
    monkeypatch.setattr(_stored, "LARGE", 100)
    monkeypatch.setattr(_stored, "ENTRIES", 90)
    assert pt.summarise(T, PADDED, ignore_label=-100, **FAST).information == wanted


def test_labels_of_each_kind() -> None:
    words = np.array(["a", "b", "c"])[Y]
    for labels, ignored in (
        (np.where(PAD, "<pad>", words), "<pad>"),
        (np.where(PAD, "<pad>", words).astype(bytes), "<pad>"),
        (np.where(PAD, -100.0, Y), -100),
        (np.where(PAD, np.nan, Y), np.nan),
        (PADDED[:, None], -100.0),
    ):
        assert pt.summarise(T, labels, ignore_label=ignored, **FAST).n_samples == (~PAD).sum()
    plain = pt.summarise(S, Y, ignore_label=-100, **FAST)  # nothing to leave out
    assert plain.notes == pt.summarise(S, Y, **FAST).notes


@pytest.mark.parametrize(
    ("labels", "ignored", "error", "message"),
    [
        (np.full(N, -100), -100, ValueError, "All 600 rows of Y have the label -100"),
        (PADDED, "-100", TypeError, "ignore_label is '-100' and Y holds int64"),
        (np.full(N, "a"), -100, TypeError, "ignore_label is -100 and Y holds <U1"),
        (PADDED, True, TypeError, "ignore_label must be a label as it stands in Y"),
        (PADDED, [1], TypeError, "ignore_label must be a label as it stands in Y"),
        (np.zeros((N, 2)), -100, ValueError, "ignore_label needs one label a sample"),
        (PADDED[1:], -100, ValueError, "X has 600 rows, Y has 599 rows"),
    ],
)
def test_bad_input(labels: Any, ignored: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pt.summarise(T, labels, ignore_label=ignored)


def test_a_marker_that_counts_is_pointed_at() -> None:
    with pytest.warns(pt.PIDWarning, match="label -100 in .*pass ignore_label=-100"):
        pt.summarise(np.nan_to_num(T), PADDED, **FAST)


def test_informations_and_the_test_of_independence() -> None:
    """What the note on labels of -100 advises holds wherever it is said."""
    few, kept = np.nan_to_num(T[:, :2]), KEPT["T"][:, :2]
    options: dict[str, Any] = {"estimator": "binning"}
    assert pt.mutual_information(few, PADDED, ignore_label=-100, **options) == (
        pt.mutual_information(kept, KEPT["Y"], **options)
    )
    by_column = pt.mutual_information_by_column(few, PADDED, ignore_label=-100, **options)
    assert (by_column == pt.mutual_information_by_column(kept, KEPT["Y"], **options)).all()
    options |= {"n_permutations": 19}
    found = pt.independence_test(few, PADDED, groups=GROUPS, ignore_label=-100, **options)
    wanted = pt.independence_test(kept, KEPT["Y"], groups=KEPT["G"], **options)
    assert LEFT_OUT in found.notes
    assert (found.information, found.p_value, found.n_samples) == (
        wanted.information,
        wanted.p_value,
        wanted.n_samples,
    )
