"""Circuits as jobs: all of a point of the sweep in the same one, and simulated here in order."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from circuits.tomography import BASIS_ANGLES
from recycling.errors import BackendFailure, BadInput
from recycling.jobs.job import EXECUTIONS_PER_JOB

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.spec.experiment import Experiment


def cut_at_points(
    experiment: Experiment,
    circuits: Sequence[QuantumCircuit],
    shots: int,
    max_circuits: int | None = None,
) -> list[list[QuantumCircuit]]:
    """Cut circuits into jobs of a trial or less, which hold every circuit of their points.

    A service interleaves the circuits of a job, so that drift cancels in what is compared.

    Args:
        experiment: what they measure.
        circuits: in the order of ``settings_of``.
        shots: of each circuit.
        max_circuits: most circuits of a job; None: no limit but that of executions.

    Raises:
        BadInput: the circuits of a point are too many for a job.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> algorithm = {"name": "repeat-until-success"}
        >>> sweep, measurement = {"theta": [0.3, 0.4, 0.7], "p_x": [0.1]}, {"trials": 2}
        >>> experiment = Experiment(
        ...     name="a", algorithm=algorithm, sweep=sweep, measurement=measurement
        ... )
        >>> [len(part) for part in cut_at_points(experiment, [None] * 144, 100, max_circuits=50)]
        [48, 24, 48, 24]
    """
    of_point = len(experiment.design.settings) * len(BASIS_ANGLES)
    most = EXECUTIONS_PER_JOB // shots
    if max_circuits is not None:
        most = min(most, max_circuits)
    if most < of_point:
        raise BadInput(
            f"max_circuits = {most}: the {of_point} circuits of a point go into one job; give "
            "more, or fewer shots"
        )
    step, of_trial = most // of_point * of_point, of_point * experiment.num_points
    return [
        list(circuits[first : min(first + step, start + of_trial)])
        for start in range(0, len(circuits), of_trial)
        for first in range(start, start + of_trial, step)
    ]


def submitted_here(
    simulator: Any, parts: Sequence[list[QuantumCircuit]], shots: int, seeds: Sequence[int]
) -> list[Any]:
    """Simulate jobs in the background, one after the other.

    Aer runs them itself: IBM's Sampler takes a quarter of a second for each circuit.

    Raises:
        BackendFailure: from ``result`` of a job: Aer failed.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from qiskit_aer import AerSimulator
        >>> circuit = QuantumCircuit(1, 1)
        >>> _ = circuit.measure(0, 0)
        >>> (job,) = submitted_here(AerSimulator(), [[circuit]], shots=5, seeds=[1])
        >>> job.result().get_counts()
        {'0': 5}
    """
    from qiskit.primitives import PrimitiveJob

    turn = Lock()

    def simulate(part: list[QuantumCircuit], seed: int) -> Any:
        with turn:
            result = simulator.run(part, shots=shots, seed_simulator=seed).result()
        if not result.success:
            raise BackendFailure(f"Aer failed: {result.status}")
        return result

    jobs = [PrimitiveJob(simulate, part, seed) for part, seed in zip(parts, seeds, strict=True)]
    for job in jobs:
        job._submit()
    return jobs
