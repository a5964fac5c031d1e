"""Intervals and standard errors, against binomial statistics and simulated experiments."""

import numpy as np
import pytest
from scipy.constants import k

from circuits.protocol import ANALYSED_FLAG, MEASURED_QUBITS, STAGES
from recycling.analysis import z_score
from recycling.inference.bootstrap import estimate_trial
from recycling.inference.quantities import excess
from recycling.thermodynamics import Bath

BATH = Bath.qubit()
QUANTUM = float(np.ptp(BATH.energies))
FLAG = ANALYSED_FLAG["recycling"]
BRANCH = 0.75  # probability of the analysed branch
P_X = np.array([0.1, 0.4])
SOLUTION = np.array([[1.0, 0.0]])
BEFORE, AFTER = (STAGES.index(stage) for stage in ("before", "after"))
S, B, C_I = (MEASURED_QUBITS.index(qubit) for qubit in ("S", "B", "C_I"))
#: Bloch vectors by stage, preparation and qubit: mixed, so that no projection acts, and no
#: population is near 0 or 1. The regime in which a bootstrap is regular.
BLOCH = np.array(
    [
        [[[0.1, 0.2, 0.6], [0.3, -0.1, 0.4], [0.5, 0.1, 0.3]],
         [[0.1, 0.1, -0.6], [0.3, -0.1, 0.4], [0.5, 0.1, 0.3]]],
        [[[0.3, -0.1, 0.4], [0.1, 0.2, 0.5], [0.4, 0.1, 0.2]],
         [[0.2, -0.1, 0.4], [0.1, 0.1, -0.5], [0.4, 0.1, 0.2]]],
    ]
)  # fmt: skip


def joint_probabilities(bloch, correlation=0.0):
    """Probabilities (stage, preparation, 1, basis, flag, S, B, C_I) of product states.

    ``correlation`` adds ⟨ZZ⟩ − ⟨Z⟩⟨Z⟩ between S and B in every setting, marginals untouched.
    """
    # (stage, preparation, qubit, basis, outcome)
    single = np.stack([(1 + bloch) / 2, (1 - bloch) / 2], axis=-1)
    product = np.einsum(
        "...xa,...xb,...xc->...xabc", single[..., S, :, :], single[..., B, :, :],
        single[..., C_I, :, :],
    )  # fmt: skip
    signs = np.array([1, -1])
    product = product + correlation / 4 * np.einsum(
        "a,b,...xc->...xabc", signs, signs, single[..., C_I, :, :]
    )
    assert product.min() >= 0
    flags = np.stack([1 - BRANCH, BRANCH] if FLAG else [BRANCH, 1 - BRANCH])
    return (flags[:, None, None, None] * product[..., None, :, :, :])[:, :, None]


def sample(probabilities, shots, seed, copies=1):
    """Counts of independent experiments, side by side on the axis θ_b."""
    repeated = np.repeat(probabilities, copies, axis=2)
    flat = repeated.reshape(*repeated.shape[:-4], 16)
    return np.random.default_rng(seed).multinomial(shots, flat).reshape(repeated.shape)


def estimate(counts, resamples, seed=0, p_x=P_X, bath=BATH):
    solutions = np.repeat(SOLUTION, counts.shape[2], axis=0)
    generator = np.random.default_rng(seed)
    return estimate_trial(
        counts, FLAG, p_x, bath, solutions, resamples=resamples, generator=generator
    )


def observed(counts):
    """Bloch components (stage, preparation, qubit, basis) and shots in the branch of each basis."""
    branch = counts[:, :, 0, :, FLAG].astype(float)
    shots = branch.sum(axis=(-3, -2, -1))
    signs = np.array([1, -1])
    means = [np.einsum(f"...abc,{'abc'[qubit]}->...", branch, signs) / shots for qubit in range(3)]
    return np.stack(means, axis=2), shots


def weights(p_x):
    """Weight of each preparation in the mixture."""
    return np.array([1 - p_x, p_x])


