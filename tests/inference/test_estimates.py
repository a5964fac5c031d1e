"""Estimates and their intervals, against binomial statistics, QuTiP, SciPy and simulation."""

from dataclasses import replace

import numpy as np
import pytest
import qutip
from scipy.constants import k
from scipy.optimize import brentq
from scipy.special import entr, expit

from recycling.inference.bath.quantities import bloch_of, excess
from recycling.inference.states.estimates import (
    QUANTILE,
    Estimate,
    Question,
    estimate,
    estimate_erasure,
    plain_values,
    z_score,
)
from recycling.inference.states.estimation import estimate_outcomes, estimate_states
from recycling.inference.states.samples import mixture
from recycling.inference.states.tomography import (
    bloch_to_density_matrix,
    linear_inversion,
    mix,
    project,
)
from recycling.inference.statistics.interval import Interval
from recycling.inference.statistics.propagation import Joint, difference, total
from recycling.thermodynamics import Bath, binary_entropy
from tests.inference.of_hhl import AFTER, ANALYSED_FLAG, BEFORE, C_I, B, S, raw

BATH = Bath.qubit()
QUANTUM = float(np.ptp(BATH.energies))
FLAG = ANALYSED_FLAG["recycling"]
BRANCH = 0.75  # probability of the analysed branch
P_X = np.array([0.1, 0.4])
SIGNS = np.array([1, -1])
EPS = np.finfo(float).eps
#: Every limit is found to 1e-6 of a proportion or of a Bloch length.
ACCURACY = 1.5e-6
#: Bloch vectors by stage, preparation and qubit: mixed, so that no projection acts, and no
#: population is near 0 or 1. The regime in which errors propagate linearly.
BLOCH = np.array(
    [
        [[[0.1, 0.2, 0.6], [0.3, -0.1, 0.4], [0.5, 0.1, 0.3]],
         [[0.1, 0.1, -0.6], [0.3, -0.1, 0.4], [0.5, 0.1, 0.3]]],
        [[[0.3, -0.1, 0.4], [0.1, 0.2, 0.5], [0.4, 0.1, 0.2]],
         [[0.2, -0.1, 0.4], [0.1, 0.1, -0.5], [0.4, 0.1, 0.2]]],
    ]
)  # fmt: skip
#: An erasure as it comes out: nearly pure states swapped, a bath that the reset has left warm.
SWAPPED = np.array(
    [
        [[[0, 0, 0.97], [0.0, 0, 0.75], [0, 0, 0.98]],
         [[0, 0, -0.95], [0.0, 0, 0.75], [0, 0, 0.98]]],
        [[[0.0, 0, 0.72], [0, 0, 0.94], [0, 0, 0.97]],
         [[0.0, 0, 0.72], [0, 0, -0.92], [0, 0, 0.97]]],
    ]
)  # fmt: skip
#: The same without noise, at 43 mK, where the reset leaves B nearly as cold as it was: the gain is
#: a small difference of what moves together, and every state is a few σ from a pure one.
COLD = np.array(
    [
        [[[0, 0, 0.9925], [0.158, 0, 0.979], [0, 0, 0.9925]],
         [[0, 0, -0.9925], [0.158, 0, 0.979], [0, 0, 0.9925]]],
        [[[0.158, 0, 0.979], [0, 0, 0.9925], [0, 0, 0.9925]],
         [[0.158, 0, 0.979], [0, 0, -0.9925], [0, 0, 0.9925]]],
    ]
)  # fmt: skip


def joint_probabilities(bloch, correlation=0.0):
    """Probabilities (1, 1, stage, preparation, basis, record) of product states.

    ``correlation`` adds ⟨ZZ⟩ - ⟨Z⟩⟨Z⟩ between S and B in every setting, marginals untouched.
    """
    # (stage, preparation, qubit, basis, outcome)
    single = np.stack([(1 + bloch) / 2, (1 - bloch) / 2], axis=-1)
    product = np.einsum(
        "...xa,...xb,...xc->...xabc", single[..., S, :, :], single[..., B, :, :],
        single[..., C_I, :, :],
    )  # fmt: skip
    product = product + correlation / 4 * np.einsum(
        "a,b,...xc->...xabc", SIGNS, SIGNS, single[..., C_I, :, :]
    )
    assert product.min() >= 0
    flags = np.stack([1 - BRANCH, BRANCH] if FLAG else [BRANCH, 1 - BRANCH])
    tables = flags[:, None, None, None] * product[..., None, :, :, :]
    return tables.reshape(1, 1, *tables.shape[:3], 16)


