"""The probe: what held-out label posteriors know, for wide continuous representations."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from scipy.special import log_softmax

from pidtools import _validate, _warnings
from pidtools._broja.decompose import broja_from_pairs
from pidtools._broja.linear_algebra import available_memory
from pidtools._estimator import (
    WITHOUT_RESAMPLES,
    Data,
    Estimator,
    JoinedPair,
    Lesson,
    Summary,
    Tables,
    lacks_layer,
)
from pidtools._information import entropy, entropy_of_labels
from pidtools._lazy_rows import LazyRows, Source, joined, whole
from pidtools._probe import costs, experts
from pidtools._probe.cross_fit import (
    SUM_TOLERANCE,
    ClassifierJudge,
    ExpertJudge,
    Judge,
    PairJudge,
)
from pidtools._probe.discriminant import FEW_CLASSES
from pidtools._probe.evidence import Evidence
from pidtools._probe.folds import folds_in_order
from pidtools._probe.held_out import Curve, Found, HeldOut, Losses, extrapolated, losses_of, sums
from pidtools._probe.linear import Linear
from pidtools._probe.notes import (
    ROUNDING,
    note_on_heard,
    note_on_silence,
    note_on_unread,
    notes_on_cells,
    notes_on_columns,
    notes_on_data,
    notes_on_fits,
    notes_on_learning,
    notes_on_repeats,
    warnings_of_classes_kept_together,
    warnings_of_few_cells,
    warnings_of_starving,
)
from pidtools._probe.order import joined_keys, order_of, row_keys
from pidtools._probe.pool import log_loss, weigh
from pidtools._probe.posterior_cells import cell_means_of_logs, posterior_cells, sharpened_table
from pidtools._probe.rare import rare_noise
from pidtools._probe.whitening import Whitened, join, whiten, whiten_with_units
from pidtools._remarks import Remark
from pidtools._result import NATS_PER_BIT, PID
from pidtools._scores import refitted
from pidtools._types import Array, Codes, Floats, Posteriors

INPUTS = ("features", "probabilities", "logits")
# A tenth of the sampling error of 1e6 rows; the value itself, that of a feasible point, is nearer
# to the optimum than the bound proves.
TABLE_TOLERANCE = 1e-4
# Of resamples, whose spread is ten times as large; the values are good to a tenth of it.
TABLE_TOLERANCE_RESAMPLED = 1e-3
# With more than FEW_CLASSES classes, where digits are dear; the value is then good to a tenth.
TABLE_TOLERANCE_MANY, ITERATIONS_MANY = 5e-3, 50
# Cells a class of a source that knows nothing and of one that knows Y, of many classes; beyond
# the most, and with fewer rows a cell, they cost more than they bring.
CELLS_A_CLASS, MOST_CELLS, ROWS_A_CELL = (1, 4), 2000, 4
# Exponent of a slow learning curve, such as layers of networks have; of smooth problems it is 1. A
# cautious choice for the reach of intervals, not a fit.
SLOWEST = 0.45
# Bits that a source may hold beyond what is reported, from which it is said.
WORTH_SAYING = 0.02
# Of the smaller information: so much added to the larger one is no sign of order any more.
PART_ADDED = 0.1
# Joined sources wider than this are reduced to what discriminates before they meet.
MAX_JOINT_WIDTH = 512
# Experts that look at several sources side by side.
STACKED, STACKED_OF_MANY = ("lda", "logistic"), ("lda",)
# What the solver of large tables takes for each pair of cells and each entry of a table.
BYTES_A_PAIR, BYTES_AN_ENTRY = 100, 150
# Symbols that become a column each.
MAX_SYMBOLS = 256


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ProbeSummary(Summary):
    """What a probe found in one source, or in two together.

    Attributes
    ----------
    bound : float
        H(Y) minus the held-out log-loss, in bits: in expectation a lower bound on I(X; Y).
        `information` extrapolates it to endless training rows.
    bound_from_half : float
        The same with half of the rows for training.
    weights : dict of str to float
        Weight of each expert in the pool.
    log_posteriors, log_posteriors_from_half : ndarray of float32, shape (n_samples, n_classes)
        Pooled, calibrated and held out; trained on all other folds and on one half.
    codes : ndarray of int64, shape (n_samples,)
        Cell of each row; rows of one cell have similar posteriors.
    table : ndarray of float64, shape (n_cells, n_classes)
        Joint pmf of cell and label that carries `information`.
    source : ndarray, shape (n_samples, n_features)
        The features, not copied; a joint probe needs them.
    folds, halves : ndarray of int64, shape (n_samples,)
        Which rows were held out together.
    keys : ndarray of int64
        Order of the rows of `source`, from what they hold.
    groups : ndarray of int64, shape (n_samples,), or None
        Rows of one group are always held out together.
    learned : ndarray of int64
        Labels of the last rows of `source`, which are only learned from.
    left_out : ndarray of int64
        Columns of `source` that the experts don't see: see `rare_noise`.
    curve : Curve
        How excess losses fall with the rows for training.
    tempering : ndarray of float64, shape (n_samples,), or None
        What calibration gains with half of the rows beyond what it gains with all, in bits.
    heard : mapping of str to ProbeSummary
        Of functions of the source, by their names in `weights`, without their data. Their
        `information` is the least that the source has, also with rows that were drawn or fitted
        anew, where theirs are as well.
    """

    resamples = "fits"

    estimator: Probe
    bound: float
    bound_from_half: float
    weights: dict[str, float] = field(repr=False)
    log_posteriors: Array = field(repr=False)
    log_posteriors_from_half: Array = field(repr=False)
    codes: Codes = field(repr=False)
    table: Floats = field(repr=False)
    source: Source = field(repr=False)
    folds: Codes = field(repr=False)
    halves: Codes = field(repr=False)
    keys: Codes = field(repr=False)
    groups: Array | None = field(repr=False)
    learned: Codes = field(repr=False)
    random_state: int = field(repr=False)
    left_out: Codes = field(repr=False)
    curve: Curve = field(repr=False)
    tempering: Floats | None = field(repr=False)
    heard: Mapping[str, ProbeSummary] = field(repr=False)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return int(self.log_posteriors.shape[1])

    @property
    def unread(self) -> float:
        """Bits beyond `information`, if losses fall as slowly with the rows as on real layers."""
        lost = max(self.bound - self.bound_from_half, 0.0) * self.curve.left(SLOWEST)
        return max(lost - (self.information - self.bound), 0.0)

    def of_rows(self) -> Floats:
        """Information of each row in bits, log p(y | x) / p(y), extrapolated as their mean is.

        Of a source that hears one which knows more than it was read to know, those of that one.
        """
        even = np.full(self.n_samples, 1 / self.n_samples)
        own = _information(self, self._losses, even)[0]
        for heard in self.heard.values():
            if heard.information > own:
                return heard.of_rows()
        losses, shares = self._losses, sums(self.labels, even, self.n_classes)
        n_folds = int(self.folds.max()) + 1
        beyond = extrapolated(even, losses.more, n_folds, self.curve, self.tempering)
        return beyond - losses.whole - np.log2(shares[self.labels])

    @property
    def error_of_fit(self) -> float:
        """Standard error in bits that fitting adds, from the excess loss that is extrapolated.

        The excess of d parameters is chi-square with d degrees over 2 n nats: of mean E = d / 2n
        and variance E / n.
        """
        excess = max(self.information - self.bound, 0.0) * NATS_PER_BIT
        return float(np.sqrt(excess / self.n_samples)) / NATS_PER_BIT

    @property
    def _losses(self) -> Losses:
        return losses_of(self.log_posteriors, self.log_posteriors_from_half, self.labels)

    def to_keep(self) -> ProbeSummary:
        """The summary without the features, which only a joint probe and refits need."""
        heard = {name: x.to_keep() for name, x in self.heard.items()}
        return dataclasses.replace(self, data=None, source=self.source[:0].copy(), heard=heard)

    @property
    def has_source(self) -> bool:
        """Whether the features are at hand."""
        return len(self.source) == self.n_samples + len(self.learned)

    def with_layer(self, data: Data) -> ProbeSummary:
        """The summary with the layer it was made from, which it had lost."""
        source = self.estimator._checked(data.X, self.labels, data.name)
        return dataclasses.replace(self, data=data, source=source)

    def check_resamples(self, name: str) -> None:
        """Refuse to be refitted without the features."""
        if not self.has_source:
            asked = "intervals from fits to other rows"
            raise ValueError(lacks_layer(name, asked, WITHOUT_RESAMPLES))

    @_warnings.quiet
    def resampled(self, rows: Codes) -> ProbeSummary:
        """The summary of drawn rows, not refitted.

        To first order the held-out loss does not depend on errors of the posteriors; what
        fitting them anew adds is found from a few calls of `refitted`.
        """
        shares = _shares_of(rows, self.n_samples)
        if self.n_classes <= FEW_CLASSES:
            return self.estimator._weighed(self, shares)
        return self.estimator._moved(self, shares)

    @_warnings.quiet
    def refitted(self, rows: Codes) -> ProbeSummary:
        """The summary fitted anew on some rows, asking only the experts it has in its pool."""
        return self.estimator._refitted(self, rows)


@dataclass(frozen=True, kw_only=True, eq=False)
class ProbePair(JoinedPair[ProbeSummary]):
    """Two sources of the same rows.

    Attributes
    ----------
    both : ProbeSummary or None
        A probe of both sources that also hears what the single ones said; None without synergy,
        unless classes are more than 50.
    pooled : Losses or None
        Of a pool of both posteriors, without new fits; None for two classes, which need none,
        and for more than 50.
    together : float
        What that pool knows, in bits; infinite where there is none.
    linear : Linear or None
        The solved tables of more than 50 classes; those of resamples are not solved anew.
    tolerance : float
        Bits by which the union of the tables may be off.
    """

    has_tables = True

    pooled: Losses | None
    together: float
    linear: Linear | None
    tolerance: float = TABLE_TOLERANCE

    def atoms(self) -> PID:
        """Redundancy and uniques in bits, from the two sharpened tables.

        No union exceeds I(Y; T, S). For more than two classes, where cells of many dimensions
        can't quite follow a source that is a garbling of the other, the union is bounded by what
        a pool of both posteriors knows: without new fits, so the same with and without synergy.
        Beyond 50 classes a pool is too poor to bound: there the probe of both sources does, asked
        for a synergy or not. A pool counts twice what both know of a part of Y, and a probe of
        both starves sooner than tables: either bounds only as far as it finds that one source adds
        nothing to the other.
        An information below 0 counts as 0, as its table holds none; tables that can't carry one
        never put the union below it.
        """
        i_t, i_s = max(self.t.information, 0.0), max(self.s.information, 0.0)
        if self.linear is not None:
            pid = self.linear.pid
            found = self.linear.union(self.t.table, self.s.table, i_t, i_s)
        else:
            pid = broja_from_pairs(self.t.table, self.s.table, tol=self.tolerance)
            found = pid.union_information
        bound = max(self._known_together, i_t, i_s)
        if found > bound:
            found -= (found - bound) * _share_in_order(bound, i_t, i_s)
        union = _lawful(found, i_t, i_s)
        gap = max(pid.gap, ROUNDING)
        return PID.of_union(union, i_t, i_s, gap=gap, outcome=pid.outcome)

    def tables(self) -> Tables:
        """The sharpened tables; rows count with their own posteriors, extrapolated as all are."""
        return Tables(
            t=self.t.table,
            s=self.s.table,
            codes_t=self.t.codes,
            codes_s=self.s.codes,
            labels=self.s.labels,
            tolerance=self.tolerance,
            rows_t=self.t.of_rows(),
            rows_s=self.s.of_rows(),
            rows_both=self.both.of_rows() if self.synergy and self.both else None,
            duals=None if self.linear is None else self.linear.pid.duals,
            fit_t=self.t.error_of_fit,
            fit_s=self.s.error_of_fit,
            fit_both=self.both.error_of_fit if self.synergy and self.both else 0.0,
        )

    @property
    def _known_together(self) -> float:
        # Without experts the probe of both is no more than a pool.
        if self.linear is None or self.both is None or not self.both.estimator.has_experts:
            return self.together
        return self.both.information

    def pid(self) -> PID:
        """All atoms in bits; no synergy unless it was asked for.

        Beyond 50 classes a probe of both starves before two tables do, and less than their union
        is no information of both.
        """
        pid = super().pid()
        if pid.synergy is None or self.s.n_classes <= FEW_CLASSES:
            return pid
        return dataclasses.replace(pid, synergy=max(pid.synergy, 0.0))

    def resampled(self, t: ProbeSummary, s: ProbeSummary, rows: Codes) -> ProbePair:
        """The pair of resampled summaries, its own probe and pool weighed like them."""
        both = None if self.both is None else self.both.resampled(rows)
        shares = _shares_of(rows, self.s.n_samples)
        together = _knows_together(self.s, self.pooled, shares)
        return dataclasses.replace(
            self,
            t=t,
            s=s,
            both=both,
            together=together,
            tolerance=TABLE_TOLERANCE_RESAMPLED,
        )

    def refitted(self, t: ProbeSummary, s: ProbeSummary, rows: Codes) -> ProbePair:
        """The pair of refitted summaries, its own probe and pool fitted anew."""
        both = None if self.both is None else t.estimator._joint_refitted(self.both, t, s, rows)
        return _pair_of(t, s, both, synergy=self.synergy)


@dataclass(frozen=True)
class Probe(Estimator[ProbeSummary]):
    """Cross-fitted label posteriors, pooled from several kinds of classifiers.

    The posterior p(y | X) is all that a source has to say about a label, however wide the
    source is. Experts of different kinds (linear and Gaussian discriminants, logistic
    regression, kernels, neighbours, small networks, boosted trees) are fitted on whitened
    features and judge rows they have not seen; a log-linear pool with weights of least
    held-out loss combines and calibrates them. The information is H(Y) minus the held-out
    log-loss, extrapolated from half and from all of the training rows to endless ones.
    Redundancy and uniques come from two tables of mean posteriors over cells, each sharpened
    to carry just that information, so that the three informations stand on one footing. The
    joint information comes from a probe on both sources that also hears what the single
    probes said. All are what classifiers can decode from so many rows: usable or V-information
    (Xu et al. 2020, arXiv 2002.10689).

    Every measured row is judged. Of more than 50,000 rows a part is learned from, in the same
    proportion by fits to most rows and to half of them: 50,000 by most experts, 64 a parameter by
    linear and Gaussian ones where that is more, and twice as many as long as that shows .005 bits.
    Neighbours learn from 20,000. A note says so.

    Parameters
    ----------
    n_folds : int
        Folds of the cross-fitting, at least 3.
    inputs : {"features", "probabilities", "logits"}
        What the columns are. Outputs of a head, one column a class in the order of the sorted
        labels, enter the pool as they are, beside experts that may correct them. A logit of -inf
        (as of classes that are masked) is a probability of 0.
    classifier : scikit-learn classifier or None
        Takes the place of all experts: it is cloned, fitted on the raw features of the
        training rows and needs ``predict_proba``. What it warns of is not shown.
    experts : tuple of str or None
        Kinds of experts to ask, out of "lda", "logistic", "ridge", "units", "means",
        "neighbours", "kernel", "gaussian", "network", "perceptrons" and "trees". None asks all that
        suit the width and the classes; of more than 100 classes "lda" and "means" alone.
    n_cells : int or None
        Cells of posteriors a source. None: 100 for two classes, up to 50 classes twice as many
        but between 60 and 100, beyond up to four times as many, the more a source knows, but
        at most 2000. Sharpening makes the atoms insensitive to it.

    Raises
    ------
    ValueError, TypeError
        If an option is unknown or out of range, or `classifier` has no ``predict_proba``.

    Examples
    --------
    >>> import numpy as np
    >>> import pidtools as pt
    >>> rng = np.random.default_rng(0)
    >>> y = rng.integers(0, 2, 600)
    >>> X = rng.normal(size=(600, 4)) + 1.5 * y[:, None]
    >>> summary = pt.Probe(experts=("lda",)).summarise(X, y)
    >>> bool(0.6 < summary.information < 0.9)
    True
    """

    n_folds: int = 5
    inputs: Literal["features", "probabilities", "logits"] = "features"
    classifier: Any = None
    experts: tuple[str, ...] | None = None
    n_cells: int | None = None

    decodes: ClassVar[bool] = True
    reads_blocks: ClassVar[bool] = True

    @property
    def reads_minus_infinity(self) -> bool:
        """Whether -inf is a value: of logits it is."""
        return self.inputs == "logits"

    def __post_init__(self) -> None:
        _validate.check_integer(self.n_folds, "n_folds", minimum=3)
        _validate.check_choice(self.inputs, "inputs", INPUTS)
        if self.n_cells is not None:
            _validate.check_integer(self.n_cells, "n_cells", minimum=2)
        if self.experts is not None:
            self._check_experts(self.experts)
        if self.classifier is not None:
            _check_classifier(self.classifier)

    def _check_experts(self, names: Any) -> None:
        if not isinstance(names, tuple):
            raise TypeError(f'experts must be a tuple of names, such as ("lda",); got {names!r}.')
        if self.classifier is not None:
            raise ValueError("experts and classifier exclude each other; pass one of them.")
        if not names and self.inputs == "features":
            raise ValueError("experts is empty; name at least one, or pass None for all.")
        for expert in names:
            _validate.check_choice(expert, "experts", tuple(experts.EXPERTS))

    @property
    def has_experts(self) -> bool:
        """Whether anything is fitted, beside posteriors that came with the sources."""
        return self.experts != ()

    @_warnings.quiet
    def summarise(
        self,
        X: Source,
        labels: Codes,
        *,
        random_state: int = 0,
        name: str = "X",
        groups: Array | None = None,
        n_jobs: int | None = None,
    ) -> ProbeSummary:
        """Probe `X`, shape (n, d), for the labels, shape (n,).

        Rows of one of the `groups`, shape (n,), are held out together. A single column of symbols,
        shape (n,), becomes one column a symbol; integers stay numbers where they have more than
        256 values, or fewer than two rows a value.

        Warns
        -----
        PIDWarning
            If the rows are too few for what there is to learn, or if `groups` keep all rows of a
            class together.

        Raises
        ------
        ValueError
            If `X` does not hold what `inputs` says, or `classifier` returns no probabilities.
        """
        nothing = Lesson(X[:0], labels[:0])
        return self.taught(
            X,
            labels,
            nothing,
            random_state=random_state,
            name=name,
            groups=groups,
            n_jobs=n_jobs,
        )

    @_warnings.quiet
    def taught(
        self,
        X: Source,
        labels: Codes,
        lesson: Lesson,
        /,
        *,
        hears: Sequence[Summary] = (),
        name: str = "X",
        random_state: int = 0,
        groups: Array | None = None,
        n_jobs: int | None = None,
    ) -> ProbeSummary:
        """As `summarise`; all experts also learn from the rows of the lesson.

        Held-out posteriors of the summaries that it `hears` join its pool, as they are.
        """
        learned = lesson.labels
        everything = joined(X, lesson.X) if len(learned) else X
        all_labels = np.concatenate([labels, learned])
        source = self._checked(everything, all_labels, name)
        left_out = self._left_out(source, all_labels)
        keys = row_keys(source, left_out)
        task = self._task(labels, random_state, groups, n_jobs, learned, keys)
        _check_room(task.n_classes, len(labels), self.n_cells, name)
        heard = _heard(hears, task, self.n_folds, name)
        found = self._found(source, task, left_out, heard)
        notes = [*notes_on_fits(found, labels), *notes_on_data(task, self.n_folds, groups)]
        notes += notes_on_columns(left_out)
        notes += notes_on_learning(found.n_learned, len(source))
        if heard:
            notes.append(note_on_heard([x.information for x in heard.values()]))
        if found.pool.weights.keys() == {"prior"}:
            notes.append(note_on_silence(source))
        n = len(labels)
        if X.ndim == 2:  # symbols repeat by their nature
            notes += notes_on_repeats(source)
        doubts = warnings_of_starving(found, labels)
        if groups is not None:
            doubts += warnings_of_classes_kept_together(task)
        summary = self._summary(found, task, source, tuple(notes), left_out, heard=heard)
        if self.n_cells:
            doubts += warnings_of_few_cells(summary.information, summary.table, self.n_cells)
        for doubt in doubts:
            _warnings.warn(doubt.about(name))
        # Not beyond what the labels of these rows hold, however far the loss of half of them fell.
        room = entropy_of_labels(labels) - summary.information
        more = min(summary.unread, room)
        unread = [note_on_unread(more, n)] if more > WORTH_SAYING else []
        return dataclasses.replace(summary, remarks=(*doubts, *unread, *summary.remarks))

    @_warnings.quiet
    def pair(
        self, t: ProbeSummary, s: ProbeSummary, *, synergy: bool = True, n_jobs: int | None = None
    ) -> ProbePair:
        """What decomposes two summaries.

        Raises
        ------
        ValueError
            If the two were not held out in folds of the same kind.
        """
        _check_same_rows(t, s)
        can_do_without = t.n_classes <= FEW_CLASSES or not self.has_experts
        if not synergy and can_do_without:
            return _pair_of(t, s, None, synergy=False)
        for name, x in (("T", t), ("S", s)):
            if not x.has_source:
                why = (
                    "for the synergy" if can_do_without else f"for more than {FEW_CLASSES} classes"
                )
                less = "synergy=False" if can_do_without else ""
                raise ValueError(lacks_layer(name, f"a probe of both sources, {why},", less))
        keys = joined_keys(t.keys, s.keys)
        task = self._task(t.labels, t.random_state, t.groups, n_jobs, t.learned, keys)
        task = dataclasses.replace(task, meets=True)
        return _pair_of(t, s, self._joint(t, s, task), synergy=synergy)

    @_warnings.quiet
    def stacked(
        self,
        parts: Sequence[ProbeSummary],
        labels: Codes,
        /,
        *,
        name: str,
        n_jobs: int | None = None,
    ) -> ProbeSummary:
        """Several sources as one, which hears each of them; few experts look at all together.

        What is said of the parts was said by all experts. A pool of it counts twice what two parts
        know of each other's errors, which linear experts see. They look at the features side by
        side, or where those are wide at the posteriors, which many rows have for each column.
        """
        n, learned = parts[0].n_samples, parts[0].learned
        held = all(len(x.source) == n + len(learned) for x in parts)
        width = sum(x.source.shape[1] for x in parts)
        if (held and width <= MAX_JOINT_WIDTH) or (held and len(learned)):
            X = np.hstack([whole(x.source) for x in parts])
        elif len(learned):
            raise TypeError(f"{name}: a summary without its features can't be put beside others.")
        else:
            X = np.hstack([x.log_posteriors for x in parts])
        chosen = STACKED if parts[0].n_classes <= FEW_CLASSES else STACKED_OF_MANY
        asked = dataclasses.replace(
            self, inputs="features", experts=None if self.classifier is not None else chosen
        )
        return asked.taught(
            X[:n],
            labels,
            Lesson(X[n:], learned),
            hears=parts,
            name=name,
            random_state=parts[0].random_state,
            groups=parts[0].groups,
            n_jobs=n_jobs,
        )

    def _joint(
        self, summary_t: ProbeSummary, summary_s: ProbeSummary, task: HeldOut
    ) -> ProbeSummary:
        judge, size = self._joint_judge(summary_t, summary_s, task)
        given = {"T": summary_t.log_posteriors, "S": summary_s.log_posteriors}
        from_half = {
            "T": summary_t.log_posteriors_from_half,
            "S": summary_s.log_posteriors_from_half,
        }
        found = task.run(judge, given, size, from_half, {})
        notes = notes_on_fits(found, task.labels)
        return self._summary(found, task, summary_t.source, notes, summary_t.left_out, cells=False)

    def cost(self, n_samples: int, width: int, n_classes: int) -> dict[str, float]:
        """What a look costs, by kinds of work, relative to others."""
        return costs.look(self._parts(n_samples, width, n_classes), self.n_folds)

    def cost_of_pair(self, n_samples: int, width: int, n_classes: int) -> dict[str, float]:
        """The same of a probe of both sources."""
        own = self._parts(n_samples, width, n_classes, meets=True)
        return costs.look(own, self.n_folds)

    def cost_of_resample(self, n_samples: int, n_classes: int) -> float | None:
        """The same of a pair on drawn rows."""
        return costs.resample(n_samples, n_classes)

    def cost_of_refit(self, n_samples: int, width: int, n_classes: int) -> dict[str, float]:
        """The same of fits anew to half of the rows."""
        return costs.refit(self._parts(n_samples, width, n_classes), self.n_folds)

    def _parts(
        self, n_samples: int, width: int, n_classes: int, *, meets: bool = False
    ) -> costs.Parts:
        is_one = self.classifier is not None
        return costs.parts(n_samples, width, n_classes, is_one=is_one, meets=meets and not is_one)

    @_warnings.quiet
    def statistic(self, data: Data, labels: Codes, /) -> Evidence:
        """How much better held-out posteriors like labels, in any order, than drawn ones."""
        source = self._checked(data.X, labels, data.name)
        # For labels in any order: no unit is left out for what it says of them.
        whitened = whiten(source) if self.classifier is None else None
        return Evidence(
            judge=self._judge_of_labels(source, whitened, data.random_state),
            given=self._given(source, len(source)),
            order=order_of(row_keys(source, np.zeros(0, dtype=np.int64))),
            names=self._names(int(labels.max()) + 1),
            n_folds=self.n_folds,
            random_state=data.random_state,
            groups=data.groups,
        )

    def _weighed(self, summary: ProbeSummary, shares: Floats) -> ProbeSummary:
        """The summary with its rows counted by `shares`, which sum to 1."""
        return dataclasses.replace(summary, **self._numbers(summary, shares))

    def _moved(self, summary: ProbeSummary, shares: Floats) -> ProbeSummary:
        """The same to first order: cells keep their rows, whatever information they carry then."""
        n_cells = len(summary.table)
        masses = sums(summary.codes, shares, n_cells)
        of_class = sums(summary.labels, shares, summary.n_classes)
        even = sums(summary.codes, np.full(len(shares), 1 / len(shares)), n_cells)
        table = refitted(summary.table * (masses / even)[:, None], masses, of_class)
        information, bound, bound_from_half = _known(summary, shares)
        return dataclasses.replace(
            summary,
            information=information,
            bound=bound,
            bound_from_half=bound_from_half,
            table=table,
        )

    def _refitted(self, summary: ProbeSummary, rows: Codes) -> ProbeSummary:
        source, task = _taken(summary, rows), self._again(summary, rows)
        heard = {name: x.refitted(rows) for name, x in summary.heard.items()}
        found = self._found(source, task, summary.left_out, heard)
        return self._summary(found, task, source, (), summary.left_out, heard=heard)

    def _found(
        self, source: Source, task: HeldOut, left_out: Codes, heard: Mapping[str, ProbeSummary]
    ) -> Found:
        """The pool of a source; what it hears is among the opinions."""
        own = self._given(source, len(task.labels))
        return task.run(
            self._judge(source, task, left_out),
            own | {name: x.log_posteriors for name, x in heard.items()},
            source.nbytes,
            own | {name: x.log_posteriors_from_half for name, x in heard.items()},
            {name: x.tempering for name, x in heard.items()},
        )

    def _joint_refitted(
        self, both: ProbeSummary, t: ProbeSummary, s: ProbeSummary, rows: Codes
    ) -> ProbeSummary:
        return self._joint(t, s, self._again(both, rows))

    def _again(self, summary: ProbeSummary, rows: Codes) -> HeldOut:
        """Folds of some rows anew, and the experts that a summary has in its pool."""
        chosen = None if summary.groups is None else summary.groups[rows]
        return dataclasses.replace(
            self._task(
                summary.labels[rows],
                summary.random_state,
                chosen,
                1,
                summary.learned[::2],
                summary.keys[_with_half_of_lesson(summary, rows)],
            ),
            n_classes=summary.n_classes,  # the rows may lack some
            names=frozenset(summary.weights),
            race=False,
        )

    def _checked(self, X: Source, labels: Codes, name: str) -> Source:
        if isinstance(X, LazyRows) and self.inputs == "features":
            return X
        given = whole(X)
        features = _one_column_a_symbol(given, name) if given.ndim == 1 else given
        if features.dtype.kind != "f":
            features = features.astype(np.float64)
        if self.inputs != "features":
            features = _log_probabilities(features, labels, name, self.inputs)
        return features

    def _names(self, n_classes: int) -> frozenset[str]:
        if self.classifier is not None:
            return frozenset({"classifier"})
        if self.experts is not None:
            return frozenset(self.experts)
        return frozenset(experts.EXPERTS if n_classes <= experts.MANY_CLASSES else experts.OF_MANY)

    def _task(
        self,
        labels: Codes,
        random_state: int,
        groups: Array | None,
        n_jobs: int | None,
        learned: Codes,
        keys: Codes,
    ) -> HeldOut:
        dealt = (order_of(keys[: len(labels)]), labels)
        return HeldOut(
            labels=labels,
            learned=learned,
            n_classes=int(labels.max()) + 1,
            folds=folds_in_order(*dealt, self.n_folds, random_state, groups),
            halves=folds_in_order(*dealt, 2, random_state, groups),
            keys=keys,
            groups=groups,
            names=self._names(int(labels.max()) + 1),
            random_state=random_state,
            n_jobs=n_jobs,
        )

    def _left_out(self, source: Source, labels: Codes) -> Codes:
        """Columns that the experts don't see; decided once, on all rows."""
        seen = self.classifier is None and source.size
        return rare_noise(source, labels) if seen else np.zeros(0, dtype=np.int64)

    def _judge(self, source: Source, task: HeldOut, left_out: Codes) -> Judge:
        whitened = whiten_with_units(source, left_out) if self.classifier is None else None
        judge = self._judge_of_labels(source, whitened, task.random_state)
        return judge(task.all_labels, task.n_classes)

    def _judge_of_labels(
        self, source: Source, whitened: Whitened | None, seed: int
    ) -> Callable[[Codes, int], Judge]:
        """From labels and number of classes to a judge; the source is prepared once."""
        if whitened is None:
            return partial(ClassifierJudge, source, random_state=seed, classifier=self.classifier)
        return partial(ExpertJudge, whitened, random_state=seed)

    def _joint_judge(self, t: ProbeSummary, s: ProbeSummary, task: HeldOut) -> tuple[Judge, int]:
        """The judge of both sources, and the bytes it holds."""
        common = (task.all_labels, task.n_classes)
        if self.classifier is not None:
            both = np.hstack([whole(t.source), whole(s.source)])
            return ClassifierJudge(both, *common, task.random_state, self.classifier), both.nbytes
        left, right = (whiten_with_units(x.source, x.left_out) for x in (t, s))
        if left.rank + right.rank <= MAX_JOINT_WIDTH:
            joined = join(left, right)
            return ExpertJudge(joined, *common, task.random_state), joined.Z.nbytes
        size = left.Z.nbytes + right.Z.nbytes
        return PairJudge(left, right, *common, task.random_state), size

    def _given(self, source: Source, n_measured: int) -> Posteriors:
        if self.inputs == "features":
            return {}
        return {"given": source[:n_measured].astype(np.float32)}

    def _summary(
        self,
        found: Found,
        task: HeldOut,
        source: Source,
        remarks: tuple[Remark, ...],
        left_out: Codes,
        *,
        heard: Mapping[str, ProbeSummary] | None = None,
        cells: bool = True,
    ) -> ProbeSummary:
        p = np.exp(found.log_p)
        n_cells = self.n_cells or _cells_for(found.log_p, task)
        if cells or task.n_classes <= FEW_CLASSES:
            codes = np.empty(len(p), dtype=np.int64)
            codes[task.order] = posterior_cells(p[task.order], n_cells, task.random_state)
        else:
            codes = np.zeros(len(p), dtype=np.int64)  # no table of both is decomposed
        summary = ProbeSummary(
            estimator=self,
            information=np.nan,
            labels=task.labels,
            remarks=(*remarks, *(notes_on_cells(p, codes) if cells else ())),
            bound=np.nan,
            bound_from_half=np.nan,
            weights=found.pool.weights,
            log_posteriors=found.log_p.astype(np.float32, copy=False),
            log_posteriors_from_half=found.log_p_from_half.astype(np.float32, copy=False),
            codes=codes,
            table=np.empty(0),
            source=source,
            folds=task.folds,
            halves=task.halves,
            keys=task.keys,
            groups=task.groups,
            learned=task.learned,
            random_state=task.random_state,
            left_out=left_out,
            curve=found.curve,
            tempering=found.tempering,
            heard=heard or {},
        )
        n = len(task.labels)
        return dataclasses.replace(summary, **self._numbers(summary, np.full(n, 1 / n)))

    def _numbers(self, summary: ProbeSummary, weights: Floats) -> dict[str, Any]:
        """Bounds, information and table for rows with `weights` that sum to 1."""
        class_shares = sums(summary.labels, weights, summary.n_classes)
        information, bound, bound_from_half = _known(summary, weights)
        masses = sums(summary.codes, weights, int(summary.codes.max()) + 1)
        rows = cell_means_of_logs(summary.log_posteriors, summary.codes, weights)
        return {
            "information": information,
            "bound": bound,
            "bound_from_half": bound_from_half,
            "table": sharpened_table(rows, masses, class_shares, information),
        }


