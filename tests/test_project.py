"""What others need to carry the project says one thing: versions, dependencies, systems."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import pidtools as pt

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
# As conda calls what pip calls otherwise; the library draws no windows, and needs one solver.
IN_CONDA = {"matplotlib": "matplotlib-base", "cvxpy": "cvxpy-base"}


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_one_version() -> None:
    heading = re.search(r"^## (\S+)", text("CHANGELOG.md"), re.MULTILINE)
    cited = re.search(r"^version: (\S+)$", text("CITATION.cff"), re.MULTILINE)
    packed = re.search(r'^  version: "(\S+)"$', text("conda/recipe.yaml"), re.MULTILINE)
    found = [each and each[1] for each in (heading, cited, packed)]
    assert found == [pt.__version__] * 3
    assert re.fullmatch(r"\d+\.\d+\.\d+", pt.__version__)


def test_conda_takes_what_pip_takes() -> None:
    wanted = set(PROJECT["dependencies"])
    wanted = {re.sub(r"^[\w-]+", lambda m: IN_CONDA.get(m[0], m[0]), each) for each in wanted}
    recipe = text("conda/recipe.yaml")
    run = recipe[recipe.index("  run:") : recipe.index("tests:")]
    listed = {line.strip(" -").replace(" ", "") for line in run.splitlines() if " >=" in line}
    assert listed == wanted | {"python>=${{python_min}}"}


def test_the_workflow_runs_the_pythons_that_are_supported() -> None:
    supported = {c.rsplit(" ", 1)[1] for c in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", c)}
    workflow = text(".github/workflows/ci.yml")
    run = re.search(r"python: \[(.*)\]", workflow)
    assert run
    assert set(re.findall(r"[\d.]+", run[1])) == supported
    assert {"macos-latest", "windows-latest"} <= set(re.findall(r"os: ([\w-]+)", workflow))


def test_every_dependency_is_said_to_be_for_something() -> None:
    page = text("docs/installs.md")
    names = [re.split(r"[>=\[]", each)[0] for each in PROJECT["dependencies"]]
    assert [name for name in names if not re.search(rf"^\|.*\b{name}\b", page, re.MULTILINE)] == []
    assert [e for e in PROJECT["optional-dependencies"] if f"pidtools[{e}]" not in page] == []


def test_lowest_versions_are_those_of_the_project() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "lowest.py"], capture_output=True, text=True, check=True
    )
    given = {line.replace("==", ">=") for line in done.stdout.split()}
    assert given == {*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]}


def test_the_lock_holds_every_dependency() -> None:
    names = {line.split("==")[0].lower().replace("_", "-") for line in text(".ci/lock.txt").split()}
    wanted = (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"])
    assert {re.split(r"[>=\[]", each)[0].replace("_", "-") for each in wanted} <= names


def test_forms_and_workflows_are_yaml() -> None:
    yaml = pytest.importorskip("yaml")
    for path in (
        *ROOT.glob(".github/**/*.yml"),
        ROOT / ".pre-commit-config.yaml",
        ROOT / "CITATION.cff",
    ):
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert found
        for field in found.get("body", ()):
            assert field["type"] in ("markdown", "textarea", "input", "dropdown", "checkboxes")
            assert field["type"] == "markdown" or {"id", "attributes"} <= set(field)
