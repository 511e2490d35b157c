"""What users bring by accident, through the main question: an answer with a note, or an error."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from helpers import atoms
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

import pidtools as pt
from pidtools._information import entropy

N = 300
RNG = np.random.default_rng(0)
Y = np.arange(N) % 3
T = RNG.normal(size=(N, 4)) + 1.5 * np.eye(4)[Y]
S = T[:, :2] + RNG.normal(size=(N, 2))
CHEAP = pt.Probe(experts=("lda",))


def measure(T=T, S=S, Y=Y, estimator=CHEAP, **options):
    return pt.distillable_knowledge(T, S, Y, estimator=estimator, **options)


def bits_of(labels):
    return entropy(np.bincount(labels) / len(labels))


def noted(result, text):
    return any(text in note for note in result.notes)


def test_a_class_with_fewer_members_than_folds():
    labels = np.where(np.arange(N) < 3, 7, Y)
    result = measure(Y=labels)
    assert noted(result, "T: 1 of 4 classes have fewer rows than the 5 folds (the first is class 3")
    assert result.teacher_information > 0.3
    assert np.isfinite(atoms(result.pid)).all()


@pytest.mark.filterwarnings("ignore:.*150 classes are more than the 100 cells:pidtools.PIDWarning")
def test_every_class_with_two_members():
    labels = np.arange(N) // 2
    X = np.eye(N // 2)[labels][:, :40] + 0.1 * RNG.normal(size=(N, 40))
    result = measure(X, X[:, :20], Y=labels, synergy=False)
    assert noted(result, "T: 2 folds in place of 5: no class has more than 2 rows.")
    assert result.teacher_information <= bits_of(labels)
    assert np.isfinite(atoms(result.pid)).all()


@pytest.mark.filterwarnings("ignore::pidtools.PIDWarning")
def test_more_classes_than_cells():
    """Two rows and a half a class: what the cells lose is said, and nothing exceeds H(Y)."""
    labels = np.sort(RNG.integers(0, 60, N // 2))
    codes = np.unique(labels, return_inverse=True)[1]
    position = np.stack([np.cos(codes / 10), np.sin(codes / 10), codes / 30], axis=1)
    # Fits of 60 classes take long; the experts have no part in what is tested.
    probe = pt.Probe(experts=("lda", "neighbours"))
    result = measure(position, position[:, :2], Y=labels, synergy=False, estimator=probe)
    assert noted(result, "classes have fewer rows than the 5 folds")
    assert 0 < result.teacher_information <= bits_of(codes)
    assert np.isfinite(atoms(result.pid)).all()


@pytest.mark.parametrize("constant", ["T", "S", "T and S"])
def test_constant_sources_know_nothing(constant):
    """To the rounding of float32 posteriors, and of the power that sharpens their cells."""
    nothing = np.full((N, 3), 2.5)
    sources = dict.fromkeys(constant.split(" and "), nothing)
    result = measure(**sources, confidence_level=0.9, n_resamples=10)
    assert result.distilled == pytest.approx(0, abs=1e-5)
    if "T" in constant:
        assert result.teacher_information == pytest.approx(0, abs=1e-5)
        assert result.distillable == pytest.approx(0, abs=1e-5)
        assert result.p_distillable == 1.0
    if "S" in constant:
        assert result.student_information == pytest.approx(0, abs=1e-5)
        assert result.student_only == pytest.approx(0, abs=1e-5)


def test_separable_classes_stop_at_the_entropy():
    far = 100 * np.eye(4)[Y] + RNG.normal(size=(N, 4))
    result = measure(far, far[:, :2])
    for information in (result.teacher_information, result.student_information):
        assert bits_of(Y) - 0.05 < information <= bits_of(Y) + 1e-9
    assert np.isfinite(atoms(result.pid)).all()


def test_duplicated_rows_are_said():
    twice = np.repeat(np.arange(N // 2), 2)
    result = measure(T[twice], S[twice], Y[twice])
    assert noted(result, "T: 50% of the rows repeat another row")
    assert noted(result, "pass groups")


def test_missing_values():
    holed = np.where(np.arange(N)[:, None] == 41, np.nan, T)
    with pytest.raises(ValueError, match=r"^T holds 4 NaN in 1 row \(first at row 41\); drop"):
        measure(holed)
    with pytest.raises(ValueError, match=r"^S holds 4 NaN in 1 row \(first at row 41\); drop"):
        measure(S=holed)


def test_a_classifier_without_probabilities():
    with pytest.raises(TypeError, match=r"^classifier must have predict_proba; LinearSVC has not"):
        measure(estimator=pt.Probe(classifier=LinearSVC()))


def test_posteriors_that_do_not_sum_to_one():
    head = np.full((N, 3), 0.3)
    with pytest.raises(
        ValueError, match=r"^T must hold probabilities that sum to 1 in every row; .* sums to 0\.9"
    ):
        measure(head, head, estimator=pt.Probe(inputs="probabilities", experts=()))


# --- laws that estimates break --------------------------------------------------------------


def broken(**atoms):
    """A result whose atoms are these."""
    import dataclasses

    whole = pt.distillable_knowledge(Y, Y // 2, Y)
    return dataclasses.replace(whole, pid=dataclasses.replace(whole.pid, **atoms))


def test_estimates_are_reported_as_they_came_out_with_a_note(monkeypatch):
    """An estimator that breaks every law on purpose."""
    import dataclasses

    whole = pt.Symbols.decompose

    def off(self, t, s):
        return dataclasses.replace(whole(self, t, s), unique_t=-0.02, redundancy=-0.01)

    monkeypatch.setattr(pt.Symbols, "decompose", off)
    monkeypatch.setattr(pt.Symbols, "joint_information", lambda self, t, s: -0.2)
    result = pt.distillable_knowledge(Y, Y // 2, Y)
    assert (result.distillable, result.distilled) == (-0.02, -0.01)
    (note,) = (note for note in result.notes if note.startswith("Below 0"))
    for name in ("distilled = -0.01", "distillable = -0.02", "synergy = -0.17 bits"):
        assert name in note
    assert "constrained() gives the nearest atoms that obey the laws" in note
    assert noted(result, "The joint information came out below that of one source")
    nats = pt.distillable_knowledge(Y, Y // 2, Y, units="nats")
    assert any("distillable = -0.0139" in note and "nats" in note for note in nats.notes)


def test_the_constrained_version_obeys():
    result = broken(unique_t=-0.02, synergy=-0.1)
    obeys = result.constrained()
    assert (obeys.distillable, obeys.synergy) == (0.0, 0.0)
    assert obeys.distilled == result.distilled
    assert obeys.pid == result.pid.constrained()
    assert obeys.joint_information >= max(obeys.teacher_information, obeys.student_information)
    assert result.distillable == -0.02
    assert obeys.notes == result.notes
    assert broken(synergy=None).constrained().synergy is None


def test_exact_answers_break_no_law():
    result = pt.distillable_knowledge(Y, Y // 2, Y)
    assert not noted(result, "Below 0")
    assert not noted(result, "The joint information came out below")


# --- the p-value of what is left ------------------------------------------------------------


def test_what_is_left_has_a_p_value():
    result = measure(confidence_level=0.9, n_resamples=200, synergy=False)
    assert result.distillable > 0.1
    # The least value that 200 resamples give.
    assert result.p_distillable == pytest.approx(5 / 201)
    assert "p-value of nothing to distil" in result.summary()
    assert result.to_dict()["p_distillable"] == result.p_distillable


def test_nothing_left_is_not_rejected():
    for student in (T, np.hstack([T, T[:, :1]])):
        result = measure(S=student, confidence_level=0.9, n_resamples=20, synergy=False)
        assert result.p_distillable > 0.05
        assert noted(result, "20 resamples allow no p-value of nothing to distil below 0.24")
    reversed_ = measure(S, T, confidence_level=0.9, n_resamples=20, synergy=False)
    assert reversed_.p_distillable > 0.05


def test_without_resamples_there_is_no_p_value():
    result = measure(synergy=False)
    assert result.p_distillable is None
    assert "p_distillable" not in result.to_dict()
    assert "p-value" not in result.summary()


def two_groups_apart(n=200):
    rng = np.random.default_rng(0)
    Y = rng.integers(0, 2, n)
    T, S = rng.normal(size=(2, n, 3))
    return T + Y[:, None], S, Y


@pytest.mark.parametrize("n_groups", [2, 3, 4, 5, 9])
def test_few_groups_make_fewer_folds_and_no_interval_below_four(n_groups):
    T, S, Y = two_groups_apart()
    options = {
        "estimator": pt.Probe(experts=("lda",)),
        "groups": np.arange(len(Y)) % n_groups,
        "synergy": False,
    }
    notes = pt.distillable_knowledge(T, S, Y, **options).notes
    said = any(f"there are only {n_groups} groups" in note for note in notes)
    assert said == (n_groups < 5)
    options |= {"confidence_level": 0.9, "n_resamples": 20}
    if n_groups < 4:
        with pytest.raises(ValueError, match=f"groups holds {n_groups} groups; an interval needs"):
            pt.distillable_knowledge(T, S, Y, **options)
    else:
        found = pt.distillable_knowledge(T, S, Y, **options)
        assert 0 < found.intervals["distillable"].low < found.intervals["distillable"].high


@pytest.mark.parametrize(
    ("groups", "error", "message"),
    [
        ([None, "a"] * 100, ValueError, "groups holds 100 missing values .first at row 0."),
        ([1, "1"] * 100, TypeError, "groups mixes types .int, str."),
        (
            np.array(["2020-01-01", "NaT"] * 100, "M8[D]"),
            ValueError,
            "groups holds 100 missing values .first at row 1.",
        ),
    ],
    ids=["None", "types", "NaT"],
)
def test_groups_that_are_none(groups, error, message):
    T, S, Y = two_groups_apart()
    with pytest.raises(error, match=message):
        pt.distillable_knowledge(T, S, Y, estimator="binning", groups=groups)


def test_a_classifier_is_not_asked_to_learn_one_class():
    T, S, _ = two_groups_apart(60)
    Y = np.zeros(60, int)
    Y[0] = 1
    probe = pt.Probe(classifier=LogisticRegression())
    found = pt.distillable_knowledge(T, S, Y, estimator=probe, synergy=False)
    assert abs(found.distillable) < 0.1


def test_few_resamples_with_an_answer_are_said():
    rng = np.random.default_rng(1)
    T, S, Y = rng.normal(size=(14, 4)), rng.normal(size=(14, 4)), rng.normal(size=(14, 2))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = pt.distillable_knowledge(
            T, S, Y, estimator="gaussian", confidence_level=0.95, n_resamples=100
        )
    assert any("Use more rows" in str(each.message) for each in caught)
    assert any("of 100 resamples had no answer" in note for note in found.notes)
    assert any("resamples allow no p-value" in note for note in found.notes)


def test_single_precision_far_from_zero_is_no_repetition():
    rng = np.random.default_rng(0)
    T = (rng.normal(size=(2000, 16)) + 1000).astype(np.float32)
    Y = rng.integers(0, 2, 2000)
    notes = pt.Probe(experts=("lda",)).summarise(T, Y).notes
    assert not any("repeat" in note for note in notes)
    again = np.vstack([T[:1000], T[:1000]])
    notes = pt.Probe(experts=("lda",)).summarise(again, Y).notes
    assert any("50% of the rows repeat another row" in note for note in notes)


@pytest.mark.parametrize(
    ("n_jobs", "error"), [(0, ValueError), (1.5, TypeError), ("all", TypeError), (True, TypeError)]
)
def test_n_jobs_is_a_whole_number_everywhere(n_jobs, error):
    T, S, Y = np.random.default_rng(0).integers(0, 3, (3, 60))
    calls = (
        lambda: pt.distillable_knowledge(T, S, Y, n_jobs=n_jobs),
        lambda: pt.compare_students(T, S, S, Y, n_jobs=n_jobs),
        lambda: pt.summarise(T, Y, n_jobs=n_jobs),
        lambda: pt.mutual_information(T, Y, n_jobs=n_jobs),
        lambda: pt.mutual_information_by_column(np.eye(3)[T], Y, n_jobs=n_jobs),
        lambda: pt.independence_test(T, Y, n_jobs=n_jobs),
        lambda: pt.broja_batch([np.full((2, 2, 2), 1 / 8)], n_jobs=n_jobs),
        lambda: pt.knn.ksg(np.arange(60.0), Y.astype(float), n_jobs=n_jobs),
    )
    for call in calls:
        with pytest.raises(error, match="n_jobs must be"):
            call()


def test_an_empty_list_of_experts_is_refused():
    with pytest.raises(ValueError, match="experts is empty"):
        pt.Probe(experts=())


@pytest.mark.parametrize("estimator", ["auto", "knn", "gaussian"])
def test_two_floats_are_labels_and_one_is_nothing(estimator):
    T, S, Y = two_groups_apart()
    with pytest.raises(ValueError, match=r"pass np.unique\(Y, return_inverse=True\)"):
        pt.distillable_knowledge(T, S, np.where(Y > 0, 0.25, 0.75), estimator=estimator)
    with pytest.raises(ValueError, match="Y is constant"):
        pt.distillable_knowledge(T, S, np.full(len(Y), 0.5), estimator=estimator)


def test_auto_follows_summaries():
    T, S, Y = two_groups_apart()
    by_neighbours = pt.summarise(T, Y, estimator="knn")
    symbols = np.random.default_rng(1).integers(0, 4, len(Y))
    expected = pt.distillable_knowledge(by_neighbours, symbols, Y, estimator="knn")
    assert pt.distillable_knowledge(by_neighbours, symbols, Y).distillable == expected.distillable
    counts = np.random.default_rng(2).poisson(5, (len(Y), 2)).astype(float)
    gaussian = pt.summarise(T, counts, estimator="gaussian")
    expected = pt.distillable_knowledge(gaussian, S, counts, estimator="gaussian")
    assert pt.distillable_knowledge(gaussian, S, counts).distillable == expected.distillable


def test_notes_of_one_student_are_not_the_others():
    rng = np.random.default_rng(0)
    T, a, b = rng.integers(0, 3, 60), rng.integers(0, 40, 60), rng.integers(0, 50, 60)
    with pytest.warns(pt.PIDWarning):
        found = pt.compare_students(T, a, b, T, n_resamples=100)
    assert any(note.startswith("S_a: ") for note in found.a.notes)
    assert not any(note.startswith("S_b: ") for note in found.a.notes)
    assert not any(note.startswith("S_a: ") for note in found.b.notes)


def test_orders_that_mean_the_same_table_reach_the_observed():
    replicates = np.array([0.1, 0.3, 0.1 + 0.2])
    assert 0.1 + 0.2 > 0.3
    assert pt.resampling.p_value(0.1 + 0.2, replicates) == 0.75


# --- what is near 0 -------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_nothing_known_is_nothing_to_distil(seed):
    """A rare class and noise: information below 0 on one side is no unique of the other."""
    rng = np.random.default_rng(seed)
    labels = np.arange(150) < 3
    noise = rng.normal(size=(2, 150, 3))
    result = pt.distillable_knowledge(*noise, labels, estimator=CHEAP, synergy=False)
    summaries = [CHEAP.summarise(X, labels.astype(int)).information for X in noise]
    assert min(summaries) < 0
    assert result.teacher_information == pytest.approx(max(summaries[0], 0), abs=1e-9)
    assert 0 <= result.distillable <= result.teacher_information + 1e-9
    assert noted(result, "counts as 0 where it comes out below")


def test_rounding_is_nothing_to_distil():
    """Equal outputs of a head: their difference is rounding, and no interval leaves 0 out."""
    sure = np.eye(2)[Y % 2]
    probe = pt.Probe(inputs="probabilities", experts=())
    result = measure(
        sure, sure, Y % 2, estimator=probe, synergy=False, confidence_level=0.95, n_resamples=40
    )
    assert result.distillable == pytest.approx(0, abs=1e-6)
    assert result.intervals["distillable"].low == 0
    assert result.p_distillable == 1
    assert not any("Below 0" in note for note in result.notes)


def test_integers_that_hardly_repeat_are_numbers():
    ranks = RNG.permutation(200)
    labels = ranks // 100
    few = pt.mutual_information(ranks // 40, labels, estimator=CHEAP)
    assert few > 0.5
    assert pt.mutual_information(ranks, labels, estimator=CHEAP) > 0.8


def test_a_source_without_news_is_said_to_be_silent():
    result = measure(T=np.full((N, 2), 3.0))
    assert noted(result, "T: all rows are the same")
    narrow = measure(estimator=pt.Probe(experts=("ridge",)), synergy=False)
    assert noted(narrow, "T: no expert had anything to say")
    assert not any("cells keep" in note for note in narrow.notes)


# --- groups ---------------------------------------------------------------------------------


def test_groups_that_keep_a_class_together_are_warned_of():
    with pytest.warns(pt.PIDWarning, match="X: groups keep all rows of 3 of 3 classes in one fold"):
        pt.summarise(T, Y, estimator=CHEAP, groups=Y)


def test_rows_that_mislead_are_warned_of():
    """Two groups a class, each with an offset of its own: more of them make the fits worse."""
    groups = Y % 2 + 2 * (np.arange(N) < N // 2)
    rng = np.random.default_rng(0)
    X = 3 * rng.normal(size=(4, 3))[groups] + rng.normal(size=(N, 3))
    with pytest.warns(pt.PIDWarning) as caught:
        pt.summarise(X, Y % 2, estimator=CHEAP, groups=groups)
    assert any("can't be trusted" in str(w.message) for w in caught)


def test_intervals_from_few_groups_are_said_to_be_narrow():
    groups = np.arange(N) // 10
    result = measure(groups=groups, confidence_level=0.9, n_resamples=10, synergy=False)
    assert noted(result, "rest on 30 groups")


@pytest.mark.filterwarnings("ignore::pidtools.PIDWarning")
@pytest.mark.parametrize("estimator", [CHEAP, "binning", "knn", "kmeans"])
@pytest.mark.parametrize("n_groups", [2, 3])
def test_too_few_groups_are_refused_before_anything_is_resampled(monkeypatch, estimator, n_groups):
    """One rule: tables of two groups, drawn again, would give intervals of no width."""
    monkeypatch.setattr(pt.resampling, "replicate", None)
    groups = np.arange(N) % n_groups
    with pytest.raises(ValueError, match=f"groups holds {n_groups} groups; an interval needs at"):
        measure(
            estimator=estimator,
            groups=groups,
            confidence_level=0.9,
            n_resamples=10,
            synergy=False,
        )


def test_summaries_of_other_folds_do_not_meet():
    t = pt.summarise(T, Y, estimator=CHEAP, random_state=1)
    with pytest.raises(ValueError, match="summarised with different folds"):
        measure(T=t, random_state=2, synergy=False)


# --- options of the probe -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"experts": ["lda"]}, TypeError, "experts must be a tuple of names"),
        ({"experts": "lda"}, TypeError, "experts must be a tuple of names"),
        ({"experts": 5}, TypeError, "experts must be a tuple of names"),
        ({"classifier": LogisticRegression}, TypeError, "classifier is the class Logistic"),
        (
            {"classifier": LogisticRegression(), "experts": ("lda",)},
            ValueError,
            "exclude each other",
        ),
    ],
)
def test_options_of_the_probe_that_make_no_sense(options, error, message):
    with pytest.raises(error, match=message):
        pt.Probe(**options)
