"""Heat of error correction: the threshold, and one steady state whatever the parameters."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.constants import h, k
from scipy.optimize import brentq

import recycling as rc

#: Ranges far beyond those of any machine.
SETTINGS = st.fixed_dictionaries(
    {
        "qubits": st.floats(1, 10).map(lambda x: 10**x),
        "cycle_time": st.floats(-7, -4).map(lambda x: 10**x),
        "t1": st.floats(-3.5, 0).map(lambda x: 10**x),
        "error_floor": st.floats(0, 0.05),
        "frequency": st.floats(1e8, 1e11),
        "threshold": st.floats(1e-4, 0.4),
        "cooling_power": st.floats(-7, 0).map(lambda x: 10**x),
        "cooling_temperature": st.floats(0.011, 4),
        "base_temperature": st.floats(1e-3, 0.01),
    }
)
OVERHEAD = st.floats(0, 14).map(lambda x: 10**x)


def error_rate(T, *, cycle_time=1e-6, t1=1e-4, error_floor=1e-3, frequency=5e9, **_others):
    """The formula of the model, written out again."""
    x, g = h * frequency / (k * T), cycle_time / t1
    n = 1 / math.expm1(x) if x < 700 else 0.0
    return error_floor + (1 - math.exp(-g * (2 * n + 1))) * n / (2 * n + 1) + g / 2


def surplus(T, overhead, *, qubits=2e7, cycle_time=1e-6, cooling_power=19e-6,
            cooling_temperature=0.02, base_temperature=0.006, **others):  # fmt: skip
    """Cooling less heat, W."""
    p = error_rate(T, cycle_time=cycle_time, **others)
    entropy = -p * math.log(p) - (1 - p) * math.log1p(-p)
    cooling = cooling_power / (cooling_temperature**2 - base_temperature**2)
    heat = overhead * k * T * entropy * qubits / 2 / cycle_time
    return cooling * (T**2 - base_temperature**2) - heat


def test_threshold_of_the_defaults():
    found = rc.qec_heat(1e9)
    assert f"{found.critical_overhead:.5e}" == "1.29855e+09"
    assert f"{found.critical_temperature:.6f}" == "0.192536"
    assert f"{found.critical_heat:.2e}" == "1.93e-16"
    assert found.bounded
    assert error_rate(found.critical_temperature) == pytest.approx(0.01, rel=1e-12)
    assert "one steady state, no runaway" in found.text


def test_error_rate_reaches_the_threshold_at_the_critical_overhead():
    critical = rc.qec_heat(0).critical_overhead
    found = rc.qec_heat(critical * np.array([1 - 1e-6, 1, 1 + 1e-6]))
    assert found.bounded.tolist()[::2] == [True, False]
    np.testing.assert_allclose(found.temperature[1], found.critical_temperature[1], rtol=1e-9)
    np.testing.assert_allclose(found.error_rate[1], 0.01, rtol=1e-9)


def test_without_heat_the_cryostat_is_at_its_base():
    found = rc.qec_heat(0)
    assert found.temperature == 0.006
    assert found.error_rate == pytest.approx(0.006, abs=1e-12)


def test_no_heat_is_too_large():
    """Far above T_b the cooling A T² is the heat k T h2(p) of the resets."""
    found = rc.qec_heat(1e300)
    p = found.error_rate
    heat = -1e300 * k * (p * math.log(p) + (1 - p) * math.log1p(-p)) * 1e13
    assert 19e-6 / (0.02**2 - 0.006**2) * found.temperature == pytest.approx(heat)


@settings(max_examples=60)
@given(OVERHEAD, SETTINGS)
def test_there_is_one_steady_state(overhead, given):
    found = rc.qec_heat(overhead, **given)
    most = 1e3 * max(float(found.temperature), 1)
    grid = np.geomspace(given["base_temperature"] * (1 + 1e-9), most, 1500)
    signs = np.sign([surplus(T, overhead, **given) for T in grid])
    assert (np.diff(signs) >= 0).all()  # cooling overtakes the heat once, and for good
    assert found.error_rate == pytest.approx(error_rate(found.temperature, **given), rel=1e-9)
    assert found.bounded == (found.error_rate < given["threshold"])
    if signs[0] < 0 < signs[-1]:
        known = brentq(surplus_of(overhead, given), grid[0], grid[-1], xtol=1e-14, rtol=1e-13)
        assert found.temperature == pytest.approx(known, rel=1e-8)


def surplus_of(overhead, given):
    return lambda T: surplus(T, overhead, **given)


@settings(max_examples=60)
@given(OVERHEAD, SETTINGS)
def test_below_the_critical_overhead_errors_are_bounded_and_above_it_not(overhead, given):
    critical = rc.qec_heat(0, **given).critical_overhead
    found = rc.qec_heat(overhead, **given)
    if abs(overhead / critical - 1 if critical else 1) > 1e-6:
        assert found.bounded == (overhead < critical)
    more = rc.qec_heat(2 * overhead, **given)
    assert more.temperature >= found.temperature
    assert more.error_rate >= found.error_rate * (1 - 1e-12)


def test_arrays_broadcast():
    found = rc.qec_heat([[0], [1e9]], t1=[1e-4, 1e-3, 1e-5])
    for field in vars(found).values():
        assert field.shape == (2, 3)
    assert found.bounded.dtype == bool
    assert found.critical_overhead[0, 2] == 0  # relaxation alone is above the threshold


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"overhead": -1}, "overhead = -1: give Landauers an ancilla, 0 or more"),
        ({"t1": 0}, "t1 = 0: give a positive, finite value"),
        ({"threshold": 0.7}, "threshold = 0.7: give more than 0, below 0.5"),
        ({"error_floor": -0.1}, "error_floor = -0.1: give 0 or more, below 0.5"),
        ({"base_temperature": 0.02}, "base_temperature = 0.02: give less than cooling_temperature"),
        ({"cycle_time": 1e-3}, "cycle_time = 0.001: errors of a cycle reach 50 % without"),
    ],
)
def test_bad_input_is_refused_in_one_line(given, line):
    with pytest.raises(rc.BadInput) as error:
        rc.qec_heat(**{"overhead": 1e9, **given})
    assert str(error.value).startswith(line)
    assert len(error.value.faults) == 1