def sample(probabilities, shots, seed, copies=1):
    """Counts of independent experiments, side by side on the axis θ_b."""
    repeated = np.repeat(probabilities, copies, axis=0)
    return np.random.default_rng(seed).multinomial(shots, repeated)


def asked(points, p_x=P_X, bath=BATH, estimator="median unbiased"):
    reference = np.tile([0.0, 0, 1], (points, 1))
    return Question(raw("recycling"), (), np.asarray(p_x), bath, reference, estimator)


def estimated(counts, **question):
    return estimate(counts, asked(len(counts), **question))


def exactly(probabilities, **question):
    return plain_values(probabilities, asked(len(probabilities), **question))


def observed(counts):
    """Bloch components (stage, preparation, qubit, basis) and shots in the branch of each basis."""
    branch = counts[0, 0].reshape(2, 2, 3, 2, 2, 2, 2)[:, :, :, FLAG].astype(float)
    shots = branch.sum(axis=(-3, -2, -1))
    means = [np.einsum(f"...abc,{'abc'[qubit]}->...", branch, SIGNS) / shots for qubit in range(3)]
    return np.stack(means, axis=2), shots


def weights(p_x):
    """Weight of each preparation in the mixture."""
    return np.array([1 - p_x, p_x])


def coverage_error(copies, coverage=0.95):
    return 3 * np.sqrt(coverage * (1 - coverage) / copies)


# --- standard errors where errors propagate linearly ---------------------------------------------


def test_standard_error_of_populations_and_heat_is_binomial():
    counts = sample(joint_probabilities(BLOCH), 4000, seed=2)
    estimates = estimated(counts)
    means, shots = observed(counts)
    z = means[..., 2]
    # Var P̂₁ = P₁ P₀/n = (1 - z²)/(4n) of each setting.
    variance = (1 - z**2) / (4 * shots[:, :, None, 2])
    # Half of mid-P limits is that, up to a relative z²/(8 n P₁ P₀) or so.
    second_order = {"rtol": QUANTILE**2 / 8 / (variance * shots[:, :, None, 2] ** 2).min()}
    assert second_order["rtol"] < 2e-3
    for index, p_x in enumerate(P_X):
        squared = weights(p_x)[None, :, None] ** 2
        population = np.sqrt((squared * variance).sum(axis=1))
        own = estimates["excited_population"]
        np.testing.assert_allclose(own.stderr[0, index, 0], population, **second_order)
        mixed = (weights(p_x)[None, :, None] * (1 - z) / 2).sum(axis=1)
        np.testing.assert_allclose(own.value[0, index, 0], mixed, rtol=0, atol=8 * EPS)
        # ΔQ_B is hf times the difference of two independent populations.
        np.testing.assert_allclose(
            estimates["heat"].stderr[0, index, 0],
            QUANTUM * np.hypot(population[BEFORE, B], population[AFTER, B]),
            **second_order,
        )


def test_standard_error_of_entropy_is_that_of_the_delta_method():
    # So many shots that the second order, 1/n, does not matter.
    counts = sample(joint_probabilities(BLOCH), 10**6, seed=3)
    estimates = estimated(counts)
    means, shots = observed(counts)
    for index, p_x in enumerate(P_X):
        share = weights(p_x)[None, :, None, None]
        r = (share * means).sum(axis=1)
        variance = (share**2 * (1 - means**2) / shots[:, :, None, :]).sum(axis=1)
        length = np.linalg.norm(r, axis=-1)
        of_length = np.sqrt((r**2 * variance).sum(axis=-1)) / length
        # S = h((1 - |r|)/2), so dS/d|r| = -artanh|r| and d|r| = r·dr/|r|.
        expected = np.arctanh(length) * of_length
        # What the roots are found to; the second order is some (1/|r|)² of 1/n.
        found_to = {"rtol": ACCURACY / of_length.min() + 1e-4}
        assert found_to["rtol"] < 3e-3
        of_states, of_decrease = (
            estimates[name].stderr[0, index, 0] for name in ("entropy", "entropy_decrease")
        )
        np.testing.assert_allclose(of_states, expected, **found_to)
        np.testing.assert_allclose(
            of_decrease, np.hypot(expected[BEFORE, S], expected[AFTER, S]), **found_to
        )


