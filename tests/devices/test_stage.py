"""The stage: what is carried to a temperature, and what stays."""

import warnings
from functools import reduce

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from qiskit.circuit.library import CZGate, SXGate
from qiskit.quantum_info import random_density_matrix
from scipy.constants import h, hbar, k

import recycling as rc
from recycling.devices.channels import (
    PAULIS,
    density_matrix,
    depolarizing_channel,
    depolarizing_strength,
    gate_error,
    tensor_channel,
    thermal_relaxation_channel,
    thermal_state,
)
from recycling.devices.device import Device
from recycling.devices.gates import Gate
from recycling.devices.stage import Stage
from tests.simulation.dense import gate_noise, idle_channel

EPS = np.finfo(float).eps
GATES = {"sx": SXGate(), "cz": CZGate()}
temperatures = st.floats(5e-3, 10)
frequencies = st.floats(1e9, 20e9)
baths = st.sampled_from(["boson", "tls"])
losses = st.one_of(st.just(0.0), st.floats(-9, -4).map(lambda power: 10**power))
seconds = st.floats(-7, -2).map(lambda power: 10**power)
#: T2/T1, its limit of 2 included.
ratios = st.floats(0.01, 2)


def device(t1, t2, *, frequency=5e9, temperature=0.043, error=2e-3):
    """Two qubits with gates of both sizes, one of them without duration or error."""
    return Device.model_validate(
        {
            "name": "two qubits", "roles": ("B", "S"), "layout": None, "t1": t1, "t2": t2,
            "frequency": (frequency,) * 2, "temperature": temperature,
            "false_excited": (0.01,) * 2, "false_ground": (0.02,) * 2,
            "measure_duration": (1e-6,) * 2, "feedforward_latency": 1e-6, "dt": 1e-9,
            "gates": [
                Gate(name="rz", qubits=(0,), duration=0, error=0),
                Gate(name="sx", qubits=(0,), duration=32e-9, error=error / 10),
                Gate(name="sx", qubits=(1,), duration=32e-9, error=error / 10),
                Gate(name="cz", qubits=(0, 1), duration=68e-9, error=error),
            ],
            "sources": dict.fromkeys(
                ("t1", "t2", "frequency", "temperature", "false_excited", "false_ground",
                 "measure_duration", "feedforward_latency", "dt", "gates"), "calibrated"),
        }
    )  # fmt: skip


# --- Times


@given(
    t1=seconds, ratio=ratios, frequency=frequencies, calibrated=temperatures,
    temperature=temperatures, loss=losses, bath=baths,
)  # fmt: skip
def test_times_keep_detailed_balance(t1, ratio, frequency, calibrated, temperature, loss, bath):
    stage = Stage(calibrated, loss, bath)
    try:
        carried, coherence = stage.times(t1, ratio * t1, frequency, temperature)
    except rc.BadInput:
        rate = 1 / (ratio * t1) - 1 / (2 * t1)
        assert rate < 0.05 * loss * k * (calibrated - temperature) / hbar
        return
    assert 0 < coherence <= 2 * carried
    expected = 1.0
    if bath == "boson":
        expected = np.tanh(h * frequency / (2 * k * temperature))
        expected /= np.tanh(h * frequency / (2 * k * calibrated))
    np.testing.assert_allclose(carried / t1, expected, rtol=1e-12)
    if temperature > calibrated:
        assert carried <= t1 * (1 + 1e-12)
        assert coherence <= ratio * t1 * (1 + 1e-12)


@given(
    t1=seconds, ratio=ratios, frequency=frequencies, loss=losses, bath=baths,
    kelvin=st.lists(temperatures, min_size=3, max_size=3),
)  # fmt: skip
@example(t1=1e-4, ratio=2.0, frequency=5e9, loss=0.0, bath="boson", kelvin=[0.04, 0.3, 0.04])
def test_a_stage_is_a_semigroup(t1, ratio, frequency, loss, bath, kelvin):
    first, middle, last = kelvin
    try:
        direct = Stage(first, loss, bath).times(t1, ratio * t1, frequency, last)
        halfway = Stage(first, loss, bath).times(t1, ratio * t1, frequency, middle)
    except rc.BadInput:
        assume(False)
    # Dephasing that nearly vanishes is the difference of large rates.
    lost = 0.05 * loss * k * max(kelvin) / hbar * max(direct[1], halfway[1])
    scale = halfway[1] / min(halfway[0], direct[0]) + direct[1] / halfway[1]
    rounding = 20 * EPS * (1 + lost + scale)
    assume(rounding < 1e-9)
    try:
        found = Stage(middle, loss, bath).times(*halfway, frequency, last)
    except rc.BadInput:
        rate = 1 / direct[1] - 1 / (2 * direct[0])
        assert rate * direct[1] <= rounding, "no room at all is left, but for rounding"
        return
    np.testing.assert_allclose(found, direct, rtol=rounding)


