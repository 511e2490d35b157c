"""What is said of results: told apart, in order, each once; written down and read again."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from helpers import unheard

import pidtools as pt
from pidtools import _notebook
from pidtools._layers import Best
from pidtools._remarks import Rank, Remark, arranged, headline, of_table, packed, unpacked
from pidtools._result import Units
from pidtools._written import AsWritten

Y = np.arange(400) % 4
FLIPPED = np.where(np.random.default_rng(0).random(400) < 0.9, Y, (Y + 1) % 4)


def _results() -> dict[str, Any]:
    """One of every kind, cheap."""
    options: dict[str, Any] = {"n_resamples": 20, "confidence_level": 0.9}
    many = np.arange(400) // 2  # 200 symbols: too few rows
    with unheard():
        knowledge = pt.distillable_knowledge(FLIPPED, Y // 2, Y, **options)
        layers = {"h/1": FLIPPED, "bad": np.zeros(3, dtype=int)}
        ranking = pt.rank_teachers({"a": FLIPPED, "b": Y}, Y // 2, Y, **options)
        steps = {0: Y // 4, 2: Y // 2, 5: FLIPPED}
        return {
            "knowledge": knowledge,
            "plain": pt.distillable_knowledge(FLIPPED, Y // 2, Y, synergy=False),
            "doubtful": pt.distillable_knowledge(FLIPPED, many, Y, units="nats"),
            "comparison": pt.compare_students(FLIPPED, Y // 2, Y % 2, Y, **options),
            "map": pt.distillation_map(
                layers, {"s1": Y // 2, "s2": many}, Y, uncertainty="bootstrap", **options
            ),
            "map without intervals": pt.distillation_map(layers, {"s1": Y // 2}, Y),
            "ranking": ranking,
            "best": ranking.best(),
            "trace": pt.distillation_trace(Y, steps, Y, baseline=steps, n_resamples=50),
            "trace without bands": pt.distillation_trace(Y, steps, Y, confidence_level=None),
            "independence": pt.independence_test(FLIPPED, Y, n_permutations=19),
            "weight": pt.distillation_weight(FLIPPED, Y // 2, Y, **options),
            "pid": pt.broja_from_pairs(np.diag([0.5, 0.5]), np.full((2, 2), 0.25)),
            "gaussian pid": pt.gaussian_pid(np.eye(3) + 0.4, dims=(1, 1, 1)),
            "classes": knowledge.by_class(),
            "pairs": knowledge.by_pair(),
        }


RESULTS = _results()
KINDS = list(RESULTS)


# --- the remarks themselves -----------------------------------------------------------------


def test_remarks_are_arranged_by_kind_and_by_what_is_at_stake() -> None:
    first = Remark("a number is void; for a reason.", "warning", Rank.void)
    given = [
        Remark("how.", "detail", Rank.void, ("T",)),
        Remark("what it is.", "note", Rank.general),
        Remark("few rows.", "note", Rank.starved, ("S_b",)),
        Remark("few rows.", "warning", Rank.starved),
        Remark("few rows.", "note", Rank.starved, ("S_a",)),
        first,
        Remark("few rows.", "note", Rank.starved, ("S_b",)),
    ]
    found = arranged(given)
    assert [str(own) for own in found] == [
        "A number is void; for a reason.",
        "Few rows.",
        "S_b and S_a: few rows.",
        "What it is.",
        "T: how.",
    ]
    assert arranged(found) == found
    assert headline(str(first)) == "A number is void"
    assert headline("1.5 of 2 rows. More.") == "1.5 of 2 rows"
    assert len(headline("word " * 60)) <= 94


def test_many_names_are_counted() -> None:
    remark = Remark("few rows.", of=tuple("abcdef"))
    assert str(remark) == "a, b, c, d and 2 more: few rows."


def test_a_table_says_what_is_said_of_all_rows() -> None:
    every, rare = Remark("of every row."), Remark("of one row.")
    doubt = Remark("wrong.", "warning", Rank.void, ("T",))
    by_size = [Remark(f"up to {k} bits.", of=(f"s{k}",)) for k in range(3)]
    rows = [[every, by_size[0]], [every, by_size[1], rare, doubt], [every, by_size[2]]]
    found = [str(own) for own in of_table(rows, "pairs", lambda k: f"m[{k}].notes")]
    assert found == [
        "T: wrong.",
        "Of every row.",
        "s0: up to 0 bits. (Other pairs have such a note with other figures.)",
        "1 note is about some of the pairs alone, such as m[1].notes (at the command line: "
        "in the rows of --json).",
    ]
    assert of_table([], "pairs", str) == ()


def test_remarks_are_packed_with_all_that_is_known() -> None:
    given = (
        Remark("wrong.", "warning", Rank.void, ("T", "S")),
        Remark("so.", "detail", is_whole=True),
    )
    assert unpacked(json.loads(json.dumps(packed(given)))) == given
    for wrong in (
        None,
        3,
        "ab",
        [["a"]],
        [["a", "b", 0, [], False]],
        [["a", "note", 99, [], True]],
    ):
        with pytest.raises(ValueError, match="its remarks are no remarks"):
            unpacked(wrong)
    with pytest.raises(ValueError, match="no remarks"):
        unpacked([["a", "note", 0, "T", False]])


# --- on results -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_result_shows_itself_in_a_line(kind: str) -> None:
    shown = repr(RESULTS[kind])
    assert len(shown) <= 200
    assert "\n" not in shown
    if kind != "weight":  # a float
        assert shown.startswith(f"{type(RESULTS[kind]).__name__}(")
        assert shown.endswith(")")


def test_rows_and_the_rest_show_themselves_in_a_line() -> None:
    with unheard():
        summary = pt.summarise(FLIPPED, Y)
    others = [
        *RESULTS["map"],
        *RESULTS["ranking"],
        *RESULTS["trace"],
        summary,
        pt.knn.entropy(np.random.default_rng(0).normal(size=50)),
        pt.redundancy_and_gradient(np.full((2, 2), 0.25), np.full((2, 2), 0.25)),
        pt.broja_batch(np.full((3, 2, 2, 2), 1 / 8)),
    ]
    for own in others:
        assert len(repr(own)) <= 200
        assert "\n" not in repr(own)
        assert repr(own).startswith(f"{type(own).__name__}(")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_summaries_begin_with_the_verdict_and_fit(
    kind: str, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    result = RESULTS[kind]
    text = result.summary()
    joined = " ".join(text.split())
    assert joined.startswith(" ".join(result.verdict.split()))
    for said in getattr(result, "warnings", ()):
        assert f"Warning: {' '.join(said.split())}" in joined
    for said in getattr(result, "notes", ()):
        assert f"- {' '.join(said.split())}" in joined
    room = min(int(columns), _notebook.WIDEST)
    if room >= 80:
        assert max(map(len, text.splitlines())) <= room


def test_a_map_of_many_layers_goes_on_below(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    students = {f"block{k}.layer": Y // 2 for k in range(14)}
    found = pt.distillation_map({"a": Y, "head": Y % 2}, students, Y)
    lines = found.summary().splitlines()
    assert max(map(len, lines)) <= 80
    heads = [line.split()[3:] for line in lines if line.startswith("teacher / student")]
    assert [name for own in heads for name in own] == list(students)
    cells = [line.split()[1:] for line in lines if line.startswith("head ")]
    assert [cell for own in cells for cell in own] == ["1.0000"] * 14


@pytest.mark.parametrize("kind", KINDS)
def test_pages_begin_with_the_verdict_of_the_terminal(kind: str) -> None:
    import html

    result = RESULTS[kind]
    page = html.unescape(result._repr_html_())
    assert result.verdict in page
    for said in getattr(result, "warnings", ()):
        assert f"<strong>Warning:</strong> {said}" in page


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_said_twice(kind: str) -> None:
    result = RESULTS[kind]
    said = [*getattr(result, "warnings", ()), *getattr(result, "notes", ())]
    assert len(set(said)) == len(said)
    assert all(each.endswith((".", ")")) for each in said)


def test_a_verdict_says_what_speaks_against_it() -> None:
    doubtful = RESULTS["doubtful"]
    assert doubtful.warnings
    assert doubtful.verdict.startswith(f"Not to be trusted yet ({headline(doubtful.warnings[0])}")
    assert RESULTS["knowledge"].warnings == ()
    assert RESULTS["knowledge"].verdict.startswith("The student holds ")


def test_verdicts_do_not_rest_on_the_synergy() -> None:
    from pidtools._page.verdicts import doubted

    assert doubted("all is well.", ("synergy: few rows.",)) == "All is well."
    said = doubted("All is well.", ("synergy: few rows.", "T: wrong labels; mend them."))
    assert said == "Not to be trusted yet (T: wrong labels): all is well."


def test_verdicts_of_what_is_left() -> None:
    left = RESULTS["knowledge"]
    ends = left.intervals["distillable"]
    assert f"(90\xa0%: {ends.low:.2f} to {ends.high:.2f})" in left.verdict
    nothing = pt.distillable_knowledge(Y // 2, Y, Y, confidence_level=0.9, n_resamples=20)
    assert nothing.verdict.startswith("Nothing measurable is left to distil: ")
    assert "can't be told from 0" in nothing.verdict
    plain = pt.distillable_knowledge(Y // 2, Y, Y)
    assert plain.verdict.startswith("Hardly anything is left to distil, 0.000 bits; ")
    constant = pt.distillable_knowledge(np.zeros(400, dtype=int), Y, Y)
    assert constant.verdict.startswith("The teacher is not shown to know anything of Y")


def test_a_verdict_knows_no_less_than_nothing_and_no_more_than_all() -> None:
    def said(t: float, red: float, units: Units = "bits") -> str:
        pid = dataclasses.replace(plain.pid, unique_t=t, redundancy=red, units=units)
        return dataclasses.replace(plain, pid=pid).verdict

    plain = pt.distillable_knowledge(Y // 2, Y, Y)
    assert said(0.7, -0.1).startswith("The student holds none of the 0.60 bits")
    assert "; 0.60 bits are left to distil" in said(0.7, -0.1)
    assert "is left to distil, 0.000 bits; the student holds all of the" in said(-0.1, 0.5)
    # The same shares in nats are as much.
    k = plain.n_classes or 0
    least = 0.012 * np.log2(k)
    assert said(least, 0.0).startswith("The student holds 0.000 of")
    assert said(0.7 * least, 0.0).startswith("The teacher knows hardly anything")
    assert said(0.7 * least, 0.0, "nats").startswith("The student holds 0.000 of")


@pytest.mark.parametrize(
    ("key", "value"), [("distillable", 10**400), ("n_classes", -1), ("n_samples", -5)]
)
def test_numbers_that_can_t_be_are_refused_by_their_key(key: str, value: int) -> None:
    content = {**RESULTS["knowledge"].to_dict(), key: value}
    with pytest.raises(ValueError, match=rf"from_dict: {key} must be a "):
        pt.DistillableKnowledge.from_dict(content)


def test_a_map_has_a_row_for_each_pair_of_its_layers() -> None:
    content = RESULTS["map"].to_dict()
    rows: list[Any]
    for rows in (content["rows"][1:], content["rows"][::-1]):
        with pytest.raises(ValueError, match="from_dict: rows must be those of all pairs"):
            pt.DistillationMap.from_dict({**content, "rows": rows})


@pytest.mark.slow
def test_warnings_of_tables_say_of_which_row_they_are() -> None:
    y, rng = np.arange(300) % 3, np.random.default_rng(3)
    many, more = rng.integers(0, 150, (2, 300))
    with unheard():
        ranking = pt.rank_teachers({"a": many, "b": y}, y // 2, y, n_resamples=20)
        layers = pt.distillation_map(
            {"a": many, "b": y}, {"s": y // 2}, y, confidence_level=0.9, n_resamples=20
        )
        both = pt.compare_students(many, more, y // 2, y, n_resamples=20)
    for result, name in ((ranking, "teacher a"), (layers, "a, s")):
        assert any(own.startswith(f"{name}: the cells are many") for own in result.warnings)
        assert not any(own.startswith("The cells are many") for own in result.warnings)
    of_synergy = [own.partition(":")[0] for own in both.warnings if "synergy" in own]
    assert of_synergy == ["synergy of S_a", "synergy of S_b"]
    assert "synergy" not in both.verdict


def test_a_test_of_independence_keeps_what_it_warned_of() -> None:
    many = np.random.default_rng(3).integers(0, 150, 400)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = pt.independence_test(many, Y, n_permutations=19)
    assert list(found.warnings) == [str(own.message) for own in caught]
    assert found.warnings
    assert found.verdict.startswith("Not to be trusted yet (X: ")


def test_numbers_of_one_and_zeros_without_a_sign() -> None:
    y = np.arange(2000) % 4
    rng = np.random.default_rng(0)
    poor = np.where(rng.random(2000) < 0.5, y, rng.integers(0, 4, 2000))
    classes = pt.distillable_knowledge(y, poor, y, confidence_level=0.9, n_resamples=20).by_class()
    assert "-0.0000" not in classes.summary()
    ranking = pt.rank_teachers({"one": y}, poor, y, n_resamples=20)
    assert "1 teacher, 2000 samples" in ranking.summary()
    assert "Most to distil: at 95\N{NO-BREAK SPACE}% one\n" in ranking.summary()
    trace = pt.distillation_trace(y, {3: poor}, y, estimator="symbols", n_resamples=20)
    assert trace.summary().splitlines()[2].startswith("1 step of 2000 samples")


def test_what_is_warned_of_is_a_warning_of_the_result() -> None:
    many = np.arange(400) // 2
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = pt.distillable_knowledge(FLIPPED, many, Y)
    assert caught
    assert {str(own.message) for own in caught} == set(found.warnings)
    assert not set(found.warnings) & set(found.notes)


def test_atoms_below_0_by_more_than_chance_are_warned_of() -> None:
    from pidtools._measuring import BEYOND_CHANCE

    symbols = np.arange(400) % 40  # 40 symbols, jackknifed, beside each other: no information
    rng = np.random.default_rng(1)
    T, S = rng.permutation(symbols), rng.permutation(symbols)
    with unheard():
        found = pt.distillable_knowledge(
            T.astype(float)[:, None],
            S.astype(float)[:, None],
            Y,
            estimator=pt.Binning(n_bins=40, correction="miller-madow"),
        )
    chance = BEYOND_CHANCE * 2 / math.sqrt(400)
    for name in ("distillable", "distilled", "student_only", "synergy"):
        value = getattr(found, name)
        title = name.replace("_", " ")
        where = "synergy: below 0" if name == "synergy" else f"{title} = "
        warned = any("elow 0" in own and where in own for own in found.warnings)
        noted = any("Below 0" in own and f"{title} = " in own for own in found.notes)
        assert warned == (value < -chance - found.pid.gap)
        assert noted == (-chance - found.pid.gap <= value < -found.pid.gap)


@pytest.mark.slow
def test_students_are_compared_without_repetition() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(150) % 3
    T = rng.normal(size=(150, 4)) + labels[:, None]
    with unheard():
        found = pt.compare_students(
            T, T[:, :1], T[:, 1:2], labels, estimator="kmeans", n_resamples=30
        )
    text = found.summary()
    assert len(re.findall("in which of 3 clusters", text)) == 1
    assert any(note.startswith("T, S_a and S_b: all that is seen") for note in found.notes)
    assert any(note.startswith("S_a and S_b: L2 normalisation") for note in found.notes)
    assert "p_distillable" not in found.details()
    assert "nothing to distil" not in text


# --- written down and read again ------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_comes_back_to_the_bit(kind: str) -> None:
    result = RESULTS[kind]
    written = result.to_dict()
    again = type(result).from_dict(json.loads(json.dumps(written, allow_nan=False)))
    assert type(again) is type(result)
    assert again.to_dict() == written
    assert list(again.to_dict()) == list(written)
    assert again.metrics() == result.metrics()
    assert getattr(again, "warnings", ()) == getattr(result, "warnings", ())
    assert getattr(again, "notes", ()) == getattr(result, "notes", ())
    assert again.verdict == result.verdict
    assert repr(again) == repr(result)
    if kind != "weight":
        assert again.summary() == result.summary()
    again._repr_html_()


def test_what_needs_data_says_that_there_are_none() -> None:
    again = pt.DistillableKnowledge.from_dict(RESULTS["knowledge"].to_dict())
    for ask in (again.by_class, again.by_pair, again.scores, lambda: again.labels_of([0])):
        with pytest.raises(ValueError, match="loaded from numbers alone"):
            ask()
    assert again.estimator_t == AsWritten("Symbols()")
    assert repr(again.estimator_t) == "Symbols()"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_such_dictionary_is_refused_by_name(kind: str) -> None:
    result = RESULTS[kind]
    read, whole, name = type(result).from_dict, result.to_dict(), type(result).__name__
    with pytest.raises(TypeError, match=rf"^{name}.from_dict takes the dictionary .* got list"):
        read([whole])
    for version, age in ((1, "an older"), (3, "a newer")):
        with pytest.raises(ValueError, match=rf"schema_version 2; this one is {version}, of {age}"):
            read({**whole, "schema_version": version})
    refusals = []
    for key in whole:
        if key.startswith("null_"):
            continue  # of as many levels as there are
        try:
            again = read({other: x for other, x in whole.items() if other != key})
        except (ValueError, TypeError) as error:
            refusals.append(str(error))
        else:
            assert again.to_dict() == whole, key  # it follows from the rest
    assert refusals
    assert all(re.match(rf"{name}.from_dict: \w", refusal) for refusal in refusals)


def test_numbers_that_are_none_are_refused() -> None:
    whole = RESULTS["plain"].to_dict()
    for wrong in (None, True, "1", [1.0]):
        with pytest.raises(TypeError, match=r"distilled must be a number; got "):
            pt.DistillableKnowledge.from_dict({**whole, "distilled": wrong})
    with pytest.raises(ValueError, match=r"distilled must be a finite number; got nan"):
        pt.DistillableKnowledge.from_dict({**whole, "distilled": math.nan})
    with pytest.raises(TypeError, match=r"notes must be a list of strings; got 'a'"):
        pt.DistillableKnowledge.from_dict({**whole, "notes": "a"})
    with pytest.raises(ValueError, match=r"outcome must be one of closed_form, .*; got 'luck'"):
        pt.DistillableKnowledge.from_dict({**whole, "outcome": "luck"})
    rows = RESULTS["map"].to_dict()
    rows["rows"][1]["gap"] = "none"
    with pytest.raises(TypeError, match=r"^DistillationMap.from_dict: rows\[1\].gap must be"):
        pt.DistillationMap.from_dict(rows)
    assert pt.DistillableKnowledge.from_dict(whole).synergy is None


WRONG: tuple[Any, ...] = (None, [], {}, [None], "x", -1, 0, 1.5, True, 10**400, math.nan)
GONE = object()


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths to all values of a dictionary, and to those of the first two of each list."""
    inside = node.items() if isinstance(node, dict) else enumerate(node[:2])
    for key, value in inside:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from _places(value, (*path, key))