def test_branch_probability_is_that_of_all_settings_together():
    shots = 4000
    counts = sample(joint_probabilities(BLOCH), shots, seed=4)
    found = estimated(counts)["branch_probability"]
    in_branch = counts.reshape(1, 1, 2, 2, 3, 2, 8)[..., FLAG, :].sum()
    probability = in_branch / (12 * shots)
    assert found.value[0, 0] == pytest.approx(probability, abs=4 * EPS)
    # Pooled over 2 stages, 2 preparations and 3 bases.
    expected = np.sqrt(probability * (1 - probability) / (12 * shots))
    # The roots are found to 1e-6; the second order is 1/48000.
    assert found.stderr[0, 0] == pytest.approx(expected, rel=1e-4 + ACCURACY / expected / QUANTILE)


def test_standard_error_of_fidelity_is_binomial():
    counts = sample(joint_probabilities(BLOCH), 4000, seed=5)
    found = estimated(counts)["fidelity"]
    means, shots = observed(counts)
    # ⟨0|ρ|0⟩ = (1 + z)/2 of C_I before the erasure, both preparations taken evenly.
    z, n = means[BEFORE, :, C_I, 2], shots[BEFORE, :, 2]
    assert found.value[0, 0] == pytest.approx((1 + z.mean()) / 2, abs=4 * EPS)
    expected = np.sqrt(((1 - z**2) / n).sum()) / 4
    second_order = QUANTILE**2 / 8 / (n * (1 - z**2) / 4).min()
    assert found.stderr[0, 0] == pytest.approx(expected, rel=second_order)


def test_fidelity_is_along_the_solution():
    """With any state: all three bases count, each by its part of the solution's Bloch vector."""
    solution = np.array([[np.cos(0.3), np.sin(0.3) * np.exp(0.7j)]])
    counts = sample(joint_probabilities(BLOCH), 4000, seed=5)
    found = estimate(counts, replace(asked(1), reference=bloch_of(solution)))["fidelity"]
    means, shots = observed(counts)
    target = np.array([np.sin(0.6) * np.cos(0.7), np.sin(0.6) * np.sin(0.7), np.cos(0.6)])
    own, n = means[BEFORE, :, C_I], shots[BEFORE]
    assert found.value[0, 0] == pytest.approx((1 + own.mean(axis=0) @ target) / 2, abs=8 * EPS)
    expected = np.sqrt((target**2 * (1 - own**2) / n).sum()) / 4
    assert found.stderr[0, 0] == pytest.approx(expected, rel=QUANTILE**2 / (2 * n.min()) / 0.7)


@pytest.mark.parametrize("correlation", [0.35, -0.35])
def test_excess_knows_that_heat_and_bound_share_their_shots(correlation):
    # So hot that the bound fluctuates as much as the heat: else their correlation hardly shows.
    bath = Bath.qubit(temperature=0.2)
    bloch = np.zeros((2, 2, 3, 3))
    bloch[:, :, S, 2] = 0.6
    counts = sample(joint_probabilities(bloch, correlation), 10**6, seed=8)
    estimates = estimated(counts, p_x=P_X[[1]], bath=bath)
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
    # The sampled correlation is that of the probabilities to 1e-3 (10⁶ shots).
    shared = 2 * by_bath * by_target * correlation / shots
    # Roots to 1e-6 of an error of 1e-3, and the sampled correlation of a part of the variance.
    tolerance = 4e-3
    found = estimates["excess_landauer"].stderr.item()
    assert found == pytest.approx(np.sqrt((separate + shared).sum()), rel=tolerance, abs=0)
    naive = np.hypot(estimates["heat"].stderr.item(), estimates["bound_landauer"].stderr.item())
    assert naive == pytest.approx(np.sqrt(separate.sum()), rel=tolerance, abs=0)
    assert abs(found / naive - 1) > 10 * tolerance, "so it is not the naive quadrature"


# --- coverage and bias ---------------------------------------------------------------------------


COPIES = 600
NAMES = ("entropy", "excited_population", "entropy_decrease", "heat", "bound_tight",
         "bound_athermal", "excess_tight", "excess_landauer", "excess_athermal", "gain",
         "fidelity", "branch_probability")  # fmt: skip


@pytest.fixture(
    scope="module",
    params=[(SWAPPED, 500), (SWAPPED, 8000), (COLD, 500), (COLD, 8000)],
    ids=["noisy-500", "noisy-8000", "cold-500", "cold-8000"],
)
def repeated(request):
    """An erasure, many times over: estimates and the truth by name."""
    bloch, shots = request.param
    probabilities = joint_probabilities(bloch)
    counts = sample(probabilities, shots, seed=(6, shots), copies=COPIES)
    return estimated(counts, p_x=[0.1, 0.2, 0.4]), exactly(probabilities, p_x=[0.1, 0.2, 0.4])