@given(
    t1=seconds, ratio=st.one_of(ratios, st.just(2.0)), frequency=frequencies, loss=losses,
    kelvin=st.lists(temperatures, min_size=2, max_size=2).map(sorted), bath=baths,
)  # fmt: skip
def test_what_was_warmed_can_be_cooled_again(t1, ratio, frequency, loss, kelvin, bath):
    """A report shows what was calibrated beside what was executed."""
    low, high = kelvin
    warm = Stage(low, loss, bath).times(t1, ratio * t1, frequency, high)
    back = Stage(high, loss, bath).times(*warm, frequency, low)
    lost = 0.05 * loss * k * high / hbar * ratio * t1  # dephasing that is added and taken again
    widest = np.tanh(h * frequency / (2 * k * low)) / np.tanh(h * frequency / (2 * k * high))
    np.testing.assert_allclose(back, (t1, ratio * t1), rtol=50 * EPS * (1 + lost + widest))


@given(t1=seconds, ratio=ratios, frequency=frequencies, kelvin=temperatures, loss=losses)
def test_nothing_changes_where_it_was_calibrated(t1, ratio, frequency, kelvin, loss):
    found = Stage(kelvin, loss).times(t1, ratio * t1, frequency, kelvin)
    assert (float(found[0]), float(found[1])) == (t1, ratio * t1)


def test_numbers_give_numbers():
    assert all(np.isscalar(time) for time in rc.Stage(0.02, 1e-7).times(1e-4, 1e-4, 5e9, 1.0))


def test_times_broadcast():
    kelvin = np.array([0.043, 0.3, 1.0])[:, None, None]
    loss = np.array([1e-7, 1e-5])[:, None]
    t1, t2 = np.array([1e-4, 2e-4, 3e-4]), np.array([1e-4, 2e-4, 1e-4])
    found = Stage(0.043, loss).times(t1, t2, 5e9, kelvin)
    assert found[0].shape == found[1].shape == (3, 2, 3)
    for i, j, n in np.ndindex(3, 2, 3):
        alone = Stage(0.043, loss[j, 0]).times(t1[n], t2[n], 5e9, kelvin[i, 0, 0])
        assert (found[0][i, j, n], found[1][i, j, n]) == alone


