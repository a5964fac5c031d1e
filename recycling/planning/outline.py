"""What a spec asks for, before anything is compiled: arms, sweep, shots, jobs, least cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from circuits.design import symbol
from recycling.jobs.cut import executions_at_points, trial_jobs
from recycling.jobs.sizes import shown_bytes, size_of
from recycling.planning.cost import USUAL_PRICE, wait_between_shots
from recycling.spec.experiment import Experiment


@dataclass(frozen=True)
class Outline:
    """What an experiment asks for.

    Attributes:
        name: its name.
        spec_hash: hash of its spec.
        algorithm: name of the algorithm.
        qubits: qubits of the algorithm, the bath and the target.
        arms: names of the arms.
        device: profile of the device.
        sweep: number of values, lowest and highest of each swept parameter, p_x included.
        over: keys that a sweep over devices varies.
        shots: of each basis and preparation; None for infinitely many.
        trials: how often all of it is repeated.
        executions: circuit executions in all.
        jobs: jobs of the trials.
        seconds: about what a run on the exact engine takes here, s.
        memory: of that run, bytes.
        qpu_seconds: what a usual machine bills at least, s: without the time of the circuits and
            of calibrations. None where no hardware has so many shots.
    """

    name: str
    spec_hash: str
    algorithm: str
    qubits: int
    arms: tuple[str, ...]
    device: str
    sweep: dict[str, tuple[int, float, float]]
    over: tuple[str, ...]
    shots: int | None
    trials: int
    executions: int | None
    jobs: int
    seconds: float
    memory: float
    qpu_seconds: float | None

    @property
    def record(self) -> dict[str, Any]:
        """All of it as JSON."""
        return asdict(self)


def outline(experiment: Experiment) -> Outline:
    """Say what an experiment asks for; no circuit is compiled, and no device is read.

    Raises:
        BadInput: it takes too many jobs.

    Example:
        >>> found = outline(Experiment(name="small", measurement={"trials": 2}))
        >>> found.jobs, found.executions
        (2, 4224000)
    """
    shots, trials = experiment.measurement.shots, experiment.measurement.trials
    jobs, size = trial_jobs(experiment), size_of(experiment)
    of_points = executions_at_points(experiment)
    executions = None if shots == "exact" else int(shots * trials * of_points.sum())
    qpu_seconds = None
    if executions is not None:
        wait = wait_between_shots(experiment.hardware.rep_delay, None)
        overhead = USUAL_PRICE.job_overhead * (len(jobs) - 1)
        qpu_seconds = overhead + USUAL_PRICE.seconds(executions, 0.0, wait)
    values = experiment.coordinates | {"p_x": experiment.p_x}
    over = experiment.sweep.over
    return Outline(
        name=experiment.name,
        spec_hash=experiment.hash,
        algorithm=experiment.algorithm.name,
        qubits=len(experiment.design.roles),
        arms=tuple(experiment.design.arm_names),
        device=experiment.device.profile,
        sweep={key: (len(v), float(v.min()), float(v.max())) for key, v in values.items()},
        over=() if over is None else tuple(over.axes),
        shots=None if shots == "exact" else shots,
        trials=trials,
        executions=executions,
        jobs=len(jobs),
        seconds=size.seconds,
        memory=size.memory,
        qpu_seconds=qpu_seconds,
    )


def outline_rows(found: Outline) -> list[tuple[str, str]]:
    """Write an outline as names and values.

    Example:
        >>> rows = dict(outline_rows(outline(Experiment(name="small"))))
        >>> rows["sweep"]
        '11 θ_b from 0 to 0.7854, 40 p_x from 0.01 to 0.4'
    """
    swept = ", ".join(
        f"{count} {symbol(name)} from {low:.4g} to {high:.4g}" if count > 1
        else f"{symbol(name)} = {low:.4g}"
        for name, (count, low, high) in found.sweep.items()
    )  # fmt: skip
    rows = [
        ("algorithm", f"{found.algorithm}: {found.qubits} qubits with bath and target"),
        ("arms", ", ".join(found.arms)),
        ("device", found.device),
        ("sweep", swept),
    ]
    if found.over:
        return [*rows, ("over", f"{', '.join(found.over)}: run it with recycling sweep")]
    here = f"about {max(found.seconds, 1):,.0f} s, {shown_bytes(found.memory)} of memory"
    if found.executions is None or found.qpu_seconds is None:
        return [*rows, ("shots", "infinitely many, on the exact engine"), ("here", here)]
    machine = f"at least {found.qpu_seconds:,.0f} s of QPU time, for waits and jobs alone"
    shots = f"{found.shots:,} of each basis and preparation × {found.trials} trials"
    return [
        *rows,
        ("shots", f"{shots}: {found.executions:,} executions"),
        ("jobs", f"{found.jobs:,}, and calibrations where the spec asks for them"),
        ("here", here),
        ("on a machine", machine),
    ]
