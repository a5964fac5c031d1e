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
from recycling.jobs.job import Job, Pub, full_parameters
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
    """Execute a job by the Sampler on the device's own six qubits; see ``execute_exact``.

    The whole chip would take Aer minutes a circuit. Idle noise and the thermal start are written
    into the circuits, since Aer has neither.
    """
    assert job.shots is not None  # the plan refuses infinitely many
    simulator = simulator_of(noise_model(device))
    outcomes = []
    for number, (pub, own) in enumerate(zip(pubs, seed.generate_state(len(pubs)), strict=True)):
        noisy = with_idle_noise(pub.circuit, device)
        sampled = sample_locally(simulator, [(noisy, full_parameters(pub))], job.shots, int(own))
        outcomes.append(sampled[0])
        progress((number + 1) / len(pubs))
    return Outcomes(len(pubs[0].circuit.clbits), shots=np.stack(outcomes))


def sample_locally(
    simulator: BackendV2, pubs: Sequence[SamplerPub], shots: int, seed: int
) -> list[NDArray[Any]]:
    """Run PUBs through the Sampler in its local mode; see ``outcomes_of`` for the result."""
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
