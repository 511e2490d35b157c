"""Share of the bias of plug-in informations that each correction removes at few samples a cell.

Tables are the named ones whose cells are not all certain, random dense and random sparse ones;
of each, both pairs and the triple, at two, three and five samples for each cell that has any
probability. The bias is the mean over draws less the exact information; shares compare the mean
absolute bias over tables with and without the correction.

    python benchmarks/accuracy_corrections.py [--draws 100]
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from benchmarks.tools.options import Options
from benchmarks.tools.written import write_rows, write_table
from pidtools import problems
from pidtools._cells.corrections import CORRECTIONS, corrected_information
from pidtools._information import mutual_information_of_table

NAMED = (
    "BSCCascade",
    "BSCPair",
    "ErasurePair",
    "ErasurePair3",
    "NoisySame",
    "SymmetricCascade",
    "ZPair",
)
SHAPES = ((6, 5, 3), (12, 10, 5), (20, 20, 2), (8, 8, 10))
SAMPLES_A_CELL = (2, 3, 5)
# These draw subsamples or labels anew, which costs a hundred times as much as all others.
DRAWING, FEWER = ("extrapolation", "shuffling"), 4


def main() -> None:
    """Write one row a correction, kind of tables and source."""
    options = Options(__doc__)
    options.number("draws", 100, "draws of a table of 400 cells or more")
    options.only_table()
    given = options.parse_args()
    if given.table:
        write_table("accuracy_corrections")
    else:
        measure(given.draws)


def measure(draws: int) -> None:
    """Estimate from all draws of all tables."""
    biases: dict[tuple[str, str, int, str], list[float]] = defaultdict(list)
    errors: dict[tuple[str, str, int, str], list[float]] = defaultdict(list)
    for kind, pmf in tables():
        for source, table in (
            ("pair", pmf.sum(axis=1)),
            ("pair", pmf.sum(axis=0)),
            ("triple", pmf.reshape(-1, pmf.shape[2])),
        ):
            truth = mutual_information_of_table(table)
            for samples in SAMPLES_A_CELL:
                for name, values in estimates(table, samples, draws).items():
                    off = np.array(values) - truth
                    for group in (kind, "all"):
                        biases[group, source, samples, name].append(abs(float(off.mean())))
                        errors[group, source, samples, name].append(float(np.abs(off).mean()))
    groups = sorted({(kind, source) for kind, source, _, _ in biases})
    rows = [
        {
            "correction": name,
            "tables": kind,
            "information": source,
            **{
                f"{samples} a cell": share(biases, kind, source, samples, name)
                for samples in SAMPLES_A_CELL
            },
            "mean absolute error, bits": float(
                np.mean(
                    [np.mean(errors[kind, source, samples, name]) for samples in SAMPLES_A_CELL]
                )
            ),
        }
        for name in CORRECTIONS
        for kind, source in groups
    ]
    write_rows("accuracy_corrections", "Per cent of the plug-in bias removed by corrections", rows)


def share(
    biases: dict[tuple[str, str, int, str], list[float]],
    kind: str,
    source: str,
    samples: int,
    name: str,
) -> int:
    """Per cent of the mean absolute bias that is gone."""
    left = np.mean(biases[kind, source, samples, name])
    return round(100 * (1 - left / np.mean(biases[kind, source, samples, "none"])))


def tables() -> Iterator[tuple[str, Any]]:
    """Kind and pmf[t, s, y]."""
    for name in NAMED:
        problem = problems.get(name)
        assert isinstance(problem, problems.PmfProblem)
        yield "named", problem.pmf
    for seed, shape in enumerate(SHAPES):
        for concentration in (1.0, 0.3):
            yield (
                "dense",
                problems.dirichlet(shape, concentration=concentration, random_state=seed),
            )
        yield "sparse", problems.sparse_dirichlet(shape, random_state=seed)


def estimates(table: Any, samples: int, draws: int) -> dict[str, list[float]]:
    """Corrected informations of many draws; small tables, whose draws vary more, get more."""
    n_cells = int((table > 0).sum())
    rng = np.random.default_rng([n_cells, samples])
    found: dict[str, list[float]] = {name: [] for name in CORRECTIONS}
    for draw in range(draws * max(1, 400 // n_cells)):
        counts = rng.multinomial(samples * n_cells, table.ravel()).reshape(table.shape)
        sparse = csr_array(counts[counts.sum(axis=1) > 0].astype(float))
        for name, values in found.items():
            if name not in DRAWING or (draw % FEWER == 0 and draw < 10 * draws):
                values.append(corrected_information(sparse, name, draw))
    return found


if __name__ == "__main__":
    warnings.simplefilter("error")
    main()
