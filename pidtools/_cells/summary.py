"""From codes to tables and from tables to a decomposition; only occupied cells are stored."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from pidtools import _warnings
from pidtools._broja.decompose import broja_from_pairs
from pidtools._cells.corrections import corrected_information, first_order_bias, plug_in
from pidtools._cells.counting import combine, count
from pidtools._cells.likeness import CellLikeness
from pidtools._estimator import Estimator, Likeness, Pair, Summary, Tables
from pidtools._information import entropy
from pidtools._remarks import Rank, Remark
from pidtools._result import PID
from pidtools._types import Array, Codes, Floats

# Far below the sampling error of any table from samples: with 1e8 samples and two cells an
# information still has a standard error of about 1e-5 bits.
TABLE_TOLERANCE = 1e-6
# A plug-in bias beyond this share of H(Y) is worth a warning, not only a note.
WARN_BIAS_SHARE = 0.1
# So is this share of samples that have a cell for themselves, which the bias does not see.
WARN_ALONE_SHARE = 0.1
# Share of H(Y) that bins must be able to tell for nothing to be said of it.
HELD_SHARE = 0.98
BELOW_0 = (
    "its information came out below 0, which no information is: nothing of Y was found in it, give "
    "or take the error of sampling."
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CellSummary(Summary):
    """A source as codes of cells and its pair table with the classes.

    Attributes
    ----------
    codes : ndarray of int64, shape (n_samples,)
        Cell of each sample, 0 to n_cells - 1, none empty.
    counts : scipy.sparse.csr_array, shape (n_cells, n_classes)
        Samples in each cell by class.
    correction : str
        Correction of `information` for finite samples; the table is never corrected.
    seed : int
        Seed of the corrections that draw.
    """

    codes: Codes = field(repr=False)
    counts: csr_array = field(repr=False)
    correction: str = "none"
    seed: int = field(default=0, repr=False)

    @property
    def n_cells(self) -> int:
        """Number of occupied cells."""
        return int(self.counts.shape[0])

    @property
    def is_plug_in(self) -> bool:
        """Whether the information is not corrected."""
        return self.correction == "none"

    @property
    def bias(self) -> float:
        """Bits that sampling is expected to add to the information."""
        return max(first_order_bias(self.counts), 0.0) if self.is_plug_in else 0.0

    def with_counts(self, counts: csr_array) -> CellSummary:
        """The same cells with other counts, and their information."""
        information = corrected(counts, self.correction, self.seed)
        return dataclasses.replace(self, counts=counts, information=information)


class CellPair(Pair[CellSummary]):
    """Two sources as codes of cells."""

    has_tables = True

    def atoms(self) -> PID:
        """Redundancy and uniques in bits, from the two pair tables."""
        return decompose(self.t, self.s)

    def joint_information(self) -> float:
        """I(Y; T, S) in bits, from the triple of codes."""
        return joint_information(self.t, self.s)

    def tables(self) -> Tables:
        """Tables of counts."""
        n, both = self.t.n_samples, None
        if self.synergy:
            both = _of_rows(both_as_one(self.t, self.s))
            both += self.joint_information() - both.mean()  # what was corrected
        return Tables(
            t=self.t.counts.toarray() / n,
            s=self.s.counts.toarray() / n,
            codes_t=self.t.codes,
            codes_s=self.s.codes,
            labels=self.t.labels,
            tolerance=TABLE_TOLERANCE,
            rows_both=both,
        )

    @property
    def bias(self) -> float:
        """Bits that sampling is expected to add; to both together most."""
        return both_as_one(self.t, self.s).bias if self.synergy else super().bias

    def likeness(self) -> Likeness | None:
        """Rows of the same cells, drawn from tables without the noise of sampling."""
        return CellLikeness.of(self, both_as_one(self.t, self.s) if self.synergy else None)


def summarise_codes(
    codes: Array,
    labels: Codes,
    *,
    estimator: Estimator[Any],
    name: str,
    remarks: tuple[Remark, ...] = (),
    loses: bool = False,
    correction: str = "none",
    seed: int = 0,
) -> CellSummary:
    """Summary of a source whose samples have codes of any kind, one a sample.

    What `loses` tells less than the source does, and more cells would tell more.

    Warns
    -----
    PIDWarning
        If the samples are too few for the cells.
    """
    cells = np.unique(codes, return_inverse=True)[1].astype(np.int64)
    counts = count(cells, labels)
    few = _few_samples(counts)
    _warn(few, name)
    value = corrected(counts, correction, seed)
    return CellSummary(
        estimator=estimator,
        information=value,
        labels=labels,
        remarks=(
            *remarks,
            *_on_cells(counts, loses=loses),
            *_on_correction(counts, correction, value),
            *few,
        ),
        codes=cells,
        counts=counts,
        correction=correction,
        seed=seed,
    )


def decompose(summary_t: CellSummary, summary_s: CellSummary) -> PID:
    """Redundancy and uniques in bits from the two pair tables, without synergy.

    What both corrections have in common is taken from the redundancy, and what one of them goes
    further from the unique of that source, for the union is biased about as much as the source
    with more cells is. What would make a unique negative moves from the redundancy to the other
    unique, so that the atoms of each source still add up to its corrected information.
    """
    # Not the rows of the summaries: counts of drawn groups of several sizes hold more, or fewer.
    n = summary_t.counts.sum()
    pid = broja_from_pairs(
        summary_t.counts.toarray() / n, summary_s.counts.toarray() / n, tol=TABLE_TOLERANCE
    )
    if summary_t.correction == summary_s.correction == "none":
        return pid
    change_t, change_s = (
        summary.information - plug_in(summary.counts) if summary.correction != "none" else 0.0
        for summary in (summary_t, summary_s)
    )
    common = min(change_t, change_s, key=abs) if change_t * change_s > 0 else 0.0
    further_t = max(change_t - common, -pid.unique_t)
    further_s = max(change_s - common, -pid.unique_s)
    beyond_t, beyond_s = change_t - common - further_t, change_s - common - further_s
    return dataclasses.replace(
        pid,
        redundancy=pid.redundancy + common + beyond_t + beyond_s,
        unique_t=pid.unique_t + further_t - beyond_s,
        unique_s=pid.unique_s + further_s - beyond_t,
    )


def joint_information(summary_t: CellSummary, summary_s: CellSummary) -> float:
    """I(Y; T, S) in bits from the occupied cells of the triple, corrected as the summaries are.

    Warns
    -----
    PIDWarning
        If the samples are too few for the cells of the triple.
    """
    both = both_as_one(summary_t, summary_s)
    _warn(_few_samples(both.counts), "synergy")
    return corrected(both.counts, both.correction, both.seed)


def _of_rows(summary: CellSummary) -> Floats:
    """Pointwise information: log p(y | cell) / p(y) of each row in bits."""
    counts = summary.counts.tocoo()
    n_cells, n_classes = counts.shape
    cells, classes = (np.asarray(sums).reshape(-1) for sums in (counts.sum(1), counts.sum(0)))
    row, column = counts.coords
    own = np.log2(counts.data * counts.sum() / (cells[row] * classes[column]))
    found = csr_array((own, (row, column)), shape=(n_cells, n_classes))
    information: Floats = np.asarray(found[summary.codes, summary.labels]).reshape(-1)
    return information


def both_as_one(t: CellSummary, s: CellSummary) -> CellSummary:
    """Cells of the triple, with the correction of the first; its information stays that."""
    codes = combine(t.codes, s.codes)
    return dataclasses.replace(t, codes=codes, counts=count(codes, t.labels), data=None)


def corrected(counts: csr_array, correction: str, seed: int = 0) -> float:
    """Information in bits by the named correction, at most the entropy of the labels.

    Where cells hold one class each the first order of the bias is negative.
    """
    value = corrected_information(counts, correction, seed)
    return value if correction == "none" else min(value, label_entropy(counts))


def _on_cells(counts: csr_array, *, loses: bool) -> tuple[Remark, ...]:
    """How the cells are, and what they can't tell however many rows there are."""
    n_cells, sizes = counts.shape[0], counts.sum(axis=1)
    h_y, most = label_entropy(counts), np.log2(n_cells)
    how = (
        f"{n_cells} cells hold at most {np.log2(n_cells):.2f} bits of H(Y) = {h_y:.2f} bits; "
        f"{sizes.mean():.0f} samples a cell on average, {sizes.min():.0f} in the smallest; "
        f"plug-in information is biased by about {first_order_bias(counts):+.2g} bits."
    )
    found = [Remark(how, "detail", Rank.size)]
    if loses and most < HELD_SHARE * h_y:
        text = (
            f"{n_cells} bins can tell at most {most:.2f} bits of the {h_y:.2f} bits that Y holds, "
            "however many rows there are, so the numbers read low. Ask for more bins (n_bins), or "
            'take estimator="probe".'
        )
        found.append(Remark(text, "note", Rank.size))
    return tuple(found)


