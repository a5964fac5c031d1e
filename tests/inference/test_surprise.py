"""The surprise of counts: uniform where the prediction is true, small where it is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import chi2, chisquare, kstest

from recycling.inference.statistics.ridge import Ridge
from recycling.inference.statistics.surprise import Expectation

NONE = np.zeros((0, 1, 4)), np.zeros(0)


def random_model(rng, settings_=20, records=8, noise=4, rare=0.02):
    """Probabilities with rare records, derivatives that keep their sum, and errors."""
    weights = rng.gamma(0.5, size=(settings_, records)) + rare
    probabilities = weights / weights.sum(axis=-1, keepdims=True)
    slopes = rng.normal(size=(noise, settings_, records)) * probabilities
    slopes -= slopes.sum(axis=-1, keepdims=True) * probabilities
    return probabilities, slopes, rng.uniform(0.02, 0.1, noise)


def test_one_setting_is_pearsons_test():
    probabilities = np.array([[0.1, 0.2, 0.3, 0.4]])
    counts = np.array([[14, 18, 25, 43]])
    found = Expectation(counts.sum(axis=-1), probabilities, *NONE).against(counts)
    known = chisquare(counts[0], 100 * probabilities[0])
    assert found.chi_square == pytest.approx(known.statistic)
    assert found.freedom == 3
    # The variance is the exact one, not that of infinitely many shots.
    assert found.p_value == found.p_statistical == pytest.approx(known.pvalue, abs=0.01)


def test_the_fit_is_that_of_the_joint_covariance():
    """χ² less what is explained is the Mahalanobis distance with both covariances."""
    rng = np.random.default_rng(5)
    probabilities, slopes, errors = random_model(rng, settings_=6, rare=0.3)
    shots = np.full(6, 4000)
    counts = rng.multinomial(4000, probabilities)
    found = Expectation(shots, probabilities, slopes, errors).against(counts)
    residual = (counts - 4000 * probabilities).ravel()
    covariance = np.zeros((48, 48))
    for place, p in enumerate(probabilities):
        block = slice(8 * place, 8 * place + 8)
        covariance[block, block] = 4000 * (np.diag(p) - np.outer(p, p))
    moved = 4000 * slopes.reshape(4, -1)
    joint = covariance + (moved.T * errors**2) @ moved
    distance = residual @ np.linalg.pinv(joint, rcond=1e-12, hermitian=True) @ residual
    assert found.chi_square - found.explained == pytest.approx(distance)
    information = (moved / (4000 * probabilities).ravel()) @ moved.T
    posterior = np.linalg.inv(np.diag(errors**-2.0) + information)
    assert found.errors == pytest.approx(np.sqrt(np.diag(posterior)))


@pytest.mark.parametrize("shots", [30, 3000])
def test_p_values_are_uniform_where_the_prediction_is_true(shots):
    """With few shots most records are rare; with errors of the noise the devices scatter."""
    rng = np.random.default_rng(17)
    probabilities, slopes, errors = random_model(rng)
    counted = np.full(len(probabilities), shots)
    counted[::5] //= 2  # settings may have unequal shots
    expected = Expectation(counted, probabilities, slopes, errors)
    statistical, calibrated = [], []
    for _ in range(100):
        counts = rng.multinomial(counted, probabilities)
        statistical.append(expected.against(counts).p_statistical)
        moved = probabilities + np.tensordot(rng.normal(size=4) * errors, slopes, 1)
        possible = np.clip(moved, 0, None)
        counts = rng.multinomial(counted, possible / possible.sum(axis=-1, keepdims=True))
        calibrated.append(expected.against(counts).p_value)
    assert kstest(statistical, "uniform").pvalue > 0.001
    assert kstest(calibrated, "uniform").pvalue > 0.001


def test_a_change_of_the_noise_is_found_and_attributed():
    rng = np.random.default_rng(3)
    probabilities, slopes, errors = random_model(rng)
    true = np.array([0.0, 3.0, 0.0, 0.0]) * errors
    shots = np.full(len(probabilities), 20_000)
    moved = probabilities + np.tensordot(true, slopes, 1)
    found = Expectation(shots, probabilities, slopes, errors).against(rng.multinomial(shots, moved))
    assert found.p_statistical < 1e-9 < found.p_value
    assert np.argmax(found.alone) == 1
    assert abs(found.changes - true).max() < 4 * found.errors.max()
    rest = found.chi_square - found.explained
    assert chi2.sf(rest, found.freedom) > 1e-3


@settings(max_examples=8)
@given(counts=arrays(int, (5, 4), elements=st.integers(0, 50)), seed=st.integers(0, 99))
def test_any_counts_have_a_p_value(counts, seed):
    """Also without shots, and where a record that cannot come has come."""
    probabilities, slopes, errors = random_model(np.random.default_rng(seed), 5, 4, 3, rare=0.0)
    probabilities[0] = [1, 0, 0, 0]
    found = Expectation(counts.sum(axis=-1), probabilities, slopes, errors).against(counts)
    assert 0 <= found.p_value <= 1
    assert 0 <= found.p_statistical <= 1
    assert -1e-9 <= found.explained <= found.chi_square * (1 + 1e-9) + 1e-9
    assert (found.errors <= errors * (1 + 1e-12)).all()


def test_a_number_without_an_error_stays_where_it_is():
    information = np.array([[50.0, 10.0], [10.0, 40.0]])
    fit = Ridge.of(information, np.array([0.0, 0.2]))
    changes = fit.gain @ (fit.along @ np.array([3.0, 4.0]))
    assert changes[0] == fit.spread[0] == 0
    assert changes[1] == pytest.approx(4 / (40 + 1 / 0.04))