def _with(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy with another value in one place, or without what is there."""
    changed = copy.deepcopy(whole)
    node = changed
    for key in path[:-1]:
        node = node[key]
    if value is GONE:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return changed


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_mangled_dictionary_is_refused_or_can_be_shown(kind: str) -> None:
    """Whatever stands in one place, reading and showing it has no error of its own."""
    result = RESULTS[kind]
    whole = json.loads(json.dumps(result.to_dict()))
    refusals = []
    for path in _places(whole):
        for value in (*WRONG, GONE):
            try:
                again = type(result).from_dict(_with(whole, path, value))
            except (ValueError, TypeError) as error:
                refusals.append(str(error))
                continue
            assert again.verdict
            if kind != "weight":
                assert again.summary()
            assert repr(again)
            assert again._repr_html_()
            again.metrics()
            again.to_dict()
    assert refusals
    strange = [text for text in refusals if not text.startswith(f"{type(result).__name__}.from_")]
    assert strange == []


@pytest.mark.parametrize(
    ("kind", "path", "value", "message"),
    [
        ("map", ("standings", "rows"), [], r"standings\.rows must be a list that is not empty"),
        ("best", ("rows",), [], r"rows must be a list that is not empty"),
        ("ranking", ("additions", 0, "teacher"), "x", r"teachers without a row: \['x'\]"),
        ("ranking", ("rows", 0, "distillable"), None, r"rows\[0\]\.distillable must be a number"),
        ("trace", ("rows", 1, "baseline_distillable"), None, "or none of them"),
        ("trace", ("rows", 0, "difference_distilled"), GONE, r"difference_distilled is missing"),
        ("pairs", ("rows", 0, "label_a"), [], r"rows\[0\]\.label_a must be a label"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(
    kind: str, path: tuple[Any, ...], value: Any, message: str
) -> None:
    result = RESULTS[kind]
    with pytest.raises((ValueError, TypeError), match=message):
        type(result).from_dict(_with(result.to_dict(), path, value))


def test_one_of_those_that_may_be_best_is_not_ruled_out() -> None:
    whole = RESULTS["best"].to_dict()
    rows = [{**row, "ruled_out": True} for row in whole["rows"]]
    with pytest.raises(ValueError, match=r"rows are all ruled_out"):
        Best.from_dict({**whole, "rows": rows})


def test_a_gap_without_bound_is_none_in_json() -> None:
    pid = dataclasses.replace(RESULTS["pid"], gap=math.inf)
    text = json.dumps(pid.to_dict(), allow_nan=False)
    assert pt.PID.from_dict(json.loads(text)).gap == math.inf


# --- for loggers ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_metrics_are_finite_floats_under_names_that_loggers_take(kind: str) -> None:
    found = RESULTS[kind].metrics("run 1/")
    assert found
    for name, value in found.items():
        assert type(value) is float
        assert math.isfinite(value)
        assert re.fullmatch(r"run 1/[\w\-. /]+", name)
    with pytest.raises(TypeError, match=r"prefix must be a string; got int"):
        RESULTS[kind].metrics(1)


def test_metrics_have_the_numbers_of_the_results() -> None:
    r, m, trace = RESULTS["knowledge"], RESULTS["map"], RESULTS["trace"]
    assert r.metrics()["distillable_low"] == r.intervals["distillable"].low
    assert "synergy" not in RESULTS["plain"].metrics()
    assert m.metrics()["distillable/h/1/s1"] == m["h/1", "s1"].distillable
    assert not any("bad" in name for name in m.metrics())
    assert trace.metrics()["distillable/step_5"] == trace[2].distillable
    assert trace[2].metrics()["distillable"] == trace[2].distillable
    assert "step" not in trace[2].metrics()
    c = RESULTS["comparison"]
    assert c.metrics()["distillable/a-b"] == c.differences["distillable"]
    assert c.metrics()["distillable/b"] == c.b.distillable
    ranking = RESULTS["ranking"]
    assert ranking.metrics()["added/b"] == ranking.additions[0].added


def test_names_that_loggers_refuse_stay_apart() -> None:
    from pidtools._where import keys_of

    assert keys_of(["a=1", "a_1", "a?1", "", 3]) == ["a_1", "a_1_again1", "a_1_again2", "_", "3"]
