"""The one door: whatever a user passes in becomes a clean typed array, or a clear error.

Every message names the argument, says what was found and what to do about it. Behind this
door nothing is checked twice.
"""

from __future__ import annotations

import itertools
import math
import operator
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from pidtools._containers import (
    refuse_container,
    refuse_masked,
    refuse_parts,
    refuse_sparse,
    refuse_tensor,
)
from pidtools._lazy_rows import LazyRows, Source, blocks_of, left_where_it_is
from pidtools._objects import columns_without_numbers, kinds_of, missing, settled
from pidtools._stored import Stored, stored
from pidtools._stored import as_stored as _stored_here
from pidtools._types import Array, Codes, Floats

if TYPE_CHECKING:
    from scipy.sparse import coo_array


# A pmf may miss 1 by the rounding of its own dtype; float32 tables are summed in float32
# by their makers, which costs about the square root of the number of cells times eps.
SUM_TOLERANCE = {"float64": 1e-9, "float32": 1e-5, "float16": 1e-2}
# A cell this little below 0 is the rounding of a difference, and counts as empty.
ROUNDED_BELOW_ZERO = {"float64": 1e-12, "float32": 1e-6, "float16": 1e-4}
# Squares of larger numbers overflow in means, norms and covariances.
LARGEST_FEATURE = 1e150
# Products and quotients of smaller probabilities leave the floats. A cell of this size holds
# less than 1e-147 bits, so it counts as empty.
SMALLEST_PROBABILITY = 1e-150
# A covariance is symmetric up to the rounding of its dtype, relative to both deviations.
SYMMETRY_TOLERANCE = {"float64": 1e-8, "float32": 1e-4, "float16": 1e-2}
# Integer labels with this many distinct values a sample are measurements, not labels.
CONTINUOUS_SHARE, CONTINUOUS_MIN_SAMPLES = 0.5, 50
# Columns that a message names, and rows of words that are looked at for numbers in them.
MOST_SHOWN, MOST_TRIED = 3, 1000
# Types of Python that are symbols side by side.
PLAIN_KINDS = {"int", "bool", "Decimal", "Fraction", "float", "str"}


Role = Literal["source", "labels", "amounts", "table"]
"""What an array is for."""


def check_choice(value: object, name: str, choices: tuple[str, ...]) -> None:
    """Refuse a string that is not one of `choices`, listing them."""
    if not isinstance(value, str) or value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} must be one of {listed}; got {value!r}.")


def check_integer(value: object, name: str, *, minimum: int) -> int:
    """Return an int of at least `minimum`; bools and floats are refused."""
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be an integer; got the bool {value}.")
    try:
        number = operator.index(value)  # type: ignore[arg-type]  # it raises, we explain
    except TypeError:
        raise TypeError(f"{name} must be an integer; got {type(value).__name__}.") from None
    if number < minimum:
        raise ValueError(f"{name} must be at least {minimum}; got {number}.")
    return number


def check_share(value: Any, name: str) -> float:
    """Return a float from 0 on, below 1."""
    number = _number(value, name)
    if not 0.0 <= number < 1.0:
        raise ValueError(f"{name} must be at least 0 and below 1; got {number}.")
    return number


def _number(value: Any, name: str) -> float:
    try:
        if not isinstance(value, str | bytes):
            return float(value)
    except (TypeError, ValueError):
        pass
    raise TypeError(f"{name} must be a number; got {type(value).__name__}.")


def check_tolerance(value: Any, name: str) -> float:
    """Return a positive finite float."""
    number = _number(value, name)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name} must be positive and finite; got {number}.")
    return number


def check_seed(random_state: object) -> int:
    """Turn `random_state` (int, Generator or None) into one integer seed.

    An integer passes through unchanged, so that the same seed means the same thing here and
    in scikit-learn. A Generator gives its next integer; None asks the operating system.
    """
    if random_state is None:
        return int(np.random.default_rng().integers(2**32))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**32))
    try:
        seed = check_integer(random_state, "random_state", minimum=0)
    except TypeError:
        raise TypeError(
            "random_state must be an int, a numpy.random.Generator or None; "
            f"got {type(random_state).__name__}."
        ) from None
    if seed >= 2**32:
        raise ValueError(f"random_state must be below 2**32; got {seed}.")
    return seed


def check_source(X: ArrayLike, name: str, *, minus_infinity: bool = False) -> Source:
    """Clean a representation.

    Parameters
    ----------
    X : array_like
    name : str
    minus_infinity : bool
        Whether -inf is a value, as in logits of what can't be.

    Returns
    -------
    ndarray or LazyRows
        Shape (n_samples,) for symbols (integers, bools or strings in one column), shape
        (n_samples, n_features) for features: floats, or integers in several columns.
        float32 stays float32; float16 becomes float32. Large features in a file or in half
        precision are `LazyRows`.
    """
    refuse_parts(X, name)
    array = _to_array(X, name)
    own = array_of(X, name)
    if array.dtype == object:
        _check_shape(array, name, own)
        _refuse_objects(array, name)
    _check_kind(
        array, name, "biufUS", "numbers, or one column of integers, bools or strings", "source"
    )
    _check_shape(array, name, own)
    if array.dtype.kind != "f" and (array.ndim == 1 or array.shape[1] == 1):
        return array.reshape(-1)
    if array.dtype.kind in "US":
        _refuse_columns_of_strings(array, name)
    features = left_where_it_is(array.reshape(len(array), -1))
    if array.dtype.kind == "f":
        if not isinstance(features, LazyRows):
            features = _as_working_float(features)
        of_columns = _without_columns(X, name)
        _check_finite(features, name, minus_infinity=minus_infinity, of_columns=of_columns)
    return features


