"""What an import brings along, and the names it gives."""

from __future__ import annotations

import importlib.metadata
import pkgutil

import pytest
from helpers import printed

import pidtools as pt

# What `pip install cvxpy` brings, which `pip install --no-deps` leaves out.
OF_CVXPY = ("cvxpy", "clarabel", "scs", "osqp", "highspy", "sparsediffpy")
HEAVY = ("sklearn", "scipy.stats", "numba", "cvxpy", "matplotlib", "joblib")


def test_import_is_light() -> None:
    code = f"import sys, pidtools; print([m for m in {HEAVY} if m in sys.modules])"
    assert printed(code) == "[]"


WITHOUT_CVXPY = f"""
import sys, warnings
warnings.simplefilter("ignore")
sys.modules.update(dict.fromkeys({OF_CVXPY}))
import tempfile
import numpy as np
import pidtools as pt

rng = np.random.default_rng(0)
y = np.arange(300) % 3
T, S = rng.normal(size=(2, 300, 3)) + y[:, None]
linear = pt.Probe(experts=("lda",))
pt.broja_batch(np.full((2, 3, 3, 3), 1 / 27))
pt.distillable_knowledge(T, S, y, estimator=linear)
pt.distillable_knowledge(T, S, T + rng.normal(size=T.shape))
pt.mutual_information_by_column(T, y)
pt.redundancy_and_gradient(np.eye(3) / 3, np.eye(3) / 3)
with tempfile.TemporaryDirectory() as folder:
    pt.distillation_map({{"t": T}}, {{"s": S}}, y, estimator="kmeans", cache_dir=folder).summary()
exact = pt.problems.get("AND")
assert abs(pt.broja(exact.pmf).redundancy - exact.pid.redundancy) < 1e-9
pmf = rng.dirichlet(np.ones(27)).reshape(3, 3, 3)
assert pt.broja(pmf).gap < 1e-9
try:
    pt.broja(pmf, solver="cvxpy")
except ImportError as error:
    print(error)
"""


@pytest.mark.slow
def test_nothing_but_its_own_solver_needs_cvxpy() -> None:
    assert printed(WITHOUT_CVXPY) == (
        'solver="cvxpy" needs cvxpy, which could not be imported: pip install cvxpy, or leave '
        "solver out."
    )


def test_two_classes_need_no_heavy_module() -> None:
    code = (
        "import sys, pidtools as pt; pt.broja(pt.problems.get('AND').pmf); "
        f"print([m for m in {HEAVY} if m in sys.modules])"
    )
    assert printed(code) == "[]"


@pytest.mark.parametrize("name", pt.__all__)
def test_public_names(name: str) -> None:
    thing = getattr(pt, name)
    assert thing.__doc__


def test_every_public_name_is_listed() -> None:
    public = {name for name in vars(pt) if not name.startswith("_")}
    modules = {module.name for module in pkgutil.iter_modules(pt.__path__)}
    assert public - modules <= set(pt.__all__)


@pytest.mark.parametrize(
    "code",
    [
        "import pidtools._broja.decompose, pidtools",
        "import pidtools, pidtools._cells.summary, pidtools.distillation",
        "from pidtools import broja_from_pairs; import pidtools",
        "import pidtools; pidtools.broja([[[0.5, 0], [0, 0]], [[0, 0], [0, 0.5]]])",
    ],
)
def test_broja_is_the_function_however_it_is_imported(code: str) -> None:
    assert printed(f"{code}; print(callable(pidtools.broja))") == "True"


def test_figures_are_there_without_an_import_of_their_own() -> None:
    code = "import pidtools as pt; print(pt.plot.save_map.__name__, 'plot' in dir(pt))"
    assert printed(code) == "save_map True"


def test_version_stands_in_one_place() -> None:
    try:
        installed = importlib.metadata.version("pidtools")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("pidtools runs from its folder and is not installed")
    assert installed == pt.__version__


def test_the_package_says_that_it_is_typed() -> None:
    from importlib.resources import files

    assert files("pidtools").joinpath("py.typed").is_file()
