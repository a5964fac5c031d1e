"""Many qubit baths at once: they are the baths one by one, in any array namespace."""

import array_api_strict
import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.constants import h, k

from recycling.thermodynamics import (
    Bath,
    QubitBaths,
    athermal_bound_from,
    gain_from,
    landauer_bound,
    tight_bound,
)

LN2 = float(np.log(2))
COUNT = 8
temperatures = arrays(float, (COUNT, 1), elements=st.floats(0.01, 1))
frequencies = arrays(float, COUNT, elements=st.floats(1e9, 1e10))
entropies = arrays(float, (COUNT, 1), elements=st.floats(0, LN2))
decreases = arrays(float, COUNT, elements=st.floats(-LN2, LN2))


def bounds(decrease, bath, entropy, energy):
    return (
        landauer_bound(decrease, bath),
        tight_bound(decrease, bath),
        athermal_bound_from(decrease, bath, entropy, energy),
        gain_from(decrease, bath, entropy, energy),
    )


@settings(max_examples=15, deadline=None)
@given(frequencies, temperatures, entropies, decreases)
def test_baths_at_once_are_the_baths_one_by_one(frequency, temperature, entropy, decrease):
    energy = 0.3 * h * frequency
    at_once = bounds(decrease, QubitBaths(frequency, temperature), entropy, energy)
    for i in range(COUNT):
        for j in range(COUNT):
            bath = Bath.qubit(float(frequency[j]), float(temperature[i, 0]))
            alone = bounds(decrease[j], bath, entropy[i, 0], energy[j])
            np.testing.assert_array_equal([each[i, j] for each in at_once], alone)


def test_a_thermal_bath_is_that_of_its_temperature():
    baths, bath = QubitBaths(5e9, 0.043), Bath.qubit(5e9, 0.043)
    assert baths.entropy() == bath.entropy()
    assert baths.mean_energy() == bath.mean_energy()
    assert list(baths.excitations) == list(bath.excitations) == [h * 5e9]


@pytest.mark.parametrize(
    ("frequency", "temperature", "message"),
    [
        ([5e9, 0.0], 0.043, "frequency = 0 Hz"),
        (5e9, [0.043, np.inf], "temperature = inf K"),
        (5e9, np.nan, "temperature = nan K"),
    ],
)
def test_impossible_baths_are_refused(frequency, temperature, message):
    with pytest.raises(ValueError, match=f"{message}: give positive, finite values"):
        QubitBaths(frequency, temperature)


def test_a_strict_namespace_has_all_that_is_used():
    numbers = [np.array([[0.1], [0.6]]), np.array([5e9, 6e9]), np.array([0.043, 0.2])]
    decrease, frequency, temperature = map(array_api_strict.asarray, numbers)
    strict = bounds(decrease, QubitBaths(frequency, temperature), decrease, 1e-24 * frequency / 5e9)
    plain = bounds(numbers[0], QubitBaths(*numbers[1:]), numbers[0], 1e-24 * numbers[1] / 5e9)
    for one, other in zip(strict, plain, strict=True):
        np.testing.assert_allclose(np.asarray(one), other, rtol=1e-13)


def test_the_derivative_of_the_energy_is_the_temperature():
    """dE = 𝒯 dS over the range of entropies, and 0 outside of it, where no energy moves."""
    bath = Bath.qubit()
    small, large = np.logspace(-120, -1, 200), LN2 - np.logspace(-8, -2, 100)
    entropy = np.concatenate([small, np.linspace(0.1, 0.68, 200), large])
    with jax.enable_x64(True):
        slope = jax.jit(
            jax.vmap(jax.grad(bath.energy_at_entropy)),
            compiler_options={"xla_backend_optimization_level": 0},
        )(np.concatenate([entropy, [-0.1, 0.0, 0.7, 5.0]]))
    np.testing.assert_allclose(slope[:-4], k * bath.temperature_at_entropy(entropy), rtol=2e-9)
    assert np.asarray(slope[-4:]).tolist() == [0, 0, 0, 0]
