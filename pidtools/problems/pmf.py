"""Named probability tables whose decomposition is known in closed form.

Four arguments carry nearly all of them:

* *same channel*: where p(t, y) = p(s, y) up to relabelling, each source is a garbling of the
  other, so both uniques are 0 and Red = I(Y; T) = I(Y; S);
* *garbling*: where S could have been made from T by noise, given the pairs alone, Uni_S = 0
  and Red = I(Y; S);
* *identity*: for Y = (T, S), Red = I(T; S), the uniques are the conditional entropies and the
  synergy is 0 (Bertschinger et al. 2014);
* *additivity*: atoms of independent systems add (Bertschinger et al. 2014).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from math import log2
from typing import Any

import numpy as np

from pidtools._result import PID, Outcome
from pidtools._types import Floats

Event = tuple[Any, Any, Any]

# A closed form here is at most ten roundings of numbers below 6 bits, a pmf cell one more.
ROUNDING = 64 * float(np.finfo(np.float64).eps)

GRIFFITH_KOCH = "Griffith and Koch (2014), Quantifying synergistic mutual information"
BERTSCHINGER = "Bertschinger, Rauh, Olbrich, Jost and Ay (2014), Quantifying unique information"
MAKKEH = "Makkeh, Theis and Vicente (2018), BROJA-2PID"
COVER = "Cover and Thomas (2006), Elements of information theory, ch. 7 (the channel)"
BLACKWELL = "Blackwell (1953), Equivalent comparisons of experiments"


@dataclass(frozen=True, kw_only=True)
class PmfProblem:
    """A probability table with its exact decomposition.

    Attributes
    ----------
    name : str
        Name for `get`; unique without regard to case.
    pmf : ndarray of float64, shape (n_t, n_s, n_y)
        Joint pmf ``pmf[t, s, y]``, read-only.
    pid : PID
        Exact atoms in bits; `gap` bounds the rounding of the closed form.
    source : str
        Where the distribution comes from.
    description : str
        What it is and why the atoms are what they are, in one sentence.

    Examples
    --------
    >>> from pidtools import problems
    >>> copy = problems.get("copy")
    >>> copy.pmf.shape, copy.pid.unique_t, copy.pid.redundancy
    ((2, 2, 4), 1.0, 0.0)
    """

    name: str
    pmf: Floats = field(compare=False, repr=False)
    pid: PID
    source: str
    description: str


def binary_entropy(p: float) -> float:
    """Entropy in bits of a coin with probability `p`."""
    return sum(-x * log2(x) for x in (p, 1.0 - p) if x > 0.0)


def symmetric_information(k: int, error: float) -> float:
    """I(Y; X) in bits of a k-ary symmetric channel with a uniform input."""
    return log2(k) - binary_entropy(error) - error * log2(k - 1)


def _table(events: Mapping[Event, float]) -> Floats:
    """Lay events out as pmf[t, s, y], symbols in sorted order."""
    alphabets = [sorted({event[axis] for event in events}) for axis in range(3)]
    pmf = np.zeros([len(alphabet) for alphabet in alphabets])
    for event, probability in events.items():
        pmf[tuple(a.index(x) for a, x in zip(alphabets, event, strict=True))] += probability
    pmf.setflags(write=False)
    return pmf


def _uniform(events: Iterable[Event]) -> Floats:
    events = list(events)
    return _table({event: events.count(event) / len(events) for event in events})


def _given_label(p_y: Iterable[float], t_given_y: Floats, s_given_y: Floats) -> Floats:
    """Let the sources be independent given the label: p(y) p(t|y) p(s|y)."""
    pmf: Floats = np.einsum("y,yt,ys->tsy", np.asarray(list(p_y)), t_given_y, s_given_y)
    pmf.setflags(write=False)
    return pmf


def _cascade(p_y: Iterable[float], t_given_y: Floats, s_given_t: Floats) -> Floats:
    """Let the student see the teacher only, Y - T - S: p(y) p(t|y) p(s|t)."""
    pmf: Floats = np.einsum("y,yt,ts->tsy", np.asarray(list(p_y)), t_given_y, s_given_t)
    pmf.setflags(write=False)
    return pmf


def _symmetric(k: int, error: float) -> Floats:
    """Transition matrix of the k-ary symmetric channel."""
    return np.full((k, k), error / (k - 1)) + np.eye(k) * (1.0 - error - error / (k - 1))


def _erasure(k: int, erased: float) -> Floats:
    return np.hstack([np.eye(k) * (1.0 - erased), np.full((k, 1), erased)])


def _problem(
    name: str,
    pmf: Floats,
    atoms: tuple[float, float, float, float],
    source: str,
    description: str,
) -> PmfProblem:
    """Atoms are given as (redundancy, unique_t, unique_s, synergy)."""
    redundancy, unique_t, unique_s, synergy = map(float, atoms)
    pid = PID(
        redundancy=redundancy,
        unique_t=unique_t,
        unique_s=unique_s,
        synergy=synergy,
        gap=ROUNDING,
        outcome=Outcome.closed_form,
    )
    return PmfProblem(name=name, pmf=pmf, pid=pid, source=source, description=description)


BITS = (0, 1)
PAIRS = tuple(product(BITS, repeat=2))


def _gates() -> list[PmfProblem]:
    """Deterministic functions of two fair bits."""
    seen_by_and = 1.5 - 0.75 * log2(3)  # h(1/4) - 1/2
    return [
        _problem(
            "XOR",
            _uniform((a, b, a ^ b) for a, b in PAIRS),
            (0, 0, 0, 1),
            GRIFFITH_KOCH,
            "Parity of two fair bits: each source alone is independent of Y.",
        ),
        _problem(
            "AND",
            _uniform((a, b, a & b) for a, b in PAIRS),
            (seen_by_and, 0, 0, 0.5),
            BERTSCHINGER,
            "Conjunction of two fair bits; same channel to both, so no unique information.",
        ),
        _problem(
            "OR",
            _uniform((a, b, a | b) for a, b in PAIRS),
            (seen_by_and, 0, 0, 0.5),
            BERTSCHINGER,
            "AND with every symbol negated; same channel to both, so no unique information.",
        ),
        _problem(
            "XORAND",
            _uniform((a, b, (a ^ b, a & b)) for a, b in PAIRS),
            (0.5, 0, 0, 1),
            MAKKEH,
            "Y = (parity, conjunction): H(Y) = 3/2, each source knows 1/2 by the same channel.",
        ),
        _problem(
            "SUM",
            _uniform((a, b, a + b) for a, b in PAIRS),
            (0.5, 0, 0, 1),
            "James, Ellison and Crutchfield (2018), dit: a Python package for discrete information",
            "Sum of two fair bits, XORAND by other names.",
        ),
        _problem(
            "ReducedOR",
            _table({(0, 0, 0): 0.5, (0, 1, 1): 0.25, (1, 0, 1): 0.25}),
            (seen_by_and, 0, 0, 1 - seen_by_and),
            "Ince (2017), Measuring multivariate redundant information",
            "OR with (1, 1) taken away; same channel to both, and together they know Y.",
        ),
        _problem(
            "PWUNQ",
            _uniform([(0, 1, 1), (1, 0, 1), (0, 2, 2), (2, 0, 2)]),
            (0.5, 0, 0, 0.5),
            "Finn and Lizier (2018), Pointwise partial information decomposition",
            "Each event is known to one source alone, in turns; on average the same channel.",
        ),
    ]


def _combinations() -> list[PmfProblem]:
    """Shared, private and parity bits side by side."""
    return [
        _problem(
            "RDN",
            _uniform((r, r, r) for r in BITS),
            (1, 0, 0, 0),
            GRIFFITH_KOCH,
            "One bit that both sources show.",
        ),
        _problem(
            "UNQ",
            _uniform((a, b, (a, b)) for a, b in PAIRS),
            (0, 1, 1, 0),
            GRIFFITH_KOCH,
            "One private bit for each source, both asked for.",
        ),
        _problem(
            "UNQ-T",
            _uniform((a, b, a) for a, b in PAIRS),
            (0, 1, 0, 0),
            BERTSCHINGER,
            "Y = T, and the student is an independent coin.",
        ),
        _problem(
            "RDNXOR",
            _uniform(((r, a), (r, b), (r, a ^ b)) for r, a, b in product(BITS, repeat=3)),
            (1, 0, 0, 1),
            GRIFFITH_KOCH,
            "A shared bit beside a parity bit; atoms of independent systems add.",
        ),
        _problem(
            "RDNUNQXOR",
            _uniform(
                ((r, u, a), (r, v, b), (r, u, v, a ^ b))
                for r, u, v, a, b in product(BITS, repeat=5)
            ),
            (1, 1, 1, 1),
            GRIFFITH_KOCH,
            "One bit of every kind; atoms of independent systems add.",
        ),
    ]


def _copy(name: str, p_ts: Floats, mutual: float, rest: float, description: str) -> PmfProblem:
    """Y = (T, S), with I(T; S) = `mutual` and H(T|S) = H(S|T) = `rest`."""
    events = {(t, s, (t, s)): float(p) for (t, s), p in np.ndenumerate(p_ts)}
    return _problem(name, _table(events), (mutual, rest, rest, 0), BERTSCHINGER, description)


def _copies() -> list[PmfProblem]:
    noise = 5 / 12  # S repeats T with probability 1/2 and is a fresh die otherwise
    shared = symmetric_information(6, noise)
    return [
        _copy("COPY", np.full((2, 2), 1 / 4), 0, 1, "Y = (T, S) for two independent fair bits."),
        _copy(
            "CorrelatedCOPY",
            _symmetric(2, 0.2) / 2,
            1 - binary_entropy(0.2),
            binary_entropy(0.2),
            "Y = (T, S) for two fair bits that agree with probability 0.8: Red = I(T; S).",
        ),
        _copy(
            "COPY6",
            np.full((6, 6), 1 / 36),
            0,
            log2(6),
            "Y = (T, S) for two independent dice; log2(6) bits unique to each.",
        ),
        _copy(
            "CorrelatedCOPY6",
            _symmetric(6, noise) / 6,
            shared,
            log2(6) - shared,
            "Y = (T, S) for two dice, the second a copy of the first half of the time.",
        ),
    ]


def _binary_channels() -> list[PmfProblem]:
    h = binary_entropy
    fair, e, d = (0.5, 0.5), 0.1, 0.2
    both = e * (1 - d) + (1 - e) * d
    z = 0.5
    seen_by_z = h(z / 2) - h(z) / 2
    return [
        _problem(
            "BSCCascade",
            _cascade(fair, _symmetric(2, e), _symmetric(2, d)),
            (1 - h(both), h(both) - h(e), 0, 0),
            COVER,
            "Two binary symmetric channels in a row, Y - T - S: no student-only, no synergy.",
        ),
        _problem(
            "BSCPair",
            _given_label(fair, _symmetric(2, e), _symmetric(2, d)),
            (1 - h(d), h(d) - h(e), 0, h(both) - h(d)),
            BLACKWELL,
            "Two symmetric channels side by side; the noisier is a garbling of the other.",
        ),
        _problem(
            "ErasurePair",
            _given_label(fair, _erasure(2, 0.25), _erasure(2, 0.5)),
            (0.5, 0.25, 0, 0.25 * 0.5),
            COVER,
            "Erasure channels side by side; erasing more is a garbling, and two looks miss less.",
        ),
        _problem(
            "ZPair",
            _given_label(fair, np.array([[1, 0], [1 - z, z]]), np.array([[1 - z, z], [1, 0]])),
            (2 * seen_by_z - z, z - seen_by_z, z - seen_by_z, 0),
            BLACKWELL,
            "Z-channels with opposite sure symbols, unordered: the concave hull of their ROC "
            "curves is that of an erasure channel, which is also what the pair knows.",
        ),
    ]


def _wide_channels() -> list[PmfProblem]:
    """More than two classes, with a garbled student."""
    k, e, fresh = 5, 0.2, 0.25
    uniform = [1 / k] * k
    student_error = 1 - ((1 - e) * (1 - fresh + fresh / k) + e * fresh / k)
    teacher = symmetric_information(k, e)
    student = symmetric_information(k, student_error)
    merge = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    coarse = binary_entropy(1 / 3)
    same = np.einsum("yt,ts->tsy", _symmetric(3, 0.3) / 3, np.eye(3))
    same.setflags(write=False)
    return [
        _problem(
            "SymmetricCascade",
            _cascade(uniform, _symmetric(k, e), _symmetric(k, fresh * (k - 1) / k)),
            (student, teacher - student, 0, 0),
            COVER,
            "Five classes; the student replaces a quarter of the teacher's answers at random.",
        ),
        _problem(
            "Merge",
            _cascade([1 / 3] * 3, np.eye(3), merge),
            (coarse, log2(3) - coarse, 0, 0),
            BERTSCHINGER,
            "The teacher names one of three classes, the student cannot tell two of them apart.",
        ),
        _problem(
            "NoisySame",
            same,
            (symmetric_information(3, 0.3), 0, 0, 0),
            BERTSCHINGER,
            "T = S behind a noisy ternary channel: all is shared.",
        ),
        _problem(
            "ErasurePair3",
            _given_label([1 / 3] * 3, _erasure(3, 0.25), _erasure(3, 0.5)),
            (0.5 * log2(3), 0.25 * log2(3), 0, 0.125 * log2(3)),
            COVER,
            "ErasurePair with three classes: the fractions of H(Y) stay the same.",
        ),
    ]


@cache
def pmf_problems() -> tuple[PmfProblem, ...]:
    """Every named table, in a fixed order.

    Returns
    -------
    tuple of PmfProblem

    Examples
    --------
    >>> from pidtools import problems
    >>> [p.name for p in problems.pmf_problems()][:3]
    ['XOR', 'AND', 'OR']
    """
    return (*_gates(), *_combinations(), *_copies(), *_binary_channels(), *_wide_channels())