def check_labels(Y: ArrayLike, name: str = "Y") -> tuple[Codes, Array]:
    """Clean class labels.

    Returns
    -------
    codes : ndarray of int64, shape (n_samples,)
        Index of each sample's class.
    classes : ndarray, shape (n_classes,)
        The classes in sorted order; at least two.
    """
    refuse_parts(Y, name)
    array, own = _to_array(Y, name), array_of(Y, name)
    if array.dtype == object and array.size:
        if array.ndim == 2 and array.shape[1] > 1:
            raise ValueError(
                f"{name} must hold one label a sample, shape (n,); got {array.shape}. Of several "
                f"labels a sample choose one, such as {own}[:, 0]."
            )
        _refuse_objects_as_labels(array, name)
    if array.size:
        wanted = "one label a sample: integers, bools or strings"
        _check_kind(array, name, "biufUS", wanted, "labels")
    _check_label_shape(array, name, own)
    array = array.reshape(-1)
    if array.dtype.kind == "f":
        array = _labels_from_floats(array, name)
    classes, codes = np.unique(array, return_inverse=True)
    _check_classes(classes, len(array), name, own)
    return codes.astype(np.int64), classes


def is_continuous(Y: ArrayLike, name: str = "Y") -> bool:
    """Whether Y is measured rather than labelled: floats, some of them not whole."""
    array = _to_array(Y, name)
    if array.dtype.kind != "f" or array.ndim not in (1, 2):
        return False
    return bool((np.isfinite(array) & (array != np.floor(array))).any())


def check_continuous(Y: ArrayLike, name: str = "Y") -> Array:
    """Clean a continuous target: floats of shape (n_samples, n_targets).

    float32 stays float32; float16 becomes float32.
    """
    refuse_parts(Y, name)
    array, own = _to_array(Y, name), array_of(Y, name)
    if array.dtype == object and len(missing(array)):
        _refuse_missing(array, name)
    _check_kind(array, name, "biufUSO", "floats", "amounts")
    if array.dtype.kind in "USO":
        held = "strings" if array.dtype.kind != "O" else f"objects ({', '.join(kinds_of(array))})"
        raise TypeError(
            f"{name} holds {held}, which are no amounts, and the Gaussian estimator takes nothing "
            'else. For labels use estimator="probe" or "auto".'
        )
    if array.dtype.kind != "f":
        raise TypeError(
            f"{name} holds {array.dtype} and looks like labels, for which the Gaussian estimator "
            f'is the wrong one; use estimator="probe" or "auto", or pass {own}.astype(float) if '
            "it measures an amount."
        )
    _check_shape(array, name, own)
    target = _as_working_float(array.reshape(len(array), -1))
    _check_finite(target, name)
    _check_not_labels(target, name, own)
    return target


def _check_not_labels(target: Array, name: str, own: str) -> None:
    two_valued = ((target == 0) | (target == 1)).all()
    if target.shape[1] > 1 and two_valued and (target.sum(axis=1) == 1).all():
        raise ValueError(
            f"{name} holds one-hot labels, for which an estimator of continuous targets is the "
            f'wrong one; pass {own}.argmax(axis=1) with estimator="probe" or "auto".'
        )
    if target.shape[1] == 1 and target.min() == target.max():
        raise ValueError(
            f"{name} is constant ({target.min():.6g}) in {len(target)} samples; there is nothing "
            "to know about a constant: pass a target that varies."
        )
    if target.shape[1] == 1 and ((target == target.min()) | (target == target.max())).all():
        raise ValueError(
            f"{name} holds 2 distinct values and looks like labels, for which an estimator of "
            f"continuous targets is the wrong one; pass np.unique({name}, return_inverse=True)[1] "
            'with estimator="probe" or "auto".'
        )


def check_named(given: Any, name: str, what: str) -> dict[str, Any]:
    """A mapping from names to whatever there is of each, with at least one."""
    if not isinstance(given, Mapping):
        several = isinstance(given, list | tuple)
        cure = f": {{str(k): {what} for k, {what} in enumerate({name})}}" if several else ""
        raise TypeError(
            f"{name} must be a mapping of names to arrays, such as {{{what + '1'!r}: array}}; got "
            f"{type(given).__name__}{cure}."
        )
    if not given:
        raise ValueError(f"{name} is empty; pass at least one {what} by its name.")
    for key in given:
        if not isinstance(key, str):
            raise TypeError(
                f"{name} has the key {key!r}; name each {what} by a string, such as {str(key)!r}."
            )
    return dict(given)


def check_groups(groups: ArrayLike, n_samples: int) -> Codes:
    """Turn one group label a sample into codes from 0; at least two groups."""
    refuse_parts(groups, "groups")
    array = _to_array(groups, "groups")
    if array.shape == (n_samples, 1):
        array = array.reshape(-1)
    if array.ndim != 1 or len(array) != n_samples:
        raise ValueError(
            f"groups must hold one label a sample, shape ({n_samples},); got shape {array.shape}."
        )
    if array.dtype.kind == "f":
        _check_finite(array, "groups", cure="every sample belongs to a group")
    without = missing(array)
    if len(without):
        raise ValueError(
            f"groups holds {len(without)} missing values (first at row {without[0]}); every "
            "sample belongs to a group: give such samples groups of their own."
        )
    if array.dtype == object:
        _refuse_mixed_types(array, "groups")
        _refuse_several(array, "groups")
        array = np.array([str(group) for group in array])
    _check_kind(
        array, "groups", "biufUSmM", "one label a sample: integers, strings or dates", "labels"
    )
    names, codes = np.unique(array, return_inverse=True)
    if len(names) < 2:
        raise ValueError("groups holds one group; nothing can be resampled from it.")
    return codes.astype(np.int64)


