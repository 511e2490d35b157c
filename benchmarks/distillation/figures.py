"""Figures of a study, made of its rows alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.distillation.tables import differences, interval
from benchmarks.distillation.teachers import FOUR
from benchmarks.tools.store import Row, grouped
from benchmarks.tools.written import save_figure

SHOWN = ("soft labels", "FitNets", "VID", "TED", "RID", "gated RID")
COLOURS = dict(
    zip(SHOWN, ("#999999", "#cc79a7", "#d55e00", "#0072b2", "#009e73", "#56b4e9"), strict=True)
)
# Points of accuracy below which a mean stands at the edge, as a number.
LOWEST = -30.0


def write_figures(name: str, rows: Sequence[Row], predicted: Sequence[Row]) -> None:
    """``results/<name>_gains.png``, ``_traces.png`` and ``_prediction.png``, of what there is."""
    if any(row["part"] == "study" for row in rows):
        _gains(name, rows)
    if any(row["part"] == "trace" for row in rows):
        _traces(name, rows)
    if predicted:
        _prediction(name, predicted)


def _gains(name: str, rows: Sequence[Row]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots(1, 2, width_ratios=(3, 2))
    ax = axes[0]
    for k, arm in enumerate(SHOWN):
        for x, kind in enumerate(FOUR):
            values = 100 * differences(rows, "accuracy", arm, kind)
            if not len(values):
                continue
            mean, half = interval(values)
            at = x + 0.13 * (k - (len(SHOWN) - 1) / 2)
            if mean < LOWEST:
                ax.text(at, 0.02, f"← {mean:.0f}", ha="center", va="bottom", fontsize=8,
                        rotation=90, color="#555555",
                        transform=ax.get_xaxis_transform())  # fmt: skip
                continue
            error = half if np.isfinite(half) else 0.0
            ax.errorbar(at, mean, error, fmt="o", ms=4, color=COLOURS[arm],
                        label=arm if x == 0 else None)  # fmt: skip
    ax.axhline(0, color="black", lw=0.7)
    ax.set_xticks(range(len(FOUR)), FOUR)
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.5)
    ax.set_xlim(-0.5, len(FOUR) - 0.5)
    ax.set_ylabel("points of accuracy gained")
    figure.legend(*ax.get_legend_handles_labels(), fontsize=8, loc="outside upper left", ncols=6)
    ax, beyond = axes[1], 0
    for arm in SHOWN[:-1]:
        for kind, marker in zip(FOUR, "osD^", strict=True):
            x_, y_ = (differences(rows, what, arm, kind) for what in ("distilled", "accuracy"))
            if len(x_) and 100 * y_.mean() >= LOWEST:
                ax.plot(x_.mean(), 100 * y_.mean(), marker, ms=5, color=COLOURS[arm])
            beyond += bool(len(x_)) and 100 * y_.mean() < LOWEST
    for kind, marker in zip(FOUR, "osD^", strict=True):
        ax.plot([], [], marker, color="black", ms=5, label=kind)
    ax.axhline(0, color="black", lw=0.7)
    ax.axvline(0, color="black", lw=0.7)
    beside = f" ({beyond} beyond)" if beyond else ""
    ax.set_xlabel(f"change of Red, bits{beside}")
    ax.set_ylabel("points of accuracy gained")
    ax.legend(fontsize=7, title="teacher", title_fontsize=7)
    save_figure(figure, f"{name}_gains", f"{name}_runs.jsonl", dpi=130)


def _traces(name: str, rows: Sequence[Row]) -> None:
    from matplotlib.figure import Figure

    traces = grouped((row for row in rows if row["part"] == "trace"), "teacher", "arm")
    figure = Figure(figsize=(9, 2.8), layout="constrained")
    axes = figure.subplots(1, len(FOUR), sharey=True)
    for ax, kind in zip(axes, FOUR, strict=True):
        alone = None
        for (teacher, arm), group in traces.items():
            if teacher != kind:
                continue
            steps = [step["step"] for step in group[0]["trace"]]
            curves = [[step["distilled"] for step in row["trace"]] for row in group]
            ax.plot(steps, np.mean(curves, axis=0), color=COLOURS[arm], label=arm)
            ends = np.min(curves, axis=0), np.max(curves, axis=0)
            ax.fill_between(steps, *ends, color=COLOURS[arm], alpha=0.2, lw=0)
            alone = [[step["baseline_distilled"] for step in row["trace"]] for row in group]
        if alone is not None:
            ax.plot(steps, np.mean(alone, axis=0), "k--", label="no distillation")
        ax.set_title(kind, fontsize=9)
        ax.set_xlabel("epoch")
    axes[0].set_ylabel("Red, bits")
    axes[0].legend(fontsize=7)
    save_figure(figure, f"{name}_traces", f"{name}_runs.jsonl", dpi=130)


def _prediction(name: str, predicted: Sequence[Row]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    wanted = {"distillable": "Uni_T, bits", "teacher_information": "I(Y;T), bits", "cka": "CKA"}
    axes = figure.subplots(1, len(wanted), sharey=True)
    for ax, (column, label) in zip(axes, wanted.items(), strict=True):
        for k, ((kind,), group) in enumerate(grouped(predicted, "teacher").items()):
            layers = [layer for row in group for layer in row["layers"]]
            ax.plot(
                [layer[column] for layer in layers],
                [100 * layer["gain"] for layer in layers],
                "o", ms=3, color=f"C{k}", label=kind,
            )  # fmt: skip
        ax.axhline(0, color="black", lw=0.7)
        ax.set_xlabel(f"{label}, before")
    axes[0].set_ylabel("points gained by RID")
    figure.legend(*axes[0].get_legend_handles_labels(), fontsize=7, loc="outside lower center",
                  ncols=4)  # fmt: skip
    save_figure(figure, f"{name}_prediction", f"{name}_prediction.jsonl", dpi=130)
