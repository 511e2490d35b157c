"""How far the probe is from exact atoms where classes are many, and what that costs.

    python benchmarks/accuracy_many_classes.py --classes 100 300 1000

Three constructions, exact because posteriors are known: S a garbling of T (nothing is student
only), T and S seeing different attributes of the class (nothing is shared), and a shared attribute
beside own ones. Attributes sit at random places of a latent space with Gaussian noise; layers are
those latents, and columns that know nothing, turned by a random rotation. "floor" is the probe's
own pipeline fed the exact posteriors: what is left there are cells, solver and sampling error. Each
run has a process of its own; "peak" is its resident memory. Rows are kept in
``results/accuracy_many_classes.json`` and not repeated.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import log_softmax
from written import write

RESULTS = Path(__file__).parent / "results"
NAME = "accuracy_many_classes"
KINDS = ("garbled", "apart", "shared")
ESTIMATORS = ("probe", "floor")
ATOMS = ("distillable", "distilled", "student_only", "synergy")
# Classes: rows a class, width of T and of S.
SIZES = {30: (60, 64, 32), 100: (40, 128, 64), 300: (30, 512, 128), 1000: (50, 2048, 512)}
# Values of the attributes: own ones of T and S, and a shared one.
APART = {30: (5, 6), 100: (10, 10), 300: (15, 20), 1000: (25, 40)}
SHARED = {30: (3, 2, 5), 100: (5, 4, 5), 300: (6, 5, 10), 1000: (10, 10, 10)}
N_EXACT, BLOCK = 100_000, 5000


@dataclass(frozen=True)
class Attribute:
    """Places of the values of one attribute, seen with unit noise by T and with more by S."""

    places: np.ndarray
    noise_s: float

    def log_posteriors(self, x: np.ndarray, noise: float) -> np.ndarray:
        """Of the values, for rows seen with that noise."""
        scores = x @ self.places.T - 0.5 * (self.places**2).sum(axis=1)
        return log_softmax(scores / noise**2, axis=1)


@dataclass(frozen=True)
class Construction:
    """Attributes that make up a class; T sees some, S sees some, S through what T saw if both."""

    attributes: tuple[Attribute, ...]
    of_t: tuple[int, ...]
    of_s: tuple[int, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of values."""
        return tuple(len(each.places) for each in self.attributes)

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """Labels as even as they go, and what T and S see of each attribute."""
        labels = rng.permutation(np.arange(n) % int(np.prod(self.sizes)))
        values = np.unravel_index(labels, self.sizes)
        t, s = [], []
        for k, (each, value) in enumerate(zip(self.attributes, values, strict=True)):
            seen = each.places[value] + rng.normal(size=(n, each.places.shape[1]))
            t.append(seen if k in self.of_t else seen[:, :0])
            extra = np.sqrt(max(each.noise_s**2 - 1, 0.0))
            seen = seen + extra * rng.normal(size=seen.shape)
            s.append(seen if k in self.of_s else seen[:, :0])
        return labels, t, s

    def log_posteriors(self, t: list, s: list) -> Iterator[list[np.ndarray]]:
        """For each attribute log posteriors of its values given T, given S, given both."""
        for k, each in enumerate(self.attributes):
            none = np.zeros((len(t[k]), len(each.places))) - np.log(len(each.places))
            of_t = each.log_posteriors(t[k], 1.0) if k in self.of_t else none
            of_s = each.log_posteriors(s[k], each.noise_s) if k in self.of_s else none
            yield [of_t, of_s, of_t if k in self.of_t else of_s]

    def exact(self, rng: np.random.Generator) -> dict[str, float]:
        """Atoms in bits. Attributes are independent, so informations add up over them."""
        informations = np.zeros((len(self.attributes), 3))
        for _ in range(N_EXACT // BLOCK):
            _, t, s = self.draw(BLOCK, rng)
            for k, three in enumerate(self.log_posteriors(t, s)):
                for j, log_p in enumerate(three):
                    left = -(np.exp(log_p) * log_p).sum(axis=1).mean() / np.log(2)
                    informations[k, j] += np.log2(log_p.shape[1]) - left
        i_t, i_s, i_both = informations.T / (N_EXACT // BLOCK)
        # Of each attribute S sees a garbling of what T sees, or one of them sees nothing.
        red = np.minimum(i_t, i_s)
        known = (i_t - red, red, i_s - red, i_both - np.maximum(i_t, i_s))
        return {atom: float(x.sum()) for atom, x in zip(ATOMS, known, strict=True)}


def construction(kind: str, n_classes: int) -> Construction:
    """Places as far apart as leaves a part of each attribute unknown."""
    rng = np.random.default_rng(n_classes)

    def attribute(n: int, spread: float, noise_s: float) -> Attribute:
        d = max(4, int(6 * np.log2(n) / 2))
        return Attribute(spread * rng.normal(size=(n, d)), noise_s)

    if kind == "garbled":
        return Construction((attribute(n_classes, 1.0, 1.6),), (0,), (0,))
    if kind == "apart":
        n_t, n_s = APART[n_classes]
        return Construction((attribute(n_t, 1.0, 1.0), attribute(n_s, 0.8, 1.0)), (0,), (1,))
    shared, n_t, n_s = SHARED[n_classes]
    parts = attribute(shared, 1.0, 1.4), attribute(n_t, 1.0, 1.0), attribute(n_s, 0.8, 1.0)
    return Construction(parts, (0, 1), (0, 2))


def layer(seen: list[np.ndarray], width: int, rng: np.random.Generator) -> np.ndarray:
    """Latents beside columns of noise, rotated; float32."""
    latent = np.hstack(seen).astype(np.float32)
    rotation = np.linalg.qr(rng.normal(size=(width, width)))[0].astype(np.float32)
    X = latent @ rotation[: latent.shape[1]]
    for start in range(0, len(X), BLOCK):
        rows = slice(start, start + BLOCK)
        noise = rng.normal(size=(len(X[rows]), width - latent.shape[1])).astype(np.float32)
        X[rows] += noise @ rotation[latent.shape[1] :]
    return X


def posteriors_of_classes(made: Construction, t: list, s: list) -> list[np.ndarray]:
    """Posteriors of the classes given T and given S, shape (n, n_classes), float32."""
    whole = [np.zeros((len(t[0]), 1), np.float32) for _ in range(2)]
    for three in made.log_posteriors(t, s):
        for j in range(2):
            more = whole[j][:, :, None] + three[j][:, None, :].astype(np.float32)
            whole[j] = more.reshape(len(more), -1)
    return [np.exp(log_p) for log_p in whole]


def work(kind: str, n_classes: int, estimator: str, seed: int, options: Any) -> dict[str, Any]:
    """One measurement."""
    import pidtools as pt

    warnings.simplefilter("ignore")
    rows, width_t, width_s = SIZES[n_classes]
    made = construction(kind, n_classes)
    exact = made.exact(np.random.default_rng(1))
    rng = np.random.default_rng(100 + seed)
    labels, t, s = made.draw((options.rows or rows) * n_classes, rng)
    if estimator == "floor":
        T, S = posteriors_of_classes(made, t, s)
        method: Any = pt.Probe(inputs="probabilities", experts=())
    else:
        T, S = layer(t, width_t, rng), layer(s, width_s, rng)
        method = pt.Probe()
    del t, s
    with Peak() as peak:
        start, cpu = time.perf_counter(), time.process_time()
        found = pt.distillable_knowledge(
            T,
            S,
            labels,
            estimator=method,
            synergy=estimator == "probe" and not options.no_synergy,
            confidence_level=0.95 if options.intervals else None,
        )
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    row: dict[str, Any] = {
        "construction": kind,
        "classes": n_classes,
        "n": len(labels),
        "T": T.shape[1],
        "S": S.shape[1],
        "by": estimator,
        "seed": seed,
    }
    for atom in ATOMS:
        row[atom] = found.to_dict()[atom]
        row[f"true {atom}"] = exact[atom]
    return row | {
        "intervals": {k: (v.low, v.high) for k, v in found.intervals.items()} or None,
        "seconds": seconds,
        "CPU s": cpu,
        "peak GiB": peak.largest / 2**30,
        "notes": list(found.notes),
    }


class Peak:
    """Largest resident memory while the block runs."""

    def __enter__(self) -> Peak:
        self.largest = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.largest = max(self.largest, 4096 * pages)

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def main() -> None:
    """Parse the command line, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--classes", type=int, nargs="*", choices=SIZES, default=[100, 300, 1000])
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=list(KINDS))
    parser.add_argument("--by", nargs="*", choices=ESTIMATORS, default=list(ESTIMATORS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--rows", type=int, default=None, help="rows a class")
    parser.add_argument("--no-synergy", action="store_true")
    parser.add_argument("--intervals", action="store_true")
    parser.add_argument("--dry", action="store_true", help="do not write or read results")
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        kind, n_classes, estimator, seed = options.work
        print(json.dumps(work(kind, int(n_classes), estimator, int(seed), options)))
        return
    store = RESULTS / f"{NAME}.json"
    rows = json.loads(store.read_text())["rows"] if store.exists() and not options.dry else []
    done = {(row["construction"], row["classes"], row["by"], row["seed"]) for row in rows}
    asked = [
        (kind, n, by, seed)
        for seed in range(options.seeds)
        for n in options.classes
        for kind in options.kinds
        for by in options.by
    ]
    passed_on = [flag for flag in sys.argv[1:] if flag in ("--no-synergy", "--intervals")]
    passed_on += ["--rows", str(options.rows)] if options.rows else []
    for key in asked:
        if key in done:
            continue
        command = [sys.executable, __file__, "--work", *map(str, key), *passed_on]
        row = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        rows.append(row)
        errors = " ".join(
            f"{atom} {row[atom]:.3f} ({row[atom] - row[f'true {atom}']:+.3f})"
            for atom in ATOMS
            if row[atom] is not None
        )
        cost = f"{row['seconds']:.0f} s, {row['CPU s']:.0f} CPU s, {row['peak GiB']:.2f} GiB"
        print(*key, f"n={row['n']}:", errors, cost, flush=True)
        if options.dry:
            print(*row["notes"], sep="\n    ", flush=True)
            continue
        write(NAME, "Many classes: atoms in bits", rows)


if __name__ == "__main__":
    main()
