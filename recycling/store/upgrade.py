"""Bring a run of an older schema to the present one, step by step."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from recycling.errors import BadInput
from recycling.jobs.cut import all_jobs
from recycling.jobs.outcomes import Outcomes
from recycling.spec.experiment import Experiment
from recycling.store.files import checksum, seal, write_whole
from recycling.store.journal import JobRecord, tag_of, write_journal
from recycling.store.lock import locked
from recycling.store.outcomes import outcomes_path, write_outcomes
from recycling.store.telemetry import append_event, head_of

#: Entry in the record of an attempt whose outcomes are of an older schema, with its number.
UPGRADED = "upgraded_from_schema"


def upgrade(folder: Path) -> None:
    """Upgrade a run in place. A run of the present schema is left as it is.

    Raises:
        BadInput: a file of the older run is damaged, or another process is writing.

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
        >>> upgrade(run.path)
        >>> run.record["schema_version"]
        2
        >>> folder.cleanup()
    """
    while _version(folder) in _STEPS:
        with locked(folder):
            step = _STEPS.get(_version(folder))  # another process may have been faster
            try:
                if step is not None:
                    step(folder)
            except BadInput:
                raise
            except Exception as error:  # whatever an older record may lack
                raise BadInput(
                    f"{folder / 'run.json'} of an older schema cannot be upgraded "
                    f"({type(error).__name__}: {error}): restore it from a copy"
                ) from error


def older_schema(folder: Path) -> int | None:
    """Schema of a run that ``upgrade`` would write anew; None for all others.

    Example:
        >>> older_schema(Path("no such run")) is None
        True
    """
    version = _version(folder)
    return version if version in _STEPS else None


def _version(folder: Path) -> int:
    """Schema of a run from before records were sealed; 0 for all others."""
    try:
        record = json.loads((folder / "run.json").read_bytes())
        version = 0 if "checksum" in record else record["schema_version"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return 0
    return version if type(version) is int else 0


def _from_1(folder: Path) -> None:
    """Counts of all trials in one file become one file a job; run.json holds spec and device.

    Schema 1 kept no order of shots. run.json is written last of all: a death before it leaves a
    run of schema 1, to which the other new files mean nothing.
    """
    record = json.loads((folder / "run.json").read_bytes())
    for name, expected in record["checksums"].items():
        path = folder / name
        if not path.is_file() or checksum(path) != expected:
            raise BadInput(f"{path} is missing or damaged: restore it from a copy")
    spec = (folder / "experiment.toml").read_bytes().decode()
    experiment = Experiment.stored(spec, record["changes"])
    run_id = hashlib.sha256((folder / "run.json").read_bytes()).hexdigest()[:12]
    tables = _tables_of_1(folder / "shots" / "counts.npz")
    (folder / "jobs").mkdir(exist_ok=True)
    for job in all_jobs(experiment, brackets=False):
        path = outcomes_path(folder, job.name)
        part = tables[job.trial][:, slice(*job.points)]
        table = part if job.first_shot == 0 else 0 * part
        outcomes = Outcomes(4, table=table, record={UPGRADED: 1})
        write_outcomes(path, outcomes, tag_of(run_id, job.name, 1))
        done = JobRecord(name=job.name).another_attempt(run_id).update(
            "done",
            id=tag_of(run_id, job.name, 1),
            shots_checksum=checksum(path),
            record={UPGRADED: 1},
        )  # fmt: skip
        write_journal(folder, done)
    (folder / "telemetry.jsonl").unlink(missing_ok=True)
    for step, seconds in record.get("timings_seconds", {}).items():
        append_event(folder, run_id, {"event": step, "seconds": seconds})
    kept = ("experiment.toml", "device.json", "circuits.qpy")
    upgraded: dict[str, Any] = {
        "schema_version": 2,
        "run_id": run_id,
        **{key: record[key] for key in ("name", "created", "backend", "simulated", "spec_hash")},
        "account": {},
        "spec": spec,
        "changes": record["changes"],
        "device": json.loads((folder / "device.json").read_bytes()),
        "brackets": False,
        "assignment": False,
        "software": record["software"],
        "checksums": {name: checksum(folder / name) for name in kept},
        "state": "done",
        "telemetry": head_of(folder, run_id).model_dump(),
    }
    write_whole(folder / "run.json.copy", seal(upgraded))
    write_whole(folder / "run.json", seal(upgraded))
    (folder / "shots" / "counts.npz").unlink(missing_ok=True)


def _tables_of_1(path: Path) -> np.ndarray[Any, Any]:
    """Counts of schema 1 as tables (array of shape (trial, pub, theta_b, basis, 16))."""
    with np.load(path, allow_pickle=False) as archive:
        names = [str(name) for name in archive["dimensions"]]
        order = ["trial", "arm", "stage", "preparation", "theta_b", "basis", "C_I", "B", "S",
                 "flag"]  # fmt: skip
        counts = archive["counts"].transpose([names.index(name) for name in order])
    trials, *_, points, bases = counts.shape[:6]
    return np.asarray(counts.reshape(trials, -1, points, bases, 16))


_STEPS: dict[int, Callable[[Path], None]] = {1: _from_1}
