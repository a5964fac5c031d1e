"""How an experiment is cut into jobs, and a job into PUBs.

All bases, stages, preparations and both arms of a point of the sweep go into the same job: a
service interleaves the circuits of a job shot by shot, so that drift between jobs cancels in every
comparison.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from circuits.tomography import BASIS_ANGLES, BASIS_PARAMETERS
from recycling.errors import BadInput
from recycling.jobs.job import EXECUTIONS_PER_JOB, Job, Pub

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from circuits.design import Design, Setting
    from recycling.spec.experiment import Experiment

Parameters = Mapping[str, NDArray[np.float64]]

#: Most jobs of a run. Each has its files, and at five a minute a service takes a fortnight.
MOST_JOBS = 100_000
#: Names of the jobs that measure the bath qubit, before and after all others.
BRACKETS = ("bracket-before", "bracket-after")
#: Names of the jobs that measure the assignment matrices, before and after all trials.
ASSIGNMENTS = ("assignment", "assignment-after")


def executions_per_point(design: Design) -> int:
    """Count the circuit executions of a shot at a point: its circuits in every basis.

    Example:
        >>> from circuits import HHL
        >>> executions_per_point(HHL([[2, -1], [-1, 2]]).design)
        24
    """
    return len(design.settings) * len(BASIS_ANGLES)


def all_jobs(
    experiment: Experiment,
    *,
    brackets: bool,
    assignments: Collection[str] = (),
    executions_per_job: int | None = None,
) -> tuple[Job, ...]:
    """List all jobs of a run in the order of their submission.

    Args:
        experiment: validated spec.
        brackets: whether all others are between two brackets.
        assignments: which of ``ASSIGNMENTS`` are measured. Older runs have the first alone.
        executions_per_job: most executions of a job; None stands for ``EXECUTIONS_PER_JOB``.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ...     measurement={"shots": 100, "trials": 2},
        ... )
        >>> [job.name for job in all_jobs(experiment, brackets=True)]
        ['bracket-before', 'trial-0', 'trial-1', 'bracket-after']
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
    """List the jobs of the protocol in order, a job for each trial where the limit allows it.

    Raises:
        BadInput: there are more than ``MOST_JOBS``.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ...     measurement={"shots": 100, "trials": 2},
        ... )
        >>> [job.points for job in trial_jobs(experiment, executions_per_job=2400)]  # a point each
        [(0, 1), (1, 2), (0, 1), (1, 2)]
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
    points, shots = experiment.num_points, experiment.measurement.shots
    if shots == "exact":
        yield Job(f"trial-{trial}", trial, (0, points))
        return
    at_each_point = executions_per_point(experiment.design)
    at_once = min(shots, limit // at_each_point)
    together = max(1, limit // (at_each_point * shots))
    single = points <= together and shots <= at_once
    cuts = (
        ((start, min(start + together, points)), first, min(at_once, shots - first))
        for start in range(0, points, together)
        for first in range(0, shots, at_once)
    )
    for number, cut in enumerate(cuts):
        yield Job(f"trial-{trial}" if single else f"trial-{trial}-{number}", trial, *cut)


def protocol_pubs(
    experiment: Experiment, circuits: Mapping[Setting, QuantumCircuit], job: Job | None = None
) -> list[Pub]:
    """Make the PUBs of the protocol in the order of the design's settings, over (point, basis).

    Args:
        experiment: validated spec.
        circuits: compiled circuit of each setting.
        job: the job whose points of the sweep to take; None takes them all.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ...     measurement={"shots": 100, "trials": 2},
        ... )
        >>> from circuits import recycling_circuit
        >>> circuit = recycling_circuit(experiment.algorithm.build())
        >>> circuits = dict.fromkeys(experiment.design.settings, circuit)
        >>> pubs = protocol_pubs(experiment, circuits)
        >>> len(pubs), pubs[0].sweep
        (8, (2, 3))
    """
    angles = np.array(list(BASIS_ANGLES.values()))
    first, end = (0, experiment.num_points) if job is None else job.points
    swept = {name: values[first:end, None] for name, values in experiment.points.items()}
    bases = {name: angles[None, :, column] for column, name in enumerate(BASIS_PARAMETERS)}
    return [
        Pub(circuits[setting], _parameters(circuits[setting], swept, bases, end - first))
        for setting in experiment.design.settings
    ]


def _parameters(
    circuit: QuantumCircuit, swept: Parameters, bases: Parameters, points: int
) -> dict[str, NDArray[np.float64]]:
    """Values of the parameters that a circuit has, over (point, basis) all together."""
    held = {parameter.name for parameter in circuit.parameters}
    parameters = {name: values for name, values in swept.items() if name in held}
    if parameters.keys() < swept.keys():
        # A circuit need not depend on a parameter: its sweep still has the same shape.
        bases = {name: np.broadcast_to(v, (points, v.shape[1])) for name, v in bases.items()}
    return {**parameters, **bases}
