"""Tables of a study, made of its rows alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from scipy.stats import t

from benchmarks.distillation import prediction
from benchmarks.distillation.arms import AFTERWARDS, ARMS, TUNED, WEIGHTS
from benchmarks.distillation.data import Array
from benchmarks.distillation.study import chosen
from benchmarks.distillation.teachers import FOUR
from benchmarks.tools.store import Row, grouped
from benchmarks.tools.written import table, table_of, write

UNGATED = tuple(name for name, arm in ARMS.items() if not arm.gate and name != "none")
ABLATIONS = tuple(name for name, arm in ARMS.items() if arm.options)


def interval(values: Any, level: float = 0.95) -> tuple[float, float]:
    """Mean and half width of Student's interval; infinite for a single value."""
    x = np.asarray(values, dtype=float)
    if len(x) < 2:
        return float(x.mean()), float("inf")
    half = t.ppf((1 + level) / 2, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x))
    return float(x.mean()), float(half)


def differences(rows: Iterable[Row], what: str, arm: str, kind: str, other: str = "none") -> Array:
    """`what` of an arm less that of another, seed by seed of one teacher."""
    found = grouped((r for r in rows if r["part"] == "study" and r["teacher"] == kind), "arm")
    theirs = {row["seed"]: row[what] for row in found.get((other,), [])}
    ours = {row["seed"]: row[what] for row in found.get((arm,), [])}
    return np.array([ours[seed] - theirs[seed] for seed in sorted(ours) if seed in theirs])


def shown(values: Array, factor: float, digits: int) -> str:
    """Mean and interval, signed."""
    if not len(values):
        return ""
    mean, half = interval(factor * values)
    return f"{mean:+.{digits}f} ± {half:.{digits}f}"


def write_tables(name: str, rows: Sequence[Row], predicted: Sequence[Row]) -> None:
    """``results/<name>.md``: what the study shows."""
    if not rows:
        return
    blocks = [
        "# Distillation with four kinds of teachers",
        "Means over seeds ± 95 % intervals (Student's), paired by seed with the same student "
        "trained alone. Made by `python -m benchmarks.distillation`.",
        *_of_weights(rows),
        *_of_gains(rows),
        *_of_bars(rows, predicted),
        *_of_atoms(rows),
        *_of_traces(rows),
        *_of_prediction(predicted),
        *_of_cost(rows),
    ]
    write(name, *blocks)


def _of_weights(rows: Sequence[Row]) -> list[str]:
    tuning = [row for row in rows if row["part"] == "tuning"]
    means = {
        key: float(np.mean([row["validation"] for row in group]))
        for key, group in grouped(tuning, "arm", "weight").items()
    }
    if len(means) < len(TUNED) * len(WEIGHTS):
        return []
    weights = chosen(rows)
    lines = [
        [name, *(f"{100 * means[name, w]:.1f}" for w in WEIGHTS), weights[name]] for name in TUNED
    ]
    text = "Validation accuracy in % with the trained teacher, on seeds of their own."
    return ["## Weights", text, table(["method", *map(str, WEIGHTS), "chosen"], lines)]


def _of_gains(rows: Sequence[Row]) -> list[str]:
    study = [row for row in rows if row["part"] == "study"]
    if not study:
        return []
    alone = [row["accuracy"] for row in study if row["arm"] == "none" and row["teacher"] == FOUR[0]]
    lines = []
    for arm in ARMS:
        if arm == "none":
            continue
        line: list[Any] = [arm]
        for kind in FOUR:
            values = differences(rows, "accuracy", arm, kind)
            fallen = sum(
                row["collapsed"] for row in study if row["arm"] == arm and row["teacher"] == kind
            )
            note = f" ({fallen} collapsed)" if fallen else ""
            line.append(shown(values, 100, 1) + note)
        each = [differences(rows, "accuracy", arm, kind) for kind in FOUR]
        means = [float(values.mean()) for values in each if len(values)]
        line.append(f"{100 * np.mean(means):+.1f}" if len(means) == len(FOUR) else "")
        lines.append(line)
    gates = []
    for kind in FOUR:
        seen = [row for row in study if row["arm"] == "gated RID" and row["teacher"] == kind]
        if not seen:
            continue
        open_ = sum(row["gate"] > 0 for row in seen)
        mean = np.mean([row["gate"] for row in seen])
        gates.append(f"{kind}: {open_} of {len(seen)}, mean {mean:.3f}")
    return [
        "## Gains",
        f"Points of test accuracy against no distillation ({100 * np.mean(alone):.1f} %). A run "
        "below chance + 10 points has collapsed; it counts as it is. A gated arm has its weight "
        "where the gate is above 0 and none where it is 0; one times the gate has their product. "
        f"{', '.join(AFTERWARDS)}: added when the others had been seen.",
        table(["arm", *FOUR, "mean"], lines),
        *(["The gate is above 0 for " + "; ".join(gates) + "."] if gates else []),
    ]


