"""The run directory: what is kept of a run, and how it is read back.

::

    run.json          identity, spec, device, schema version, software versions, checksums, state
    run.json.copy     the same, should the first be damaged
    experiment.toml   exactly as given
    device.json       calibration, layout, T0 and its source, latency and its source
    calibration.json  calibration of the whole chip as the service reported it (hardware only)
    circuits.qpy      what was executed
    jobs/*.json       one journal a job: intent → id → status → outcome
    shots/*.npz       raw bits of a job in shot order, no pickle
    telemetry.jsonl   timings and brackets, one line each
    quarantine/       what was found damaged
    results.nc  report.html  figures/     derived, made again at any time
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circuits.assignment import PREFIX as ASSIGNMENT_PREFIX
from circuits.protocol import SETTINGS, Setting
from recycling.devices.device import Device
from recycling.errors import BadInput, Incomplete
from recycling.execution.counts import counts_of, trial_counts
from recycling.experiment import Experiment
from recycling.jobs import Job, all_jobs
from recycling.store.files import Damaged, checksum, read_lines, unseal
from recycling.store.journal import JobRecord, read_journal
from recycling.store.outcomes import outcomes_path, read_outcomes
from recycling.store.upgrade import upgrade

if TYPE_CHECKING:
    import xarray as xr
    from qiskit import QuantumCircuit

    from recycling.execution.backend import Outcomes

SCHEMA_VERSION = 2
#: Files of a run that are written once, at its beginning.
KEPT = ("experiment.toml", "device.json", "circuits.qpy", "calibration.json")
#: Beginning of the names of the brackets' circuits, and of circuits as sent to a chip.
BRACKET_PREFIX = "bracket "
SENT_PREFIX = "sent: "
#: First version of QPY whose files hold no expressions that reading them would evaluate.
_OLDEST_QPY = 13


@dataclass(frozen=True)
class Damage:
    """A file of a run that is not what was written: its name in the run, and why."""

    file: str
    why: str


@dataclass(frozen=True)
class Run:
    """A stored run. Everything is read from its directory when it is asked for."""

    path: Path

    @cached_property
    def record(self) -> dict[str, Any]:
        """Content of run.json, or of its copy where that is damaged.

        Raises:
            BadInput: both are damaged.
        """
        for name in ("run.json", "run.json.copy"):
            try:
                return unseal((self.path / name).read_bytes())
            except (Damaged, OSError):
                continue
        raise BadInput(
            f"{self.path / 'run.json'} is damaged, and so is its copy: restore it from a bundle; "
            "the shots are untouched"
        )

    @property
    def kind(self) -> str:
        """What was run: "protocol" or "latency"; runs from before there were two have no entry."""
        return str(self.record.get("kind", "protocol"))

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment as it was run: the spec with the changes of the command line.

        Raises:
            BadInput: it is a latency run, which is no experiment with the protocol.
        """
        if self.kind == "latency":
            raise BadInput(
                f"run = {str(self.path)!r} is a latency run: for its table and files: recycling "
                f"latency ... --out {self.path} as before, or recycling resume {self.path}"
            )
        return Experiment.parse(self.record["spec"], **self.record["changes"])

    @cached_property
    def device(self) -> Device:
        """The device as it was at run time."""
        return Device.model_validate(self.record["device"])

    @property
    def simulated(self) -> bool:
        """Whether a simulator made the outcomes."""
        return bool(self.record["simulated"])

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs of the run, in the order of their submission."""
        # Runs from before there were assignment matrices have no entry for them.
        return all_jobs(
            self.experiment,
            brackets=self.record["brackets"],
            assignment=self.record.get("assignment", False),
        )

    def journal(self, job: Job) -> JobRecord:
        """What happened to a job so far; read anew each time."""
        return read_journal(self.path, job)

    @property
    def groups(self) -> set[str]:
        """Batches or sessions that its jobs were submitted in."""
        attempts = [attempt for job in self.jobs for attempt in self.journal(job).attempts]
        return {attempt.group for attempt in attempts if attempt.group is not None}

    @property
    def complete(self) -> bool:
        """Whether the outcomes of all jobs are here."""
        return all(self.journal(job).state == "done" for job in self.jobs)

    def outcomes(self, job: Job) -> Outcomes:
        """Outcomes of a finished job.

        Raises:
            BadInput: the file cannot be read.
        """
        path = outcomes_path(self.path, job.name)
        try:
            return read_outcomes(path)
        except Damaged as error:
            raise BadInput(
                f"{path} is damaged: {error}; mend with: recycling resume {self.path}"
            ) from None

    @cached_property
    def counts(self) -> xr.DataArray:
        """Counts of every setting, or probabilities where the spec says shots = "exact".

        The axes are those of ``counts_of``. A trial of which a job is missing is left out.

        Raises:
            Incomplete: there is no whole trial yet.
        """
        by_trial: dict[int, list[Job]] = {}
        for job in self.jobs:
            if job.trial is not None:
                by_trial.setdefault(job.trial, []).append(job)
        whole = {
            trial: trial_counts((job, self.outcomes(job)) for job in jobs)
            for trial, jobs in by_trial.items()
            if all(self.journal(job).state == "done" for job in jobs)
        }
        if not whole:
            raise Incomplete(f"no trial is complete yet; go on with: recycling resume {self.path}")
        return counts_of(self.experiment, whole)

    @cached_property
    def all_circuits(self) -> dict[str, QuantumCircuit]:
        """All circuits by name, as they were executed and, for hardware, as they were planned.

        Raises:
            BadInput: the file was written by a Qiskit too old to be read safely.
        """
        from qiskit import qpy

        path = self.path / "circuits.qpy"
        with path.open("rb") as stream:
            head = stream.read(7)
            if head[:6] != b"QISKIT" or head[6:] < bytes([_OLDEST_QPY]):
                raise BadInput(f"{path} is not a QPY file of version {_OLDEST_QPY} or later")
            stream.seek(0)
            return {circuit.name: circuit for circuit in qpy.load(stream)}

    @cached_property
    def circuits(self) -> dict[Setting, QuantumCircuit]:
        """Compiled circuits by arm, stage and preparation of the target, on six qubits."""
        return {setting: self.all_circuits[" ".join(setting)] for setting in SETTINGS}

    @property
    def brackets(self) -> tuple[QuantumCircuit, ...]:
        """Circuits of the brackets, on six qubits."""
        return self._named(BRACKET_PREFIX)

    @property
    def assignment(self) -> tuple[QuantumCircuit, ...]:
        """Circuits of the assignment matrices, on six qubits."""
        return self._named(ASSIGNMENT_PREFIX)

    def _named(self, prefix: str) -> tuple[QuantumCircuit, ...]:
        circuits = self.all_circuits.items()
        return tuple(circuit for name, circuit in circuits if name.startswith(prefix))

    @property
    def telemetry(self) -> list[dict[str, Any]]:
        """Events of the run in order."""
        return read_lines(self.path / "telemetry.jsonl")[0]

    def damage(self) -> list[Damage]:
        """Files that are missing, torn or changed; derived files are not looked at."""
        found = [
            Damage(name, why)
            for name in ("run.json", "run.json.copy")
            if (why := _sealed_damage(self.path / name))
        ]
        for name, expected in self.record["checksums"].items():
            if why := _checksum_damage(self.path / name, expected):
                found.append(Damage(name, why))
        for job in self.jobs:
            try:
                record = self.journal(job)
            except Damaged as error:
                found.append(Damage(f"jobs/{job.name}.json", str(error)))
                continue
            if record.state == "done":
                path = outcomes_path(self.path, job.name)
                if why := _checksum_damage(path, record.current.shots_checksum):
                    found.append(Damage(f"shots/{job.name}.npz", why))
        if read_lines(self.path / "telemetry.jsonl")[1]:
            found.append(Damage("telemetry.jsonl", "it has torn or changed lines"))
        return found


def open_run(path: str | Path) -> Run:
    """Open a run directory and check it against its checksums; an older schema is upgraded.

    Raises:
        BadInput: not a run, written by a newer version, or a file that is missing or damaged.
    """
    run = open_unchecked(path)
    # Lines of telemetry decide nothing; they are mended with the next resume.
    damaged = [d for d in run.damage() if d.file not in ("telemetry.jsonl", "run.json.copy")]
    if damaged:
        others = f" (and {len(damaged) - 1} more)" if damaged[1:] else ""
        raise BadInput(
            f"{run.path / damaged[0].file} is damaged: {damaged[0].why}{others}; mend with: "
            f"recycling resume {run.path}"
        )
    return run


def open_unchecked(path: str | Path) -> Run:
    """Open a run directory whose files may be damaged; an older schema is upgraded.

    Raises:
        BadInput: not a run, or written by a newer version.
    """
    folder = Path(path)
    if not any((folder / name).is_file() for name in ("run.json", "run.json.copy")):
        raise BadInput(f"run = {str(path)!r} is not a run directory: give one that holds run.json")
    upgrade(folder)
    run = Run(folder)
    version = run.record.get("schema_version")
    if version != SCHEMA_VERSION:
        raise BadInput(
            f"run.json: schema_version = {version} is newer than this program's {SCHEMA_VERSION}: "
            "upgrade thermodynamic-recycling"
        )
    # Files are put aside and restored by these names: a forged one must not lead out of the run.
    strange = set(run.record["checksums"]) - set(KEPT)
    if strange:
        raise BadInput(f"run.json: checksums has {min(strange)!r}, no file of a run: do not use it")
    return run


def _sealed_damage(path: Path) -> str:
    try:
        unseal(path.read_bytes())
    except FileNotFoundError:
        return "it is missing"
    except (Damaged, OSError) as error:
        return str(error)
    return ""


def _checksum_damage(path: Path, expected: str | None) -> str:
    if not path.is_file():
        return "it is missing"
    return "" if checksum(path) == expected else "its checksum differs"
