"""Whether the loss of RID says what it is meant to say: more redundancy where it is lower.

    python benchmarks/redundancy_chain.py

The paper goes from Red(Y : T, S) to a loss in steps. With Q any function of T,

    Red(Y : T, S) >= Red(Y : Q, S) >= I(Y; Q) - I(Y; Q | S),

and a filter f_t of the teacher is such a function; that S tells f_t(T) is what the loss of phase 2
asks for. On random discrete problems, of 8 symbols of T and 4 classes, whose rows are one-hot
vectors: the teacher's filter is trained on the task and towards a student, its values are quantised
to each number of symbols, and the inequality is looked at with the exact pmf of the rows. Six
students a problem see T through more and more noise. The same is done with a filter that was
trained on the task alone and never towards the student. Rows are kept in
``results/redundancy_chain.jsonl``; about a sixth of a second each.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.stats import spearmanr

import pidtools as pt
from benchmarks.tools.options import Options
from benchmarks.tools.store import Job, Row, Store, grouped
from benchmarks.tools.written import table, write

STORE = Store("redundancy_chain", "filter", "seed", "student")
N_ROWS, N_T, N_S, N_Y = 1_000, 8, 6, 4
# Share of a student's rows whose symbol is drawn without a look at T.
NOISE = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
CYCLES, STEPS = 3, 100
FILTERS = ("towards the student", "on the task alone")
Array = NDArray[Any]


def rows(seed: int, student: int) -> tuple[Array, Array, Array]:
    """Symbols of T and of one student, and labels."""
    rng = np.random.default_rng(seed)
    t = rng.choice(N_T, N_ROWS, p=rng.dirichlet(np.full(N_T, 3.0)))
    of_label = rng.dirichlet(np.full(N_Y, 0.3), N_T)
    y = (rng.random(N_ROWS)[:, None] > of_label[t].cumsum(axis=1)[:, :-1]).sum(axis=1)
    seen_as = rng.integers(0, N_S, N_T)
    noisy = rng.random(N_ROWS) < NOISE[student]
    return t, np.where(noisy, rng.integers(0, N_S, N_ROWS), seen_as[t]), y


def joint(*symbols: Array) -> Array:
    """Table of the shares of rows."""
    counts = np.zeros([int(each.max()) + 1 for each in symbols])
    np.add.at(counts, symbols, 1 / len(symbols[0]))
    return counts


def entropy(p: Array) -> float:
    """In bits."""
    p = p[p > 0]
    return float(-(p * np.log2(p)).sum())


def bound(q: Array, s: Array, y: Array) -> float:
    """I(Y; Q) - I(Y; Q | S) of rows, in bits."""
    p = joint(q, s, y)
    conditional = (
        entropy(p.sum(axis=0)) + entropy(p.sum(axis=2)) - entropy(p) - entropy(p.sum(axis=(0, 2)))
    )
    alone = entropy(p.sum(axis=(1, 2))) + entropy(p.sum(axis=(0, 1))) - entropy(p.sum(axis=1))
    return alone - conditional


def quantised(values: Array, t: Array, n: int) -> Array:
    """Each row's symbol among `n`, by values that belong together."""
    first = np.unique(t, return_index=True)[1]
    if n >= len(first):
        return t
    merged = fcluster(linkage(values[first], "average"), n, criterion="maxclust") - 1
    by_symbol = np.zeros(int(t.max()) + 1, dtype=np.int64)
    by_symbol[t[first]] = merged
    found: Array = by_symbol[t]
    return found


def measured(how: str, seed: int, student: int) -> Row:
    """Loss of a student that RID has settled with, Red, and the bounds by quantised filters."""
    t, s, y = rows(seed, student)
    T, S = np.eye(N_T)[t], np.eye(N_S)[s]
    rid = pt.rid.RedundantInformationDistillation(
        n_channels=4, learning_rate=0.01, random_state=seed
    )
    rid.warm_up(T, y, n_epochs=10, classes=np.arange(N_Y))
    for _ in range(CYCLES):
        if how == "towards the student":
            rid.refresh_teacher(T, S, y, n_epochs=5)
        else:
            rid.warm_up(T, y, n_epochs=5)
        for _ in range(STEPS):
            rid.step(S, T)
    loss, _ = rid.loss_and_grad(S, T, training=False)
    pid = pt.broja(joint(t, s, y))
    bounds = [bound(quantised(rid.filter_teacher(T), t, n), s, y) for n in range(2, N_T + 1)]
    return {
        "loss": round(loss, 6),
        "redundancy": round(pid.redundancy, 9),
        "gap": pid.gap,
        "bounds": [round(each, 9) for each in bounds],
    }


def jobs(n: int) -> Iterable[Job]:
    """Both filters, problem by problem."""
    for how in FILTERS:
        for seed in range(n):
            for student in range(len(NOISE)):
                key = {"filter": how, "seed": seed, "student": student}
                yield key, partial(measured, how, seed, student)


def write_tables(found: list[Row]) -> None:
    """``results/redundancy_chain.md``."""
    if not found:
        return
    lines = []
    for (how, student), group in grouped(found, "filter", "student").items():
        red = np.array([row["redundancy"] for row in group])
        best = np.array([max(row["bounds"]) for row in group])
        numbers = (red.mean(), best.mean(), np.mean([row["loss"] for row in group]))
        lines.append([how, f"{NOISE[student]:.0%}", len(group), *(f"{x:.3f}" for x in numbers)])
    slack = [row["redundancy"] + row["gap"] - each for row in found for each in row["bounds"]]
    write(
        "redundancy_chain",
        "# From redundancy to the loss of RID",
        "Red, the bound and the loss are means over problems, the first two in bits. The bound is "
        f"the largest I(Y; Q) - I(Y; Q | S) among Q of 2 to {N_T} symbols, quantised from the "
        "teacher's filter. Made by `python benchmarks/redundancy_chain.py`.",
        table(
            ["filter trained", "rows drawn without T", "problems", "Red", "bound", "loss"], lines
        ),
        f"Bounds above Red by more than its gap: {sum(each < 0 for each in slack)} of {len(slack)} "
        f"(Red and its gap less the bound is at least {min(slack):.1e} bits).",
        *(_correlation(how, group) for (how,), group in grouped(found, "filter").items()),
    )


def _correlation(how: str, found: list[Row]) -> str:
    """Of Red with less loss, in words."""
    less, red = [-row["loss"] for row in found], [row["redundancy"] for row in found]
    within = [
        spearmanr([-row["loss"] for row in group], [row["redundancy"] for row in group]).statistic
        for group in grouped(found, "seed").values()
    ]
    return (
        f"Filter trained {how}: Spearman's correlation of Red with less loss is "
        f"{np.mean(within):.2f} over the students of one problem (mean; from {np.min(within):.2f} "
        f"to {np.max(within):.2f}), {spearmanr(less, red).statistic:.2f} over all {len(found)} "
        "students of all problems."
    )


def main() -> None:
    """Parse the command line, run what is not finished, and write."""
    options = Options(__doc__)
    options.number("problems", 50, "problems, of six students each")
    options.only_table()
    given = options.parse_args()
    if not given.table:
        STORE.fill(jobs(given.problems))
    write_tables(STORE.rows())


if __name__ == "__main__":
    main()
