"""The record of the branches: what erasing it costs, and below which temperature it pays."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.constants import k

import recycling as rc
from recycling.thermodynamics import binary_entropy

EPS = np.finfo(float).eps
QUBIT = rc.Bath.qubit()
QUANTUM = float(QUBIT.energies[1])


def turned(angle, population=0.01):
    """Qubit of an excited population in a basis turned by an angle."""
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return rotation @ np.diag([1 - population, population]) @ rotation.T


@given(probability=st.floats(0, 1), temperature=st.floats(0, 300))
def test_record_of_one_bit(probability, temperature):
    cost = rc.record_cost([probability, 1 - probability], temperature)
    # 1 - p loses what is below eps of p.
    expected = k * temperature * binary_entropy(probability)
    assert cost == pytest.approx(expected, rel=1e-12, abs=64 * EPS * k * temperature)


def test_records_are_vectorised_and_uniform_ones_cost_the_most():
    uniform, skewed, certain = [0.25] * 4, [0.1, 0.2, 0.3, 0.4], [0, 1, 0, 0]
    costs = rc.record_cost([uniform, skewed, certain], [[0.043], [4.2]])
    assert costs.shape == (2, 3)
    np.testing.assert_allclose(costs[:, 0], k * np.array([0.043, 4.2]) * math.log(4), rtol=8 * EPS)
    assert (costs[:, 1] < costs[:, 0]).all()
    assert (costs[:, 2] == 0).all()


@given(seed=st.integers(0, 2**32 - 1), decrease=st.floats(0, 0.6), branches=st.integers(2, 4))
def test_break_even_is_where_the_gain_pays_for_the_record(seed, decrease, branches):
    """At T_rec = (Ḡ - G_mix)/(k_B H(m)) the record costs what it gains."""
    rng = np.random.default_rng(seed)
    states = np.stack([turned(a, p) for a, p in rng.uniform([0, 0], [3, 0.2], (branches, 2))])
    weights = rng.dirichlet(np.ones(branches))
    temperature = float(rc.record_break_even(decrease, QUBIT, states, weights))
    gains = rc.branch_gains(decrease, QUBIT, states, weights)
    assert temperature >= 0
    if np.isfinite([gains.mean, gains.mixed]).all():
        cost = rc.record_cost(weights, temperature)
        gained = max(gains.mean - gains.mixed, 0)
        assert cost == pytest.approx(gained, rel=0, abs=64 * EPS * QUANTUM)
    elif np.isfinite(gains.mean):
        assert temperature == np.inf
    else:
        assert temperature == 0


def test_break_even_where_only_an_athermal_bath_has_a_process():
    """ΔS above ln 2 - S_th: G is +inf twice, and what the record gains is finite all the same."""
    decrease, angles = 0.67, np.array([0.0, 0.05])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    states = np.einsum("mi,mj->mij", vectors, vectors)
    assert np.isposinf(rc.gain(decrease, QUBIT, states)).all()
    small = (1 - math.cos(0.05)) / 2  # smaller eigenvalue of the even mixture
    energies = QUBIT.energy_at_entropy(decrease + np.array([0, binary_entropy(small)]))
    expected = (energies[1] - energies[0]) / (k * math.log(2))
    found = rc.record_break_even(decrease, QUBIT, states, [0.5, 0.5])
    # 1 - cos keeps twelve digits, the difference of two energies thirteen.
    assert found == pytest.approx(expected, rel=1e-11)


def test_break_even_of_a_single_branch_is_undefined_and_sweeps_broadcast():
    states = np.stack([turned(angle) for angle in (0.2, 0.9)])
    weights = np.array([[0.5, 0.5], [0.0, 1.0]])
    found = rc.record_break_even(np.array([[0.1], [0.2]]), QUBIT, states, weights)
    assert found.shape == (2, 2)
    assert np.isnan(found[:, 1]).all()
    assert (found[:, 0] > 0).all()


def test_a_record_of_unknown_probabilities_has_no_cost():
    found = rc.record_cost([[0.5, np.nan], [0.5, 0.5]], 0.043)
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(k * 0.043 * np.log(2))
    states = np.stack([turned(angle) for angle in (0.2, 0.9)])
    assert np.isnan(rc.record_break_even(0.1, QUBIT, states, [np.nan, 0.5]))


def test_effective_temperature_of_branches_of_equal_entropy():
    """T_rec < T_eff χ/H(m), T_eff between the Gibbs temperatures at both ends of the mixing."""
    states, weights = np.stack([turned(angle) for angle in (0.2, 0.9)]), [0.4, 0.6]
    decrease = 0.1
    found = float(rc.record_break_even(decrease, QUBIT, states, weights))
    holevo = float(rc.branch_gains(decrease, QUBIT, states, weights).holevo)
    start = float(rc.von_neumann_entropy(states[0])) + decrease
    effective = found * float(binary_entropy(0.4)) / holevo
    coldest, hottest = QUBIT.temperature_at_entropy([start, start + holevo])
    assert coldest < effective < hottest


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rc.record_cost([0.5, 0.6], 1), "probabilities sum to 1.1: give values that"),
        (lambda: rc.record_cost([1.5, -0.5], 1), "probabilities = -0.5: give values of 0 or more"),
        (lambda: rc.record_cost(0.5, 1), "give one for each branch"),
        (lambda: rc.record_cost([0.5, 0.5], -0.1), "temperature = -0.1 K: give finite values"),
        (lambda: rc.record_cost([0.5, 0.5], np.inf), "temperature = inf K: give finite values"),
        (
            lambda: rc.record_break_even(0.1, QUBIT, np.stack([np.eye(2) / 2] * 2), [0.4, 0.4]),
            "probabilities sum to 0.8",
        ),
        (lambda: rc.record_break_even(0.1, QUBIT, [np.eye(3) / 3], [1]), "this bath takes"),
    ],
)
def test_bad_input_is_one_line(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