def _pair_of(
    t: ProbeSummary, s: ProbeSummary, both: ProbeSummary | None, *, synergy: bool
) -> ProbePair:
    pooled = _pool_of(t, s) if 2 < s.n_classes <= FEW_CLASSES else None
    n = s.n_samples
    return ProbePair(
        t=t,
        s=s,
        synergy=synergy,
        both=both,
        pooled=pooled,
        together=_knows_together(s, pooled, np.full(n, 1 / n)),
        linear=None if s.n_classes <= FEW_CLASSES else _solved(t.table, s.table),
    )


def _solved(table_t: Floats, table_s: Floats) -> Linear:
    pid = broja_from_pairs(
        table_t, table_s, tol=TABLE_TOLERANCE_MANY, max_iter=ITERATIONS_MANY, keep_duals=True
    )
    return Linear.of(pid, table_t, table_s)


def _taken(summary: ProbeSummary, rows: Codes) -> Array:
    """Some of the measured rows, and half of those that are only learned from."""
    taken: Array = summary.source[_with_half_of_lesson(summary, rows)]
    return taken


def _with_half_of_lesson(summary: ProbeSummary, rows: Codes) -> Codes:
    lesson = summary.n_samples + np.arange(len(summary.learned))[::2]
    return np.concatenate([rows, lesson])


