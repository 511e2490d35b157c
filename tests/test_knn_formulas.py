"""The formulas of neighbours, their tie rule, scales and judgements, against plain definitions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from helpers import all_said
from scipy.optimize import brentq
from scipy.special import digamma, gammaln

from pidtools import knn
from pidtools._types import Codes, Floats
from pidtools.knn import formulas, scaling
from pidtools.knn.informations import NeighbourEstimate

# Sums of a hundred digammas in another order.
ROUNDING = 1e-11
METRICS = ["chebyshev", "euclidean"]


def integers(n: int, d: int, seed: int = 0) -> Floats:
    """Whole numbers, many of them equal."""
    return np.round(1.5 * np.random.default_rng(seed).normal(size=(n, d)))


def distances(x: Floats, metric: str) -> Floats:
    """Between all points, squared if Euclidean, so that whole numbers stay exact."""
    gaps = np.abs(x[:, None, :] - x[None, :, :])
    found: Floats = gaps.max(axis=2) if metric == "chebyshev" else (gaps**2).sum(axis=2)
    return found


class Shell(SimpleNamespace):
    """What the tie rule sees from one point: see `formulas`."""

    atom: bool
    radius: float
    reached: float
    joint: int
    tied: bool


def shell(others: Floats, k: int) -> Shell:
    """From the distances to all others."""
    radius = float(np.sort(others)[k - 1])
    inside, on = int((others < radius).sum()), int((others == radius).sum())
    if radius == 0:
        return Shell(atom=True, radius=0.0, reached=0.0, joint=on + 1, tied=True)
    # `on` points evenly over the shell: of these the m-th is expected at m / (on + 1).
    return Shell(
        atom=False, radius=radius, reached=(k - inside) / (on + 1), joint=k, tied=on > k - inside
    )


def seen_in(own: Floats, at: Shell) -> tuple[int, int]:
    """Points of a space strictly nearer, itself included, and in the shell but for one."""
    if at.atom:
        return int((own == 0).sum()), 0
    return int((own < at.radius).sum()), max(int((own == at.radius).sum()) - 1, 0)


def ksg_with_ties(x: Floats, y: Floats, k: int, variant: int, metric: str) -> tuple[float, int]:
    d_x, d_y = distances(x, metric), distances(y, metric)
    n, total, n_tied = len(x), 0.0, 0
    for i in range(n):
        joint = np.maximum(d_x[i], d_y[i])
        at = shell(np.delete(joint, i), k)
        n_tied += at.tied
        (x_in, x_on), (y_in, y_on) = seen_in(d_x[i], at), seen_in(d_y[i], at)
        if variant == 2 and not at.tied and x_on + y_on == 0:
            near = np.argsort(joint + np.where(np.arange(n) == i, np.inf, 0))[:k]
            n_x = (d_x[i] <= d_x[i][near].max()).sum() - 1
            n_y = (d_y[i] <= d_y[i][near].max()).sum() - 1
            total += digamma(k) - 1 / k - digamma(n_x) - digamma(n_y)
            continue
        more = (x_in + x_on) * (y_in + y_on) - x_in * y_in

        def missing(depth: float, a: Any = (x_in, x_on, y_in, y_on, more, at.reached)) -> float:
            grown = (a[0] + depth * a[1]) * (a[2] + depth * a[3]) - a[0] * a[2]
            return float(grown - a[5] * a[4])

        depth = brentq(missing, 0, 1, xtol=1e-15) if more else 0.0
        total += digamma(at.joint) - digamma(x_in + depth * x_on) - digamma(y_in + depth * y_on)
    return float(total / n + digamma(n)), n_tied


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("variant", [1, 2])
@pytest.mark.parametrize(("d", "k", "n"), [(1, 3, 70), (2, 2, 60), (2, 1, 9), (3, 5, 70)])
def test_ksg_with_ties_is_its_rule(metric: Any, variant: Any, d: int, k: int, n: int) -> None:
    x, noise = integers(n, d), integers(n, d, seed=1)
    y = np.where(noise > 1, x, noise)
    y[: n // 3] += 0.001 * np.arange(n // 3)[:, None]  # a third of the points without ties
    found = knn.ksg(x, y, n_neighbors=k, variant=variant, metric=metric, scale="none", units="nats")
    value, n_tied = ksg_with_ties(x, y, k, variant, metric)
    assert found.value == pytest.approx(value, abs=ROUNDING)
    assert (found.n_tied, found.n_samples) == (n_tied, n)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("k", [1, 3])
def test_ross_with_ties_is_its_rule(metric: Any, k: int) -> None:
    """Classes of 1, 2, 4 and many; strings, in no order."""
    rng = np.random.default_rng(0)
    labels = np.array(["c", *["a"] * 2, *["d"] * 4, *["b"] * 40, *["e"] * 33])
    labels = labels[rng.permutation(80)]
    x = integers(80, 2) + 0.1 * (labels == "e")[:, None] * rng.normal(size=(80, 2))
    found = knn.ross(x, labels, n_neighbors=k, metric=metric, scale="none", units="nats")
    d, total, n_tied = distances(x, metric), 0.0, 0
    kept = labels != "c"
    for i in np.nonzero(kept)[0]:
        same = labels == labels[i]
        mates = np.delete(d[i], i)[np.delete(same, i)]
        at = shell(mates, min(k, len(mates)))
        inside, on = seen_in(d[i][kept], at)
        near = inside + at.reached * on
        total += digamma(at.joint) - digamma(same.sum()) - digamma(near)
        n_tied += at.tied
    assert found.value == pytest.approx(total / 79 + digamma(79), abs=ROUNDING)
    assert (found.n_tied, found.n_samples) == (n_tied, 79)


@pytest.mark.parametrize("metric", METRICS)
def test_conditional_with_ties_is_its_rule(metric: Any) -> None:
    x, y, z = (integers(60, d, seed) for seed, d in enumerate((1, 2, 1)))
    found = knn.conditional(x, y, z, n_neighbors=2, metric=metric, scale="none", units="nats")
    d_x, d_y, d_z = (distances(a, metric) for a in (x, y, z))
    total, n_tied = 0.0, 0
    for i in range(60):
        at = shell(np.delete(np.maximum(np.maximum(d_x[i], d_y[i]), d_z[i]), i), 2)
        counts = [np.maximum(d_x[i], d_z[i]), np.maximum(d_y[i], d_z[i]), d_z[i]]
        xz, yz, of_z = (a + at.reached * b for a, b in (seen_in(each, at) for each in counts))
        total += digamma(at.joint) - digamma(xz) - digamma(yz) + digamma(of_z)
        n_tied += at.tied
    assert found.value == pytest.approx(total / 60, abs=ROUNDING)
    assert found.n_tied == n_tied > 0


@pytest.mark.parametrize("metric", METRICS)
def test_mixture_counts_copies_where_there_are_enough(metric: Any) -> None:
    rng = np.random.default_rng(3)
    x = np.where(rng.random((60, 1)) < 0.7, integers(60, 1), rng.normal(size=(60, 1)))
    y = np.where(rng.random((60, 1)) < 0.7, x, integers(60, 1, 1))
    found = knn.mixture(x, y, n_neighbors=2, metric=metric, scale="none", units="nats")
    d_x, d_y = distances(x, metric), distances(y, metric)
    total, n_atoms = 0.0, 0
    for i in range(60):
        joint = np.delete(np.maximum(d_x[i], d_y[i]), i)
        radius = np.sort(joint)[1]
        n_atoms += radius == 0
        total += digamma((joint == 0).sum() if radius == 0 else 2) + np.log(60)
        total -= np.log((d_x[i] <= radius).sum()) + np.log((d_y[i] <= radius).sum())
    assert found.value == pytest.approx(total / 60, abs=ROUNDING)
    assert found.n_tied == n_atoms > 0


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scale", ["none", "standardise", "whiten"])
@pytest.mark.parametrize("d", [1, 2])
def test_entropy_is_that_of_kozachenko_and_leonenko(metric: Any, scale: Any, d: int) -> None:
    """In units that are no powers of two; a scale is taken back from the result."""
    x = np.random.default_rng(0).normal(size=(40, d)) * [3000, 0.7][:d] + 5
    x[0] = x[1] + 0.1
    x[2] = x[1] - 0.1
    found = knn.entropy(x, n_neighbors=2, metric=metric, scale=scale, units="nats")
    spread = x.std(axis=0) if scale != "none" else np.ones(d)
    d_x = distances(x / spread, metric)
    radii = np.sort(d_x, axis=1)[:, 2] ** (0.5 if metric == "euclidean" else 1)
    ball = d * np.log(2) if metric == "chebyshev" else np.log(np.pi ** (d / 2))
    ball -= gammaln(d / 2 + 1) if metric == "euclidean" else 0
    expected = digamma(40) - digamma(2) + ball + d * np.log(radii).mean() + np.log(spread).sum()
    assert found.value == pytest.approx(expected, abs=1e-9)
    assert found.n_samples == 40


def test_an_atom_in_an_entropy_is_counted() -> None:
    x = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 2.0, 5.0])
    with pytest.raises(ValueError, match="X holds 3 rows with at least 2 exact copies"):
        knn.entropy(x, n_neighbors=2)
    found = knn.entropy(x, n_neighbors=3)
    assert found.n_tied == sum(
        (np.abs(x - a) <= r).sum() > 4 for a, r in zip(x, np.sort(np.abs(x - x[:, None]))[:, 3],
        strict=True))  # fmt: skip
    with pytest.raises(ValueError, match="constant column"):
        knn.entropy(np.stack([x, x * 0], axis=1), n_neighbors=3)


def test_three_neighbours_and_the_first_variant_unless_asked() -> None:
    x, y, z = np.random.default_rng(0).normal(size=(3, 50))
    assert knn.ksg(x, y) == knn.ksg(x, y, n_neighbors=3, variant=1)
    assert knn.ksg(x, y) != knn.ksg(x, y, variant=2)
    assert knn.mixture(x, y) == knn.mixture(x, y, n_neighbors=3)
    assert knn.conditional(x, y, z) == knn.conditional(x, y, z, n_neighbors=3)
    assert knn.entropy(x) == knn.entropy(x, n_neighbors=3)
    assert knn.ross(x, y > 0) == knn.ross(x, y > 0, n_neighbors=3)


def test_options_go_by_name() -> None:
    x, y, z = np.random.default_rng(0).normal(size=(3, 50))
    for measure, given in (
        (knn.ksg, {"X": x, "Y": y}),
        (knn.mixture, {"X": x, "Y": y}),
        (knn.ross, {"X": x, "Y": y > 0}),
        (knn.conditional, {"X": x, "Y": y, "Z": z}),
        (knn.entropy, {"X": x}),
    ):
        anything: Any = measure
        assert anything(**given) == anything(*given.values())
        with pytest.raises(TypeError, match="positional argument"):
            anything(*given.values(), 3)


def test_what_does_not_vary_tells_nothing() -> None:
    x, constant = np.random.default_rng(0).normal(size=30), np.full(30, 7.0)
    for found in (
        *(knn.ksg(*pair) for pair in ((x, constant), (constant, x))),
        *(knn.mixture(*pair) for pair in ((x, constant), (constant, x))),
        *(knn.conditional(a, b, x**2) for a, b in ((x, constant), (constant, x))),
        knn.ross(constant, x > 0),
    ):
        assert (found.value, found.n_samples, found.n_tied) == (0, 30, 0)
        assert (found.effective_dimension, found.expected_error) == (0, 0)
        assert all_said(found)
    y = x + np.random.default_rng(1).normal(size=30)
    assert knn.conditional(x, y, constant).value == knn.ksg(x, y).value
    assert any("constant" in said for said in all_said(knn.conditional(x, y, constant)))


def test_copies_are_refused_by_all() -> None:
    x, z = np.random.default_rng(0).normal(size=(2, 50))
    for measure in (knn.ksg, knn.mixture, lambda a, b: knn.conditional(a, b, z)):
        with pytest.raises(ValueError, match="X and Y share a component exactly"):
            measure(x, 3 - 2 * x)


# --- dimension and judgement ------------------------------------------------------------------


def test_dimension_is_that_of_growing_numbers_of_neighbours() -> None:
    """Levina and Bickel: the mean of log r_k / r_j, over all points at once; one beyond zero."""
    near = np.array([[1.0, 2.0, 4.0], [0.0, 1.0, 2.0], [0.5, 0.5, 1.0], [1.0, 1.0, 1.0]])
    logs = np.log([4, 2, 2, 2, 1, 1])
    wide = np.zeros((4, 9))
    expected = len(logs) / logs.sum()
    assert formulas.dimension_of(near, False, wide) == pytest.approx(expected)
    assert formulas.dimension_of(near, True, wide) == pytest.approx(2 * expected)
    assert formulas.dimension_of(near, True, np.zeros((4, 1)), np.zeros((4, 1))) == 2
    assert formulas.dimension_of(near[:, :1], False, wide) == 0
    assert formulas.dimension_of(np.ones((4, 3)), False, wide) == 0
    growth = formulas._Growth()
    growth.add(near[:2])
    growth.add(near[2:])
    assert growth.dimension(False, wide) == pytest.approx(expected)


def test_dimension_of_every_formula_is_that_of_its_joint_distances() -> None:
    rng = np.random.default_rng(0)
    x, y, z = rng.normal(size=(3, 60, 2))
    labels = np.arange(60) % 2
    options: dict[str, Any] = {"n_neighbors": 4, "scale": "none"}

    def dimension(*parts: Floats, rows: Any = slice(None)) -> tuple[float, int]:
        joint = np.max([distances(part[rows], "chebyshev") for part in parts], axis=0)
        near = np.sort(joint, axis=1)[:, 1:5]
        logs = np.log(near[:, -1:] / near[:, :-1])
        return float(logs.sum()), logs.size

    for found, parts in (
        (knn.ksg(x, y, **options), (x, y)),
        (knn.mixture(x, y, **options), (x, y)),
        (knn.conditional(x, y, z, **options), (x, y, z)),
        (knn.entropy(x, **options), (x,)),
    ):
        total, n = dimension(*parts)
        columns = 2 * len(parts)
        assert found.effective_dimension == pytest.approx(min(n / total, columns))
    parts_of = [dimension(x, rows=labels == label) for label in (0, 1)]
    total, n = (sum(each) for each in zip(*parts_of, strict=True))
    found = knn.ross(x, labels, **options)
    assert found.effective_dimension == pytest.approx(min(n / total, 2))


def raw(**changes: Any) -> formulas.Raw:
    given: dict[str, Any] = {"nats": 0.5, "n_samples": 1000, "n_tied": 0, "dimension": 5.0}
    return formulas.Raw(**{**given, "remarks": (), **changes})


def test_the_share_that_is_seen_falls_with_the_dimension() -> None:
    """A half where the dimension is that of the fit, which grows with samples (of a class)."""
    assert raw().half_dimension == pytest.approx(2.27 * np.log(1000) - 3.2)
    assert raw(n_classes=10).half_dimension == pytest.approx(4.4 * np.log(100) - 4)
    assert raw(n_samples=3).half_dimension == 1
    assert raw(n_samples=3, n_classes=2).half_dimension == 1
    for n_classes in (0, 10):
        half = raw(n_classes=n_classes).half_dimension
        assert formulas.share_kept(raw(n_classes=n_classes, dimension=half)) == 0.5
        share = formulas.share_kept(raw(n_classes=n_classes, dimension=3 * half))
        assert share == pytest.approx(1 / (1 + 3**2.7))
    assert formulas.share_kept(raw(dimension=0.0)) == 1


def test_what_is_missing_is_what_the_share_leaves_out() -> None:
    share = formulas.share_kept(raw())
    missing, remarks = formulas.judge(raw())
    assert missing == pytest.approx((0.5 / share - 0.5) / np.log(2))
    assert remarks == ()
    missing, (remark,) = formulas.judge(raw(nats=-0.1))
    assert missing == 0
    assert remark.text.startswith("the estimate is negative")
    assert formulas.judge(raw(nats=0.0)) == (0, ())
    _, (remark,) = formulas.judge(raw(n_tied=1))
    assert remark.text.startswith("1 of 1000 samples are tied")
    before = formulas.judge(raw(n_tied=1))[1]
    assert formulas.judge(raw(remarks=before))[1] == before


def test_units_are_those_asked_for() -> None:
    x, noise = np.random.default_rng(0).normal(size=(2, 90))
    bits, nats = (knn.ksg(x, x + noise, units=units) for units in ("bits", "nats"))
    assert (bits.units, nats.units) == ("bits", "nats")
    assert nats.value == pytest.approx(bits.value * np.log(2))
    assert bits.expected_error > 0
    assert nats.expected_error == pytest.approx(bits.expected_error * np.log(2))
    given: dict[str, Any] = {"n_samples": 7, "n_tied": 0, "effective_dimension": 2.3456}
    shown = NeighbourEstimate(value=0.5, units="bits", expected_error=0.25, remarks=(), **given)
    with pytest.raises(TypeError, match="positional"):
        NeighbourEstimate(0.5, "bits", 7, 0, 2.0, 0.0, ())  # type: ignore[call-arg]
    assert repr(shown) == (
        "NeighbourEstimate(value=0.500 bits, n_samples=7, effective_dimension=2.35, "
        "expected_error=0.250)"
    )


def test_small_classes_are_kept_and_single_ones_are_not() -> None:
    """Sizes 1, 2, 3, 4: with three neighbours two classes have too few and one has none."""
    labels: Codes = np.repeat([0, 1, 2, 3], [1, 2, 3, 4])
    keep, remarks = formulas._members(labels, 3)
    np.testing.assert_array_equal(keep, labels > 0)
    assert [remark.text[:38] for remark in remarks] == [
        "2 classes have at most n_neighbors=3 s",
        "1 classes with a single sample were le",
    ]
    assert formulas._members(np.repeat([0, 1], 4), 3)[1] == ()
    with pytest.raises(ValueError, match="one sample in every class"):
        formulas._members(np.array([0, 2, 3]), 1)


def test_neighbours_are_fewer_than_samples() -> None:
    assert formulas.check_neighbours(4, 5) == 4
    assert formulas.check_neighbours(1, 2) == 1
    with pytest.raises(ValueError, match="n_neighbors=5 needs at least 6 samples; got 5"):
        formulas.check_neighbours(5, 5)
    with pytest.raises(ValueError, match="at least 1"):
        formulas.check_neighbours(0, 5)


# --- scales -----------------------------------------------------------------------------------


def correlated_columns(n: int = 200) -> Floats:
    x = np.random.default_rng(0).normal(size=(n, 3))
    x[:, 1] += 2 * x[:, 0]
    return x * [1, 30, 0.01] + [5, 0, 7]


def test_scales_are_their_definitions() -> None:
    x = correlated_columns()
    ((standardised,), said) = scaling.rescale("standardise", X=x)
    np.testing.assert_allclose(standardised, (x - x.mean(axis=0)) / x.std(axis=0), atol=1e-9)
    assert [remark.text[:20] for remark in said] == ["columns were divided"]
    ((whitened,), said) = scaling.rescale("whiten", X=x)
    np.testing.assert_allclose(whitened.T @ whitened / len(x), np.eye(3), atol=1e-9)
    np.testing.assert_allclose(whitened.mean(axis=0), 0, atol=1e-9)
    # Along the axes of the standardised columns, whatever the signs of these.
    variances, axes = np.linalg.eigh(np.corrcoef(x.T))
    np.testing.assert_allclose(
        np.abs(whitened), np.abs(standardised @ axes / np.sqrt(variances)), atol=1e-9
    )
    assert [remark.text[:26] for remark in said] == ["columns of each source wer"]
    ((plain, other), said) = scaling.rescale("none", X=x, Y=4 * x)
    np.testing.assert_array_equal(other, 4 * plain)
    ratio = plain / x
    assert np.all(ratio == ratio[0, 0])
    assert np.log2(ratio[0, 0]) == np.round(np.log2(ratio[0, 0]))
    assert 0.25 <= np.abs(other).max() <= 2
    assert [remark.text[:26] for remark in said] == ["columns were taken in the "]


@pytest.mark.parametrize("scale", ["standardise", "whiten", "none"])
def test_columns_of_rounding_alone_are_left_out(scale: Any) -> None:
    """A deviation of some 1e-12 of the values."""
    signs = np.where(np.arange(200) % 2, 1.0, -1.0)
    varying = [signs, 1 + 2e-12 * signs, signs**2 + np.abs(signs - 1)]
    x = np.column_stack([*varying, 1 + 5e-13 * signs, np.full(200, 5.0)])
    (scaled, other), said = scaling.rescale(scale, X=x, Y=correlated_columns())
    assert scaled.shape[1] == (1 if scale == "whiten" else 3)  # those three go together
    assert other.shape[1] == 3
    constant = [remark for remark in said if "constant" in remark.text]
    assert [remark.text for remark in constant] == ["2 constant columns left out."]
    assert constant[0].of == ("X",)
    (none,), _ = scaling.rescale(scale, X=x[:, 4:])
    assert none.shape == (200, 0)


def test_columns_over_decades_are_said_where_they_are_scaled_with_others() -> None:
    x = np.random.default_rng(0).normal(size=(50, 2)) ** [1, 31]
    for scale, n_said in (("standardise", 1), ("whiten", 1), ("none", 0)):
        said = scaling.rescale(scale, X=x, Y=x[:, 1:])[1]
        assert len(said) == 1 + n_said
        assert all(remark.of == ("X",) for remark in said[:-1])


def test_whitening_drops_directions_of_rounding_and_keeps_copies() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 300))
    # Standardised columns a and a + s b: the lesser variance is about s^2 / 4 of the larger.
    for share, n_kept in ((4e-10, 2), (2.5e-11, 1)):
        x = np.column_stack([a, a + 2 * np.sqrt(share) * b])
        (whitened,), _ = scaling.rescale("whiten", X=x)
        assert whitened.shape[1] == n_kept
    x = np.repeat(correlated_columns(50), 3, axis=0)
    (whitened,), _ = scaling.rescale("whiten", X=x[rng.permutation(150)])
    assert len(np.unique(whitened, axis=0)) == 50


def copies(share: float, n: int = 400) -> tuple[Floats, Floats]:
    """X and Y whose first columns have 1 - r^2 equal to a share, up to 1 %."""
    a, b, c = np.linalg.qr(np.random.default_rng(0).normal(size=(n, 4)) - 0.0)[0].T[:3]
    a, b, c = (each - each.mean() for each in (a, b, c))
    b = b - a * (a @ b) / (a @ a)
    y = a + np.sqrt(share * (a @ a) / (b @ b)) * b
    return np.column_stack([a, c]), y[:, None]


def test_a_shared_component_is_refused_up_to_rounding() -> None:
    scaling.refuse_copies(*copies(1.5e-12))
    with pytest.raises(ValueError, match="share a component exactly"):
        scaling.refuse_copies(*copies(7e-13))


def test_few_rows_or_values_are_no_copy() -> None:
    """Where rows are fewer than columns any two agree; and discrete columns may well do."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 2)), rng.normal(size=(6, 3))
    scaling.refuse_copies(x, np.column_stack([y[:, :2], x[:, 0]]))
    with pytest.raises(ValueError, match="share a component exactly"):
        scaling.refuse_copies(x, np.column_stack([y[:, :1], x[:, 0]]))
    for n_distinct, refused in ((30, False), (31, True)):
        x = (np.arange(60.0) % n_distinct)[:, None]
        assert scaling._is_spread(x) == refused
        if refused:
            with pytest.raises(ValueError, match="share a component exactly"):
                scaling.refuse_copies(x, x)
        else:
            scaling.refuse_copies(x, x)
    assert scaling._is_spread(np.column_stack([np.zeros(60), np.arange(60.0)]))
    # One that is spread and one that is not.
    spread, steps = np.arange(60.0)[:, None], np.floor(np.arange(60.0) / 30)[:, None]
    scaling.refuse_copies(steps, np.column_stack([steps, spread]))
    scaling.refuse_copies(np.column_stack([steps, spread]), steps)


def test_directions_of_no_size_are_no_component() -> None:
    """Less than a millionth of the variance: rounding, that both may well have in common."""
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, 400))
    for size, refused in ((1e-2, True), (1e-4, False)):
        x, y = np.column_stack([a, size * c]), np.column_stack([b, c])
        if refused:
            with pytest.raises(ValueError, match="share a component exactly"):
                scaling.refuse_copies(x, y)
        else:
            scaling.refuse_copies(x, y)
