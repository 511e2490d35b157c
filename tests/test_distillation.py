"""The main question, from arrays to atoms with the names of the task."""

from __future__ import annotations

import dataclasses
import json
import pickle
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from helpers import EXACT, Chosen, all_said, atoms, known, pmf_problem, sampled_problem

import pidtools as pt
from pidtools import _measuring
from pidtools._information import said_in
from pidtools._types import Array, Codes, Floats
from pidtools.problems.pmf import PmfProblem

GATES = ["XOR", "AND", "OR", "COPY", "COPY6", "UNQ", "RDN", "RDNXOR", "RDNUNQXOR", "SUM"]
Y = np.arange(1200) % 4
T, S = Y, Y // 2
CLUSTERS: dict[str, Any] = {"estimator": "kmeans"}  # the fastest for features, where any would do
CHEAP = pt.Probe(experts=("lda",))


def truth_table(problem: PmfProblem, repeats: int = 1) -> Iterator[Codes]:
    """Rows whose relative frequencies are the pmf of a gate, which is a uniform one."""
    t, s, y = np.nonzero(problem.pmf)
    weight = problem.pmf[t, s, y] / problem.pmf[t, s, y].min()
    rows = np.rint(weight).astype(int) * repeats
    assert np.abs(weight - np.rint(weight)).max() < 1e-9
    return (np.repeat(codes, rows) for codes in (t, s, y))


def noisy_layers(n: int = 800, seed: int = 0) -> tuple[Floats, Floats, Codes]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    T, S = (rng.standard_normal((n, 6)) + 2 * np.eye(6)[labels] for _ in range(2))
    return T, S, labels


