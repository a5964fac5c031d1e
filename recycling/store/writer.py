"""Everything that writes into a run directory, under its lock."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from recycling.errors import BadInput
from recycling.jobs.outcomes import Outcomes
from recycling.store.directory import SENT_PREFIX, Run, open_unchecked
from recycling.store.files import checksum, seal, write_whole
from recycling.store.identity import IDENTITY, SCHEMA_VERSION
from recycling.store.journal import JobRecord, now, run_tag_of, write_journal
from recycling.store.lock import locked
from recycling.store.outcomes import outcomes_path, write_outcomes
from recycling.store.schema import readable_record
from recycling.store.telemetry import append_event, head_of

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.planning.plan import Plan

#: Software whose versions a run records.
SOFTWARE = (
    "thermodynamic-recycling", "qiskit", "qiskit-aer", "qiskit-ibm-runtime", "qiskit-experiments",
    "numpy", "scipy", "xarray",
)  # fmt: skip
#: What a run directory may hold before run.json is in it, which makes it a run.
_BEFORE_IDENTITY = frozenset({
    ".lock", "jobs", "shots", "experiment.toml", "device.json", "calibration.json", "circuits.qpy",
})  # fmt: skip


@dataclass(frozen=True)
class RunWriter:
    """The one writer of a run. Every change is on the disk when its method returns.

    ``fresh``: this process has created the run, so that no other can have submitted its jobs.
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
        record, head = Run(self.run.path).record, self.head()
        if record.get("telemetry") != head:
            write_identity(self.run.path, record | {"telemetry": head})

    def head(self) -> dict[str, Any]:
        """Head of the telemetry as it is now, as run.json holds it."""
        return head_of(self.run.path, self.run.run_id).model_dump()


@contextmanager
def new_run(
    path: Path,
    *,
    spec: str,
    changes: Mapping[str, Any],
    plan: Plan,
    kind: Literal["protocol", "latency"] = "protocol",
    max_qpu_seconds: float | None = None,
) -> Iterator[RunWriter]:
    """Create a run directory and hold its lock.

    The folder is a run once it has run.json, which is written last; a folder that a death left
    without it is filled anew.

    Args:
        path: directory to create.
        spec: text of the spec, kept as given.
        changes: top-level fields of the spec that were overruled.
        plan: what will be executed.
        kind: what sort of experiment the spec is of.
        max_qpu_seconds: budget of QPU time of the whole run, if it has one.

    Raises:
        BadInput: the directory exists with something else in it, or cannot be written.
    """
    check_new(path)
    try:
        for folder in (path, path / "jobs", path / "shots"):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"out = {str(path)!r}: {error.strerror}; give another folder") from error
    with locked(path):
        check_new(path)
        device = json.loads(plan.device.model_dump_json())
        contents = {
            "experiment.toml": spec.encode(),
            "device.json": device_bytes(device),
            "circuits.qpy": circuits_bytes(plan),
        }
        if plan.hardware is not None:
            text = json.dumps(plan.hardware.calibration, default=str)
            contents["calibration.json"] = text.encode()
        for name, content in contents.items():
            write_whole(path / name, content)
        run_id = uuid.uuid4().hex[:12]
        record = {
            "schema_version": SCHEMA_VERSION,
            "kind": kind,
            "run_id": run_id,
            "run_tag": run_tag_of(run_id),
            "name": plan.experiment.name,
            "created": now(),
            "backend": str(plan.backend),
            "simulated": plan.hardware is None or plan.hardware.simulated,
            "spec_hash": plan.experiment.hash,
            "account": {} if plan.hardware is None else asdict(plan.hardware.payer),
            "spec": spec,
            "changes": dict(changes),
            "device": device,
            "brackets": bool(plan.brackets),
            "assignment": bool(plan.assignment),
            "assignments": list(plan.assignments) if plan.assignment else [],
            "software": software_versions(),
            "checksums": {name: checksum(path / name) for name in contents},
            "state": "open",
            "telemetry": head_of(path, run_id).model_dump(),
        }
        if max_qpu_seconds is not None:
            record["max_qpu_seconds"] = max_qpu_seconds
        for job in plan.jobs:
            write_journal(path, JobRecord(name=job.name))
        write_identity(path, record)
        with _to_the_end(RunWriter(Run(path), fresh=True)) as writer:
            yield writer


@contextmanager
def continued_run(path: str | Path) -> Iterator[RunWriter]:
    """Open a run for writing and hold its lock.

    Raises:
        BadInput: not a run, or another process is writing.
    """
    folder = open_unchecked(path).path
    with locked(folder), _to_the_end(RunWriter(Run(folder))) as writer:
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
        BadInput: something is there already.
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
    """Versions of the software that a result depends on."""
    versions = {}
    for name in SOFTWARE:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def circuits_bytes(plan: Plan) -> bytes:
    """All circuits of a plan as QPY: as planned, and for hardware as sent to the chip."""
    from qiskit import qpy

    planned = [_named(circuit, " ".join(setting)) for setting, circuit in plan.circuits.items()]
    planned += [*plan.brackets, *plan.assignment]
    stream = io.BytesIO()
    qpy.dump([*planned, *_sent(planned, plan)], stream)
    return stream.getvalue()


def _sent(planned: list[QuantumCircuit], plan: Plan) -> list[QuantumCircuit]:
    if plan.hardware is None:
        return []
    from recycling.execution.ibm.backend import placed_circuit

    count = int(plan.hardware.backend.num_qubits)
    return [
        _named(placed_circuit(circuit, plan.device, count), SENT_PREFIX + circuit.name)
        for circuit in planned
    ]


def _named(circuit: QuantumCircuit, name: str) -> QuantumCircuit:
    named = circuit.copy()
    named.name = name
    return named


def device_bytes(device: Mapping[str, Any]) -> bytes:
    """Content of device.json."""
    return json.dumps(device, indent=1).encode()


def write_identity(path: Path, record: Mapping[str, Any]) -> None:
    """Write run.json and its copy: the copy first, so that run.json says that both are there."""
    for name in reversed(IDENTITY):
        write_whole(path / name, seal(dict(record)))
