"""The identity of a run: run.json and its copy, checked, and the choice between them.

Where the two are of different runs, the journals decide: their tags carry the id of their run. A
record that no journal supports is refused: to go on with it would put away, or pay again for, the
jobs of another run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from recycling.devices.device import Device
from recycling.errors import BadInput
from recycling.jobs.cut import ASSIGNMENTS
from recycling.store.files import Damaged, checksum, read_whole, unseal
from recycling.store.journal import JobRecord, has_tags_of, run_tag_of
from recycling.store.origin import COUNTS, Origin
from recycling.store.rounds import Until
from recycling.store.schema import Checksum, first_fault, shortened
from recycling.store.telemetry import Head

SCHEMA_VERSION = 2
IDENTITY = ("run.json", "run.json.copy")
File = Literal[
    "experiment.toml", "device.json", "circuits.qpy", "calibration.json", "prediction.nc"
]
#: Files of a run that are written once, at its beginning: the first three of every run, a
#: calibration for hardware only, a prediction where one was sealed.
KEPT: tuple[File, ...] = get_args(File)
#: Name of a kind of run, or of an experiment.
_NAME = r"^[A-Za-z0-9][\w.-]*$"
#: Name of a backend: all kinds but four have chips. It need not be installed to read its runs.
_BACKEND = re.compile(rf"exact|aer|trajectories|{COUNTS}|[A-Za-z0-9][\w.-]*:\S+")
#: Numbers of a device whose sources results name.
_SOURCED = ("temperature", "feedforward_latency", "false_excited")


def _time(text: str) -> str:
    datetime.fromisoformat(text)
    return text


def _backend(text: str) -> str:
    if not _BACKEND.fullmatch(text):
        raise ValueError(
            "give 'exact', 'aer', 'trajectories', or a kind and its chip as in 'ibm:ibm_fez'"
        )
    return text


def _no_argument(key: str) -> str:
    if key in ("text", "cls"):
        raise ValueError(f"{key!r} is no field of a spec")
    return key


def complete_device(device: Device) -> Device:
    """Check that a device is one that a run can have, and return it.

    Raises:
        ValueError: a qubit is there twice, a number runs over a sweep, or a source is missing.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> complete_device(ideal_device(temperature=0.043, frequency=5e9)).name
        'ideal'
    """
    count = len(device.roles)
    if device.layout is not None and not len(device.layout) == len({*device.layout}) == count:
        raise ValueError(f"layout = {device.layout}: give {count} different qubits")
    if device.sweep:
        raise ValueError(f"numbers run over a sweep of shape {device.sweep}: give one for each")
    unsourced = [name for name in _SOURCED if name not in device.sources]
    if unsourced:
        raise ValueError(f"sources lacks {unsourced[0]}")
    return device


def _of_every_run(checksums: dict[str, str], info: ValidationInfo) -> dict[str, str]:
    # Nobody knows which circuits gave counts from elsewhere.
    origin = info.data.get("origin")
    required = KEPT[:2] if origin is not None and origin.kind == "counts" else KEPT[:3]
    lacking = [name for name in required if name not in checksums]
    if lacking:
        raise ValueError(f"{lacking[0]} is missing")
    return checksums


class SealedPrediction(BaseModel):
    """Entry of run.json for the prediction of a run.

    ``sha256`` is that of prediction.nc, ``time`` when it was sealed (UTC, ISO 8601); ``why_none``
    says why there is none.

    Example:
        >>> SealedPrediction(why_none="no prediction: 14 qubits are more than 10").sha256 is None
        True
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    sha256: Checksum | None = None
    time: Annotated[str, AfterValidator(_time)] | None = None
    why_none: str = ""


