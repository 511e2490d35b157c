"""Masses too small to matter left out of pair tables, with a bound on what that changes.

Entries far below the tolerance change nothing that could be seen, but each is a variable, and the
interior point needs many iterations to find where between 1e-80 and 1e-12 its coupling lies.
"""

from __future__ import annotations

import numpy as np

from pidtools._information import entropy
from pidtools._types import Bools, Floats

# Mass that is left out, over the tolerance in bits; the bound is then a tenth of the tolerance.
MASS_SHARE = 1e-3
# Fewer entries than this share of all are left in: they cost little, and the answer stays exact.
LEAST_SHARE = 0.1


def without_negligible(p_ty: Floats, p_sy: Floats, tol: float) -> tuple[Floats, Floats, float]:
    """Tables without their least entries, and by how many bits their union may differ at most.

    Class marginals stay, and the largest entry of each class. Where few entries are that small,
    the tables come back as they are, with 0.0.

    Notes
    -----
    Let m be the mass left out of both tables, h the binary entropy and K the number of classes. A
    coupling q' of the new tables becomes one of the old: keep the share 1 - d_y of class y,
    d_y the larger share left out of it, and fill in what the marginals lack. With the bit
    that tells which part a draw is from, I(Y; T, S) rises by at most h(m) + m log K. A coupling
    q of the old ones becomes one of the new: drop what is left out of either table and
    fill in; once more a bit h(m) + m log K, and h(m) as the bit of what is dropped is no
    function of T and S. So unions differ by at most 2 h(m) + m log K.
    """
    entries = np.concatenate([p_ty.ravel(), p_sy.ravel()])
    order = np.argsort(entries)
    least = order[np.cumsum(entries[order]) <= MASS_SHARE * tol]
    dropped = np.zeros(len(entries), dtype=bool)
    dropped[least] = entries[least] > 0
    out_t = dropped[: p_ty.size].reshape(p_ty.shape)
    out_s = dropped[p_ty.size :].reshape(p_sy.shape)
    for table, out in ((p_ty, out_t), (p_sy, out_s)):
        out[table.argmax(axis=0), np.arange(table.shape[1])] = False
    if out_t.sum() + out_s.sum() < LEAST_SHARE * np.count_nonzero(entries):
        return p_ty, p_sy, 0.0
    mass = float(p_ty[out_t].sum() + p_sy[out_s].sum())
    moved = 2 * entropy(np.array([mass, 1 - mass])) + mass * np.log2(p_ty.shape[1])
    return _without(p_ty, out_t), _without(p_sy, out_s), float(moved)


def _without(table: Floats, out: Bools) -> Floats:
    kept = np.where(out, 0.0, table)
    whole = kept.sum(axis=0)
    scale = np.divide(table.sum(axis=0), whole, out=np.zeros_like(whole), where=whole > 0)
    scaled: Floats = kept * scale
    return scaled
