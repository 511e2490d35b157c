"""Problems whose exact decomposition is known: tables, random families, sampled activations.

`get` finds a problem by its name. A `PmfProblem` holds ``pmf[t, s, y]``, a `SampledProblem`
draws wide continuous activations with labels, a `GaussianProblem` with a continuous target;
all carry their exact `pid` in bits. Nothing here calls the solvers and estimators that it is
there to check.
"""

from __future__ import annotations

from collections.abc import Iterator

from pidtools import _warnings
from pidtools.problems.catalogue import sampled_problems
from pidtools.problems.families import dirichlet, histogram, sparse_dirichlet
from pidtools.problems.gaussian import GaussianProblem, gaussian_problems
from pidtools.problems.pmf import PmfProblem, pmf_problems
from pidtools.problems.sampled import SampledProblem

__all__ = [
    "GaussianProblem",
    "PmfProblem",
    "SampledProblem",
    "dirichlet",
    "gaussian_problems",
    "get",
    "histogram",
    "pmf_problems",
    "sampled_problems",
    "sparse_dirichlet",
]


def _everything() -> Iterator[PmfProblem | GaussianProblem | SampledProblem]:
    yield from pmf_problems()
    yield from gaussian_problems()
    yield from sampled_problems()


@_warnings.quiet
def get(name: str) -> PmfProblem | GaussianProblem | SampledProblem:
    """Find a problem by name, without regard to case.

    Parameters
    ----------
    name : str
        Name of a table, of a jointly normal or of a sampled problem.

    Returns
    -------
    PmfProblem, GaussianProblem or SampledProblem

    Raises
    ------
    ValueError
        If there is no such problem; the message lists the names.

    Examples
    --------
    >>> from pidtools import problems
    >>> problems.get("xor").pid.synergy
    1.0
    >>> problems.get("degraded").pid.unique_s
    0.0
    """
    for problem in _everything():
        if problem.name.casefold() == str(name).casefold():
            return problem
    choices = ", ".join(problem.name for problem in _everything())
    raise ValueError(f"name is {name!r}, which is no problem here; choose one of {choices}.")
