"""Mutation testing of the mathematics: how many small changes of it the tests notice.

    python -m benchmarks.mutation                        # a sample of every part
    python -m benchmarks.mutation --parts gaussian --most 2000 --seed 1
    python -m benchmarks.mutation --survivors            # those that lived, once more
    python -m benchmarks.mutation --table

Needs `pip install cosmic-ray coverage` and a POSIX system. Kernels are interpreted, as plain Python
(`tests/plain_kernels.py`). A mutant is *killed* when a test fails or does not end, *survived* when
all tests that reach it pass; one that no test reaches survives too. Only the tests of the rooms of
each part count, not those of what is built on them. What is tried is kept, so a run can be stopped
and resumed.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.tools import mutants, written
from benchmarks.tools.mutants import ROOT, Mutant
from benchmarks.tools.options import Options
from benchmarks.tools.store import Row, Store, grouped

NOTICED = ("killed", "hung")


@dataclass(frozen=True)
class Part:
    """Rooms whose mutants are tried, and the tests that should notice."""

    rooms: tuple[str, ...]
    tests: tuple[str, ...]
    plain: bool = False

    @property
    def modules(self) -> list[str]:
        """Paths of the rooms."""
        return _paths(f"pidtools/{room}" for room in self.rooms)

    @property
    def files(self) -> list[str]:
        """Paths of the tests."""
        return _paths(f"tests/{name}" for name in self.tests)


SOLVER_TESTS = ("test_broja_*.py", "test_laws.py", "test_red_gradient.py")
# Tests of decompositions take too long with kernels interpreted.
KERNEL_TESTS = ("test_broja_kernels_*.py",)
SOLVER = (
    *("batch", "decompose", "driver", "linear_algebra", "negligible", "program", "reduction"),
    *("scaling", "state", "union"),
)
KERNELS = (
    *("batch", "blas", "evaluate", "hessian", "interior_point", "low_rank", "newton", "schur"),
    "support",
)
GAUSSIAN = ("correction", "exact", "factors", "moments", "pencil", "shape", "target", "wide")


def _rooms(wing: str, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{wing}/{name}.py" for name in names)


PARTS = {
    "solver": Part(_rooms("_broja", SOLVER), SOLVER_TESTS),
    "certificate": Part(
        _rooms("_broja", ("certificate", "kernels/certificate")), KERNEL_TESTS, plain=True
    ),
    "hull": Part(_rooms("_broja", ("hull", "kernels/vertices")), SOLVER_TESTS),
    "solver's kernels": Part(_rooms("_broja/kernels", KERNELS), KERNEL_TESTS, plain=True),
    "gaussian": Part(_rooms("_gaussian", GAUSSIAN), ("test_gaussian_*.py", "test_laws.py")),
    "corrections": Part(
        _rooms("_cells", ("corrections", "counting")),
        ("test_cells_*.py", "test_histogram.py", "test_laws.py"),
    ),
    "knn formulas": Part(
        _rooms("knn", ("formulas", "informations", "scaling")),
        ("test_knn_*.py", "test_information.py", "test_laws.py"),
    ),
    "knn kernels": Part(
        _rooms("knn/kernels", ("masks", "tree")), ("test_knn_masks.py", "test_knn_tree.py"),
        plain=True,
    ),
}  # fmt: skip


def _paths(patterns: Iterable[str]) -> list[str]:
    found = {str(file.relative_to(ROOT)) for each in patterns for file in ROOT.glob(each)}
    return sorted(name for name in found if not name.endswith("__init__.py"))


def main() -> int:
    """Read the command line, try, write the table."""
    options = Options(__doc__)
    options.names("parts", known=PARTS, about="all by default")
    options.number("most", 200, "mutants of a part")
    options.number("seed", 0, "of the sample")
    options.number("jobs", 2, "mutants side by side")
    options.add_argument("--survivors", action="store_true", help="try only those once more")
    options.only_table()
    given = options.parse_args()
    store = Store("mutation", "part", "module", "operator", "occurrence")
    if not given.table:
        for name in given.parts or PARTS:
            _try_part(name, given.most, given.seed, given.jobs, store, again=given.survivors)
    _write(latest(store.rows()))
    return 0


def _try_part(name: str, most: int, seed: int, jobs: int, store: Store, *, again: bool) -> None:
    part = PARTS[name]
    everything = [mutant for module in part.modules for mutant in mutants.mutants(module)]
    before = {store._key_of(row): row["outcome"] for row in latest(store.rows())}
    wanted = [
        mutant
        for mutant in mutants.sample(everything, most, seed)
        if (outcome := before.get(_key(name, mutant))) is None or (again and outcome not in NOTICED)
    ]
    if again:
        wanted = [mutant for mutant in wanted if _key(name, mutant) in before]
    if not wanted:
        return
    with tempfile.TemporaryDirectory() as folder:
        reach = mutants.measure_reach(
            part.files, part.modules, plain=part.plain, file=Path(folder, "reach.json")
        )
    print(
        f"{name}: {len(wanted)} of {len(everything)} mutants, {len(reach.seconds)} tests",
        flush=True,
    )
    unchanged = [replace(mutant, operator="") for mutant in wanted[:3]]
    for mutant, outcome, _ in mutants.try_all(unchanged, reach, plain=part.plain, jobs=jobs):
        if outcome in NOTICED:
            raise RuntimeError(f"tests fail that reach {mutant.module}:{mutant.line} as it stands")
    for mutant, outcome, seconds in mutants.try_all(wanted, reach, plain=part.plain, jobs=jobs):
        row: Row = {
            **dict(zip(store.key, _key(name, mutant), strict=True)),
            "line": mutant.line,
            "outcome": outcome,
            "seconds": seconds,
            "of": len(everything),
        }
        if outcome not in NOTICED:
            row["change"] = mutant.change()
            print(f"{outcome} {mutant.module}:{mutant.line}  {row['change']}", flush=True)
        store.add([row])


def _key(part: str, mutant: Mutant) -> tuple[str, str, str, int]:
    return part, mutant.module, mutant.operator, mutant.occurrence


def latest(rows: Sequence[Row]) -> list[Row]:
    """The last word on each mutant."""
    return list(
        {
            tuple(row[k] for k in ("part", "module", "operator", "occurrence")): row for row in rows
        }.values()
    )


def _write(rows: Sequence[Row]) -> None:
    lines = []
    for (part,), of_part in [*grouped(rows, "part").items(), (("all",), list(rows))]:
        count = Counter(row["outcome"] for row in of_part)
        noticed = sum(count[outcome] for outcome in NOTICED)
        total = sum({row["part"]: row["of"] for row in of_part}.values())
        lines.append(
            {
                "part": part,
                "mutants": total,
                "tried": len(of_part),
                "killed": noticed,
                "of these by not ending": count["hung"],
                "survived": count["survived"],
                "reached by no test": count["unreached"],
                "score": f"{100 * noticed / max(len(of_part), 1):.1f} %",
            }
        )
    written.write("mutation", "# Mutants of the mathematics", written.table_of(lines))


if __name__ == "__main__":
    sys.exit(main())
