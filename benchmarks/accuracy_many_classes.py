"""How far the probe is from exact atoms where classes are many, and what that costs.

    python benchmarks/accuracy_many_classes.py --classes 100 300 1000

Three constructions, exact because posteriors are known: S a garbling of T (nothing is student
only), T and S seeing different attributes of the class (nothing is shared), and a shared attribute
beside own ones. Attributes sit at random places of a latent space with Gaussian noise; layers are
those latents, and columns that know nothing, turned by a random rotation. "floor" is the probe's
own pipeline fed the exact posteriors: what is left there are cells, solver and sampling error. Each
run has a process of its own; "peak" is its resident memory. Rows are kept in
``results/accuracy_many_classes.jsonl`` and not repeated.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import log_softmax

from benchmarks.tools.clock import forget_peak, peak_memory
from benchmarks.tools.options import Options
from benchmarks.tools.process import answered, ask
from benchmarks.tools.store import Row, Store
from benchmarks.tools.written import table_of, write
from pidtools import Probe, distillable_knowledge

Array = np.ndarray[Any, Any]
NAME = "accuracy_many_classes"
KINDS = ("garbled", "apart", "shared")
ESTIMATORS = ("probe", "floor")
KEY = ("kind", "classes", "by", "seed", "rows", "what")
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

    places: Array
    noise_s: float

    def log_posteriors(self, x: Array, noise: float) -> Array:
        """Of the values, for rows seen with that noise."""
        scores = x @ self.places.T - 0.5 * (self.places**2).sum(axis=1)
        log_p: Array = log_softmax(scores / noise**2, axis=1)
        return log_p


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

    def draw(self, n: int, rng: np.random.Generator) -> tuple[Array, list[Array], list[Array]]:
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

    def log_posteriors(self, t: list[Array], s: list[Array]) -> Iterator[list[Array]]:
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


def layer(seen: list[Array], width: int, rng: np.random.Generator) -> Array:
    """Latents beside columns of noise, rotated; float32."""
    latent = np.hstack(seen).astype(np.float32)
    rotation = np.linalg.qr(rng.normal(size=(width, width)))[0].astype(np.float32)
    X = latent @ rotation[: latent.shape[1]]
    for start in range(0, len(X), BLOCK):
        rows = slice(start, start + BLOCK)
        noise = rng.normal(size=(len(X[rows]), width - latent.shape[1])).astype(np.float32)
        X[rows] += noise @ rotation[latent.shape[1] :]
    return X


def posteriors_of_classes(made: Construction, t: list[Array], s: list[Array]) -> list[Array]:
    """Posteriors of the classes given T and given S, shape (n, n_classes), float32."""
    whole = [np.zeros((len(t[0]), 1), np.float32) for _ in range(2)]
    for three in made.log_posteriors(t, s):
        for j in range(2):
            more = whole[j][:, :, None] + three[j][:, None, :].astype(np.float32)
            whole[j] = more.reshape(len(more), -1)
    return [np.exp(log_p) for log_p in whole]


def work(kind: str, classes: str, by: str, seed: str, rows: str, what: str) -> Row:
    """One measurement."""
    warnings.simplefilter("ignore")
    n_classes = int(classes)
    n, (width_t, width_s) = int(rows) * n_classes, SIZES[n_classes][1:]
    made = construction(kind, n_classes)
    exact = made.exact(np.random.default_rng(1))
    rng = np.random.default_rng(100 + int(seed))
    labels, t, s = made.draw(n, rng)
    if by == "floor":
        T, S = posteriors_of_classes(made, t, s)
        method = Probe(inputs="probabilities", experts=())
    else:
        T, S = layer(t, width_t, rng), layer(s, width_s, rng)
        method = Probe()
    del t, s
    forget_peak()
    start, cpu = time.perf_counter(), time.process_time()
    found = distillable_knowledge(
        T,
        S,
        labels,
        estimator=method,
        synergy=by == "probe",
        confidence_level=0.95 if what == "intervals" else None,
    )
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    errors = {atom: (found.to_dict()[atom] or 0.0) - exact[atom] for atom in ATOMS}
    return {
        "n": n,
        "T": T.shape[1],
        "S": S.shape[1],
        "exact": exact,
        "errors": errors,
        "intervals": {name: (each.low, each.high) for name, each in found.intervals.items()},
        "seconds": seconds,
        "cpu": cpu,
        "peak": peak_memory() / 2**30,
        "notes": list(found.notes),
    }


def write_tables() -> None:
    """Errors beside the exact atoms, and what they cost."""
    rows = []
    for row in Store(NAME, *KEY).rows():
        said = {name: row[name] for name in ("kind", "classes", "n", "T", "S", "by", "seed")}
        for atom in ATOMS:
            said[atom] = f"{row['exact'][atom]:.3f} {row['errors'][atom]:+.3f}"
        cost = f"{row['seconds']:.0f}", f"{row['cpu']:.0f}", f"{row['peak']:.2f}"
        rows.append(said | dict(zip(("seconds", "CPU s", "peak GiB"), cost, strict=True)))
    title = "# Many classes: exact atoms in bits, and how far estimates are off"
    write(NAME, title, table_of(rows))


def main() -> None:
    """Parse the command line, measure and write."""
    if answered(work):
        return
    options = Options(__doc__)
    options.numbers("classes", [100, 300, 1000], "out of 30, 100, 300, 1000")
    options.names("kinds", KINDS, KINDS)
    options.names("by", ESTIMATORS, ESTIMATORS)
    options.number("seeds", 1)
    options.number("rows", 0, "rows a class, 0 for those that stand in the script")
    options.add_argument("--intervals", action="store_true")
    options.only_table()
    given = options.parse_args()
    store = Store(NAME, *KEY)
    for seed in range(0 if given.table else given.seeds):
        for n_classes in given.classes:
            rows = given.rows or SIZES[n_classes][0]
            for kind in given.kinds:
                for by in given.by:
                    what = "intervals" if given.intervals else "atoms"
                    key = dict(zip(KEY, (kind, n_classes, by, seed, rows, what), strict=True))
                    if tuple(key.values()) in store.finished():
                        continue
                    row = key | ask(__file__, *map(str, key.values()))
                    store.add([row])
                    said = " ".join(f"{atom} {row['errors'][atom]:+.3f}" for atom in ATOMS)
                    print(*key.values(), said, f"{row['seconds']:.0f} s", flush=True)
    write_tables()


if __name__ == "__main__":
    main()
