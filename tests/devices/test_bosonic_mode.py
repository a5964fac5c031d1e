"""The qubit channel of a link beside one exact bosonic mode on a beam splitter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.constants import h, k
from scipy.linalg import expm

from recycling.devices.link import Link

#: Fock states of each mode. Photons are conserved, so that all states of fewer are exact; more than
#: four thermal photons have a probability below 1e-8.
LEVELS = 6
LOWER = np.diag(np.sqrt(np.arange(1, LEVELS)), 1)


def through_beam_splitter(state, transmissivity, photons):
    """State of a mode that begins with at most one photon, after a thermal beam splitter."""
    signal, environment = np.kron(LOWER, np.eye(LEVELS)), np.kron(np.eye(LEVELS), LOWER)
    generator = signal.T @ environment - signal @ environment.T
    unitary = expm(np.arccos(np.sqrt(transmissivity)) * generator)
    thermal = (photons / (1 + photons)) ** np.arange(LEVELS - 1)
    thermal = np.diag(np.append(thermal / thermal.sum(), 0))
    mode = np.zeros((LEVELS, LEVELS))
    mode[:2, :2] = state
    joint = unitary @ np.kron(mode, thermal) @ unitary.T
    return np.einsum("aibi->ab", joint.reshape((LEVELS,) * 4))


def link_of(transmissivity, photons):
    temperature = h * 5e9 / (k * np.log1p(1 / photons)) if photons else 0.0
    return Link(transmissivity=transmissivity, temperature=temperature)


def distance(transmissivity, photons, excited):
    """Trace distance of both outputs for a pure input; phases change nothing."""
    off = np.sqrt(excited * (1 - excited))
    state = np.array([[1 - excited, off], [off, excited]])
    arrived = through_beam_splitter(state, transmissivity, photons)
    # The receiver is a qubit: it takes one photon or more as |1⟩.
    received = arrived[:2, :2] + np.diag([0, np.trace(arrived[2:, 2:])])
    difference = received - link_of(transmissivity, photons).transmit(state).real
    return np.abs(np.linalg.eigvalsh(difference)).sum() / 2


@settings(max_examples=40)
@given(st.floats(0, 1), st.floats(1e-6, 0.02), st.floats(0, 1))
def test_a_link_of_few_photons_is_one_mode_within_half_a_photon(transmissivity, photons, excited):
    # Trace distance is convex: the worst input is pure.
    assert distance(transmissivity, photons, excited) <= 0.55 * photons + 1e-9


@pytest.mark.parametrize(("photons", "worst"), [(0.0083, 0.0041), (0.05, 0.022)])
def test_the_worst_input_has_its_figure(photons, worst):
    found = max(distance(0.5, photons, excited) for excited in np.linspace(0, 1, 11))
    assert found == pytest.approx(worst, abs=5e-5 if photons < 0.02 else 5e-4)


def test_without_photons_both_agree():
    assert distance(0.6, 0.0, 0.5) < 1e-12
