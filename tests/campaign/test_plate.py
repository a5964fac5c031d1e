"""The plate's closed form against an ODE solver, and decisions that keep what they promise."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from recycling.campaign import Plate, admit
from recycling.errors import BadInput

plates = st.builds(Plate, st.floats(1e-4, 10), st.floats(1e-3, 1), st.floats(0.001, 0.05))
temperatures = st.floats(0.001, 1)
powers = st.floats(0, 1e-3)
PLATE = Plate(capacity_coefficient=1.0, cooling_coefficient=0.05, base_temperature=0.01)


@pytest.mark.parametrize(("temperature", "power"), [(0.01, 1e-4), (0.3, 0.0), (0.05, 2e-5)])
def test_the_closed_form_is_the_solution(temperature, power):
    times = np.linspace(0, 60, 7)
    solution = solve_ivp(
        lambda _t, T: (power - 0.05 * (T**2 - 0.01**2)) / (1.0 * T),
        (0, 60),
        [temperature],
        t_eval=times,
        rtol=1e-10,
        atol=1e-14,
        method="DOP853",
    )
    assert PLATE.after(temperature, power, times) == pytest.approx(solution.y[0], rel=1e-8)


@given(plates, temperatures, powers, st.floats(0, 1e3), st.floats(0, 1e3))
def test_waiting_twice_is_waiting_the_sum(plate, temperature, power, one, other):
    twice = plate.after(plate.after(temperature, power, one), power, other)
    assert twice == pytest.approx(plate.after(temperature, power, one + other), rel=1e-9)


@given(plates, temperatures, powers, st.floats(0, 1e3))
def test_the_temperature_goes_from_its_start_to_the_steady_one(plate, temperature, power, time):
    steady = plate.steady(power)
    low, high = sorted((temperature, float(steady)))
    assert low * (1 - 1e-9) <= plate.after(temperature, power, time) <= high * (1 + 1e-9)
    assert plate.after(temperature, power, np.inf) == pytest.approx(steady)
    assert plate.after(temperature, power, 0) == pytest.approx(temperature, rel=1e-15)
    balance = plate.cooling_coefficient * (steady**2 - plate.base_temperature**2)
    assert balance == pytest.approx(power, rel=1e-6, abs=1e-12)


@given(plates, temperatures, powers, st.floats(1e-6, 1))
def test_cooling_down_ends_at_the_limit(plate, temperature, power, part):
    steady = float(plate.steady(power))
    limit = steady + part * abs(temperature - steady)
    wait = plate.cooldown(temperature, limit, power)
    if temperature <= limit:
        assert wait == 0
    else:
        assert plate.after(temperature, power, wait) == pytest.approx(limit, rel=1e-6)
    assert plate.cooldown(2 * steady, 0.5 * steady, power) == np.inf


def test_arrays_broadcast():
    assert PLATE.after([[0.02], [0.03]], 1e-6, [0, 1, 2]).shape == (2, 3)
    assert PLATE.cooldown([[0.02], [0.03]], [0.01, 0.02, 0.025]).shape == (2, 3)
    assert PLATE.steady([0.0, 1.0]).shape == (2,)
    assert isinstance(PLATE.cooldown(0.03, 0.02), float)
    assert np.isfinite(PLATE.cooldown(0.03, 0.01 * (1 + 1e-12)))


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: Plate(0, 1, 0.01), "capacity_coefficient = 0"),
        (lambda: Plate(1, -1, 0.01), "cooling_coefficient = -1"),
        (lambda: Plate(1, 1, -0.01), "base_temperature = -0.01 K"),
        (lambda: PLATE.steady(-1), "power = -1 W"),
        (lambda: PLATE.steady(np.inf), "power = inf W"),
        (lambda: PLATE.after(-1, 0, 0), "temperature = -1 K"),
        (lambda: PLATE.after(1, 0, [1, -2]), "duration = -2 s"),
        (lambda: PLATE.after(np.inf, 0, 1), "temperature = inf K"),
        (lambda: PLATE.cooldown(np.inf, 1), "temperature = inf K"),
        (lambda: PLATE.cooldown(1, np.nan), "limit = nan K"),
        (lambda: admit(PLATE, **JOB | {"limit": 0.01}), "limit = 0.01 K"),
        (lambda: admit(PLATE, **JOB | {"temperature": np.inf}), "temperature = inf K"),
        (lambda: admit(PLATE, **JOB | {"utilisation": 0}), "utilisation = 0"),
        (lambda: admit(PLATE, **JOB | {"job_power": -1e-5}), "job_power = -1e-05 W"),
        (lambda: admit(PLATE, **JOB | {"idle_power": np.inf}), "idle_power = inf W"),
    ],
)
def test_bad_arguments_are_refused(call, field):
    with pytest.raises(BadInput, match=f"^{field}"):
        call()


JOB = {
    "temperature": 0.012,
    "idle_power": 1e-6,
    "job_power": 1e-5,
    "duration": 60.0,
    "limit": 0.02,
    "utilisation": 0.8,
}


@given(
    plates,
    temperatures,
    powers,
    powers,
    st.floats(0, 1e3),
    st.floats(1.01, 30),
    st.floats(0.05, 3),
)
def test_what_is_admitted_keeps_the_limit(plate, temperature, idle, job, duration, above, allowed):
    limit = plate.base_temperature * above
    given_ = {"idle_power": idle, "job_power": job, "duration": duration, "limit": limit,
              "utilisation": allowed}  # fmt: skip
    decision = admit(plate, temperature=temperature, **given_)
    cooling = plate.cooling_coefficient * (limit**2 - plate.base_temperature**2)
    assert decision.utilisation == pytest.approx((idle + job) / cooling, rel=1e-9, abs=0)
    start = float(plate.after(temperature, idle, decision.wait))
    times = np.linspace(0, duration, 5)
    peak = max(start, plate.after(start, idle + job, times).max())
    assert peak == pytest.approx(decision.peak_temperature, rel=1e-9)
    if decision.utilisation > allowed * (1 + 1e-9):
        assert decision.action == "reject"
    if decision.action == "reject":
        # No wait helps: not even the plate that has idled for ever keeps the limit.
        idled = float(plate.steady(idle))
        ever = max(idled, float(plate.after(idled, idle + job, duration)))
        assert decision.utilisation > allowed * (1 - 1e-9) or ever >= limit * (1 - 1e-9)
    else:
        assert peak <= limit * (1 + 1e-6)
    if decision.action == "defer":
        assert decision.wait > 0
        assume(decision.wait > 1e-6 * plate.relaxation_time)
        early = float(plate.after(temperature, idle, 0.9 * decision.wait))
        assert max(early, plate.after(early, idle + job, duration)) >= limit * (1 - 1e-9)
    else:
        assert decision.wait == 0


def test_reasons_name_the_numbers():
    assert admit(PLATE, **JOB).reason == "the peak of 17.88 mK is within the limit of 20 mK"
    # More than the plate takes for long, for a short time only.
    short = JOB | {"job_power": 3e-5, "utilisation": 3, "temperature": 0.0185, "duration": 5.0}
    decision = admit(PLATE, **short)
    assert decision.action == "defer"
    assert decision.reason.endswith("of 22.16 mK is above the limit of 20 mK: start after 11.2 s")
    never = admit(PLATE, **short | {"duration": 60.0})
    assert never.action == "reject"
    assert never.reason.endswith("even from the idle plate's 10.95 mK")
    assert admit(PLATE, **short | {"utilisation": 0.8}).action == "reject"
