"""Resamples of a whole sweep: what they are drawn from, and bands that hold everywhere at once."""

import numpy as np
import pytest
from scipy.special import ndtri

from recycling.inference.states.estimates import CONFIDENCE, QUANTILE, estimate_erasure
from recycling.inference.states.samples import mixture
from recycling.inference.statistics.resampling import BANDED, resample, simultaneous_quantile
from tests.inference.of_hhl import raw
from tests.inference.test_correction import assignment, maps_of
from tests.inference.test_estimates import (
    BLOCH,
    FLAG,
    P_X,
    asked,
    exactly,
    joint_probabilities,
    sample,
)

RAW = raw("recycling")


def sweep(points):
    """Probabilities of a sweep: states that turn a little from one angle to the next."""
    bloch = [BLOCH * (1 - 0.02 * index) for index in range(points)]
    return np.concatenate([joint_probabilities(one) for one in bloch])


# --- draws ---------------------------------------------------------------------------------------


def test_draws_add_up_to_the_shots_of_all_trials():
    counts = np.random.default_rng(1).multinomial(300, np.full(16, 1 / 16), size=(3, 4, 2, 2, 3))
    draws = resample(counts, RAW, 20, np.random.default_rng(2))
    assert draws.shape == (3, 20, 2, 2, 3, 16)
    np.testing.assert_array_equal(draws.sum(axis=-1), 4 * 300)
    assert draws.min() >= 0


def test_a_seed_fixes_every_draw():
    counts = sample(sweep(2), 500, seed=3)
    first, again, other = (
        resample(counts, RAW, 10, np.random.default_rng(seed)) for seed in (4, 4, 5)
    )
    np.testing.assert_array_equal(first, again)
    assert np.any(first != other)
    quantiles = [simultaneous_quantile(draws, asked(2)) for draws in (first, again)]
    assert quantiles[0] == quantiles[1]


def test_draws_keep_what_s_and_b_share():
    """Means and covariances of the joint records of flag, S and B, each trial by its own counts."""
    resamples = 4000
    generator = np.random.default_rng(6)
    tables = generator.dirichlet(np.ones(16), size=(1, 2, 2, 2, 3))
    counts = generator.multinomial([[[[[200]]], [[[300]]]]], tables)
    draws = resample(counts, RAW, resamples, np.random.default_rng(7))

    def joint(records):
        """(S, B) of the branch; C_I and all of the other branch are no matter."""
        return records.reshape(*records.shape[:-1], 2, 2, 2, 2)[..., FLAG, :, :, :].sum(axis=-1)

    drawn = joint(draws)[0].reshape(resamples, -1)
    observed = joint(counts)[0].reshape(2, 12, 4)
    shots = counts.sum(axis=-1)[0].reshape(2, 12, 1)
    share = observed / shots
    variance = (shots * share * (1 - share)).sum(axis=0).ravel()
    error = np.sqrt(variance / resamples)
    assert np.abs((drawn.mean(axis=0) - observed.sum(axis=0).ravel()) / error).max() < 4.5
    covariance = np.cov(drawn, rowvar=False)
    expected = np.zeros_like(covariance)
    for setting in range(12):
        own = np.s_[4 * setting : 4 * setting + 4]
        for trial in range(2):
            p, n = share[trial, setting], shots[trial, setting]
            expected[own, own] += n * (np.diag(p) - np.outer(p, p))
    # Of a covariance of normal variables: its variance is (C_ij² + C_ii C_jj)/n.
    scatter = np.sqrt((expected**2 + np.outer(variance, variance)) / resamples)
    assert np.abs((covariance - expected) / scatter).max() < 5


@pytest.mark.parametrize("readout", ["raw", "corrected", "unmixed"])
def test_records_alike_for_s_and_b_are_drawn_together(readout):
    """Vectors of S and B from few kinds of records are those from all sixteen."""
    records, _ = maps_of("recycling", readout, assignment())
    counts = sample(sweep(1), 10**7, seed=8)
    draws = resample(counts, records, 3, np.random.default_rng(9))
    found, expected = (mixture(own, records, P_X).vector()[..., :2] for own in (draws, counts))
    # 5 σ of a component, which is 1 at most, of 7.5 million shots.
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=5 / 7.5e6**0.5)