def check_n_jobs(n_jobs: Any) -> int | None:
    """Return a whole number that is not 0, or None; negative numbers count from all cores."""
    if n_jobs is None:
        return None
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, (int, np.integer)):
        raise TypeError(
            f"n_jobs must be a whole number or None; got {n_jobs!r} ({type(n_jobs).__name__})."
        )
    if n_jobs == 0:
        raise ValueError("n_jobs must be a positive number, -1 for all cores, or None; got 0.")
    return int(n_jobs)


def check_confidence_level(value: Any) -> float | None:
    """Return a float strictly between 0 and 1, or None."""
    if value is None:
        return None
    level = check_tolerance(value, "confidence_level")
    if not level < 1:
        raise ValueError(f"confidence_level must lie between 0 and 1, such as 0.95; got {level:g}.")
    return level


def check_same_length(**arrays: Source) -> None:
    """Refuse arrays that do not have one row a sample each, showing all lengths."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        names = list(lengths)
        listed = ", ".join(f"{name} has {n} rows" for name, n in lengths.items())
        raise ValueError(
            f"{', '.join(names[:-1])} and {names[-1]} must have one row a sample: {listed}."
            f"{_of_transposed(arrays)}"
        )


def _of_transposed(arrays: Mapping[str, Source]) -> str:
    """What to say of arrays that have a column a sample."""
    lengths = [len(array) for array in arrays.values()]
    n_samples = max(reversed(lengths), key=lengths.count)
    lying = [
        name
        for name, array in arrays.items()
        if array.ndim == 2 and len(array) != n_samples and array.shape[1] == n_samples
    ]
    return "".join(
        f" {name} has one column a sample: pass {name}.T (of a list, numpy.transpose({name}))."
        for name in lying
    )


def check_same_order(**given: object) -> None:
    """Refuse tables and series whose indexes say that rows of one position don't belong together.

    Looks at anything with an index as in pandas; rows are paired by position.
    """
    indexes = {name: X.index for name, X in given.items() if _has_index(X)}  # type: ignore[attr-defined]
    for (one, a), (other, b) in itertools.combinations(indexes.items(), 2):
        # Names that come twice, and names of other levels, say nothing of single rows.
        if len(a) == len(b) and a.is_unique and b.is_unique and a.nlevels == b.nlevels:
            _check_indexes(one, a, other, b)


def _has_index(X: object) -> bool:
    return hasattr(X, "iloc") and hasattr(getattr(X, "index", None), "isin")


def _check_indexes(one: str, a: Any, other: str, b: Any) -> None:
    names_a, names_b = a.tolist(), b.tolist()  # Python's own: dtypes may differ, values not
    if names_a == names_b:
        return
    as_it_stands = f"if they belong together as they stand, {other} = {other}.to_numpy()"
    shared = len(set(names_a) & set(names_b))
    if shared == len(names_a):
        row = next(
            k for k, pair in enumerate(zip(names_a, names_b, strict=True)) if pair[0] != pair[1]
        )
        raise ValueError(
            f"{one} and {other} hold the same rows in another order, by their indexes (row {row} "
            f"is {names_a[row]!r} in {one} and {names_b[row]!r} in {other}), and rows are paired "
            f"by position. Pass {other} = {other}.loc[{one}.index]; or, {as_it_stands}."
        )
    if shared and not (_is_numbering(np.asarray(a)) or _is_numbering(np.asarray(b))):
        raise ValueError(
            f"{one} and {other} share {shared} of {len(names_a)} rows, by their indexes, and "
            f"rows are paired by position. Pass rows = {one}.index.intersection({other}.index), "
            f"{one}.loc[rows], {other}.loc[rows]; or, {as_it_stands}."
        )


def _is_numbering(index: Array) -> bool:
    """Whether the index only counts rows, as a new one does, and says nothing of them."""
    return index.dtype.kind in "iu" and np.array_equal(index, np.arange(len(index)))


def check_pmf(pmf: ArrayLike, name: str = "pmf", *, axes: tuple[str, ...]) -> Floats:
    """Clean a joint pmf with the named axes: float64, no negatives, sum exactly scaled to 1.

    A sum that misses 1 by more than the rounding of the input's dtype is an error.
    """
    array = _to_table(pmf, name, "probabilities")
    if array.ndim != len(axes):
        raise ValueError(
            f"{name} must have {len(axes)} axes, {name}[{', '.join(axes)}]; "
            f"got shape {array.shape}."
        )
    if array.size == 0:
        raise ValueError(f"{name} is empty: its shape is {array.shape}.")
    _check_finite(array, name, cure="every cell must be a probability")
    return _check_mass(array, name, array_of(pmf, name))


def _to_table(X: Any, name: str, wanted: str) -> Array:
    """Numbers of a table as an array of any shape."""
    array = _to_array(X, name, rows=False)
    if array.dtype == object:
        raise TypeError(
            f"{name} has dtype object ({', '.join(kinds_of(array))}); pass {wanted} as floats."
        )
    _check_kind(array, name, "biuf", wanted, "table")
    return array


def _without_rounding(array: Array) -> Floats:
    """In double precision, with 0 for cells that are less by rounding alone."""
    p = array.astype(np.float64)
    allowed = ROUNDED_BELOW_ZERO.get(array.dtype.name, ROUNDED_BELOW_ZERO["float64"])
    p[(p < 0) & (p >= -allowed)] = 0.0
    return p


def check_sparse_pmf(pmf: Any, name: str = "pmf") -> coo_array:
    """Clean a sparse joint pmf ``pmf[t, s, y]``: float64, positive entries, each stored once."""
    if pmf.ndim != 3:
        raise ValueError(
            f"{name} must have 3 axes, {name}[t, s, y]; got shape {pmf.shape}. Pass a "
            "scipy.sparse.coo_array((p, (t, s, y)), shape=(n_t, n_s, n_y))."
        )
    from scipy.sparse import coo_array

    array = coo_array(pmf, copy=True)
    _check_kind(array.data, name, "biuf", "probabilities", "table")
    if array.nnz == 0:
        raise ValueError(f"{name} is empty: it stores no probabilities.")
    _check_finite(array.data, name, cure="every entry must be a probability")
    coords = tuple(axis.astype(np.int64) for axis in array.coords)
    clean = coo_array((_check_mass(array.data, name, name), coords), shape=array.shape)
    clean.sum_duplicates()
    clean.eliminate_zeros()
    return clean


def check_pmfs(pmfs: ArrayLike, name: str = "pmfs") -> Floats:
    """Clean a stack of joint pmfs ``pmfs[k, t, s, y]``, each scaled to sum to exactly 1."""
    array = _to_table(pmfs, name, "probabilities")
    if array.ndim != 4:
        raise ValueError(f"{name} must have 4 axes, {name}[k, t, s, y]; got shape {array.shape}.")
    if array.size == 0:
        raise ValueError(f"{name} is empty: its shape is {array.shape}.")
    _check_finite(array, name, cure="every cell must be a probability")
    p = _without_rounding(array)
    totals = p.sum(axis=(1, 2, 3))
    bad = (p < 0).any(axis=(1, 2, 3)) | (np.abs(totals - 1.0) > _sum_tolerance(array))
    if bad.any():
        first = int(np.argmax(bad))
        own = f"{array_of(pmfs, name)}[{first}]"
        _check_mass(array[first], f"{name}[{first}]", own)
    return np.ascontiguousarray(p / totals[:, None, None, None])


def check_pair_tables(p_ty: ArrayLike, p_sy: ArrayLike) -> tuple[Floats, Floats]:
    """Clean two pair tables and make their class marginals the same to the last bit.

    The marginals may differ by the rounding of the sums; p_sy is scaled to those of p_ty.
    """
    t = check_pmf(p_ty, "p_ty", axes=("t", "y"))
    s = check_pmf(p_sy, "p_sy", axes=("s", "y"))
    if t.shape[1] != s.shape[1]:
        raise ValueError(
            "p_ty and p_sy must have the same classes on axis 1: "
            f"p_ty has {t.shape[1]}, p_sy has {s.shape[1]}."
        )
    y_of_t, y_of_s = t.sum(axis=0), s.sum(axis=0)
    given = [_to_array(p, name, rows=False) for p, name in ((p_ty, "p_ty"), (p_sy, "p_sy"))]
    allowed = max(_sum_tolerance(table) for table in given)
    worst = int(np.argmax(np.abs(y_of_t - y_of_s)))
    if abs(y_of_t[worst] - y_of_s[worst]) > allowed:
        raise ValueError(
            "p_ty and p_sy must have the same class marginals: for class "
            f"{worst} p_ty sums to {y_of_t[worst]:.9g}, p_sy to {y_of_s[worst]:.9g}; "
            "build both from the same samples."
        )
    return match_class_marginals(t, s)


def check_covariance(
    cov: ArrayLike, dims: object, name: str = "cov"
) -> tuple[Floats, tuple[int, int, int]]:
    """Clean a joint covariance of T, S, Y: float64, exactly symmetric, no negative variance.

    Returns
    -------
    cov : ndarray of float64, shape (n_units, n_units)
    dims : tuple of three int
        Numbers of units of T, S and Y, adding up to n_units.
    """
    array = _to_table(cov, name, "variances and covariances")
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ValueError(f"{name} must be square, one row a unit; got shape {array.shape}.")
    sizes = check_dims(dims)
    if sum(sizes) != len(array):
        raise ValueError(
            f"dims must add up to the {len(array)} units of {name}: {sizes[0]} of T, {sizes[1]} "
            f"of S and {sizes[2]} of Y make {sum(sizes)}."
        )
    _check_finite(array, name, cure="estimate it from rows without missing values")
    if array.dtype == np.float16:
        raise TypeError(
            f"{name} has dtype float16, whose rounding of a thousandth is too coarse for a "
            "covariance; compute it in float64."
        )
    matrix = array.astype(np.float64)
    variance = np.diag(matrix)
    if (variance < 0).any():
        k = int(np.argmin(variance))
        raise ValueError(
            f"{name} is indefinite: unit {k} has the variance {variance[k]:.3g}; pass a covariance."
        )
    _check_symmetric(matrix, array.dtype.name, name)
    impossible = (variance == 0) & (matrix != 0).any(axis=1)
    if impossible.any():
        k = int(np.argmax(impossible))
        raise ValueError(
            f"{name} is indefinite: unit {k} has variance 0 and a covariance with another; pass a "
            "covariance."
        )
    return 0.5 * (matrix + matrix.T), sizes


def check_dims(dims: Any) -> tuple[int, int, int]:
    """Return the numbers of units of T, S and Y, each at least 1."""
    try:
        n_t, n_s, n_y = dims
    except (TypeError, ValueError):
        raise TypeError(
            f"dims must hold three integers (units of T, of S, of Y); got {dims!r}."
        ) from None
    t, s, y = (check_integer(n, "each of dims", minimum=1) for n in (n_t, n_s, n_y))
    return t, s, y


def _check_symmetric(matrix: Floats, dtype: str, name: str) -> None:
    scale = np.sqrt(np.diag(matrix))
    off = np.abs(matrix - matrix.T) - SYMMETRY_TOLERANCE.get(dtype, 1e-8) * scale * scale[:, None]
    if (off > 0).any():
        i, j = np.unravel_index(int(np.argmax(off)), off.shape)
        raise ValueError(
            f"{name} must be symmetric: {name}[{i}, {j}] is {matrix[i, j]:.6g} and "
            f"{name}[{j}, {i}] is {matrix[j, i]:.6g}."
        )


def match_class_marginals(p_ty: Floats, p_sy: Floats) -> tuple[Floats, Floats]:
    """Scale the classes of p_sy to those of p_ty; a class absent in one is dropped from both.

    What is left sums to what p_ty did.
    """
    y_of_t, y_of_s = p_ty.sum(axis=0), p_sy.sum(axis=0)
    both = (y_of_t > 0) & (y_of_s > 0)
    whole = 1.0 if both.all() else y_of_t.sum() / y_of_t[both].sum()
    scale = np.divide(y_of_t, y_of_s, out=np.zeros_like(y_of_t), where=both)
    return p_ty * (both * whole), p_sy * (scale * whole)


def as_array(X: object, name: str) -> Array:
    """What came in as an array, of any type and shape."""
    return _to_array(X, name)


def as_stored(X: Any, name: str) -> Stored:
    """What came in, of any type and shape, to be read by parts; nothing of it is read yet."""
    return _stored(X, name) or _stored_here(_to_array(X, name))


def _stored(X: Any, name: str) -> Stored | None:
    """What is read by parts: lazy arrays, and types that NumPy has not."""
    with _readable(name):
        refuse_tensor(X, name)
        return None if hasattr(X, "nnz") else stored(X)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Say of whom it is where a library can't read what it stores, as of a file that is closed."""
    try:
        yield
    except (OSError, RuntimeError, KeyError) as error:
        raise ValueError(
            f"{name} can't be read from where it is stored ({type(error).__name__}: {error}); "
            "open it again, or pass a NumPy array."
        ) from None


