"""Tomography along any axes, with other shots in every setting."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import special_ortho_group

from recycling.inference.states.estimates import estimate
from recycling.inference.states.frames import height
from recycling.inference.states.plain import mixed, plain_estimates, projected
from recycling.inference.states.tomography import mix
from recycling.inference.statistics.resampling import resample, simultaneous_quantile
from recycling.inference.statistics.trials import scatter
from tests.inference.of_hhl import AFTER, BEFORE, C_I, B, S, raw
from tests.inference.test_correction import assignment, maps_of, read_out
from tests.inference.test_estimates import (
    BATH,
    BLOCH,
    EPS,
    P_X,
    QUANTUM,
    asked,
    coverage_error,
    joint_probabilities,
)

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


# --- limits --------------------------------------------------------------------------------------


def unequal_counts(bloch, axes, seed):
    """Counts (point, trial, …) of two trials, whose settings have from 20 to 2,000 shots each."""
    generator = np.random.default_rng(seed)
    shots = np.exp(generator.uniform(np.log(20), np.log(2000), (len(bloch), 2, 2, 2, 3)))
    return generator.multinomial(np.round(shots).astype(int), probabilities(bloch, axes))


def limited(counts, axes=None, reference=None):
    reference = np.tile([0.6, 0.0, 0.8], (len(counts), 1)) if reference is None else reference
    question = replace(asked(len(counts)), reference=reference, axes=axes)
    return estimate(counts, question)


def assert_alike(found, expected):
    """Values and limits to 1e-12 of a nat, a probability or a quantum."""
    for name, own in expected.items():
        scale = 1.0 if own.value.ndim > 3 or np.nanmax(np.abs(own.value)) > 1e-15 else QUANTUM
        for part in ("value", "low", "high", "stderr"):
            np.testing.assert_allclose(
                getattr(found[name], part), getattr(own, part), rtol=1e-12, atol=1e-12 * scale,
                err_msg=f"{name} {part}",
            )  # fmt: skip


def test_fixed_axes_are_the_frame_of_the_laboratory():
    bloch = random_states(POINTS, seed=12)
    laboratory = np.broadcast_to(np.eye(3), (POINTS, 2, 3, 3, 3))
    counts = unequal_counts(bloch, laboratory, seed=13)
    assert_alike(limited(counts, laboratory), limited(counts))


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0), (0, 2, 1)])
def test_the_order_of_the_axes_is_no_matter(order):
    """Limits of a z along the first axis, or the second, are those of a z along the third."""
    bloch = random_states(POINTS, seed=14)
    laboratory = np.broadcast_to(np.eye(3), (POINTS, 2, 3, 3, 3))
    counts = unequal_counts(bloch, laboratory, seed=15)
    assert_alike(limited(counts[..., order, :], laboratory[..., order, :]), limited(counts))


def test_an_axis_may_point_down():
    """Outcome 1 along -z is outcome 0 along z."""
    bloch = random_states(POINTS, seed=16)
    laboratory = np.broadcast_to(np.eye(3), (POINTS, 2, 3, 3, 3))
    counts = unequal_counts(bloch, laboratory, seed=17)
    turned = counts.reshape(*counts.shape[:-1], 2, 8)[..., ::-1].reshape(counts.shape)
    found, expected = limited(turned, -laboratory), limited(counts)
    assert_alike(found, expected)


def test_limits_need_no_more_axes_than_the_estimate():
    laboratory = np.broadcast_to(np.eye(3), (1, 2, 3, 3, 3))
    counts = unequal_counts(BLOCH[None], laboratory, seed=18)
    whole = limited(counts, laboratory)
    counts[:, :, AFTER, :, :2] = 0
    for axes in (None, laboratory):
        found = limited(counts, axes)
        for name in ("heat", "excited_population"):
            for part in ("value", "low", "high"):
                np.testing.assert_allclose(
                    getattr(found[name], part), getattr(whole[name], part), rtol=1e-12
                )
        for part in ("value", "low", "high", "stderr", "z"):
            assert np.isnan(getattr(found["excess_tight"], part)).all()
            assert np.isnan(getattr(found["entropy"], part)[..., AFTER, :]).all()


def test_bands_and_calibrations_turn_with_the_axes():
    """A corrected readout, whose errors move outcomes: along permuted axes as along fixed ones."""
    bloch = random_states(2, seed=19)
    laboratory = np.broadcast_to(np.eye(3), (2, 2, 3, 3, 3))
    counts = unequal_counts(bloch, laboratory, seed=20)
    covariance = np.diag(np.linspace(0.005, 0.01, 8) ** 2)
    records, moved = maps_of("recycling", "corrected", assignment(covariance))
    fixed = replace(asked(2), records=records, moved=moved)
    order = (1, 2, 0)
    turned = replace(fixed, axes=laboratory[..., order, :])
    assert len(moved)
    assert_alike(estimate(counts[..., order, :], turned), estimate(counts, fixed))
    draws = resample(counts, records, 50, np.random.default_rng(21))
    assert simultaneous_quantile(draws[..., order, :], turned) == pytest.approx(
        simultaneous_quantile(draws, fixed), rel=1e-12
    )


def test_trials_of_different_lengths_scatter_as_their_shots_do():
    """χ² of the heat over three trials with 200, 1,000 and 5,000 shots: 2 on the average."""
    copies = 150
    axes = random_frames(1, seed=27)
    exact = np.repeat(probabilities(BLOCH[None], axes), copies, axis=0)
    shots = np.array([200, 1000, 5000]).reshape(1, 3, 1, 1, 1)
    counts = np.random.default_rng(28).multinomial(
        np.broadcast_to(shots, (copies, 3, 2, 2, 3)), exact
    )
    question = replace(asked(copies, p_x=P_X[[1]]), axes=np.repeat(axes, copies, axis=0))
    heat = estimate(counts, question)["heat"]
    square = scatter(heat.value[:, 0], heat.stderr[:, 0]).ratio ** 2 * 2
    # χ² with two degrees of freedom has a variance of 4; its weights are those of the sample.
    assert abs(square.mean() - 2) < 4 * 2 / np.sqrt(copies) + 0.05


def test_readout_is_corrected_before_components_are_turned():
    bloch, axes = random_states(POINTS, seed=25), random_frames(POINTS, seed=26)
    exact = probabilities(bloch, axes)
    records, _ = maps_of("recycling", "corrected", assignment())
    found = plain_estimates(read_out(exact), records, P_X, BATH, None, axes=axes)
    for name, values in plain(exact, axes).items():
        scale = np.abs(values[np.isfinite(values)]).max(initial=0)
        np.testing.assert_allclose(found[name], values, atol=1e-9 * scale, err_msg=name)


def test_intervals_along_any_axes_cover():
    """Random frames, and shots from 30 to 3,000: heat, ΔS and excesses of one mixed state."""
    copies = 400
    axes = random_frames(1, seed=22)
    exact = probabilities(BLOCH[None], axes)
    shots = np.random.default_rng(23).permutation(np.geomspace(30, 3000, 12).astype(int))
    counts = np.random.default_rng(24).multinomial(
        shots.reshape(2, 2, 3), np.repeat(exact, copies, axis=0)
    )
    found = limited(counts, np.repeat(axes, copies, axis=0))
    truth = plain(exact, axes)
    for name in ("heat", "entropy_decrease", "excess_tight", "excess_landauer"):
        own = found[name]
        covered = (own.low <= truth[name]) & (truth[name] <= own.high)
        assert covered.mean(axis=0).min() >= 0.93 - coverage_error(copies, 0.93), name
    population = found["excited_population"]
    inside = (population.low <= truth["excited_population"]) & (
        truth["excited_population"] <= population.high
    )
    assert inside.mean(axis=0).min() >= 0.93 - coverage_error(copies, 0.93)


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