def few_samples() -> tuple[Codes, Codes, Codes]:
    """A student of two samples a symbol."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300)
    return labels, np.arange(300) // 2, labels


# --- the numbers ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", GATES)
@pytest.mark.parametrize("repeats", [1, 30])
def test_truth_tables_are_exact(name: str, repeats: int) -> None:
    problem = pmf_problem(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pt.PIDWarning)  # one row a cell, on purpose
        result = pt.distillable_knowledge(*truth_table(problem, repeats))
    expected = problem.pid
    found = (result.distilled, result.distillable, result.student_only, result.synergy)
    assert found == pytest.approx(tuple(atoms(expected)), abs=result.pid.gap + expected.gap + EXACT)


def test_names_of_the_task_are_the_atoms() -> None:
    result = pt.distillable_knowledge(T, S, Y)
    pid = result.pid
    assert (result.distillable, result.distilled) == (pid.unique_t, pid.redundancy)
    assert (result.student_only, result.synergy) == (pid.unique_s, pid.synergy)
    assert result.teacher_information == pid.information_t
    assert result.student_information == pid.information_s
    assert result.joint_information == pid.joint_information
    assert result.fraction_distilled == pid.redundancy / pid.information_t == 0.5
    assert (result.n_samples, result.n_classes, result.units) == (1200, 4, "bits")


def test_swapping_teacher_and_student_swaps_their_atoms() -> None:
    X, Z, labels = noisy_layers()
    result = pt.distillable_knowledge(X, Z, labels, **CLUSTERS)
    swapped = pt.distillable_knowledge(Z, X, labels, **CLUSTERS)
    tolerance = result.pid.gap + swapped.pid.gap + EXACT
    assert swapped.distillable == pytest.approx(result.student_only, abs=tolerance)
    assert swapped.distilled == pytest.approx(result.distilled, abs=tolerance)
    assert swapped.synergy == pytest.approx(result.synergy, abs=tolerance)


def test_a_student_that_is_the_teacher_has_all_of_it() -> None:
    X, _, labels = noisy_layers()
    result = pt.distillable_knowledge(X, X, labels, **CLUSTERS)
    assert result.distillable == pytest.approx(0, abs=result.pid.gap + EXACT)
    assert result.student_only == pytest.approx(0, abs=result.pid.gap + EXACT)
    assert result.synergy == pytest.approx(0, abs=result.pid.gap + EXACT)
    assert result.fraction_distilled == pytest.approx(1, abs=1e-5)


def test_informations_are_those_of_each_source() -> None:
    X, Z, labels = noisy_layers()
    result = pt.distillable_knowledge(X, Z, labels, estimator=CHEAP)
    for found, source in ((result.teacher_information, X), (result.student_information, Z)):
        expected = pt.mutual_information(source, labels, estimator=CHEAP)
        assert found == pytest.approx(expected, abs=EXACT)


def test_without_synergy_the_rest_is_the_same() -> None:
    X, Z, labels = noisy_layers()
    whole = pt.distillable_knowledge(X, Z, labels, **CLUSTERS)
    less = pt.distillable_knowledge(X, Z, labels, synergy=False, **CLUSTERS)
    assert less.synergy is None
    assert less.joint_information is None
    assert less.pid.co_information is None
    assert atoms(less.pid).tolist() == atoms(whole.pid)[:3].tolist()


def test_units() -> None:
    bits = pt.distillable_knowledge(T, S, Y)
    nats = pt.distillable_knowledge(T, S, Y, units="nats")
    assert nats.units == "nats"
    assert atoms(nats.pid) == pytest.approx(atoms(bits.pid) * np.log(2), abs=EXACT)
    assert nats.fraction_distilled == pytest.approx(bits.fraction_distilled, abs=EXACT)


def test_the_same_seed_gives_the_same_answer() -> None:
    X, Z, labels = noisy_layers()
    estimator = pt.KMeansBinning(n_clusters=12)
    results = [
        pt.distillable_knowledge(X, Z, labels, estimator=estimator, random_state=seed)
        for seed in (3, 3, 4)
    ]
    assert results[0] == results[1]
    assert results[0] != results[2]


@pytest.mark.parametrize("name", ["shift_ordered", "degraded", "two_attributes", "xor_signs"])
def test_sampled_problems_run_and_obey_the_laws(name: str) -> None:
    """The clusters lose much; what is left is still a decomposition."""
    result = pt.distillable_knowledge(*sampled_problem(name).sample(2000), **CLUSTERS)
    assert atoms(result.pid).min() >= -result.pid.gap - EXACT
    total = result.distilled + result.distillable + result.student_only + known(result.synergy)
    assert result.joint_information == pytest.approx(total, abs=EXACT)


# --- summaries ------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["T", "S", "T and S"])
@pytest.mark.parametrize(
    "estimator",
    [CHEAP, pt.Binning(n_bins=2), pt.KMeansBinning(4, 5)],
    ids=["probe", "binning", "kmeans"],
)
def test_a_summary_stands_for_its_array(which: str, estimator: Chosen) -> None:
    X, Z, labels = noisy_layers()
    X, Z = X[:, :2], Z[:, :2]
    options: dict[str, Any] = {"estimator": estimator, "random_state": 3}
    expected = pt.distillable_knowledge(X, Z, labels, **options)
    T_, S_ = (
        pt.summarise(x, labels, **options) if name in which else x
        for name, x in (("T", X), ("S", Z))
    )
    assert pt.distillable_knowledge(T_, S_, labels, **options) == expected


def test_a_summary_stands_for_its_array_when_it_warns() -> None:
    """The warning came with the summary; the notes still carry it."""
    teacher, student, labels = few_samples()
    with pytest.warns(pt.PIDWarning, match=r"^X: 300 samples in \d+ occupied cells"):
        summary = pt.summarise(student, labels)
    with pytest.warns(pt.PIDWarning, match=r"^S: 300 samples in \d+ occupied cells"):
        expected = pt.distillable_knowledge(teacher, student, labels, synergy=False)
    assert pt.distillable_knowledge(teacher, summary, labels, synergy=False) == expected


def test_a_summary_of_other_labels_is_refused() -> None:
    teacher = pt.summarise(T, Y)
    with pytest.raises(ValueError, match=r"^T was summarised with other labels than Y"):
        pt.distillable_knowledge(teacher, S, np.roll(Y, 1))
    with pytest.raises(ValueError, match=r"^S was summarised with other labels than Y"):
        pt.distillable_knowledge(T, pt.summarise(S, Y // 2), Y)
    with pytest.raises(ValueError, match=r"T has 1200 rows, S has 600 rows, Y has 600 rows"):
        pt.distillable_knowledge(teacher, S[:600], Y[:600])


def test_a_summary_knows_its_size_and_information() -> None:
    summary = pt.summarise(T, Y)
    assert summary.n_samples == 1200
    assert summary.information == pytest.approx(2.0, abs=EXACT)
    assert "codes" not in repr(summary)


# --- notes and warnings ---------------------------------------------------------------------


def test_details_say_what_auto_chose() -> None:
    result = pt.distillable_knowledge(T, S, Y)
    chosen = 'T and S: looked at by Symbols(), as estimator="auto" chose.'
    assert result.details().splitlines()[0] == chosen
    assert result.estimator_t == result.estimator_s == pt.Symbols()
    X, _, labels = noisy_layers()
    named = pt.distillable_knowledge(X, X, labels, **CLUSTERS)
    assert not any("auto" in note for note in all_said(named))
    binned = pt.summarise(Y.astype(float), Y, estimator=pt.Binning("uniform", n_bins=4))
    mixed = pt.distillable_knowledge(binned, S, Y)
    first, second = mixed.details().splitlines()[:2]
    assert first.startswith("T: looked at by Binning(")
    assert second == 'S: looked at by Symbols(), as estimator="auto" chose.'


@pytest.mark.slow
def test_auto_sends_symbols_and_features_to_one_probe() -> None:
    X, _, labels = noisy_layers(n=300)
    symbols = np.where(labels == 0, "a", "b")
    result = pt.distillable_knowledge(X, symbols, labels, synergy=False)
    assert result.estimator_t == result.estimator_s == pt.Probe()
    assert result.details().startswith("T and S: looked at by Probe(")
    # The symbols know whether the label is 0, up to .05 bits of estimation from 300 rows.
    share = (labels == 0).mean()
    exact = -share * np.log2(share) - (1 - share) * np.log2(1 - share)
    assert result.student_information == pytest.approx(exact, abs=0.05)


def test_auto_follows_a_summary() -> None:
    X, Z, labels = noisy_layers(n=300)
    probed = pt.summarise(X, labels, estimator=CHEAP)
    assert pt.distillable_knowledge(probed, Z, labels, synergy=False).estimator_s == CHEAP
    assert pt.distillable_knowledge(Z, probed, labels, synergy=False).estimator_t == CHEAP
    assert pt.distillable_knowledge(probed, labels, labels, synergy=False).estimator_s == CHEAP
    counted = pt.summarise(labels, labels)
    assert pt.distillable_knowledge(counted, labels, labels).estimator_s == pt.Symbols()
    with pytest.raises(TypeError, match=r"^S holds features and T was summarised by Symbols\(\)"):
        pt.distillable_knowledge(counted, X, labels)


def test_notes_say_what_limits_the_trust() -> None:
    notes = all_said(pt.distillable_knowledge(T, S, Y))
    for line in (
        "T: 4 cells hold at most 2.00 bits of H(Y) = 2.00 bits; 300 samples a cell on average",
        "S: 2 cells hold at most 1.00 bits of H(Y) = 2.00 bits; 600 samples a cell on average",
    ):
        assert any(note.startswith(line) for note in notes)


def test_every_note_is_a_sentence() -> None:
    X, Z, labels = noisy_layers()
    for sources, options in (
        ((X, Z, labels), CLUSTERS),
        ((X, Z, labels), {"estimator": CHEAP}),
        ((T, S, Y), {}),
    ):
        result = pt.distillable_knowledge(*sources, **options)
        assert all(note.endswith(".") for note in all_said(result))
        assert len(set(all_said(result))) == len(all_said(result))


def test_few_samples_warn_once_at_the_callers_line_and_among_the_warnings() -> None:
    with pytest.warns(pt.PIDWarning, match="are too few") as caught:
        result = pt.distillable_knowledge(*few_samples(), synergy=False)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    message = str(caught[0].message)
    assert message.startswith("S: 300 samples")
    assert [note for note in all_said(result) if "too few" in note] == [message]


def test_a_triple_with_few_samples_has_its_own_warning() -> None:
    rng = np.random.default_rng(1)
    X, Z, labels = (rng.integers(0, k, 400) for k in (20, 20, 2))
    with pytest.warns(pt.PIDWarning, match=r"^synergy: ") as caught:
        result = pt.distillable_knowledge(X, Z, labels)
    assert str(caught[0].message) in result.warnings
    assert {w.filename for w in caught} == {__file__}


def test_a_solver_stopped_early_is_among_the_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    from pidtools._cells import summary as cells

    X, Z, labels = noisy_layers()
    monkeypatch.setattr(cells, "TABLE_TOLERANCE", 1e-300)
    with pytest.warns(pt.PIDWarning, match="certified gap above tol") as caught:
        result = pt.distillable_knowledge(X, Z, labels, **CLUSTERS)
    assert str(caught[0].message) in result.warnings
    assert caught[0].filename == __file__


def test_a_teacher_that_knows_nothing_has_no_fraction() -> None:
    result = pt.distillable_knowledge(np.zeros(1200, dtype=int), S, Y)
    assert result.fraction_distilled is None
    assert any("T knows nothing of Y" in note for note in all_said(result))
    assert "fraction distilled" not in result.summary()
    assert result.to_dict()["fraction_distilled"] is None


# --- what comes out -------------------------------------------------------------------------


def test_summary_text() -> None:
    text = pt.distillable_knowledge(T, S, Y).summary()
    lines = text.splitlines()[2:]  # below the verdict
    assert text.startswith("The student holds 1.00 of the 2.00 bits that the teacher knows of Y; ")
    assert lines[0] == "1200 samples, 4 classes, in bits"
    rows = {line.strip().rsplit(maxsplit=1)[0]: line.split()[-1] for line in lines[1:8]}
    assert rows["distilled        Red(Y : T, S)"] == "1.0000"
    assert rows["distillable      Uni(Y : T \\ S)"] == "1.0000"
    assert rows["student only     Uni(Y : S \\ T)"] == "0.0000"
    assert rows["fraction distilled"] == "50.0%"
    assert "cells hold at most" not in text
    assert "not asked" in pt.distillable_knowledge(T, S, Y, synergy=False).summary()


@pytest.mark.parametrize("options", [{}, {"synergy": False}, {"units": "nats"}], ids=str)
def test_to_dict_survives_json(options: Any) -> None:
    result = pt.distillable_knowledge(T, S, Y, **options)
    found = result.to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["schema_version"] == 2
    for name in ("distillable", "distilled", "student_only", "synergy", "units", "n_samples"):
        assert found[name] == getattr(result, name)
    assert found["estimator_t"] == "Symbols()"
    assert found["gap"] == result.pid.gap
    assert found["outcome"] in pt.Outcome.__members__
    assert all(
        value is None or isinstance(value, (str, float, int, list)) for value in found.values()
    )


def test_keys_of_the_dictionary() -> None:
    """A key that goes or changes its meaning raises the schema version."""
    assert list(pt.distillable_knowledge(T, S, Y).to_dict()) == [
        "schema_version",
        "verdict",
        "distillable",
        "distilled",
        "student_only",
        "synergy",
        "teacher_information",
        "student_information",
        "joint_information",
        "fraction_distilled",
        "units",
        "measure",
        "gap",
        "outcome",
        "estimator_t",
        "estimator_s",
        "n_samples",
        "n_classes",
        "warnings",
        "notes",
        "details",
    ]


def test_results_cannot_be_changed() -> None:
    result = pt.distillable_knowledge(T, S, Y)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'n_samples'"):
        result.n_samples = 3  # type: ignore[misc]


def test_results_survive_pickling() -> None:
    """They travel between worker processes."""
    import pickle

    result = pt.distillable_knowledge(T, S, Y)
    assert pickle.loads(pickle.dumps(result)) == result
    with pytest.raises(pt.PIDError, match="stopped") as caught:
        raise pickle.loads(pickle.dumps(pt.PIDError("stopped", pt.Outcome.no_answer)))
    assert caught.value.outcome is pt.Outcome.no_answer


@pytest.mark.parametrize("units", ["bits", "nats"])
def test_no_interval_ends_above_the_entropy_of_even_classes(units: pt.Units) -> None:
    rng = np.random.default_rng(0)
    Y = rng.integers(0, 3, 60)
    T = np.where(rng.random(60) < 0.98, Y, 0)
    result = pt.distillable_knowledge(
        T, rng.integers(0, 2, 60), Y, units=units, confidence_level=0.95, random_state=0
    )
    highest = np.log2(3) if units == "bits" else np.log(3)
    ends = [interval.high for interval in result.intervals.values()]
    assert max(ends) == pytest.approx(highest)


# --- units of notes, bounds of p-values -------------------------------------------------------


def numbers_before(unit: str, notes: Sequence[str]) -> list[float]:
    return [float(x) for note in notes for x in re.findall(rf"([-+.\de]+) {unit}\b", note)]


@pytest.mark.parametrize(
    "estimator", ["kmeans", "knn", pt.Binning(n_bins=4), pt.Probe(experts=("lda",))]
)
def test_notes_and_warnings_are_in_the_units_asked_for(estimator: Chosen) -> None:
    X, Z, labels = noisy_layers(n=200)
    found = {}
    for units in ("bits", "nats"):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            r = pt.distillable_knowledge(X, Z, labels, estimator=estimator, units=units)
        found[units] = (*all_said(r), *(str(w.message) for w in caught))
    assert numbers_before("bits", found["bits"])
    assert not any(re.search(r"\bbits\b", note) for note in found["nats"])
    bits, nats = (numbers_before(units, found[units]) for units in ("bits", "nats"))
    # Two digits of each.
    assert np.allclose(nats, np.log(2) * np.array(bits), rtol=0.06, atol=1e-3)


def test_an_information_in_a_text_is_converted_once() -> None:
    text = "A of 1.500 bits, +0.02 bits, -3e-05 bits; 64 columns, 0.00 bits."
    said = said_in("nats", text)
    assert said == "A of 1.040 nats, +0.014 nats, -2.1e-05 nats; 64 columns, 0.0 nats."
    assert said_in("nats", said) == said
    assert said_in("bits", text) == text


@pytest.mark.slow
def test_a_p_value_at_its_least_is_a_bound() -> None:
    found = pt.distillable_knowledge(T, S, Y, confidence_level=0.9, n_resamples=100)
    assert found.p_distillable == pytest.approx(5 / 101)
    assert found.p_distillable_is_bound
    assert "<= 0.0495" in found.summary()
    assert found.to_dict()["p_distillable_is_bound"] is True
    assert any("p_distillable: at most 0.05, the least" in note for note in all_said(found))
    nothing = pt.distillable_knowledge(S, T, Y, confidence_level=0.9, n_resamples=100)
    assert not nothing.p_distillable_is_bound
    assert "<=" not in nothing.summary()
    assert "p_distillable_is_bound" not in pt.distillable_knowledge(S, T, Y).to_dict()


@pytest.mark.slow
def test_many_cells_that_know_nothing_leave_nothing_to_distil() -> None:
    """Sampling alone adds .027 bits, ten times as much as they scatter."""
    rejected = 0
    for seed in range(4):
        rng = np.random.default_rng(seed)
        X, Z, labels = (rng.integers(0, k, 5000) for k in (64, 2, 4))
        with pytest.warns(
            pt.PIDWarning, match=r"many for 5000 rows; sampling alone adds about 0\.02"
        ):
            found = pt.distillable_knowledge(
                X, Z, labels, confidence_level=0.95, n_resamples=100, synergy=False
            )
        assert found.intervals["distillable"].low == 0
        assert found.distillable in found.intervals["distillable"]
        rejected += known(found.p_distillable) <= 0.05
        assert any("independence_test" in note for note in all_said(found))
    assert rejected == 0


def of_ignorant_teacher(
    n_symbols: int, n_classes: int, seed: int, n_resamples: int = 100
) -> pt.DistillableKnowledge:
    """A teacher that knows nothing; S is Y, at times another class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_classes, 2000)
    noisy = np.where(rng.random(2000) < 0.5, labels, rng.integers(0, n_classes, 2000))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pt.PIDWarning)
        return pt.distillable_knowledge(
            rng.integers(0, n_symbols, 2000), noisy, labels,
            confidence_level=0.95, n_resamples=n_resamples, synergy=False, random_state=seed,
        )  # fmt: skip


