"""The classical baseline, against quadrature, tails of the normal and a simulated chip."""

import math
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

import recycling as rc
from recycling.ledger.aqfp import (
    PUBLISHED,
    logical_entropy,
    mean_terminate_heat,
    simulate_chip,
    terminate_heat,
    worst_device,
)
from recycling.thermodynamics import binary_entropy

BARRIER = 71 * math.log(10)
PROBABILITY = st.floats(0, 1)


def test_the_room_is_light():
    code = "import sys, recycling.ledger.aqfp, recycling.ledger; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"qiskit", "xarray", "matplotlib", "pydantic", "pandas"} & set(done.stdout.split())


# -- terminate gate ------------------------------------------------------------------------------


def test_heat_without_tilt_is_that_of_landauer_and_with_a_large_one_half_of_it():
    assert terminate_heat(0) == pytest.approx(math.log(2), rel=1e-15)
    assert terminate_heat(1e300) == pytest.approx(5e299)
    assert terminate_heat(np.inf, 0) == 0
    assert terminate_heat([0, 3], [[0.5], [0.2]]).shape == (2, 2)


@given(st.floats(-600, 600))
def test_heat_of_an_even_bit_is_the_logarithm_of_a_cosine(tilt):
    assert terminate_heat(tilt) == pytest.approx(math.log(2 * math.cosh(tilt / 2)), rel=1e-12)


@given(st.floats(-1e4, 1e4), PROBABILITY)
def test_heat_is_never_below_the_entropy_of_the_bit(tilt, probability):
    entropy = binary_entropy(probability)
    assert terminate_heat(tilt, probability) >= entropy - 1e-15 * (1 + abs(tilt))


@given(st.floats(0.001, 0.999))
def test_heat_is_the_entropy_of_a_bit_in_equilibrium_with_the_wells(probability):
    tilt = math.log(1 / probability - 1)
    assert terminate_heat(tilt, probability) == pytest.approx(binary_entropy(probability), rel=1e-9)


# -- population ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spread", "times"),
    [(0.001, 1.21), (0.002, 1.68), (0.005, 3.49), (0.01, 6.735), (0.02, 13.35)],
)
def test_mean_heat_of_a_population(spread, times):
    found = mean_terminate_heat(spread)
    assert found.population_mean == pytest.approx(times, abs=0.006 if times < 6 else 6e-4 * times)
    scale = 10 * BARRIER * spread / math.sqrt(2)
    by_quadrature = 2 * quad(
        lambda z: norm.pdf(z) * float(terminate_heat(scale * z)), 0, 12, points=[1 / scale],
        epsabs=1e-13, epsrel=1e-12, limit=200,
    )[0]  # fmt: skip
    assert found.population_mean == pytest.approx(by_quadrature / math.log(2), rel=1e-11)


def test_linear_estimate_of_the_document_and_where_it_breaks_landauer():
    found = mean_terminate_heat(0.01)
    assert round(float(found.linear_estimate), 3) == 6.653
    assert round(float(found.population_mean), 3) == 6.735
    assert round(float(1 / found.linear_estimate), 2) == 0.15  # "15 % of Landauer efficiency"
    assert not found.breaks_landauer
    assert "below Landauer" not in found.text
    assert mean_terminate_heat([0.001502, 0.001504]).breaks_landauer.tolist() == [True, False]
    assert "below Landauer" in mean_terminate_heat(0.001).text


@given(st.lists(st.floats(0, 0.3), min_size=2, max_size=6))
def test_mean_heat_grows_with_the_spread_from_landauer_upward(spreads):
    found = mean_terminate_heat(sorted(spreads))
    assert found.population_mean[0] >= 1 - 1e-13
    assert (np.diff(found.population_mean) >= -1e-12).all()
    assert (found.population_mean >= found.linear_estimate - 1e-12).all()


# -- worst device --------------------------------------------------------------------------------


