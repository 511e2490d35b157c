"""The experts: small classifiers of different kinds, each good at another shape of problem.

A linear one can't see a change of scale, a tree wastes samples on linear problems, neighbours
drown in width. They are cheap together, and their pool (`pool`) needs no choice between them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import log_softmax

from pidtools._blocks import blocks
from pidtools._probe.axes import lower_factor
from pidtools._probe.bumps import bumps
from pidtools._probe.discriminant import (
    FEW_CLASSES,
    MAX_MEAN_DIRECTIONS,
    Discriminant,
    discriminant,
    project,
)
from pidtools._probe.logistic import logistic_fits
from pidtools._probe.many_logistic import logistic_from
from pidtools._probe.merging import merged_classes
from pidtools._probe.network import Penalty, network_posteriors
from pidtools._probe.whitening import Whitened
from pidtools._types import Array, Codes, Floats, Posteriors

# None where an expert could not be fitted.
Opinions = dict[str, Floats | None]

# Widths up to which an expert sees all features; beyond, the discriminating ones only.
MAX_WIDTH_OF_CURVES = 64
MAX_WIDTH_OF_KERNEL = 512
MAX_CLASSES_OF_TREES = 10
# With more classes than this only experts are asked whose cost does not explode with them.
MANY_CLASSES, OF_MANY = 100, ("lda", "means")
# Steps of the logistic regression of so many.
MANY_STEPS = (5, 20)
TREE_BINS = 63
# Decimals of columns of unit scale that trees see: values that differ by rounding are equal.
TREE_DIGITS = 9
PENALTIES = (0.003, 0.03, 0.3, 3.0)
RIDGE_PENALTIES = (0.003, 0.05)
# Leading components, as loud as they are, at every width; with their penalty.
LEADING = ((50, 0.1), (200, 0.03))
LOUD_COMPONENTS = 50
# Of bumps of loud components in the training rows, beside a hundred of each.
MAX_BUMP_ENTRIES = 2**25
# Started from other weights each; one more adds a third of what the one before did.
N_PERCEPTRONS, LEAST_WIDTH_OF_PERCEPTRONS = 3, 24
LEAST_ROWS_OF_EARLY_STOPPING = 10
# Effective share of the components (of their loudness) above which loud ones are no others.
ALL_ALIKE = 0.7
UNIT_PENALTIES = (0.03, 0.3)
MAX_PARAMETERS_OF_UNITS = 2**14
NEIGHBOUR_ENTRIES = 2**19
# In more directions all distances cost less than a search for so many of them.
MAX_WIDTH_OF_A_TREE = 5
# The first ridge always: units that never vary in the training rows must tell classes nothing.
GAUSSIAN_RIDGES = (1e-6, 1e-4, 1e-2)
NETWORKS = (
    ("stiff", Penalty(linear=1e-2, output=1e-2, start=1e-2), (10, 30, 80)),
    ("loose", Penalty(linear=1e-2, output=2e-3, start=1e-3), (15, 40, 80)),
)
# Steps of one that is not done by then.
LONG = 320
# exp(-25) = 1e-11: posteriors below make no difference to any information.
LOG_FLOOR = -25.0
# Rows of the class shares, so to say, that each expert's opinion is mixed with. No finite sample
# supports more confidence: one row with a unit that no training row has active, judged by a fit
# that could not know it, would cost up to 25 nats.
PRIOR_ROWS = 0.1
# What a fit may fail with that is no fault of the library's or of memory.
FAILURES = (ArithmeticError, ValueError, np.linalg.LinAlgError)


@dataclass(frozen=True)
class View:
    """What an expert sees: training rows with labels, and new rows to judge.

    Copies of rows are not kept: those of a wide source are most of the memory.
    """

    source: Whitened
    train: Codes
    new: Codes
    labels: Codes
    n_classes: int
    random_state: int

    @property
    def Z(self) -> Array:
        """Features of the training rows."""
        return self.source.Z[self.train]

    @property
    def Z_new(self) -> Array:
        """Features of the new rows."""
        return self.source.Z[self.new]

    @property
    def width(self) -> int:
        """Number of features."""
        return self.source.rank

    @cached_property
    def discriminant(self) -> Discriminant:
        """Directions in which the classes differ, from the training rows."""
        return self.fit_discriminant(self.loudness)

    def fit_discriminant(self, loudness: Floats, **options: Any) -> Discriminant:
        """A discriminant of the training rows."""
        Z, rows = self.source.Z, self.train
        return discriminant(Z, rows, self.labels, self.n_classes, loudness, **options)

    @property
    def loudness(self) -> Floats:
        """Scale of each column before whitening, 1 on average."""
        return self.source.loudness

    def loud(self, n_components: int) -> tuple[Floats, Floats]:
        """Training and new rows along leading components, as loud as they are, 1 on average."""
        scale = self.loudness[:n_components]
        scale = scale / np.sqrt(np.mean(scale**2))
        Z = self.source.Z[:, :n_components]
        return Z[self.train] * scale, Z[self.new] * scale

    @property
    def is_even(self) -> bool:
        """Whether all components are about as loud."""
        spectrum = self.source.spectrum
        return bool(spectrum.sum() ** 2 > ALL_ALIKE * len(spectrum) * (spectrum**2).sum())

    @cached_property
    def means_only(self) -> tuple[Floats, Floats]:
        """Training and new rows along the directions in which class means differ most."""
        return self._projected(self.discriminant.mean_directions[:, :MAX_MEAN_DIRECTIONS])

    @cached_property
    def reduced(self) -> tuple[Floats, Floats]:
        """The same, with the directions in which class covariances differ."""
        found = self.discriminant
        few = found.mean_directions[:, :MAX_MEAN_DIRECTIONS]
        return self._projected(np.hstack([few, found.spread_directions]))

    def _projected(self, directions: Floats) -> tuple[Floats, Floats]:
        Z = self.source.Z
        return _unit_scale(project(Z, directions, self.train), project(Z, directions, self.new))


def posteriors(view: View, names: frozenset[str]) -> Opinions:
    """Log posteriors of the new rows by the experts named that apply; None by one that failed.

    Keys are ``family:variant``; a family without variant in `names` stands for all of its
    variants, and for the whole family where it failed. Classes without a training row get less
    than one row's worth.
    """
    present = np.unique(view.labels)
    if view.width == 0:
        return {}
    if len(present) < view.n_classes:
        return _without_absent_classes(view, present, names)
    out: Opinions = {}
    for family in EXPERTS:
        wanted = None if family in names else {n for n in names if n.split(":")[0] == family}
        if wanted is None or wanted:
            out |= _asked_safely(view, family, wanted)
    return out


def _asked_safely(view: View, family: str, wanted: set[str] | None) -> Opinions:
    """What one family says; a fit that fails or says what is no probability is left out."""
    try:
        found = EXPERTS[family](view, wanted)
    except FAILURES:
        return dict.fromkeys(wanted or {family})
    return {
        name: _tempered(log_p, view) if np.isfinite(log_p).all() else None
        for name, log_p in found.items()
        if wanted is None or name in wanted
    }


def _tempered(log_p: Floats, view: View) -> Floats:
    """Posteriors mixed with the class shares of `PRIOR_ROWS` rows."""
    counts = np.bincount(view.labels, minlength=view.n_classes)
    share = PRIOR_ROWS / (len(view.labels) + PRIOR_ROWS)
    mixed: Floats = np.log((1 - share) * np.exp(log_p) + share * counts / len(view.labels))
    return mixed


def _without_absent_classes(view: View, present: Codes, names: frozenset[str]) -> Opinions:
    if len(present) < 2:
        return {}
    labels = np.searchsorted(present, view.labels)
    part = dataclasses.replace(view, labels=labels, n_classes=len(present))
    return {
        name: None if log_p is None else _widen(log_p, present, view)
        for name, log_p in posteriors(part, names).items()
    }


def _widen(log_p: Floats, present: Codes, view: View) -> Floats:
    unseen = -np.log(2.0 * len(view.labels))
    wide = np.full((len(log_p), view.n_classes), unseen)
    wide[:, present] = log_p
    return wide


def _linear_discriminant(view: View, wanted: set[str] | None) -> Posteriors:
    """With the noise shrunk, and nearly as it is found."""
    out: Posteriors = {}
    if _asked("lda:shrunk", wanted):
        out["lda:shrunk"] = view.discriminant.log_posterior(view.source.Z, view.new)
    if view.width <= MAX_WIDTH_OF_KERNEL and _asked("lda:plain", wanted):
        plain = view.fit_discriminant(np.ones(view.width), caution=0.1, spread=False)
        out["lda:plain"] = plain.log_posterior(view.source.Z, view.new)
    if view.n_classes > FEW_CLASSES and _asked("lda:merged", wanted):
        out |= _merged_discriminant(view)
    return out


def _merged_discriminant(view: View) -> Posteriors:
    """Of groups of classes whose means are alike; nothing where there is none, or but one."""
    counts = np.bincount(view.labels, minlength=view.n_classes).astype(np.float64)
    groups = merged_classes(view.discriminant.places, counts)
    n_groups = int(groups.max()) + 1
    if not 1 < n_groups < view.n_classes:
        return {}
    part = dataclasses.replace(view, labels=groups[view.labels], n_classes=n_groups)
    found = part.fit_discriminant(view.loudness, spread=False)
    share = np.log(counts / np.bincount(groups, weights=counts)[groups])
    return {"lda:merged": found.log_posterior(view.source.Z, view.new)[:, groups] + share}


def _logistic(view: View, wanted: set[str] | None) -> Posteriors:
    """Multinomial logistic regression on whitened features, over penalties."""
    penalties = PENALTIES if view.width <= MAX_WIDTH_OF_KERNEL else PENALTIES[:2]
    return _over_penalties(view, "logistic:", penalties, wanted, lambda: (view.Z, view.Z_new))


def _ridge(view: View, wanted: set[str] | None) -> Posteriors:
    """The same on principal components as loud as they are: right when loud means relevant."""
    out: Posteriors = {}
    for n_leading, C in LEADING:
        name = f"ridge:{n_leading}-{C}"
        if n_leading < view.width and not view.is_even and _asked(name, wanted):
            rows, new = view.loud(n_leading)
            out[name] = _logistic_fit(view, rows, new, C)
    if 24 < view.width <= MAX_WIDTH_OF_KERNEL:
        out |= _over_penalties(
            view,
            "ridge:",
            RIDGE_PENALTIES,
            wanted,
            lambda: (view.Z * view.loudness, view.Z_new * view.loudness),
        )
    return out


def _units(view: View, wanted: set[str] | None) -> Posteriors:
    """Additive models of the log odds: logistic regression on bends and jumps of single units."""
    out: Posteriors = {}
    for kind, features in (("bent", view.source.bent), ("splines", view.source.splines)):
        if features is None or features.shape[1] * view.n_classes > MAX_PARAMETERS_OF_UNITS:
            continue
        out |= _over_penalties(
            view,
            f"units:{kind}-",
            UNIT_PENALTIES,
            wanted,
            partial(_rows_of, features, view.train, view.new),
        )
    return out


def _rows_of(features: Array, train: Codes, new: Codes) -> tuple[Array, Array]:
    return features[train], features[new]


def _few_directions(view: View, wanted: set[str] | None) -> Posteriors:
    """Logistic regression in the space of the class means; of many classes from a discriminant."""
    if view.n_classes > MANY_CLASSES:
        return _from_discriminant(view, wanted)
    rows, new = view.means_only
    if rows.shape[1] == view.width:
        return {}
    return {"means:": _logistic_fit(view, rows, new, 1.0)}


def _from_discriminant(view: View, wanted: set[str] | None) -> Posteriors:
    asked = tuple(step for step in MANY_STEPS if _asked(f"means:{step}", wanted))
    if not asked:
        return {}
    found, Z = view.discriminant, view.source.Z
    directions = found.mean_directions
    rows, new = (
        project(Z, directions, some) - found.centre @ directions for some in (view.train, view.new)
    )
    weights = found.places * found.trust
    offset = found.log_prior - 0.5 * (weights**2).sum(axis=1)
    fits = logistic_from(rows, view.labels, new, weights.T, offset, asked)
    return {f"means:{step}": log_p for step, log_p in fits.items()}


def _neighbours(view: View, wanted: set[str] | None) -> Posteriors:
    out: Posteriors = {}
    for name, (rows, new) in _both_reductions(view, "neighbours", wanted):
        out[name] = _neighbour_shares(rows, view.labels, new, view.n_classes)
    return out


def _kernel(view: View, wanted: set[str] | None) -> Posteriors:
    """Logistic regression on Gaussian bumps, in few directions and in all."""
    out: Posteriors = {}
    for name, (rows, new) in _both_reductions(view, "kernel", wanted):
        n_bumps = 30 if rows.shape[1] <= 2 else 100 if name.endswith("means") else 200
        out[name] = _bumps_fit(view, rows, new, n_bumps)
    if not view.is_even and _asked("kernel:loud", wanted):
        rows, new = view.loud(LOUD_COMPONENTS)
        n_bumps = min(int(np.clip(len(rows) // 16, 200, 500)), MAX_BUMP_ENTRIES // len(rows) + 100)
        # Twice as narrow as elsewhere: few components carry most of the distance.
        out["kernel:loud"] = _bumps_fit(view, rows, new, n_bumps, narrow=2.0)
    if view.width <= MAX_WIDTH_OF_KERNEL and _asked("kernel:all", wanted):
        out["kernel:all"] = _bumps_fit(view, *_unit_scale(view.Z, view.Z_new), 300)
    return out


def _gaussian(view: View, wanted: set[str] | None) -> Posteriors:
    """One Gaussian a class, covariances shrunk towards the total one."""
    out: Posteriors = {}
    if _asked("gaussian:reduced", wanted):
        rows, new = view.reduced
        out["gaussian:reduced"] = _gaussian_posterior(rows, view.labels, new, view.n_classes)
    if view.width <= MAX_WIDTH_OF_CURVES and _asked("gaussian:all", wanted):
        out["gaussian:all"] = _gaussian_posterior(view.Z, view.labels, view.Z_new, view.n_classes)
    return out


def _network(view: View, wanted: set[str] | None) -> Posteriors:
    out: Posteriors = {}
    for kind, penalty, steps in NETWORKS:
        asked = [step for step in (0, *steps, LONG) if _asked(f"network:{kind}-{step}", wanted)]
        if asked:
            surely = tuple(s for s in (*steps, LONG) if s <= max(asked) and (wanted or s != LONG))
            fits = _network_fit(view, penalty, surely, None if wanted else LONG)
            out |= {f"network:{kind}-{step}": log_p for step, log_p in fits.items()}
    return out


def _perceptrons(view: View, wanted: set[str] | None) -> Posteriors:
    """A few of them on loud components: what curves in many directions at once, as pictures do."""
    narrow = view.width < LEAST_WIDTH_OF_PERCEPTRONS
    few = np.bincount(view.labels).min() < LEAST_ROWS_OF_EARLY_STOPPING
    if narrow or few or view.is_even or not _asked("perceptrons:loud", wanted):
        return {}
    rows, new = view.loud(LOUD_COMPONENTS)
    said = [
        _perceptron(rows, view.labels, new, view.random_state + k) for k in range(N_PERCEPTRONS)
    ]
    return {"perceptrons:loud": log_softmax(np.mean(said, axis=0), axis=1)}


def _perceptron(rows: Array, labels: Codes, new: Array, random_state: int) -> Floats:
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        (128,),
        alpha=1e-2,
        learning_rate_init=3e-3,
        early_stopping=True,
        validation_fraction=0.12,
        n_iter_no_change=4,
        max_iter=80,
        random_state=random_state,
    ).fit(rows, labels)
    log_p: Floats = np.log(np.maximum(model.predict_proba(new), np.exp(LOG_FLOOR)))
    return log_p


def _trees(view: View, wanted: set[str] | None) -> Posteriors:
    """Histogram gradient boosting, stopped early on held-out training rows."""
    out: Posteriors = {}
    if view.n_classes > MAX_CLASSES_OF_TREES:
        return out
    if view.width <= MAX_WIDTH_OF_CURVES and _asked("trees:all", wanted):
        out["trees:all"] = _boosted(view, view.Z, view.Z_new)
    if _asked("trees:reduced", wanted):
        out["trees:reduced"] = _boosted(view, *view.reduced)
    return out


EXPERTS: dict[str, Callable[[View, set[str] | None], Posteriors]] = {
    "lda": _linear_discriminant,
    "logistic": _logistic,
    "ridge": _ridge,
    "units": _units,
    "means": _few_directions,
    "neighbours": _neighbours,
    "kernel": _kernel,
    "gaussian": _gaussian,
    "network": _network,
    "perceptrons": _perceptrons,
    "trees": _trees,
}


def _asked(name: str, wanted: set[str] | None) -> bool:
    return wanted is None or name in wanted


def _both_reductions(
    view: View, family: str, wanted: set[str] | None
) -> list[tuple[str, tuple[Floats, Floats]]]:
    pairs = []
    if _asked(f"{family}:means", wanted):
        pairs.append((f"{family}:means", view.means_only))
    if view.discriminant.spread_directions.shape[1] and _asked(f"{family}:reduced", wanted):
        pairs.append((f"{family}:reduced", view.reduced))
    return pairs


def _unit_scale(rows: Array, new: Array) -> tuple[Floats, Floats]:
    scale = np.maximum(rows.std(axis=0), 1e-12)
    return rows / scale, new / scale


def _over_penalties(
    view: View,
    prefix: str,
    penalties: tuple[float, ...],
    wanted: set[str] | None,
    parts: Callable[[], tuple[Array, Array]],
) -> Posteriors:
    """Logistic regression on training and new rows, for the penalties that are asked for."""
    asked = tuple(C for C in penalties if _asked(f"{prefix}{C}", wanted))
    if not asked:
        return {}
    rows, new = parts()
    fits = logistic_fits(rows, view.labels, new, asked, view.n_classes)
    return {f"{prefix}{C}": log_p for C, log_p in zip(asked, fits, strict=True)}


def _logistic_fit(view: View, rows: Array, new: Array, C: float) -> Floats:
    return logistic_fits(rows, view.labels, new, (C,), view.n_classes)[0]


def _neighbour_shares(rows: Floats, labels: Codes, new: Floats, n_classes: int) -> Floats:
    """Class shares among the n^0.6 nearest rows, with two prior rows added."""
    from sklearn.neighbors import NearestNeighbors

    n = len(labels)
    k = int(min(n, max(10, min(300, n**0.6))))
    way = "kd_tree" if rows.shape[1] <= MAX_WIDTH_OF_A_TREE else "brute"
    search = NearestNeighbors(n_neighbors=k, algorithm=way).fit(rows)
    counts = np.empty((len(new), n_classes))
    # In blocks: the lists of neighbours of all rows would be the peak of the memory.
    for block in blocks(len(new), k, entries=NEIGHBOUR_ENTRIES):
        near = labels[search.kneighbors(new[block], return_distance=False)]
        counts[block] = np.stack([(near == c).sum(axis=1) for c in range(n_classes)], axis=1)
    prior = np.bincount(labels, minlength=n_classes) / n
    log_p: Floats = np.log((counts + 2 * prior) / (k + 2))
    return log_p


def _bumps_fit(view: View, rows: Array, new: Array, n_bumps: int, narrow: float = 1.0) -> Floats:
    n_bumps = max(min(n_bumps, len(rows) // 4), 1)
    raised = bumps(rows, n_bumps, 0.5 * narrow / rows.shape[1], view.random_state)
    # Ten times the unit scale of the linear columns: curves are penalised less than slopes.
    both, both_new = (np.hstack([10 * raised(some), some]) for some in (rows, new))
    return _logistic_fit(view, both, both_new, 0.1)


def _gaussian_posterior(rows: Array, labels: Codes, new: Array, n_classes: int) -> Floats:
    rows, new = rows.astype(np.float64), new.astype(np.float64)
    width = rows.shape[1]
    total = np.cov(rows.T).reshape(width, width)
    log_density = np.empty((len(new), n_classes))
    for c in range(n_classes):
        own = rows[labels == c]
        centre = own.mean(axis=0)
        weight = 3 * width / (3 * width + len(own))
        spread = (1 - weight) * (own - centre).T @ (own - centre) / len(own) + weight * total
        factor = lower_factor(spread, GAUSSIAN_RIDGES)
        whitened = solve_triangular(factor, (new - centre).T, lower=True)
        log_determinant = np.log(np.diag(factor)).sum()
        log_density[:, c] = -0.5 * (whitened**2).sum(axis=0) - log_determinant + np.log(len(own))
    log_p: Floats = log_softmax(log_density, axis=1)
    return log_p


def _network_fit(
    view: View, penalty: Penalty, steps: tuple[int, ...], perhaps: int | None
) -> dict[int, Floats]:
    found = view.discriminant
    if view.width <= MAX_WIDTH_OF_CURVES:
        rows, new = view.Z, view.Z_new
        start = np.hstack([found.mean_directions[:, :8], found.spread_directions])
    else:
        rows, new = view.reduced
        n_means = min(found.mean_directions.shape[1], MAX_MEAN_DIRECTIONS)
        start = np.delete(np.eye(rows.shape[1]), np.arange(8, n_means), axis=1)
    return network_posteriors(
        np.asarray(rows, dtype=np.float64),
        view.labels,
        start,
        np.asarray(new, dtype=np.float64),
        n_classes=view.n_classes,
        n_hidden=24,
        penalty=penalty,
        steps=steps,
        perhaps=perhaps,
        random_state=view.random_state,
    )


def _boosted(view: View, rows: Array, new: Array) -> Floats:
    from sklearn.ensemble import HistGradientBoostingClassifier

    enough = np.bincount(view.labels).min() >= LEAST_ROWS_OF_EARLY_STOPPING
    binned, binned_new = _in_bins(rows, new)
    model = HistGradientBoostingClassifier(
        max_iter=300 if enough else 40,
        # Small trees and long steps: as good as three times as many of the defaults.
        learning_rate=0.25,
        max_leaf_nodes=8,
        max_bins=TREE_BINS,
        l2_regularization=1.0,
        early_stopping=bool(enough),
        validation_fraction=0.15,
        n_iter_no_change=5,
        random_state=view.random_state,
    ).fit(binned, view.labels)
    log_p: Floats = np.log(np.maximum(model.predict_proba(binned_new), np.exp(LOG_FLOOR)))
    return log_p


def _in_bins(rows: Array, new: Array) -> tuple[Floats, Floats]:
    """Columns as numbers of bins of about equal mass; equal values share a bin.

    scikit-learn would find bins itself, but its versions don't find the same ones.
    """
    n = len(rows)
    at = np.unique(np.arange(1, TREE_BINS) * n // TREE_BINS)
    at = at[at > 0]
    ordered = np.sort(np.round(rows, TREE_DIGITS), axis=0)
    edges = (ordered[at - 1] + ordered[at]) / 2
    both = np.round(np.concatenate([rows, new]), TREE_DIGITS)
    codes = [np.searchsorted(edge, column) for edge, column in zip(edges.T, both.T, strict=True)]
    binned = np.stack(codes, axis=1).astype(np.float64)
    return binned[:n], binned[n:]