def _read_if_layer(X: Any, name: str) -> Any:
    """The array of a layer in a file; readers of files are loaded by those who have one."""
    from pidtools import activations

    return activations.read(X, name) if isinstance(X, activations.Layer) else X


def _to_array(X: Any, name: str, *, rows: bool = True) -> Array:
    """An array of whatever came in; of objects only where these are of no plain kind."""
    if isinstance(X, PathLike):
        X = _read_if_layer(X, name)
    if isinstance(X, str | PathLike):
        raise TypeError(
            f"{name} is a path; pass the array in the file, pidtools.activations.read"
            f"({os.fspath(X)!r}, {name!r})."
        )
    if X is None:
        raise TypeError(f"{name} must be an array; got {type(X).__name__}.")
    refuse_container(X, name)
    by_parts = _stored(X, name)
    if by_parts is not None:
        with _readable(name):
            return by_parts.whole()
    refuse_sparse(X, name)
    refuse_masked(X, name, rows=rows)
    try:
        array = np.asarray(X) if not _is_mixed_numbers(X) else _as_floats(X)
    except MemoryError:
        raise
    except Exception as error:  # of whichever library it comes from
        if rows:
            refuse_parts(X, name)
            _refuse_ragged(X, name)
        raise TypeError(
            f"{name} can't be read as an array ({type(X).__name__}: {error}); "
            "pass a NumPy array with one row a sample."
        ) from None
    few_bits = stored(array)  # as arrays of JAX come, and lists of scalars
    if few_bits is not None:
        return few_bits.whole()
    if array.dtype.kind == "T":  # NumPy's strings of any length, which may lack some
        array = array.astype(object)
    if array.dtype.kind in "US" and isinstance(X, (list, tuple)):
        array = _without_made_up_strings(array, X)
    if array.dtype == object and array.ndim == 0:
        raise TypeError(f"{name} must be an array; got {type(X).__name__}.")
    return settled(array)