def test_the_law_of_t1_is_that_of_dielectric_loss():
    """scqubits has it on a transmon, by its matrix elements and both directions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the packages that it imports
        import scqubits
    scqubits.settings.T1_DEFAULT_WARNING = False
    transmon = scqubits.Transmon(EJ=15.0, EC=0.25, ng=0.0, ncut=30)
    levels = transmon.eigenvals(2)
    frequency = float(levels[1] - levels[0]) * 1e9
    kelvin = np.array([0.005, 0.02, 0.043, 0.1, 0.3, 1.0, 4.2, 10.0])
    expected = np.array([transmon.t1_capacitive(T=T, Q_cap=1e6, total=True) for T in kelvin])
    for start, t1 in zip(kelvin, expected, strict=True):
        found, _ = Stage(start, 0.0).times(t1, t1, frequency, kelvin)
        # scqubits rounds k, h and the levels.
        np.testing.assert_allclose(found, expected, rtol=1e-5)


# --- A device


@settings(max_examples=30)
@given(
    t1=seconds, ratio=ratios, frequency=frequencies, kelvin=temperatures, bath=baths,
    error=st.floats(0, 0.02),
)  # fmt: skip
def test_the_depolarizing_part_of_a_gate_stays(t1, ratio, frequency, kelvin, bath, error):
    cold = device((t1, 2 * t1), (ratio * t1, t1), frequency=frequency, error=error)
    try:
        warm = Stage(0.043, 1e-7, bath).carried(cold, kelvin)
    except rc.BadInput:
        assume(False)
    for gate in (("sx", (0,)), ("sx", (1,)), ("cz", (0, 1))):
        parts = []
        for each in (cold, warm):
            place = each.gates.position[gate]
            channels = [
                thermal_relaxation_channel(
                    each.gates.durations[place], each.t1[q], each.t2[q], each.excited_population[q]
                )
                for q in gate[1]
            ]
            relaxation = channels[0] if len(channels) == 1 else tensor_channel(*channels)
            strength = depolarizing_strength(each.gates.errors[place], relaxation)
            parts.append((strength, relaxation))
            # The engine makes the same two parts.
            channel = relaxation @ depolarizing_channel(strength, len(gate[1]))
            np.testing.assert_allclose(
                gate_noise(each, GATES[gate[0]], gate[1]), channel, rtol=0, atol=1e-14
            )
        surviving = np.trace(parts[1][1]) - 1
        if surviving > 1e-10:  # else nothing is left to depolarize
            assert abs(parts[0][0] - parts[1][0]) < 1e-13 / surviving
    assert warm.gates.errors[warm.gates.position["rz", (0,)]] == 0


@settings(max_examples=50)
@given(strength=st.floats(0, 1), t1=seconds, ratio=ratios, duration=st.floats(0, 1e-7))
def test_error_and_strength_are_inverse(strength, t1, ratio, duration):
    one = thermal_relaxation_channel(duration, t1, ratio * t1, excited_population=0.1)
    for relaxation in (one, tensor_channel(one, one)):
        error = gate_error(strength, relaxation)
        surviving = np.trace(relaxation) - 1
        found = depolarizing_strength(error, relaxation)
        assert abs(found - strength) < 1e-13 / surviving


@settings(max_examples=30)
@given(middle=st.floats(0.043, 10), last=st.floats(0.043, 10), loss=losses, bath=baths)
def test_devices_are_carried_on(middle, last, loss, bath):
    cold = device((1e-4, 3e-4), (1.5e-4, 1e-4))
    direct = Stage(0.043, loss, bath).carried(cold, last)
    found = Stage(middle, loss, bath).carried(Stage(0.043, loss, bath).carried(cold, middle), last)
    for field in ("t1", "t2", "temperature"):
        np.testing.assert_allclose(getattr(found, field), getattr(direct, field), rtol=1e-9)
    np.testing.assert_allclose(found.gates.errors, direct.gates.errors, rtol=1e-9, atol=1e-15)


def test_a_device_where_it_was_calibrated_is_the_same():
    cold = device((1e-4, 3e-4), (1.5e-4, 6e-4))
    assert Stage(0.043, 1e-6).carried(cold, 0.043) is cold
    swept = Stage(0.043, 1e-6).carried(cold, np.array([[0.043], [0.3]]))
    same = swept.at(0)
    for field in ("t1", "t2", "temperature"):
        assert np.array_equal(getattr(same, field), getattr(cold, field))
    assert np.array_equal(same.gates.errors, cold.gates.errors)


@settings(max_examples=20)
@given(kelvin=st.lists(st.floats(0.05, 10), min_size=2, max_size=2), bath=baths)
def test_a_sweep_holds_what_each_of_its_points_gives(kelvin, bath):
    calibrated = device((1e-4, 3e-4), (1.5e-4, 1e-4))
    cold = calibrated.replace("swept", t1=[[1e-4, 3e-4], [2e-4, 3e-4], [2e-4, 5e-4]])
    loss = np.array([1e-7, 1e-6])[:, None, None]  # axes: loss, T1 or temperature, qubit
    warm = Stage(0.043, loss, bath).carried(cold, np.array([*kelvin, 1.0])[:, None])
    assert warm.sweep == (2, 3)
    for i, j in np.ndindex(2, 3):
        alone = Stage(0.043, float(loss[i, 0, 0]), bath).carried(cold.at(j), [*kelvin, 1.0][j])
        found = warm.at(i, j)
        assert found.temperature == alone.temperature
        for field in ("t1", "t2"):
            np.testing.assert_allclose(getattr(found, field), getattr(alone, field), rtol=1e-14)
        np.testing.assert_allclose(found.gates.errors, alone.gates.errors, rtol=1e-13)


def test_sources_say_what_is_modelled():
    cold = device((1e-4, 3e-4), (1.5e-4, 1e-4))
    named = cold.model_copy(update={"sources": cold.sources | {"t1[B]": "printed"}})
    warm = Stage(0.043, 1e-7).carried(named, 1.0)
    assert warm.source("t1", "B") == "carried from 43 mK to 1 K (modelled): printed"
    assert warm.source("t1", "S") == "carried from 43 mK to 1 K (modelled): calibrated"
    assert warm.sources["gates"] == "carried from 43 mK to 1 K (modelled): calibrated"
    assert warm.sources["temperature"] == "given for the stage"
    assert warm.sources["false_excited"] == "calibrated"


# --- Thermodynamics of what a carried device does


def relative_entropy(pauli, excited):
    """D(ρ‖thermal) of qubits that are thermal one by one, nats; their Pauli vector (4ⁿ,)."""
    qubits = len(excited)
    rho = density_matrix(pauli.reshape((4,) * qubits), qubits)
    levels, states = np.linalg.eigh(rho)
    levels = np.clip(levels, 1e-300, None)
    thermal = reduce(np.kron, ([1 - p, p] for p in excited))
    populations = np.abs(states.T) ** 2 @ np.log(thermal)
    return float(levels @ (np.log(levels) - populations))


@settings(max_examples=50)
@given(
    seed=st.integers(0, 2**32), rank=st.integers(1, 4), kelvin=temperatures, frequency=frequencies,
    bath=baths, duration=st.floats(0, 1),
)  # fmt: skip
def test_clausius_and_the_thermal_fixed_point(seed, rank, kelvin, frequency, bath, duration):
    """Heat over kT is at most the change of entropy, in idle time and in gates.

    That is, D(ρ‖thermal) falls in each relaxation. A unitary leaves the entropy as it is, so that
    entropy and heat over kT of all reservoirs together never fall: the second law.
    """
    cold = device((1e-4, 3e-4), (1.5e-4, 1e-4), frequency=frequency, error=0)
    try:
        warm = Stage(0.043, 1e-9, bath).carried(cold, kelvin)
    except rc.BadInput:
        assume(False)
    excited = warm.excited_population
    assume(excited[0] > 1e-30)
    channel = tensor_channel(*(idle_channel(warm, qubit, duration * 3e-4) for qubit in (0, 1)))
    channel = gate_noise(warm, CZGate(), (0, 1)) @ channel
    thermal = np.kron(*(thermal_state(p) for p in excited))
    np.testing.assert_allclose(channel @ thermal, thermal, rtol=0, atol=8 * EPS)
    state = random_density_matrix(4, rank=rank, seed=seed).data
    paulis = np.einsum("aij,bkl->abikjl", PAULIS, PAULIS).reshape(16, 4, 4)
    start = np.einsum("aij,ji->a", paulis, state).real
    before, after = relative_entropy(start, excited), relative_entropy(channel @ start, excited)
    assert after <= before + 1e-13 * (1 - np.log(excited[0]))


# --- Bad input


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda: Stage(-0.04, 1e-7), "stage.calibrated_at = -0.04 K: give a finite number above 0"),
        (lambda: Stage(0.04, -1), "stage.loss_tangent = -1: give a finite number, 0 or more"),
        (lambda: Stage(0.04, float("nan")), "stage.loss_tangent = nan: give a finite number"),
        (lambda: Stage(0.04, 1e-7, "fermion"), "stage.bath = 'fermion': give 'boson' or 'tls'"),
        (lambda: Stage(0.04, 0, "tls", -1), "stage.dephasing_prefactor = -1: give a finite number"),
        (lambda: times(t1=-1e-4), "t1 = -0.0001 s: give a number above 0"),
        (lambda: times(t2=0), "t2 = 0 s: give a number above 0"),
        (lambda: times(t2=3e-4), "t2 = 0.0003 s is above 2 t1 = 0.0002 s: give t2 ≤ 2 t1"),
        (lambda: times(frequency=[5e9, 0]), "frequency = 0 Hz: give a finite number above 0"),
        (lambda: times(temperature=-1), "temperature = -1 K: give a finite number above 0"),
        (lambda: times(temperature=float("inf")), "temperature = inf K: give a finite number"),
        (
            lambda: times(t2=2e-4, temperature=0.01),
            "stage.loss_tangent = 1e-07: T2 = 200 µs at 40 mK leaves no room for it",
        ),
    ],
)
def test_bad_numbers_are_refused_in_a_line(make, line):
    with pytest.raises(rc.BadInput) as caught:
        make()
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def times(t1=1e-4, t2=1e-4, frequency=5e9, temperature=0.1):
    return Stage(0.04, 1e-7).times(t1, t2, frequency, temperature)
