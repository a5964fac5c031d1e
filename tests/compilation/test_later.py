"""A scheduled circuit that waits longer is the circuit that is compiled for the longer latency."""

import numpy as np
import pytest
from qiskit import QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter

from circuits import Algorithm
from circuits.design import RECYCLING, design_of
from circuits.protocol import recycling_circuit
from circuits.tasks.erasure import ERASURE
from circuits.tomography import BASIS_PARAMETERS
from recycling.compilation.later import waiting_longer
from recycling.devices.profiles import ideal_device, override_device
from recycling.planning.circuits import compile_as_executed
from recycling.simulation.engine import compile_programs, execute
from recycling.simulation.numbers import LATENCY

ROLES = ("flag", "other", "data", "B", "S")


def two_flags():
    """Three records are recycled, one after the other: the target waits with the others then."""
    circuit = QuantumCircuit(*(QuantumRegister(1, name) for name in ROLES[:3]))
    circuit.ry(0.9, 0)
    circuit.cry(0.7, 0, 2)
    circuit.cx(2, 1)
    circuit.ry(0.4, 1)
    return Algorithm.from_circuit(
        circuit, flags=["flag", "other"], recycled="data", failure=(0, 1, 2)
    )


def probabilities(circuits, device):
    angles = {name: np.array(0.6) for name in BASIS_PARAMETERS}
    found = execute(compile_programs([(each, angles) for each in circuits], device))
    return [outcome.probabilities for outcome in found]


@pytest.mark.parametrize(
    ("seed", "slow"), [(1, None), (2, 3e-5)], ids=["exponential", "low-frequency dephasing"]
)
def test_it_is_what_is_compiled_for_another_latency(seed, slow):
    rng = np.random.default_rng(seed)
    ideal = ideal_device(temperature=0.06, frequency=5e9, roles=ROLES)
    device = override_device(
        ideal.replace(
            "example",
            measure_duration=tuple(rng.integers(300, 1000, 5) * ideal.dt),
            detuning=np.zeros(5) if slow is None else np.full(5, 1 / slow),
        ),
        t1=rng.uniform(2e-5, 9e-5), t2=rng.uniform(5e-6, 2e-5),
    )  # fmt: skip
    algorithm, dt = two_flags(), device.dt
    first, second = (int(cycles) * dt for cycles in np.sort(rng.integers(20, 900, 2)))

    def compiled(latency):
        settings = [(stage, excited) for stage in ("before", "after") for excited in (False, True)]
        circuits = [
            recycling_circuit(
                algorithm, arm=RECYCLING, stage=stage, excited=excited, feedforward_latency=latency
            )
            for stage, excited in settings
        ]
        return compile_as_executed(circuits, device, optimization_level=1)

    target = design_of(algorithm, ERASURE).target
    late = [ROLES.index(role) for role in target]
    waiting = [waiting_longer(each, Parameter(LATENCY), late) for each in compiled(first)]
    further = device.replace("later", feedforward_latency=np.array([0.0, second - first]))
    direct = [probabilities(compiled(latency), device) for latency in (first, second)]
    for place, found in enumerate(probabilities(waiting, further)):
        for row in (0, 1):
            np.testing.assert_allclose(found[row], direct[row][place], rtol=0, atol=1e-13)
        assert abs(found[1] - found[0]).max() > 1e-7


def test_a_circuit_without_feedforward_stays_as_it_is():
    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    assert waiting_longer(circuit, Parameter(LATENCY), late=[]) == circuit