def test_worst_of_a_billion():
    found = worst_device(1e9)
    z = norm.isf((1 / 6e9) ** 0.2)
    assert found.joint_factor == pytest.approx(1 - 0.1 * z - 0.15 * z, rel=1e-12)
    assert f"{found.joint_factor:.5f} {found.joint_error:.1e}" == "0.42806 4.1e-31"
    deviation = math.sqrt(50 * 0.01**2 + 3 * 0.05**2)
    assert found.tail_factor == pytest.approx(1 - deviation * norm.isf(1 / 6e9), rel=1e-12)
    assert f"{found.tail_factor:.5f} {found.tail_error:.1e}" == "0.29760 7.4e-22"
    assert found.failure_probability == pytest.approx(6e9 * norm.sf(1 / deviation), rel=1e-9, abs=0)
    assert f"{found.failure_probability:.1e}" == "1.1e-09"
    assert found.joint_error == pytest.approx(
        math.exp(-BARRIER * found.joint_factor), rel=1e-12, abs=0
    )


@given(st.floats(1, 1e12), st.floats(0, 0.1), st.floats(0, 0.2))
def test_worst_device_gets_worse_with_more_devices_and_more_spread(devices, junctions, inductors):
    here = worst_device(devices, junctions, inductors)
    more, wider = worst_device(2 * devices, junctions, inductors), worst_device(
        devices, 1.1 * junctions + 1e-4, 1.1 * inductors)  # fmt: skip
    assert more.tail_factor <= here.tail_factor
    assert more.joint_factor <= here.joint_factor
    assert wider.tail_factor <= here.tail_factor
    assert wider.failure_probability >= here.failure_probability
    for error in (here.joint_error, here.tail_error, here.failure_probability):
        assert 0 <= error <= 1


def test_ideal_devices_have_the_error_of_the_barrier():
    found = worst_device([1, 1e9], 0, 0)
    np.testing.assert_allclose(found.tail_error, 1e-71, rtol=1e-12)
    np.testing.assert_array_equal(found.failure_probability, 0)


# -- chip ----------------------------------------------------------------------------------------


def test_simulated_chip_agrees_with_the_formulas():
    devices = 200_000
    chip = simulate_chip(devices, 0.01, 0.05, seed=5, chunk=4096)
    mean = mean_terminate_heat(0.01).population_mean
    assert abs(chip.mean_heat - mean) < 4 * chip.mean_heat_stderr
    assert chip.mean_heat_stderr < 0.02
    # The worst of N scatters as exp(-exp(-x)) about the tail: within -ln(-ln p) of p = 0.1 %.
    deviation = math.sqrt(50 * 0.01**2 + 3 * 0.05**2)
    ends = (1 - deviation * norm.isf(-math.log(p) / 6 / devices) for p in (1 - 1e-3, 1e-3))
    low, high = ends
    assert low < chip.smallest_factor < high


def test_chip_depends_on_the_seed_and_not_on_the_chunk():
    fractions = []
    chips = [
        simulate_chip(5000, 0.01, 0.05, seed=2, chunk=chunk, progress=fractions.append)
        for chunk in (5000, 777)
    ]
    assert chips[0].mean_heat == pytest.approx(chips[1].mean_heat, rel=1e-13)
    assert chips[0].mean_heat_stderr == pytest.approx(chips[1].mean_heat_stderr, rel=1e-12)
    assert chips[0].smallest_factor == chips[1].smallest_factor
    assert (fractions[0], fractions[-1], len(fractions)) == (1.0, 1.0, 8)
    assert simulate_chip(5000, 0.01, 0.05, seed=3).mean_heat != chips[0].mean_heat
    assert math.isnan(simulate_chip(1, 0.01, 0.05, seed=3).mean_heat_stderr)
    assert simulate_chip(3, 0, 0, seed=3).smallest_factor == 1


def test_memory_is_that_of_a_chunk():
    def peak(devices):
        tracemalloc.start()
        try:
            simulate_chip(devices, 0.01, 0.05, seed=2, chunk=2048)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(100_000) < 1.1 * peak(4096) < 1_000_000


