"""What an estimator does, and what it need not: the stairs between methods and questions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Literal

from pidtools._result import PID, Summary
from pidtools._types import Array, Codes

Source = Array | Summary


class Estimator(ABC):
    """A way to look at one source at a time; arrays are clean already.

    A subclass is a frozen dataclass of its options with the three steps that are abstract here.
    The others have defaults that serve any estimator. Its own kind of `Summary` is what its
    steps take and give.

    Attributes
    ----------
    target : {"labels", "continuous", "either"}
        Kind of Y: class indices, shape (n_samples,), or floats, shape (n_samples, n_targets).
    resamples : {"anew", "weights", "fits"}
        What an interval does with drawn rows: summarise them anew; ask `resampled`; or ask it
        and, as it leaves fitted models as they are, `refitted` a few times for what that hides.
    """

    target: ClassVar[Literal["labels", "continuous", "either"]] = "labels"
    resamples: ClassVar[Literal["anew", "weights", "fits"]] = "anew"

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
    ) -> Summary:
        """All that `X` has to say about Y; rows of one of the `groups` depend on each other."""

    @abstractmethod
    def decompose(self, summary_t: Any, summary_s: Any) -> PID:
        """Redundancy and uniques in bits from two summaries; synergy is None."""

    @abstractmethod
    def joint_information(self, summary_t: Any, summary_s: Any) -> float:
        """I(Y; T, S) in bits, for the synergy."""

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

    def joint(self, summary_t: Any, summary_s: Any, *, n_jobs: int | None = None) -> Summary | None:
        """Summarise both sources together; None where `joint_information` is all there is."""
        return None

    def prepared(self, summary_t: Any, summary_s: Any) -> Any:
        """The second summary with what its resamples need to know of its partner."""
        return summary_s

    def resampled(self, summary: Any, weights: Array) -> Any:
        """The summary with each row counted `weights` times, shape (n_samples,)."""
        raise TypeError(f"{type(self).__name__} summarises drawn rows anew.")

    def refitted(
        self,
        summary: Any,
        rows: Codes,
        *,
        groups: Array | None = None,
        parts: tuple[Any, Any] | None = None,
    ) -> Any:
        """The summary fitted anew on some rows; that of both sources from its refitted `parts`."""
        raise TypeError(f"{type(self).__name__} has no fits.")

    def evidence(
        self,
        X: Array,
        Y: Array,
        /,
        *,
        random_state: int = 0,
        name: str = "X",
        groups: Array | None = None,
    ) -> Callable[[Array], float] | None:
        """A function of Y in any order, for a permutation test; None for the information itself."""
        return None
