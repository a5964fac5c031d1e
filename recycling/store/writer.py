"""Everything that writes into a run directory, under its lock."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recycling.errors import BadInput
from recycling.jobs.outcomes import Outcomes
from recycling.store.damage import PREDICTION
from recycling.store.directory import Run
from recycling.store.files import checksum, seal, write_whole
from recycling.store.identity import IDENTITY, KEPT, SCHEMA_VERSION
from recycling.store.journal import JobRecord, now, run_tag_of, write_journal
from recycling.store.lock import locked
from recycling.store.outcomes import outcomes_path, write_outcomes
from recycling.store.rounds import Rounds, Until, write_rounds
from recycling.store.schema import readable_record
from recycling.store.sealing import sealed_entry
from recycling.store.telemetry import append_event, head_of

if TYPE_CHECKING:
    from recycling.devices.device import Device
    from recycling.store.kinds import Kind

#: Software whose versions a run records.
SOFTWARE = (
    "thermodynamic-recycling", "qiskit", "qiskit-aer", "qiskit-ibm-runtime", "qiskit-experiments",
    "numpy", "scipy", "xarray",
)  # fmt: skip
#: What a run directory may hold before run.json is in it, which makes it a run.
_BEFORE_IDENTITY = frozenset({".lock", "jobs", "shots", *KEPT})


@dataclass(frozen=True)
class RunWriter:
    """The only writer of a run. Every change is on the disk when its method returns.

    ``fresh``: this process has created the run, so that no other can have submitted its jobs.

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
        >>> with continued_run(run) as writer:
        ...     writer.note("looked at")
        >>> run.telemetry[-1]["event"]
        'looked at'
        >>> folder.cleanup()
    """

    run: Run
    fresh: bool = False

    def save(self, record: JobRecord) -> JobRecord:
        """Write the journal of a job."""
        write_journal(self.run.path, record)
        return record

    def store(self, record: JobRecord, outcomes: Outcomes) -> JobRecord:
        """Store the outcomes of a job, then say in its journal that it is done."""
        path = outcomes_path(self.run.path, record.name)
        told = readable_record(outcomes.record)
        write_outcomes(path, replace(outcomes, record=told), record.current.tag)
        return self.save(record.update("done", shots_checksum=checksum(path), record=told))

    def note(self, event: str, **details: Any) -> None:
        """Add an event to the telemetry."""
        append_event(self.run.path, self.run.run_id, {"time": now(), "event": event, **details})

    def keep_rounds(self, rounds: Rounds) -> None:
        """Keep the looks at the rounds, and why the run stopped."""
        write_rounds(self.run.path, rounds)

    def remember_budget(self, max_qpu_seconds: float) -> None:
        """Keep another budget of QPU time in run.json."""
        self.run.record["max_qpu_seconds"] = max_qpu_seconds
        write_identity(self.run.path, self.run.record)

    def finish(self) -> None:
        """Say in run.json that all outcomes are here."""
        if self.run.record["state"] != "done":
            self.run.record["state"] = "done"
            self.run.record["telemetry"] = self.head()
            write_identity(self.run.path, self.run.record)

    def end(self) -> None:
        """Bring the head of the telemetry in run.json up to date."""
        record, head = self.run.again().record, self.head()
        if record.get("telemetry") != head:
            write_identity(self.run.path, record | {"telemetry": head})

    def head(self) -> dict[str, Any]:
        """Head of the telemetry as it is now, as run.json holds it."""
        return head_of(self.run.path, self.run.run_id).model_dump()


@dataclass(frozen=True)
class Beginning:
    """Content of a run directory at its beginning.

    Attributes:
        study: study of the run.
        spec: text of the spec, kept as given.
        changes: top-level fields of the spec that were overruled.
        name: name of the experiment.
        spec_hash: SHA-256 of the experiment.
        backend: name of the backend.
        device: the device, with its layout.
        jobs: names of all jobs.
        circuits: content of circuits.qpy; None where nobody knows the circuits.
        brackets: whether the bath qubit is measured before and after all jobs.
        assignments: names of the jobs that measure the assignment matrices.
        simulated: whether outcomes are simulated.
        account: whose account pays, without secrets; empty for simulators.
        calibration: calibration of the machine as it was reported; None for simulators.
        executions_per_job: limit of the machine, where it is not the usual limit.
        max_qpu_seconds: budget of QPU time of the run, if it has a budget.
        until: when the run stops; None where it measures all of its trials.
        origin: an ``Origin`` as JSON holds it, of data that this program does not take.
        prediction: content of prediction.nc, or why there is none; None where nobody asked.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from types import SimpleNamespace
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> beginning = Beginning(
        ...     study=SimpleNamespace(name="protocol"),
        ...     spec='name = "tiny"',
        ...     changes={},
        ...     name="tiny",
        ...     spec_hash="0" * 64,
        ...     backend="exact",
        ...     device=device,
        ...     jobs=["trial-0"],
        ...     circuits=b"",
        ... )
        >>> sorted(beginning.files)
        ['circuits.qpy', 'device.json', 'experiment.toml']
    """

    study: Kind
    spec: str
    changes: Mapping[str, Any]
    name: str
    spec_hash: str
    backend: str
    device: Device
    jobs: Sequence[str]
    circuits: bytes | None
    brackets: bool = False
    assignments: Sequence[str] = ()
    simulated: bool = True
    account: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Any] | None = None
    executions_per_job: int | None = None
    max_qpu_seconds: float | None = None
    until: Until | None = None
    origin: Mapping[str, Any] | None = None
    prediction: bytes | str | None = None

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Files that are written once, by name."""
        reported = self.calibration
        calibration = None if reported is None else json.dumps(reported, default=str).encode()
        contents = {
            "experiment.toml": self.spec.encode(),
            "device.json": device_bytes(self.device_record),
            "circuits.qpy": self.circuits,
            "calibration.json": calibration,
        }
        if isinstance(self.prediction, bytes):
            contents[PREDICTION] = self.prediction
        return {name: content for name, content in contents.items() if content is not None}

    @cached_property
    def device_record(self) -> dict[str, Any]:
        """The device as JSON holds it."""
        return dict(json.loads(self.device.model_dump_json()))

    def record(self, run_id: str, path: Path) -> dict[str, Any]:
        """Content of run.json of the run at a path, whose files are written."""
        limits = {
            "executions_per_job": self.executions_per_job,
            "max_qpu_seconds": self.max_qpu_seconds,
            "until": None if self.until is None else self.until.model_dump(mode="json"),
            "origin": self.origin,
        }
        return {
            "schema_version": SCHEMA_VERSION,
            "kind": self.study.name,
            "run_id": run_id,
            "run_tag": run_tag_of(run_id),
            "name": self.name,
            "created": now(),
            "backend": self.backend,
            "simulated": self.simulated,
            "spec_hash": self.spec_hash,
            "account": dict(self.account),
            "spec": self.spec,
            "changes": dict(self.changes),
            "device": self.device_record,
            "brackets": self.brackets,
            "assignment": bool(self.assignments),
            "assignments": list(self.assignments),
            "software": software_versions(),
            "checksums": {name: checksum(path / name) for name in self.files},
            "state": "open",
            "telemetry": head_of(path, run_id).model_dump(),
            **{name: limit for name, limit in limits.items() if limit is not None},
            **sealed_entry(self.prediction),
        }