@pytest.mark.parametrize("name", NAMES)
def test_intervals_cover_the_truth_as_often_as_they_say(repeated, name):
    estimates, truth = repeated[0][name], repeated[1][name]
    rounding = 1e-9 * np.abs(truth)
    inside = (estimates.low <= truth + rounding) & (truth - rounding <= estimates.high)
    coverage = inside.mean(axis=0)
    assert coverage.min() >= 0.93 - coverage_error(COPIES, 0.93)


def swapped(target, bath):
    """Bloch vectors of an ideal erasure: the target, ±z, is swapped with the bath."""
    targets = np.zeros((2, 3))
    targets[:, 2] = target, -target
    return np.stack(
        [np.stack([own, other, np.tile([0, 0, target], (2, 1))], axis=1)
         for own, other in ((targets, np.tile(bath, (2, 1))), (np.tile(bath, (2, 1)), targets))]
    )  # fmt: skip


#: Ideal erasures at T0 (K): z of thermal qubits, bath before (None: thermal), p_x, shots. All true
#: states are pure or maximally mixed, or nearly, so that limits are cut by the ends of ranges.
COLD_BATHS = {
    "equilibrium-20mK": (0.020, 0.999988, None, 0.5, 1000),
    "recycling-20mK": (0.020, 0.999988, (0.59895, 0, 0.800768), 0.31, 20_000),
    "recycling-30mK": (0.030, 0.999328, (0.952254, 0, 0.302463), 0.31, 1000),
}


@pytest.mark.parametrize("case", COLD_BATHS)
def test_what_cold_baths_do_is_covered(case):
    """With all deviations in quadrature, ΔS covered 0.41 of the first, Q_tight 0.79 and 0.90."""
    temperature, thermal, bath, p_x, shots = COLD_BATHS[case]
    copies = 1500
    probabilities = joint_probabilities(swapped(thermal, bath or (0, 0, thermal)))
    question = asked(copies, p_x=[p_x], bath=Bath.qubit(temperature=temperature))
    found = estimate_erasure(sample(probabilities, shots, 21, copies), question, QUANTILE)
    truth = exactly(probabilities, p_x=[p_x], bath=question.bath)
    for name in ("entropy_decrease", "heat", "excess_tight", "excess_landauer", "excess_athermal"):
        own, true = found[name], truth[name]
        rounding = 1e-9 * (1 if name == "entropy_decrease" else QUANTUM)
        inside = (own.low <= true + rounding) & (true - rounding <= own.high)
        assert inside.mean() >= 0.93 - coverage_error(copies, 0.93), name


@pytest.fixture(scope="module")
def regular():
    """Estimates where errors propagate linearly, many times over, and the truth."""
    probabilities = joint_probabilities(BLOCH)
    counts = sample(probabilities, 4000, seed=7, copies=COPIES)
    return estimated(counts, p_x=P_X[[1]]), exactly(probabilities, p_x=P_X[[1]])


#: Here the bath, as warm as it is, has no room left, so nothing athermal is finite.
FINITE = [name for name in NAMES if not name.endswith(("athermal", "gain"))]


@pytest.mark.parametrize("name", FINITE)
def test_intervals_are_no_wider_than_they_must_be(regular, name):
    found, truth = regular[0][name], regular[1][name]
    coverage = ((found.low <= truth) & (truth <= found.high)).mean(axis=0)
    assert coverage.min() >= 0.93 - coverage_error(COPIES, 0.93)
    assert coverage.max() <= 0.97 + coverage_error(COPIES, 0.97)
    # Their error is the scatter of the estimates, known to 1/√(2n); the second order is a percent.
    ratio = found.stderr.mean(axis=0) / found.value.std(axis=0)
    assert np.abs(ratio - 1).max() < 4 / np.sqrt(2 * COPIES) + 0.01


def test_entropy_has_no_bias_to_speak_of():
    """|bias| ≤ 0.15 σ away from the boundaries, where the plain estimator's is larger."""
    copies = 1500
    bloch = np.array(BLOCH)
    # Nearly mixed, but 5 σ from it.
    bloch[BEFORE, :, S] = (0.05, 0.05, 0.08)
    probabilities = joint_probabilities(bloch)
    counts = sample(probabilities, 2000, seed=8, copies=copies)
    question = asked(copies, p_x=P_X[[1]])
    states = mixture(counts, question.records, question.p_x)
    found = estimate_states(states, estimate_outcomes(states, QUANTILE), QUANTILE).entropy
    truth = exactly(probabilities, p_x=P_X[[1]])["entropy"]
    sigma = found.value.std(axis=0)
    bias = (found.value - truth).mean(axis=0) / sigma
    # Its mean is known to 1/√n.
    assert np.abs(bias).max() <= 0.15 + 3 / np.sqrt(copies)
    plain = (plain_values(counts, question)["entropy"] - truth).mean(axis=0) / sigma
    assert plain.min() < -0.15 - 3 / np.sqrt(copies)
    # As often below as above the truth: that is what median-unbiased says.
    below = (found.value < truth).mean(axis=0)
    assert np.abs(below - 0.5).max() < 4 * np.sqrt(0.25 / copies)


