"""Memory of recorded rounds: the engine holds few copies of the state."""

import tracemalloc

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from recycling.jobs.job import Pub
from recycling.simulation import evolution, probabilities
from recycling.simulation.engine import compile_program, execute
from recycling.simulation.probabilities import pub_probabilities
from tests.simulation.test_engine import small_device

#: Rounds, and the entries of a state that evolves in parts: 1/4 of those of the final state.
ROUNDS, LARGE = 15, 2**17
#: Most memory at a time over that of the final state.
MOST_COPIES = 3.0


def rounds(count, *, otherwise=True, again=False):
    """Measure a qubit, act on both by the outcome, and record every outcome."""
    circuit = QuantumCircuit(3, count)
    for bit in range(count):
        circuit.sx(0)
        circuit.cz(0, 1)
        circuit.measure(0, bit)
        circuit.delay(500, [0, 1], unit="ns")
        with circuit.if_test((circuit.clbits[bit], 1)) as other:
            circuit.x(0)
            circuit.cz(0, 1)
            circuit.sx(1)
        if otherwise:
            with other:
                circuit.cz(0, 1)
                circuit.x(1)
    if again:  # a condition on an early bit, and a bit that is recorded again
        with circuit.if_test((circuit.clbits[0], 0)):
            circuit.cz(0, 1)
        circuit.measure(1, 1)
    return circuit


def peak(function):
    """Most bytes of arrays at a time, and what a function returns."""
    tracemalloc.start()
    try:
        result = function()
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("keep", [(), (0, 1)])
def test_recorded_rounds_take_few_copies_of_the_final_state(keep, monkeypatch):
    monkeypatch.setattr(evolution, "LARGE", LARGE)
    # The last round acts on a state of both qubits, whether they are kept or not.
    state = 2**ROUNDS * 4**2 * np.dtype(float).itemsize
    program = compile_program(rounds(ROUNDS), small_device(), keep=keep)
    most, (outcome,) = peak(lambda: execute([program]))
    assert most <= MOST_COPIES * state
    assert outcome.probabilities.sum() == pytest.approx(1, abs=1e-12)
    if keep:
        most, states = peak(lambda: outcome.density_matrices)
        limit = 1.3 * states.nbytes
        assert most <= limit
        traces = np.abs(np.einsum("...ii", states) - 1)
        assert traces.max() < 1e-9


@pytest.mark.parametrize("again", [False, True])
def test_parts_of_a_large_state_are_its_parts(again, monkeypatch):
    circuits = [rounds(7, again=again), rounds(7), rounds(7, otherwise=False)]
    programs = [compile_program(circuit, small_device(), keep=(1, 0)) for circuit in circuits]
    whole = execute(programs)
    monkeypatch.setattr(evolution, "LARGE", 2**8)
    for found, expected in zip(execute(programs), whole, strict=True):
        np.testing.assert_array_equal(found.tensor, expected.tensor)


def test_points_that_are_evolved_some_at_a_time_are_those_together(monkeypatch):
    circuit = QuantumCircuit(3, 2)
    circuit.sx(0)
    circuit.rz(Parameter("angle"), 0)
    circuit.rz(Parameter("basis"), 1)
    circuit.sx(0)
    circuit.cz(0, 1)
    circuit.measure([0, 1], [0, 1])
    sweep = {"angle": np.linspace(0, 3, 5)[:, None], "basis": np.linspace(0, 1, 3)[None]}
    pubs = [Pub(circuit, sweep), Pub(circuit, sweep | {"basis": np.zeros((1, 3))})]
    device = small_device()
    swept = device.replace("example", t1=np.outer([1.0, 1.5], device.t1))
    for each in (device, swept):
        whole = pub_probabilities(pubs, each)
        with monkeypatch.context() as patch:
            patch.setattr(probabilities, "points_together", lambda _qubits: 2)
            for found, expected in zip(pub_probabilities(pubs, each), whole, strict=True):
                assert found.shape == (*each.sweep, 5, 3, 2, 2)
                np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)
