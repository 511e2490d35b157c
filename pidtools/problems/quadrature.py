"""Exact atoms by quadrature, from the densities that `laws` samples.

A density on a grid, times the weights of the grid, is a table whose mutual information is the
quadrature of the integral. Each function here knows one law that fixes the union information
min_q I_q(Y; T, S), from which all atoms follow.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from pidtools._information import mutual_information_of_table
from pidtools._result import NATS_PER_BIT, PID, Outcome
from pidtools._types import Floats
from pidtools.problems.laws import Channel, Coupling, Garbled

# Informations agree with 30-digit integration to 1e-12, the threshold integral with adaptive
# quadrature and with finer grids to 1e-8 (tests/test_problems_sampled.py).
SMOOTH, THRESHOLDS = 1e-11, 1e-7


def label_table(log_density: Floats, weights: Floats, prior: Floats, labels: Floats) -> Floats:
    """Joint table p(x, y) on a grid, shape (n_points, n_classes), normalised to 1."""
    p_xy: Floats = (np.exp(log_density + np.log(prior)) * weights[:, None]) @ labels
    p_xy = p_xy[p_xy.sum(axis=1) > 0]
    p_xy /= p_xy.sum()
    return p_xy


def source_table(channel: Channel, prior: Floats, labels: Floats, refine: int = 1) -> Floats:
    """Joint table p(x, y) of one source on its own nodes."""
    points, weights = channel.nodes(refine)
    return label_table(channel.log_density(points), weights, prior, labels)


def pair_table(coupling: Coupling, prior: Floats, labels: Floats) -> Floats:
    """Joint table p((t, s), y) on the product of the nodes of both sources."""
    t, s = coupling.t.nodes(), coupling.s.nodes()
    a, b = np.repeat(t[0], len(s[0]), axis=0), np.tile(s[0], (len(t[0]), 1))
    weights = np.multiply.outer(t[1], s[1]).ravel()
    return label_table(coupling.log_density(a, b), weights, prior, labels)


def informations(coupling: Coupling, prior: Floats, labels: Floats) -> tuple[float, float, float]:
    """I(Y; T), I(Y; S) and I(Y; T, S) in bits."""
    teacher = mutual_information_of_table(source_table(coupling.t, prior, labels))
    student = mutual_information_of_table(source_table(coupling.s, prior, labels))
    if isinstance(coupling, Garbled):
        return teacher, student, teacher
    return teacher, student, mutual_information_of_table(pair_table(coupling, prior, labels))


def assemble(
    teacher: float,
    student: float,
    union: float,
    joint: float,
    error: float,
    outcome: Outcome = Outcome.quadrature,
) -> PID:
    """Atoms from the four informations; `error` bounds what is wrong with them.

    An atom smaller than that reads 0, which the laws used here then make exact.
    """
    unique_t, unique_s, synergy = (
        x if abs(x) > error else 0.0 for x in (union - student, union - teacher, joint - union)
    )
    redundancy = teacher - unique_t
    return PID(
        redundancy=redundancy if abs(redundancy) > error else 0.0,
        unique_t=unique_t,
        unique_s=unique_s,
        synergy=synergy,
        gap=error,
        outcome=outcome,
    )


def ordered(coupling: Coupling, prior: Floats, labels: Floats) -> PID:
    """S is a garbling of T as far as the pairs tell: the union is what T knows."""
    teacher, student, joint = informations(coupling, prior, labels)
    return assemble(teacher, student, teacher, joint, SMOOTH)


def disjoint(coupling: Coupling, prior: Floats, labels: Floats) -> PID:
    """No redundancy: the union is the sum of both."""
    teacher, student, joint = informations(coupling, prior, labels)
    return assemble(teacher, student, teacher + student, joint, SMOOTH)


def two_classes(coupling: Coupling, prior: Floats, labels: Floats) -> PID:
    """Two classes and sources in no order.

    The union experiment decides every two-class problem as well as the better source does,
    because its ROC curve is the concave hull of theirs. With g(c) the gain over the prior of
    deciding at the threshold c, an information is the integral of g over dc / (c (1 - c))
    in nats, and Uni_T is that of (g_T - g_S)+.
    """
    teacher, student, joint = informations(coupling, prior, labels)
    log_odds = np.linspace(-40.0, 40.0, 80_001)
    better = risk(source_table(coupling.s, prior, labels, 128), log_odds) - risk(
        source_table(coupling.t, prior, labels, 128), log_odds
    )
    unique_t = float(np.trapezoid(np.maximum(better, 0.0), log_odds)) / NATS_PER_BIT
    return assemble(teacher, student, student + unique_t, joint, THRESHOLDS)


def risk(p_xy: Floats, log_odds: Floats) -> Floats:
    """Least expected cost at each threshold c = expit(log_odds).

    Missing class 1 costs 1 - c and missing class 0 costs c: label 1 is given where
    p(1 | x) > c.
    """
    with np.errstate(divide="ignore"):
        ratio = np.log(p_xy[:, 1]) - np.log(p_xy[:, 0])
    order = np.argsort(ratio)
    below = np.searchsorted(ratio[order], log_odds)
    missed = np.append(0.0, np.cumsum(p_xy[order, 1]))[below]
    alarms = np.append(np.cumsum(p_xy[order[::-1], 0])[::-1], 0.0)[below]
    cost: Floats = expit(-log_odds) * missed + expit(log_odds) * alarms
    return cost


def side_by_side(*parts: PID) -> PID:
    """Atoms of independent systems add (Bertschinger et al. 2014)."""
    return assemble(
        sum(part.information_t for part in parts),
        sum(part.information_s for part in parts),
        sum(part.union_information for part in parts),
        sum(part.joint_information or 0.0 for part in parts),
        sum(part.gap for part in parts),
    )