# --- values and limits of any data ---------------------------------------------------------------


def random_counts(seed, points=60):
    """Counts of anything: branches with ten shots or thousands, pure, mixed and unphysical."""
    generator = np.random.default_rng(seed)
    tables = generator.dirichlet(np.full(16, 0.3), size=(points, 2, 2, 2, 3))
    shots = np.round(10 ** generator.uniform(2.5, 4.5, (points, 1, 1, 1, 1))).astype(int)
    return generator.multinomial(shots, tables)


def test_values_are_within_their_limits():
    found = estimated(random_counts(9), p_x=[0.0, 0.1, 0.5, 1.0])
    for name, own in found.items():
        known = ~np.isnan(own.value)
        # Half of them erase nothing, and have no ratio.
        assert known.mean() > (0.4 if name == "dissipation_ratio" else 0.9), name
        scale = 1.0 if name in NAMES[:3] + NAMES[-2:] else QUANTUM
        assert (own.low <= own.value + ACCURACY * scale)[known].all(), name
        assert (own.value <= own.high + ACCURACY * scale)[known].all(), name
        assert (own.stderr[known] >= 0).all(), name
    for name in ("entropy", "excited_population", "fidelity", "branch_probability"):
        most = np.log(2) if name == "entropy" else 1
        assert (found[name].low[~np.isnan(found[name].low)] >= 0).all()
        assert (found[name].high[~np.isnan(found[name].high)] <= most + EPS).all()


def test_a_higher_quantile_gives_wider_limits():
    counts, question = random_counts(10, points=20), asked(20)
    narrow, wide = (estimate_erasure(counts, question, quantile) for quantile in (1.0, 3.5))
    for name, own in narrow.items():
        known = ~np.isnan(own.value)
        np.testing.assert_array_equal(own.value, wide[name].value, err_msg=name)
        assert (wide[name].low <= own.low)[known].all(), name
        assert (own.high <= wide[name].high)[known].all(), name


def test_limits_do_not_depend_on_the_estimator():
    counts = sample(joint_probabilities(SWAPPED), 1000, seed=11, copies=3)
    ours, plain = estimated(counts), estimated(counts, estimator="linear inversion")
    expected = exactly(counts)
    for name, own in plain.items():
        for part in ("low", "high", "stderr", "z"):
            np.testing.assert_array_equal(getattr(own, part), getattr(ours[name], part))
        np.testing.assert_array_equal(own.value, expected[name], err_msg=name)
    assert np.any(plain["entropy"].value != ours["entropy"].value)


def test_trials_and_angles_do_not_know_of_each_other():
    counts = random_counts(12, points=3)
    together = estimated(counts)
    for angle in range(3):
        for trial in range(2):
            alone = estimated(counts[angle : angle + 1, trial : trial + 1])
            for name, own in alone.items():
                one = together[name]
                where = np.s_[angle, trial] if own.value.ndim == 2 else np.s_[angle, :, trial]
                mine = np.s_[0, 0] if own.value.ndim == 2 else np.s_[0, :, 0]
                # Roots of one point end where they would in company.
                for part in ("value", "low", "high"):
                    np.testing.assert_allclose(
                        getattr(own, part)[mine], getattr(one, part)[where], rtol=1e-9
                    )


# --- the plain estimator against references ------------------------------------------------------


def test_vectors_are_those_of_one_tomography_at_a_time():
    counts = random_counts(13, points=2)
    vectors = mixture(counts, raw("recycling"), P_X).vector()
    tables = counts.reshape(2, 2, 2, 2, 3, 2, 2, 2, 2)[..., FLAG, :, :, :]
    for qubit in range(3):
        others = tuple(axis for axis in (-3, -2, -1) if axis != qubit - 3)
        inverted = linear_inversion(tables.sum(axis=others))
        for index, p_x in enumerate(P_X):
            # (angle, trial, stage, preparation, component)
            expected = mix(inverted[:, :, :, 0], inverted[:, :, :, 1], p_x)
            np.testing.assert_allclose(
                np.moveaxis(vectors[:, :, index, ..., qubit], 0, -1), expected, atol=8 * EPS
            )


