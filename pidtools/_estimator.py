"""The stairs between methods and questions: a source as a summary, two of them as a pair."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar, cast

import numpy as np

from pidtools._lazy_rows import Source, whole
from pidtools._remarks import Remark, Remarked
from pidtools._result import PID, Duals
from pidtools._types import Array, Codes, Floats

# Characters of an estimator in the line that shows a summary.
LONGEST_NAME = 100


@dataclass(frozen=True, eq=False)
class Lesson:
    """Rows that are only learned from.

    Attributes
    ----------
    X : ndarray, shape (n_rows,) or (n_rows, n_features)
    labels : ndarray of int64, shape (n_rows,)
        In the numbers of the measured classes.
    """

    X: Source
    labels: Codes


@dataclass(frozen=True, eq=False)
class Data:
    """What a summary was made from: the clean array itself, not a copy, with its name.

    A memory map stays one, also on its way to a worker.

    Attributes
    ----------
    X : ndarray or LazyRows, shape (n_samples,) or (n_samples, n_features)
    name : str
    groups : ndarray of int64, shape (n_samples,), or None
        Rows of one group depend on each other.
    random_state : int
    lesson : Lesson or None
    """

    X: Source
    name: str
    groups: Codes | None
    random_state: int
    lesson: Lesson | None = None

    def drawn(self, rows: Codes) -> Data:
        """The same of some rows."""
        groups = None if self.groups is None else self.groups[rows]
        return dataclasses.replace(self, X=self.X[rows], groups=groups)


def lacks_layer(name: str, asked: str, less: str = "") -> str:
    """Why a summary that comes without its layer has no answer, and what does without it."""
    code = name if name.isidentifier() else "X"
    return (
        f"{name} is a summary without its layer, which {asked} would take. Pass the array itself "
        f"in its place, or where it was loaded, pidtools.load_summary(path, X={code})"
        f"{less and f'; or ask for less: {less}'}."
    )


# An analytic interval looks at resamples where what is distillable is near 0.
WITHOUT_RESAMPLES = (
    'confidence_level=None, or uncertainty="analytic" where what is distillable is well above 0'
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Summary(Remarked):
    """All that one source has to say about Y, as one estimator saw it.

    Made by `summarise`, accepted by `distillable_knowledge` in place of the array it was made
    from, so that a teacher compared with many students is looked at once.

    Attributes
    ----------
    estimator : Estimator
        The estimator that made it, with its options.
    information : float
        I(X; Y) in bits, as the estimator sees it.
    labels : ndarray of int64, shape (n_samples,), or of float, shape (n_samples, n_targets)
        The Y it was made with: class indices, or a continuous target.
    remarks : tuple of Remark
        What was lost on the way and what limits the trust; shown as `warnings`, `notes` and
        ``details()``.
    data : Data or None
        What it was made from; None where an estimator was asked without `summarise`.
    """

    resamples: ClassVar[Literal["anew", "weights", "fits"]] = "anew"
    """What `resampled` does with drawn rows: look at them anew; weigh what was found; or weigh it
    and leave fitted models as they are, so that a few times `refitted` tells what that hides."""

    estimator: Estimator[Any]
    information: float
    labels: Array = field(repr=False)
    remarks: tuple[Remark, ...] = ()
    data: Data | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        how = f"{self.estimator!r}"
        how = how if len(how) <= LONGEST_NAME else f"{how[: LONGEST_NAME - 4]}...)"
        return (
            f"{type(self).__name__}(information={self.information:.3f} bits, "
            f"n_samples={self.n_samples}, estimator={how})"
        )

    @property
    def n_samples(self) -> int:
        """Number of samples the summary was made from."""
        return len(self.labels)

    @property
    def unread(self) -> float:
        """Bits that the source may hold beyond `information`, for what more rows would show."""
        return 0.0

    @property
    def is_plug_in(self) -> bool:
        """Whether sampling adds to what it says and nothing corrects for that."""
        return False

    def save(self, path: str | PathLike[str]) -> None:
        """Write the summary to a file, without the layer it was made from.

        `load_summary` reads it again, also in another process, and the same numbers to the bit come
        out with any student. A file holds arrays and no pickle, and is about as large as the
        posteriors or codes of the rows.

        Parameters
        ----------
        path : str or path-like
            A file, of any ending; one that is there is replaced as a whole.

        Raises
        ------
        TypeError
            For summaries that can't do without their layer (`Gaussian`), and for classifiers and
            estimators of your own, which can't be written without pickle.
        OSError
            If the file can't be written.
        """
        from pidtools._saved import save

        save(self, path)

    def with_layer(self, data: Data) -> Summary:
        """The summary with the layer it was made from, which it had lost."""
        return dataclasses.replace(self, data=data)

    def check_resamples(self, name: str) -> None:
        """Refuse to be resampled without the layer, where that takes one."""
        if self.data is None and self.resamples == "anew":
            raise ValueError(
                lacks_layer(name, "resamples that look at drawn rows anew", WITHOUT_RESAMPLES)
            )

    def resampled(self, rows: Codes) -> Summary:
        """The summary of drawn rows; here the estimator looks at them anew."""
        if self.data is None:
            raise TypeError(
                f"A summary by {self.estimator!r} keeps no data, and an interval has to look at "
                "drawn rows anew; make it by pidtools.summarise, or pass the array."
            )
        drawn: Summary = summarised(
            self.estimator, self.data.drawn(rows), self.labels[rows], n_jobs=1
        )
        return drawn

    def refitted(self, rows: Codes) -> Summary:
        """The summary of some rows with all fits anew; an override where `resampled` keeps them."""
        return self.resampled(rows)

    @property
    def bias(self) -> float:
        """Bits that sampling is expected to add to `information`, where nothing corrects for it."""
        return 0.0

    def to_keep(self) -> Self:
        """The summary without what `resampled` and tables do without: for results that stay."""
        return self if self.resamples == "anew" else dataclasses.replace(self, data=None)

    def to_resample(self) -> Summary:
        """The summary without its data where drawn rows need no new look, to travel lightly."""
        return self if self.resamples == "anew" else dataclasses.replace(self, data=None)


@dataclass(frozen=True, kw_only=True, eq=False)
class Likeness(ABC):
    """Data like those at hand, whose atoms are known: shows what sampling alone adds.

    Attributes
    ----------
    atoms : ndarray, shape (4,)
        Redundancy, both uniques and the synergy in bits; NaN for a synergy not asked for.
    """

    atoms: Floats

    @abstractmethod
    def __call__(self, drawn: Codes) -> Floats:
        """Atoms as estimated from rows drawn with their luck, of `resampling.with_luck`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Tables:
    """The two tables that the atoms of a pair come from, and where its rows are in them.

    Attributes
    ----------
    t, s : ndarray, shapes (n_cells_t, n_classes) and (n_cells_s, n_classes)
        Joint pmfs of cell and label.
    codes_t, codes_s, labels : ndarray of int64, shape (n_samples,)
        Cells and class of each row.
    rows_t, rows_s : ndarray, shape (n_samples,), or None
        log p(y | x) / p(y) of each row in bits, as the estimator sees it; None where it sees
        cells alone.
    rows_both : ndarray, shape (n_samples,), or None
        The same of both sources together; None where the synergy was not asked for.
    duals : Duals or None
        Of the union of the tables, where they are known.
    tolerance : float
        Bits by which the union of the tables may be off.
    fit_t, fit_s, fit_both : float
        Standard errors in bits that fitting models adds to the informations.
    """

    t: Floats
    s: Floats
    codes_t: Codes
    codes_s: Codes
    labels: Codes
    tolerance: float
    rows_t: Floats | None = None
    rows_s: Floats | None = None
    rows_both: Floats | None = None
    duals: Duals | None = None
    fit_t: float = 0.0
    fit_s: float = 0.0
    fit_both: float = 0.0


