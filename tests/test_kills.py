"""Runs that are killed, and a service that fails: a short version of ``make soak``."""

import pytest

from tests.soak import IBM, fault_everywhere, kill_everywhere


@pytest.mark.parametrize(("backend", "kills"), [("exact", 3), (IBM, 2)])
def test_killed_runs_lose_nothing_and_pay_nothing_twice(backend, kills, tmp_path):
    tally = kill_everywhere(backend, tmp_path, kills, seed=3)
    assert tally.kills >= kills
    assert tally.different == 0
    assert tally.duplicates == 0


def test_faults_of_the_service_lose_nothing_and_pay_nothing_twice(tmp_path):
    tally = fault_everywhere(tmp_path, 3, seed=4)
    assert tally.faults.total() >= 3
    assert tally.different == 0
    assert tally.duplicates == 0