def energy_at(entropy):
    """Energy in hf of the Gibbs state of a qubit of some entropy, by a search for its p₁."""
    if entropy > np.log(2):
        return np.inf
    if entropy <= 0:  # less than none is no constraint
        return 0.0
    return brentq(lambda p: entr(p) + entr(1 - p) - entropy, 0, 0.5, xtol=1e-15, rtol=1e-15)


def test_plain_estimates_are_those_of_qutip_and_scipy():
    """Entropies and bounds to 1e-10, in nats and hf."""
    counts = sample(joint_probabilities(SWAPPED), 2000, seed=14, copies=4)
    found = exactly(counts)
    vectors = mixture(counts, raw("recycling"), P_X).vector()
    thermal = expit(-QUANTUM / (k * BATH.temperature))
    thermal_entropy = entr(thermal) + entr(1 - thermal)
    for point in np.ndindex(4, 2):
        bloch = np.moveaxis(vectors[:, *point, 0], 0, -1)
        states = bloch_to_density_matrix(project(bloch))
        entropy = np.array([[qutip.entropy_vn(qutip.Qobj(one)) for one in row] for row in states])
        excited = states[..., 1, 1].real
        decrease = entropy[BEFORE, S] - entropy[AFTER, S]
        heat = excited[AFTER, B] - excited[BEFORE, B]
        tight = energy_at(thermal_entropy + decrease) - thermal
        athermal = energy_at(entropy[BEFORE, B] + decrease) - excited[BEFORE, B]
        landauer = k * BATH.temperature * decrease / QUANTUM
        expected = {
            "entropy": entropy, "excited_population": excited, "entropy_decrease": decrease,
            "heat": heat * QUANTUM, "bound_tight": tight * QUANTUM,
            "bound_athermal": athermal * QUANTUM, "bound_landauer": landauer * QUANTUM,
            "excess_tight": (heat - tight) * QUANTUM,
            "excess_landauer": (heat - landauer) * QUANTUM,
            "excess_athermal": (heat - athermal) * QUANTUM,
            "gain": (tight - athermal) * QUANTUM,
        }  # fmt: skip
        for name, value in expected.items():
            scale = 1.0 if name in NAMES[:3] else QUANTUM
            np.testing.assert_allclose(
                found[name][(*point, 0)], value, rtol=0, atol=1e-10 * scale, err_msg=name
            )


def test_exact_probabilities_have_no_interval():
    values = exactly(joint_probabilities(BLOCH))
    for value in values.values():
        own = Estimate.exact(value)
        for part in (own.low, own.high):
            np.testing.assert_array_equal(part, value)
        np.testing.assert_array_equal(own.stderr, 0)
        assert np.isnan(own.z).all()
    populations = np.einsum("xp,spq->xsq", [weights(p) for p in P_X], (1 - BLOCH[..., 2]) / 2)
    heat = QUANTUM * (populations[:, AFTER, B] - populations[:, BEFORE, B])
    # A handful of roundings of numbers up to hf.
    np.testing.assert_allclose(values["heat"][0, :, 0], heat, rtol=0, atol=16 * EPS * QUANTUM)
    assert values["branch_probability"][0, 0] == pytest.approx(BRANCH, abs=8 * EPS)


# --- where no process exists ---------------------------------------------------------------------


def erasure_beyond_the_bath():
    """States whose ΔS = ln 2 is more than a bath at T0 > 0 can take up: S mixed, then pure."""
    bloch = np.array(BLOCH)
    bloch[BEFORE, :, S] = 0
    bloch[AFTER, :, S] = (0, 0, 1)
    return bloch


def test_excess_over_a_bound_that_no_process_reaches_is_infinite_exactly():
    values = exactly(joint_probabilities(erasure_beyond_the_bath()))
    for name in ("bound_tight", "bound_athermal", "excess_tight", "excess_athermal"):
        np.testing.assert_array_equal(values[name], np.inf)
        np.testing.assert_array_equal(Estimate.exact(values[name]).z, np.inf)
    np.testing.assert_array_equal(values["gain"], -np.inf)
    assert np.isfinite(values["heat"]).all()
    assert np.isfinite(values["excess_landauer"]).all()


def test_excess_over_a_bound_that_no_process_reaches_is_infinite_with_noise():
    # 4000 shots leave ΔS within 1e-3 of ln 2; the bath has room for ln 2 - 0.025.
    counts = sample(joint_probabilities(erasure_beyond_the_bath()), 4000, seed=9)
    found = estimated(counts)
    for name in ("bound_tight", "bound_athermal", "excess_tight", "excess_athermal"):
        for part in ("value", "low", "high", "stderr", "z"):
            np.testing.assert_array_equal(getattr(found[name], part), np.inf, err_msg=part)
    for part in ("value", "low", "high"):
        np.testing.assert_array_equal(getattr(found["gain"], part), -np.inf)
    for part in ("value", "low", "high", "stderr"):
        assert np.isfinite(getattr(found["excess_landauer"], part)).all()


