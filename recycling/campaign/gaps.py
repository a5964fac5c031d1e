"""Telemetry that is missing: which fraction of its slots is filled, and where the gaps are.

Interface: ``completeness(times, start, end, period)`` → (fraction, gaps).
"""

from __future__ import annotations

from math import ceil, isfinite

import numpy as np
from numpy.typing import ArrayLike

from recycling.errors import BadInput

#: Periods without a sample from which on it is a gap: one lost sample is none, two are.
GAP_PERIODS = 2.5


def completeness(
    times: ArrayLike, start: float, end: float, period: float
) -> tuple[float, list[tuple[float, float]]]:
    """Fraction of filled slots, and the gaps.

    Slot i begins at start + i·period, and the last one before ``end``. A gap is a time of more
    than 2.5 periods without a sample, also before the first and after the last one.

    Args:
        times: times of the samples (samples), s, in any order; those outside are left out.
        start: beginning, s.
        end: end, s, after ``start``.
        period: time between samples, s.

    Returns:
        Fraction between 0 and 1; start and end of each gap, s, in order.

    Raises:
        BadInput: an argument is not finite, the period is not positive, or the end not after the
            start.

    Example:
        >>> completeness([0, 1, 2, 3, 7, 8, 9], start=0, end=10, period=1)
        (0.7, [(3.0, 7.0)])
    """
    if not (period > 0 and isfinite(period)):
        raise BadInput(f"period = {period:g} s: give a positive, finite time")
    if not (isfinite(start) and isfinite(end) and start < end):
        raise BadInput(f"end = {end:g} s: give a finite time after the start, {start:g} s")
    samples = np.sort(np.asarray(times, dtype=np.float64).ravel())
    if not np.isfinite(samples).all():
        raise BadInput("times: a time is not finite; leave it out")
    # A time this little before a slot is in it: it was rounded.
    rounding = max(1e-9 * period, 8 * np.spacing(max(abs(start), abs(end))))
    samples = samples[(samples >= start - rounding) & (samples < end - rounding)].clip(start, end)
    slots = max(1, ceil((end - start - rounding) / period))
    places = np.floor((samples - start + rounding) / period).astype(np.int64)
    filled = np.unique(places[(places >= 0) & (places < slots)]).size
    ends = np.concatenate([[start], samples, [end]])
    long = np.flatnonzero(np.diff(ends) > GAP_PERIODS * period + rounding)
    return filled / slots, [(float(ends[i]), float(ends[i + 1])) for i in long]