# -- logic ---------------------------------------------------------------------------------------


@given(PROBABILITY)
def test_symmetric_errors_lose_p_ln_2_and_dissipate_twice_that(p):
    found = logical_entropy([(1 - p) / 2, p / 2, p / 2, (1 - p) / 2])
    assert found.decrease == pytest.approx(p * math.log(2), abs=1e-15)
    assert found.dissipation == pytest.approx(2 * p * math.log(2), abs=1e-15)


@given(st.lists(st.floats(0.001, 1), min_size=4, max_size=4))
def test_gate_dissipates_at_least_twice_what_it_loses(weights):
    joint = np.array(weights).reshape(2, 2) / sum(weights)
    found = logical_entropy(joint)
    assert found.initial - found.final == pytest.approx(found.decrease, abs=1e-14)
    assert -1e-14 <= 2 * found.decrease <= found.dissipation + 1e-14
    assert found == logical_entropy(joint.ravel())


def test_one_sided_flips_lose_less_than_the_symmetric_table():
    """0 read as 1 on independent copies, as the text of the document has it."""
    q = 0.1
    joint = [(1 - q) ** 2 / 2, q * (1 - q) / 2, q * (1 - q) / 2, (q**2 + 1) / 2]
    assert logical_entropy(joint).decrease == pytest.approx(q * (1 - q) * math.log(2))


# -- points --------------------------------------------------------------------------------------


def test_points_of_comparison():
    points = {point.name: point for point in PUBLISHED}
    assert len(points) == len(PUBLISHED)
    assert f"{points['aQFP ideal'].energy:.2e}" == "4.02e-23"
    assert f"{points['aQFP 1 % spread'].energy:.2e}" == "2.71e-22"
    assert [name for name, point in points.items() if point.per == "operation"] == [
        "MANA processor"
    ]
    assert {points["aQFP ideal"].kind, points["aQFP 1 % spread"].kind} == {"inferred"}


# -- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda: terminate_heat(1, 1.5), "probability = 1.5: give values from 0 to 1"),
        (lambda: terminate_heat(np.nan), "tilt = nan: give numbers, kT"),
        (lambda: mean_terminate_heat(-1), "junction_spread = -1: give 0 or more, such as 0.01"),
        (lambda: worst_device(0.5), "devices = 0.5: give 1 or more"),
        (lambda: worst_device(9, 0, -2), "inductor_spread = -2: give 0 or more, such as 0.01"),
        (lambda: simulate_chip(0, seed=1), "devices = 0: give a whole number of 1 or more"),
        (lambda: simulate_chip(np.nan, seed=1), "devices = nan: give a whole number of 1 or"),
        (lambda: simulate_chip(9, seed=-1), "seed = -1: give a whole number of 0 or more"),
        (lambda: simulate_chip(9, seed=1, chunk=0), "chunk = 0: give a whole number of 1 or more"),
        (lambda: simulate_chip(9, np.nan, seed=1), "junction_spread = nan: give 0 or more, such"),
        (lambda: logical_entropy([0.5, 0.5]), "joint has the shape (2,): give (..., 2, 2) or"),
        (lambda: logical_entropy([1.5, -0.5, 0, 0]), "joint = 1.5: give probabilities from 0 to"),
        (lambda: logical_entropy([0.5, 0.1, 0, 0]), "joint sums to 0.6: give probabilities that"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, line):
    with pytest.raises(rc.BadInput) as error:
        call()
    assert str(error.value).startswith(line)
    assert len(error.value.faults) == 1


@settings(max_examples=20)
@given(st.integers(1, 10**12), st.floats(0, 1))
def test_arrays_broadcast(devices, spread):
    found = worst_device([[devices], [1]], [spread, 0.01, 0.02])
    assert found.tail_factor.shape == (2, 3)
    assert found.failure_probability.shape == (2, 3)