def test_an_interval_that_reaches_beyond_the_bath_ends_at_infinity():
    bloch = erasure_beyond_the_bath()
    # ΔS = S_before comes to what the bath has room for: some experiments are beyond, some not.
    room = np.log(2) - float(BATH.entropy())
    bloch[BEFORE, :, S] = (0, 0, brentq(lambda z: binary_entropy((1 - z) / 2) - room, 0, 1))
    own = estimated(sample(joint_probabilities(bloch), 4000, seed=10, copies=200))["excess_tight"]
    beyond = np.isposinf(own.value)
    assert 0.3 < beyond.mean() < 0.7
    reaching = np.isposinf(own.high) & np.isfinite(own.low)
    # Almost every interval holds the truth, which is on the edge.
    assert reaching.mean() > 0.9
    assert np.isposinf(own.stderr[reaching]).all()
    assert np.isposinf(own.z[beyond]).all()
    assert (np.isfinite(own.z) | np.isnan(own.z))[~beyond].all()
    for part in (own.value, own.low, own.high, own.stderr):
        assert not np.isnan(part).any()
        assert not np.isneginf(part).any(), "never below the bound for want of a process"


def test_a_branch_without_counts_says_nothing():
    counts = sample(joint_probabilities(BLOCH), 100, seed=11, copies=2)
    tables = counts[1, 0].reshape(2, 2, 3, 2, 8)
    tables[BEFORE, 0, 2, 1 - FLAG] += tables[BEFORE, 0, 2, FLAG]
    tables[BEFORE, 0, 2, FLAG] = 0
    found = estimated(counts)
    for name in ("heat", "excess_tight", "excess_landauer", "excess_athermal", "gain"):
        assert not np.isnan(found[name].value[0]).any(), name
        for part in ("value", "low", "high", "stderr", "z"):
            assert np.isnan(getattr(found[name], part)[1]).all(), (name, part)
    for name in ("entropy", "excited_population"):
        for part in ("value", "low", "high", "stderr"):
            own = getattr(found[name], part)[1, :, 0]
            assert np.isnan(own[:, BEFORE]).all(), (name, part)
            assert not np.isnan(own[:, AFTER]).any(), (name, part)
    assert np.isfinite(found["branch_probability"].value).all()


def test_nothing_at_all_is_not_a_number():
    found = estimated(np.zeros((1, 1, 2, 2, 3, 16), dtype=int))
    for name, own in found.items():
        for part in ("value", "low", "high", "stderr", "z"):
            assert np.isnan(getattr(own, part)).all(), (name, part)


# --- small parts ---------------------------------------------------------------------------------


def test_excess_is_heat_less_bound():
    heat, bound = np.array([1.0, -1.0, 2.0]), np.array([0.25, np.inf, np.nan])
    np.testing.assert_array_equal(excess(heat, bound), [0.75, np.inf, np.nan])


def test_z_score_is_the_distance_to_zero_in_units_of_the_limit_on_the_way():
    inf, nan = np.inf, np.nan
    cases = [  # value, low, high, z at the quantile 2
        (3.0, 1.0, 9.0, 3.0),
        (-3.0, -9.0, -1.0, -3.0),
        (-3.0, -3.5, 3.0, -1.0),
        (0.0, -1.0, 1.0, 0.0),
        (2.0, 2.0, 5.0, nan),  # nothing on the way
        (0.0, 0.0, 0.0, nan),  # nothing was sampled
        (-1.0, -2.0, inf, 0.0),  # nothing is known on the way
        (inf, 1.0, inf, inf),  # no process exists
        (inf, inf, inf, inf),
        (-inf, -inf, -inf, nan),
        (nan, nan, nan, nan),
    ]
    *limited, expected = np.array(cases).T
    np.testing.assert_array_equal(z_score(Interval(*limited), 2.0), expected)


def limited(value, down, up):
    value = np.asarray(value, dtype=float)
    return Interval(value, value - down, value + up)


