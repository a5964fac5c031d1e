"""Calibrations of a run: brackets, assignment matrices, and T0 by each of its sources.

They are computed only once and kept: in the run's memory while it is open, and in
``calibrations.json`` of its directory, which is derived and may be removed at any time. The file is
bound to its shots, the spec and the device; a file of others, or a damaged file, is replaced.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from recycling.errors import BadInput, Incomplete
from recycling.inference.bath.brackets import Bracket
from recycling.inference.bath.drift import Drift, drift, readout_drift
from recycling.inference.bath.thermometry import (
    Thermometry,
    behind_gates,
    calibrated_temperature,
    given_temperature,
)
from recycling.inference.readout.assignment import Assignment, drifting
from recycling.inference.readout.calibration import estimate_assignment
from recycling.inference.readout.trials import mean_assignment
from recycling.inference.states.records import Layout
from recycling.jobs.interleaved import assignment_counts, assignment_repeats
from recycling.results.brackets import stored_brackets
from recycling.results.device import (
    device_assignment,
    device_bracket,
    rotation_depolarizing,
)
from recycling.results.temperature import run_temperature
from recycling.results.timing import Latency, latency_of
from recycling.spec.allocation import tomography_axes
from recycling.spec.experiment import Experiment
from recycling.store.directory import Run
from recycling.store.files import Damaged, read_whole, seal, unseal, write_whole
from recycling.store.origin import device_is_known

#: Name of the file in a run's directory.
NAME = "calibrations.json"
#: Version of the computation: to be raised with every change that would change a number.
_FORM = 1


class Calibrations(BaseModel):
    """Calibrations of a run.

    Attributes:
        brackets: those whose outcomes are stored, by the name of their job, in order.
        assignments: assignment matrices that were measured with the run, likewise.
        assignment: assignment matrices that correct the run: measured with it, with the error of
            their drift where they were measured before and after the trials, the mean of all trials
            where they were measured in each; else those of its device.
        temperatures: temperature of the bath qubit by source: "given", always; "measured" on the
            bath before the erasure in the arm without a reset, once a trial is complete;
            "calibration" by the bracket before the run.
        since: change of the bath qubit from the device's calibration to the first bracket.
        during: its change during the run.
        readout: change of the readout during the run. All three are empty where there are no two
            to compare.
        latency: feedforward latency as it was measured by the schedules of the service, once it was
            kept: to find it again takes the circuits.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> folder = TemporaryDirectory()
        >>> run = recycling.run(experiment, out=f"{folder.name}/run")
        >>> list(calibrations(run).temperatures)
        ['given', 'measured']
        >>> folder.cleanup()
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    brackets: dict[str, Bracket]
    assignments: dict[str, Assignment]
    assignment: Assignment
    temperatures: dict[str, Thermometry]
    since: tuple[Drift, ...]
    during: tuple[Drift, ...]
    readout: tuple[Drift, ...]
    latency: Latency | None = None


def calibrations(run: Run) -> Calibrations:
    """Read the calibrations of a run: from memory, from its file, or computed now.

    Raises:
        BadInput: the outcomes behind them are damaged.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> folder = TemporaryDirectory()
        >>> run = recycling.run(experiment, out=f"{folder.name}/run")
        >>> calibrations(run).assignment.qubits
        4
        >>> folder.cleanup()
    """
    source = _source(run)
    known: Calibrations | None = run.derived.get((NAME, source))
    if known is None:
        known = _kept(run, source) or compute(run)
        run.derived[NAME, source] = known
    return known


def correction_of(run: Run, rounds: int | None = None) -> Assignment | None:
    """Assignment matrices that correct a run; None where nobody gave any.

    Those that were measured in the trials are of the first ``rounds`` trials, by default of all.

    Raises:
        BadInput: the outcomes behind them are damaged.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     run = rc.run(rc.preset("theory"), out=f"{folder}/run")
        ...     correction_of(run).qubits
        4
    """
    known, of_trials = calibrations(run), trial_assignments(run)[:rounds]
    if of_trials:
        return mean_assignment(of_trials)
    return known.assignment if known.assignments or device_is_known(run.record) else None


def known_latency(run: Run) -> Latency:
    """Find the feedforward latency of a run; where its circuits cannot be read, as it was kept.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     known_latency(rc.run(rc.preset("theory"), out=f"{folder}/run")).measured
        False
    """
    kept, key = calibrations(run).latency, ("latency", _source(run))
    if kept is not None and run.circuits_fault:
        return kept
    if key not in run.derived:
        run.derived[key] = latency_of(run)
    found: Latency = run.derived[key]
    return found


def keep(run: Run) -> None:
    """Write the calibrations of a run into its directory, unless they are there.

    A run without calibrations gets no file.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> folder = TemporaryDirectory()
        >>> run = recycling.run(experiment, out=f"{folder.name}/run")
        >>> keep(run)
        >>> (run.path / NAME).is_file()  # it measured no calibration
        False
        >>> folder.cleanup()
    """
    source, known, latency = _source(run), calibrations(run), known_latency(run)
    if latency.measured:
        known = known.model_copy(update={"latency": latency})
    here, kept = known.brackets or known.assignments or latency.measured, _kept(run, source)
    if here and (kept is None or kept.latency != known.latency):
        content = known.model_dump_json(exclude=None if latency.measured else {"latency"})
        write_whole(run.path / NAME, seal({"source": source, **json.loads(content)}))


