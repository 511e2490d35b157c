"""Sources as an estimator sees them: one by one or side by side, and never again what is kept."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pidtools import _cache, _progress, _tasks, _warnings
from pidtools._cache import Cache
from pidtools._estimator import Data, Estimator, Summary, summarised
from pidtools._lazy_rows import Source
from pidtools._parcels import packed, unpacked
from pidtools._remarks import Remark
from pidtools._result import PIDError
from pidtools._types import Array

# The step of looking at sources, in a plan.
LOOKING = "looking"
NOT_PICKLED = (pickle.PicklingError, TypeError, AttributeError)


@dataclass(frozen=True)
class Kept:
    """Answers of a cache with what was warned of; without a cache nothing is known.

    A key of None is that of a task whose answer can't be kept.
    """

    cache: Cache | None

    def get(self, key: str | None, known: Mapping[str, Any]) -> tuple[Any, list[Remark]] | None:
        """An answer and what was warned of; what can't be read is not there."""
        if self.cache is None or key is None or (found := self.cache.get(key)) is None:
            return None
        try:
            payload, texts = pickle.loads(found)
            return unpacked(payload, known), texts
        except Exception:  # whatever it is, the task is done again
            return None

    def put(self, key: str | None, payload: bytes, texts: Sequence[Remark]) -> None:
        """Keep a packed answer."""
        if self.cache is not None and key is not None:
            self.cache.put(key, pickle.dumps((payload, list(texts))))

    def keep(
        self, key: str | None, answer: Any, texts: Sequence[Remark], known: Mapping[str, Any]
    ) -> None:
        """Keep an answer that is here; what went wrong is not kept."""
        if self.cache is None or key is None or isinstance(answer, str):
            return
        try:
            self.put(key, packed(answer, known), texts)
        except NOT_PICKLED:
            return

    def say(self) -> None:
        """Warn where nothing more can be kept."""
        if self.cache is not None:
            self.cache.warn_of_trouble()

    def key_of(self, estimator: Estimator[Any], *parts: Any) -> str | None:
        """What a task by an estimator is called; None where that can't be told."""
        if self.cache is None or not _cache.is_lasting(estimator):
            return None
        try:
            return _cache.key_of(estimator, *parts)
        except NOT_PICKLED:
            return None


