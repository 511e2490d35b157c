"""What a probe says of its answer: notes, and warnings where it can't be trusted."""

from __future__ import annotations

import numpy as np

from pidtools import _warnings
from pidtools._information import entropy, entropy_of_labels, mutual_information_of_table
from pidtools._lazy_rows import Source, blocks_of
from pidtools._probe.held_out import Found, HeldOut, sums
from pidtools._probe.pool import log_loss
from pidtools._probe.posterior_cells import cell_means
from pidtools._probe.rare import FEW_ROWS
from pidtools._result import NATS_PER_BIT
from pidtools._types import Array, Codes, Floats

# Extrapolating by more than this share of H(Y) is worth a warning, not only a note.
WARN_STARVED_SHARE = 0.1
# Float32 posteriors and the sharpening of tables are good to this many bits.
ROUNDING = 1e-6
# Cells that keep less than this share of the information are mentioned.
NOTE_KEPT_SHARE = 0.9
# Rows that repeat another row: above this share a note says what that does to the folds.
NOTE_REPEATS_SHARE = 0.01


def notes_on_fits(found: Found, labels: Codes) -> tuple[str, ...]:
    """What the fits found, and which experts had no part in it."""
    total = sum(found.pool.weights.values())
    ranked = sorted(found.pool.weights.items(), key=lambda item: -item[1])
    shares = ", ".join(f"{name} {weight / total:.0%}" for name, weight in ranked[:4] if total)
    h_y = entropy_of_labels(labels)
    bound = h_y - log_loss(found.log_p, labels).mean() / NATS_PER_BIT
    half = h_y - log_loss(found.log_p_from_half, labels).mean() / NATS_PER_BIT
    left_out = (
        f"left out, as they could not be fitted to every fold: {', '.join(sorted(found.failed))}.",
    )
    return (
        f"held-out log-loss bounds the information from below by {bound:.3f} bits of H(Y) = "
        f"{h_y:.3f} bits, by {half:.3f} bits with half of the training rows; the estimate "
        f"extrapolates, and counts as 0 where it comes out below. Posteriors by "
        f"{shares or 'the class shares alone'}.",
        *(left_out if found.failed else ()),
    )


def notes_on_cells(p: Floats, codes: Codes) -> tuple[str, ...]:
    """How much of what the posteriors know their cells keep."""
    even = np.full(len(p), 1 / len(p))
    masses = sums(codes, even, int(codes.max()) + 1)
    kept = mutual_information_of_table(cell_means(p, codes, even) * masses[:, None])
    whole = entropy(p.mean(axis=0)) - entropy(p) / len(p)
    if whole < ROUNDING or kept > NOTE_KEPT_SHARE * whole:
        return ()
    return (
        f"{len(masses)} cells keep {kept / whole:.0%} of the information before they are "
        "sharpened.",
    )


def notes_on_data(task: HeldOut, n_folds_asked: int, groups: Array | None) -> list[str]:
    notes = []
    counts, n_folds = np.bincount(task.labels), int(task.folds.max()) + 1
    if n_folds < n_folds_asked:
        reason = _why_few_folds(n_folds, int(counts.max()), groups)
        notes.append(f"{n_folds} folds in place of {n_folds_asked}: {reason}.")
    if counts.min() < n_folds and not len(task.learned):
        few = np.flatnonzero(counts < n_folds)
        notes.append(
            f"{len(few)} of {len(counts)} classes have fewer rows than the {n_folds} folds (the "
            f"first is class {few[0]} in sorted order, {counts[few[0]]} rows): some folds are "
            "trained without them."
        )
    return notes


def _why_few_folds(n_folds: int, largest_class: int, groups: Array | None) -> str:
    if largest_class <= n_folds or groups is None:
        return f"no class has more than {n_folds} rows"
    n_groups = len(np.unique(groups))
    if n_groups == n_folds:
        return f"there are only {n_folds} groups"
    return f"the {n_groups} groups hold the classes so unevenly that another fold would be empty"


def notes_on_columns(left_out: Codes) -> list[str]:
    if not len(left_out):
        return []
    return [
        f"left out: {len(left_out)} of the columns, which vary in at most {FEW_ROWS} rows, and "
        "these go with no class more than chance lets them."
    ]


