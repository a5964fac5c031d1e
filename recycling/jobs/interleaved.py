"""Assignment circuits in the jobs of the trials: the readout is calibrated while it is used.

A service interleaves the circuits of a job shot by shot. So the assignment circuits see the readout
of exactly the time of their trial, and no drift comes between.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.errors import BadInput
from recycling.jobs.job import Job, Pub, calibration_pubs
from recycling.jobs.outcomes import Outcomes

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from circuits.design import Design
    from recycling.spec.experiment import Experiment

#: What ``hardware.assignment`` says where the circuits are part of the trials.
INTERLEAVED = "interleaved"


def assignment_repeats(experiment: Experiment) -> int:
    """How often each assignment circuit is repeated in a trial; 0 where they are jobs of their own.

    All trials together have ``hardware.assignment_shots`` of each circuit, or a few more.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="small",
        ...     measurement={"shots": 100, "trials": 4},
        ...     hardware={"assignment": "interleaved", "assignment_shots": 1000},
        ... )
        >>> assignment_repeats(experiment)
        3
    """
    if experiment.hardware.assignment != INTERLEAVED:
        return 0
    shots, trials = experiment.measurement.shots, experiment.measurement.trials
    return 1 if shots == "exact" else -(-experiment.hardware.assignment_shots // (shots * trials))


def assignment_entries(experiment: Experiment) -> int:
    """Number of assignment circuits in the job of a trial, repeats counted.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> assignment_entries(Experiment(name="small", hardware={"assignment": "interleaved"}))
        17
    """
    return assignment_repeats(experiment) * circuits_of(experiment.design)


def circuits_of(design: Design) -> int:
    """Number of assignment circuits: one for each preparation of the recorded qubits, and a wait.

    Example:
        >>> from circuits import HHL
        >>> circuits_of(HHL([[2, -1], [-1, 2]]).design)
        17
    """
    return int(2 ** len(design.recorded_roles)) + 1


def interleaved_pubs(experiment: Experiment, circuits: Sequence[QuantumCircuit]) -> list[Pub]:
    """PUBs that follow those of the protocol in the job of a trial.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> interleaved_pubs(Experiment(name="small"), [])
        []
    """
    return calibration_pubs(circuits) * assignment_repeats(experiment)


def check_interleaved(experiment: Experiment, jobs: Sequence[Job], limit: int) -> None:
    """Check that the assignment circuits fit into the jobs of the trials.

    Raises:
        BadInput: a trial needs more than one job.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> check_interleaved(Experiment(name="small"), [], limit=10)
    """
    if assignment_repeats(experiment) and len(jobs) > experiment.measurement.trials:
        raise BadInput(
            f"hardware.assignment = {INTERLEAVED!r}: a trial and its assignment circuits are more "
            f"than the {limit} executions of a job; give fewer shots or points, or true"
        )


def protocol_part(experiment: Experiment, outcomes: Outcomes) -> Outcomes:
    """Outcomes of the protocol in the job of a trial.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> outcomes = Outcomes(bits=8, shots=np.zeros((3 + 17, 100), dtype=np.uint8))
        >>> spec = Experiment(name="small", hardware={"assignment": "interleaved"})
        >>> protocol_part(spec, outcomes).shots.shape
        (3, 100)
    """
    entries = assignment_entries(experiment)
    if not entries:
        return outcomes
    return outcomes.part(slice(None, -entries), len(experiment.design.recorded_roles))


def assignment_counts(experiment: Experiment, outcomes: Outcomes) -> NDArray[Any]:
    """Counts of the assignment circuits in the job of a trial, repeats added up.

    Returns:
        Array of shape (circuit, 2, ..., 2), as ``estimate_assignment`` takes it.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> outcomes = Outcomes(bits=8, shots=np.zeros((3 + 17, 100), dtype=np.uint8))
        >>> spec = Experiment(name="small", hardware={"assignment": "interleaved"})
        >>> assignment_counts(spec, outcomes).shape
        (17, 2, 2, 2, 2, 2, 2, 2, 2)
    """
    entries = assignment_entries(experiment)
    counts = outcomes.part(slice(-entries, None), outcomes.bits).counts()
    by_repeat = counts.reshape(-1, circuits_of(experiment.design), *counts.shape[1:])
    return np.asarray(by_repeat.sum(axis=0))
