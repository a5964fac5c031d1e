"""Thermodynamics of resets: exact relations, and the coverage of their intervals."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.constants import h as planck
from scipy.constants import k as boltzmann
from scipy.optimize import brentq
from scipy.special import expit, xlogy

from recycling.errors import BadInput
from recycling.inference.bath.resets import PLACES, ResetPhysics
from recycling.inference.readout.assignment import Assignment
from recycling.inference.readout.calibration import estimate_assignment
from recycling.inference.readout.populations import excited_populations
from recycling.inference.statistics.combined import combined
from recycling.inference.statistics.interval import Interval

TEMPERATURES, FREQUENCIES = st.floats(0.01, 0.1), st.floats(3e9, 7e9)
WEIGHTS = st.floats(0, 1)
SIGMAS = 4


def entropy(p):
    return -xlogy(p, p) - xlogy(1 - p, 1 - p)


def thermal(frequency, temperature):
    return float(expit(-planck * frequency / (boltzmann * temperature)))


def exact(physics, populations):
    column = np.array(populations, float)[:, None]
    return {name: float(of(column)[0]) for name, of in physics.quantities().items()}


@settings(max_examples=60)
@given(TEMPERATURES, FREQUENCIES, WEIGHTS, st.floats(0, 1))
def test_a_swap_with_a_thermal_bath_obeys_the_bounds(temperature, frequency, weight, start):
    """Clausius, and Q_tight with equality up to inversion; above it the bound has its T > 0."""
    p = thermal(frequency, temperature)
    physics = ResetPhysics(weight, frequency, temperature, (frequency,))
    found = exact(physics, [start, 1 - start, p, p, p, p, start, 1 - start])
    before = (1 - weight) * start + weight * (1 - start)
    rounding = 1e-9 * physics.quantum
    assert found["bath_heat"] == pytest.approx(found["heat"], abs=rounding)
    assert found["heat"] == pytest.approx(physics.quantum * (before - p), abs=rounding)
    assert found["entropy_decrease"] == pytest.approx(entropy(before) - entropy(p), abs=1e-12)
    assert found["excess_landauer"] >= -rounding
    assert found["excess_tight"] >= -rounding
    assert found["athermal"] == pytest.approx(found["tight"], abs=rounding)
    if before <= 0.5:
        assert found["excess_tight"] == pytest.approx(0, abs=1e-7 * physics.quantum)


@settings(max_examples=30)
@given(TEMPERATURES, FREQUENCIES, st.floats(0, 0.5))
def test_a_wait_gives_at_least_the_heat_of_landauer(temperature, frequency, share):
    """Any way along a relaxation: the free energy falls."""
    p = thermal(frequency, temperature)
    physics = ResetPhysics(0.4, frequency, temperature)
    found = exact(physics, [0.0, 1.0, p * (1 - share), p + share * (1 - p)])
    assert found["excess_landauer"] >= -1e-12 * physics.quantum


def test_bounds_of_several_baths_are_those_of_their_product():
    """Minimised over both bath qubits, not taken from the product's Gibbs state."""
    frequency, temperature = 5e9, 0.08
    p = thermal(frequency, temperature)
    physics = ResetPhysics(0.4, frequency, temperature, (frequency, frequency))
    populations = [0.02, 0.98, 0.01, 0.02, *[p, p, p, 0.5], *[p, p, p, 0.1]]
    found = exact(physics, populations)
    wanted = 2 * entropy(p) + found["entropy_decrease"]
    # Equal populations maximise the entropy at an energy (concavity).
    level = brentq(lambda x: 2 * entropy(x) - wanted, p, 0.5)
    energy = 2 * planck * frequency * (level - p)
    assert found["tight"] == pytest.approx(energy, rel=1e-9)
    assert found["athermal"] == pytest.approx(energy, rel=1e-9)
    assert found["bath_heat"] == pytest.approx(
        planck * frequency * (0.4 * (0.5 + 0.1 - 2 * p)), rel=1e-12
    )


def test_more_entropy_than_a_bath_takes_is_no_process():
    physics = ResetPhysics(0.5, 5e9, 0.3, (5e9,))
    found = exact(physics, [0, 1, 0, 0, 0.3, 0.3, 0.5, 0.5])
    assert found["tight"] == np.inf
    assert found["excess_tight"] == -np.inf


