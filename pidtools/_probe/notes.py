"""What a probe says of its answer: warnings, notes and details."""

from __future__ import annotations

import numpy as np

from pidtools._information import entropy, entropy_of_labels, mutual_information_of_table
from pidtools._lazy_rows import Source, blocks_of
from pidtools._probe.held_out import Found, HeldOut, sums
from pidtools._probe.pool import log_loss
from pidtools._probe.posterior_cells import cell_means
from pidtools._probe.rare import FEW_ROWS
from pidtools._remarks import Rank, Remark
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


def notes_on_fits(found: Found, labels: Codes) -> tuple[Remark, ...]:
    """What the fits found, and which experts had no part in it."""
    total = sum(found.pool.weights.values())
    ranked = sorted(found.pool.weights.items(), key=lambda item: -item[1])
    shares = ", ".join(f"{name} {weight / total:.0%}" for name, weight in ranked[:4] if total)
    h_y = entropy_of_labels(labels)
    bound = h_y - log_loss(found.log_p, labels).mean() / NATS_PER_BIT
    half = h_y - log_loss(found.log_p_from_half, labels).mean() / NATS_PER_BIT
    how = (
        f"held-out log-loss bounds the information from below by {bound:.3f} bits of H(Y) = "
        f"{h_y:.3f} bits, by {half:.3f} bits with half of the training rows; the estimate "
        "extrapolates, and counts as 0 where it comes out below."
    )
    details = [how, f"posteriors by {shares or 'the class shares alone'}."]
    if found.failed:
        names = ", ".join(sorted(found.failed))
        details.append(f"left out, as they could not be fitted to every fold: {names}.")
    return tuple(Remark(text, "detail", Rank.size) for text in details)


def notes_on_cells(p: Floats, codes: Codes) -> tuple[Remark, ...]:
    """How much of what the posteriors know their cells keep."""
    even = np.full(len(p), 1 / len(p))
    masses = sums(codes, even, int(codes.max()) + 1)
    kept = mutual_information_of_table(cell_means(p, codes, even) * masses[:, None])
    whole = entropy(p.mean(axis=0)) - entropy(p) / len(p)
    if whole < ROUNDING or kept > NOTE_KEPT_SHARE * whole:
        return ()
    text = (
        f"{len(masses)} cells keep {kept / whole:.0%} of the information before they are sharpened."
    )
    return (Remark(text, "detail", Rank.changed),)


def notes_on_data(task: HeldOut, n_folds_asked: int, groups: Array | None) -> list[Remark]:
    """What the rows do to the folds that classifiers are judged on."""
    notes = []
    counts, n_folds = np.bincount(task.labels), int(task.folds.max()) + 1
    if n_folds < n_folds_asked:
        reason = _why_few_folds(n_folds, int(counts.max()), groups)
        text = (
            f"classifiers were judged in {n_folds} folds in place of {n_folds_asked}: {reason}. "
            "Each learns from fewer rows for that, and the numbers read low."
        )
        notes.append(Remark(text, "note", Rank.starved))
    if counts.min() < n_folds and not len(task.learned):
        few = np.flatnonzero(counts < n_folds)
        text = (
            f"{len(few)} of {len(counts)} classes have fewer rows than the {n_folds} folds (the "
            f"first is class {few[0]} in sorted order, {counts[few[0]]} rows), so that some "
            "classifiers are trained without them and the numbers read low. Add rows of these "
            "classes, or leave the classes out."
        )
        notes.append(Remark(text, "note", Rank.starved))
    return notes


def _why_few_folds(n_folds: int, largest_class: int, groups: Array | None) -> str:
    if largest_class <= n_folds or groups is None:
        return f"no class has more than {n_folds} rows"
    n_groups = len(np.unique(groups))
    if n_groups == n_folds:
        return f"there are only {n_folds} groups"
    return f"the {n_groups} groups hold the classes so unevenly that another fold would be empty"


def notes_on_columns(left_out: Codes) -> list[Remark]:
    """Columns that were not used."""
    if not len(left_out):
        return []
    text = (
        f"left out: {len(left_out)} of the columns, which vary in at most {FEW_ROWS} rows, and "
        "these go with no class more than chance lets them."
    )
    return [Remark(text, "detail", Rank.changed)]


def notes_on_learning(n_learned: int | None, n_rows: int) -> list[Remark]:
    """Rows that classifiers were not fitted to."""
    if n_learned is None or n_learned >= n_rows:
        return []
    text = (
        f"experts learn from {n_learned} of {n_rows} rows, those of many parameters from more; "
        "every measured row is judged."
    )
    return [Remark(text, "detail", Rank.changed)]


