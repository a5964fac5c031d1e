"""Take jobs that were submitted elsewhere into a run. Nothing is submitted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from recycling.errors import BackendFailure, BadInput, Incomplete, resumable
from recycling.execution.backend import Recalls
from recycling.execution.machine import Account, placed_circuit
from recycling.execution.registry import connect, parse_backend
from recycling.jobs.job import Job, Pub
from recycling.running.collecting import Collector
from recycling.running.desk import Desk
from recycling.running.matching import Matches, match
from recycling.running.runs import beginning_of, default_path, stored_work
from recycling.running.work import Conduct, Study, Work, prepare
from recycling.store.directory import Run
from recycling.store.journal import COMPLETE, UNSUCCESSFUL
from recycling.store.origin import AdoptedJob, Origin, origin_of
from recycling.store.targets import way_on
from recycling.store.writer import RunWriter, check_new, continued_run, new_run, write_identity

#: Why such a run has no prediction.
_NOT_SEALED = "its jobs were submitted elsewhere, before this run could predict anything"


def adopt_new(
    study: Study,
    spec: Any,
    backend: str,
    out: str | Path | None,
    *,
    ids: Sequence[str],
    tag: str | None,
    text: str,
    account: Account,
    conduct: Conduct,
) -> Run:
    """Make a run of a spec from jobs that were submitted elsewhere.

    Args:
        study: what the spec is of.
        spec: validated spec.
        backend: name of the machine that has the jobs.
        out: run directory to create.
        ids: ids of jobs.
        tag: tag of further jobs.
        text: text of the spec to keep.
        account: whose account to use.
        conduct: how jobs are brought to their outcomes.

    Raises:
        BadInput: no job is one of the spec; a line for each says what differs. Nothing is written.
        BackendFailure: the service failed.
        Incomplete: not all jobs of the run are here.
    """
    path = default_path(study.experiment(spec).name) if out is None else Path(out)
    check_new(path)
    name = parse_backend(backend)
    conduct.progress("compiling circuits")
    connection = connect(name, account)
    if connection is None:
        raise BadInput(f"backend = {backend!r}: give a machine, which keeps jobs, as ibm:ibm_fez")
    planned = study.plan(spec, name, connection)
    work = Work(planned, planned.jobs, connection)
    matches = _matches(study, work, work.jobs, ids, tag, conduct)
    beginning = beginning_of(study, work, text, {}, None, sealed=False)
    origin = _origin(matches, None).model_dump(mode="json", exclude_none=True)
    with new_run(path, replace(beginning, origin=origin, prediction=_NOT_SEALED)) as writer:
        return _taken(study, writer, work, matches, conduct)


def adopt_into(
    study: Study, run: Run, *, ids: Sequence[str], tag: str | None, conduct: Conduct
) -> Run:
    """Take jobs that were submitted elsewhere into a run that still wants them.

    Raises:
        BadInput: no job is one that the run wants; a line for each says what differs. Or the run
            began on a device and this is a rehearsal, or the reverse.
        BackendFailure: the service failed.
        Incomplete: not all jobs of the run are here.
    """
    with continued_run(run) as writer, resumable(run.path):
        work = stored_work(study, writer.run)
        if work.connection is None:
            raise BadInput(f"run = {str(run.path)!r}: {run.record['backend']} keeps no jobs")
        Desk(writer, work, prepare(study, work), conduct.watch).check_service()
        wanted = {"planned", "intended", *UNSUCCESSFUL}
        journals = {job: writer.run.journal(job) for job in work.jobs}
        jobs = [job for job, record in journals.items() if record.state in wanted]
        known = {a.id for record in journals.values() for a in record.attempts if a.id}
        matches = _matches(study, work, jobs, ids, tag, conduct, known)
        origin = _origin(matches, origin_of(writer.run.record))
        record = {**writer.run.record, "origin": origin.model_dump(mode="json", exclude_none=True)}
        write_identity(run.path, record)
        return _taken(study, RunWriter(run.again()), work, matches, conduct)


def _matches(
    study: Study,
    work: Work,
    jobs: Collection[Job],
    ids: Sequence[str],
    tag: str | None,
    conduct: Conduct,
    known: Collection[str] = (),
) -> Matches:
    """Jobs that are those of a plan; ``known`` are those that the run has already.

    Raises:
        BadInput: none is.
    """
    backend = prepare(study, work)
    if not hasattr(backend, "submitted"):
        raise BadInput(f"backend = '{work.planned.backend}' does not tell what was submitted to it")
    listed = [] if tag is None else [job.id for job in backend.find(tag)]
    if tag is not None and not listed:
        raise BadInput(f"tag = {tag!r}: {work.planned.backend} has no job with it; give another")
    conduct.progress("comparing jobs with the plan")
    asked = dict.fromkeys([*ids, *listed])
    submitted = [cast(Recalls, backend).submitted(each) for each in asked if each not in known]
    matches = match(submitted, {job: _sent(work, job) for job in jobs})
    there = {each: "it is in this run already" for each in asked if each in known}
    matches = replace(matches, others={**matches.others, **there})
    if not matches.found:
        raise BadInput(*(f"job {job_id}: {why}" for job_id, why in matches.others.items()))
    return matches


def _sent(work: Work, job: Job) -> list[Pub]:
    """PUBs of a job as they would be sent."""
    assert work.connection is not None
    count, device = work.connection.machine.num_qubits, work.planned.device
    return [
        Pub(placed_circuit(pub.circuit, device, count), pub.parameters)
        for pub in work.planned.pubs(job)
    ]


def _origin(matches: Matches, before: Origin | None) -> Origin:
    jobs: Mapping[str, AdoptedJob] = {
        name: AdoptedJob(id=each.id, created=each.created, tags=each.tags)
        for name, each in matches.found.items()
    }
    known = {} if before is None else before.jobs
    return Origin(kind="jobs", source="taken over by their ids or tags", jobs={**known, **jobs})


def _taken(study: Study, writer: RunWriter, work: Work, matches: Matches, conduct: Conduct) -> Run:
    """Put jobs into the journals, fetch their outcomes, and say what is missing."""
    for name, each in matches.found.items():
        job = next(job for job in work.jobs if job.name == name)
        record = writer.run.journal(job)
        if record.state != "intended":
            record = writer.save(record.another_attempt(writer.run.run_id))
        writer.save(record.update("submitted", id=each.id, reason=""))
        writer.note("adopted", job=name, id=each.id, created=each.created, tags=list(each.tags))
        conduct.watch(name, "adopted", 0.0)
    for job_id, why in matches.others.items():
        writer.note("not adopted", id=job_id, reason=why)
        conduct.watch(job_id, f"left out: {why}", 0.0)
    backend = prepare(study, work, earlier=writer.run.groups)
    Collector(Desk(writer, work, backend, conduct.watch)).collect_all(wait=conduct.wait)
    return _concluded(study, writer, work)


def _concluded(study: Study, writer: RunWriter, work: Work) -> Run:
    states = {job.name: writer.run.journal(job).state for job in work.jobs}
    failed = [name for name, state in states.items() if state in UNSUCCESSFUL]
    if failed:
        raise BackendFailure(
            f"{failed[0]} {states[failed[0]]}: submit it again with: "
            f"{way_on(writer.run.path, retry_failed=True)}"
        )
    done = sum(state in COMPLETE for state in states.values())
    missing = [name for name, state in states.items() if state in ("planned", "intended")]
    if done < len(states):
        what = f"{len(missing)} were not given, from {missing[0]} on" if missing else "more follow"
        raise Incomplete(
            f"{done} of {len(states)} jobs are here, {what}; adopt further jobs, or submit what is "
            f"missing with: {way_on(writer.run.path)}"
        )
    if writer.run.until is not None and writer.run.rounds.stopped is None:
        raise Incomplete(
            f"all {done} jobs are here, and nobody has looked at their rounds yet: "
            f"{way_on(writer.run.path)}"
        )
    writer.finish()
    stored = writer.run.again()
    for event, details in study.notes(stored):
        writer.note(event, **details)
    study.keep(stored)
    return stored
