"""Classes that a source can't tell apart, found from the means of its rows.

A teacher that sees one attribute of the classes has as many different class means as that
attribute has values. Means of merged classes rest on all of their rows, and what a fit pays for
each mean, half a nat over the number of rows a dimension, is paid for fewer of them.
"""

from __future__ import annotations

import numpy as np

from pidtools._types import Codes, Floats


def merged_classes(places: Floats, counts: Floats) -> Codes:
    """Group of each class, numbered from 0.

    Ward's tree, cut where the squared distances paid and a price for each mean that is kept are
    least. Merging two equal means pays a chi-square with as many degrees of freedom as there are
    dimensions, and the price is what the largest of those of all pairs stays below (Laurent and
    Massart, Ann. Statist. 28, 2000, lemma 1).

    Parameters
    ----------
    places : ndarray, shape (n_classes, n_directions)
        Class means in coordinates in which the noise of a row is 1.
    counts : ndarray, shape (n_classes,)
        Rows behind each mean.
    """
    from scipy.cluster.hierarchy import fcluster, ward

    n_classes, n_directions = places.shape
    tree = ward(places * np.sqrt(np.median(counts)))
    paid = np.concatenate([[0.0], np.cumsum(tree[:, 2] ** 2 / 2)])
    log_pairs = 2 * np.log(n_classes)
    price = n_directions + 2 * np.sqrt(n_directions * log_pairs) + 2 * log_pairs
    n_groups = n_classes - int(np.argmin(paid + price * np.arange(n_classes, 0, -1)))
    groups: Codes = np.unique(fcluster(tree, n_groups, "maxclust"), return_inverse=True)[1]
    return groups
