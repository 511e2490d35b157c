"""Information from nearest neighbours: Kraskov, Ross, Gao, Frenzel-Pompe, Kozachenko-Leonenko.

Ties are handled without noise, by a rule that `pidtools.knn.formulas` states.
"""

from pidtools.knn.estimator import KNN
from pidtools.knn.informations import (
    NeighbourEstimate,
    conditional,
    entropy,
    ksg,
    mixture,
    ross,
)

__all__ = ["KNN", "NeighbourEstimate", "conditional", "entropy", "ksg", "mixture", "ross"]
