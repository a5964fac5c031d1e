"""Everything that writes into a run directory, under its lock."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from recycling.errors import BackendFailure, BadInput
from recycling.execution.backend import Outcomes
from recycling.jobs import Job
from recycling.store.directory import SENT_PREFIX, Damage, Run, open_unchecked
from recycling.store.files import Damaged, checksum, seal, write_whole
from recycling.store.identity import IDENTITY, KEPT, SCHEMA_VERSION
from recycling.store.journal import (
    LOST,
    Attempt,
    JobRecord,
    now,
    run_tag_of,
    tag_of,
    write_journal,
)
from recycling.store.lock import locked
from recycling.store.outcomes import outcomes_path, write_outcomes
from recycling.store.schema import readable_record
from recycling.store.telemetry import NAME as TELEMETRY
from recycling.store.telemetry import append_event, head_of, rechain
from recycling.store.upgrade import UPGRADED

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.planning import Plan

#: Software whose versions a run records.
SOFTWARE = (
    "thermodynamic-recycling", "qiskit", "qiskit-aer", "qiskit-ibm-runtime", "qiskit-experiments",
    "numpy", "scipy", "xarray",
)  # fmt: skip
#: Attempts at a job whose tags are tried where nothing but its outcomes is left.
MOST_ATTEMPTS = 100
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
        _write_identity(self.run.path, self.run.record)

    def finish(self) -> None:
        """Say in run.json that all outcomes are here."""
        if self.run.record["state"] != "done":
            self.run.record["state"] = "done"
            self.run.record["telemetry"] = self._head()
            _write_identity(self.run.path, self.run.record)

    def mend(self, make_again: Mapping[str, Callable[[], bytes]]) -> list[Damage]:
        """Put damaged files aside and restore what can be restored.

        Outcomes are fetched again, and a lost journal begins anew with a tag that finds its job.

        Args:
            make_again: makes the content of a file anew, by its name.

        Returns:
            What was damaged.
        """
        found = self.run.damage()
        kept = self._kept(found, make_again)
        found = [d for d in found if d.file not in KEPT or d.file in kept]
        if not found:
            return []
        aside = self.run.path / "quarantine" / now().replace(":", "")
        for damage in found:
            self._put_aside(aside, damage.file)
            self._restore(damage.file, kept, aside)
        self.note("mended", files={damage.file: damage.why for damage in found})
        return found

    def _kept(
        self, found: Sequence[Damage], make_again: Mapping[str, Callable[[], bytes]]
    ) -> dict[str, bytes | None]:
        """Content of damaged files from the beginning, made anew; None where it is gone for good.

        What only a service can make anew, and no number depends on, is left out where the run is
        complete and the service does not answer.
        """
        record = self.run.record
        makers: Mapping[str, Callable[[], bytes]] = {
            "experiment.toml": lambda: record["spec"].encode(),
            "device.json": lambda: _device_bytes(record["device"]),
            **make_again,
        }
        contents: dict[str, bytes | None] = {}
        for name in (damage.file for damage in found if damage.file in KEPT):
            try:
                contents[name] = makers[name]() if name in makers else None
            except BackendFailure:
                if record["state"] != "done":
                    raise
        return contents

    def _put_aside(self, aside: Path, name: str) -> None:
        file = self.run.path / name
        if file.is_file():
            (aside / name).parent.mkdir(parents=True, exist_ok=True)
            (aside / name).write_bytes(file.read_bytes())

    def _restore(self, name: str, kept: Mapping[str, bytes | None], aside: Path) -> None:
        path, record = self.run.path / name, self.run.record
        jobs = {job.name: job for job in self.run.jobs}
        if name.startswith("jobs/"):
            self._restore_journal(jobs[Path(name).stem], aside)
            return
        if name.startswith("shots/"):
            self._restore_shots(jobs[Path(name).stem])
            return
        if name == TELEMETRY:
            rechain(self.run.path, self.run.run_id)
            record["telemetry"] = self._head()
        elif name in kept:
            content = kept[name]
            if content is not None:
                write_whole(path, content)
                record["checksums"][name] = checksum(path)
            else:
                path.unlink(missing_ok=True)
                del record["checksums"][name]
        _write_identity(self.run.path, record)

    def _restore_journal(self, job: Job, aside: Path) -> None:
        """Begin a lost journal anew: with the outcomes that are here, or a tag that finds the job.

        Outcomes count first: they are paid for, and the service may have forgotten the job. Only
        those count that are bound to this very job by their tag; others are put aside.
        """
        run_id, path = self.run.run_id, outcomes_path(self.run.path, job.name)
        lost = Attempt(tag=tag_of(run_id, job.name, 1)).become("intended", reason=LOST)
        record = JobRecord(name=job.name, attempts=(lost,))
        try:
            found = self.run.stored_outcomes(job)
        except Damaged:
            found = None
        for _ in range(MOST_ATTEMPTS):
            if found is None or found.tag == record.current.tag:
                break
            record = record.update("failed", reason=LOST).another_attempt(run_id)
        if found is not None and found.tag == record.current.tag:
            told = dict(found.outcomes.record)
            self.save(record.update("done", shots_checksum=checksum(path), record=told))
            return
        self._put_aside(aside, f"shots/{job.name}.npz")
        record = JobRecord(name=job.name, attempts=(lost,))
        if found is not None and found.tag is None and found.outcomes.table is not None:
            # Counts without an order are of schema 1: nobody can draw them again.
            reason = "its journal was damaged, and nothing else says that its counts are its own"
            record = record.update("failed", reason=reason)
        self.save(record)
        path.unlink(missing_ok=True)

    def _restore_shots(self, job: Job) -> None:
        """Have lost outcomes fetched again; counts of schema 1 nobody can draw again."""
        outcomes_path(self.run.path, job.name).unlink(missing_ok=True)
        record = self.run.journal(job)
        if UPGRADED in record.current.record:
            self.save(record.update("failed", reason="its counts, of schema 1, were damaged"))
        elif record.current.id is None:
            self.save(record.update("intended", reason=LOST, shots_checksum=None))
        else:
            self.save(record.update("submitted", shots_checksum=None))

    def end(self) -> None:
        """Bring the head of the telemetry in run.json up to date."""
        record, head = Run(self.run.path).record, self._head()
        if record.get("telemetry") != head:
            _write_identity(self.run.path, record | {"telemetry": head})

    def _head(self) -> dict[str, Any]:
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
            "device.json": _device_bytes(device),
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
            "software": software_versions(),
            "checksums": {name: checksum(path / name) for name in contents},
            "state": "open",
            "telemetry": head_of(path, run_id).model_dump(),
        }
        if max_qpu_seconds is not None:
            record["max_qpu_seconds"] = max_qpu_seconds
        for job in plan.jobs:
            write_journal(path, JobRecord(name=job.name))
        _write_identity(path, record)
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
    from recycling.execution.hardware import placed_circuit

    count = int(plan.hardware.backend.num_qubits)
    return [
        _named(placed_circuit(circuit, plan.device, count), SENT_PREFIX + circuit.name)
        for circuit in planned
    ]


def _named(circuit: QuantumCircuit, name: str) -> QuantumCircuit:
    named = circuit.copy()
    named.name = name
    return named


def _device_bytes(device: Mapping[str, Any]) -> bytes:
    return json.dumps(device, indent=1).encode()


def _write_identity(path: Path, record: Mapping[str, Any]) -> None:
    """Write run.json and its copy: the copy first, so that run.json says that both are there."""
    for name in reversed(IDENTITY):
        write_whole(path / name, seal(dict(record)))
