"""Run any study into a run directory, and go on where a run stopped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from recycling.errors import BadInput, resumable
from recycling.execution.machine import Account
from recycling.execution.registry import connect, parse_backend
from recycling.extras import need
from recycling.jobs.job import Job
from recycling.running.budget import keep_budget
from recycling.running.cap import Cap, check_start
from recycling.running.driver import Driver
from recycling.running.rounds import RoundsDriver
from recycling.running.work import Conduct, Progress, Study, Work, prepare
from recycling.store.circuits import circuits_bytes
from recycling.store.damage import CIRCUITS
from recycling.store.directory import Run
from recycling.store.estimates import EVENT as ESTIMATED
from recycling.store.files import Damaged
from recycling.store.given import path_given
from recycling.store.journal import JobRecord
from recycling.store.mending import mend
from recycling.store.opening import open_unchecked
from recycling.store.origin import COUNTS
from recycling.store.rounds import Until
from recycling.store.writer import (
    Beginning,
    RunWriter,
    check_new,
    continued_run,
    new_run,
)

if TYPE_CHECKING:
    from recycling.planning.cost import Cost


def run(
    study: Study,
    spec: Any,
    backend: str,
    out: str | Path | None = None,
    *,
    text: str | None = None,
    changes: Mapping[str, Any] | None = None,
    account: Account | None = None,
    until: Until | None = None,
    conduct: Conduct,
) -> Run:
    """Run a spec and store it. The same call goes on with a run, and pays for no job twice.

    Args:
        study: what the spec is of.
        spec: validated spec.
        backend: name of a backend.
        out: run directory to create, or one of the same spec on the same backend, which is brought
            to its end; by default ``runs/<name>-<time>``.
        text: text of the spec to keep; by default the spec written out as TOML.
        changes: top-level fields that overrule the text.
        account: whose account to use; None takes the default one.
        until: when to stop; None measures all trials.
        conduct: how jobs are brought to their outcomes.

    Raises:
        BadInput: the directory holds something else, the spec cannot be planned, or it is above
            the budget. Nothing is written.
        BackendFailure: the backend failed; what is done is kept, and ``resume`` goes on.
        Incomplete: jobs are under way, or it was interrupted; ``resume`` goes on.
    """
    path = default_path(study.experiment(spec).name) if out is None else path_given(out, "out")
    name = parse_backend(backend)
    found = _held(study, path, spec, str(name))
    if found is not None:
        _check_same(found, until)
        return resume(study, found, conduct)
    check_new(path)
    need("qiskit")
    study.check_size(spec, name, path)
    started = perf_counter()
    conduct.progress("compiling circuits")
    connection = connect(name, account or Account())
    planned = study.plan(spec, name, connection)
    work = Work(planned, planned.jobs, connection)
    study.check(work.planned, conduct.max_qpu_seconds if until is None else None)
    if until is not None:
        check_start(work, conduct.max_qpu_seconds)
    text = study.to_toml(spec) if text is None else text
    beginning = beginning_of(study, work, text, changes or {}, conduct.max_qpu_seconds, until)
    with new_run(path, beginning) as writer, resumable(path):
        if study.timed:
            writer.note("planned", seconds=round(perf_counter() - started, 4))
        if work.remote and work.cost is not None:
            writer.note(ESTIMATED, jobs=_estimates(work.cost))
        return _drive(study, writer, work, conduct)


def resume(study: Study, run: Run, conduct: Conduct) -> Run:
    """Go on with a run: mend it, submit what never was, fetch what is done.

    Args:
        study: what the run is of.
        run: the run; its files may be damaged.
        conduct: how jobs are brought to their outcomes.

    Raises:
        BadInput: another process is writing, what would be submitted is above the budget, or the
            run began on a device and this is a rehearsal, or the reverse: then nothing is.
        BackendFailure: as for ``run``.
        Incomplete: as for ``run``.
    """
    with continued_run(run) as writer, resumable(run.path):
        writer = _mended(study, writer, conduct.progress)
        if writer.run.complete and writer.run.record["state"] == "done" and not _unlooked(writer):
            return writer.run
        conduct.progress("continuing")
        work = stored_work(study, writer.run)
        keep_budget(writer, work, conduct.max_qpu_seconds, retry_failed=conduct.retry_failed)
        return _drive(study, writer, work, conduct)


def cancel(study: Study, run: Run) -> int:
    """Cancel the jobs of a run that are under way; returns their number.

    Raises:
        BadInput: another process is writing.
        BackendFailure: the backend cannot be reached.
    """
    with continued_run(run) as writer:
        writer = _mended(study, writer, lambda _step: None)
        work = stored_work(study, writer.run)
        driver = Driver(writer, work, prepare(study, work), lambda *_: None)
        driver.desk.check_service()
        return driver.cancel_all()


def status(run: Run) -> dict[str, JobRecord | str]:
    """Journal of each job by name, or what is wrong with it; asks no backend."""
    found: dict[str, JobRecord | str] = {}
    for job in run.jobs:
        try:
            found[job.name] = run.journal(job)
        except Damaged as error:
            found[job.name] = f"journal damaged: {error}"
    return found


def stored_work(study: Study, stored: Run, *, compiled: bool = True) -> Work:
    """Plan of a stored run, with the device and the circuits that it began with.

    ``compiled``: the circuits are those that were stored; otherwise they are compiled again.
    """
    if stored.record["backend"] == COUNTS:
        raise BadInput(
            f"run = {str(stored.path)!r}: its counts were imported, and no job stands behind them; "
            "import them again, with: recycling import-counts"
        )
    name = parse_backend(stored.record["backend"])
    connection = connect(name, Account(**stored.record["account"]))
    return Work(study.stored_plan(stored, name, compiled), stored.jobs, connection)


def default_path(name: str) -> Path:
    """Run directory for an experiment that is given none: runs/<name>-<local time>."""
    return Path("runs") / f"{name}-{datetime.now():%Y%m%d-%H%M%S}"


def beginning_of(
    study: Study,
    work: Work,
    text: str,
    changes: Mapping[str, Any],
    max_qpu_seconds: float | None,
    until: Until | None = None,
    *,
    sealed: bool = True,
) -> Beginning:
    """What a run directory begins with, from what will be executed, its prediction ``sealed``."""
    planned = work.planned
    machine = planned.hardware
    return Beginning(
        study=study,
        spec=text,
        changes=changes,
        name=planned.experiment.name,
        spec_hash=planned.experiment.hash,
        backend=str(planned.backend),
        device=planned.device,
        jobs=[job.name for job in planned.jobs],
        circuits=circuits_bytes(work.circuits()),
        simulated=machine is None or machine.simulated,
        account={} if machine is None else asdict(machine.account),
        calibration=None if machine is None else machine.calibration,
        max_qpu_seconds=max_qpu_seconds,
        until=until,
        prediction=study.predict(planned) if sealed else None,
        **planned.identity,
    )


def _estimates(cost: Cost) -> dict[str, dict[str, float]]:
    """What each job is expected to cost, as the telemetry keeps it."""
    return {
        each.job.name: {
            "qpu_seconds": round(each.qpu_seconds, 6),
            "overhead": cost.price.job_overhead,
            "executions": each.executions,
        }
        for each in cost.jobs
    }


def _mended(study: Study, writer: RunWriter, progress: Progress) -> RunWriter:
    """Writer of a run after its damaged files were mended."""
    mended = mend(writer, {CIRCUITS: lambda: _compiled_again(study, writer.run)})
    for damage in mended:
        progress(f"mending {damage.file}: {damage.why}")
    return RunWriter(writer.run.again()) if mended else writer


def _compiled_again(study: Study, stored: Run) -> bytes:
    """Content of circuits.qpy, compiled again from spec and device."""
    return circuits_bytes(stored_work(study, stored, compiled=False).circuits())


def _drive(study: Study, writer: RunWriter, work: Work, conduct: Conduct) -> Run:
    jobs = work.jobs

    def simulated(job: Job, part: float) -> None:
        conduct.watch(job.name, f"{part:.0%}", (jobs.index(job) + part) / len(jobs))

    backend = prepare(study, work, simulated, earlier=writer.run.groups)
    started = perf_counter()
    driver = Driver(writer, work, backend, conduct.watch)
    driver.desk.check_service()
    until = writer.run.until
    if until is None:
        driver.complete(conduct)
    else:
        cap = Cap(writer.run, work, writer.run.record.get("max_qpu_seconds"))
        RoundsDriver(driver, study, until, cap).complete(conduct)
    if study.timed:
        writer.note("collected", seconds=round(perf_counter() - started, 4))
    stored = writer.run.again()
    for event, details in study.notes(stored):
        writer.note(event, **details)
    study.keep(stored)
    return stored


def _check_same(found: Run, until: Until | None) -> None:
    """Refuse to go on with a run by another rule than the one that it began with."""
    if found.until != until:
        began, wanted = (
            "none" if rule is None else f"{rule.text}, {rule.spending}, futility {rule.futility:g}"
            for rule in (found.until, until)
        )
        raise BadInput(
            f"until = {wanted}: the run in {str(found.path)!r} began with until = {began}; give "
            "the same, or another folder"
        )


def _unlooked(writer: RunWriter) -> bool:
    """Whether a run that stopped when it was settled has lost what its looks saw."""
    return writer.run.until is not None and writer.run.rounds.stopped is None


def _held(study: Study, path: Path, spec: Any, backend: str) -> Run | None:
    """Run that a path holds, if it is of this very spec on this very backend."""

    def only_this(kind: str) -> Study:
        if kind != study.name:
            raise BadInput(f"kind = {kind!r}: not {study.name!r}")
        return study

    try:
        found = open_unchecked(path, only_this)
        # Not the hash that it stored: fields that came with a later version change that.
        same = study.fingerprint(found.spec) == study.fingerprint(spec)
    except BadInput:
        return None
    return found if same and found.record["backend"] == backend else None
