"""The estimators of `knn` on clean arrays, in nats.

The tie rule adds no noise. A point whose k-th neighbour stands alone at its distance is treated
as in the papers. A point with k exact copies is an atom: its neighbourhood are the equal rows,
itself included, and the formula is that of counting (Grassberger 1988). Where several points
share the distance of the k-th neighbour (integers, rounded values), they fill a shell between
the next smaller distance and the next larger one, and the k-th of them lies at the depth where
it would be expected among points spread evenly over the shell; the other counts are taken at
that depth. It is what rounding noise would give on average.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import digamma, gammaln

from pidtools import _validate
from pidtools._magnitudes import exponents_of
from pidtools._remarks import Rank, Remark
from pidtools._result import NATS_PER_BIT
from pidtools._types import Bools, Codes, Floats
from pidtools.knn import search
from pidtools.knn.scaling import refuse_copies, rescale


class Raw(NamedTuple):
    """An estimate in nats and what is needed to judge it."""

    nats: float
    n_samples: int
    n_tied: int
    dimension: float
    remarks: tuple[Remark, ...]
    n_classes: int = 0  # 0 if no labels are involved
    terms: Floats | None = None  # what each sample adds, for `ksg_of_arrays`, or nothing

    @property
    def half_dimension(self) -> float:
        """Effective dimension at which neighbours see half of the information (a fit)."""
        if self.n_classes:
            return max(4.4 * float(np.log(self.n_samples / self.n_classes)) - 4, 1.0)
        return max(2.27 * float(np.log(self.n_samples)) - 3.2, 1.0)


def ksg_of_arrays(
    x: Floats, y: Floats, k: int, variant: int, metric: str, scale: str, n_jobs: int
) -> Raw:
    """`ksg` behind the door, in nats."""
    (x, y), remarks = rescale(scale, X=x, Y=y)
    if not (x.size and y.size):
        return Raw(0.0, len(x), 0, 0.0, remarks)
    refuse_copies(x, y)
    euclidean, n = metric == "euclidean", len(x)
    found = search.nearest(x, y, k=k, euclidean=euclidean, n_jobs=n_jobs)
    ball = _Ball.of(found)
    in_x = ball.count_in(x, euclidean=euclidean, n_jobs=n_jobs)
    in_y = ball.count_in(y, euclidean=euclidean, n_jobs=n_jobs)
    n_x, n_y = _share_shells(ball.reached, in_x, in_y)
    terms = digamma(ball.joint) - digamma(n_x) - digamma(n_y)
    if variant == 2:
        clear = ~ball.tied & (in_x[1] + in_y[1] == 0)
        terms[clear] = _second_terms(x, y, found, k, euclidean, n_jobs)[clear]
    return Raw(
        nats=float(digamma(n) + terms.mean()),
        n_samples=n,
        n_tied=int(ball.tied.sum()),
        dimension=dimension_of(found.distances, euclidean, x, y),
        remarks=remarks,
        terms=terms,
    )


def _second_terms(
    x: Floats, y: Floats, found: search.Nearest, k: int, euclidean: bool, n_jobs: int
) -> Floats:
    """Equation 9: closed intervals that just hold the neighbours in x and in y alone."""
    counts = [
        search.count_within(
            part, radii=_reach(part, found.rows, euclidean), euclidean=euclidean, n_jobs=n_jobs
        ).counts
        for part in (x, y)
    ]
    terms: Floats = digamma(k) - 1 / k - digamma(counts[0] - 1) - digamma(counts[1] - 1)
    return terms


def ross_of_arrays(x: Floats, labels: Codes, k: int, metric: str, scale: str, n_jobs: int) -> Raw:
    """`ross` behind the door, in nats."""
    keep, small = _members(labels, k)
    x, labels = x[keep], np.unique(labels[keep], return_inverse=True)[1]
    (x,), remarks = rescale(scale, X=x)
    n, euclidean = len(x), metric == "euclidean"
    if not x.size:
        return Raw(0.0, n, 0, 0.0, (*remarks, *small))
    sizes = np.bincount(labels)
    balls, dimension = _balls_within_classes(x, labels, sizes, k, euclidean, n_jobs)
    near = balls.reached_in(x, euclidean=euclidean, n_jobs=n_jobs)
    nats = digamma(n) + np.mean(digamma(balls.joint) - digamma(near)) - digamma(sizes) @ sizes / n
    return Raw(float(nats), n, int(balls.tied.sum()), dimension, (*remarks, *small), len(sizes))


def _balls_within_classes(
    x: Floats, labels: Codes, sizes: Codes, k: int, euclidean: bool, n_jobs: int
) -> tuple[_Ball, float]:
    """Neighbourhoods among the points of the same class, and the effective dimension."""
    order, parts, growth = np.argsort(labels, kind="stable"), [], _Growth()
    for rows in np.split(order, np.cumsum(sizes)[:-1]):
        n_near = min(k, len(rows) - 1)
        found = search.nearest(x[rows], k=n_near, euclidean=euclidean, n_jobs=n_jobs)
        growth.add(found.distances)
        parts.append(_Ball.of(found))
    back = np.argsort(order, kind="stable")
    joined = (np.concatenate(field)[back] for field in zip(*parts, strict=True))
    return _Ball(*joined), growth.dimension(euclidean, x)


def mixture_of_arrays(x: Floats, y: Floats, k: int, metric: str, scale: str, n_jobs: int) -> Raw:
    """Where either may mix a discrete and a continuous part (Gao et al. 2017, algorithm 1)."""
    (x, y), remarks = rescale(scale, X=x, Y=y)
    if not (x.size and y.size):
        return Raw(0.0, len(x), 0, 0.0, remarks)
    refuse_copies(x, y)
    n, euclidean = len(x), metric == "euclidean"
    found = search.nearest(x, y, k=k, euclidean=euclidean, n_jobs=n_jobs)
    radii = found.distances[:, -1]
    atoms = radii == 0
    joint = np.where(atoms, k + found.tied, k)
    n_x = search.count_within(x, radii=radii, euclidean=euclidean, n_jobs=n_jobs).counts
    n_y = search.count_within(y, radii=radii, euclidean=euclidean, n_jobs=n_jobs).counts
    nats = np.log(n) + np.mean(digamma(joint) - np.log(n_x) - np.log(n_y))
    return Raw(
        float(nats), n, int(atoms.sum()), dimension_of(found.distances, euclidean, x, y), remarks
    )


def conditional_of_arrays(
    x: Floats, y: Floats, z: Floats, k: int, metric: str, scale: str, n_jobs: int
) -> Raw:
    """I(X; Y | Z) (Frenzel and Pompe 2007)."""
    (x, y, z), remarks = rescale(scale, X=x, Y=y, Z=z)
    if not z.size:
        raw = ksg_of_arrays(x, y, k, 1, metric, "none", n_jobs)
        return raw._replace(remarks=remarks)
    if not (x.size and y.size):
        return Raw(0.0, len(x), 0, 0.0, remarks)
    refuse_copies(x, y)
    euclidean, n = metric == "euclidean", len(x)
    found = search.nearest(x, y, z, k=k, euclidean=euclidean, n_jobs=n_jobs)
    ball = _Ball.of(found)
    n_xz, n_yz, n_z = (
        ball.reached_in(*part, euclidean=euclidean, n_jobs=n_jobs)
        for part in ((x, z), (y, z), (z,))
    )
    nats = np.mean(digamma(ball.joint) - digamma(n_xz) - digamma(n_yz) + digamma(n_z))
    return Raw(
        float(nats),
        n,
        int(ball.tied.sum()),
        dimension_of(found.distances, euclidean, x, y, z),
        remarks,
    )


def entropy_of_array(x: Floats, k: int, metric: str, scale: str, n_jobs: int) -> Raw:
    """h(X) (Kozachenko and Leonenko 1987), as in Kraskov et al. (2004), equation 20."""
    (scaled,), remarks = rescale("standardise" if scale == "whiten" else scale, X=x)
    n, d = x.shape
    if scaled.shape[1] < d:
        raise ValueError("X has a constant column, so its entropy is minus infinity; drop it.")
    euclidean = metric == "euclidean"
    found = search.nearest(scaled, k=k, euclidean=euclidean, n_jobs=n_jobs)
    radii = found.distances[:, -1]
    if (radii == 0).any():
        raise ValueError(
            f"X holds {int((radii == 0).sum())} rows with at least {k} exact copies, so its "
            "entropy is minus infinity; take it as symbols, or raise n_neighbors."
        )
    logs = np.log(radii) / 2 if euclidean else np.log(radii)
    ball = d / 2 * np.log(np.pi) - gammaln(d / 2 + 1) if euclidean else d * np.log(2)
    # Apart from their powers of two, so that no deviation vanishes.
    exponents = exponents_of(x)
    spread = np.log(np.ldexp(x, -exponents).std(axis=0) / scaled.std(axis=0)).sum()
    spread += np.log(2) * exponents.sum()
    nats = digamma(n) - digamma(k) + ball + d * logs.mean() + spread
    n_tied = int((found.tied > 0).sum())
    return Raw(float(nats), n, n_tied, dimension_of(found.distances, euclidean, scaled), remarks)


class _Ball(NamedTuple):
    """The neighbourhood of each point, by the tie rule."""

    radii: Floats  # distance of the k-th neighbour
    joint: Codes  # points of the neighbourhood, as digamma wants them
    atoms: Bools
    tied: Bools  # whether others are exactly as far as the k-th neighbour
    reached: Floats  # share of the points at that distance up to the k-th neighbour

    @classmethod
    def of(cls, found: search.Nearest) -> _Ball:
        radii, k = found.distances[:, -1], found.distances.shape[1]
        atoms = radii == 0
        n_inside = (found.distances < radii[:, None]).sum(axis=1)
        in_shell = k - n_inside + found.tied
        return cls(
            radii=radii,
            joint=np.where(atoms, k + found.tied + 1, k),
            atoms=atoms,
            tied=atoms | (found.tied > 0),
            reached=(k - n_inside) / (in_shell + 1),
        )

    def count_in(self, *groups: Floats, euclidean: bool, n_jobs: int) -> tuple[Floats, Floats]:
        """Points strictly nearer than the k-th neighbour, itself included, and in its shell.

        The shell leaves out the k-th neighbour, so it is empty without ties. An atom counts
        whole.
        """
        found = search.count_within(*groups, radii=self.radii, euclidean=euclidean, n_jobs=n_jobs)
        inside = np.where(self.atoms, found.counts, found.counts - found.on)
        shell = np.where(self.atoms, 0, np.maximum(found.on - 1, 0))
        return inside.astype(np.float64), shell.astype(np.float64)

    def reached_in(self, *groups: Floats, euclidean: bool, n_jobs: int) -> Floats:
        """Points at the depth of the shell where the k-th neighbour is expected."""
        inside, shell = self.count_in(*groups, euclidean=euclidean, n_jobs=n_jobs)
        return inside + self.reached * shell


def _share_shells(
    reached: Floats, x: tuple[Floats, Floats], y: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Marginal counts at the depth of the shell where the k-th neighbour is expected.

    It is the depth at which the product of both counts, which is how the joint count grows
    where the density is flat, has grown by the share `reached`.
    """
    a, b = x[1] * y[1], x[1] * y[0] + y[1] * x[0]
    c = reached * (a + b)
    root = b + np.sqrt(b * b + 4 * a * c)
    depth = 2 * c / np.where(root > 0, root, 1.0)
    return x[0] + depth * x[1], y[0] + depth * y[1]


