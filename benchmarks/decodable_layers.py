"""What classifiers decode from the layers of one network, alone, taught, and hearing later ones.

    python benchmarks/decodable_layers.py --n 4000 --more 20000

A perceptron adds two digits modulo 5; labels are drawn from the sum, so all that a layer holds of
them is known, and the same in every layer. Each layer is looked at alone, with more rows only to
learn from, and hearing the layer after it. Runs are kept in ``results/decodable_layers.jsonl`` and
not repeated. Draws ``results/decodable_layers.png``; some minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np

import pidtools as pt
from benchmarks.tools.families import Problem, families
from benchmarks.tools.families.chain import of_sums
from benchmarks.tools.options import Options
from benchmarks.tools.store import Job, Row, Store, grouped
from benchmarks.tools.written import save_figure, table, write
from pidtools._estimator import Summary
from pidtools._types import Array

NAME = "decodable_layers"
KEY = ("way", "layer", "n", "more", "seed")
LAYERS = ("h1", "h2", "h3", "logits")
WAYS = {
    "alone": ("alone", "#E69F00", "o"),
    "fit_on": ("with {more} rows only to learn from", "#0072B2", "s"),
    "hears": ("hearing the layer after it", "#009E73", "^"),
}
"""How a layer is looked at: in words, and its colour and mark."""
SEED_OF_MORE = 1000


@cache
def problem() -> Problem:
    """The network and its labels; it is trained when it is first asked for."""
    (found,) = families(0, ["chain"], ["sums"])
    return found


@cache
def rows(n: int, seed: int) -> tuple[tuple[Array, ...], Array]:
    """Activations of every layer, and labels."""
    first, _, Y, _ = problem().sample(n, seed)
    network = of_sums(0)
    return tuple(network.onward(first, 1, depth) for depth in range(1, len(LAYERS) + 1)), Y


@cache
def summary(way: str, layer: int, n: int, more: int, seed: int) -> Summary:
    """A layer looked at in one way."""
    X, Y = rows(n, seed)
    if way == "fit_on":
        X0, Y0 = rows(more, seed + SEED_OF_MORE)
        return pt.summarise(X[layer], Y, fit_on=(X0[layer], Y0))
    later = way == "hears" and layer + 1 < len(LAYERS)
    hears = [summary(way, layer + 1, n, more, seed)] if later else []
    return pt.summarise(X[layer], Y, hears=hears)


def decoded(way: str, layer: int, n: int, more: int, seed: int) -> Row:
    """Bits, how many more there may be, and what the logits have that the layer has not."""
    own, last = (summary(way, k, n, more, seed) for k in (layer, len(LAYERS) - 1))
    result = pt.distillable_knowledge(own, last, rows(n, seed)[1], synergy=False)
    return {
        "width": rows(n, seed)[0][layer].shape[1],
        "information": round(own.information, 5),
        "unread": round(own.unread, 5),
        "logits_only": round(result.student_only, 5),
        "exact": round(problem().pid.information_t, 5),
    }


def jobs(n: int, more: int, seeds: int) -> Iterator[Job]:
    """One a layer and way, later layers first."""
    for seed in range(seeds):
        for way in WAYS:
            for layer in reversed(range(len(LAYERS))):
                key = dict(zip(KEY, (way, LAYERS[layer], n, more, seed), strict=True))
                yield key, partial(decoded, way, layer, n, more, seed)


def write_tables(all_rows: list[Row]) -> None:
    """Means over data sets."""
    columns = ["rows", "looked at", "layer", "columns", "exact", "bits", "unread", "logits only"]
    write(
        NAME,
        "# Layers of one network",
        "Bits that are read of a layer, how many more it says it may hold, and what the logits "
        "seem to know beyond it, of which there is nothing; means over data sets.",
        table([*columns, "data sets", "CPU s"], _means(all_rows)),
    )


def _means(all_rows: list[Row]) -> Iterable[list[Any]]:
    for (n, more, way, layer), group in grouped(all_rows, "n", "more", "way", "layer").items():
        numbers = [
            f"{_mean(group, name):.3f}"
            for name in ("exact", "information", "unread", "logits_only")
        ]
        seconds = f"{_mean(group, 'cpu_seconds'):.1f}"
        yield [
            n,
            WAYS[way][0].format(more=more),
            layer,
            group[0]["width"],
            *numbers,
            len(group),
            seconds,
        ]


def _mean(group: list[Row], name: str) -> float:
    return float(np.mean([row[name] for row in group]))


def draw(all_rows: list[Row], n: int, more: int) -> None:
    """Bits of each layer, and up to where there may be more."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    found = grouped([row for row in all_rows if (row["n"], row["more"]) == (n, more)], *KEY[:2])
    figure = Figure(figsize=(6.0, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    exact = _mean(all_rows, "exact")
    axes.axhline(exact, color="#222222", lw=1)
    axes.annotate(
        "exact, in every layer",
        (len(LAYERS) - 0.8, exact),
        (0, -3),
        textcoords="offset points",
        ha="right",
        va="top",
    )
    for k, (way, (words, colour, mark)) in enumerate(WAYS.items()):
        groups = [found[way, layer] for layer in LAYERS]
        x = np.arange(len(LAYERS)) + 0.08 * (k - 1)
        bits, unread = (
            np.array([_mean(group, name) for group in groups]) for name in ("information", "unread")
        )
        axes.errorbar(
            x,
            bits,
            yerr=[np.zeros_like(bits), unread],
            color=colour,
            marker=mark,
            ms=5,
            lw=1.4,
            capsize=3,
            label=words.format(more=more),
        )
    widths = [found["alone", layer][0]["width"] for layer in LAYERS]
    ticks = [f"{layer}\n({width})" for layer, width in zip(LAYERS, widths, strict=True)]
    axes.set_xticks(range(len(LAYERS)), ticks)
    axes.set_ylabel(f"read from {n} rows (bits)")
    axes.set_xlim(-0.3, len(LAYERS) - 0.7)
    axes.legend(frameon=False, loc="lower right")
    save_figure(figure, NAME, f"{NAME}.jsonl")


def main() -> None:
    """Parse the command line, measure, write and draw."""
    options = Options(__doc__)
    options.number("n", 4000, "rows that are measured")
    options.number("more", 20_000, "rows that are only learned from")
    options.number("seeds", 3, "data sets")
    options.only_table()
    given = options.parse_args()
    store = Store(NAME, *KEY)
    if not given.table:
        store.fill(jobs(given.n, given.more, given.seeds))
    write_tables(store.rows())
    draw(store.rows(), given.n, given.more)


if __name__ == "__main__":
    main()