def test_sums_propagate_normal_errors():
    """Limits of linear combinations are those of a multivariate normal distribution."""
    generator = np.random.default_rng(15)
    root = generator.normal(size=(4, 4))
    covariance = root @ root.T
    deviations = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviations, deviations)
    values = generator.normal(size=4)
    estimates = tuple(limited(v, 2 * s, 2 * s) for v, s in zip(values, deviations, strict=True))
    a, b, c, d = Joint(estimates, correlation).terms()
    joint = Joint(estimates, correlation)
    # (a - b) and (c + d), then their difference: the second step knows what the first has mixed.
    inner, outer = joint.sum(a, -b), joint.sum(c, d)
    cases = {(1, -1, 0, 0): inner, (0, 0, 1, 1): outer, (1, -1, -1, -1): joint.sum(inner, -outer)}
    for coefficients, term in cases.items():
        row = np.array(coefficients)
        reach = 2 * np.sqrt(row @ covariance @ row)
        assert term.coefficients == coefficients
        for own, expected in zip(
            (term.limited.value, term.limited.low, term.limited.high),
            row @ values + reach * np.array([0, -1, 1]),
            strict=True,
        ):
            assert own == pytest.approx(expected, rel=1e-12)


def test_sums_keep_asymmetry_and_cancel_with_full_correlation():
    one, other = limited(1.0, 1.0, 3.0), limited(2.0, 1.0, 4.0)
    apart = total([one, other], np.eye(2))
    assert (apart.value, apart.low, apart.high) == pytest.approx((3, 3 - np.sqrt(2), 3 + 5))
    # A difference turns the second one's sides around, and is certain where both move as one.
    together = np.array([[1.0, -1.0], [-1.0, 1.0]])
    apart = total([one, -limited(2.0, 3.0, 1.0)], together)
    assert (apart.value, apart.low, apart.high) == pytest.approx((-1, -1, -1))
    whole = total([one, other], np.ones((2, 2)))
    assert (whole.low, whole.high) == pytest.approx((1, 10))


def test_what_the_end_of_a_range_has_cut_is_added_as_it_is():
    # A population whose limits are 0 and 0.5, and a normal error of ± 0.4 beside it.
    cut = Interval(*np.array([[0.3], [-0.1], [0.5]])).within(0, 1)
    free = Interval(*np.array([[0.0], [-0.4], [0.4]]))
    for correlation in (-0.9, 0.0, 0.9):  # nothing correlates with what is certain
        found = total([cut, free], np.array([[1, correlation], [correlation, 1]]))
        assert found.low == pytest.approx(-0.3 - 0.4 + 0.3)
        above = np.sqrt(0.2**2 + 0.4**2 + 2 * correlation * 0.2 * 0.4)
        assert found.high == pytest.approx(0.3 + above)
    # What is certain stays so in functions, differences and sums of sums.
    doubled = total([(-cut).times(-2).map(lambda x: x**3), free], np.eye(2))
    assert doubled.low == pytest.approx(0.6**3 - 0.6**3 - 0.4)
    again = total([total([cut, free], np.eye(2)), free], np.eye(2))
    assert again.low == pytest.approx(0.3 - 0.3 - np.hypot(0.4, 0.4))
    # The ends of ranges add up.
    corner = total(
        [cut, cut[[0]], -Interval(*np.array([[0.9], [0.8], [1.2]])).within(0, 1)], np.eye(3)
    )
    assert corner.low == pytest.approx(0 + 0 - 1)


@pytest.mark.parametrize("correlation", [-0.6, 0.0, 0.3, 0.95])
def test_differences_propagate_normal_errors(correlation):
    found = difference(limited(5.0, 3.0, 3.0), limited(1.0, 2.0, 2.0), np.array(correlation))
    reach = np.sqrt(9 + 4 - 2 * correlation * 6)
    assert (found.value, found.low, found.high) == pytest.approx((4, 4 - reach, 4 + reach))


def test_what_moves_as_one_cancels_side_by_side():
    """Up with up, down with down; the farther of the two is the limit on both sides."""
    one, other = limited(5.0, 1.0, 3.0), limited(1.0, 0.4, 1.0)
    for first, second, value in ((one, other, 4.0), (other, one, -4.0)):
        found = difference(first, second, np.array(1.0))
        assert (found.value, found.low, found.high) == pytest.approx((value, value - 2, value + 2))


def test_factors_turn_limits_around():
    own = limited(2.0, 1.0, 3.0)
    for factor, expected in ((2.0, (4, 2, 10)), (-2.0, (-4, -10, -2)), (0.0, (0, 0, 0))):
        scaled = own.times(factor)
        assert (scaled.value, scaled.low, scaled.high) == expected
    assert (-own).low == -5
    errors = own.centred()
    assert (errors.value, errors.low, errors.high) == (0, -1, 3)