def _refuse_ragged(X: Any, name: str) -> None:
    if not isinstance(X, list | tuple) or not all(isinstance(row, list | tuple) for row in X):
        return
    lengths = [len(row) for row in X]
    other = next((k for k, n in enumerate(lengths) if n != lengths[0]), None)
    if other is None:
        return
    raise TypeError(
        f"{name} can't be read as an array (list: rows of several lengths, {lengths[0]} in row 0 "
        f"and {lengths[other]} in row {other}); pass rows of one length."
    )


def _without_columns(X: object, name: str) -> str:
    """How to leave out the columns that hold NaN or infinities."""
    if hasattr(X, "dropna"):
        return f"{name}.replace([numpy.inf, -numpy.inf], numpy.nan).dropna(axis=1)"
    own = array_of(X, name)
    return f"{own}[:, numpy.isfinite({name}).all(axis=0)]"


def array_of(X: object, name: str) -> str:
    """How to write the array that `X` is, where only arrays have a method."""
    return name if isinstance(X, np.ndarray) else f"numpy.asarray({name})"


def _is_mixed_numbers(X: object) -> bool:
    """Whether a table of pandas holds numbers alone that NumPy would make objects of.

    Those are types of its own, and bools beside numbers.
    """
    if not (hasattr(X, "iloc") and hasattr(X, "to_numpy")):
        return False
    kinds: Any = getattr(X, "dtypes", None)
    columns = list(kinds) if hasattr(kinds, "__iter__") else [kinds]
    letters = {str(getattr(kind, "kind", "O")) for kind in columns}
    if not letters <= set("biuf") or (len(columns) == 1 and "f" not in letters):
        return False  # one column of whole numbers stays one of symbols
    own = any(not isinstance(kind, np.dtype) for kind in columns)
    return own or (len(letters) > 1 and "b" in letters)


