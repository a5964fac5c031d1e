"""The link as a channel: physical for every parameter, and the figures of measured links."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.constants import h, k

from recycling.devices.link import Link
from recycling.errors import BadInput

UNIT = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1))
DECIBELS = st.one_of(st.sampled_from([0.0, 200.0]), st.floats(0, 60))
KELVIN = st.one_of(st.sampled_from([0.0, 1e-3, 300.0]), st.floats(0, 300))
SEGMENTS = st.lists(st.tuples(st.floats(0, 50), st.floats(0, 5), KELVIN), max_size=3).map(tuple)
LINKS = st.builds(
    Link,
    transmissivity=UNIT,
    segments=SEGMENTS,
    insertion_loss=DECIBELS,
    return_loss=st.one_of(st.just(np.inf), DECIBELS),
    mode_overlap=UNIT,
    timing_offset=st.floats(0, 1e-6),
    bandwidth=st.floats(1e3, 1e12),
    coherence=UNIT,
    phase_rms=st.floats(0, 10),
    temperature=KELVIN,
    frequency=st.one_of(st.none(), st.floats(1e6, 1e12)),
)
ROUNDING = 32 * np.finfo(float).eps
PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
BELL = np.array([1, 0, 0, 1]) / np.sqrt(2)


def choi(link):
    """State of a Bell pair whose second half was sent, by the Kraus operators."""
    sent = [np.kron(np.eye(2), operator) @ BELL for operator in link.kraus()]
    return sum(np.outer(each, each.conj()) for each in sent)


def wootters(state):
    """Concurrence from the spectrum of ρ (Y⊗Y) ρ* (Y⊗Y)."""
    flip = np.kron(PAULIS[2], PAULIS[2])
    roots = np.sqrt(np.abs(np.linalg.eigvals(state @ flip @ state.conj() @ flip)))
    return max(0, 2 * roots.max() - roots.sum())


def horodecki(state):
    """Largest CHSH value from the correlation matrix."""
    correlations = np.array(
        [[np.trace(state @ np.kron(a, b)).real for a in PAULIS[1:]] for b in PAULIS[1:]]
    )
    return 2 * np.sqrt(np.sort(np.linalg.eigvalsh(correlations.T @ correlations))[1:].sum())


@settings(max_examples=70)
@given(LINKS)
def test_a_link_keeps_trace_and_positivity(link):
    operators = link.kraus()
    total = np.einsum("kji,kjl->il", operators.conj(), operators)
    np.testing.assert_allclose(total, np.eye(2), rtol=0, atol=ROUNDING)
    assert 0 <= link.total_transmissivity <= 1
    assert 0 <= link.thermal_population <= 0.5


@settings(max_examples=50)
@given(LINKS, st.floats(0, 1), st.floats(-1, 1), st.floats(0, 7))
def test_transmit_is_what_the_kraus_operators_do(link, excited, radius, angle):
    off = radius * np.sqrt(excited * (1 - excited)) * np.exp(1j * angle)
    state = np.array([[1 - excited, off], [off.conjugate(), excited]])
    expected = sum(K @ state @ K.conj().T for K in link.kraus())
    np.testing.assert_allclose(link.transmit(state), expected, rtol=0, atol=ROUNDING)


@settings(max_examples=35)
@given(LINKS)
def test_metrics_are_those_of_the_state_of_a_sent_bell_pair(link):
    metrics, state = link.metrics(), choi(link)
    fidelity = (BELL @ state @ BELL).real
    assert metrics.bell_fidelity == metrics.process_fidelity
    assert metrics.bell_fidelity == pytest.approx(fidelity, abs=ROUNDING)
    # Roots of eigenvalues, which are exact to rounding.
    assert metrics.concurrence == pytest.approx(wootters(state), abs=1e-6)
    assert metrics.chsh == pytest.approx(horodecki(state), abs=1e-6)
    # The six eigenstates of the Paulis are a 2-design: their mean is that over all states.
    eigenstates = np.concatenate([np.linalg.eigh(pauli)[1].T for pauli in PAULIS[1:]])
    projectors = np.einsum("ni,nj->nij", eigenstates, eigenstates.conj())
    overlaps = np.einsum("nij,nji->n", link.transmit(projectors), projectors).real
    assert metrics.state_fidelity == pytest.approx(overlaps.mean(), abs=ROUNDING)


@settings(max_examples=60)
@given(
    st.floats(0, 100), st.floats(0, 2), KELVIN, st.lists(st.floats(0, 1), min_size=1, max_size=5)
)
def test_a_uniform_line_may_be_cut_anywhere(length, attenuation, temperature, cuts):
    uncut = Link(segments=((length, attenuation, temperature),))
    ends = np.array([0, *sorted(cuts), 1]) * length
    pieces = tuple((piece, attenuation, temperature) for piece in np.diff(ends))
    cut = Link(segments=pieces)
    assert cut.total_transmissivity == pytest.approx(uncut.total_transmissivity, rel=1e-12)
    assert cut.added_photons == pytest.approx(uncut.added_photons, rel=1e-9, abs=1e-300)
    np.testing.assert_allclose(cut.kraus(), uncut.kraus(), rtol=0, atol=1e-7)
    state = np.array([[0.3, 0.4], [0.4, 0.7]])
    np.testing.assert_allclose(cut.transmit(state), uncut.transmit(state), rtol=0, atol=1e-12)


@given(UNIT, KELVIN, st.floats(1e9, 1e11))
def test_the_thermal_state_of_the_link_is_its_fixed_point(transmissivity, temperature, frequency):
    link = Link(transmissivity=transmissivity, temperature=temperature, frequency=frequency)
    with np.errstate(divide="ignore", over="ignore"):
        excited = 1 / (1 + np.exp(h * frequency / (k * np.float64(temperature))))
    thermal = np.diag([1 - excited, excited])
    np.testing.assert_allclose(link.transmit(thermal), thermal, rtol=0, atol=ROUNDING)


def test_photons_compose_before_there_is_a_qubit():
    # Two halves with n = 0.05 make one link of η = 0.64; two qubit channels would not.
    temperature = h * 5e9 / (k * np.log(1 + 1 / 0.05))
    half, twice = (
        Link(segments=((length, -10 * np.log10(0.8), temperature),)) for length in (1.0, 2.0)
    )
    assert twice.thermal_photons == pytest.approx(0.05)
    assert twice.total_transmissivity == pytest.approx(0.64)
    chained = half.coherence_factor**2 / twice.coherence_factor
    assert chained == pytest.approx(1.018**2 / 1.01**4, rel=1e-12)
    assert abs(chained - 1) == pytest.approx(0.004, abs=5e-4)


def test_each_requirement_is_a_parameter():
    assert Link(insertion_loss=3).total_transmissivity == pytest.approx(10**-0.3)
    assert Link(return_loss=10).total_transmissivity == pytest.approx(0.9)
    assert Link(return_loss=0).total_transmissivity == 0
    assert Link(mode_overlap=0.9).total_transmissivity == 0.9
    late = Link(timing_offset=2e-8, bandwidth=1e8).total_transmissivity
    assert late == pytest.approx((1 / np.sinh(1)) ** 2)
    assert Link(timing_offset=1, bandwidth=1e8).total_transmissivity == 0
    assert Link(phase_rms=0.2).coherence_factor == pytest.approx(np.exp(-0.02))
    assert Link(segments=[(2, 1.5, 0.02)]).total_transmissivity == pytest.approx(10**-0.3)


def test_the_default_link_does_nothing():
    state = np.array([[0.3, 0.2 - 0.1j], [0.2 + 0.1j, 0.7]])
    np.testing.assert_array_equal(Link().transmit(state), state)
    assert Link().thermal_photons == 0
    assert not Link(temperature=300).warning


def test_a_link_of_many_photons_warns_in_one_line():
    warm = Link(transmissivity=0.5, temperature=0.1)
    assert warm.thermal_photons > 0.05
    assert "above 0.05" in warm.warning
    assert len(warm.warning.splitlines()) == 1
    assert Link(transmissivity=0.5, temperature=0.07).warning == ""


def test_links_run_side_by_side():
    links = Link(transmissivity=np.array([[0.2], [0.7]]), coherence=np.array([0.5, 0.8, 1.0]))
    assert links.kraus().shape == (2, 3, 4, 2, 2)
    assert links.metrics().chsh.shape == (2, 3)
    states = links.transmit(np.diag([0.4, 0.6]))
    alone = Link(transmissivity=0.7, coherence=0.8).transmit(np.diag([0.4, 0.6]))
    np.testing.assert_allclose(states[1, 1], alone, atol=ROUNDING)


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"transmissivity": 1.2}, "transmissivity = 1.2: give 0 to 1"),
        ({"coherence": -0.1}, "coherence = -0.1: give 0 to 1"),
        ({"mode_overlap": float("nan")}, "mode_overlap = nan: give 0 to 1"),
        ({"insertion_loss": -1}, "insertion_loss = -1: give a finite number, 0 or more"),
        ({"return_loss": -1}, "return_loss = -1: give 0 dB or more"),
        ({"temperature": -0.02}, "temperature = -0.02: give a finite number, 0 or more"),
        ({"delay": -1e-9}, "delay = -1e-09: give a finite number, 0 or more"),
        ({"frequency": 0}, "frequency = 0: give a finite number above 0"),
        ({"timing_offset": 1e-9}, "bandwidth is missing: give that of the photon, since "
         "timing_offset is not 0"),
        ({"segments": [(1, 0.1, 0.02), (-1, 0.1, 0.02)]}, "segments[1] = [-1, 0.1, 0.02]: give "
         "[length in m, loss in dB/m, temperature in K], each 0 or more"),
        ({"segments": [5]}, "segments[0] = 5: give [length in m, loss in dB/m, temperature in K], "
         "each 0 or more"),
        ({"segments": 5}, "segments = 5: give a list of [length in m, loss in dB/m, temperature in "
         "K]"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_refused_in_one_line(wrong, line):
    with pytest.raises(BadInput) as caught:
        Link(**wrong)
    assert str(caught.value) == line