@settings(max_examples=20)
@given(st.floats(-0.9, 0.9), st.floats(0.01, 0.2), st.floats(0.01, 0.2))
def test_a_linear_function_has_the_usual_errors(correlation, first, second):
    centre, width = np.array([0.5, 0.4]), np.array([first, second])
    pair = Interval(centre, centre - width, centre + width)
    matrix = np.array([[1, correlation], [correlation, 1]])
    found = combined(lambda x: 2 * x[0] - 3 * x[1], pair, matrix)
    spread = np.array([2 * first, -3 * second])
    assert found.high - found.value == pytest.approx(np.sqrt(spread @ matrix @ spread))
    assert found.value - found.low == pytest.approx(found.high - found.value)


def test_what_a_range_cuts_off_is_certain():
    pair = Interval(np.array([0.01, 0.5]), np.array([0.0, 0.4]), np.array([0.05, 0.6]))
    found = combined(lambda x: x.sum(axis=0), pair, np.eye(2), least=0)
    assert found.value - found.low == pytest.approx(0.01 + 0.1)
    assert found.high - found.value == pytest.approx(np.hypot(0.04, 0.1))


def test_records_that_tell_nothing_are_refused():
    rates = np.array([0.5])
    assignment = Assignment.given(rates, rates, population=rates, source="an example")
    with pytest.raises(BadInput, match="choose another qubit"):
        excited_populations(np.array([[5, 5]]), assignment)


# -- coverage ----------------------------------------------------------------------------------


def draw(generator, states, rates, shots):
    """Counts of joint states of two qubits (array of shape (circuit, 2, 2)), misread by rates."""
    first, second = (np.array([[1 - a, b], [a, 1 - b]]) for a, b in zip(*rates, strict=True))
    recorded = np.einsum("xa,yb,cab->cxy", first, second, states)
    return np.stack([generator.multinomial(shots, p.ravel()).reshape(2, 2) for p in recorded])


def calibrated(generator, rates, start, shots):
    """Assignment of two qubits from drawn counts of circuits that record them twice."""
    e0, e1 = rates
    tables = []
    for bits in [*product((0, 1), repeat=2), None]:
        p = start if bits is None else np.where(bits, 1 - start, start)
        twice = [
            np.outer([1 - a, a], [1 - a, a]) * (1 - x) + np.outer([b, 1 - b], [b, 1 - b]) * x
            for x, a, b in zip(p, e0, e1, strict=True)
        ]
        joint = np.einsum("ab,cd->acbd", *twice)
        tables.append(generator.multinomial(shots, joint.ravel()).reshape(joint.shape))
    return estimate_assignment(np.stack(tables))


def one_experiment(generator, shots):
    """Estimates of a SWAP on random hardware, and what is true of it."""
    temperature, frequency = generator.uniform(0.01, 0.1), generator.uniform(3e9, 7e9)
    p, weight = thermal(frequency, temperature), float(generator.choice([0, 0.4, 1]))
    rates = generator.uniform(0.003, 0.03, (2, 2))
    missed = generator.uniform(0, 0.05)  # rounds without their SWAP: both qubits know of it
    cold, hot = np.array([1 - p, p]), np.array([p, 1 - p])
    swapped = (1 - missed) * np.outer(cold, hot) + missed * np.outer(hot, cold)
    rest = np.outer(cold, cold)
    states = np.stack([rest, np.outer(hot, cold), rest, swapped])  # prepared, then reset
    truth = np.array([*states.sum(axis=2)[:, 1], *states.sum(axis=1)[:, 1]])
    assignment = calibrated(generator, rates, np.full(2, p), shots)
    found = excited_populations(draw(generator, states, rates, shots), assignment)
    places = [(circuit, qubit) for qubit in (0, 1) for circuit in range(PLACES)]
    ends = (np.array([end[place] for place in places]) for end in found.corrected.ends.values())
    physics = ResetPhysics(weight, frequency, temperature, (frequency,))
    estimates = physics.estimates(Interval(*ends), found.correlation(places))
    return physics, estimates, truth


def coverage(experiments, shots, seed=0):
    """Fraction of intervals that hold the truth, by quantity."""
    generator, inside = np.random.default_rng(seed), {}
    for _ in range(experiments):
        physics, estimates, truth = one_experiment(generator, shots)
        for name, value in exact(physics, truth).items():
            found, slack = estimates[name], 1e-12 * (1 if abs(value) > 1e-6 else physics.quantum)
            inside.setdefault(name, []).append(found.low - slack <= value <= found.high + slack)
    return {name: float(np.mean(hits)) for name, hits in inside.items()}


def test_intervals_cover():
    """`make resets` asks with 2,000 experiments; here each may be off by chance."""
    count = 25
    least = 0.93 - SIGMAS * np.sqrt(0.93 * 0.07 / count)
    found = coverage(count, shots=2000)
    assert min(found.values()) > least
    assert np.mean([*found.values()]) > 0.93
