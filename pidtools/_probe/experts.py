"""The experts: small classifiers of different kinds, each good at another shape of problem.

A linear one can't see a change of scale, a tree wastes samples on linear problems, neighbours
drown in width. They are cheap together, and their pool (`pool`) needs no choice between them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import log_softmax

from pidtools._blocks import blocks
from pidtools._probe.axes import lower_factor, steady
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
from pidtools._probe.network import Penalty, network_fits
from pidtools._probe.rows import ROWS_ENOUGH, choose_rows
from pidtools._probe.whitening import Whitened
from pidtools._types import Array, Codes, Floats

# From rows of a source to features, and to the log posteriors of a fitted expert.
Reading = Callable[[Codes], Array]
Model = Callable[[Codes], Floats]
# From features to log posteriors.
Said = Callable[[Array], Floats]
# None where an expert could not be fitted, or did not say probabilities.
Models = dict[str, Model | None]
Opinions = dict[str, Floats | None]

# Widths up to which an expert sees all features; beyond, the discriminating ones only.
MAX_WIDTH_OF_CURVES = 64
MAX_WIDTH_OF_KERNEL = 512
MAX_CLASSES_OF_TREES = 10
# Rows for each parameter beyond which an expert learns from a part of them. A parameter costs half
# a nat over the number of rows: what more rows could add to the best of linear models is below .01
# bits, and extrapolated like the rest. Neighbours cost the square of the rows, and don't look at
# more than 300 of them.
ROWS_A_PARAMETER, ROWS_OF_NEIGHBOURS = 64, 20_000
# Families whose features of all training rows stand in memory, in single precision: not more.
HELD, HELD_ENTRIES = frozenset({"logistic", "ridge"}), 2**26
LINEAR = frozenset({"lda", "logistic", "ridge", "means"})
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
LOUD = max(n for n, _ in LEADING)
# Of bumps of loud components in the training rows, beside a hundred of each.
MAX_BUMP_ENTRIES = 2**25
# Started from other weights each.
N_PERCEPTRONS, LEAST_WIDTH_OF_PERCEPTRONS = 3, 24
LEAST_ROWS_OF_EARLY_STOPPING = 10
# Effective share of the components (of their loudness) above which loud ones are no others.
ALL_ALIKE = 0.7
UNIT_PENALTIES = (0.03, 0.3)
MAX_PARAMETERS_OF_UNITS = 2**14
NEIGHBOUR_ENTRIES = 2**19
# In more directions all distances cost less than a search for so many of them.
MAX_WIDTH_OF_A_TREE = 5
# Rows that are read together where a fit does not need all of them at once.
PART_ROWS = 2**14
# Entries of rows that are judged together, bumps and bends included.
JUDGED_ENTRIES, JUDGED_FEATURES = 2**22, 512
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


class NoAnswerError(Exception):
    """A model failed, or said what is no probability."""


@dataclass(frozen=True)
class Features:
    """How features are read, and the training rows; what is read of these, where that is held."""

    read: Reading
    train: Codes
    held: Array | None = None

    @property
    def rows(self) -> Array:
        """Features of the training rows."""
        return self.read(self.train) if self.held is None else self.held

    def part(self, block: slice) -> Array:
        """Some of them."""
        return self.read(self.train[block]) if self.held is None else self.held[block]

    def parts(self) -> Iterator[tuple[slice, Array]]:
        """All of them block by block, in double precision."""
        for block in blocks(len(self.train), 1, entries=PART_ROWS):
            yield block, self.part(block).astype(np.float64)


@dataclass(frozen=True)
class View:
    """What an expert sees: training rows with labels.

    Copies of rows are not kept: those of a wide source are most of the memory. With `growth`
    experts other than neighbours learn from so many times the rows that are enough.
    """

    source: Whitened
    train: Codes
    labels: Codes
    n_classes: int
    random_state: int
    directed_by: View | None = None
    growth: int = 1

    def n_rows(self, enough: int) -> int:
        """Training rows to learn from where so many rows of the source are enough.

        In proportion: learning curves compare fits to most rows with fits to half of them.
        """
        return min(math.ceil(len(self.train) * enough / len(self.source.Z)), len(self.train))

    def part(self, n: int) -> View:
        """The view of so many of the training rows."""
        if n == len(self.train):
            return self
        some = choose_rows(self.labels, n, self.random_state)
        return dataclasses.replace(self, train=self.train[some], labels=self.labels[some])

    @property
    def Z(self) -> Array:
        """Features of the training rows."""
        return self.read(self.train)

    def read(self, rows: Codes) -> Array:
        """Features of any rows."""
        return self.source.Z[rows]

    @property
    def width(self) -> int:
        """Number of features."""
        return self.source.rank

    @cached_property
    def discriminant(self) -> Discriminant:
        """Directions in which the classes differ, from its rows or those of another view."""
        if self.directed_by is not None:
            return self.directed_by.discriminant
        return self.fit_discriminant(self.loudness)

    def fit_discriminant(self, loudness: Floats, **options: Any) -> Discriminant:
        """A discriminant of the training rows."""
        Z, rows = self.source.Z, self.train
        return discriminant(Z, rows, self.labels, self.n_classes, loudness, **options)

    @property
    def loudness(self) -> Floats:
        """Scale of each column before whitening, 1 on average."""
        return self.source.loudness

    def loud(self, n_components: int) -> Reading:
        """Leading components, as loud as they are, 1 on average."""
        scale = self.loudness[:n_components]
        scale = scale / np.sqrt(np.mean(scale**2))
        read = self.source.leading(n_components)
        return lambda rows: read(rows) * scale

    @property
    def is_even(self) -> bool:
        """Whether all components are about as loud."""
        spectrum = self.source.spectrum
        return bool(spectrum.sum() ** 2 > ALL_ALIKE * len(spectrum) * (spectrum**2).sum())

    def seen(self, read: Reading) -> Features:
        """What is read of the training rows."""
        return Features(read, self.train)

    @cached_property
    def means_only(self) -> Features:
        """The directions in which class means differ most."""
        return self._along(self.discriminant.mean_directions[:, :MAX_MEAN_DIRECTIONS])

    @cached_property
    def reduced(self) -> Features:
        """The same, with the directions in which class covariances differ."""
        found = self.discriminant
        few = found.mean_directions[:, :MAX_MEAN_DIRECTIONS]
        return self._along(np.hstack([few, found.spread_directions]))

    def _along(self, directions: Floats) -> Features:
        """Directions, scaled to deviation one in the training rows."""
        Z = self.source.Z
        own = project(Z, directions, self.train)
        scale = _scale(own)
        held = own / scale if len(own) <= ROWS_ENOUGH else None
        return Features(lambda rows: project(Z, directions, rows) / scale, self.train, held)


def _rows_enough(family: str, view: View) -> int:
    """Rows beyond which a family learns from a part of them."""
    if family == "neighbours":
        return ROWS_OF_NEIGHBOURS
    parameters = 0
    if family in LINEAR:
        parameters = view.width * (view.n_classes - 1)
    if family == "gaussian" and view.width <= MAX_WIDTH_OF_CURVES:
        parameters = view.n_classes * view.width * (view.width + 1) // 2
    rows = max(ROWS_ENOUGH * view.growth, ROWS_A_PARAMETER * parameters)
    if family in HELD:
        read = view.width if view.width <= MAX_WIDTH_OF_KERNEL or family == "logistic" else LOUD
        rows = min(rows, HELD_ENTRIES // read)
    return rows


def fitted(view: View, names: frozenset[str]) -> Models:
    """The experts named that apply, fitted; None in the place of one that failed.

    Keys are ``family:variant``; a family without variant in `names` stands for all of its
    variants, and for the whole family where it failed. Classes without a training row get less
    than one row's worth.
    """
    present = np.unique(view.labels)
    if view.width == 0:
        return {}
    if len(present) < view.n_classes:
        return _without_absent_classes(view, present, names)
    rows = {f: view.n_rows(_rows_enough(f, view)) for f in EXPERTS}
    linear = view.part(rows["lda"])
    views = {rows["lda"]: linear}
    out: Models = {}
    for family, n in rows.items():
        wanted = None if family in names else {x for x in names if x.split(":")[0] == family}
        if wanted is None or wanted:
            if n not in views:
                views[n] = dataclasses.replace(view.part(n), directed_by=linear)
            out |= _fitted_safely(views[n], family, wanted)
    return out


def judged(models: Models, rows: Codes, width: int) -> Opinions:
    """What fitted experts say of rows of a source of so many features, some rows at a time."""
    said: dict[str, list[Floats]] = {name: [] for name, model in models.items() if model}
    for some in blocks(len(rows), width + JUDGED_FEATURES, entries=JUDGED_ENTRIES):
        part = rows[some]  # all are asked the same object: what is read of it is made once
        for name in list(said):
            answer = _said_safely(models[name], part)
            if answer is None:
                del said[name]
            else:
                said[name].append(answer)
    return {name: np.concatenate(said[name]) if said.get(name) else None for name in models}


def _fitted_safely(view: View, family: str, wanted: set[str] | None) -> Models:
    """One family, without fits that fail."""
    try:
        found = EXPERTS[family](view, wanted)
    except FAILURES:
        return dict.fromkeys(wanted or {family})
    return {
        name: model and _tempered(model, view)
        for name, model in found.items()
        if wanted is None or name in wanted
    }


def _said_safely(model: Model | None, rows: Codes) -> Floats | None:
    """None where a model has no answer."""
    try:
        return model and model(rows)
    except NoAnswerError:
        return None


def _tempered(model: Model, view: View) -> Model:
    """Posteriors mixed with the class shares of `PRIOR_ROWS` rows; what is none is refused."""
    counts = np.bincount(view.labels, minlength=view.n_classes)
    share = PRIOR_ROWS / (len(view.labels) + PRIOR_ROWS)

    def tempered(rows: Codes) -> Floats:
        try:
            log_p = model(rows)
        except FAILURES as error:
            raise NoAnswerError from error
        if not np.isfinite(log_p).all():
            raise NoAnswerError
        mixed: Floats = np.log((1 - share) * np.exp(log_p) + share * counts / len(view.labels))
        return mixed

    return tempered


def _without_absent_classes(view: View, present: Codes, names: frozenset[str]) -> Models:
    if len(present) < 2:
        return {}
    labels = np.searchsorted(present, view.labels)
    part = dataclasses.replace(view, labels=labels, n_classes=len(present))
    return {
        name: model and _widened(model, present, view)
        for name, model in fitted(part, names).items()
    }


def _widened(model: Model, present: Codes, view: View) -> Model:
    unseen = -np.log(2.0 * len(view.labels))

    def wide(rows: Codes) -> Floats:
        log_p = np.full((len(rows), view.n_classes), unseen)
        log_p[:, present] = model(rows)
        return log_p

    return wide


def _linear_discriminant(view: View, wanted: set[str] | None) -> Models:
    """With the noise shrunk, and nearly as it is found."""
    out: Models = {}
    if _asked("lda:shrunk", wanted):
        out["lda:shrunk"] = _of_discriminant(view, view.discriminant)
    if view.width <= MAX_WIDTH_OF_KERNEL and _asked("lda:plain", wanted):
        plain = view.fit_discriminant(np.ones(view.width), caution=0.1, spread=False)
        out["lda:plain"] = _of_discriminant(view, plain)
    if view.n_classes > FEW_CLASSES and _asked("lda:merged", wanted):
        out |= _merged_discriminant(view)
    return out


def _of_discriminant(view: View, found: Discriminant) -> Model:
    return partial(found.log_posterior, view.source.Z)


def _merged_discriminant(view: View) -> Models:
    """Of groups of classes whose means are alike; nothing where there is none, or but one."""
    counts = np.bincount(view.labels, minlength=view.n_classes).astype(np.float64)
    groups = merged_classes(view.discriminant.places, counts)
    n_groups = int(groups.max()) + 1
    if not 1 < n_groups < view.n_classes:
        return {}
    part = dataclasses.replace(view, labels=groups[view.labels], n_classes=n_groups)
    of_group = _of_discriminant(view, part.fit_discriminant(view.loudness, spread=False))
    share = np.log(counts / np.bincount(groups, weights=counts)[groups])
    return {"lda:merged": lambda rows: of_group(rows)[:, groups] + share}


def _logistic(view: View, wanted: set[str] | None) -> Models:
    """Multinomial logistic regression on whitened features, over penalties."""
    penalties = PENALTIES if view.width <= MAX_WIDTH_OF_KERNEL else PENALTIES[:2]
    return _over_penalties(view, view.read, "logistic:", penalties, wanted)


def _ridge(view: View, wanted: set[str] | None) -> Models:
    """The same on principal components as loud as they are: right when loud means relevant."""
    out: Models = {}
    for n_leading, C in LEADING:
        if n_leading < view.width and not view.is_even:
            out |= _over_penalties(view, view.loud(n_leading), f"ridge:{n_leading}-", (C,), wanted)
    if 24 < view.width <= MAX_WIDTH_OF_KERNEL:
        loud: Reading = lambda rows: view.read(rows) * view.loudness  # noqa: E731
        out |= _over_penalties(view, loud, "ridge:", RIDGE_PENALTIES, wanted)
    return out


def _units(view: View, wanted: set[str] | None) -> Models:
    """Additive models of the log odds: logistic regression on bends and jumps of single units."""
    out: Models = {}
    for kind, features in (("bent", view.source.bent), ("splines", view.source.splines)):
        if features is None or features.shape[1] * view.n_classes > MAX_PARAMETERS_OF_UNITS:
            continue
        read = features.__getitem__
        out |= _over_penalties(view, read, f"units:{kind}-", UNIT_PENALTIES, wanted)
    return out


def _few_directions(view: View, wanted: set[str] | None) -> Models:
    """Logistic regression in the space of the class means; of many classes from a discriminant."""
    if view.n_classes > MANY_CLASSES:
        return _from_discriminant(view, wanted)
    if view.discriminant.mean_directions[:, :MAX_MEAN_DIRECTIONS].shape[1] == view.width:
        return {}
    seen = view.means_only
    return {"means:": _after(seen.read, _logistic_fit(view, seen.part, 1.0))}


def _from_discriminant(view: View, wanted: set[str] | None) -> Models:
    asked = tuple(step for step in MANY_STEPS if _asked(f"means:{step}", wanted))
    if not asked:
        return {}
    found, Z = view.discriminant, view.source.Z
    directions = found.mean_directions

    def read(rows: Codes) -> Floats:
        return project(Z, directions, rows) - found.centre @ directions

    weights = found.places * found.trust
    offset = found.log_prior - 0.5 * (weights**2).sum(axis=1)
    fits = logistic_from(read(view.train), view.labels, weights.T, offset, asked)
    return {f"means:{step}": _after(read, fit) for step, fit in fits.items()}


def _neighbours(view: View, wanted: set[str] | None) -> Models:
    return {
        name: _learned(view, seen, partial(_neighbour_shares, n_classes=view.n_classes))
        for name, seen in _both_reductions(view, "neighbours", wanted)
    }


def _kernel(view: View, wanted: set[str] | None) -> Models:
    """Logistic regression on Gaussian bumps, in few directions and in all."""
    out: Models = {}
    for name, seen in _both_reductions(view, "kernel", wanted):
        width = seen.rows.shape[1]
        n_bumps = 30 if width <= 2 else 100 if name.endswith("means") else 200
        out[name] = _bumps_fit(view, seen, n_bumps)
    if not view.is_even and _asked("kernel:loud", wanted):
        n = len(view.train)
        n_bumps = min(int(np.clip(n // 16, 200, 500)), MAX_BUMP_ENTRIES // n + 100)
        # Twice as narrow as elsewhere: few components carry most of the distance.
        out["kernel:loud"] = _bumps_fit(view, view.seen(view.loud(LOUD_COMPONENTS)), n_bumps, 2.0)
    if view.width <= MAX_WIDTH_OF_KERNEL and _asked("kernel:all", wanted):
        scale = _scale(view.Z)
        out["kernel:all"] = _bumps_fit(view, view.seen(lambda rows: view.read(rows) / scale), 300)
    return out


def _gaussian(view: View, wanted: set[str] | None) -> Models:
    """One Gaussian a class, covariances shrunk towards the total one."""
    out: Models = {}
    if _asked("gaussian:reduced", wanted):
        out["gaussian:reduced"] = _gaussian_fit(view, view.reduced)
    if view.width <= MAX_WIDTH_OF_CURVES and _asked("gaussian:all", wanted):
        out["gaussian:all"] = _gaussian_fit(view, view.seen(view.read))
    return out


def _network(view: View, wanted: set[str] | None) -> Models:
    out: Models = {}
    for kind, penalty, steps in NETWORKS:
        asked = [step for step in (0, *steps, LONG) if _asked(f"network:{kind}-{step}", wanted)]
        if asked:
            surely = tuple(s for s in (*steps, LONG) if s <= max(asked) and (wanted or s != LONG))
            fits = _network_fit(view, penalty, surely, None if wanted else LONG)
            out |= {f"network:{kind}-{step}": model for step, model in fits.items()}
    return out


def _perceptrons(view: View, wanted: set[str] | None) -> Models:
    """A few of them on loud components: what curves in many directions at once, as pictures do."""
    narrow = view.width < LEAST_WIDTH_OF_PERCEPTRONS
    few = np.bincount(view.labels).min() < LEAST_ROWS_OF_EARLY_STOPPING
    if narrow or few or view.is_even or not _asked("perceptrons:loud", wanted):
        return {}
    fit = partial(_perceptrons_fit, random_state=view.random_state)
    return {"perceptrons:loud": _learned(view, view.seen(view.loud(LOUD_COMPONENTS)), fit)}


def _trees(view: View, wanted: set[str] | None) -> Models:
    """Histogram gradient boosting, stopped early on held-out training rows."""
    out: Models = {}
    if view.n_classes > MAX_CLASSES_OF_TREES:
        return out
    fit = partial(_boosted, random_state=view.random_state)
    if view.width <= MAX_WIDTH_OF_CURVES and _asked("trees:all", wanted):
        out["trees:all"] = _learned(view, view.seen(view.read), fit)
    if _asked("trees:reduced", wanted):
        out["trees:reduced"] = _learned(view, view.reduced, fit)
    return out


EXPERTS: dict[str, Callable[[View, set[str] | None], Models]] = {
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


def _learned(view: View, seen: Features, fit: Callable[[Array, Codes], Said]) -> Model:
    """A model fitted to what is seen of the training rows."""
    return _after(seen.read, fit(seen.rows, view.labels))


def _after(read: Reading, said: Said) -> Model:
    return lambda rows: said(read(rows))


def _both_reductions(
    view: View, family: str, wanted: set[str] | None
) -> list[tuple[str, Features]]:
    pairs = []
    if _asked(f"{family}:means", wanted):
        pairs.append((f"{family}:means", view.means_only))
    if view.discriminant.spread_directions.shape[1] and _asked(f"{family}:reduced", wanted):
        pairs.append((f"{family}:reduced", view.reduced))
    return pairs


def _scale(rows: Array) -> Floats:
    """Deviations of columns, fit to divide by."""
    scale: Floats = np.maximum(rows.std(axis=0), 1e-12)
    return scale


def _over_penalties(
    view: View, read: Reading, prefix: str, penalties: tuple[float, ...], wanted: set[str] | None
) -> Models:
    """Logistic regressions on what is read, with those of the penalties that are asked for."""
    asked = [C for C in penalties if _asked(f"{prefix}{C}", wanted)]
    if not asked:
        return {}
    fits = logistic_fits(view.seen(read).part, view.labels, tuple(asked), view.n_classes)
    return {f"{prefix}{C}": _after(read, said) for C, said in zip(asked, fits, strict=True)}


def _logistic_fit(view: View, part: Callable[[slice], Array], C: float) -> Said:
    return logistic_fits(part, view.labels, (C,), view.n_classes)[0]


def _neighbour_shares(rows: Array, labels: Codes, n_classes: int) -> Said:
    """Class shares among the n^0.6 nearest rows, with two prior rows added."""
    from sklearn.neighbors import NearestNeighbors

    n = len(labels)
    k = int(min(n, max(10, min(300, n**0.6))))
    way = "kd_tree" if rows.shape[1] <= MAX_WIDTH_OF_A_TREE else "brute"
    search = NearestNeighbors(n_neighbors=k, algorithm=way).fit(rows)
    prior = np.bincount(labels, minlength=n_classes) / n

    def shares(new: Array) -> Floats:
        counts = np.empty((len(new), n_classes))
        # In blocks: the lists of neighbours of all rows would be the peak of the memory.
        for block in blocks(len(new), k, entries=NEIGHBOUR_ENTRIES):
            near = labels[search.kneighbors(new[block], return_distance=False)]
            counts[block] = np.stack([(near == c).sum(axis=1) for c in range(n_classes)], axis=1)
        log_p: Floats = np.log((counts + 2 * prior) / (k + 2))
        return log_p

    return shares


def _bumps_fit(view: View, seen: Features, n_bumps: int, narrow: float = 1.0) -> Model:
    rows = seen.rows
    n_bumps = max(min(n_bumps, len(rows) // 4), 1)
    raised = bumps(rows, n_bumps, 0.5 * narrow / rows.shape[1], view.random_state)

    def both(some: Array) -> Array:
        found = raised(some)
        # Ten times the unit scale of the linear columns: curves are penalised less than slopes.
        found *= 10
        return np.hstack([found, some.astype(found.dtype)])

    said = _logistic_fit(view, lambda block: both(steady(seen.part(block))), 0.1)
    return _after(seen.read, lambda new: said(both(new)))


def _gaussian_fit(view: View, seen: Features) -> Model:
    labels, n_classes = view.labels, view.n_classes
    counts = np.bincount(labels, minlength=n_classes)
    centres = sum(_class_sums(rows, labels[part], n_classes) for part, rows in seen.parts())
    centres = np.asarray(centres) / counts[:, None]
    width = centres.shape[1]
    scatters = np.zeros((n_classes, width, width))
    for part, rows in seen.parts():
        for c in range(n_classes):
            own = rows[labels[part] == c] - centres[c]
            scatters[c] += own.T @ own
    off = centres - counts @ centres / counts.sum()
    total = (scatters.sum(axis=0) + (off.T * counts) @ off) / (counts.sum() - 1)
    classes = []
    for n_own, centre, scatter in zip(counts, centres, scatters, strict=True):
        weight = 3 * width / (3 * width + n_own)
        spread = (1 - weight) * scatter / n_own + weight * total
        classes.append((n_own, centre, lower_factor(spread, GAUSSIAN_RIDGES)))

    def log_posterior(new: Array) -> Floats:
        log_density = np.empty((len(new), n_classes))
        for c, (n_own, centre, factor) in enumerate(classes):
            whitened = solve_triangular(factor, (new - centre).T, lower=True)
            log_determinant = np.log(np.diag(factor)).sum()
            log_density[:, c] = -0.5 * (whitened**2).sum(axis=0) - log_determinant + np.log(n_own)
        log_p: Floats = log_softmax(log_density, axis=1)
        return log_p

    return _after(seen.read, log_posterior)


def _class_sums(rows: Floats, labels: Codes, n_classes: int) -> Floats:
    return np.stack([rows[labels == c].sum(axis=0) for c in range(n_classes)])


def _network_fit(
    view: View, penalty: Penalty, steps: tuple[int, ...], perhaps: int | None
) -> dict[int, Model]:
    found = view.discriminant
    if view.width <= MAX_WIDTH_OF_CURVES:
        seen = view.seen(view.read)
        start = np.hstack([found.mean_directions[:, :8], found.spread_directions])
    else:
        seen = view.reduced
        n_means = min(found.mean_directions.shape[1], MAX_MEAN_DIRECTIONS)
        start = np.delete(np.eye(seen.rows.shape[1]), np.arange(8, n_means), axis=1)
    fits = network_fits(
        seen.rows,
        view.labels,
        start,
        n_classes=view.n_classes,
        n_hidden=24,
        penalty=penalty,
        steps=steps,
        perhaps=perhaps,
        random_state=view.random_state,
    )
    return {step: _after(seen.read, said) for step, said in fits.items()}


def _perceptrons_fit(rows: Array, labels: Codes, random_state: int) -> Said:
    from sklearn.neural_network import MLPClassifier

    models = [
        MLPClassifier(
            (128,),
            alpha=1e-2,
            learning_rate_init=3e-3,
            early_stopping=True,
            validation_fraction=0.12,
            n_iter_no_change=4,
            max_iter=80,
            random_state=random_state + k,
        ).fit(rows, labels)
        for k in range(N_PERCEPTRONS)
    ]

    def log_posterior(new: Array) -> Floats:
        said = [np.maximum(model.predict_proba(new), np.exp(LOG_FLOOR)) for model in models]
        log_p: Floats = log_softmax(np.log(said).mean(axis=0), axis=1)
        return log_p

    return log_posterior


def _boosted(rows: Array, labels: Codes, random_state: int) -> Said:
    from sklearn.ensemble import HistGradientBoostingClassifier

    enough = np.bincount(labels).min() >= LEAST_ROWS_OF_EARLY_STOPPING
    edges = _edges_of_bins(rows)
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
        random_state=random_state,
    ).fit(_in_bins(rows, edges), labels)

    def log_posterior(new: Array) -> Floats:
        p = model.predict_proba(_in_bins(new, edges))
        log_p: Floats = np.log(np.maximum(p, np.exp(LOG_FLOOR)))
        return log_p

    return log_posterior


def _edges_of_bins(rows: Array) -> Floats:
    """Edges of bins of about equal mass for each column; equal values share a bin.

    scikit-learn would find bins itself, but its versions don't find the same ones.
    """
    n = len(rows)
    at = np.unique(np.arange(1, TREE_BINS) * n // TREE_BINS)
    at = at[at > 0]
    ordered = np.sort(np.round(rows, TREE_DIGITS), axis=0)
    edges: Floats = (ordered[at - 1] + ordered[at]) / 2
    return edges


def _in_bins(rows: Array, edges: Floats) -> Floats:
    """Columns as numbers of bins."""
    rounded = np.round(rows, TREE_DIGITS)
    codes = [np.searchsorted(edge, column) for edge, column in zip(edges.T, rounded.T, strict=True)]
    return np.stack(codes, axis=1).astype(np.float64)
