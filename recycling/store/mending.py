"""Repair of a run: damaged files are put aside, and restored from what can be checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from recycling.errors import BackendFailure, BadInput
from recycling.jobs.job import Job
from recycling.jobs.outcomes import Outcomes
from recycling.store.damage import SPARE, Damage
from recycling.store.directory import Run
from recycling.store.files import Damaged, checksum, write_whole
from recycling.store.identity import KEPT
from recycling.store.journal import LOST, Attempt, JobRecord, now, tag_of
from recycling.store.origin import IMPORTED
from recycling.store.outcomes import outcomes_path
from recycling.store.rounds import NAME as ROUNDS
from recycling.store.telemetry import NAME as TELEMETRY
from recycling.store.telemetry import rechain
from recycling.store.upgrade import UPGRADED
from recycling.store.writer import RunWriter, device_bytes, write_identity

#: Attempts at a job whose tags are tried where nothing but its outcomes is left.
_MOST_ATTEMPTS = 100


def mend(writer: RunWriter, make_again: Mapping[str, Callable[[], bytes]]) -> list[Damage]:
    """Put damaged files aside and restore what can be restored.

    Outcomes are fetched again, and a lost journal begins anew with a tag that finds its job.

    Args:
        writer: the run.
        make_again: makes the content of a file anew, by its name.

    Returns:
        The damage that was there.

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
        >>> from recycling.store.writer import continued_run
        >>> (run.path / "device.json").unlink()
        >>> with continued_run(run) as writer:
        ...     [damage.file for damage in mend(writer, {})]
        ['device.json']
        >>> (run.path / "device.json").is_file()
        True
        >>> folder.cleanup()
    """
    found = writer.run.damage()
    kept = _kept(writer.run, found, make_again)
    found = [d for d in found if d.file not in KEPT or d.file in kept]
    if not found:
        return []
    aside = writer.run.path / "quarantine" / now().replace(":", "")
    for damage in found:
        _put_aside(writer.run, aside, damage.file)
        _restore(writer, damage.file, kept, aside)
    writer.note("mended", files={damage.file: damage.why for damage in found})
    return found


def _kept(
    run: Run, found: Sequence[Damage], make_again: Mapping[str, Callable[[], bytes]]
) -> dict[str, bytes | None]:
    """Content of damaged files from the beginning, made anew; None where it is gone for good.

    What only a service can make anew is left as it is where nothing else is to be done and there is
    no service or no account: no number depends on it.
    """
    record = run.record
    finished = record["state"] == "done" and {damage.file for damage in found} <= SPARE.keys()
    makers: Mapping[str, Callable[[], bytes]] = {
        "experiment.toml": lambda: record["spec"].encode(),
        "device.json": lambda: device_bytes(record["device"]),
        **make_again,
    }
    contents: dict[str, bytes | None] = {}
    for name in (damage.file for damage in found if damage.file in KEPT):
        try:
            contents[name] = makers[name]() if name in makers else None
        except (BackendFailure, BadInput):
            if not finished:
                raise
    return contents


def _put_aside(run: Run, aside: Path, name: str) -> None:
    file = run.path / name
    if file.is_file():
        (aside / name).parent.mkdir(parents=True, exist_ok=True)
        (aside / name).write_bytes(file.read_bytes())


def _restore(writer: RunWriter, name: str, kept: Mapping[str, bytes | None], aside: Path) -> None:
    path, record = writer.run.path / name, writer.run.record
    jobs = {job.name: job for job in writer.run.jobs}
    if name.startswith("jobs/"):
        _restore_journal(writer, jobs[Path(name).stem], aside)
        return
    if name.startswith("shots/"):
        _restore_shots(writer, jobs[Path(name).stem])
        return
    if name == ROUNDS:  # looks are made again from the outcomes
        path.unlink(missing_ok=True)
    elif name == TELEMETRY:
        rechain(writer.run.path, writer.run.run_id)
        record["telemetry"] = writer.head()
    elif name in kept:
        content = kept[name]
        if content is not None:
            write_whole(path, content)
            record["checksums"][name] = checksum(path)
        else:
            path.unlink(missing_ok=True)
            del record["checksums"][name]
    write_identity(writer.run.path, record)


def _restore_journal(writer: RunWriter, job: Job, aside: Path) -> None:
    """Begin a lost journal anew: with the outcomes that are here, or a tag that finds the job.

    Outcomes count first: they are paid for, and the service may have forgotten the job. Only
    those count that are bound to this very job by their tag; others are put aside.
    """
    run_id, path = writer.run.run_id, outcomes_path(writer.run.path, job.name)
    lost = Attempt(tag=tag_of(run_id, job.name, 1)).become("intended", reason=LOST)
    record = JobRecord(name=job.name, attempts=(lost,))
    try:
        found = writer.run.stored_outcomes(job)
    except Damaged:
        found = None
    for _ in range(_MOST_ATTEMPTS):
        if found is None or found.tag == record.current.tag:
            break
        record = record.update("failed", reason=LOST).another_attempt(run_id)
    if found is not None and found.tag == record.current.tag:
        told = dict(found.outcomes.record)
        writer.save(record.update("done", shots_checksum=checksum(path), record=told))
        return
    _put_aside(writer.run, aside, f"shots/{job.name}.npz")
    record = JobRecord(name=job.name, attempts=(lost,))
    if found is not None and found.tag is None and _is_of_schema_1(job, found.outcomes):
        reason = "its journal was damaged, and nothing else says that its counts are its own"
        record = record.update("failed", reason=reason)
    writer.save(record)
    path.unlink(missing_ok=True)


def _restore_shots(writer: RunWriter, job: Job) -> None:
    """Have lost outcomes fetched again; counts of schema 1 nobody can draw again."""
    outcomes_path(writer.run.path, job.name).unlink(missing_ok=True)
    record = writer.run.journal(job)
    if UPGRADED in record.current.record:
        writer.save(record.update("failed", reason="its counts, of schema 1, were damaged"))
    elif IMPORTED in record.current.record:
        writer.save(record.update("failed", reason="its counts, which were imported, were damaged"))
    elif record.current.id is None:
        writer.save(record.update("intended", reason=LOST, shots_checksum=None))
    else:
        writer.save(record.update("submitted", shots_checksum=None))


def _is_of_schema_1(job: Job, outcomes: Outcomes) -> bool:
    """Whether they are counts without an order, which nobody can draw again."""
    table = outcomes.table
    return job.trial is not None and table is not None and table.dtype.kind == "i"
