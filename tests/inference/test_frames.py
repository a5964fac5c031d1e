"""Tomography along any axes, with other shots in every setting."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import special_ortho_group

from recycling.inference.states.frames import height
from recycling.inference.states.plain import mixed, plain_estimates, projected
from recycling.inference.states.tomography import mix
from tests.inference.of_hhl import AFTER, BEFORE, C_I, B, S, raw
from tests.inference.test_estimates import BATH, BLOCH, EPS, P_X, joint_probabilities

RAW = raw("recycling")
POINTS = 4


def random_frames(points, seed):
    """Axes of each qubit at each stage (point, stage, qubit, basis, 3), each right-handed."""
    frames = special_ortho_group.rvs(3, size=points * 6, random_state=np.random.default_rng(seed))
    return frames.reshape(points, 2, 3, 3, 3)


def random_states(points, seed):
    """Bloch vectors (point, stage, preparation, qubit, xyz) of any length."""
    generator = np.random.default_rng(seed)
    directions = generator.normal(size=(points, 2, 2, 3, 3))
    lengths = generator.uniform(size=(*directions.shape[:-1], 1))
    return lengths * directions / np.linalg.norm(directions, axis=-1, keepdims=True)


def probabilities(bloch, axes):
    """Exact tables of product states along axes: (point, 1, stage, preparation, basis, record)."""
    seen = np.einsum("psqad,psrqd->psrqa", axes, bloch)
    return np.concatenate([joint_probabilities(one) for one in seen])


def plain(tables, axes=None, reference=None):
    return plain_estimates(tables, RAW, P_X, BATH, reference, axes=axes)


def test_exact_estimates_are_those_of_the_laboratory():
    """Whatever the frames, unrelated to the states, and whatever the weights of the settings."""
    bloch, axes = random_states(POINTS, seed=1), random_frames(POINTS, seed=2)
    laboratory = np.broadcast_to(np.eye(3), axes.shape)
    reference = np.linalg.qr(np.random.default_rng(3).normal(size=(POINTS, 3, 3)))[0][:, 0]
    expected = plain(probabilities(bloch, laboratory), reference=reference)
    weights = np.random.default_rng(4).uniform(20, 2000, (POINTS, 1, 2, 2, 3, 1))
    found = plain(weights * probabilities(bloch, axes), axes, reference)
    assert expected.keys() == found.keys()
    for name, values in expected.items():
        scale = np.abs(values[np.isfinite(values)]).max()
        np.testing.assert_allclose(found[name], values, atol=1e-12 * scale, err_msg=name)


def test_the_frame_of_the_laboratory_changes_nothing():
    bloch = random_states(POINTS, seed=5)
    laboratory = np.broadcast_to(np.eye(3), (POINTS, 2, 3, 3, 3))
    reference = np.tile([0.6, 0.0, 0.8], (POINTS, 1))
    tables = probabilities(bloch, laboratory)
    fixed, turned = (plain(tables, axes, reference) for axes in (None, laboratory))
    for name, values in fixed.items():
        np.testing.assert_array_equal(turned[name], values, err_msg=name)


@pytest.mark.parametrize("turned", [False, True])
def test_only_what_needs_an_axis_is_unknown_without_it(turned):
    """Of B after the erasure z alone enters the heat; frames turned about z keep it on one axis."""
    axes = np.broadcast_to(np.eye(3), (1, 2, 3, 3, 3)).copy()
    if turned:
        angle = 0.7
        axes[..., :2, :2] = [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    tables = probabilities(BLOCH[None], axes)
    whole = plain(tables, axes, np.array([[0.0, 0.0, 1.0]]))
    tables[:, :, AFTER, :, :2] = 0  # no first and second axis after the erasure
    found = plain(tables, axes, np.array([[0.0, 0.0, 1.0]]))
    for name in ("heat", "excited_population", "fidelity", "branch_probability"):
        np.testing.assert_allclose(found[name], whole[name], rtol=8 * EPS, err_msg=name)
    assert np.isnan(found["entropy"][..., AFTER, :]).all()
    np.testing.assert_array_equal(
        found["entropy"][..., BEFORE, :], whole["entropy"][..., BEFORE, :]
    )
    assert np.isnan(found["excess_tight"]).all()
    tables[:, :, BEFORE, :, 2] = 0  # and no third before it
    assert np.isnan(plain(tables, axes)["heat"]).all()


def test_a_tilted_axis_without_shots_leaves_the_population_unknown():
    axes = random_frames(1, seed=6)
    axes[:, :, S] = np.eye(3)
    tables = probabilities(BLOCH[None], axes)
    tables[:, :, AFTER, :, 0] = 0
    population = plain(tables, axes)["excited_population"]
    assert np.isnan(population[..., AFTER, [B, C_I]]).all()
    assert np.isfinite(population[..., AFTER, S]).all()


def test_linear_inversion_has_no_bias_along_any_axes():
    """Mean of many experiments against the state, in standard errors."""
    copies = 2000
    bloch, axes = random_states(1, seed=7), random_frames(1, seed=8)
    generator = np.random.default_rng(9)
    shots = generator.integers(30, 3000, size=(1, 1, 2, 2, 3))
    counts = generator.multinomial(shots, probabilities(bloch, axes), size=(copies, 1, 1, 2, 2, 3))
    z = height(mixed(counts[:, 0, 0], RAW, P_X[1]), axes)
    expected = mix(*np.moveaxis(bloch[0], 1, 0), P_X[1])[..., 2]
    error = z.std(axis=0) / np.sqrt(copies)
    assert np.abs((z.mean(axis=0) - expected) / error).max() < 4


def test_a_component_has_derivatives():
    """JAX traces it with tables or axes as variables: influence functions and designs need it."""
    axes = random_frames(1, seed=10)
    tables = probabilities(BLOCH[None], axes)[:, 0]

    def component(tables, axes):
        return projected(mixed(tables, RAW, P_X[1]), axes)[1][0, AFTER, B]

    values = jnp.asarray(tables), jnp.asarray(axes)
    slopes = jax.jit(jax.grad(component, argnums=(0, 1)))
    for argument, gradient in enumerate(slopes(*values)):
        direction = np.random.default_rng(11).normal(size=gradient.shape) * 1e-6
        ends = [list(map(np.asarray, values)) for _ in range(2)]
        for end, sign in zip(ends, (1, -1), strict=True):
            end[argument] = end[argument] + sign * direction
        by_hand = (component(*ends[0]) - component(*ends[1])) / 2
        assert float((gradient * direction).sum()) == pytest.approx(by_hand, rel=1e-5)
