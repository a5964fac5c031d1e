"""Burn rates and alerts against their definition, one run at a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recycling.campaign import burn_rate
from recycling.campaign.alerts import WINDOWS_3X, WINDOWS_USUAL, Window, alerts
from recycling.campaign.burn import burn_over
from recycling.errors import BadInput


def test_burn_rates_broadcast():
    rates = burn_rate([[0], [1], [10]], 10, [0.9, 0.99])
    assert np.allclose(rates, [[0, 0], [1, 10], [10, 100]])
    assert isinstance(burn_rate(1, 10, 0.9), float)
    assert burn_rate(0, 0, 0.99) == 0
    assert burn_rate(3, 4, 0) == 0.75


@pytest.mark.parametrize(
    ("bad", "total", "objective", "field"),
    [
        (1, 10, 1.0, "objective = 1:"),
        (1, 10, -0.1, "objective = -0.1:"),
        (1, 10, float("nan"), "objective = nan:"),
        (11, 10, 0.9, "bad = 11 of 10"),
        (-1, 10, 0.9, "bad = -1"),
        (0, float("inf"), 0.9, "bad = 0 of inf"),
    ],
)
def test_burn_rates_of_what_cannot_be_are_refused(bad, total, objective, field):
    with pytest.raises(BadInput, match=f"^{field}"):
        burn_rate(bad, total, objective)


def test_budgets_of_a_month():
    month = 30 * 86_400
    assert 3 * 3600 / month == pytest.approx(0.0042, abs=5e-5)
    spent = [window.burn * window.long / month for window in WINDOWS_USUAL]
    assert spent == pytest.approx([0.02, 0.05, 0.1])
    assert [window.burn for window in WINDOWS_3X] == [3]


#: Runs at times that need not be regular, several at the same time.
runs = st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=25).map(sorted)


def by_hand(now, seen, window, objective):
    inside = [bad for time, bad in seen if now - window < time <= now]
    return sum(inside) / len(inside) / (1 - objective)


@given(runs, st.integers(1, 60), st.floats(0, 0.999))
def test_a_window_is_open_where_it_begins(seen, window, objective):
    times, bad = [time for time, _ in seen], [bad for _, bad in seen]
    rates = burn_over(times, bad, window=window, objective=objective)
    assert rates == pytest.approx([by_hand(time, seen, window, objective) for time in times])


@given(st.integers(2, 40), st.integers(1, 40), st.floats(0.01, 1e4), st.floats(-1e9, 1e9))
def test_a_window_of_n_intervals_holds_n_runs(number, length, interval, start):
    """Times of a schedule are rounded; the run at the open end stays outside."""
    times = start + interval * np.arange(number)
    bad = np.ones(number, bool)
    bad[0] = False
    rates = burn_over(times, bad, window=length * interval, objective=0)
    expected = [(min(n, length) - (n <= length)) / min(n, length) for n in range(1, number + 1)]
    assert rates == pytest.approx(expected)


@given(runs, st.integers(1, 40), st.integers(1, 40), st.sampled_from([1.0, 2.0, 5.0]))
def test_alerts_open_where_both_exceed_and_close_where_both_are_below(seen, one, other, burn):
    long, short = max(one, other), min(one, other)
    times, bad = [time for time, _ in seen], [bad for _, bad in seen]
    found = alerts(times, bad, 0.9, [Window(long, short, burn, "page")])
    opened, episodes = None, []
    for time in times:
        rates = [by_hand(time, seen, window, 0.9) for window in (long, short)]
        if opened is None and min(rates) > burn * (1 + 1e-9):
            opened = time
        elif opened is not None and max(rates) < burn * (1 - 1e-9):
            episodes.append((opened, time))
            opened = None
    episodes += [] if opened is None else [(opened, None)]
    assert [(episode.opened, episode.closed) for episode in found.episodes] == episodes
    assert (found.first_alert or {}).get("time") == (episodes[0][0] if episodes else None)


def test_recovery_and_the_most_urgent_of_two_alerts():
    times = np.arange(0, 1200, 60)
    bad = (times >= 300) & (times < 480)
    windows = [
        Window(600, 60, 1, "ticket"),
        Window(120, 60, 5, "page"),
    ]
    found = alerts(times, bad, 0.9, windows)
    assert found.first_alert == {"time": 300.0, "action": "ticket"}
    assert [(e.action, e.opened, e.recovery) for e in found.episodes] == [
        ("ticket", 300.0, 720.0),
        ("page", 360.0, 180.0),
    ]
    both = alerts(times, bad, 0.9, [Window(60, 60, 1, "ticket"), Window(60, 60, 5, "page")])
    assert [episode.action for episode in both.episodes] == ["page", "ticket"]
    assert alerts([], [], 0.9, windows).first_alert is None
    still = alerts(times[:7], bad[:7], 0.9, windows)
    assert [episode.recovery for episode in still.episodes] == [None, None]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"long": 0}, "long = 0"),
        ({"short": 700}, "short = 700"),
        ({"short": -1}, "short = -1"),
        ({"burn": 0}, "burn = 0"),
        ({"burn": float("nan")}, "burn = nan"),
        ({"action": "mail"}, "action = mail: give page or ticket"),
    ],
)
def test_bad_windows_are_refused(change, field):
    with pytest.raises(BadInput, match=f"^{field}"):
        Window(**({"long": 600, "short": 60, "burn": 1, "action": "ticket"} | change))


@pytest.mark.parametrize(
    ("times", "bad", "window", "field"),
    [
        ([0, 1], [True], 1, "times and bad"),
        ([1, 0], [True, True], 1, "times: they are"),
        ([0, float("nan")], [True, True], 1, "times: they are"),
        ([0, 1], [True, True], 0, "window = 0"),
    ],
)
def test_bad_series_are_refused(times, bad, window, field):
    with pytest.raises(BadInput, match=f"^{field}"):
        burn_over(times, bad, window=window, objective=0.9)