def _as_floats(X: Any) -> Array:
    return np.asarray(X.to_numpy(dtype=np.float64, na_value=np.nan))


def _without_made_up_strings(array: Array, X: object) -> Array:
    """The array, or one of objects where NumPy made strings of something else (1, nan)."""
    objects = np.asarray(X, dtype=object)
    kind = str if array.dtype.kind == "U" else bytes
    return array if all(isinstance(value, kind) for value in objects.ravel()) else objects


def _check_kind(array: Array, name: str, kinds: str, wanted: str, role: Role) -> None:
    if array.dtype.kind == "c":
        parts = f"numpy.column_stack([numpy.real({name}), numpy.imag({name})])"
        cure = {
            "labels": f"np.unique({name}, return_inverse=True)[1] where each number is a class",
            "table": f"numpy.real({name}) where the rest is rounding",
        }.get(role, f"its parts side by side: {parts}")
        raise TypeError(f"{name} is complex; pass real numbers, such as {cure}.")
    if array.dtype == np.dtype("V1"):
        raise TypeError(
            f"{name} has dtype |V1, as float8 comes back from a file, which does not say of which "
            f"kind; pass it by its name, such as {name}.view(ml_dtypes.float8_e4m3fn), or "
            "save it as float32."
        )
    if array.dtype.names is not None:
        cure = f"pass one of them, such as {name}[{array.dtype.names[0]!r}]"
        if role in ("source", "amounts"):
            columns = f"numpy.column_stack([{name}[field] for field in {name}.dtype.names])"
            cure = f"pass them as columns: {columns}"
        raise TypeError(f"{name} has fields ({', '.join(array.dtype.names)}); {cure}.")
    if array.dtype.kind not in kinds:
        times = array.dtype.kind in "mM" and role != "table"
        more = f" {_of_times(array, name, role)}" if times else ""
        raise TypeError(f"{name} has dtype {array.dtype}; pass {wanted}.{more}")


def _of_times(array: Array, name: str, role: Role) -> str:
    without = missing(array)
    if len(without):
        return (
            f"{len(without)} times are missing (first at row {without[0]}): drop those rows from "
            "T, S and Y together."
        )
    amount = f'numpy.asarray({name}).astype("int64").astype(float)'
    codes = f"np.unique({name}, return_inverse=True)[1]"
    if role == "source":
        return f"As an amount: {amount}; as symbols: {codes}."
    return f'As classes: {codes}; as an amount: {amount} with estimator="gaussian".'


def _check_shape(array: Array, name: str, own: str) -> None:
    if array.ndim == 0:
        raise ValueError(f"{name} is a single value; pass one row a sample, shape (n, d).")
    if array.ndim > 2:
        raise ValueError(
            f"{name} has {array.ndim} axes, shape {array.shape}; pass shape (n, d). "
            f"{how_to_pool(array.shape, name, own)}"
        )
    if array.size == 0:
        raise ValueError(f"{name} is empty: its shape is {array.shape}.")


def how_to_pool(shape: tuple[int, ...], name: str, as_array: str = "") -> str:
    """Lines to paste for representations of more than two axes; as what to call their methods."""
    own = name if name.replace("[", "").replace("]", "").isidentifier() else "X"
    methods_of = (as_array or own).replace(name, own)
    if len(shape) == 3:
        ways = [
            f"tokens, (n, tokens, units) = {shape}: "
            f'pidtools.pool({own}, "mean", layout="ntd") is the mean over tokens; '
            f"signals, (n, channels, length) = {shape}: "
            f'pidtools.pool({methods_of}.transpose(0, 2, 1), "mean", layout="ntd")'
        ]
    elif len(shape) == 4:
        ways = [
            f'feature maps, (n, channels, height, width) = {shape}: pidtools.pool({own}, "mean", '
            f'layout="nchw"); (n, height, width, channels) = {shape}: pidtools.pool({own}, "mean", '
            'layout="nhwc")'
        ]
    else:
        ways = [
            "keep samples and units alone: "
            f"(n, units, ...): {methods_of}.reshape({shape[0]}, {shape[1]}, -1).mean(axis=2); "
            f"(n, ..., units): {methods_of}.reshape({shape[0]}, -1, {shape[-1]}).mean(axis=1)"
        ]
    if math.prod(shape[1:]) <= shape[0]:
        ways.append(f"to flatten: {methods_of}.reshape(len({own}), -1)")
    return f"{'; '.join(ways)[:1].upper()}{'; '.join(ways)[1:]}."


