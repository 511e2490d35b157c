"""What parts of a probe cost, relative to each other: for what is announced, nothing depends on it.

Units are about seconds of one core. Figures are of looks at 500 to 5,000 rows of 8 to 512 columns
and 2 to 10 classes; a first fold and a second one tell how long they take here.
"""

from __future__ import annotations

from dataclasses import dataclass

# Kinds of work: the first fold asks all experts, the others those that the pool may use; a probe of
# both sources finds nearly all in what each of them said.
EXPERTS, POOL, JOINT, REFITTING = "experts", "pool", "both", "around refits"
# Columns that curves see; beyond, experts see as many directions.
WIDEST = 64
# Of the first fold: each other one, each half of the rows, each quarter; less where two meet.
FOLD, HALF, QUARTER = 0.35, 0.2, 0.1
FIRST_OF_BOTH, FOLD_OF_BOTH = 0.5, 0.1
# Of refits, beside their fits: preparing rows, cells, tables.
AROUND, AT_LEAST = 1.3, 0.1


def first_fold(n_samples: int, width: int, n_classes: int) -> float:
    """All experts on the rows of all folds but one."""
    seen = min(width, WIDEST)
    each = 0.09 + 0.004 * n_classes + (0.0016 + 0.0005 * n_classes) * seen
    rows = n_samples / 1000
    return float(rows**0.7 * each + 0.1 * rows * (width / 512) ** 2)


@dataclass(frozen=True)
class Part:
    """What a cross-fit is called on screen, and what its folds cost, by kinds of work."""

    name: str
    first: tuple[str, float]
    rest: tuple[str, float]

    def cost(self, n_folds: int) -> float:
        """Of all folds."""
        return self.first[1] + self.rest[1] * (n_folds - 1)

    def of_fold(self, k: int, share: float = 1.0) -> tuple[str, float]:
        """The kind and the cost of a share of one fold."""
        kind, cost = self.rest if k else self.first
        return kind, cost * share


@dataclass(frozen=True)
class Parts:
    """Of one look: folds, halves, quarters."""

    folds: Part
    halves: Part
    quarters: Part


def parts(
    n_samples: int, width: int, n_classes: int, *, is_one: bool = False, meets: bool = False
) -> Parts:
    """What a look consists of: by one classifier of the user's, or where two sources meet."""
    if is_one:
        each = (POOL, 1.0)
        half, quarter = (POOL, 0.6), (POOL, 0.3)
        return Parts(
            Part("fold", each, each), Part("half", half, half), Part("quarter", quarter, quarter)
        )
    first = first_fold(n_samples, width, n_classes)
    kinds, shares = (EXPERTS, POOL), (FOLD, HALF, QUARTER)
    if meets:
        first, kinds, shares = FIRST_OF_BOTH * first, (JOINT, JOINT), (FOLD_OF_BOTH,) * 3
    fold, half, quarter = ((kinds[1], share * first) for share in shares)
    return Parts(
        Part("fold", (kinds[0], first), fold),
        Part("half", half, half),
        Part("quarter", quarter, quarter),
    )


def look(own: Parts, n_folds: int) -> dict[str, float]:
    """All of them, by kinds of work."""
    found: dict[str, float] = {}
    several = ((own.folds, n_folds), (own.halves, 2), (own.quarters, 1))
    for part, n in several:
        for k in range(n):
            kind, cost = part.of_fold(k)
            found[kind] = found.get(kind, 0.0) + cost
    return found


def refit(own: Parts, n_folds: int) -> dict[str, float]:
    """The experts in the pool of a source, on half of the rows."""
    kind, fold = own.folds.rest
    halves, quarters = own.halves.cost(2), own.quarters.cost(2)
    fits = AROUND * (n_folds * fold + halves + quarters / 2) / 2
    return {kind: fits, REFITTING: AT_LEAST}


def resample(n_samples: int, n_classes: int) -> float:
    """A pair weighed on drawn rows."""
    rows = n_samples / 1000
    return rows * (0.002 + 0.0002 * n_classes) + 0.001 * n_classes + 0.005
