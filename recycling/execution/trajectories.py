"""The backend of quantum trajectories: shots of the exact engine's model, for more qubits than fit.

Each shot is a sample of the same distribution as the exact backend's. Memory goes with 2ⁿ of the
qubits that live at a time, not with 4ⁿ. Outcomes are simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from recycling.devices.device import Device
from recycling.execution.registry import BackendKind
from recycling.jobs.job import Job, Pub, full_parameters, most_bits, together
from recycling.jobs.outcomes import Outcomes, shot_dtype
from recycling.simulation.trajectories.lower import compile_trajectories
from recycling.simulation.trajectories.sample import sample


def execute_trajectories(
    job: Job,
    pubs: Sequence[Pub],
    device: Device,
    seed: np.random.SeedSequence,
    progress: Callable[[float], None] = lambda _fraction: None,
) -> Outcomes:
    """Execute a job by quantum trajectories; see ``execute_exact``.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.x(0)
        >>> _ = circuit.measure(0, 0)
        >>> from recycling.jobs.job import Pub
        >>> job, seed = Job("trial-0", trial=0, shots=5), np.random.SeedSequence(1)
        >>> execute_trajectories(job, [Pub(circuit, {})], device, seed).shots.tolist()
        [[1, 1, 1, 1, 1]]
    """
    assert job.shots is not None  # the plan refuses infinitely many
    device.refuse_detuning()
    generator = np.random.default_rng(seed)
    done, total = 0, sum(int(np.prod(pub.sweep)) for pub in pubs)
    outcomes = []
    for pub in pubs:
        parameters = full_parameters(pub)
        shots = np.empty((*pub.sweep, job.shots), dtype=shot_dtype(len(pub.circuit.clbits)))
        for index in np.ndindex(*pub.sweep):
            values = {name: float(array[index]) for name, array in parameters.items()}
            compiled = compile_trajectories(pub.circuit, device, values)
            shots[index] = sample(compiled, job.shots, generator)
            done += 1
            progress(done / total)
        outcomes.append(shots)
    return Outcomes(most_bits(pubs), shots=together(outcomes))


BACKEND = BackendKind(usage="'trajectories'", simulate=execute_trajectories)