S = TypeVar("S", bound=Summary)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair(ABC, Generic[S]):
    """A teacher and a student that were summarised in the same way.

    Attributes
    ----------
    t, s : Summary
    synergy : bool
        Whether the synergy is asked for.
    """

    has_tables: ClassVar[bool] = False
    """Whether the atoms come from two tables of classes."""

    t: S
    s: S
    synergy: bool

    @abstractmethod
    def atoms(self) -> PID:
        """Redundancy and uniques in bits; synergy is None."""

    @abstractmethod
    def joint_information(self) -> float:
        """I(Y; T, S) in bits, for the synergy."""

    def pid(self) -> PID:
        """All atoms in bits; no synergy unless it was asked for."""
        pid = self.atoms()
        if not self.synergy:
            return pid
        return dataclasses.replace(pid, synergy=self.joint_information() - pid.union_information)

    def tables(self) -> Tables:
        """What the atoms come from, where they come from two tables."""
        raise ValueError(
            f"The atoms of {self.t.estimator!r} don't come from two tables of classes; measure "
            'with estimator="probe", "symbols", "binning" or "kmeans".'
        )

    def to_keep(self) -> Self:
        """The pair without what its summaries can do without."""
        return dataclasses.replace(self, t=self.t.to_keep(), s=self.s.to_keep())

    @property
    def unread_together(self) -> float:
        """Bits that both sources may hold beyond `joint_information`."""
        return max(self.t.unread, self.s.unread)

    @property
    def bias(self) -> float:
        """Bits that sampling is expected to add to what is known of T, S or both."""
        return max(self.t.bias, self.s.bias)

    def likeness(self) -> Likeness | None:
        """Data like these with known atoms, where sampling adds to what is estimated."""
        return None

    def resampled(self, t: S, s: S, rows: Codes) -> Pair[S]:
        """The pair of summaries that were resampled to the same rows."""
        return dataclasses.replace(self, t=t, s=s)

    def refitted(self, t: S, s: S, rows: Codes) -> Pair[S]:
        """The pair of summaries that were refitted to the same rows."""
        return self.resampled(t, s, rows)