def notes_on_learning(n_learned: int | None, n_rows: int) -> list[str]:
    if n_learned is None or n_learned >= n_rows:
        return []
    return [
        f"experts learn from {n_learned} of {n_rows} rows, those of many parameters from more; "
        "every measured row is judged."
    ]


def note_on_heard(informations: list[float]) -> str:
    shown = ", ".join(f"{bits:.3f} bits" for bits in informations)
    others = "another source" if len(informations) == 1 else f"{len(informations)} other sources"
    return (
        f"it hears what is said of {others} ({shown}), taken for functions of it; one that is not "
        "makes the information too high."
    )


def note_on_unread(bits: float, n_samples: int) -> str:
    return (
        f"it may hold up to {bits:.2g} bits more than classifiers decode from {n_samples} rows, "
        "and intervals allow for so much. More rows, or fit_on, show it."
    )


def note_on_silence(source: Source) -> str:
    if _all_alike(source):
        return "all rows are the same: it knows nothing of Y."
    return (
        "no expert had anything to say: no column varies beyond rounding, or those that were asked "
        f"don't suit {source.shape[1]} columns."
    )


def _all_alike(source: Source) -> bool:
    first = source[:1]
    return all((block == first).all() for _, block in blocks_of(source))


def notes_on_repeats(source: Source) -> list[str]:
    share = _share_of_repeats(source)
    if share <= NOTE_REPEATS_SHARE:
        return []
    return [
        f"{share:.0%} of the rows repeat another row; if they are copies and not chance, "
        "they fall into different folds and the bound is optimistic: pass groups."
    ]


def _share_of_repeats(source: Source) -> float:
    """Share of rows that equal an earlier row, by one random projection."""
    if source.shape[1] == 1 or _all_alike(source):
        return 0.0
    direction = np.random.default_rng(0).standard_normal(source.shape[1])
    # In double precision: rounded sums of different rows can be equal.
    keys = np.empty(len(source))
    for rows, block in blocks_of(source):
        keys[rows] = block.astype(np.float64) @ direction
    return 1 - len(np.unique(keys)) / len(keys)


def warn_if_starved(found: Found, labels: Codes, name: str) -> None:
    h_y = entropy_of_labels(labels)
    losses = log_loss(found.log_p, labels), log_loss(found.log_p_from_half, labels)
    cost = float((losses[1] - losses[0]).mean()) / NATS_PER_BIT
    if cost > WARN_STARVED_SHARE * h_y:
        _warnings.warn(
            f"{name}: {len(labels)} rows are too few to learn all it knows; training on half of "
            f"them costs {cost:.2g} bits of H(Y) = {h_y:.2g} bits. Use more rows.",
        )
    if cost < -WARN_STARVED_SHARE * h_y:
        _warnings.warn(
            f"{name}: training on more of the rows made held-out posteriors worse, by {-cost:.2g} "
            f"bits of H(Y) = {h_y:.2g} bits, so the estimate can't be trusted. Rows that depend on "
            "each other do that, or too few rows or groups.",
        )


def warn_of_few_cells(information: float, table: Floats, n_cells: int, name: str) -> None:
    """Warn where there are more classes than cells to tell them apart."""
    n_classes = table.shape[1]
    if n_classes <= n_cells:
        return
    carried = mutual_information_of_table(table)
    _warnings.warn(
        f"{name}: {n_classes} classes are more than the {n_cells} cells of posteriors can "
        f"tell apart; their table carries {carried:.3f} bits of the {information:.3f} bits "
        "that the posteriors know. The information is right, but distilled, distillable and "
        "student-only knowledge can't be trusted: leave n_cells to the probe."
    )


def warn_if_kept_together(task: HeldOut, name: str) -> None:
    folds_of_class = np.zeros((task.n_classes, int(task.folds.max()) + 1), dtype=bool)
    folds_of_class[task.labels, task.folds] = True
    together = int((folds_of_class.sum(axis=1) == 1).sum())
    if together:
        _warnings.warn(
            f"{name}: groups keep all rows of {together} of {task.n_classes} classes in one fold; "
            "no fit for that fold knows them, and the information reads low. Use more groups of "
            "those classes.",
        )