def _check_label_shape(array: Array, name: str, own: str) -> None:
    if array.ndim == 0 or array.ndim > 2:
        raise ValueError(f"{name} must hold one label a sample, shape (n,); got {array.shape}.")
    if array.size == 0:
        raise ValueError(f"{name} is empty: its shape is {array.shape}.")
    if array.ndim == 2 and len(array) == 1 and array.shape[1] > 1:
        raise ValueError(
            f"{name} must hold one label a sample, shape (n,); got {array.shape}, one row. Pass "
            f"{own}.ravel()."
        )
    if array.ndim == 2 and array.shape[1] > 1 and array.dtype.kind in "US":
        raise ValueError(
            f"{name} must hold one label a sample, shape (n,); got {array.shape}. Of several "
            f"labels a sample choose one, such as {own}[:, 0], or take each combination for a "
            f"class: np.unique({own}, axis=0, return_inverse=True)[1]."
        )
    if array.ndim == 2 and array.shape[1] > 1:
        raise ValueError(
            f"{name} must hold one label a sample, shape (n,); got {array.shape}. "
            f"If it is one-hot or holds scores: {own}.argmax(axis=1). Of several labels a "
            "sample choose one. If it measures several amounts a sample: "
            f'{own}.astype(float) with estimator="gaussian".'
        )


def _as_working_float(array: Array) -> Array:
    if array.dtype == np.float16:
        return array.astype(np.float32)
    if array.dtype == np.float32:
        return array
    with np.errstate(over="ignore"):  # long doubles beyond any double are refused as infinite
        return array.astype(np.float64, copy=False)


def _check_finite(
    array: Source,
    name: str,
    *,
    cure: str = "",
    minus_infinity: bool = False,
    of_columns: str = "",
) -> None:
    """Refuse NaN and infinities, with a cure, or with the one that keeps most of the data.

    What leaves out columns, `of_columns`, is offered where rows without are few.
    """
    if array.dtype.kind != "f" or not array.size:
        return
    columns = array if isinstance(array, LazyRows) else np.atleast_1d(array)
    columns = columns if isinstance(columns, LazyRows) else columns.reshape(len(columns), -1)
    bad, largest = _Bad(columns.shape[1]), 0.0
    # By blocks: a flag for each entry of wide activations takes a quarter of their memory.
    for rows, block in blocks_of(columns):
        fine = np.isfinite(block)
        if minus_infinity:
            fine |= np.isneginf(block)
        if not fine.all():
            bad.count(block, fine, rows.start)
        elif array.dtype.itemsize > 4:
            low = (
                block.min(initial=0.0, where=np.isfinite(block)) if minus_infinity else block.min()
            )
            largest = max(largest, float(block.max()), float(-low))
    if bad.n:
        raise ValueError(
            f"{name} holds {bad.found()}; {cure or bad.cure(len(columns), of_columns)}."
        )
    if largest > LARGEST_FEATURE:
        raise ValueError(f"{name} holds values beyond {LARGEST_FEATURE:g}; rescale it.")


class _Bad:
    """What is not finite: how many entries of which kind, in which rows and columns."""

    def __init__(self, width: int) -> None:
        self.n = self.n_nan = self.n_below = self.n_rows = 0
        self.first = -1
        self.in_column = np.zeros(width, dtype=np.int64)

    def count(self, block: Array, fine: Array, start: int) -> None:
        rows = np.flatnonzero(~fine.all(axis=1))
        self.first = start + int(rows[0]) if self.first < 0 else self.first
        self.n_rows += len(rows)
        self.n += int((~fine).sum())
        self.n_nan += int(np.isnan(block).sum())
        self.n_below += int(np.isneginf(block).sum())
        self.in_column += (~fine).sum(axis=0)

    def found(self) -> str:
        kind = "NaN" if self.n_nan == self.n else "NaN or infinite values"
        rows = f"{self.n_rows} row{'s' if self.n_rows > 1 else ''}"
        return f"{self.n} {kind} in {rows} (first at row {self.first})"

    def cure(self, n_rows: int, of_columns: str) -> str:
        """What keeps most of the data: without those rows, or without those columns."""
        if self.n_below == self.n and len(self.in_column) > 1 and of_columns:
            return (
                "if they are logits, with -inf for what can't be: "
                'estimator=pidtools.Probe(inputs="logits") takes them as they are; else '
                f"{self._plain_cure(n_rows, of_columns)}"
            )
        return self._plain_cure(n_rows, of_columns)

    def _plain_cure(self, n_rows: int, of_columns: str) -> str:
        n_columns, width = int((self.in_column > 0).sum()), len(self.in_column)
        if 2 * self.n_rows <= n_rows or (width == 1 and self.n_rows < n_rows):
            return "drop those rows from T, S and Y together"
        if n_columns < width and of_columns:
            return f"leave out the {n_columns} of {width} columns that have them: {of_columns}"
        if self.n_rows < n_rows:
            return "drop those rows from T, S and Y together, or compute it anew"
        return "no row is without, so compute it anew"


def _refuse_objects(array: Array, name: str) -> None:
    """Say why an array of objects is no representation."""
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if len(missing(array)):
        _refuse_missing(array, name)
    kinds = kinds_of(array)
    if array.ndim == 2:
        others = columns_without_numbers(array)
        if others and len(others) < array.shape[1]:
            held = ", ".join(f"column {j} {kind}" for j, kind in list(others.items())[:MOST_SHOWN])
            more = ", ..." if len(others) > MOST_SHOWN else ""
            raise TypeError(
                f"{name} mixes types ({', '.join(kinds)}): {held}{more} among numbers. Leave such "
                f"columns out, numpy.delete(numpy.asarray({name}), {list(others)}, axis=1), or "
                "encode them as numbers."
            )
    elif kinds == ["int"]:
        raise TypeError(
            f"{name} holds whole numbers beyond 64 bits; as symbols pass np.unique({name}, "
            "return_inverse=True)[1]."
        )
    elif set(kinds) <= PLAIN_KINDS:
        raise TypeError(
            f"{name} mixes types ({', '.join(kinds)}); make them one, for example with "
            f"numpy.asarray({name}, dtype=str) for symbols."
        )
    raise TypeError(
        f"{name} has dtype object (holding {', '.join(kinds)}); pass numbers, or one column of "
        "integers, bools or strings."
    )