def resampling_error(resamples):
    """Relative 4σ of a standard deviation from so many draws of a normal variable."""
    return 4 / np.sqrt(2 * (resamples - 1))


def test_a_seed_fixes_every_number():
    counts = sample(joint_probabilities(BLOCH), 1000, seed=1)
    first, second = estimate(counts, 200), estimate(counts, 200)
    other = estimate(counts, 200, seed=1)
    for name, own in first.items():
        for part in ("value", "low", "high", "stderr"):
            np.testing.assert_array_equal(getattr(own, part), getattr(second[name], part))
        # Another seed draws other resamples from the same data.
        np.testing.assert_array_equal(own.value, other[name].value)
        assert np.any(own.stderr != other[name].stderr), name
        assert np.all(own.low <= own.value), name
        assert np.all(own.value <= own.high), name


def test_standard_error_of_populations_and_heat_is_binomial():
    resamples = 2000
    counts = sample(joint_probabilities(BLOCH), 4000, seed=2)
    estimates = estimate(counts, resamples)
    means, shots = observed(counts)
    z = means[..., 2]
    # Var P̂₁ = P₁ P₀/n = (1 - z²)/(4n) of each setting. The shots in the branch fluctuate too,
    # which changes it by 1/n = 3e-4, far below the resampling error.
    variance = (1 - z**2) / (4 * shots[:, :, None, 2])
    for index, p_x in enumerate(P_X):
        squared = weights(p_x)[None, :, None] ** 2
        population = np.sqrt((squared * variance).sum(axis=1))
        np.testing.assert_allclose(
            estimates["excited_population"].stderr[0, index],
            population,
            rtol=resampling_error(resamples),
        )
        # ΔQ_B is hf times the difference of two independent populations.
        np.testing.assert_allclose(
            estimates["heat"].stderr[0, index],
            QUANTUM * np.hypot(population[BEFORE, B], population[AFTER, B]),
            rtol=resampling_error(resamples),
        )


def test_standard_error_of_entropy_is_that_of_the_delta_method():
    resamples = 2000
    # So many shots that the second order, 1/n, does not matter.
    counts = sample(joint_probabilities(BLOCH), 10**6, seed=3)
    estimates = estimate(counts, resamples)
    means, shots = observed(counts)
    for index, p_x in enumerate(P_X):
        share = weights(p_x)[None, :, None, None]
        r = (share * means).sum(axis=1)
        variance = (share**2 * (1 - means**2) / shots[:, :, None, :]).sum(axis=1)
        length = np.linalg.norm(r, axis=-1)
        # S = h((1 - |r|)/2), so dS/d|r| = -artanh|r| and d|r| = r·dr/|r|.
        expected = np.arctanh(length) * np.sqrt((r**2 * variance).sum(axis=-1)) / length
        np.testing.assert_allclose(
            estimates["entropy"].stderr[0, index], expected, rtol=resampling_error(resamples)
        )
        np.testing.assert_allclose(
            estimates["entropy_decrease"].stderr[0, index],
            np.hypot(expected[BEFORE, S], expected[AFTER, S]),
            rtol=resampling_error(resamples),
        )


def test_standard_error_of_branch_probability_is_binomial():
    resamples, shots = 2000, 4000
    counts = sample(joint_probabilities(BLOCH), shots, seed=4)
    found = estimate(counts, resamples)["branch_probability"]
    probability = counts[..., FLAG, :, :, :].sum() / counts.sum()
    assert found.value[0] == pytest.approx(probability, abs=1e-15)
    # Pooled over 2 stages, 2 preparations and 3 bases.
    expected = np.sqrt(probability * (1 - probability) / (12 * shots))
    assert found.stderr[0] == pytest.approx(expected, rel=resampling_error(resamples))


