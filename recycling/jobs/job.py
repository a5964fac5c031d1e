"""How an experiment is cut into jobs, and a job into PUBs.

All bases, both stages and both arms of one θ_b go into one job: a service interleaves the circuits
of a job shot by shot, so that drift between jobs cancels in every comparison.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.protocol import SETTINGS, THETA_B, Setting
from circuits.tomography import BASIS_ANGLES, BASIS_PARAMETERS
from recycling.errors import BadInput

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.spec.experiment import Experiment

#: Executions that IBM Quantum accepts in one job with control flow.
EXECUTIONS_PER_JOB = 10_000_000
#: Most jobs of a run. Each has files of its own, and at five a minute a service takes a fortnight.
MOST_JOBS = 100_000
#: Names of the jobs that measure the bath qubit, before and after all others.
BRACKETS = ("bracket-before", "bracket-after")
#: Names of the jobs that measure the assignment matrices, before and after all trials.
ASSIGNMENTS = ("assignment", "assignment-after")
#: Circuits and bases of one point of the sweep.
SETTINGS_PER_POINT = len(SETTINGS) * len(BASIS_ANGLES)


@dataclass(frozen=True)
class Job:
    """One submission: some shots of one trial, at successive points of the θ_b sweep.

    ``kind`` says what it is for: a "trial" of the protocol, or a calibration, which measures
    qubits and not the protocol, and has no ``trial``: "bracket", "assignment" or "ladder".
    ``points`` is the first and the end index of θ_b; ``first_shot`` counts where a point needs
    several jobs. ``shots`` None stands for infinitely many. ``ladder`` and ``length`` are those of
    a ladder.
    """

    name: str
    trial: int | None
    points: tuple[int, int] = (0, 0)
    first_shot: int = 0
    shots: int | None = None
    kind: str = "trial"
    ladder: str = ""
    length: int = 0

    @property
    def is_bracket(self) -> bool:
        """Whether it measures the bath qubit before or after the others."""
        return self.kind == "bracket"


@dataclass(frozen=True)
class Pub:
    """Primitive unified bloc: one circuit and the values of its parameters.

    Values are in rad and broadcast against each other to the shape of the sweep, e.g. (11, 1)
    values of θ_b and (1, 3) bases.
    """

    circuit: QuantumCircuit
    parameters: Mapping[str, NDArray[np.float64]]

    @property
    def sweep(self) -> tuple[int, ...]:
        """Shape of the sweep."""
        return np.broadcast_shapes(*(value.shape for value in self.parameters.values()))


def all_jobs(
    experiment: Experiment,
    *,
    brackets: bool,
    assignments: Collection[str] = (),
    executions_per_job: int | None = None,
) -> tuple[Job, ...]:
    """All jobs of a run in the order of their submission.

    Args:
        experiment: validated spec.
        brackets: whether all others are between two brackets.
        assignments: which of ``ASSIGNMENTS`` are measured. Older runs have the first one alone.
        executions_per_job: most executions of one job; None stands for ``EXECUTIONS_PER_JOB``.
    """
    hardware = experiment.hardware
    first, last = (
        [Job(name, None, shots=hardware.assignment_shots, kind="assignment")]
        if name in assignments
        else []
        for name in ASSIGNMENTS
    )
    jobs = [*first, *trial_jobs(experiment, executions_per_job), *last]
    if brackets:
        before, after = (
            Job(name, None, shots=hardware.bracket_shots, kind="bracket") for name in BRACKETS
        )
        jobs = [before, *jobs, after]
    return tuple(jobs)


def trial_jobs(experiment: Experiment, executions_per_job: int | None = None) -> list[Job]:
    """Jobs of the protocol, one a trial where the service's limit allows it, in order.

    Raises:
        BadInput: they are more than anybody can run.
    """
    limit = EXECUTIONS_PER_JOB if executions_per_job is None else executions_per_job
    trials = experiment.measurement.trials
    first = islice(_of(experiment, 0, limit), MOST_JOBS + 1)
    if (count := trials * sum(1 for _ in first)) > MOST_JOBS:
        raise BadInput(
            f"measurement.trials = {trials}, shots = {experiment.measurement.shots}: that takes "
            f"{count} jobs or more; give less, for {MOST_JOBS} jobs at most"
        )
    return [job for trial in range(trials) for job in _of(experiment, trial, limit)]


def _of(experiment: Experiment, trial: int, limit: int) -> Iterator[Job]:
    points, shots = len(experiment.theta_b), experiment.measurement.shots
    if shots == "exact":
        yield Job(f"trial-{trial}", trial, (0, points))
        return
    at_once = min(shots, max(1, limit // SETTINGS_PER_POINT))
    together = max(1, limit // (SETTINGS_PER_POINT * shots))
    single = points <= together and shots <= at_once
    cuts = (
        ((start, min(start + together, points)), first, min(at_once, shots - first))
        for start in range(0, points, together)
        for first in range(0, shots, at_once)
    )
    for number, cut in enumerate(cuts):
        yield Job(f"trial-{trial}" if single else f"trial-{trial}-{number}", trial, *cut)


def protocol_pubs(
    circuits: Mapping[Setting, QuantumCircuit], theta_b: NDArray[np.float64]
) -> list[Pub]:
    """PUBs of the protocol in the order of ``SETTINGS``, each over (theta_b, basis)."""
    angles = np.array(list(BASIS_ANGLES.values()))
    parameters: dict[str, Any] = {THETA_B: theta_b[:, None]}
    for column, name in enumerate(BASIS_PARAMETERS):
        parameters[name] = angles[None, :, column]
    return [Pub(circuits[setting], parameters) for setting in SETTINGS]


def calibration_pubs(circuits: Sequence[QuantumCircuit]) -> list[Pub]:
    """PUBs of a calibration: circuits without parameters."""
    return [Pub(circuit, {}) for circuit in circuits]


def full_parameters(pub: Pub) -> dict[str, NDArray[np.float64]]:
    """Values of all parameters over the whole sweep: the Sampler does not broadcast them."""
    return {
        name: np.ascontiguousarray(np.broadcast_to(values, pub.sweep))
        for name, values in pub.parameters.items()
    }


def expected_shape(job: Job, pubs: Sequence[Pub]) -> tuple[int, ...]:
    """Shape of a job's outcomes: (pub, *sweep, shots), or (pub, *sweep, 2ⁿ) of probabilities."""
    last = 2 ** len(pubs[0].circuit.clbits) if job.shots is None else job.shots
    return (len(pubs), *pubs[0].sweep, last)


def executions(job: Job, pubs: Sequence[Pub]) -> int:
    """Circuit executions of a job; 0 where there are no shots."""
    return (job.shots or 0) * sum(int(np.prod(pub.sweep)) for pub in pubs)
