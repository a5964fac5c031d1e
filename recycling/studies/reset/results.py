"""From the records of a study of resets to populations, heats, entropies and bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.constants import h as planck

from recycling.inference.bath.resets import ResetPhysics
from recycling.inference.readout.assignment import Assignment
from recycling.inference.readout.calibration import estimate_assignment
from recycling.inference.readout.populations import Populations, excited_populations
from recycling.inference.statistics.interval import Interval, Intervals
from recycling.ledger.control import STAGES, gate_time, pulse_energy
from recycling.studies.reset.keys import Key, keys_of
from recycling.studies.reset.model import durations, model_populations, pulses
from recycling.studies.reset.spec import BATHS, QUBIT

if TYPE_CHECKING:
    from recycling.jobs.job import Job
    from recycling.store.directory import Run

Real = NDArray[np.float64]

#: Circuits of a job before those of its method: without a reset, by preparation.
_CONTROLS = 2


@dataclass(frozen=True)
class ResetRow:
    """A reset of some length of a preparation.

    Attributes:
        method: how the qubit was reset.
        length: time of a wait in s, or number of rounds.
        weight: weight of the preparation 1.
        duration: of all rounds in the compiled circuit, s.
        estimates: quantities with 95 % intervals; see ``ResetPhysics``.
        raw: fraction of records 1, as they were read out.
        modelled: residual population by the exact engine.
        control: heat of the control at the mixing chamber by a model, J; None where a machine
            does not say what drives the reset.
    """

    method: str
    length: float
    weight: float
    duration: float
    estimates: Mapping[str, Interval[float]]
    raw: float
    modelled: float
    control: float | None

    @property
    def entropy_rate(self) -> Interval[float]:
        """Entropy that leaves the qubit per time of the reset, nats/s."""
        if not self.duration > 0:
            return Interval(np.nan, np.nan, np.nan)
        return self.estimates["entropy_decrease"] / self.duration


@dataclass(frozen=True)
class ResetResults:
    """All rows, and what each method's job says of its controls and readout.

    Attributes:
        rows: by method, length and weight.
        prepared: population of each preparation before a reset, by method and weight.
        assignments: readout of the qubit and its baths, by method.
        quantum: energy hf of the qubit, J.
    """

    rows: tuple[ResetRow, ...]
    prepared: Mapping[tuple[str, float], Interval[float]]
    assignments: Mapping[str, Assignment]
    quantum: float


def analyse_resets(run: Run) -> ResetResults:
    """Analyse a complete run.

    Raises:
        BadInput: the readout of a qubit does not tell |1⟩ from |0⟩.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from recycling.studies.reset.run import run_resets
        >>> from recycling.studies.reset.spec import ResetSpec
        >>> layout = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
        >>> spec = ResetSpec(
        ...     methods=("reset",), rounds=(1,), shots="exact", device={"layout": layout}
        ... )
        >>> with TemporaryDirectory() as folder:
        ...     results = analyse_resets(run_resets(spec, out=f"{folder}/run"))
        >>> [(row.weight, round(row.estimates["population"].value, 6)) for row in results.rows]
        [(0.0, 0.0), (1.0, 0.0), (0.4, 0.0)]
    """
    circuits, device = run.circuits, run.device
    known = _Known(
        run,
        durations(circuits, device),
        model_populations(circuits, device),
        _control_heat(run),
    )
    rows: list[ResetRow] = []
    prepared, assignments = {}, {}
    for job in run.jobs:
        assignment, populations = job_populations(run, job)
        assignments[job.ladder] = assignment
        rows += known.rows(job, populations)
        for weight in run.spec.weights:
            physics = known.physics(weight, 0)
            before = physics.estimates(*_chosen(populations, [0, 1, 0, 1], 0))
            prepared[job.ladder, weight] = before["population"]
    return ResetResults(tuple(rows), prepared, assignments, known.quantum)


def job_populations(run: Run, job: Job) -> tuple[Assignment, Populations]:
    """Estimate the readout of a job, and the populations of all its other circuits.

    The circuits are those without a reset by preparation, then each length by preparation; the
    qubits are the qubit that is reset and its baths.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from recycling.studies.reset.run import run_resets
        >>> from recycling.studies.reset.spec import ResetSpec
        >>> layout = {"C_I": 11, "C_C0": 18, "C_C1": 12, "C_A": 13, "B": 10, "S": 9}
        >>> spec = ResetSpec(methods=("swap",), rounds=(1,), shots=100, device={"layout": layout})
        >>> with TemporaryDirectory() as folder:
        ...     run = run_resets(spec, out=f"{folder}/run")
        ...     assignment, populations = job_populations(run, run.jobs[0])
        >>> assignment.qubits, populations.raw.shape
        (3, (4, 3))
    """
    counts = run.outcomes(job).counts()
    groups = [key.group for key in keys_of(run.spec, job.ladder)]
    readout = np.array([group == "readout" for group in groups])
    assignment = estimate_assignment(counts[readout])
    qubits = assignment.qubits
    second = tuple(range(1 + qubits, 1 + 2 * qubits))
    return assignment, excited_populations(counts[~readout].sum(axis=second), assignment)


@dataclass(frozen=True)
class _Known:
    """What is known of the circuits of a run beside their records."""

    run: Run
    durations: Mapping[Key, float]
    modelled: Mapping[Key, Real]
    control: Mapping[Key, float | None]

    @property
    def quantum(self) -> float:
        return float(planck * self.run.device.frequency[self.run.device.roles.index(QUBIT)])

    def physics(self, weight: float, baths: int) -> ResetPhysics:
        """Physics of a preparation, with the first of the bath qubits."""
        device = self.run.device
        own, *others = (
            float(device.frequency[device.roles.index(role)]) for role in (QUBIT, *BATHS)
        )
        return ResetPhysics(weight, own, self.run.spec.bath.temperature, tuple(others[:baths]))

    def rows(self, job: Job, populations: Populations) -> list[ResetRow]:
        found = []
        for place, length in enumerate(self.run.spec.lengths(job.ladder)):
            first = _CONTROLS + 2 * place
            baths = int(length) if job.ladder == "swap" else 0
            chosen = _chosen(populations, [0, 1, first, first + 1], baths)
            keys = [Key(job.ladder, length, prepared) for prepared in "01"]
            raw, modelled = (
                populations.raw[first : first + 2, 0],
                [float(self.modelled[key][0]) for key in keys],
            )
            for weight in self.run.spec.weights:
                mix = np.array([1 - weight, weight])
                found.append(
                    ResetRow(
                        method=job.ladder,
                        length=length,
                        weight=weight,
                        duration=self.durations[keys[0]],
                        estimates=self.physics(weight, baths).estimates(*chosen),
                        raw=float(mix @ raw),
                        modelled=float(mix @ modelled),
                        control=self.control[keys[0]],
                    )
                )
        return found


def _chosen(populations: Populations, circuits: list[int], baths: int) -> tuple[Intervals, Real]:
    """Populations of four circuits for the qubit and some baths, and their correlation."""
    places = [(circuit, qubit) for qubit in range(1 + baths) for circuit in circuits]
    rows, columns = map(list, zip(*places, strict=True))
    return populations.corrected[rows, columns], populations.correlation(places)


def _control_heat(run: Run) -> dict[Key, float | None]:
    """Modelled heat of the control of each reset at the mixing chamber, J."""
    length, factor = gate_time(run.device, QUBIT), STAGES["MXC"][1]
    frequency = float(run.device.frequency[run.device.roles.index(QUBIT)])
    return {
        key: None if counted is None else factor * pulse_energy(counted, length, frequency)
        for key, counted in pulses(run.circuits, run.device).items()
    }