@pytest.mark.slow
def test_cells_of_less_than_a_sample_a_class_are_not_taken_for_knowledge() -> None:
    """Two fifths of a bit seem left to distil; resampling says that less of them is chance."""
    for seed in range(2):
        found = of_ignorant_teacher(256, 10, seed, n_resamples=20)
        assert found.distillable > 0.35
        assert found.intervals["distillable"].low == 0
        assert found.intervals["teacher_information"].low < 0.03


@pytest.mark.slow
@pytest.mark.parametrize(("n_symbols", "n_classes"), [(64, 4), (256, 4), (256, 10)])
def test_symbols_that_know_nothing_are_rejected_as_rarely_as_stated(
    n_symbols: int, n_classes: int
) -> None:
    """Of 25 at 5 % each no more than 4, which a test of that level passes in 99 %."""
    found = [of_ignorant_teacher(n_symbols, n_classes, seed) for seed in range(25)]
    assert sum(known(each.p_distillable) <= 0.05 for each in found) <= 4
    for name in ("distillable", "distilled", "teacher_information"):
        assert sum(each.intervals[name].low > 0 for each in found) <= 4


@pytest.mark.slow
def test_intervals_of_many_cells_hold_the_truth_and_effects_are_found() -> None:
    """A fifth of the rows copy Y, through 16 symbols a class."""
    copied = 0.2
    p = np.full((4, 4), (1 - copied) / 16) + copied * np.eye(4) / 4
    exact = (p * np.log2(p * 16)).sum()
    for seed in range(3):
        rng = np.random.default_rng(seed)
        (labels, other), coin = rng.integers(0, 4, (2, 4000)), rng.random(4000)
        X = np.where(coin < copied, labels, other) * 16 + rng.integers(0, 16, 4000)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pt.PIDWarning)
            found = pt.distillable_knowledge(
                X, rng.integers(0, 2, 4000), labels,
                confidence_level=0.95, n_resamples=100, synergy=False,
            )  # fmt: skip
        assert exact in found.intervals["distillable"]
        assert known(found.p_distillable) <= 0.05