def test_standard_error_of_fidelity_is_binomial():
    resamples = 2000
    counts = sample(joint_probabilities(BLOCH), 4000, seed=5)
    found = estimate(counts, resamples)["fidelity"]
    means, shots = observed(counts)
    # ⟨0|ρ|0⟩ = (1 + z)/2 of C_I before the erasure, both preparations taken evenly.
    z, n = means[BEFORE, :, C_I, 2], shots[BEFORE, :, 2]
    assert found.value[0] == pytest.approx((1 + z.mean()) / 2, abs=1e-15)
    expected = np.sqrt(((1 - z**2) / n).sum()) / 4
    assert found.stderr[0] == pytest.approx(expected, rel=resampling_error(resamples))


def test_intervals_cover_the_truth_as_often_as_they_say():
    resamples, copies, batches, index = 200, 200, 5, 1
    probabilities = joint_probabilities(BLOCH)
    populations = np.einsum("p,spq->sq", weights(P_X[index]), (1 - BLOCH[..., 2]) / 2)
    heat = QUANTUM * (populations[AFTER, B] - populations[BEFORE, B])
    covered = []
    for batch in range(batches):
        counts = sample(probabilities, 1000, seed=(6, batch), copies=copies)
        found = estimate(counts, resamples, seed=(7, batch), p_x=P_X[[index]])["heat"]
        covered += list((found.low <= heat) & (heat <= found.high))
    # Ends on draws 5 and 196 of 200 hold (196 - 5)/201 = 0.950; skewness changes that by 1/n.
    sigma = np.sqrt(0.95 * 0.05 / (copies * batches))
    assert np.mean(covered) == pytest.approx(0.95, abs=4 * sigma)


@pytest.mark.parametrize("correlation", [0.35, -0.35])
def test_excess_knows_that_heat_and_bound_share_their_shots(correlation):
    resamples = 2000
    # So hot that the bound fluctuates as much as the heat: else their correlation hardly shows.
    bath = Bath.qubit(temperature=0.2)
    bloch = np.zeros((2, 2, 3, 3))
    bloch[:, :, S, 2] = 0.6
    counts = sample(joint_probabilities(bloch, correlation), 10**6, seed=8)
    estimates = estimate(counts, resamples, p_x=P_X[[1]], bath=bath)
    means, shots = observed(counts)
    share = weights(P_X[1])[None, :, None]
    r = (share * means[:, :, S]).sum(axis=1)
    length = np.linalg.norm(r, axis=-1, keepdims=True)
    # d(ΔQ_B - k_B T0 ΔS) by the Bloch components (stage, preparation, basis) of B and of S.
    sign = np.array([-1, 1])[:, None]
    by_bath = -sign * QUANTUM / 2 * np.array([0, 0, 1])
    by_target = -sign * k * bath.temperature * np.arctanh(length) * r / length
    by_bath, by_target = by_bath[:, None] * share, by_target[:, None] * share
    variances = [1 - means[:, :, qubit] ** 2 for qubit in (B, S)]
    separate = (by_bath**2 * variances[0] + by_target**2 * variances[1]) / shots
    shared = 2 * by_bath * by_target * correlation / shots
    found = estimates["excess_landauer"].stderr.item()
    tolerance = resampling_error(resamples)
    assert found == pytest.approx(np.sqrt((separate + shared).sum()), rel=tolerance)
    naive = np.hypot(estimates["heat"].stderr.item(), estimates["bound_landauer"].stderr.item())
    assert naive == pytest.approx(np.sqrt(separate.sum()), rel=tolerance)
    assert abs(found / naive - 1) > 2 * tolerance, "so it is not the naive quadrature"


def test_exact_probabilities_have_no_interval():
    estimates = estimate(joint_probabilities(BLOCH), resamples=0)
    for own in estimates.values():
        np.testing.assert_array_equal(own.low, own.value)
        np.testing.assert_array_equal(own.high, own.value)
        np.testing.assert_array_equal(own.stderr, 0)
    populations = np.einsum("xp,spq->xsq", [weights(p) for p in P_X], (1 - BLOCH[..., 2]) / 2)
    heat = QUANTUM * (populations[:, AFTER, B] - populations[:, BEFORE, B])
    # A handful of roundings of numbers up to hf.
    np.testing.assert_allclose(
        estimates["heat"].value[0], heat, rtol=0, atol=16 * np.finfo(float).eps * QUANTUM
    )
    assert estimates["branch_probability"].value[0] == pytest.approx(BRANCH, abs=1e-15)


