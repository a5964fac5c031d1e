"""Runs that are killed, copied and fail, and lists that lag: a short version of ``make soak``."""

import random

import pytest

from tests.loopback import LoopbackService
from tests.soak import (
    Bench,
    copied,
    doubled,
    failing,
    kill_simulations,
    killed,
    killed_in_rounds,
    lost,
)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    with LoopbackService(seed=1) as service:
        yield Bench(tmp_path_factory.mktemp("bench"), service, random.Random(3), bound=0.3)


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [False, True])
def test_killed_simulations_lose_nothing(tmp_path, rounds):
    tally = kill_simulations(tmp_path, 3, seed=3, rounds=rounds)
    assert tally.kills >= 3
    assert tally.different == 0


@pytest.mark.parametrize(
    "case",
    [
        killed,
        pytest.param(copied, marks=pytest.mark.slow),
        pytest.param(lost, marks=pytest.mark.slow),
        pytest.param(failing, marks=pytest.mark.slow),
    ],
)
def test_nothing_is_lost_or_paid_twice(bench, case):
    tally = case(bench)
    assert (tally.runs, tally.different, tally.booked) == (1, 0, 0)
    assert tally.executed == tally.needed
    assert (tally.kills or tally.faults.total()) or case is lost


@pytest.mark.slow
def test_rounds_that_are_killed_decide_the_same(tmp_path):
    with LoopbackService(seed=1) as service:
        tally = killed_in_rounds(Bench(tmp_path, service, random.Random(5), 0.3, rounds=True))
    assert (tally.runs, tally.different, tally.booked) == (1, 0, 0)
    assert tally.executed == tally.needed == 3
    assert tally.kills


@pytest.mark.slow
def test_what_a_gateway_sends_twice_is_told(bench):
    tally = doubled(bench)
    assert (tally.runs, tally.different, tally.faults.total()) == (1, 0, 1)
    assert tally.executed == tally.needed + tally.booked