def _reach(x: Floats, rows: Codes, euclidean: bool) -> Floats:
    """Largest distance in x alone among the joint neighbours."""
    reach = np.zeros(len(x))
    for neighbour in rows.T:
        distance = np.zeros(len(x))
        for column in x.T:  # the additions of the kernel, in its order
            gap = np.abs(column - column[neighbour])
            distance = distance + gap * gap if euclidean else np.maximum(distance, gap)
        reach = np.maximum(reach, distance)
    return reach


class _Growth:
    """Sums from which the dimension follows (Levina and Bickel 2004; MacKay and Ghahramani)."""

    def __init__(self) -> None:
        self.logs, self.n = 0.0, 0

    def add(self, distances: Floats) -> None:
        """Take in the distances to the nearest others, (n, k) in rising order."""
        apart = distances[distances[:, 0] > 0]
        self.logs += float(np.log(apart[:, -1:] / apart[:, :-1]).sum())
        self.n += apart[:, :-1].size

    def dimension(self, euclidean: bool, *groups: Floats) -> float:
        """Dimension in which the number of neighbours grows; 0 if nothing shows it.

        It is at most the number of columns of all groups; whole numbers, many of which are as far
        as others, seem to grow faster.
        """
        if self.logs == 0:
            return 0.0
        seen = self.n / self.logs * (2 if euclidean else 1)
        return float(min(seen, sum(group.shape[1] for group in groups)))


