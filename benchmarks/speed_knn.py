"""Speed of the k-nearest-neighbour informations and of histograms beside their peers.

Every row is measured in one run: processor seconds of one thread, which other work on the
machine hardly disturbs, the fastest of three (of a peer a single run where ours takes
longer than 0.1 s); seconds of the clock where threads are compared. Peers that are not installed
stand as absent; NPEET is used if PIDTOOLS_NPEET names its folder.

    python benchmarks/speed_knn.py [--quick] [--only ross ksg large histogram memory]
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks.tools import peers
from benchmarks.tools.clock import best_of, forget_peak, peak_memory, seconds, spent
from benchmarks.tools.options import Options
from benchmarks.tools.process import answered, ask
from benchmarks.tools.store import Row
from benchmarks.tools.written import shown, write_rows, write_table
from pidtools import knn
from pidtools._cells import counting

N = 10_000
Peers = dict[str, Callable[[], Any] | None]


def main() -> None:
    """Print one row a measurement and write the table of each section."""
    if answered(peak):
        return
    sections = {
        "ross": ross,
        "ksg": ksg,
        "large": large,
        "histogram": histograms,
        "memory": memory,
    }
    options = Options(__doc__)
    options.add_argument("--quick", action="store_true", help="leave out the slowest rows")
    options.names("only", sections, sections)
    options.only_table()
    given = options.parse_args()
    for name in given.only:
        if given.table:
            write_table(f"speed_knn_{name}")
            continue
        rows, before = [], spent()
        for row in sections[name](given.quick):
            print(*map(shown, row.values()), sep="  ", flush=True)
            rows.append(row)
        write_rows(f"speed_knn_{name}", str(sections[name].__doc__), rows, since=before)


def ross(quick: bool) -> Iterator[Row]:
    """Informations of ten classes, n = 10,000, in seconds."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, N)
    for d in (5, 10, 20) if not quick else (5, 10):
        x = rng.normal(size=(10, d))[y] * 2.4 / np.sqrt(d) + rng.normal(size=(N, d))
        x /= x.std(axis=0)
        others: Peers = {
            "Ross with scikit-learn's trees": partial(peers.ross_with_trees, x, y),
            "NPEET micd (two entropies)": peers.npeet(x, y),
            "infomeasure ksg (numbers for labels)": peers.infomeasure(x, y),
        }
        yield from compare(f"Ross d={d}", partial(knn.ross, x, y), others)


def ksg(quick: bool) -> Iterator[Row]:
    """Informations of two sources of d columns each, n = 10,000, in seconds."""
    rng = np.random.default_rng(0)
    for d in (1, 5, 10, 64) if not quick else (1, 5):
        x = rng.normal(size=(N, d))
        y = 0.6 * x + 0.8 * rng.normal(size=(N, d))
        others: Peers = {"NPEET mi": peers.npeet(x, y)}
        if d <= 5:
            others["infomeasure ksg"] = peers.infomeasure(x, y)
            others["syntropyx"] = peers.syntropy(x, y)
        if d == 1:
            others["ennemi"] = peers.ennemi(x, y)
            others["scikit-learn"] = peers.scikit_learn(x, y)
        yield from compare(f"KSG d={d}", partial(knn.ksg, x, y), others)


def large(quick: bool) -> Iterator[Row]:
    """Many points, one thread and two, in seconds."""
    rng = np.random.default_rng(0)
    sizes = ((200_000, 2), (50_000, 20), (50_000, 64))
    for n, d in sizes if not quick else sizes[:1]:
        x = rng.normal(size=(n, d))
        y = 0.6 * x + 0.8 * rng.normal(size=(n, d))
        labels = (y[:, 0] > 0) + 2 * (y[:, 1] > 0)
        pairs: dict[str, Callable[..., Any]] = {
            "KSG": lambda rows, jobs, x=x, y=y: knn.ksg(x[:rows], y[:rows], n_jobs=jobs),
            "Ross": lambda rows, jobs, x=x, y=labels: knn.ross(x[:rows], y[:rows], n_jobs=jobs),
        }
        for name, run in pairs.items():
            run(5000, 2)  # compiles
            two, _ = best_of(partial(run, n, 2), 1, time.perf_counter)
            before = time.process_time()
            one, _ = best_of(partial(run, n, 1), 1, time.perf_counter)
            spent = time.process_time() - before
            yield {
                "what": f"{name} n={n} d={d}",
                "one thread, processor": spent,
                "one thread, clock": one,
                "two threads, clock": two,
                "ratio": one / two,
            }


def histograms(quick: bool) -> Iterator[Row]:
    """Histograms of ten million rows of three codes, in seconds."""
    n = 10_000_000 if not quick else 1_000_000
    for size in (8, 20, 100):
        codes = np.random.default_rng(0).integers(0, size, (3, n))
        others: Peers = {"numpy.unique of keys": partial(unique_keys, codes, size)}
        if size == 8:
            others["numpy.unique of rows"] = partial(np.unique, codes.T, axis=0, return_counts=True)
        if size <= 20:
            edges = [np.arange(size + 1) - 0.5] * 3
            others["numpy.histogramdd"] = partial(np.histogramdd, codes.T, bins=edges)
        name = f"histogram {n} rows, {size}^3"
        yield from compare(name, partial(counting.histogram, codes, [size] * 3), others)


def unique_keys(codes: Any, size: int) -> Any:
    """Numpy's histogram of three codes, by one key a row."""
    return np.unique((codes[0] * size + codes[1]) * size + codes[2], return_counts=True)


def memory(quick: bool) -> Iterator[Row]:
    """Peak memory that a histogram of three codes adds to the data, in MB."""
    n = 10_000_000 if not quick else 1_000_000
    for size in (8, 100, 1000):
        for who in ("pidtools", "numpy.unique of keys"):
            added = ask(__file__, who, str(size), str(n))["megabytes"]
            yield {"what": f"histogram {n} rows, {size}^3", "who": who, "MB added": added}


def peak(who: str, size: str, n: str) -> Row:
    """Peak of this process in MB beyond the data and the compiled kernels."""
    codes = np.random.default_rng(0).integers(0, int(size), (3, int(n)))
    for columns in (codes[:, :1000], codes):
        before = forget_peak()
        if who == "pidtools":
            counting.histogram(columns, [int(size)] * 3)
        else:
            unique_keys(columns, int(size))
    return {"megabytes": 1e-6 * (peak_memory() - before)}


def compare(name: str, ours: Callable[[], Any], others: Peers) -> Iterator[Row]:
    """One row for each peer, beside ours."""
    mine = seconds(ours, 3)
    for peer, run in others.items():
        if run is None:
            yield {"what": name, "pidtools": mine, "peer": peer, "its": peers.ABSENT}
            continue
        theirs = seconds(run, 1 if mine > 0.1 else 3)
        yield {"what": name, "pidtools": mine, "peer": peer, "its": theirs, "ratio": theirs / mine}


if __name__ == "__main__":
    main()
