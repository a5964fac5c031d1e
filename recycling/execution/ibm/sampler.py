"""A rehearsal of hardware: the same PUBs through IBM's Sampler in its local mode, on Aer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.devices.device import Device
from recycling.execution.aer import noise_model, simulator_of, with_idle_noise
from recycling.execution.backend import Progress
from recycling.execution.ibm.answers import outcomes_of
from recycling.execution.ibm.snapshots import snapshot_backend
from recycling.execution.registry import BackendKind
from recycling.jobs.job import Job, Pub, full_parameters, most_bits, together
from recycling.jobs.outcomes import Outcomes

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.providers import BackendV2

#: PUB as the Sampler takes it: a circuit and the values of its parameters by name.
SamplerPub = tuple["QuantumCircuit", Mapping[str, NDArray[np.float64]]]


def execute_sampler(
    job: Job,
    pubs: Sequence[Pub],
    device: Device,
    seed: np.random.SeedSequence,
    progress: Progress = lambda _fraction: None,
) -> Outcomes:
    """Execute a job by the Sampler on the device's qubits; see ``execute_exact``.

    The complete chip would take Aer minutes a circuit. Idle noise and the thermal start are written
    into the circuits, since Aer has neither.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.x(0)
        >>> _ = circuit.measure(0, 0)
        >>> from recycling.jobs.job import Job, Pub
        >>> job, seed = Job("trial-0", trial=0, shots=5), np.random.SeedSequence(1)
        >>> execute_sampler(job, [Pub(circuit, {})], device, seed).shots.shape
        (1, 5)
    """
    assert job.shots is not None  # the plan refuses infinitely many
    simulator = simulator_of(noise_model(device))
    outcomes = []
    for number, (pub, state) in enumerate(zip(pubs, seed.generate_state(len(pubs)), strict=True)):
        noisy = with_idle_noise(pub.circuit, device)
        sampled = sample_locally(simulator, [(noisy, full_parameters(pub))], job.shots, int(state))
        outcomes.append(sampled[0])
        progress((number + 1) / len(pubs))
    return Outcomes(most_bits(pubs), shots=together(outcomes))


def sample_locally(
    simulator: BackendV2, pubs: Sequence[SamplerPub], shots: int, seed: int
) -> list[NDArray[Any]]:
    """Run PUBs through the Sampler in its local mode; see ``outcomes_of`` for the result.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.x(0)
        >>> _ = circuit.measure(0, 0)
        >>> simulator = simulator_of(noise_model(device))
        >>> sample_locally(simulator, [(circuit, {})], shots=5, seed=1)[0].tolist()
        [1, 1, 1, 1, 1]
    """
    from qiskit_ibm_runtime.executor_sampler import Sampler

    sampler = Sampler(mode=simulator)
    sampler.options.simulator.seed_simulator = seed
    return outcomes_of(sampler.run(list(pubs), shots=shots).result())


BACKEND = BackendKind(
    usage="'fake:NAME' (a snapshot, e.g. fake:FakeFez)",
    has_chips=True,
    simulate=execute_sampler,
    snapshot=lambda chip: snapshot_backend(chip, "backend"),
)
