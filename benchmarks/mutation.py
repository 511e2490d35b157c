"""Mutation testing of the mathematics: how many small changes of it the tests notice.

    python -m benchmarks.mutation                        # a sample of every part
    python -m benchmarks.mutation --parts gaussian --most 2000 --seed 1
    python -m benchmarks.mutation --survivors            # do those still live? writes nothing
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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
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
    options.number("most", 70, "mutants of a part")
    options.number("seed", 0, "of the sample")
    options.number("jobs", 2, "mutants side by side")
    options.add_argument("--survivors", action="store_true", help="try only those once more")
    options.only_table()
    given = options.parse_args()
    if given.survivors and given.table:
        options.error("--survivors writes nothing, so there is no table of it")
    store = Store("mutation", "part", "module", "operator", "occurrence")
    for name in [] if given.table else given.parts or PARTS:
        if given.survivors:
            living = [_mutant(row) for row in lived(store) if row["part"] == name]
            for _ in _outcomes(name, living, given.jobs):
                pass
        else:
            _try_part(name, given.most, given.seed, given.jobs, store)
    if not given.survivors:
        written.write(
            "mutation",
            "# Mutants of the mathematics",
            written.table_of(scores(store)),
            "Those that live:",
            written.table(("where", "line", "before and after"), map(_living, lived(store))),
        )
    return 0


def _try_part(name: str, most: int, seed: int, jobs: int, store: Store) -> None:
    """Try a sample of a part, and keep what comes of each."""
    everything = [mutant for module in PARTS[name].modules for mutant in mutants.mutants(module)]
    known = store.finished()
    wanted = [
        mutant
        for mutant in mutants.sample(everything, most, seed)
        if (name, mutant.module, mutant.operator, mutant.occurrence) not in known
    ]
    for row in _outcomes(name, wanted, jobs):
        store.add([row | {"of": len(everything), "seed": seed}])


def _outcomes(name: str, wanted: Sequence[Mutant], jobs: int) -> Iterator[Row]:
    """What comes of each mutant of a part; those that live are printed."""
    if not wanted:
        return
    part = PARTS[name]
    with tempfile.TemporaryDirectory() as folder:
        reach = mutants.measure_reach(
            part.files, part.modules, plain=part.plain, file=Path(folder, "reach.json")
        )
    print(f"{name}: {len(wanted)} mutants, {len(reach.seconds)} tests", flush=True)
    unchanged = [replace(mutant, operator="") for mutant in wanted[:3]]
    for mutant, outcome, _ in mutants.try_all(unchanged, reach, plain=part.plain, jobs=jobs):
        if outcome in NOTICED:
            raise RuntimeError(f"tests fail that reach {mutant.module}:{mutant.line} as it stands")
    for mutant, outcome, seconds in mutants.try_all(wanted, reach, plain=part.plain, jobs=jobs):
        row = {"part": name} | asdict(mutant) | {"outcome": outcome, "cpu_seconds": seconds}
        if _lived(row):
            row["change"] = mutant.change()
            print(f"{outcome} {mutant.module}:{mutant.line}  {row['change']}", flush=True)
        yield row


def _mutant(row: Row) -> Mutant:
    return Mutant(row["module"], row["operator"], row["occurrence"], row["line"])


def _lived(row: Row) -> bool:
    return row["outcome"] not in NOTICED


def lived(store: Store) -> list[Row]:
    """Mutants that no test noticed, from room to room."""
    rows = [row for row in store.rows() if _lived(row)]
    return sorted(rows, key=lambda row: (row["module"], row["line"], row["operator"]))


def _living(row: Row) -> tuple[str, int, str]:
    change = " ".join(row["change"].split()).replace("|", "&#124;").replace("`", "")
    before, after = change.split(" -> ", 1)
    return f"`{row['module']}`", row["line"], f"`{before}` becomes `{after}`"


def scores(store: Store) -> list[Row]:
    """How many mutants of each part were noticed, and of all."""
    rows, lines = store.rows(), list[Row]()
    for (part,), of_part in [*grouped(rows, "part").items(), (("all",), rows)]:
        count = Counter(row["outcome"] for row in of_part)
        noticed = sum(count[outcome] for outcome in NOTICED)
        lines.append(
            {
                "part": part,
                "mutants": sum({row["part"]: row["of"] for row in of_part}.values()),
                "tried": len(of_part),
                "killed": noticed,
                "score": f"{100 * noticed / max(len(of_part), 1):.1f} %",
                "of these by not ending": count["hung"],
                "survived": count["survived"],
                "reached by no test": count["unreached"],
            }
        )
    return lines


if __name__ == "__main__":
    sys.exit(main())
