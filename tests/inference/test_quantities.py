"""Quantities of many states, each with its bath, in any array namespace, and their derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from circuits import HHL
from recycling.inference.bath.link import LinkChannel
from recycling.inference.bath.quantities import thermodynamic_quantities, verdict_margins
from recycling.inference.states.plain import plain_estimates, table_estimates
from recycling.inference.states.records import Layout, RecordMap
from recycling.thermodynamics import Bath, QubitBaths

LAYOUT = Layout.of(HHL([[2, -1], [-1, 2]]).design)
RECORDS = RecordMap.raw(LAYOUT, branch=[0])
LINK = LinkChannel(transmissivity=0.675, population=6e-6, coherence=0.7365)
COUNT = 6
ONE_BY_ONE = {"max_examples": 30, "deadline": None}
#: Lengths of Bloch vectors: anything, near pure and near mixed.
lengths = st.one_of(
    st.floats(0, 1),
    st.floats(0, 16).map(lambda digits: 1 - 10**-digits),
    st.floats(0, 16).map(lambda digits: 10**-digits),
    st.sampled_from([0.0, 1.0]),
)
temperatures = arrays(float, COUNT, elements=st.floats(0.01, 1))
frequencies = arrays(float, COUNT, elements=st.floats(1e9, 1e10))


@st.composite
def states(draw):
    """Lengths and z components of Bloch vectors (sample, stage, qubit)."""
    length = draw(arrays(float, (COUNT, 2, 3), elements=lengths))
    return length, length * draw(arrays(float, (COUNT, 2, 3), elements=st.floats(-1, 1)))


def quantities(length, z, frequency, temperature):
    return thermodynamic_quantities(length, z, QubitBaths(frequency, temperature), LAYOUT, LINK)


def total(*arguments):
    """Sum of all finite quantities but the entropies, and the quantities."""
    found = quantities(*arguments)
    parts = [values for values in found.values() if values.ndim == 1]
    return sum(jnp.sum(jnp.where(jnp.isfinite(part), part, 0)) for part in parts), found


#: One program for all tests: compiling it takes longer than they do.
QUICKLY = {"xla_backend_optimization_level": 0}
compiled = jax.jit(jax.grad(total, argnums=(0, 1, 2, 3), has_aux=True), compiler_options=QUICKLY)


def traced(*arguments):
    """Derivatives and quantities by JAX, as arrays of NumPy."""
    with jax.enable_x64(True):
        return jax.tree.map(np.asarray, compiled(*arguments))


@settings(**ONE_BY_ONE)
@given(states(), frequencies, temperatures)
def test_many_are_one_by_one(vectors, frequency, temperature):
    length, z = vectors
    found = quantities(length, z, frequency, temperature)
    for i in range(COUNT):
        bath = Bath.qubit(float(frequency[i]), float(temperature[i]))
        alone = thermodynamic_quantities(length[i], z[i], bath, LAYOUT, LINK)
        assert found.keys() == alone.keys()
        for name, values in alone.items():
            np.testing.assert_array_equal(found[name][i], values, err_msg=name)


@settings(**ONE_BY_ONE)
@given(states(), frequencies, temperatures)
def test_traced_by_jax_they_are_the_same(vectors, frequency, temperature):
    """To 1e-12 of its terms, but for what entropies good to 1e-13 leave unknown of E(S)."""
    length, z = vectors
    arguments = (length, z, frequency, temperature)
    expected = quantities(*arguments)
    slopes, found = traced(*arguments)
    assert all(np.isfinite(slope).all() for slope in slopes)
    baths = QubitBaths(frequency, temperature)
    decrease = expected["entropy_decrease"]
    entropy = expected["entropy"][..., LAYOUT.before, LAYOUT.bath]
    unknown, edge = 0, np.zeros(COUNT, dtype=bool)
    for final in (decrease + baths.entropy(), decrease + entropy):
        ends = [baths.energy_at_entropy(np.minimum(final + d, np.log(2))) for d in (-1e-13, 1e-13)]
        unknown = unknown + ends[1] - ends[0]
        edge |= np.abs(final - np.log(2)) < 1e-13
    terms = baths.quantum * (1 + baths.temperature / 0.043)
    for name, values in expected.items():
        scale = 1.0 if name in ("entropy", "excited_population", "entropy_decrease") else terms
        error = 1e-12 * scale + (0 if np.ndim(scale) == 0 else unknown)
        other = found[name]
        same = (values == other) | (np.isnan(values) & np.isnan(other))
        if values.ndim == 1:
            # A process exists or not by the last digit of an entropy; a sign by that of a bound.
            same |= edge | (np.abs(decrease) < 1e-13)
        left, right = (np.where(same, 0, each) for each in (values, other))
        if name == "dissipation_ratio":  # in units of the bound, which may be tiny
            unit = np.where(same, 1, np.abs(expected["bound_tight"]))
            left, right, error = left * unit, right * unit, error * (1 + np.abs(left))
        assert (np.abs(left - right) <= error).all(), name


def test_no_process_is_no_bound_and_never_below_it():
    mixed = np.array([[0.0, 0.5, 1.0], [1.0, 0.2, 1.0]])  # S erases ln 2
    found = quantities(mixed, mixed, 5e9, np.array([0.043, 0.3]))
    for name in ("bound_tight", "bound_athermal", "excess_tight", "excess_athermal"):
        assert (found[name] == np.inf).all()
    assert (found["gain"] == -np.inf).all()
    assert (found["dissipation_ratio"] == np.inf).all()
    assert np.isfinite(found["excess_landauer"]).all()


def test_derivatives_are_finite_in_the_corners():
    """Pure and mixed states, processes that do not exist, nothing erased: never NaN."""
    corners = np.array([0.0, 1e-16, 0.3, 0.6, 1 - 1e-16, 1.0])
    for bath in corners:
        for after in corners:
            length = np.empty((COUNT, 2, 3))
            length[..., LAYOUT.bath], length[..., LAYOUT.output] = bath, 0.5
            length[:, LAYOUT.before, LAYOUT.target] = corners
            length[:, LAYOUT.after, LAYOUT.target] = after
            slopes, _ = traced(length, length * 0.7, np.full(COUNT, 5e9), np.full(COUNT, 0.043))
            assert all(np.isfinite(slope).all() for slope in slopes)


def tables(seed, shape):
    """Random probabilities (..., stage, preparation, basis, record)."""
    return np.random.default_rng(seed).dirichlet(np.full(16, 0.3), size=(*shape, 2, 2, 3))


def test_tables_each_with_their_p_x_are_estimated_one_by_one():
    own = tables(1, (COUNT,))
    p_x, kelvin = np.linspace(0, 1, COUNT), np.linspace(0.02, 0.2, COUNT)
    found = table_estimates(own, RECORDS, p_x, QubitBaths(5e9, kelvin), LINK)
    for i in range(COUNT):
        bath = Bath.qubit(5e9, float(kelvin[i]))
        alone = plain_estimates(own[i : i + 1], RECORDS, p_x[i : i + 1], bath, None, LINK)
        for name, values in found.items():
            np.testing.assert_array_equal(values[i], alone[name][0, 0], err_msg=name)


def test_the_derivative_goes_from_records_to_the_excess():
    """Against central differences, through inversion, mixing and projection."""
    own, p_x, towards = tables(2, ()), 0.4, tables(3, ())
    bath = Bath.qubit()

    def excess(share):
        moved = own + share * (towards - own)
        return table_estimates(moved, RECORDS, p_x, bath)["excess_tight"]

    with jax.enable_x64(True):
        slope = float(jax.jit(jax.grad(excess), compiler_options=QUICKLY)(0.3))
    step = 1e-4
    near, far = ((excess(0.3 + d) - excess(0.3 - d)) / (2 * d) for d in (step, 2 * step))
    assert slope == pytest.approx((4 * near - far) / 3, rel=1e-6, abs=0)


def test_margins_are_in_units_of_the_bath_and_of_landauer():
    baths = QubitBaths(5e9, np.array([0.043, 0.086]))
    length = np.full((2, 2, 3), 0.7)
    length[:, LAYOUT.after, LAYOUT.target] = 0.8
    found = thermodynamic_quantities(length, length, baths, LAYOUT)
    margins = verdict_margins(found, baths)
    assert len(margins) == 6
    excess = found["excess_landauer"]
    np.testing.assert_allclose(margins["excess_landauer_hf"], excess / 3.313035075e-24, rtol=1e-9)
    boltzmann = 1.380649e-23 * np.array([0.043, 0.086]) * np.log(2)
    np.testing.assert_allclose(margins["excess_landauer_kt_ln2"], excess / boltzmann, rtol=1e-12)