@dataclass(frozen=True)
class Looks:
    """Makes summaries; with `tolerant`, or says why it could not.

    Attributes
    ----------
    kept : Kept
        What is known from another run.
    keys : dict of str to str or None
        What each source is called there, once it was asked for.
    """

    estimator: Estimator[Any]
    y: Array
    tolerant: bool
    kept: Kept = field(default_factory=lambda: Kept(None))
    keys: dict[str, str | None] = field(default_factory=dict)

    def one_by_one(
        self,
        waiting: Mapping[str, Data],
        found: Mapping[str, Summary],
        hears: Mapping[str, Sequence[str]],
        n_jobs: int | None,
    ) -> dict[str, Summary | str]:
        """All cores for one source at a time."""
        answers: dict[str, Summary | str] = {}
        told: dict[str, set[str]] = {}
        n_kept, n = 0, len(waiting)
        costs = self.costs(waiting)
        with _progress.step(
            "looking", sum(costs.values()), key=LOOKING, pays=self._pays
        ) as advance:
            for name, data in waiting.items():
                advance(0.0, f"looking at {name}{of_cache(n_kept, n)}")
                seen = {**found, **{k: x for k, x in answers.items() if not isinstance(x, str)}}
                others = [other for other in hears.get(name, ()) if other in seen]
                at_second_hand = set().union(*(told.get(other, set()) for other in others))
                told[name] = {*others, *at_second_hand}
                heard = [other for other in others if other not in at_second_hand]
                known = self._known(data, {k: waiting[k] for k in told[name] if k in waiting})
                key = self._key(data, [self._key_of_found(k, found) for k in heard])
                again = self.kept.get(key, known)
                if again is None:
                    with (
                        _warnings.noting() as texts,
                        _progress.step("", span=costs[name]),
                    ):
                        answers[name] = self._answer(data, [seen[k] for k in heard], n_jobs)
                    self.kept.keep(key, answers[name], texts, known)
                else:
                    answers[name] = again[0]
                    _say(again[1])
                n_kept += again is not None
                advance(costs[name], f"looking{of_cache(n_kept, n)}")
        return answers

    def at_the_same_time(
        self, waiting: Mapping[str, Data], n_jobs: int | None
    ) -> dict[str, Summary | str]:
        """A core for each source; what is warned of is said when all are done."""
        from joblib import effective_n_jobs

        known = {name: self._known(data, {}) for name, data in waiting.items()}
        done: dict[str, tuple[Any, list[Remark]]] = {}
        for name, data in waiting.items():
            again = self.kept.get(self._key(data, []), known[name])
            if again is not None:
                done[name] = again
        left = [name for name in waiting if name not in done]
        # Cells are found before other processes have started.
        far = self.estimator.decodes and effective_n_jobs(n_jobs) > 1
        costs, n_known, n = self.costs(waiting), len(done), len(waiting)
        with _progress.step(
            "looking", sum(costs.values()), key=LOOKING, pays=self._pays
        ) as advance:

            def said(done_now: float) -> None:
                at = f"looking at layer {min(len(done) + 1, n)} of {n}"
                advance(done_now, f"{at}{of_cache(n_known, n)}")

            said(sum(costs[name] for name in done))

            def came(k: int, answer: Any, texts: list[Remark]) -> None:
                name = left[k]
                if isinstance(answer, bytes):
                    self.kept.put(self.keys[name], answer, texts)
                    answer = unpacked(answer, known[name])
                else:
                    self.kept.keep(self.keys[name], answer, texts, known[name])
                done[name] = answer, texts
                said(costs[name])

            _tasks.run(
                _Question(self.estimator, self.y, self.tolerant, far),
                [waiting[name] for name in left],
                n_jobs=n_jobs,
                by="processes" if self.estimator.decodes else "threads",
                batch_size=1 if self.estimator.decodes else "auto",
                done=came,
            )
        for name in waiting:
            _say(done[name][1])
        return {name: done[name][0] for name in waiting}

    def costs(self, waiting: Mapping[str, Data]) -> dict[str, float]:
        """What each look costs, relative to the others."""
        costs = {name: self.cost(data) for name, data in waiting.items()}
        return {name: sum(cost.values()) for name, cost in costs.items()}

    @property
    def _pays(self) -> bool:
        return self.estimator.decodes

    def cost(self, data: Data) -> dict[str, float]:
        """The same of one look, by kinds of work."""
        return _cost(self.estimator, data.X, self.y)

    def _answer(self, data: Data, others: Sequence[Summary], n_jobs: int | None) -> Summary | str:
        return _answer(self.estimator, self.y, self.tolerant, data, others, n_jobs)

    def _known(self, data: Data, others: Mapping[str, Data]) -> dict[str, Any]:
        """What needn't be kept of a summary; the features of those it hears as well."""
        further = {f"X of {name}": other.X for name, other in others.items()}
        return known_of(self.estimator, data, self.y) | further

    def _key(self, data: Data, heard: Sequence[str | None]) -> str | None:
        lesson = data.lesson and (data.lesson.X, data.lesson.labels)
        parts = (data.name, data.random_state, data.groups, self.y, data.X, lesson)
        known = None not in heard
        key = self.kept.key_of(self.estimator, "summary", *parts, *heard) if known else None
        self.keys[data.name] = key
        return key

    def _key_of_found(self, name: str, found: Mapping[str, Summary]) -> str | None:
        if name not in self.keys:
            self.keys[name] = self.kept.key_of(self.estimator, "given", found[name])
        return self.keys[name]


@dataclass(frozen=True)
class _Question:
    """What a worker is asked; an answer that has to travel comes without what was sent."""

    estimator: Estimator[Any]
    y: Array
    tolerant: bool
    far: bool

    def __call__(self, data: Data) -> Summary | str | bytes:
        span = sum(_cost(self.estimator, data.X, self.y).values())
        with _progress.step("", span=span):
            answer = _answer(self.estimator, self.y, self.tolerant, data, [], 1)
        if not self.far or isinstance(answer, str):
            return answer
        return packed(answer, known_of(self.estimator, data, self.y))


def known_of(estimator: Estimator[Any], data: Data, y: Array) -> dict[str, Any]:
    """What a summary was made from, which both sides have."""
    return {"data": data, "estimator": estimator, "X": data.X, "Y": y, "groups": data.groups}


def of_cache(n_kept: int, n: int) -> str:
    """How many tasks were known already, for the screen."""
    return f" ({n_kept} of {n} from the cache)" if n_kept else ""


def _cost(estimator: Estimator[Any], X: Source, y: Array) -> dict[str, float]:
    width = 1 if len(X.shape) == 1 else int(X.shape[1])
    return estimator.cost(len(y), width, _n_classes(y))


def _n_classes(y: Array) -> int:
    return int(y.max()) + 1 if y.dtype.kind == "i" and y.size else 1


def _answer(
    estimator: Estimator[Any],
    y: Array,
    tolerant: bool,
    data: Data,
    others: Sequence[Summary],
    n_jobs: int | None,
) -> Summary | str:
    try:
        made: Summary = summarised(estimator, data, y, hears=others, n_jobs=n_jobs)
    except (ValueError, TypeError, PIDError) as error:
        if not tolerant:
            raise
        return str(error)
    return made


def _say(texts: Sequence[Remark]) -> None:
    for text in texts:
        _warnings.warn(text)