def _on_correction(counts: csr_array, correction: str, value: float) -> tuple[Remark, ...]:
    if correction == "none":
        return ()
    text = f"information corrected ({correction}) by {value - plug_in(counts):+.3g} bits."
    found = [Remark(text, "detail", Rank.size)]
    if value < 0:
        found.append(Remark(BELOW_0, "note", Rank.size))
    return tuple(found)


def _few_samples(counts: csr_array) -> tuple[Remark, ...]:
    excess, n_samples = first_order_bias(counts), int(counts.sum())
    n_alone = int((counts.sum(axis=1) == 1).sum())
    if n_alone > WARN_ALONE_SHARE * n_samples:
        found = (
            f"{n_alone} of {n_samples} samples are alone in their cell, where any label looks "
            "certain"
        )
    elif excess > WARN_BIAS_SHARE * label_entropy(counts):
        found = (
            f"{n_samples} samples in {counts.nnz} occupied cells are too few; sampling alone adds "
            f"about {excess:.2g} bits"
        )
    else:
        return ()
    return (Remark(f"{found}. Use fewer cells or more samples.", "warning", Rank.starved),)


def _warn(remarks: tuple[Remark, ...], name: str) -> None:
    for remark in remarks:
        _warnings.warn(remark.about(name))


def label_entropy(counts: csr_array) -> float:
    """Entropy in bits of the classes of a contingency table."""
    return entropy(counts.sum(axis=0) / counts.sum())