def _knows_together(s: ProbeSummary, pooled: Losses | None, shares: Floats) -> float:
    return np.inf if pooled is None else _information(s, pooled, shares)[0]


def _shares_of(rows: Codes, n_samples: int) -> Floats:
    """Share of each of the samples among drawn rows."""
    weights = np.bincount(rows, minlength=n_samples)
    shares: Floats = weights / weights.sum()
    return shares


def _check_classifier(classifier: Any) -> None:
    if isinstance(classifier, type):
        raise TypeError(
            f"classifier is the class {classifier.__name__}; pass an object of it, "
            f"{classifier.__name__}()."
        )
    if not hasattr(classifier, "predict_proba"):
        raise TypeError(
            f"classifier must have predict_proba; {type(classifier).__name__} has not. "
            "Wrap it in sklearn.calibration.CalibratedClassifierCV."
        )


def _check_same_rows(t: ProbeSummary, s: ProbeSummary) -> None:
    if differing := _differing(t, s, s.estimator.n_folds):
        raise ValueError(
            f"T and S were summarised with different folds; use the same {differing} for both."
        )


def _differing(one: ProbeSummary, other: ProbeSummary | HeldOut, n_folds: int) -> str:
    """Which options two sources of the same labels were not held out by alike; empty if none."""
    same = {
        "random_state": one.random_state == other.random_state,
        "groups": _equal(one.groups, other.groups),
        "fit_on": np.array_equal(one.learned, other.learned),
        "n_folds": one.estimator.n_folds == n_folds,
    }
    return " and ".join(name for name, is_same in same.items() if not is_same)


