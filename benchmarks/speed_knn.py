"""Speed of the k-nearest-neighbour informations and of histograms beside their peers.

Every row is measured in one run: processor seconds of one thread, which other work on the
machine hardly disturbs, the fastest of three (of a peer a single run where ours takes
longer than 0.1 s); seconds of the clock where threads are compared. Peers that are not installed
are skipped with a line; NPEET is used if its folder is on the path.

    python benchmarks/speed_knn.py [--quick] [--only ross ksg large histogram memory]
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from speed_broja import memory_from_now, peak_memory
from written import shown, write

from pidtools import knn
from pidtools._cells import counting

N = 10_000
Row = dict[str, Any]


def main() -> None:
    """Print one row a measurement and write the table of each section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the slowest rows")
    sections = {
        "ross": ross,
        "ksg": ksg,
        "large": large,
        "histogram": histograms,
        "memory": memory,
    }
    parser.add_argument("--only", nargs="+", choices=sections, default=list(sections))
    parser.add_argument("--peak", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peak:
        who, size, n = arguments.peak
        print(peak(who, int(size), int(n)))
        return
    for name in arguments.only:
        rows = []
        for row in sections[name](arguments.quick):
            print(*map(shown, row.values()), sep="  ", flush=True)
            rows.append(row)
        write(f"speed_knn_{name}", str(sections[name].__doc__), rows)


def ross(quick: bool) -> Iterator[Row]:
    """Informations of ten classes, n = 10,000, in seconds."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, N)
    for d in (5, 10, 20) if not quick else (5, 10):
        x = rng.normal(size=(10, d))[y] * 2.4 / np.sqrt(d) + rng.normal(size=(N, d))
        x /= x.std(axis=0)
        peers = {
            "Ross with scikit-learn's trees": lambda x=x: ross_with_trees(x, y),
            "NPEET micd (two entropies)": npeet("micd", x, y[:, None]),
            "infomeasure ksg (numbers for labels)": infomeasure(x, y),
        }
        yield from compare(f"Ross d={d}", lambda x=x: knn.ross(x, y), peers)


def ksg(quick: bool) -> Iterator[Row]:
    """Informations of two sources of d columns each, n = 10,000, in seconds."""
    rng = np.random.default_rng(0)
    for d in (1, 5, 10, 64) if not quick else (1, 5):
        x = rng.normal(size=(N, d))
        y = 0.6 * x + 0.8 * rng.normal(size=(N, d))
        peers = {"NPEET mi": npeet("mi", x, y)}
        if d <= 5:
            peers["infomeasure ksg"] = infomeasure(x, y)
            peers["syntropyx"] = syntropy(x, y)
        if d == 1:
            peers["ennemi"] = ennemi(x[:, 0], y[:, 0])
            peers["scikit-learn"] = scikit_learn(x, y[:, 0])
        yield from compare(f"KSG d={d}", lambda x=x, y=y: knn.ksg(x, y), peers)


def large(quick: bool) -> Iterator[Row]:
    """Many points, one thread and two, in seconds."""
    rng = np.random.default_rng(0)
    sizes = ((200_000, 2), (50_000, 20), (50_000, 64))
    for n, d in sizes if not quick else sizes[:1]:
        x = rng.normal(size=(n, d))
        y = 0.6 * x + 0.8 * rng.normal(size=(n, d))
        labels = (y[:, 0] > 0) + 2 * (y[:, 1] > 0)
        for name, run in (
            ("KSG", lambda jobs, rows=n, x=x, y=y: knn.ksg(x[:rows], y[:rows], n_jobs=jobs)),
            (
                "Ross",
                lambda jobs, rows=n, x=x, labels=labels: knn.ross(
                    x[:rows], labels[:rows], n_jobs=jobs
                ),
            ),
        ):
            run(2, 5000)  # compiles
            two = seconds(lambda run=run: run(2), 1, time.perf_counter)
            before = time.process_time()
            one = seconds(lambda run=run: run(1), 1, time.perf_counter)
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
        peers: dict[str, Callable[[], Any] | None] = {
            "numpy.unique of keys": lambda codes=codes, size=size: np.unique(
                (codes[0] * size + codes[1]) * size + codes[2], return_counts=True
            )
        }
        if size == 8:
            peers["numpy.unique of rows"] = lambda codes=codes: np.unique(
                codes.T, axis=0, return_counts=True
            )
        if size <= 20:
            edges = [np.arange(size + 1) - 0.5] * 3
            peers["numpy.histogramdd"] = lambda codes=codes, edges=edges: np.histogramdd(
                codes.T, bins=edges
            )
        name = f"histogram {n} rows, {size}^3"
        yield from compare(
            name, lambda codes=codes, size=size: counting.histogram(codes, [size] * 3), peers
        )


def memory(quick: bool) -> Iterator[Row]:
    """Peak memory that a histogram of three codes adds to the data, in MB."""
    n = 10_000_000 if not quick else 1_000_000
    for size in (8, 100, 1000):
        for who in ("pidtools", "numpy.unique of keys"):
            command = [sys.executable, __file__, "--peak", who, str(size), str(n)]
            found = subprocess.run(command, check=True, capture_output=True, text=True)
            added = float(found.stdout.split()[-1])
            yield {"what": f"histogram {n} rows, {size}^3", "who": who, "MB added": added}


def peak(who: str, size: int, n: int) -> float:
    """Peak of this process in MB beyond the data and the compiled kernels."""
    codes = np.random.default_rng(0).integers(0, size, (3, n))
    for columns in (codes[:, :1000], codes):
        before = memory_from_now()
        if who == "pidtools":
            counting.histogram(columns, [size] * 3)
        else:
            keys = (columns[0] * size + columns[1]) * size + columns[2]
            np.unique(keys, return_counts=True)
    return peak_memory() - before


def compare(
    name: str, ours: Callable[[], Any], peers: dict[str, Callable[[], Any] | None]
) -> Iterator[Row]:
    """One row for each peer, beside ours."""
    mine = seconds(ours, 3)
    for peer, run in peers.items():
        if run is None:
            print(f"{name}: {peer} is not installed, skipped")
            continue
        theirs = seconds(run, 1 if mine > 0.1 else 3)
        yield {"what": name, "pidtools": mine, "peer": peer, "its": theirs, "ratio": theirs / mine}


def seconds(
    run: Callable[[], Any], repeats: int, clock: Callable[[], float] = time.process_time
) -> float:
    """Fastest of a few runs; runs of ours are warmed up by a first one."""
    if repeats > 1:
        run()
    found = []
    for _ in range(repeats):
        start = clock()
        run()
        found.append(clock() - start)
    return min(found)


def ross_with_trees(x: Any, y: Any, k: int = 3) -> float:
    """Ross (2014) in the obvious way with the trees of scikit-learn."""
    from scipy.special import digamma
    from sklearn.neighbors import KDTree, NearestNeighbors

    radius, sizes = np.empty(len(x)), np.bincount(y)
    for c in range(len(sizes)):
        near = NearestNeighbors(metric="chebyshev", n_neighbors=k).fit(x[y == c])
        radius[y == c] = np.nextafter(near.kneighbors()[0][:, -1], 0)
    tree = KDTree(x, metric="chebyshev")
    inside = tree.query_radius(x, radius, count_only=True)
    terms = digamma(len(x)) + digamma(k) - digamma(sizes[y]) - digamma(inside)
    return float(terms.mean())


def npeet(name: str, *arrays: Any) -> Callable[[], Any] | None:
    """A function of NPEET, if it is there."""
    module = optional("npeet.entropy_estimators")
    return module and (lambda: getattr(module, name)(*arrays))


def infomeasure(x: Any, y: Any) -> Callable[[], Any] | None:
    """Mutual information of infomeasure, if it is there."""
    module = optional("infomeasure")
    return module and (lambda: module.mutual_information(x, y, approach="ksg", k=3))


def syntropy(x: Any, y: Any) -> Callable[[], Any] | None:
    """Mutual information of syntropyx, if it is there."""
    module = optional("syntropy.knn")
    d = x.shape[1]
    joined = np.hstack([x, y]).T
    parts = tuple(range(d)), tuple(range(d, 2 * d))
    return module and (lambda: module.mutual_information(*parts, 3, joined))


def ennemi(x: Any, y: Any) -> Callable[[], Any] | None:
    """Mutual information of ennemi, if it is there."""
    module = optional("ennemi")
    return module and (lambda: module.estimate_mi(y, x))


def scikit_learn(x: Any, y: Any) -> Callable[[], Any] | None:
    """Mutual information of scikit-learn."""
    module = optional("sklearn.feature_selection")
    return module and (lambda: module.mutual_info_regression(x, y, random_state=0))


def optional(name: str) -> Any:
    """Return a module, or None."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


if __name__ == "__main__":
    main()