def _of_bars(rows: Sequence[Row], predicted: Sequence[Row]) -> list[str]:
    """What was asked for beforehand, with what came out."""

    def gain(arm: str, kind: str, other: str = "none") -> Array:
        return 100 * differences(rows, "accuracy", arm, kind, other)

    asked = [
        ("trained teacher: RID gains at least 2 points, interval above 0", gain("RID", "trained"),
         2.0, 0.0),
        ("nuisance teacher: RID - VID at least 3 points, interval above 0",
         gain("RID", "nuisance", "VID"), 3.0, 0.0),
        ("untrained teacher: RID loses at most 1 point, lower limit -1.5",
         gain("RID", "untrained"), -1.0, -1.5),
    ]  # fmt: skip
    lines = []
    for text, values, least, lowest in asked:
        if len(values) > 1:
            mean, half = interval(values)
            met = mean >= least and mean - half > lowest
            lines.append([text, shown(values, 1, 1), "met" if met else "missed"])
    red = {
        (arm, kind): differences(rows, "distilled", arm, kind)
        for arm in ("RID", "VID")
        for kind in ("trained", "nuisance")
    }
    bits = [
        (
            "trained: Red up by at least .1 bit under RID, interval above 0",
            red["RID", "trained"],
            1,
            0.1,
        ),
        ("nuisance: Red up under RID, interval above 0", red["RID", "nuisance"], 1, 0.0),
        ("nuisance: Red down under VID, interval below 0", red["VID", "nuisance"], -1, 0.0),
    ]
    for text, values, sign, least in bits:
        if len(values) > 1:
            mean, half = interval(values)
            met = sign * mean >= least and sign * mean - half > 0
            lines.append([text, shown(values, 1, 3), "met" if met else "missed"])
    study = {
        (r["teacher"], r["arm"], r["seed"]): r["parameters"] for r in rows if r["part"] == "study"
    }
    for arm in ("gated RID", "gated VID"):
        alone = {k[2]: crc for k, crc in study.items() if k[:2] == ("wrong task", "none")}
        gated = {k[2]: crc for k, crc in study.items() if k[:2] == ("wrong task", arm)}
        same = [crc == alone[seed] for seed, crc in gated.items() if seed in alone]
        if same:
            text = f"wrong task: {arm} is no distillation, bit for bit"
            lines.append([text, f"{sum(same)} of {len(same)}", "met" if all(same) else "missed"])
    means = {
        arm: np.mean([gain(arm, kind).mean() for kind in FOUR])
        for arm in ARMS
        if arm != "none" and all(len(gain(arm, kind)) for kind in FOUR)
    }
    tuned = [arm for arm in TUNED if arm in means]
    if "gated RID" in means and tuned:
        best = max(tuned, key=lambda arm: means[arm])
        met = means["gated RID"] >= max(means[best] - 0.5, 1.5)
        text = "four teachers: gated RID at least 1.5, and each ungated arm's less 0.5"
        found = f"{means['gated RID']:+.1f}; the best is {best}, {means[best]:+.1f}"
        lines.append([text, found, "met" if met else "missed"])
    if predicted:
        found_ = prediction.correlations(predicted, np.random.default_rng(0))[0]
        met = found_["within students"] >= 0.5 and found_["low"] > 0.25
        text = "prediction: Spearman of Uni_T with the gain at least .5, lower limit above .25"
        said = f"{found_['within students']:.2f}, {found_['interval']}"
        lines.append([text, said, "met" if met else "missed"])
    text = "Fixed beforehand, for ten seeds (twenty with the untrained teacher); fewer show little."
    return ["## What was asked", text, table(["bar", "found", ""], lines)] if lines else []