def _equal(a: Array | None, b: Array | None) -> bool:
    return a is b if a is None or b is None else np.array_equal(a, b)


def _heard(
    hears: Sequence[Summary], task: HeldOut, n_folds: int, name: str
) -> dict[str, ProbeSummary]:
    """What a source hears, by name; refused unless held out by the same options."""
    heard = {}
    for k, summary in enumerate(hears):
        of = f"hears[{k}]"
        if not isinstance(summary, ProbeSummary):
            raise TypeError(
                f"{of} was summarised by {summary.estimator!r} and has no held-out posteriors; "
                f'{name} hears summaries by estimator="probe" only.'
            )
        if not np.array_equal(summary.labels, task.labels):
            raise ValueError(
                f"{of} was summarised with other labels than Y; summarise it with this Y, row by "
                "row in the same order."
            )
        if differing := _differing(summary, task, n_folds):
            raise ValueError(
                f"{of} was summarised with different folds than {name}; use the same {differing} "
                "for both."
            )
        heard[of] = dataclasses.replace(summary, data=None)
    return heard


def _one_column_a_symbol(X: Array, name: str) -> Array:
    """Indicators of the symbols; integers that hardly repeat stay one column of numbers."""
    symbols, codes = np.unique(X, return_inverse=True)
    numbers = X.dtype.kind in "iu" and 2 * len(symbols) > len(X)
    if len(symbols) <= MAX_SYMBOLS and not numbers:
        return np.eye(len(symbols), dtype=np.float32)[codes]
    if X.dtype.kind in "US":
        raise ValueError(
            f"{name} holds {len(symbols)} different strings, more than the {MAX_SYMBOLS} a probe "
            'takes; use estimator="symbols", or pass features of them.'
        )
    return X[:, None]


