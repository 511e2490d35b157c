"""A real run: networks in PyTorch, files as hooks save them, and the command line alone from there.

    python benchmarks/real_run.py

Teacher and student are perceptrons of five layers, trained on half of the digits of scikit-learn,
the student on what the teacher says. The hooks of `docs/recipes.md` save all layers on the other
half, those of the student at eight checkpoints. Then `pidtools map` and `pidtools trace` write
tables and pages, each timed. What they took and printed is kept in ``results/real_run.json``, from
which ``results/real_run.md`` is written; files and pages stay in
``real-run/``. Needs torch and the extra ``report``.
"""

from __future__ import annotations

import importlib
import shlex
import subprocess
import sys
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

from benchmarks.tools.clock import spent
from benchmarks.tools.options import Options
from benchmarks.tools.recipes import definitions
from benchmarks.tools.store import Row, keep, kept
from benchmarks.tools.written import heading, table, write
from pidtools.demo import split_digits

OF_TEACHER, OF_STUDENT = (128, 96, 64, 32), (16, 8, 8, 8)
LAYERS = ("h1", "h2", "h3", "h4", "logits")
EPOCHS = (1, 2, 4, 8, 16, 32, 64, 128)
TEMPERATURE = 2.0
# As a user would type them.
COMMANDS = (
    "map teacher.npz:y --teacher teacher.npz --student student-128.npz "
    "--confidence-level 0.95 --n-jobs 2 --csv map.csv --report map.html",
    "trace teacher.npz:h4 teacher.npz:y 'student-*.npz:h4' --n-jobs 2 --csv trace.csv "
    "--report trace.html",
)


def network(torch: Any, widths: tuple[int, ...]) -> Any:
    """A perceptron whose hidden layers are called h1 to h4, and its sums logits."""
    parts: OrderedDict[str, Any] = OrderedDict()
    sizes = (64, *widths)
    for k, (before, own) in enumerate(zip(sizes, widths, strict=False), start=1):
        parts[f"linear{k}"], parts[f"h{k}"] = torch.nn.Linear(before, own), torch.nn.ReLU()
    parts["logits"] = torch.nn.Linear(sizes[-1], 10)
    return torch.nn.Sequential(parts)


def train(folder: Path) -> dict[str, float]:
    """Train both, save their layers, and give their accuracies on rows that none has seen."""
    torch = importlib.import_module("torch")
    save_layers = definitions("PyTorch")["save_layers"]
    torch.manual_seed(0)
    torch.set_num_threads(1)
    (X, y), (held_out, y_held_out) = split_digits()
    X, y, rows = torch.tensor(X).float(), torch.tensor(y), torch.tensor(held_out).float()
    cross_entropy = torch.nn.functional.cross_entropy

    def fit(student: Any, targets: Any, temperature: float, save: Any) -> None:
        optimizer = torch.optim.Adam(student.parameters(), lr=0.003)
        for epoch in range(1, max(EPOCHS) + 1):
            for batch in torch.randperm(len(X)).split(64):
                optimizer.zero_grad()
                cross_entropy(student(X[batch]) / temperature, targets[batch]).backward()
                optimizer.step()
            save(epoch)

    def accuracy(one: Any) -> float:
        with torch.inference_mode():
            return float((one(rows).argmax(dim=1).numpy() == y_held_out).mean())

    def save_student(epoch: int) -> None:
        if epoch in EPOCHS:
            save_layers(student, rows.split(256), folder / f"student-{epoch}.npz", LAYERS)

    teacher, student = network(torch, OF_TEACHER), network(torch, OF_STUDENT)
    fit(teacher, y, 1.0, lambda epoch: None)
    save_layers(teacher, rows.split(256), folder / "teacher.npz", LAYERS, y=y_held_out)
    with torch.inference_mode():
        said = (teacher(X) / TEMPERATURE).softmax(dim=1)
    fit(student, said.clone(), TEMPERATURE, save_student)
    return {"teacher": accuracy(teacher), "student": accuracy(student)}


def main() -> None:
    """Train, save, and run the commands."""
    options = Options(__doc__)
    options.add_argument("--folder", type=Path, default=Path("real-run"), help="for all files")
    options.only_table()
    given = options.parse_args()
    if not given.table:
        measure(given.folder)
    write("real_run", *told(kept("real_run")))


def measure(folder: Path) -> None:
    """Each step in seconds of the clock, and what the commands print."""
    folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    accuracies = train(folder)
    rows: list[Row] = [{"step": "training and saving", "seconds": time.perf_counter() - start}]
    for command in COMMANDS:
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "pidtools", *shlex.split(command)],
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
        )
        seconds = time.perf_counter() - start
        rows.append({"step": f"`pidtools {command}`", "seconds": seconds, "said": done.stdout})
        if done.returncode:
            print(done.stdout, done.stderr)
            raise SystemExit(done.returncode)
    keep("real_run", cpu_seconds=round(spent(), 1), right=accuracies, rows=rows)


def told(found: Row) -> list[str]:
    """The same in words and a table."""
    right, rows = found["right"], found["rows"]
    steps = [(row["step"], row["seconds"]) for row in rows]
    steps.append(("all", sum(seconds for _, seconds in steps)))
    return [
        heading("A real run", found),
        ", ".join(f"{name}: {share:.3f} right" for name, share in right.items()) + ".",
        table(("step", "seconds"), ((step, f"{seconds:.1f}") for step, seconds in steps)),
        *(f"```\n{row['said']}```" for row in rows if "said" in row),
    ]


if __name__ == "__main__":
    main()