class RunRecord(BaseModel):
    """Content of run.json. Keys that a later version added are kept and mean nothing here.

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
        >>> RunRecord.model_validate(run.record).kind
        'protocol'
        >>> folder.cleanup()
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    schema_version: StrictInt
    kind: Annotated[str, Field(pattern=_NAME)] = "protocol"
    run_id: Annotated[str, Field(pattern="^[0-9a-f]{12}$")]
    run_tag: str | None = None
    name: Annotated[str, Field(pattern=_NAME)]
    created: Annotated[str, AfterValidator(_time)]
    backend: Annotated[str, AfterValidator(_backend)]
    simulated: StrictBool
    spec_hash: Checksum
    account: dict[Literal["instance", "plan", "name"], str | None]
    spec: str
    changes: dict[Annotated[str, AfterValidator(_no_argument)], Any]
    device: Annotated[Device, AfterValidator(complete_device)]
    brackets: StrictBool
    assignment: StrictBool = False
    assignments: list[Literal["assignment", "assignment-after"]] = []
    executions_per_job: Annotated[StrictInt, Field(gt=0)] | None = None
    software: dict[str, str]
    origin: Origin | None = None
    # Files are put aside and restored by these names: a forged one must not lead out of the run.
    checksums: Annotated[dict[File, Checksum], AfterValidator(_of_every_run)]
    state: Literal["open", "done"]
    max_qpu_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    telemetry: Head | None = None
    until: Until | None = None
    prediction: SealedPrediction | None = None

    @field_validator("run_tag")
    @classmethod
    def _is_its_own(cls, run_tag: str | None, info: ValidationInfo) -> str | None:
        # A look by another tag would find none of its jobs, and they would be paid for again.
        if run_tag is not None and run_tag != run_tag_of(str(info.data.get("run_id"))):
            raise ValueError("it does not follow from run_id")
        return run_tag


def read_identity(run: Path) -> dict[str, Any]:
    """Read run.json, or its copy where only that is right or readable.

    Raises:
        BadInput: both are damaged, an entry is invalid, the journals are of another run, or a newer
            version wrote it.

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
        >>> read_identity(run.path)["state"]
        'done'
        >>> folder.cleanup()
    """
    candidates = {name: record for name in IDENTITY if (record := _intact(run / name)) is not None}
    if not candidates:
        raise BadInput(
            f"{run / 'run.json'} is damaged, and so is its copy: restore it from a bundle; "
            "the shots are untouched"
        )
    # Of two states of the same run either is enough: later steps are repeated.
    name = next(iter(candidates))
    if len({str(record.get("run_id")) for record in candidates.values()}) > 1:
        name = _supported(run, candidates)
    _check(run / name, candidates[name])
    _check_origin(run, name, candidates[name]["run_id"])
    return candidates[name]


def kind_of(record: Mapping[str, Any]) -> str:
    """Read the kind of a run from the content of run.json.

    Example:
        >>> kind_of({}), kind_of({"kind": "latency"})
        ('protocol', 'latency')
    """
    return str(record.get("kind", "protocol"))


def assignments_of(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Read the names of the jobs that measure assignment matrices from run.json.

    Example:
        >>> assignments_of({"assignment": True}), assignments_of({})
        (('assignment',), ())
    """
    # Older runs measured them once, before the trials, or not at all, and name no job.
    once = ASSIGNMENTS[:1] if record.get("assignment", False) else ()
    return tuple(record.get("assignments", once))


def identity_damage(path: Path, run_id: str) -> str:
    """Describe the damage to run.json or its copy; empty where there is none.

    Example:
        >>> from pathlib import Path
        >>> identity_damage(Path("no such run") / "run.json", "2f0c")
        'it is missing'
    """
    try:
        record = unseal(read_whole(path))
    except Damaged as error:
        return str(error)
    return "" if record.get("run_id") == run_id else "it is of another run"


def _intact(path: Path) -> dict[str, Any] | None:
    try:
        return unseal(read_whole(path))
    except Damaged:
        return None


def _check(path: Path, record: dict[str, Any]) -> None:
    version = record.get("schema_version")
    if type(version) is int and version > SCHEMA_VERSION:
        raise BadInput(
            f"run.json: schema_version = {version} is newer than this program's {SCHEMA_VERSION}: "
            "upgrade thermodynamic-recycling"
        )
    try:
        found = RunRecord.model_validate(record)
    except ValidationError as error:
        raise BadInput(f"{path}: {first_fault(error)}; restore it from a bundle") from None
    if found.schema_version != SCHEMA_VERSION:
        raise BadInput(f"{path}: schema_version = {version}: give {SCHEMA_VERSION}")


def _supported(run: Path, candidates: dict[str, dict[str, Any]]) -> str:
    """Which of two records of different runs the journals support, or else the other files.

    Raises:
        BadInput: both, or neither.
    """
    support = {name: _support(run, record) for name, record in candidates.items()}
    if len(set(support.values())) == 1:
        raise BadInput(
            f"{run / 'run.json'} and its copy are of different runs, and nothing says which is "
            "right: remove the wrong one"
        )
    return max(support, key=lambda name: support[name])


def _support(run: Path, record: dict[str, Any]) -> tuple[int, int]:
    """Count the journals, and the files from the beginning of the run, that match a record."""
    run_id, checksums = str(record.get("run_id")), record.get("checksums")
    matching = [
        name
        for name in KEPT
        if isinstance(checksums, dict)
        and (run / name).is_file()
        and checksum(run / name) == checksums.get(name)
    ]
    return sum(has_tags_of(journal, run_id) for journal in _started(run)), len(matching)


def _check_origin(run: Path, name: str, run_id: str) -> None:
    started = _started(run)
    if started and not any(has_tags_of(journal, run_id) for journal in started):
        raise BadInput(
            f"{run / name}: run_id = {run_id!r} is of another run than the journals in "
            f"{run / 'jobs'} (tag = {shortened(started[0].current.tag)}): put back the run.json "
            "that belongs to them, or the journals that belong to it"
        )


def _started(run: Path) -> list[JobRecord]:
    """Journals that can be read, of jobs that were attempted."""
    found = []
    for path in sorted((run / "jobs").glob("*.json")):
        try:
            journal = JobRecord.model_validate(unseal(read_whole(path)))
        except (Damaged, ValidationError):
            continue
        if journal.attempts and journal.name == path.stem:
            found.append(journal)
    return found