def _cells_for(log_p: Array, task: HeldOut) -> int:
    h_y = entropy(sums(task.labels, np.full(len(log_p), 1 / len(log_p)), task.n_classes))
    known = 1 - log_loss(log_p, task.labels).mean() / NATS_PER_BIT / h_y
    return _default_cells(task.n_classes, len(log_p), float(np.clip(known, 0, 1)))


def _check_room(n_classes: int, n_samples: int, n_cells: int | None, name: str) -> None:
    """Refuse so many classes that the tables of two sources could not be solved."""
    if n_classes <= experts.MANY_CLASSES:
        return
    cells = n_cells or _default_cells(n_classes, n_samples, 0.0)
    needed, room = (
        BYTES_A_PAIR * cells**2 + 2 * BYTES_AN_ENTRY * cells * n_classes,
        available_memory(),
    )
    if needed > room:
        raise MemoryError(
            f"{name}: {n_classes} classes take {cells} cells or more a source, and two such tables "
            f"{BYTES_A_PAIR} n_t n_s + {BYTES_AN_ENTRY} (n_t + n_s) n_y = {needed / 2**30:.1f} GiB "
            f"to solve, of which {room / 2**30:.1f} are free. Merge classes (superclasses), or "
            "measure on rows of some of them; n_cells= sets another number of cells."
        )