def _of_atoms(rows: Sequence[Row]) -> list[str]:
    study = [row for row in rows if row["part"] == "study"]
    if not study:
        return []
    lines = []
    for kind in FOUR:
        for arm in ("none", *UNGATED):
            seen = [row for row in study if row["arm"] == arm and row["teacher"] == kind]
            if not seen:
                continue
            means = [
                f"{np.mean([row[what] for row in seen]):.3f}"
                for what in ("distilled", "distillable", "student_only")
            ]
            changes = [
                shown(differences(rows, f"{prefix}distilled", arm, kind), 1, 3)
                for prefix in ("", "kmeans_10_", "kmeans_3_")
            ]
            lines.append([kind, arm, *means, *(changes if arm != "none" else ["", "", ""])])
    agree, opposite, open_ = _signs(rows)
    return [
        "## Atoms",
        "Bits, on test pairs, of the teacher's last hidden layer and the student's: Red, Uni_T and "
        "Uni_S by the probe, and how Red differs from that without distillation, by the probe and "
        "by the paper's clusters (10 components and 10 clusters, 5 and 3).",
        table(
            ["teacher", "arm", "Red", "Uni_T", "Uni_S", "change", "change 10/10", "change 5/3"],
            lines,
        ),
        f"Where both intervals leave 0 out, Red and accuracy move the same way in {agree} cases "
        f"and in opposite ways in {len(opposite)}{_listed(opposite)}; in {open_} an interval "
        "holds 0.",
    ]


def _listed(names: Sequence[str]) -> str:
    return f" ({', '.join(names)})" if names else ""


def _signs(rows: Sequence[Row]) -> tuple[int, list[str], int]:
    """How often both go the same way, where they go opposite ways, how often none can tell."""
    agree, opposite, open_ = 0, [], 0
    for kind in FOUR:
        for arm in UNGATED:
            values = [differences(rows, what, arm, kind) for what in ("accuracy", "distilled")]
            if len(values[0]) < 2:
                continue
            found = [interval(value) for value in values]
            if any(abs(mean) <= half for mean, half in found):
                open_ += 1
            elif (found[0][0] > 0) == (found[1][0] > 0):
                agree += 1
            else:
                opposite.append(f"{arm} with the {kind} teacher")
    return agree, opposite, open_


def _of_traces(rows: Sequence[Row]) -> list[str]:
    traces = [row for row in rows if row["part"] == "trace"]
    if not traces:
        return []
    lines = []
    for (kind, arm), group in grouped(traces, "teacher", "arm").items():
        last = [row["trace"][-1] for row in group]
        first = [row["trace"][0] for row in group]
        lines.append(
            [kind, arm, len(group)]
            + [
                f"{np.mean([step[what] for step in steps]):.3f}"
                for what in ("distilled", "baseline_distilled", "distillable")
                for steps in (first, last)
            ]
        )
    columns = ["teacher", "arm", "seeds", "Red, first look", "last", "alone, first", "last",
               "Uni_T, first", "last"]  # fmt: skip
    return ["## Traces", "Bits, after the first and the last epoch that was looked at.",
            table(columns, lines)]  # fmt: skip


def _of_prediction(predicted: Sequence[Row]) -> list[str]:
    if not predicted:
        return []
    found = prediction.correlations(predicted, np.random.default_rng(0))
    n = len(grouped(predicted, "units", "rows", "seed"))
    lines = [
        [kind, len(group)]
        + [
            f"{100 * np.mean([r['layers'][k]['gain'] for r in group]):+.1f}, "
            f"{np.mean([r['layers'][k]['distillable'] for r in group]):.3f}"
            for k in range(len(prediction.LAYERS))
        ]
        for (kind,), group in grouped(predicted, "teacher").items()
    ]
    return [
        "## Before training",
        f"Spearman's correlation of what is known before with the gain of RID, over the layers of "
        f"all teachers: the mean of {n} students and over all rows, with bootstrap intervals over "
        "students; and what the pick of each costs against the best.",
        table_of({k: v for k, v in row.items() if k != "low"} for row in found),
        "Gain in points and Uni_T in bits of each layer, means over students.",
        table(["teacher", "students", *prediction.LAYERS], lines),
    ]


def _of_cost(rows: Sequence[Row]) -> list[str]:
    study = [row for row in rows if row["part"] == "study"]
    if not study:
        return []
    lines = []
    vid = np.median([r["training_seconds"] for r in study if r["arm"] == "VID"] or [np.nan])
    for arm in ARMS:
        seen = [row for row in study if row["arm"] == arm and row["used_weight"] > 0]
        if seen:
            median = float(np.median([row["training_seconds"] for row in seen]))
            lines.append([arm, f"{median:.2f}", f"{median / vid:.2f}"])
    gates = [row["gate_seconds"] for row in study if row["arm"] == "gated RID"]
    said = (
        "The gate, measured once before training here, and once a cycle if it is measured anew, "
        f"takes {np.median(gates):.1f} CPU s (median, at most {np.max(gates):.1f})."
        if gates
        else ""
    )
    return ["## Cost", "CPU seconds of one training, warm-up and phase 1 included; rough.",
            table(["arm", "seconds", "against VID"], lines), said]  # fmt: skip