# ---------------------------------------------------------------- one summary, many questions


@pytest.mark.parametrize("estimator", ["kmeans", "binning", "symbols", "knn", "probe", "gaussian"])
@pytest.mark.slow
def test_reused_summaries_have_the_intervals_of_their_arrays(estimator: str) -> None:
    rng = np.random.default_rng(0)
    y: Array = rng.integers(0, 3, 240)
    T = rng.normal(size=(240, 2)) + y[:, None]
    S, Y = T[:, :1] + rng.normal(size=(240, 1)), y
    if estimator == "symbols":
        T, S = (X.round().astype(int) for X in (T[:, 0], S[:, 0]))
    if estimator == "gaussian":
        Y = y + rng.normal(size=240)
    own: dict[str, Chosen] = {"probe": pt.Probe(experts=("lda",)), "binning": pt.Binning(n_bins=2)}
    how = own.get(estimator, estimator)
    groups = np.arange(240) // 2
    options: dict[str, Any] = {"groups": groups, "confidence_level": 0.9, "n_resamples": 10}
    t, s = (pt.summarise(X, Y, estimator=how, groups=groups) for X in (T, S))
    expected = pt.distillable_knowledge(T, S, Y, estimator=how, **options)
    given: tuple[tuple[Any, Any], ...] = ((t, s), (t, S), (T, s))
    for teacher, student in given:
        found = pt.distillable_knowledge(teacher, student, Y, estimator=how, **options)
        assert found.pid.atoms == expected.pid.atoms
        assert found.intervals == expected.intervals