def compute(run: Run) -> Calibrations:
    """Compute the calibrations of a run from its outcomes.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> folder = TemporaryDirectory()
        >>> run = recycling.run(experiment, out=f"{folder.name}/run")
        >>> temperature = compute(run).temperatures["measured"].temperature
        >>> f"{temperature.value:.3f} K"
        '0.043 K'
        >>> folder.cleanup()
    """
    layout = Layout.of(run.experiment.design)
    roles, bath = layout.roles, layout.measured[layout.bath]
    brackets = stored_brackets(run)
    assignments = _assignments(run)
    measured, found = list(assignments.values()), list(brackets.values())
    if not measured:
        assignment = device_assignment(run.device, roles)
    elif assignment_repeats(run.experiment):
        assignment = mean_assignment(measured)
    else:
        assignment = drifting(*measured) if len(measured) == 2 else measured[0]
    snapshot = device_bracket(run.device, bath)
    since = drift(snapshot, found[0], role=bath, names=("calibrated", "before")) if found else ()
    return Calibrations(
        brackets=brackets,
        assignments=assignments,
        assignment=assignment,
        temperatures=_temperatures(run, brackets, assignment, bath),
        since=tuple(since),
        during=tuple(drift(*found, role=bath)) if len(found) == 2 else (),
        readout=tuple(readout_drift(measured[0], measured[-1], roles)) if measured[1:] else (),
    )


def _assignments(run: Run) -> dict[str, Assignment]:
    """Assignment matrices by the name of the job that measured them, in order."""
    interleaved = assignment_repeats(run.experiment)
    found = {}
    for job in run.jobs:
        measures = job.trial is not None if interleaved else job.kind == "assignment"
        if measures and run.journal(job).state == "done":
            outcomes = run.outcomes(job)
            found[job.name] = estimate_assignment(
                assignment_counts(run.experiment, outcomes) if interleaved else outcomes.counts()
            )
    return found


def trial_assignments(run: Run) -> list[Assignment]:
    """Assignment matrices of each complete trial; none where they were not measured in the trials.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": 100, "trials": 2},
        ...     hardware={"assignment": "interleaved"},
        ... )
        >>> folder = TemporaryDirectory()
        >>> run = recycling.run(experiment, out=f"{folder.name}/run")
        >>> len(trial_assignments(run))
        2
        >>> folder.cleanup()
    """
    if not assignment_repeats(run.experiment):
        return []
    return list(calibrations(run).assignments.values())


def temperature_of_bounds(experiment: Experiment, found: dict[str, Thermometry]) -> Thermometry:
    """Choose the temperature of the bounds, by the spec.

    Args:
        experiment: the spec.
        found: ``temperatures`` of the run.

    Raises:
        BadInput: the source is missing, or shows no positive, finite temperature.

    Example:
        >>> from recycling.spec.experiment import preset
        >>> temperatures = {"given": given_temperature(0.043, frequency=5e9, source="the spec")}
        >>> temperature_of_bounds(preset("theory"), temperatures).temperature.value
        0.043
    """
    wanted = experiment.inference.temperature
    if wanted not in found:
        raise BadInput(
            f"inference.temperature = {wanted!r}: no bracket was measured with this run; "
            "give 'given' or 'measured'"
        )
    chosen = found[wanted]
    temperature = chosen.temperature.value
    if not 0 < temperature < np.inf:
        raise BadInput(
            f"inference.temperature = {wanted!r} shows {temperature:g} K ({chosen.note}): "
            "give 'given'"
        )
    return chosen


def _temperatures(
    run: Run, brackets: dict[str, Bracket], assignment: Assignment, bath: str
) -> dict[str, Thermometry]:
    given = run.experiment.bath
    source = run.device.source("temperature", bath)
    found = {"given": given_temperature(given.temperature, given.frequency, source)}
    with suppress(Incomplete):  # where no trial is complete yet
        found["measured"] = measured_temperature(run, assignment)
    if brackets:
        name, bracket = next(iter(brackets.items()))
        found["calibration"] = calibrated_temperature(bracket, given.frequency, name)
    return found


def measured_temperature(run: Run, assignment: Assignment) -> Thermometry:
    """Measure the temperature of the bath before the erasure, without errors of readout and gates.

    Raises:
        Incomplete: no trial is complete yet.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> folder = TemporaryDirectory()
        >>> run = recycling.run(experiment, out=f"{folder.name}/run")
        >>> measured = measured_temperature(run, calibrations(run).assignment)
        >>> f"{measured.temperature.value:.3f} K"
        '0.043 K'
        >>> folder.cleanup()
    """
    design = run.experiment.design
    layout = Layout.of(design)
    role = layout.measured[layout.bath]
    qubit = layout.roles.index(role)
    # An estimate of next to no error may lie below zero.
    readout = (
        max(float(assignment.false_excited[qubit]), 0.0),
        max(float(assignment.false_ground[qubit]), 0.0),
    )
    errors = [qubit, assignment.qubits + qubit]
    return run_temperature(
        run.counts,
        design,
        run.experiment.bath.frequency,
        behind_gates(readout, rotation_depolarizing(run.device, role)),
        assignment.covariance[np.ix_(errors, errors)],
        tomography_axes(run.experiment),
    )


def _source(run: Run) -> str:
    """Digest of all that the calibrations of a run follow from."""
    journals = {job.name: run.journal(job) for job in run.jobs}
    known = {
        "form": _FORM,
        "spec": run.experiment.hash,
        "device": run.record["device"],
        "shots": {
            name: journal.current.shots_checksum
            for name, journal in journals.items()
            if journal.state == "done"
        },
    }
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def _kept(run: Run, source: str) -> Calibrations | None:
    """Calibrations as they were kept, if they are those of the run as it is now."""
    try:
        record: dict[str, Any] = unseal(read_whole(run.path / NAME))
        if record.pop("source", None) != source:
            return None
        return Calibrations.model_validate(record)
    except (Damaged, ValidationError, OSError):
        return None