@contextmanager
def new_run(path: Path, beginning: Beginning) -> Iterator[RunWriter]:
    """Create a run directory and hold its lock.

    The folder is a run once it has run.json, which is written last; a folder that a death left
    without it is filled anew.

    Args:
        path: directory to create.
        beginning: its content.

    Raises:
        BadInput: the directory exists with something else in it, or cannot be written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from types import SimpleNamespace
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> beginning = Beginning(
        ...     study=SimpleNamespace(name="protocol"),
        ...     spec='name = "tiny"',
        ...     changes={},
        ...     name="tiny",
        ...     spec_hash="0" * 64,
        ...     backend="exact",
        ...     device=device,
        ...     jobs=["trial-0"],
        ...     circuits=b"",
        ... )
        >>> with TemporaryDirectory() as folder, new_run(Path(folder) / "run", beginning) as writer:
        ...     writer.run.record["state"], writer.fresh
        ('open', True)
    """
    check_new(path)
    try:
        for folder in (path, path / "jobs", path / "shots"):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"out = {str(path)!r}: {error.strerror}; give another folder") from error
    with locked(path):
        check_new(path)
        for name, content in beginning.files.items():
            write_whole(path / name, content)
        run_id = uuid.uuid4().hex[:12]
        record = beginning.record(run_id, path)
        for job in beginning.jobs:
            write_journal(path, JobRecord(name=job))
        write_identity(path, record)
        with _to_the_end(RunWriter(Run.of(beginning.study, path), fresh=True)) as writer:
            yield writer


