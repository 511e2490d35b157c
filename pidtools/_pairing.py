"""Teacher and student meet: the atoms of many pairs, side by side where that is worth it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pidtools import _progress, _tasks, _warnings
from pidtools._estimator import Pair, Summary
from pidtools._looking import Kept, known_of, of_cache
from pidtools._parcels import packed, unpacked
from pidtools._remarks import Remark
from pidtools._result import PID, PIDError

# The step of solving pairs, in a plan.
MEETING = "pairs"
# Classes beyond which two probes that meet are a probe of both, or a large program.
FEW_CLASSES = 50

Name = tuple[str, str]
Solved = tuple[Pair[Any], PID]


@dataclass(frozen=True, eq=False)
class Meeting:
    """Two summaries of the same kind, and what they are called in the cache."""

    t: Summary
    s: Summary
    key_t: str | None = None
    key_s: str | None = None

    def known(self) -> dict[str, Any]:
        """What a pair has of its sources, which both sides have."""
        found: dict[str, Any] = {"t": self.t, "s": self.s}
        for name, x in (("t", self.t), ("s", self.s)):
            if x.data is not None:
                own = known_of(x.estimator, x.data, x.labels)
                found |= {f"{part} of {name}": value for part, value in own.items()}
        return found


@dataclass(frozen=True)
class Pairs:
    """Solves pairs; with `tolerant`, or says why it could not.

    Attributes
    ----------
    heard : dict of (str, str) to list of Remark
        What was warned of, pair by pair, once they are solved.
    """

    synergy: bool
    tolerant: bool
    n_classes: int | None
    kept: Kept
    heard: dict[Name, list[Remark]] = field(default_factory=dict)

    def solved(
        self, meetings: Mapping[Name, Meeting], n_jobs: int | None
    ) -> dict[Name, Solved | str]:
        """Pairs with their atoms, in their order; what is warned of is said in that order."""
        known = self._known_already(meetings)
        left = {name: own for name, own in meetings.items() if name not in known}
        is_dear, by_task = self._is_dear(meetings), self._by_task(len(left), n_jobs)
        far = is_dear and by_task

        n = len(meetings)
        with _progress.step("pairs", n, key=MEETING, counted=True, pays=is_dear) as advance:
            said = "both together" if n == 1 else "pairs"
            advance(len(known), f"{said}{of_cache(len(known), n)}")

            def came(name: Name, answer: Any, texts: list[Remark]) -> None:
                own = left[name]
                if isinstance(answer, bytes):
                    self.kept.put(self._key(own), answer, texts)
                    answer = unpacked(answer, own.known())
                elif is_dear:
                    self.kept.keep(self._key(own), answer, texts, own.known())
                known[name] = answer, texts
                advance(1)

            if by_task:
                names = list(left)
                _tasks.run(
                    _Ask(self.synergy, self.tolerant, 1, far),
                    list(left.values()),
                    n_jobs=n_jobs,
                    by="processes" if far else "memory",
                    batch_size=1 if far else "auto",
                    done=lambda k, answer, texts: came(names[k], answer, texts),
                )
            else:
                ask = _Ask(self.synergy, self.tolerant, n_jobs, far=False)
                for name, own in left.items():
                    with _warnings.collecting() as texts:
                        answer = ask(own)
                    came(name, answer, texts)
        for name in meetings:
            self.heard[name] = known[name][1]
            for text in known[name][1]:
                _warnings.warn(text)
        return {name: known[name][0] for name in meetings}

    def _known_already(self, meetings: Mapping[Name, Meeting]) -> dict[Name, Any]:
        if not self._is_dear(meetings):
            return {}
        found = {name: self.kept.get(self._key(own), own.known()) for name, own in meetings.items()}
        return {name: answer for name, answer in found.items() if answer is not None}

    def _is_dear(self, meetings: Mapping[Name, Meeting]) -> bool:
        """Whether a pair is more than the solve of two small tables."""
        if not any(own.t.estimator.decodes for own in meetings.values()):
            return False
        return self.synergy or (self.n_classes or 0) > FEW_CLASSES

    def _by_task(self, n: int, n_jobs: int | None) -> bool:
        """Whether workers take a pair each; fewer pairs than workers share them."""
        from joblib import effective_n_jobs

        return n > 1 and 1 < effective_n_jobs(n_jobs) <= n

    def _key(self, own: Meeting) -> str | None:
        if own.key_t is None or own.key_s is None:
            return None
        return self.kept.key_of(own.t.estimator, "pair", own.key_t, own.key_s, self.synergy)


@dataclass(frozen=True)
class _Ask:
    """What is done with one meeting; an answer that has to travel comes without what was sent."""

    synergy: bool
    tolerant: bool
    n_jobs: int | None
    far: bool

    def __call__(self, own: Meeting) -> Solved | str | bytes:
        try:
            pair: Pair[Any] = own.t.estimator.pair(
                own.t, own.s, synergy=self.synergy, n_jobs=self.n_jobs
            )
            found = pair, pair.pid()
        except (ValueError, TypeError, PIDError) as error:
            if not self.tolerant:
                raise
            return str(error)
        return packed(found, own.known()) if self.far else found
