"""The instruction reset: what a target states of it, and its error in every simulator."""

from types import SimpleNamespace

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Reset
from qiskit.transpiler import InstructionProperties, Target

from recycling.devices.profiles import ideal_device
from recycling.devices.resets import with_resets
from recycling.execution.aer import execute_aer
from recycling.execution.exact import execute_exact
from recycling.execution.trajectories import execute_trajectories
from recycling.jobs.job import Job, Pub

SHOTS, ERROR = 4000, 0.2


def device(**stated):
    """Two qubits on places 3 and 1 of a chip whose target states some numbers of a reset."""
    target = Target(num_qubits=5)
    places = {(place,): InstructionProperties(**stated) for place in range(5)}
    target.add_instruction(Reset(), places)
    ideal = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
    placed = ideal.replace("example", layout=(3, 1), measure_duration=(1e-6, 2e-6))
    return with_resets(placed, target)


@pytest.mark.parametrize(
    ("stated", "numbers", "source"),
    [
        ({}, (2e-6, 0), "assumed: as long as a measurement and a flip, without an error"),
        ({"duration": 3e-6}, (3e-6, 0), "duration of ideal; assumed: without an error"),
        ({"error": 0.01}, (2e-6, 0.01), "error of ideal; assumed: as long as"),
        ({"duration": 3e-6, "error": 0.01}, (3e-6, 0.01), "duration of ideal, error of ideal"),
    ],
)
def test_what_is_not_stated_is_assumed_and_says_so(stated, numbers, source):
    found = device(**stated)
    gate = found.gate_table["reset", (1,)]
    assert (gate.duration, gate.error) == pytest.approx(numbers)
    assert found.sources["reset"].startswith(source)
    assert type(found).model_validate(found.model_dump()) == found


def test_a_target_without_a_reset_is_asked_in_vain():
    ideal = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
    nothing = with_resets(ideal, SimpleNamespace(operation_names=["x"]))
    assert nothing.sources["reset"].startswith("assumed")


@pytest.mark.parametrize("execute", [execute_exact, execute_aer, execute_trajectories])
def test_an_error_is_the_excitation_that_a_reset_leaves(execute):
    """Whatever its duration: T1 is a hundredth of it."""
    relaxing = device(duration=1e-4, error=ERROR).replace("example", t1=(1e-6,) * 2, t2=(1e-6,) * 2)
    circuit = QuantumCircuit(2, 1)
    circuit.x(0)
    circuit.reset(0)
    circuit.measure(0, 0)
    job, seed = Job("reset", None, shots=SHOTS), np.random.SeedSequence(1)
    shots = execute(job, [Pub(circuit, {})], relaxing, seed).shots
    assert shots.mean() == pytest.approx(ERROR, abs=4 * np.sqrt(ERROR * (1 - ERROR) / SHOTS))
