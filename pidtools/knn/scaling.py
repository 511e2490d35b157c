"""Sources in a scale in which distances mean something; sources that share a component."""

from __future__ import annotations

import numpy as np

from pidtools._magnitudes import as_columns, exponents_of, note_on_decades
from pidtools._remarks import Rank, Remark
from pidtools._types import Array, Floats

# A column whose deviation is below this share of its values holds rounding, not information.
CONSTANT_SHARE = 1e-12
# Directions of less variance than this share of the largest are dropped by whitening.
RANK_TOLERANCE = 1e-10
# 1 - (canonical correlation)^2 below which X and Y share a component exactly.
COPY_TOLERANCE = 1e-12
# Directions of less than this share are no component to speak of.
COPY_RANK = 1e-6


def rescale(scale: str, **sources: Floats) -> tuple[list[Floats], tuple[Remark, ...]]:
    """Sources in the scale asked for, without their constant columns, and what was done."""
    remarks: list[Remark] = []
    scaled = []
    exponents = {name: exponents_of(source) for name, source in sources.items()}
    common = max((int(found.max()) for found in exponents.values() if found.size), default=0)
    for name, given in sources.items():
        # Powers of two change no digit, and no unit is so small that squares vanish.
        source = np.ldexp(given, -(common if scale == "none" else exponents[name]))
        # Shifted first, so that a large offset does not hide the deviation.
        centred = source - source.mean(axis=0)
        deviations = centred.std(axis=0)
        varies = deviations > CONSTANT_SHARE * np.abs(source).max(axis=0)
        if scale != "none" and source.shape[1] > 1:
            remarks += [own.about(name) for own in note_on_decades(source)]
        if not varies.all():
            text = f"{int((~varies).sum())} constant columns left out."
            remarks.append(Remark(text, "note", Rank.changed, (name,)))
        centred, deviations = centred[:, varies], deviations[varies]
        if scale == "none":
            centred = source[:, varies]  # a mean taken off rounds, and breaks ties of distances
        elif scale == "standardise":
            centred = centred / deviations
        elif scale == "whiten" and centred.size:
            centred = _whiten(centred / deviations)
        scaled.append(centred)
    remarks.append(Remark(_SCALE_NOTES[scale], "detail", Rank.general))
    return scaled, tuple(remarks)


_SCALE_NOTES = {
    "standardise": "columns were divided by their standard deviations.",
    "whiten": "columns of each source were turned and scaled to unit covariance.",
    "none": "columns were taken in the units they came in; neighbours depend on those.",
}


def _whiten(x: Floats) -> Floats:
    """Unit covariance; equal rows stay equal to the bit, which products need not grant."""
    rows, back = np.unique(x, axis=0, return_inverse=True)
    whitened: Floats = (rows @ _whitener(x, RANK_TOLERANCE))[back.ravel()]
    return whitened


def _whitener(centred: Floats, tolerance: float) -> Floats:
    """Directions of unit variance, without those whose share of the largest is `tolerance`."""
    variances, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    kept = variances > tolerance * variances[-1]
    directions: Floats = axes[:, kept] / np.sqrt(variances[kept])
    return directions


def refuse_copies(x: Floats, y: Floats) -> None:
    """Refuse sources that share a linear component exactly, unless it is discrete."""
    if len(x) <= x.shape[1] + y.shape[1] + 1 or not (_is_spread(x) and _is_spread(y)):
        return
    u, v = (z @ _whitener(z, COPY_RANK) for z in (x - x.mean(axis=0), y - y.mean(axis=0)))
    correlation = np.linalg.norm(u.T @ v / len(x), 2)
    if 1 - correlation**2 < COPY_TOLERANCE:
        raise ValueError(
            "X and Y share a component exactly (a column, or a linear combination of columns, "
            "of one is one of the other), so their information is infinite; drop that component "
            "from one of them or add the noise that the question is about."
        )


def _is_spread(x: Floats) -> bool:
    """Whether some column looks continuous: most of its values are distinct."""
    return any(len(np.unique(column)) > len(x) / 2 for column in x.T)


def as_numbers(source: Array, name: str) -> Floats:
    """Features (n, d) in double precision of a clean source."""
    return as_columns(source, name).astype(np.float64)