def _default_cells(n_classes: int, n_samples: int, share: float) -> int:
    """Number of cells of a source that knows that share of H(Y)."""
    if n_classes == 2:
        return 100
    if n_classes <= FEW_CLASSES:
        return int(np.clip(2 * n_classes, 60, 100))
    least = CELLS_A_CLASS[0] * n_classes
    wanted = least + share * (CELLS_A_CLASS[1] - CELLS_A_CLASS[0]) * n_classes
    affordable = min(MOST_CELLS, n_samples // ROWS_A_CELL)
    return int(max(min(wanted, affordable), least))


def _share_in_order(together: float, i_t: float, i_s: float) -> float:
    """1 where both know no more than one of them, falling to 0 where the other adds a part."""
    added = together - max(i_t, i_s)
    return float(np.clip(1 - added / max(PART_ADDED * min(i_t, i_s), ROUNDING), 0, 1))


def _lawful(union: float, i_t: float, i_s: float) -> float:
    """The union within the bounds of two informations, if it is off by more than rounding."""
    low, high = max(i_t, i_s), i_t + i_s
    return union if low - ROUNDING <= union <= high + ROUNDING else min(max(union, low), high)


def _known(summary: ProbeSummary, weights: Floats) -> tuple[float, float, float]:
    """As `_information` of its own posteriors, but at least that of each summary it heard.

    Extrapolations err by more than pools do: so the order of layers is kept.
    """
    information, bound, bound_from_half = _information(summary, summary._losses, weights)
    least = [_known(x, weights)[0] for x in summary.heard.values()]
    return max([information, *least]), bound, bound_from_half


def _information(
    summary: ProbeSummary, losses: Losses, weights: Floats
) -> tuple[float, float, float]:
    """Information by extrapolation, its bound, and the bound from half of the training rows."""
    h_y = entropy(sums(summary.labels, weights, summary.n_classes))
    bound, cost_of_half = h_y - float(weights @ losses.whole), float(weights @ losses.more)
    n_folds = int(summary.folds.max()) + 1
    more = extrapolated(weights, losses.more, n_folds, summary.curve, summary.tempering)
    endless = bound + float(weights @ more)
    return min(endless, h_y), bound, bound - cost_of_half


def _pool_of(t: ProbeSummary, s: ProbeSummary) -> Losses:
    """Losses of a pool of the posteriors of T and of S."""
    whole = {"T": t.log_posteriors, "S": s.log_posteriors}
    half = {"T": t.log_posteriors_from_half, "S": s.log_posteriors_from_half}
    log_p, log_p_from_half = (weigh(said, t.labels).log_posterior(said) for said in (whole, half))
    return losses_of(log_p, log_p_from_half, t.labels)


def _check_possible(logits: Array, name: str) -> None:
    """Refuse rows in which no class is possible."""
    impossible = np.flatnonzero(np.isneginf(logits.max(axis=1)))
    if len(impossible):
        raise ValueError(
            f"{name} holds -inf alone in {len(impossible)} rows (first at row {impossible[0]}), in "
            f"which no class is possible; leave those rows out of T, S and Y together: "
            f"keep = numpy.isfinite({name}).any(axis=1), then {name}[keep] and so with the others."
        )


def _log_probabilities(X: Array, labels: Codes, name: str, inputs: str) -> Array:
    n_classes = int(labels.max()) + 1
    if X.shape[1] != n_classes:
        raise ValueError(
            f"{name} has {X.shape[1]} columns for {n_classes} classes; pass one column a class, "
            'in the order of the sorted labels, or inputs="features".'
        )
    if inputs == "logits":
        _check_possible(X, name)
        return np.maximum(log_softmax(X, axis=1), experts.LOG_FLOOR)
    sums = X.sum(axis=1, dtype=np.float64)
    if X.min() < 0 or np.abs(sums - 1).max() > SUM_TOLERANCE:
        worst = sums[np.abs(sums - 1).argmax()]
        raise ValueError(
            f"{name} must hold probabilities that sum to 1 in every row; the least entry is "
            f'{X.min():.3g} and a row sums to {worst:.4g}. Pass logits with inputs="logits".'
        )
    log_p: Array = np.log(np.maximum(X / sums[:, None], np.exp(experts.LOG_FLOOR)))
    return log_p