def test_a_setting_without_shots_stays_so():
    counts = sample(sweep(2), 100, seed=10)
    counts[1, 0, 0, 0, 2] = 0
    draws = resample(counts, RAW, 5, np.random.default_rng(11))
    assert draws[1, :, 0, 0, 2].sum() == 0
    # It is left out of the band of the rest.
    alone = simultaneous_quantile(draws[:1], asked(1))
    assert simultaneous_quantile(draws, asked(2)) == pytest.approx(alone, rel=1e-12)


# --- bands ---------------------------------------------------------------------------------------


def sidak(tests):
    """Two-sided quantile at which so many independent normal estimates hold at once."""
    return -ndtri((1 - CONFIDENCE ** (1 / tests)) / 2)


def test_quantile_of_one_normal_estimate_is_that_of_the_interval():
    """One angle, one p_x: heat, entropy and excesses depend on each other, none is left alone."""
    counts = sample(joint_probabilities(BLOCH), 10**6, seed=12)
    resamples = 4000
    draws = resample(counts, RAW, resamples, np.random.default_rng(13))
    found = simultaneous_quantile(draws, asked(1, p_x=P_X[[1]]))
    # Quantile of 4000 draws: √(α (1 - α)/n) over the density there, 2 φ(z).
    error = np.sqrt(0.05 * 0.95 / resamples) / (2 * np.exp(-(QUANTILE**2) / 2) / np.sqrt(2 * np.pi))
    # The largest of four such, which are alike.
    assert QUANTILE <= found < QUANTILE + 4 * error


def test_quantile_of_independent_angles_is_sidaks():
    points, resamples = 12, 4000
    counts = sample(sweep(points), 10**6, seed=14)
    draws = resample(counts, RAW, resamples, np.random.default_rng(15))
    found = simultaneous_quantile(draws, asked(points, p_x=P_X[[1]]))
    expected = sidak(points)
    # Density of the largest of n at its 95 % quantile.
    density = (
        points
        * 0.95 ** ((points - 1) / points)
        * 2
        * np.exp(-(expected**2) / 2)
        / np.sqrt(2 * np.pi)
    )
    error = np.sqrt(0.05 * 0.95 / resamples) / density
    assert abs(found - expected) < 4 * error
    assert found > QUANTILE + 4 * error, "and no pointwise one"


def test_angles_that_are_one_need_no_wider_band():
    """Every p_x comes from the same shots, so forty of them are far from forty tests."""
    counts = sample(joint_probabilities(BLOCH), 10**6, seed=16)
    draws = resample(counts, RAW, 2000, np.random.default_rng(17))
    found = simultaneous_quantile(draws, asked(1, p_x=np.linspace(0.3, 0.4, 40)))
    assert found < sidak(2)


@pytest.mark.slow
def test_bands_hold_everywhere_at_once():
    experiments, points = 400, 6
    probabilities, question = sweep(points), asked(points)
    truth = exactly(probabilities)
    generator = np.random.default_rng(18)
    counts = generator.multinomial(4000, np.repeat(probabilities, experiments, axis=1))
    # The first experiment's own; the others' differ by as little as their correlations.
    draws = resample(counts[:, :1], question.records, 1000, generator)
    quantile = simultaneous_quantile(draws, question)

    def held(name, bands):
        inside = (bands[name].low <= truth[name]) & (truth[name] <= bands[name].high)
        return (inside | np.isnan(truth[name])).all(axis=(0, 1)).mean()

    everywhere, pointwise = (estimate_erasure(counts, question, q) for q in (quantile, QUANTILE))
    sigma = np.sqrt(0.95 * 0.05 / experiments)
    for name in BANDED:
        assert held(name, everywhere) >= 0.95 - 3 * sigma, name
        assert held(name, pointwise) < 0.95 - 3 * sigma, f"{name}: else no band is needed"
