"""The run directory: what is kept of a run, and how it is read back.

::

    run.json          identity, spec, device, schema version, software versions, checksums, state
    run.json.copy     the same, should the first be damaged
    experiment.toml   exactly as given
    device.json       calibration, layout, T0 and its source, latency and its source
    calibration.json  calibration of the whole chip as the service reported it (hardware only)
    prediction.nc     what was predicted before the first job; its SHA-256 is a tag of every job
    circuits.qpy      what was executed
    jobs/*.json       one journal a job: intent → id → status → outcome
    shots/*.npz       raw bits of a job in shot order, no pickle
    telemetry.jsonl   timings and brackets, one line each
    rounds.json       looks at the rounds, of a run that stops when it is settled
    quarantine/       what was found damaged
    calibrations.json                     derived: what the run's calibrations say, if it has any
    theory.nc  results.nc  report.html  figures/    derived, made again at any time
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recycling.devices.device import Device
from recycling.errors import BadInput, Incomplete
from recycling.jobs.counts import counts_of, trial_counts
from recycling.jobs.interleaved import protocol_part
from recycling.jobs.job import Job
from recycling.spec.experiment import Experiment
from recycling.store import run_circuits, run_shown
from recycling.store.damage import SPARE, Damage, damage_besides_jobs, damage_of
from recycling.store.files import Damaged
from recycling.store.identity import assignments_of, kind_of, read_identity
from recycling.store.journal import COMPLETE, JobRecord, read_journal
from recycling.store.kinds import Kind
from recycling.store.outcomes import Form, Stored, outcomes_path, read_outcomes
from recycling.store.rounds import Rounds, Until, read_rounds, until_of
from recycling.store.schema import shortened
from recycling.store.sealing import seal_faults
from recycling.store.targets import way_on
from recycling.store.telemetry import events

if TYPE_CHECKING:
    import xarray as xr
    from qiskit import QuantumCircuit

    from circuits.design import Design
    from recycling.jobs.outcomes import Outcomes


@dataclass(frozen=True, repr=False)
class Run:
    """A stored run. Everything is read from its directory when it is needed.

    ``open_run`` gives it its study, which the directory does not know.

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
        >>> run.complete, [job.name for job in run.jobs], run.counts.sizes["trial"]
        (True, ['trial-0'], 1)
        >>> folder.cleanup()
    """

    path: Path

    @classmethod
    def of(cls, study: Kind, path: Path) -> Run:
        """Run of a study at a path."""
        run = cls(path)
        vars(run)["study"] = study
        return run

    @cached_property
    def study(self) -> Kind:
        """What the run is of.

        Raises:
            BadInput: it was not opened.
        """
        raise BadInput(f"run = {str(self.path)!r} is not opened: give what open_run returns")

    @cached_property
    def record(self) -> dict[str, Any]:
        """Content of run.json, or of its copy where that is the right one: a valid ``RunRecord``.

        Raises:
            BadInput: both are damaged; an entry is not what it must be; it is of another run than
                the journals; written by a newer version.
        """
        return read_identity(self.path)

    def again(self) -> Run:
        """The same run, nothing of it read yet."""
        return Run.of(self.study, self.path)

    @property
    def run_id(self) -> str:
        """Id of the run: every tag of its jobs begins with it."""
        return str(self.record["run_id"])

    @property
    def kind(self) -> str:
        """What was run, e.g. "protocol"; runs from before there were kinds have no entry."""
        return kind_of(self.record)

    @cached_property
    def spec(self) -> Any:
        """The spec as it was run, with the changes of the command line.

        Raises:
            BadInput: it is none.
        """
        try:
            return self.study.stored(self.record["spec"], self.record["changes"])
        except BadInput as error:
            raise BadInput(f"{self.path / 'run.json'}, in its spec: {error.one_line}") from None

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment as it was run; of other studies the one whose device they use.

        Raises:
            BadInput: as for ``spec``.
        """
        return self.study.experiment(self.spec)

    @property
    def design(self) -> Design:
        """Registers, arms, settings and recorded bits of the experiment."""
        return self.experiment.design

    @cached_property
    def device(self) -> Device:
        """The device as it was at run time.

        Raises:
            BadInput: it is not that of the spec, or as for ``spec``.
        """
        device, roles = Device.model_validate(self.record["device"]), self.design.roles
        if device.roles != roles:
            raise BadInput(
                f"{self.path / 'run.json'}: device.roles = {shortened(device.roles)}: give "
                f"{', '.join(roles)}; restore it from a bundle"
            )
        return device

    @property
    def on_machine(self) -> bool:
        """Whether the jobs went to a machine, real or imitated, and not to a simulator here."""
        return bool(self.record["account"])

    @property
    def simulated(self) -> bool:
        """Whether a simulator made the outcomes."""
        return bool(self.record["simulated"])

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs of the run, in the order of their submission."""
        return self.study.jobs(self.spec, self.record)

    @property
    def assignments(self) -> tuple[str, ...]:
        """Names of the jobs that measure the assignment matrices."""
        return assignments_of(self.record)

    @cached_property
    def derived(self) -> dict[Any, Any]:
        """What readers have computed from the run, so that no other one does so again.

        It lives as long as this object, and each entry says by its key what it followed from.
        """
        return {}

    def journal(self, job: Job) -> JobRecord:
        """What happened to a job so far; read anew each time."""
        return read_journal(self.path, self.run_id, job)

    @property
    def groups(self) -> set[str]:
        """Batches or sessions that its jobs were submitted in."""
        attempts = [attempt for job in self.jobs for attempt in self.journal(job).attempts]
        return {attempt.group for attempt in attempts if attempt.group is not None}

    @property
    def complete(self) -> bool:
        """Whether the outcomes of all jobs that are needed are here."""
        return all(self.journal(job).state in COMPLETE for job in self.jobs)

    @cached_property
    def until(self) -> Until | None:
        """When the run stops; None where it measures all of its trials."""
        return until_of(self.record)

    @property
    def rounds(self) -> Rounds:
        """Looks at the rounds so far, and why the run stopped.

        Raises:
            Damaged: rounds.json is not what was written.
        """
        return read_rounds(self.path, self.run_id)

    def form(self, job: Job) -> Form:
        """What the outcomes of a job look like."""
        return self.study.form(self.spec, job)

    def stored_outcomes(self, job: Job) -> Stored:
        """Outcomes of a job as they are on the disk, whatever its journal says.

        Raises:
            Damaged: there are none of its form.
        """
        return read_outcomes(outcomes_path(self.path, job.name), self.form(job))

    def own_outcomes(self, job: Job) -> Outcomes:
        """Outcomes of a finished job.

        Raises:
            Damaged: the file cannot be read, or is not that of the job's current attempt.
        """
        found, tag = self.stored_outcomes(job), self.journal(job).current.tag
        # Files from before there was a tag are bound by their checksum alone.
        if found.tag not in (None, tag):
            raise Damaged(f"tag = {shortened(found.tag)} is of another attempt than {tag!r}")
        return found.outcomes

    def outcomes(self, job: Job) -> Outcomes:
        """Outcomes of a finished job.

        Raises:
            BadInput: as ``own_outcomes``, in one line that says what to do.
        """
        try:
            return self.own_outcomes(job)
        except Damaged as error:
            path = outcomes_path(self.path, job.name)
            raise BadInput(
                f"{path} is damaged: {error}; remove it and mend with: {way_on(self.path)}"
            ) from None

    @cached_property
    def counts(self) -> xr.DataArray:
        """Counts of every setting, or probabilities where the spec says shots = "exact".

        The axes are those of ``counts_of``. A trial of which a job is missing is left out.

        Raises:
            BadInput: the run is of a study that has no trials.
            Incomplete: there is no whole trial yet.
        """
        if all(job.trial is None for job in self.jobs):
            raise BadInput(
                f"run = {str(self.path)!r} is a {self.kind} run, which has no trials: give a run "
                "of the protocol"
            )
        by_trial: dict[int, list[Job]] = {}
        for job in self.jobs:
            if job.trial is not None:
                by_trial.setdefault(job.trial, []).append(job)
        whole = {
            trial: trial_counts(
                self.experiment.design,
                ((job, protocol_part(self.experiment, self.outcomes(job))) for job in jobs),
                self.experiment.allocation,
            )
            for trial, jobs in by_trial.items()
            if all(self.journal(job).state == "done" for job in jobs)
        }
        if not whole:
            raise Incomplete(f"no trial is complete yet; go on with: {way_on(self.path)}")
        return counts_of(self.experiment, whole)

    @cached_property
    def all_circuits(self) -> dict[str, QuantumCircuit]:
        """All circuits by name, as they were executed and, for hardware, as they were planned.

        Raises:
            BadInput: the file is not what was written, or cannot be read safely.
        """
        return run_circuits.read_all(self)

    @cached_property
    def circuits(self) -> dict[Any, QuantumCircuit]:
        """Compiled circuits by what they are for, on the device's own qubits.

        Those of the protocol are for an arm, a stage and a preparation of the target.

        Raises:
            BadInput: as for ``all_circuits``, or they are not those of the study.
        """
        return run_circuits.by_use(self)

    @cached_property
    def circuits_fault(self) -> str:
        """What is wrong with the circuits, which no number depends on, if so."""
        try:
            _ = self.circuits
        except BadInput as error:
            return str(error)
        return ""

    @property
    def brackets(self) -> tuple[QuantumCircuit, ...]:
        """Circuits of the brackets, on six qubits."""
        return run_circuits.brackets_of(self)

    @property
    def assignment(self) -> tuple[QuantumCircuit, ...]:
        """Circuits of the assignment matrices, on six qubits."""
        return run_circuits.assignment_of(self)

    @property
    def dataset(self) -> xr.Dataset:
        """Results of the run: the stored ones where they are current, else analysed now.

        Nothing is written, and it is done once. What has no trial yet raises Incomplete.

        Raises:
            BadInput: as for ``recycling.analyse``.
        """
        return self.study.dataset(self)

    @property
    def verdicts(self) -> Sequence[Any]:
        """Verdicts at every point, against each bound: see ``recycling.verdicts``.

        Raises:
            BadInput: the run is of a study that has none, or as for ``dataset``.
        """
        return self.study.verdicts(self)

    @property
    def controls(self) -> Sequence[Any]:
        """Checks that a verdict needs: see ``recycling.controls``.

        Raises:
            BadInput: as for ``verdicts``.
        """
        return self.study.controls(self)

    @property
    def calibrations(self) -> Any:
        """What was measured of the machine with the run: T0 by each source, brackets, readout.

        Raises:
            BadInput: as for ``verdicts``.
        """
        return self.study.calibrations(self)

    def status(self) -> Mapping[str, Any]:
        """What happened to the jobs so far; read anew each time, and no backend is asked."""
        return self.study.status(self)

    def __repr__(self) -> str:
        return run_shown.line_of(self)

    def _repr_html_(self) -> str:
        return run_shown.page_of(self)

    @property
    def telemetry(self) -> list[dict[str, Any]]:
        """Events of the run in order, those of damaged lines left out."""
        return events(self.path)

    def damage(self) -> list[Damage]:
        """Files that are missing, torn, changed or another run's; derived files are left alone."""
        return damage_of(self)

    @property
    def warnings(self) -> list[str]:
        """What is damaged that no number depends on, and what is wrong with the prediction's seal.

        A line each, with what is therefore missing.
        """
        damaged = [
            f"{name} is damaged ({why}): missing is {SPARE[name]}"
            for name, why in damage_besides_jobs(self)
            if why and name in SPARE
        ]
        return [*damaged, *seal_faults(self)]
