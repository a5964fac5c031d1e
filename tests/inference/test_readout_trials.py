"""Readout that drifts from trial to trial and is measured in each of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circuits import HHL
from recycling.inference.readout.assignment import Assignment
from recycling.inference.readout.correction import record_maps
from recycling.inference.readout.matrices import tensor_product
from recycling.inference.readout.trials import errors_of_trials, mean_assignment, referred
from recycling.inference.states.records import Layout, RecordMap

DESIGN = HHL([[2, -1], [-1, 2]]).design
LAYOUT = Layout.of(DESIGN)
QUBITS = len(LAYOUT.roles)
#: Simulated runs of a test.
RUNS = 200


def matrices(errors):
    """Assignment matrix of all recorded qubits together, in the order of records."""
    ground, excited = errors[..., 0, :], errors[..., 1, :]
    rows = [np.stack([1 - ground, excited], -1), np.stack([ground, 1 - excited], -1)]
    joint = tensor_product(np.stack(rows, axis=-2))
    return joint[..., LAYOUT.joint[:, None], LAYOUT.joint]


def assignment(errors, stderr=0.0):
    rates = Assignment.given(*errors, population=np.zeros(QUBITS), source="a trial")
    return rates.model_copy(update={"covariance": np.eye(2 * QUBITS) * stderr**2})


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.floats(0.0, 0.15), st.floats(0.0, 0.1))
def test_without_shot_noise_every_trial_is_read_with_the_mean(seed, trials, level, drift):
    """Any readout that drifts in any way: exact probabilities become those of the mean readout."""
    generator = np.random.default_rng(seed)
    errors = level + drift * generator.random((trials, 2, QUBITS))
    errors[:, :, 0] = level  # the flag's readout is not referred
    truth = generator.dirichlet(np.ones(16))
    tables = np.einsum("tsr,r->ts", matrices(errors), truth)[None, None, :, None, None, None]
    measured = [assignment(each) for each in errors]
    mean = mean_assignment(measured)
    found = referred(tables, errors_of_trials(measured), LAYOUT)
    expected = matrices(np.stack([mean.false_excited, mean.false_ground])) @ truth
    assert np.allclose(found, expected, atol=1e-12)
    assert np.allclose(found.sum(axis=-1), 1)


@pytest.mark.parametrize("drift", [0.0, 0.3, 3.0])
def test_errors_of_trials_are_closer_than_their_calibrations(drift):
    """Mean square error of the walk against that of the calibrations alone (320 walks)."""
    generator = np.random.default_rng(3)
    stderr, trials = 0.002, 8
    walks = 0.02 + stderr * drift * generator.normal(size=(40, trials, 2, QUBITS)).cumsum(axis=1)
    seen = walks + stderr * generator.normal(size=walks.shape)
    found = np.array([errors_of_trials([assignment(e, stderr) for e in each]) for each in seen])
    ours = np.square(found - walks).mean()
    theirs = np.square(seen - walks).mean()
    # A mean of 8 trials has 1/8 of the variance; the strength of the walk is known from them alone.
    # Where it drifts most, no trial can help another: as good as the calibrations, to 2 %.
    assert ours < theirs * (0.3 if drift == 0 else 1.02)
    assert np.allclose(found.mean(axis=1), seen.mean(axis=1))


@pytest.mark.parametrize("step", [0.0, 0.002, 0.01])
def test_corrected_populations_of_all_trials_scatter_as_their_errors_say(step):
    """z-scores of the corrected population of B over runs whose readout walks (σ = 1)."""
    generator = np.random.default_rng(5)
    trials, shots, stderr = 5, 4000, 0.001
    truth = generator.dirichlet(np.ones(16))
    scores = []
    for _ in range(RUNS):
        walk = 0.03 + np.abs(step * generator.normal(size=(trials, 2, QUBITS)).cumsum(axis=0))
        measured = [
            assignment(each, stderr) for each in walk + stderr * generator.normal(size=walk.shape)
        ]
        probabilities = matrices(walk) @ truth
        tables = generator.multinomial(shots, probabilities)[None, None, :, None, None, None]
        mean = mean_assignment(measured)
        read = referred(tables, errors_of_trials(measured), LAYOUT)
        scores.append(_score(read.sum(axis=2)[0, 0, 0, 0, 0], mean, truth))
    deviation = np.std(scores)
    assert abs(np.mean(scores)) < 4 / np.sqrt(RUNS)
    assert 1 - 4 / np.sqrt(2 * RUNS) < deviation < 1 + 4 / np.sqrt(2 * RUNS)


def _score(counts, mean, truth):
    """Deviation of the corrected Bloch component of B in its standard errors, flag 0."""
    bath = LAYOUT.bath
    arm = DESIGN.arms[1]
    records, moved = record_maps(arm, "corrected", mean, LAYOUT)
    value, *others = (_component(counts, each, bath) for each in (records, *moved))
    weights, values = records.weights, records.values[0, :, bath]
    spread = (counts * (values - value * weights) ** 2).sum() / (counts @ weights) ** 2
    error = np.sqrt(spread + sum((other - value) ** 2 for other in others))
    # The flag is not corrected: the truth is that of the recorded flag 0.
    flag = np.stack([mean.false_excited, mean.false_ground])[:, 0]
    seen = np.where(LAYOUT.flag == 0, 1 - flag[0], flag[1]) * truth
    expected = (seen * LAYOUT.signs[:, bath]).sum() / seen.sum()
    return (value - expected) / error


def _component(counts, records: RecordMap, bath):
    return (counts @ records.values[0, :, bath]) / (counts @ records.weights)
