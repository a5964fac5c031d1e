"""The one type of interval: its arithmetic keeps value and ends in order."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recycling.errors import BadInput
from recycling.inference.bath.quantities import bath_energy
from recycling.inference.statistics.interval import Interval
from recycling.thermodynamics import Bath

NUMBERS = st.floats(-1e3, 1e3)
SIZES = st.floats(0, 1e3)


@st.composite
def intervals(draw):
    value, down, up = draw(NUMBERS), draw(SIZES), draw(SIZES)
    return Interval(*(np.array([x]) for x in (value, value - down, value + up)))


def ordered(interval):
    return bool((interval.low <= interval.value).all() and (interval.value <= interval.high).all())


@given(intervals(), NUMBERS)
def test_a_factor_of_any_sign_keeps_the_order(interval, factor):
    found = interval.times(factor)
    assert ordered(found)
    np.testing.assert_allclose(found.value, interval.value * factor)


@given(intervals())
def test_minus_twice_is_nothing(interval):
    minus = -interval
    again = -minus
    assert again.ends == interval.ends
    assert minus.low == -interval.high


@given(intervals(), NUMBERS, SIZES)
def test_a_cut_limit_knows_how_far_its_end_is(interval, least, width):
    found = interval.within(least, least + width)
    assert ordered(found)
    assert (found.low >= least).all()
    cut = interval.low <= least
    np.testing.assert_allclose(found.cut_low, np.where(cut, found.value - found.low, 0))


@given(intervals())
def test_an_increasing_function_acts_on_all_of_it(interval):
    found = interval.map(np.arctan)
    assert ordered(found)
    np.testing.assert_array_equal(found.high, np.arctan(interval.high))


def test_points_are_taken_together():
    many = Interval(np.arange(3.0), np.arange(3.0) - 1, np.arange(3.0) + 1, 0.5, np.arange(3.0))
    one = many[1]
    assert (one.value, one.low, one.high, one.cut_low, one.cut_high) == (1, 0, 2, 0.5, 1)


def test_a_number_over_another():
    found = Interval(4.0, 2.0, 8.0) / 2
    assert found.ends == {"value": 2.0, "low": 1.0, "high": 4.0}
    assert replace(found, low=0.0).ends["low"] == 0


# --- energies of any bath ------------------------------------------------------------------------


def test_the_energy_of_a_bath_is_that_of_its_levels():
    bath = Bath(temperature=0.04, energies=[3.0, 1.0, 2.0])
    populations = [np.array([0.2, 0.0]), np.array([0.1, 1.0])]
    np.testing.assert_allclose(bath_energy(populations, bath), [0.2 * 1 + 0.1 * 2, 2.0])


def test_one_population_is_not_enough_for_more_than_a_qubit():
    bath = Bath(temperature=0.04, energies=[0.0, 1.0, 2.0])
    with pytest.raises(BadInput, match="1 excited populations for 2 levels above the lowest"):
        bath_energy([np.ones(2)], bath)
