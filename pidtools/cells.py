"""From codes to tables and from tables to a decomposition; only occupied cells are stored."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pidtools._information import entropy, plug_in_bias
from pidtools._result import NATS_PER_BIT, PID, PIDWarning, Summary
from pidtools.broja import broja_from_pairs

Codes = NDArray[np.int64]

# Far below the sampling error of any table from samples: with 1e8 samples and two cells an
# information still has a standard error of about 1e-5 bits.
TABLE_TOLERANCE = 1e-6
# A plug-in bias beyond this share of H(Y) is worth a warning, not only a note.
WARN_BIAS_SHARE = 0.1
# So is this share of samples that have a cell for themselves, which the bias does not see.
WARN_ALONE_SHARE = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class CellSummary(Summary):
    """A source as codes of cells and its pair table with the classes.

    Attributes
    ----------
    codes : ndarray of int64, shape (n_samples,)
        Cell of each sample, 0 to n_cells - 1, none empty.
    counts : scipy.sparse.csr_array, shape (n_cells, n_classes)
        Samples in each cell by class.
    """

    codes: Codes = field(repr=False)
    counts: csr_array = field(repr=False)

    @property
    def n_cells(self) -> int:
        """Number of occupied cells."""
        return int(self.counts.shape[0])


def summarise_codes(
    codes: NDArray[Any], labels: Codes, *, estimator: object, name: str, notes: tuple[str, ...] = ()
) -> CellSummary:
    """Summary of a source whose samples have codes of any kind, one a sample.

    Warns
    -----
    PIDWarning
        If the samples are too few for the cells.
    """
    cells = np.unique(codes, return_inverse=True)[1].astype(np.int64)
    counts = count(cells, labels)
    few = _few_samples(counts)
    _warn(few, name)
    return CellSummary(
        estimator=estimator,
        information=information(counts),
        labels=labels,
        notes=(*notes, *_notes(counts), *few),
        codes=cells,
        counts=counts,
    )


def count(codes: Codes, labels: Codes) -> csr_array:
    """Contingency table (n_cells, n_classes), occupied entries only."""
    ones = np.ones(len(codes))
    table = csr_array((ones, (codes, labels)))
    table.sum_duplicates()
    return table


def information(counts: csr_array) -> float:
    """Plug-in mutual information in bits of a contingency table."""
    entries = counts.tocoo()
    n = entries.data.sum()
    rows, columns = counts.sum(axis=1), counts.sum(axis=0)
    ratio = entries.data * n / rows[entries.coords[0]] / columns[entries.coords[1]]
    return float((entries.data * np.log(ratio)).sum() / n / NATS_PER_BIT)


def decompose(summary_t: CellSummary, summary_s: CellSummary) -> PID:
    """Redundancy and uniques in bits from the two pair tables (plug-in, no synergy)."""
    n = summary_t.n_samples
    return broja_from_pairs(
        summary_t.counts.toarray() / n, summary_s.counts.toarray() / n, tol=TABLE_TOLERANCE
    )


def joint_information(summary_t: CellSummary, summary_s: CellSummary) -> float:
    """Plug-in I(Y; T, S) in bits from the occupied cells of the triple.

    Warns
    -----
    PIDWarning
        If the samples are too few for the cells of the triple.
    """
    pair = summary_t.codes * summary_s.n_cells + summary_s.codes
    cells = np.unique(pair, return_inverse=True)[1].astype(np.int64)
    counts = count(cells, summary_t.labels)
    _warn(_few_samples(counts), "synergy")
    return information(counts)


def _notes(counts: csr_array) -> tuple[str, ...]:
    n_cells, sizes = counts.shape[0], counts.sum(axis=1)
    h_y = _label_entropy(counts)
    return (
        f"{n_cells} cells hold at most {np.log2(n_cells):.2f} bits of H(Y) = {h_y:.2f} bits; "
        f"{sizes.mean():.0f} samples a cell on average, {sizes.min():.0f} in the smallest; "
        f"plug-in information is biased by about {_bias(counts):+.2g} bits.",
    )


def _few_samples(counts: csr_array) -> tuple[str, ...]:
    bias, n_samples = _bias(counts), int(counts.sum())
    n_alone = int((counts.sum(axis=1) == 1).sum())
    if n_alone > WARN_ALONE_SHARE * n_samples:
        found = (
            f"{n_alone} of {n_samples} samples are alone in their cell, where any label looks "
            "certain"
        )
    elif bias > WARN_BIAS_SHARE * _label_entropy(counts):
        found = (
            f"{n_samples} samples in {counts.nnz} occupied cells are too few; sampling alone adds "
            f"about {bias:.2g} bits"
        )
    else:
        return ()
    return (f"{found}. Use fewer cells or more samples.",)


def _warn(texts: tuple[str, ...], name: str) -> None:
    for text in texts:
        warnings.warn(f"{name}: {text}", PIDWarning, stacklevel=2)


def _bias(counts: csr_array) -> float:
    n_classes = int((counts.sum(axis=0) > 0).sum())
    return plug_in_bias(counts.nnz, counts.shape[0], n_classes, int(counts.sum()))


def _label_entropy(counts: csr_array) -> float:
    return entropy(counts.sum(axis=0) / counts.sum())