def dimension_of(distances: Floats, euclidean: bool, *groups: Floats) -> float:
    """Effective dimension seen by the nearest others; 0 with fewer than two of them."""
    growth = _Growth()
    growth.add(distances)
    return growth.dimension(euclidean, *groups)


def _members(labels: Codes, k: int) -> tuple[Bools, tuple[Remark, ...]]:
    """Rows of classes with at least two members, and a note on the small ones."""
    sizes = np.bincount(labels)
    n_alone, n_small = int((sizes == 1).sum()), int(((sizes > 1) & (sizes <= k)).sum())
    if (sizes <= 1).all():
        raise ValueError(
            "Y has one sample in every class; nearest neighbours need at least two in some."
        )
    notes = []
    if n_small:
        text = (
            f"{n_small} classes have at most n_neighbors={k} samples and were searched with "
            "fewer neighbours; more rows of these classes make the numbers steadier."
        )
        notes.append(Remark(text, "note", Rank.size))
    if n_alone:
        text = f"{n_alone} classes with a single sample were left out."
        notes.append(Remark(text, "note", Rank.changed))
    keep: Bools = (sizes > 1)[labels]
    return keep, tuple(notes)


def check_neighbours(n_neighbors: object, n_samples: int) -> int:
    """Return k, at least 1 and below the number of samples."""
    k = _validate.check_integer(n_neighbors, "n_neighbors", minimum=1)
    if k >= n_samples:
        raise ValueError(
            f"n_neighbors={k} needs at least {k + 1} samples; got {n_samples}. Pass more samples "
            "or choose fewer neighbours."
        )
    return k


def share_kept(raw: Raw) -> float:
    """Share of the information that neighbours see, from simulations.

    Fitted to pairs of normal vectors with 0.5 to 2 nats over 1 to 64 columns a side, and to 2,
    10 and 100 normal classes in as many, at 500 to 8,000 samples. It is off by up to 0.1 there.
    """
    return float(1 / (1 + (raw.dimension / raw.half_dimension) ** 2.7))


def judge(raw: Raw) -> tuple[float, tuple[Remark, ...]]:
    """Expected shortfall in bits, and all there is to say about an estimate."""
    share = share_kept(raw)
    bits = raw.nats / NATS_PER_BIT
    missing = float(max(bits, 0.0) * (1 / share - 1))
    remarks = list(raw.remarks)
    if raw.n_tied:
        text = (
            f"{raw.n_tied} of {raw.n_samples} samples are tied with others at the distance of "
            "their last neighbour; the tie rule applied there."
        )
        remarks.append(Remark(text, "detail", Rank.changed))
    if bits < 0:
        text = "the estimate is negative, which no information is: sampling error about 0."
        remarks.append(Remark(text, "note", Rank.size))
    return missing, tuple(remarks)