@pytest.mark.filterwarnings("ignore:.*effective dimensions are many:pidtools.PIDWarning")
@pytest.mark.parametrize("estimator", ["kmeans", "knn", pt.Probe(experts=("lda",))])
def test_what_goes_to_a_worker_holds_the_activations_once(estimator: Chosen) -> None:
    rng = np.random.default_rng(0)
    y, T, S = rng.integers(0, 2, 300), *rng.normal(size=(2, 300, 400))
    t, s = (pt.summarise(X, y, estimator=estimator) for X in (T, S))
    again = _measuring.Again.of((t.estimator.pair(t, s),))
    assert len(pickle.dumps(again)) < 1.1 * (T.nbytes + S.nbytes)


@pytest.mark.slow
def test_warnings_come_once_at_the_line_of_the_user() -> None:
    rng = np.random.default_rng(0)
    T, a, b, Y = rng.normal(size=(4, 14, 3))
    for call in (
        lambda: pt.distillable_knowledge(T, a, Y, estimator="gaussian", confidence_level=0.95),
        lambda: pt.compare_students(T, a, b, Y, estimator="gaussian"),
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call()
        texts = [str(warning.message) for warning in caught]
        assert texts
        assert len(set(texts)) == len(texts)
        assert {warning.filename for warning in caught} == {__file__}