def note_on_heard(informations: list[float]) -> Remark:
    """What was taken on trust of other sources."""
    shown = ", ".join(f"{bits:.3f} bits" for bits in informations)
    others = "another source" if len(informations) == 1 else f"{len(informations)} other sources"
    text = (
        f"it hears what is said of {others} ({shown}), taken for functions of it, as later layers "
        "of the same network are; one that is not makes the information too high."
    )
    return Remark(text, "note", Rank.question)


def note_on_unread(bits: float, n_samples: int) -> Remark:
    """How much more rows may show."""
    text = (
        f"may hold up to {bits:.2g} bits more than classifiers could read from {n_samples} rows "
        "(intervals, where asked for, reach that far). To see it, pass more rows, or rows to learn "
        "from alone (fit_on)."
    )
    return Remark(text, "note", Rank.size)


def note_on_silence(source: Source) -> Remark:
    """Why nothing was read."""
    if _all_alike(source):
        text = (
            "all rows are the same: it knows nothing of Y. If that is a surprise, look at how the "
            "layer was saved."
        )
    else:
        text = (
            "no expert had anything to say: no column varies beyond rounding, or those that were "
            f"asked don't suit {source.shape[1]} columns."
        )
    return Remark(text, "note", Rank.question)


def notes_on_repeats(source: Source) -> list[Remark]:
    """Rows that may be copies of each other."""
    share = _share_of_repeats(source)
    if share <= NOTE_REPEATS_SHARE:
        return []
    text = (
        f"{share:.0%} of the rows repeat another row. If they are copies and not chance, "
        "classifiers are judged on rows that they have learned by heart, and the numbers read too "
        "high: take the copies out, or give all copies of a row the same number in groups."
    )
    return [Remark(text, "note", Rank.question)]


def _all_alike(source: Source) -> bool:
    first = source[:1]
    return all((block == first).all() for _, block in blocks_of(source))


def _share_of_repeats(source: Source) -> float:
    """Share of rows that equal an earlier row, by one random projection.

    The row that occurs most doesn't count: rectified units are all 0 in many rows.
    """
    if source.shape[1] == 1 or _all_alike(source):
        return 0.0
    direction = np.random.default_rng(0).standard_normal(source.shape[1])
    # In double precision: rounded sums of different rows can be equal.
    keys = np.empty(len(source))
    for rows, block in blocks_of(source):
        keys[rows] = block.astype(np.float64) @ direction
    counts = np.unique(keys, return_counts=True)[1]
    return float(len(keys) - len(counts) - (counts.max() - 1)) / len(keys)


def warnings_of_starving(found: Found, labels: Codes) -> list[Remark]:
    """What learning from more or fewer of the rows says of an estimate that extrapolates."""
    h_y, n = entropy_of_labels(labels), len(labels)
    losses = log_loss(found.log_p, labels), log_loss(found.log_p_from_half, labels)
    cost = float((losses[1] - losses[0]).mean()) / NATS_PER_BIT
    if cost > WARN_STARVED_SHARE * h_y:
        text = (
            f"{n} rows are too few to learn all it knows; training on half of them costs "
            f"{cost:.2g} bits of H(Y) = {h_y:.2g} bits. Use more rows, or rows to learn from alone "
            "(fit_on)."
        )
        return [Remark(text, "warning", Rank.starved)]
    if cost < -WARN_STARVED_SHARE * h_y:
        text = (
            f"training on more of the rows made held-out posteriors worse, by {-cost:.2g} bits of "
            f"H(Y) = {h_y:.2g} bits; the estimate can't be trusted. Rows that depend on each other "
            "do that (pass groups), or too few rows or groups."
        )
        return [Remark(text, "warning", Rank.void)]
    return []


def warnings_of_few_cells(information: float, table: Floats, n_cells: int) -> list[Remark]:
    """Where there are more classes than cells to tell them apart."""
    n_classes = table.shape[1]
    if n_classes <= n_cells:
        return []
    carried = mutual_information_of_table(table)
    text = (
        f"{n_classes} classes are more than the {n_cells} cells of posteriors can "
        f"tell apart; their table carries {carried:.3f} bits of the {information:.3f} bits "
        "that the posteriors know. The information is right, but distilled, distillable and "
        "student-only knowledge can't be trusted: leave n_cells to the probe."
    )
    return [Remark(text, "warning", Rank.void)]


def warnings_of_classes_kept_together(task: HeldOut) -> list[Remark]:
    """Where groups keep a class from whoever should learn it."""
    folds_of_class = np.zeros((task.n_classes, int(task.folds.max()) + 1), dtype=bool)
    folds_of_class[task.labels, task.folds] = True
    together = int((folds_of_class.sum(axis=1) == 1).sum())
    if not together:
        return []
    text = (
        f"groups keep all rows of {together} of {task.n_classes} classes in one fold; "
        "no fit for that fold knows them, and the information reads low. Use more groups of "
        "those classes."
    )
    return [Remark(text, "warning", Rank.starved)]