def _refuse_missing(array: Array, name: str) -> None:
    entries = missing(array)
    rows = np.unique(entries // max(array[:1].size, 1))
    raise ValueError(
        f"{name} holds {len(entries)} missing values in {len(rows)} rows (first at row {rows[0]}); "
        "drop those rows from T, S and Y together."
    )


def _refuse_columns_of_strings(array: Array, name: str) -> None:
    try:
        array[:MOST_TRIED].astype(np.float64)
    except ValueError:
        cure = (
            f"encode {name} as numbers: sklearn.preprocessing.OneHotEncoder(sparse_output=False)"
            f".fit_transform({name})"
        )
    else:
        cure = f"or, as they are numbers in words, numpy.asarray({name}, dtype=float)"
    raise TypeError(
        f"{name} holds strings in {array.shape[1]} columns; pass one column of symbols, or take "
        f"each distinct row for one, np.unique({name}, axis=0, return_inverse=True)[1]; {cure}."
    )


def _refuse_objects_as_labels(array: Array, name: str) -> None:
    without = missing(array)
    if len(without):
        rows = np.unique(without // max(array[:1].size, 1))
        raise ValueError(
            f"{name} holds {len(without)} missing labels (first at row {rows[0]}); drop "
            "those rows from T, S and Y together."
        )
    _refuse_mixed_types(array, name)
    (kind,) = kinds_of(array)
    if kind == "int":
        raise TypeError(
            f"{name} holds whole numbers beyond 64 bits; use np.unique({name}, "
            "return_inverse=True)[1]."
        )
    _refuse_several(array, name)
    raise TypeError(
        f"{name} has dtype object holding {kind}; use [str(label) for label in {name}]."
    )


def _refuse_several(array: Array, name: str) -> None:
    """Refuse labels that are lists or arrays of their own."""
    (kind,) = kinds_of(array)
    if kind in ("list", "dict", "set", "ndarray"):
        raise TypeError(
            f"{name} has dtype object holding {kind}; pass one label a sample: integers, bools or "
            "strings."
        )


def _refuse_mixed_types(array: Array, name: str) -> None:
    kinds = kinds_of(array)
    if len(kinds) > 1:
        plain = set(kinds) <= PLAIN_KINDS
        cure = f"numpy.asarray({name}, dtype=str)" if plain else f"[str(label) for label in {name}]"
        raise TypeError(
            f"{name} mixes types ({', '.join(kinds)}); make them one, for example with {cure}."
        )


def _labels_from_floats(array: Array, name: str) -> Array:
    _check_finite(array, name)
    if (array != np.floor(array)).any():
        raise ValueError(
            f"{name} holds {len(np.unique(array))} distinct values in {len(array)} samples, "
            f"not all whole numbers, and looks continuous; bin it first, or use "
            f'estimator="gaussian"; if these are class labels pass '
            f"np.unique({name}, return_inverse=True)[1]."
        )
    return array


def _check_classes(classes: Array, n_samples: int, name: str, own: str) -> None:
    if len(classes) == 1:
        raise ValueError(
            f"{name} holds one class ({classes[0]}) in {n_samples} samples; there is nothing "
            "to know about a constant: pass labels of at least two classes."
        )
    many = len(classes) > CONTINUOUS_SHARE * n_samples and n_samples >= CONTINUOUS_MIN_SAMPLES
    if not many:
        return
    alone = (
        "as labels they leave fewer than two rows a class, and what tells a class of one row can't "
        "be learned from others"
    )
    if classes.dtype.kind in "US":
        raise ValueError(
            f"{name} holds {len(classes)} distinct strings in {n_samples} samples; {alone}. Pass "
            "coarser classes, or more rows of each."
        )
    raise ValueError(
        f"{name} holds {len(classes)} distinct values in {n_samples} samples and looks "
        f"continuous or like an index; {alone}. Pass class labels with more rows of each, bin it "
        f'first, or if it measures an amount pass {own}.astype(float) with estimator="gaussian".'
    )


def _sum_tolerance(array: Array) -> float:
    return SUM_TOLERANCE.get(array.dtype.name, SUM_TOLERANCE["float64"])


def _check_mass(array: Array, name: str, own: str) -> Floats:
    p = _without_rounding(array)
    if (p < 0).any():
        where = tuple(int(k) for k in np.argwhere(p < 0)[0])
        raise ValueError(
            f"{name} holds {int((p < 0).sum())} negative cells (first {p[where]:.3g} at "
            f"{list(where)}); probabilities are at least 0."
        )
    total = float(p.sum())
    if abs(total - 1.0) > _sum_tolerance(array):
        counts = total > 1.5 and bool((p == np.floor(p)).all())
        hint = " and looks like counts" if counts else ""
        cure = f"divide by {own}.sum()" if total > 0 else "it holds no mass"
        raise ValueError(f"{name} sums to {total:.9g}{hint}, not 1; {cure}.")
    p /= total
    return np.where(p < SMALLEST_PROBABILITY, 0.0, p)
