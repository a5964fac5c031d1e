"""Clock bounds hold the true offset, and a jump is named."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recycling.campaign import clock_offset
from recycling.campaign.clocks import clock_segments
from recycling.errors import BadInput

delay = st.floats(0, 10)
jobs = st.lists(st.tuples(st.floats(0, 1e6), delay, delay), min_size=1, max_size=12)
ROUNDING = 1e-9 * 1e6


def stamps(series, offset):
    sent = np.array([start for start, _, _ in series])
    out, back = (np.array(column) for column in list(zip(*series, strict=True))[1:])
    return sent, sent + out + offset, sent + out + back


@given(jobs, st.floats(-1e5, 1e5))
def test_the_offset_is_within_its_bounds(series, offset):
    sent, server, received = stamps(series, offset)
    tolerance = np.array([-ROUNDING, 0, ROUNDING])[[0, 2]]
    low, high = clock_offset(sent, server, received + ROUNDING)
    assert low + tolerance[0] <= offset <= high + tolerance[1]
    out, back = (np.array(column) for column in list(zip(*series, strict=True))[1:])
    assert low == pytest.approx(offset - back.min(), abs=2 * ROUNDING)
    assert high == pytest.approx(offset + out.min(), abs=2 * ROUNDING)


def test_series_of_jobs_are_bounded_side_by_side():
    sent = np.array([[0.0, 10.0], [0.0, 10.0]])
    low, high = clock_offset(sent, sent + np.array([[5.2], [-3]]), sent + 1)
    assert np.allclose(low, [4.2, -4])
    assert np.allclose(high, [5.2, -3])
    assert clock_offset(0.0, 5.0, 1.0) == (4.0, 5.0)


@given(jobs, jobs, st.floats(21, 1e5), st.booleans())
def test_a_jump_longer_than_the_requests_is_named(before, after, jump, back):
    """Requests take up to 20 s: a longer jump contradicts at the first job behind it."""
    first, second = stamps(before, 0.0), stamps(after, -jump if back else jump)
    series = [np.concatenate(pair) for pair in zip(first, second, strict=True)]
    segments = clock_segments(series[0], series[1], series[2] + ROUNDING)
    assert [(s.first, s.stop) for s in segments] == [
        (0, len(before)),
        (len(before), len(before) + len(after)),
    ]
    between = (segments[1].low - segments[0].high, segments[1].high - segments[0].low)
    assert between[0] - ROUNDING <= (-jump if back else jump) <= between[1] + ROUNDING
    with pytest.raises(BadInput, match="contradict each other by"):
        clock_offset(*series)


@given(jobs, st.floats(-1e5, 1e5))
def test_clocks_that_agree_are_one_segment(series, offset):
    sent, server, received = stamps(series, offset)
    (segment,) = clock_segments(sent, server, received + ROUNDING)
    assert (segment.first, segment.stop) == (0, len(series))
    assert (segment.low, segment.high) == clock_offset(sent, server, received + ROUNDING)


def test_the_jobs_that_contradict_are_named():
    sent = np.arange(4) * 10.0
    server = sent + np.array([0.5, 0.5, 60.5, 60.5])
    with pytest.raises(BadInput, match=r"^server of the jobs 1 and 3: .* by 59 s") as refused:
        clock_offset(sent, server, sent + 1)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("sent", "server", "received", "fault"),
    [
        ([0, 10], [0, 10], [1, 9], "received = 9 s of job 2"),
        ([0, float("nan")], [0, 1], [1, 2], "sent, server, received"),
        ([], [], [], "server: there are no jobs"),
    ],
)
def test_times_that_cannot_be_are_refused(sent, server, received, fault):
    for function in (clock_offset, clock_segments):
        with pytest.raises(BadInput, match=f"^{fault}"):
            function(sent, server, received)
    with pytest.raises(BadInput, match="give one series"):
        clock_segments([[0.0]], [[0.0]], [[0.0]])
