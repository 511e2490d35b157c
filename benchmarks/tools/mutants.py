"""Mutants of a module: where they are, which tests reach them, and whether one of them notices.

cosmic-ray makes the mutants. Each is tried in a fork of a process that has imported what takes long
but nothing of the library, with the mutated source in the place of the file's; the tests that reach
the mutated statement run, the quickest first, until one fails.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import random
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# One change of each kind, not all that a place could have: `a * b` becomes `a / b`, not `a | b`.
OPERATORS = tuple(
    f"core/{name}"
    for name in (
        *("ReplaceBinaryOperator_Add_Sub", "ReplaceBinaryOperator_Sub_Add"),
        *("ReplaceBinaryOperator_Mul_Div", "ReplaceBinaryOperator_Div_Mul"),
        *("ReplaceBinaryOperator_FloorDiv_Mul", "ReplaceBinaryOperator_Mod_Mul"),
        "ReplaceBinaryOperator_Pow_Mul",
        *("ReplaceComparisonOperator_Eq_NotEq", "ReplaceComparisonOperator_NotEq_Eq"),
        *("ReplaceComparisonOperator_Lt_LtE", "ReplaceComparisonOperator_Lt_GtE"),
        *("ReplaceComparisonOperator_LtE_Lt", "ReplaceComparisonOperator_LtE_Gt"),
        *("ReplaceComparisonOperator_Gt_GtE", "ReplaceComparisonOperator_Gt_LtE"),
        *("ReplaceComparisonOperator_GtE_Gt", "ReplaceComparisonOperator_GtE_Lt"),
        *("ReplaceComparisonOperator_Is_IsNot", "ReplaceComparisonOperator_IsNot_Is"),
        *("ReplaceUnaryOperator_USub_UAdd", "ReplaceUnaryOperator_Delete_Not"),
        *("ReplaceUnaryOperator_Delete_Invert", "AddNot", "NumberReplacer"),
        *("ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd"),
        *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop"),
    )
)
# What takes long to import, and is the same for all mutants.
HEAVY = (
    *("numpy", "scipy.linalg", "scipy.optimize", "scipy.sparse", "scipy.special", "scipy.stats"),
    *("scipy.spatial", "sklearn.linear_model", "sklearn.neural_network", "sklearn.datasets"),
    *("sklearn.discriminant_analysis", "sklearn.cluster", "joblib", "numba", "cvxpy", "clarabel"),
    *("hypothesis", "hypothesis.strategies", "hypothesis.extra.numpy", "pytest", "typer"),
)
# CPU seconds of tests that a mutant may take in all, by their times without it, and how many tests.
ENOUGH, MOST = 20.0, 200
# A test that takes more CPU seconds is left out.
SLOW = 8.0
# Hypothesis is imported before pytest looks at it, whose plugin would have its asserts rewritten.
PYTEST = (
    "-q",
    "--no-header",
    "-p",
    "no:cacheprovider",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)
# A mutant that takes so many times the CPU seconds of its tests, and these more, hangs: that is
# noticed. So does one that sleeps, after seconds by the clock.
PATIENCE, IMPORTS, BY_THE_CLOCK = 3.0, 15.0, 600.0


@dataclass(frozen=True)
class Mutant:
    """One change of one module."""

    module: str
    """Its path below the root."""
    operator: str
    """Of `OPERATORS`; nothing is changed where there is none."""
    occurrence: int
    line: int

    @property
    def source(self) -> str:
        """The module's text with the change."""
        from cosmic_ray.mutating import mutate_code
        from cosmic_ray.plugins import get_operator

        text = (ROOT / self.module).read_text(encoding="utf-8")
        if not self.operator:
            return text
        return str(mutate_code(text, get_operator(self.operator)(), self.occurrence))

    def change(self) -> str:
        """The line before and after."""
        before = (ROOT / self.module).read_text(encoding="utf-8").splitlines()
        after = self.source.splitlines()
        first = next((k for k, (x, y) in enumerate(zip(before, after, strict=False)) if x != y), 0)
        return f"{before[first].strip()}  ->  {after[first].strip()}"


def mutants(module: str) -> list[Mutant]:
    """All mutants of a module."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator

    text = (ROOT / module).read_text(encoding="utf-8")
    nodes, lines, found = list(ast_nodes(get_ast(text))), text.splitlines(), []
    for name in OPERATORS:
        operator = get_operator(name)()
        places = [place for node in nodes for place in operator.mutation_positions(node)]
        found += [
            Mutant(module, name, k, line)
            for k, ((line, column), _) in enumerate(places)
            if not _says_nothing(lines[line - 1], column)
        ]
    return found


def _says_nothing(line: str, column: int) -> bool:
    """Whether it is the star of a signature, or what only type checkers read."""
    return line[column : column + 2] in ("*,", "*)") or "TYPE_CHECKING" in line


def sample(all_of_them: Sequence[Mutant], n: int, seed: int) -> list[Mutant]:
    """Draw n of them; a larger n has the same ones and more."""
    shuffled = list(all_of_them)
    random.Random(seed).shuffle(shuffled)
    return shuffled[:n]


class Reach:
    """Which tests reach which lines, and what they take."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.seconds: dict[str, float] = found["seconds"]
        self.lines: dict[str, dict[str, list[str]]] = found["lines"]

    def tests(self, mutant: Mutant) -> list[str]:
        """Tests that reach a mutant's statement, the quickest first, as many as there is time for.

        What runs on import alone is reached by all that use the module.
        """
        lines = self.lines.get(mutant.module, {})
        reached = {test for k in _statement(mutant) for test in lines.get(str(k), ()) if test}
        if not reached and any(str(k) in lines for k in _statement(mutant)):
            reached = {test for tests in lines.values() for test in tests if test}
        chosen: list[str] = []
        spent = 0.0
        for test in sorted(reached & self.seconds.keys(), key=lambda test: self.seconds[test]):
            spent += self.seconds[test]
            if chosen and (spent > ENOUGH or len(chosen) == MOST):
                break
            chosen.append(test)
        return chosen