@contextmanager
def continued_run(run: Run) -> Iterator[RunWriter]:
    """Open a run for writing and hold its lock.

    Raises:
        BadInput: another process is writing.

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
        >>> with continued_run(run) as writer:
        ...     writer.fresh
        False
        >>> folder.cleanup()
    """
    with locked(run.path), _to_the_end(RunWriter(run.again())) as writer:
        yield writer


@contextmanager
def _to_the_end(writer: RunWriter) -> Iterator[RunWriter]:
    """Have a writer say at the end, or at an error, how far the telemetry of its run goes."""
    try:
        yield writer
    except Exception:
        with suppress(OSError, BadInput):  # the error tells more
            writer.end()
        raise
    writer.end()


def check_new(path: Path) -> None:
    """Check that a run can be created at a path.

    Raises:
        BadInput: the path exists, and is no remnant of a run that never began.

    Example:
        >>> check_new(Path(__file__).parent)
        Traceback (most recent call last):
        recycling.errors.BadInput: out = ... exists: give a new folder, or remove it
    """
    remnant = path.is_dir() and not path.is_symlink() and _is_remnant(path)
    if not remnant and (path.exists() or path.is_symlink()):
        raise BadInput(f"out = {str(path)!r} exists: give a new folder, or remove it")


def _is_remnant(path: Path) -> bool:
    """Whether a folder is empty, or is what a death left before it was a run: without outcomes."""
    names = {child.name for child in path.iterdir()}
    # Our own lock tells a remnant from a folder in which somebody keeps a spec.
    if ".lock" not in names:
        return not any(child.is_file() or child.name.startswith(".") for child in path.rglob("*"))
    ours = all(name in _BEFORE_IDENTITY or name.startswith(".") for name in names)
    return ours and not any((path / "shots").glob("*.npz"))


def software_versions() -> dict[str, str]:
    """List the versions of the software that a result depends on.

    Example:
        >>> "numpy" in software_versions()
        True
    """
    versions = {}
    for name in SOFTWARE:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def device_bytes(device: Mapping[str, Any]) -> bytes:
    """Write the content of device.json.

    Example:
        >>> device_bytes({"name": "ideal"}).decode().split()
        ['{', '"name":', '"ideal"', '}']
    """
    return json.dumps(device, indent=1).encode()


def write_identity(path: Path, record: Mapping[str, Any]) -> None:
    """Write run.json and its copy: the copy first, so that run.json says that both are there.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_identity(Path(folder), {"state": "open"})
        ...     sorted(path.name for path in Path(folder).iterdir())
        ['run.json', 'run.json.copy']
    """
    for name in reversed(IDENTITY):
        write_whole(path / name, seal(dict(record)))