@dataclass(frozen=True, kw_only=True, eq=False)
class JoinedPair(Pair[S]):
    """Two sources, and both together as one.

    Attributes
    ----------
    both : Summary or None
        Of both sources together; None without synergy.
    """

    both: S | None

    def to_keep(self) -> Self:
        """The pair without what its summaries can do without."""
        kept = super().to_keep()
        return kept if self.both is None else dataclasses.replace(kept, both=self.both.to_keep())

    def joint_information(self) -> float:
        """I(Y; T, S) in bits, of both together."""
        if self.both is None:
            raise ValueError("The pair was made without synergy.")
        return self.both.information

    @property
    def unread_together(self) -> float:
        """Bits that both sources may hold beyond what was read of both together."""
        return 0.0 if self.both is None else self.both.unread


class Estimator(ABC, Generic[S]):
    """A way to look at one source at a time; arrays are clean already.

    A subclass is a frozen dataclass of its options with the two steps that are abstract here:
    a source as a `Summary`, and two of them as a `Pair`. Its `Summary` may override `resampled`
    where drawn rows need no new look. The other steps have defaults that serve any estimator.

    Attributes
    ----------
    target : {"labels", "continuous", "either"}
        Kind of Y: class indices, shape (n_samples,), or floats, shape (n_samples, n_targets).
    decodes : bool
        Whether an information is what models fitted to the rows decode.
    reads_blocks : bool
        Whether it takes features that are `LazyRows`, and reads some rows of them at a time.
    """

    target: ClassVar[Literal["labels", "continuous", "either"]] = "labels"
    decodes: ClassVar[bool] = False
    reads_blocks: ClassVar[bool] = False

    @property
    def reads_minus_infinity(self) -> bool:
        """Whether -inf is a value of a source, as in logits of what can't be."""
        return False

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Options by name, as scikit-learn asks for them; `deep` adds those of a classifier within.

        There is no `set_params`, as an estimator does not change: `dataclasses.replace` makes
        another one.
        """
        found = {
            each.name: getattr(self, each.name) for each in dataclasses.fields(cast(Any, self))
        }
        for name, value in tuple(found.items()):
            if deep and hasattr(value, "get_params") and not isinstance(value, type):
                within = value.get_params(deep=True)
                found.update({f"{name}__{key}": inner for key, inner in within.items()})
        return found

    def __sklearn_clone__(self) -> Self:
        """Another one of the same options, for `sklearn.base.clone`."""
        from sklearn.base import clone

        own = self.get_params(deep=False)
        return type(self)(**{name: clone(value, safe=False) for name, value in own.items()})

    @abstractmethod
    def summarise(
        self,
        X: Array,
        Y: Array,
        /,
        *,
        random_state: int = 0,
        name: str = "X",
        groups: Array | None = None,
        n_jobs: int | None = None,
    ) -> S:
        """All that `X` has to say about Y; rows of one of the `groups` depend on each other."""

    def taught(
        self,
        X: Array,
        Y: Array,
        lesson: Lesson,
        /,
        *,
        hears: Sequence[Summary] = (),
        random_state: int = 0,
        name: str = "X",
        groups: Array | None = None,
        n_jobs: int | None = None,
    ) -> S:
        """As `summarise`, with rows only to learn from and with what functions of `X` say.

        An override where it fits models.
        """
        given = "hears" if hears else "fit_on"
        raise TypeError(
            f"{name}: {self!r} fits no models, so {given} has no use; leave it out, or take "
            'estimator="probe".'
        )

    def stacked(
        self, parts: Sequence[S], Y: Array, /, *, name: str, n_jobs: int | None = None
    ) -> Summary:
        """Several sources of the same rows as one: here their features side by side.

        An override where less will do.
        """
        own = [x.data for x in parts]
        known = [data for data in own if data is not None]
        if len(known) < len(own):
            raise TypeError(
                f"{name}: a summary by {self!r} keeps no data, so it can't be put beside others; "
                "make it by pidtools.summarise, or pass the array."
            )
        X = np.hstack([whole(data.X).reshape(len(data.X), -1) for data in known])
        together = dataclasses.replace(known[0], X=X, name=name)
        return summarised(self, together, Y, n_jobs=n_jobs)

    @abstractmethod
    def pair(self, t: S, s: S, *, synergy: bool = True, n_jobs: int | None = None) -> Pair[S]:
        """What decomposes two summaries, once and on resampled rows."""

    def cost(self, n_samples: int, width: int, n_classes: int) -> dict[str, float]:
        """What a look at a source costs, by kinds of work, relative to other sources.

        For what is announced beforehand; what each kind takes is found from the first of it.
        """
        return {"looking": float(n_samples * (width + 1))}

    def cost_of_pair(self, n_samples: int, width: int, n_classes: int) -> dict[str, float]:
        """The same of two sources of so many columns that meet."""
        return {}

    def cost_of_resample(self, n_samples: int, n_classes: int) -> float | None:
        """What resampled rows of a pair cost, relative to looks; None where nothing tells."""
        return None

    def cost_of_refit(self, n_samples: int, width: int, n_classes: int) -> dict[str, float]:
        """What a fit anew of a source to half of the rows costs."""
        return {}

    def information(
        self,
        X: Array,
        Y: Array,
        /,
        *,
        random_state: int = 0,
        name: str = "X",
        groups: Array | None = None,
        n_jobs: int | None = None,
    ) -> float:
        """I(X; Y) in bits; an override where it takes less than a whole summary."""
        summary = self.summarise(
            X, Y, random_state=random_state, name=name, groups=groups, n_jobs=n_jobs
        )
        return summary.information

    def statistic(self, data: Data, Y: Array, /) -> Callable[[Array], float]:
        """What a permutation test compares: a function of Y in any order.

        An override where something says more of dependence, or costs less, than the information.
        """
        return InformationOf(self, data)


@dataclass(frozen=True)
class InformationOf:
    """I(X; Y) in bits as a function of Y."""

    estimator: Estimator[Any]
    data: Data

    def __call__(self, Y: Array) -> float:
        """The information with Y in this order."""
        data = self.data
        return self.estimator.information(
            as_read(self.estimator, data.X),
            Y,
            random_state=data.random_state,
            name=data.name,
            groups=data.groups,
            n_jobs=1,
        )


def summarised(
    estimator: Estimator[S],
    data: Data,
    Y: Array,
    *,
    hears: Sequence[Summary] = (),
    n_jobs: int | None = None,
) -> S:
    """The summary of a source, which knows what it was made from."""
    options: dict[str, Any] = {
        "random_state": data.random_state,
        "name": data.name,
        "groups": data.groups,
        "n_jobs": n_jobs,
    }
    X = as_read(estimator, data.X)
    if data.lesson is None and not hears:
        summary = estimator.summarise(X, Y, **options)
    else:
        lesson = data.lesson or Lesson(X[:0], Y[:0])
        summary = estimator.taught(X, Y, lesson, hears=hears, **options)
    return dataclasses.replace(summary, data=data)


def as_read(estimator: Estimator[Any], X: Source) -> Any:
    """Features as the estimator takes them: `LazyRows` ones as an array, unless it reads blocks."""
    return X if estimator.reads_blocks else whole(X)


def reads_minus_infinity(estimator: Estimator[Any] | str) -> bool:
    """Whether an estimator, by its name or itself, takes -inf for a value."""
    return isinstance(estimator, Estimator) and estimator.reads_minus_infinity