def _statement(mutant: Mutant) -> range:
    """Lines of the innermost statement that a mutant is in; of a compound one only its head."""
    found = range(mutant.line, mutant.line + 1)
    for node in ast.walk(ast.parse((ROOT / mutant.module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.stmt) and node.lineno <= mutant.line <= (node.end_lineno or 0):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            if mutant.line <= max(end, node.lineno):
                found = range(node.lineno, max(end, node.lineno) + 1)
    return found


def measure_reach(
    tests: Sequence[str], modules: Sequence[str], *, plain: bool, file: Path
) -> Reach:
    """Run the tests once and see where they come along."""
    if not file.exists():
        status = os.waitpid(_forked(lambda: _look(tests, modules, plain, file)), 0)[1]
        if not file.exists():
            raise RuntimeError(f"no tests were followed: exit status {status}")
    return Reach(json.loads(file.read_text(encoding="utf-8")))


def _look(tests: Sequence[str], modules: Sequence[str], plain: bool, file: Path) -> int:
    import coverage
    import pytest

    _prepare(plain)
    follow = coverage.Coverage(
        data_file=None, config_file=False, include=[str(ROOT / m) for m in modules]
    )
    seconds: dict[str, float] = {}

    class Watch:
        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_protocol(self, item: Any) -> Any:
            follow.switch_context(item.nodeid)
            start = time.process_time()
            try:
                return (yield)
            finally:
                seconds[item.nodeid] = time.process_time() - start
                follow.switch_context("")

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_call(self, item: Any) -> Any:
            def stop(*_: object) -> None:
                raise TimeoutError(f"more than {SLOW} s")

            signal.signal(signal.SIGPROF, stop)
            signal.setitimer(signal.ITIMER_PROF, SLOW)
            try:
                return (yield)
            except TimeoutError as slow:
                # Left out, not failed: every mutant would wait for it. Hypothesis fails on the
                # traceback of an error that came from a signal, so this one has its own.
                raise pytest.skip.Exception(str(slow)) from None
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0.0)

        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.outcome != "passed":
                failed.add(report.nodeid)

    failed: set[str] = set()
    follow.start()
    # What runs on import is reached by all tests, not by the one that happens to be the first.
    for module in modules:
        importlib.import_module(module.removesuffix(".py").replace("/", "."))
    pytest.main([*PYTEST, *tests], plugins=[Watch()])
    follow.stop()
    data, lines = follow.get_data(), {}
    for module in modules:
        found: dict[str, set[str]] = defaultdict(set)
        for line, contexts in data.contexts_by_lineno(str(ROOT / module)).items():
            found[str(line)].update(contexts)
        lines[module] = {line: sorted(contexts) for line, contexts in found.items()}
    seconds = {test: took for test, took in seconds.items() if test not in failed}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"seconds": seconds, "lines": lines}), encoding="utf-8")
    return 0


def try_all(
    wanted: Sequence[Mutant], reach: Reach, *, plain: bool, jobs: int
) -> Iterator[tuple[Mutant, str, float]]:
    """Yield each mutant with "killed", "survived", "hung" or "unreached", and its seconds."""
    for name in HEAVY:
        importlib.import_module(name)
    waiting = list(reversed(wanted))
    running: dict[int, tuple[Mutant, float]] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            tests = reach.tests(mutant)
            if not tests:
                yield mutant, "unreached", 0.0
                continue
            limit = int(IMPORTS + PATIENCE * sum(reach.seconds[test] for test in tests))
            pid = _forked(partial(_try, mutant, tests, plain, limit))
            running[pid] = mutant, time.perf_counter()
        time.sleep(0.02)
        for pid, (mutant, start) in list(running.items()):
            if time.perf_counter() - start > BY_THE_CLOCK:
                os.killpg(pid, signal.SIGXCPU)
            done, status, used = os.wait4(pid, os.WNOHANG)
            if done:
                del running[pid]
                hung = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU
                outcome = "hung" if hung else "killed" if status else "survived"
                yield mutant, outcome, round(used.ru_utime + used.ru_stime, 1)


def _try(mutant: Mutant, tests: Sequence[str], plain: bool, limit: int) -> int:
    import resource

    import pytest

    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    path, text, before = str(ROOT / mutant.module), mutant.source, SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, name: str) -> Any:
        return (
            compile(text, path, "exec", dont_inherit=True)
            if self.path == path
            else before(self, name)
        )

    SourceFileLoader.get_code = get_code  # type: ignore[assignment,method-assign]
    _prepare(plain)
    return int(pytest.main(["-x", *PYTEST, *tests]))


def _prepare(plain: bool) -> None:
    """Be where tests are run, with kernels interpreted if they are wanted so."""
    os.chdir(ROOT)
    if plain:
        sys.path.append(str(ROOT / "tests"))
        import plain_kernels

        plain_kernels.install()


def _forked(work: Callable[[], int]) -> int:
    """Fork; the child works in silence, in a group of its own, and ends."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        status = work()
    finally:
        os._exit(status)
