"""Columns that outnumber their rows, along the directions in which the rows vary.

The n rows of d standardised columns vary in n - 1 directions at most. Shrinkage adds the same
variance to every direction, so in all others it stands alone and covaries with nothing: they tell
nothing of Y. What is left takes n x n numbers, however large d is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg.blas import dsyrk

from pidtools._gaussian import factors, moments
from pidtools._gaussian.factors import inverse_of
from pidtools._types import Array, Bools, Codes, Floats


def is_wide(X: Array) -> bool:
    """Whether there are more columns than directions in which rows can vary."""
    n, d = X.shape
    return bool(d >= n)


@dataclass(frozen=True)
class Principal:
    """Standardised columns, shape (n, d), in coordinates along their principal directions.

    Attributes
    ----------
    values : ndarray of float64, shape (n, n_directions)
        The rows.
    variances : ndarray of float64, shape (n_directions,)
        Of each direction: the eigenvalues of the correlations that are not 0.
    varies : ndarray of bool, shape (d,)
        Which of the columns do.
    """

    values: Floats
    variances: Floats
    varies: Bools

    def oas(self, of_y: Floats | None = None, cross: Floats | None = None) -> float:
        """Weight of the identity in the shrunk correlations of all columns.

        Of those beside the columns of Y, where their correlations `of_y` are given with the
        `cross` correlations of the directions.
        """
        n_units, squares = len(self.varies), float((self.variances**2).sum())
        diagonal = float(self.varies.sum())
        if of_y is not None and cross is not None:
            n_units += len(of_y)
            squares += float((of_y**2).sum() + 2 * (cross**2).sum())
            diagonal += float(np.trace(of_y))
        return moments.oas_of(
            diagonal / n_units, squares / n_units**2, n_units=n_units, n_samples=len(self.values)
        )

    def rank(self) -> int:
        """Least number of columns that elimination keeps, without shrinkage."""
        # It leaves at most the tolerance of each column, so together no more of any direction.
        left = len(self.varies) * factors.RANK_TOLERANCE
        return int((self.variances > left).sum())


def principal(X: Array, drawn: Codes | None = None) -> Principal:
    """Turn the columns of X, shape (n, d), to their principal directions by products of rows.

    Parameters
    ----------
    X : ndarray, shape (n, d)
    drawn : ndarray of int64, shape (n,), optional
        Rows of one code are copies of each other, and are looked at once.
    """
    if drawn is None:
        drawn = np.arange(len(X))
    _, first, copies, counts = np.unique(
        drawn, return_index=True, return_inverse=True, return_counts=True
    )
    products, varies = _products(X, first, counts.astype(np.float64))
    squares, directions = np.linalg.eigh(products)
    new = squares > factors.EPS * squares[-1]
    squares, directions = squares[new], directions[:, new]
    values = directions * np.sqrt(squares) / np.sqrt(counts)[:, None]
    return Principal(values[copies], squares / (len(X) - 1), varies)


def _products(X: Array, rows: Codes, counts: Floats) -> tuple[Floats, Bools]:
    """Products of some standardised rows with each other, and which columns vary.

    Each row stands for `counts` of them, and comes times the root of that. Blocks of columns are
    read one after the other, so that no copy of X is made. The upper triangle stays empty.
    """
    n = len(rows)
    products, varies = np.zeros((n, n), order="F"), np.zeros(X.shape[1], np.bool_)
    for columns in moments.blocks(X.shape[1], n):
        z, varies[columns] = _standardised(X[rows, columns], counts)
        z *= np.sqrt(counts)[:, None]
        products = dsyrk(1.0, z.T, beta=1.0, c=products, trans=1, overwrite_c=1, lower=1)
    return products, varies


def _standardised(x: Array, counts: Floats) -> tuple[Floats, Bools]:
    """Columns with the mean 0 and the deviation 1, and which vary; the others become 0."""
    n = counts.sum()
    z: Floats = np.subtract(x, x.mean(axis=0, dtype=np.float64))
    # As for covariances: no offset cancels digits, and no square leaves the floats.
    z *= inverse_of(moments.units(x))
    z -= counts @ z / n
    scale = np.sqrt(np.einsum("i,ij,ij->j", counts, z, z) / (n - 1))
    z *= inverse_of(scale)
    return z, scale > 0
