"""Unequal shots and turned axes: frames, the order of entries, and what circuits then measure."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.quantum_info import Statevector, random_statevector

from circuits import HHL, recycling_circuit
from circuits.allocation import Allocation, frame
from circuits.tomography import append_tomography, basis_angles, basis_parameters

DESIGN = HHL([[2, -1], [-1, 2]]).design
ANGLES = st.floats(-10, 10)


@given(arrays(float, (4, 2), elements=ANGLES))
def test_frames_are_right_handed_and_their_third_axis_points_to_the_pole(poles):
    axes = frame(poles)
    assert np.allclose(axes @ axes.swapaxes(-1, -2), np.eye(3), atol=1e-14)
    assert np.allclose(np.linalg.det(axes), 1)
    theta, phi = poles.T
    pole = [np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)]
    assert np.allclose(axes[:, 2], np.transpose(pole), atol=1e-14)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), arrays(float, (2, 2), elements=ANGLES))
def test_each_qubit_is_measured_along_its_axis(seed, poles):
    """The mean outcome is the component of the Bloch vector along the axis (Born's rule)."""
    state = random_statevector(4, seed=seed)
    axes = frame(poles)
    register, bits = QuantumRegister(2, "q"), ClassicalRegister(2, "c")
    circuit = QuantumCircuit(register, bits)
    append_tomography(circuit, register, bits, ["B", "S"])
    circuit.remove_final_measurements()
    for basis in range(3):
        values = {}
        for qubit, role in enumerate(("B", "S")):
            names = basis_parameters(role)
            values |= dict(zip(names, basis_angles(axes[qubit, basis]), strict=True))
        turned = state.evolve(circuit.assign_parameters(values))
        for qubit in range(2):
            ground, excited = turned.probabilities([qubit])
            expected = axes[qubit, basis] @ _bloch(state, qubit)
            assert ground - excited == pytest.approx(expected, abs=1e-12)


def _bloch(state: Statevector, qubit: int) -> np.ndarray:
    labels = ["".join(p if q == qubit else "I" for q in (1, 0)) for p in "XYZ"]
    from qiskit.quantum_info import Pauli

    return np.array([state.expectation_value(Pauli(label)).real for label in labels])


@given(arrays(np.int64, (2, 2, 2, 3, 3), elements=st.integers(0, 4)), st.integers(0, 2))
def test_the_repeats_of_an_entry_are_added_up(repeats, first):
    allocation = Allocation(repeats).points(first, 3)
    entries = allocation.entries()
    ones = np.ones((sum(len(points) for points, _ in entries), 2), dtype=int)
    counts = allocation.together(ones)
    assert np.array_equal(counts[..., 0], allocation.of_settings())
    for (points, bases), of_setting in zip(entries, allocation.of_settings(), strict=True):
        found = np.zeros_like(of_setting)
        np.add.at(found, (points, bases), 1)
        assert np.array_equal(found, of_setting)


def test_turned_circuits_have_parameters_of_each_qubit():
    plain = recycling_circuit(HHL([[2, -1], [-1, 2]]))
    turned = recycling_circuit(HHL([[2, -1], [-1, 2]]), turned=True)
    names = {name for role in DESIGN.measured for name in basis_parameters(role)}
    assert {p.name for p in turned.parameters} == {"theta_b", *names}
    assert plain.count_ops() == turned.count_ops()