def erasure_beyond_the_bath():
    """States whose ΔS = ln 2 is more than a bath at T0 > 0 can take up: S mixed, then pure."""
    bloch = np.array(BLOCH)
    bloch[BEFORE, :, S] = 0
    bloch[AFTER, :, S] = (0, 0, 1)
    return bloch


def test_excess_over_a_bound_that_no_process_reaches_is_infinite_exactly():
    estimates = estimate(joint_probabilities(erasure_beyond_the_bath()), resamples=0)
    for name in ("bound_tight", "bound_athermal", "excess_tight"):
        np.testing.assert_array_equal(estimates[name].value, np.inf)
    np.testing.assert_array_equal(estimates["gain"].value, -np.inf)
    assert np.isfinite(estimates["heat"].value).all()
    assert np.isfinite(estimates["excess_landauer"].value).all()


def test_excess_over_a_bound_that_no_process_reaches_is_infinite_with_noise():
    # 4000 shots leave ΔS within 1e-3 of ln 2; the bath has room for ln 2 - 0.025.
    counts = sample(joint_probabilities(erasure_beyond_the_bath()), 4000, seed=9)
    found = estimate(counts, resamples=200)["excess_tight"]
    for part in ("value", "low", "high", "stderr"):
        np.testing.assert_array_equal(getattr(found, part), np.inf, err_msg=part)
    np.testing.assert_array_equal(z_score(found.value, found.stderr), np.inf)


def test_an_interval_that_reaches_beyond_the_bath_ends_at_infinity():
    bloch = erasure_beyond_the_bath()
    # ΔS = S_before comes to what the bath has room for: some resamples are beyond, some are not.
    room = np.log(2) - float(BATH.entropy())
    bloch[BEFORE, :, S] = (0, 0, np.sqrt(2 * (np.log(2) - room)))
    found = estimate(sample(joint_probabilities(bloch), 4000, seed=10), resamples=200)
    own = found["excess_tight"]
    np.testing.assert_array_equal(own.high, np.inf)
    np.testing.assert_array_equal(own.stderr, np.inf)
    assert np.isfinite(own.low).any()
    assert not np.any(np.isnan(own.low))


def test_a_branch_without_counts_says_nothing():
    counts = sample(joint_probabilities(BLOCH), 100, seed=11, copies=2)
    counts[BEFORE, 0, 1, 2, 1 - FLAG] += counts[BEFORE, 0, 1, 2, FLAG]
    counts[BEFORE, 0, 1, 2, FLAG] = 0
    found = estimate(counts, resamples=100)
    for name in ("heat", "excess_tight", "excess_landauer", "gain"):
        assert np.isfinite(found[name].value[0]).all(), name
        for part in ("value", "low", "high", "stderr"):
            assert np.isnan(getattr(found[name], part)[1]).all(), (name, part)
    assert np.isfinite(found["branch_probability"].value).all()


def test_excess_is_heat_less_bound():
    heat, bound = np.array([1.0, -1.0, 2.0]), np.array([0.25, np.inf, np.nan])
    np.testing.assert_array_equal(excess(heat, bound), [0.75, np.inf, np.nan])


def test_z_score_is_the_excess_in_standard_errors():
    inf, nan = np.inf, np.nan
    cases = [  # excess, standard error, z
        (-3.0, 2.0, -1.5),
        (1.0, 0.0, nan),  # nothing was sampled
        (-1.0, 0.0, nan),
        (0.0, 0.0, nan),
        (-1.0, inf, 0.0),  # nothing is known
        (inf, 1.0, inf),  # no process exists
        (inf, 0.0, inf),
        (inf, inf, inf),
        (nan, nan, nan),
        (nan, 1.0, nan),
    ]
    excesses, errors, expected = np.array(cases).T
    np.testing.assert_array_equal(z_score(excesses, errors), expected)
