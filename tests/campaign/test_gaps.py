"""Completeness of telemetry: filled slots, and gaps."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recycling.campaign import completeness
from recycling.errors import BadInput


@given(
    st.integers(1, 60),
    st.sets(st.integers(0, 59)),
    st.floats(0.01, 1e4),
    st.floats(0, 2e9),
)
def test_each_missing_slot_counts_and_long_rows_of_them_are_gaps(slots, missing, period, start):
    """Samples of a schedule: rounding of its times matters neither for slots nor for gaps."""
    places = [place for place in range(slots) if place not in missing]
    times = start + period * np.array(places, dtype=float)
    fraction, gaps = completeness(times, start, start + slots * period, period)
    assert fraction == len(places) / slots
    ends = [0, *places, slots]
    expected = [
        (start + first * period, start + last * period)
        for first, last in pairwise(ends)
        if last - first >= 3
    ]
    assert np.allclose(np.reshape(gaps, (-1, 2)), np.reshape(expected, (-1, 2)), rtol=1e-12)


@given(
    st.lists(st.floats(-50, 150, allow_nan=False), max_size=40), st.floats(1, 20), st.floats(1, 100)
)
def test_samples_at_any_time(times, period, end):
    fraction, gaps = completeness(times, 0, end, period)
    assert 0 <= fraction <= 1
    assert all(0 <= first < last <= end and last - first > 2.5 * period for first, last in gaps)
    inside = sorted(time for time in times if 0 <= time < end)
    for first, last in gaps:
        assert not [time for time in inside if first + 1e-6 < time < last - 1e-6]


def test_a_gap_by_hand():
    assert completeness([], 0, 10, 1) == (0.0, [(0.0, 10.0)])
    assert completeness([], 0, 2, 1) == (0.0, [])
    assert completeness(range(10), 0, 10, 1) == (1.0, [])
    assert completeness([0, 0, 0, 2.5], 0, 5, 1) == (0.4, [])
    assert completeness([0, 2.6], 0, 5, 1) == (0.4, [(0.0, 2.6)])
    assert completeness([3, 1, 2, -1, 10, 11], 0, 10, 2) == (0.4, [(3.0, 10.0)])
    assert completeness([0], 0, 0.5, 1) == (1.0, [])


@pytest.mark.parametrize(
    ("times", "start", "end", "period", "field"),
    [
        ([0], 0, 0, 1, "end = 0 s"),
        ([0], 0, float("inf"), 1, "end = inf s"),
        ([0], 0, 1, 0, "period = 0 s"),
        ([0], 0, 1, float("nan"), "period = nan s"),
        ([float("nan")], 0, 1, 1, "times: "),
    ],
)
def test_bad_arguments_are_refused(times, start, end, period, field):
    with pytest.raises(BadInput, match=f"^{field}"):
        completeness(times, start, end, period)
