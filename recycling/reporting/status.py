"""The state of a run's jobs, for people and scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from recycling.jobs.job import Job
from recycling.jobs.status import charged_seconds
from recycling.reporting.rounds_record import rounds_record
from recycling.reporting.tables import Table
from recycling.store.directory import Run
from recycling.store.estimates import Estimate, estimates_of
from recycling.store.files import Damaged
from recycling.store.journal import COMPLETE, UNSUCCESSFUL, JobRecord
from recycling.store.origin import Origin, origin_of
from recycling.store.sealing import seal_faults
from recycling.store.targets import way_on


def status_summary(run: Run, way: Callable[..., str] = way_on) -> dict[str, Any]:
    """Describe a run and each of its jobs, from its journals alone; its files may be damaged.

    Args:
        run: opened run.
        way: says how to go on with it, as ``way_on``, which tries whether its folder can be
            written.

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
        >>> status_summary(run)["headline"]
        '1 of 1 jobs done'
        >>> folder.cleanup()
    """
    estimates = estimates_of(run.telemetry)
    jobs = [_described(run, job, estimates.get(job.name)) for job in run.jobs]
    rounds = rounds_record(run)
    damage = [f"{d.file}: {d.why}" for d in run.damage()]
    origin = origin_of(run.record)
    return {
        "name": run.record["name"],
        "backend": run.record["backend"],
        "simulated": run.simulated,
        "created": run.record["created"],
        "state": run.record["state"],
        "headline": _headline(jobs),
        "jobs": jobs,
        "damage": damage,
        "notes": [
            *seal_faults(run),
            *_notes(run.path, jobs, damage, way),
            *(() if origin is None else _of(origin)),
        ],
        **_bill(jobs),
        **({} if rounds is None else {"rounds": rounds}),
        **({} if origin is None else {"origin": origin.model_dump(exclude_none=True)}),
    }


def _described(run: Run, job: Job, estimate: Estimate | None) -> dict[str, Any]:
    """Describe a job by its journal, and what its plan expected it to cost."""
    try:
        record = run.journal(job)
    except Damaged as error:
        return {"name": job.name, "state": "damaged", "reason": f"journal damaged: {error}"}
    described: dict[str, Any] = {
        "name": job.name,
        "state": record.state,
        "attempts": len(record.attempts),
        "surplus": surplus_of([record]),
    }
    if estimate is not None:
        described["planned_qpu_seconds"] = estimate.qpu_seconds
    if record.attempts:
        current = record.current
        described |= {
            "id": current.id,
            "tag": current.tag,
            "reason": current.reason,
            "since": current.times.get(current.state, ""),
            "qpu_seconds": charged_seconds(current.record.get("metrics")),
            "earlier": [f"{a.state}: {a.reason}" for a in record.attempts[:-1]],
        }
    return described


def status_table(summary: dict[str, Any]) -> Table:
    """Write the jobs of a run as a table; its note has reasons, which a column would cut.

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
        >>> status_table(status_summary(run)).rows[0][:2]
        ('trial-0', 'done')
        >>> folder.cleanup()
    """
    reasons = [f"{job['name']}: {job['reason']}" for job in summary["jobs"] if job.get("reason")]
    planned = any("planned_qpu_seconds" in job for job in summary["jobs"])
    return Table(
        ("job", "state", "since (UTC)", "QPU s", *(["plan s"] if planned else []), "id"),
        [
            (
                job["name"],
                _said(job["state"])
                + (f" ({job['attempts']})" if job.get("attempts", 0) > 1 else ""),
                str(job.get("since") or "–")[:19],
                f"{job['qpu_seconds']:g}" if job.get("qpu_seconds") is not None else "–",
                *([f"{job.get('planned_qpu_seconds', 0):.1f}"] if planned else []),
                "–" if job.get("id") in (None, job.get("tag")) else str(job["id"]),
            )
            for job in summary["jobs"]
        ],
        "\n".join([*_about_the_service(summary), *reasons]),
    )


def surplus_of(records: Iterable[JobRecord]) -> list[dict[str, Any]]:
    """List the jobs that a service accepted beside those of a run: id, state and cost of each.

    Example:
        >>> surplus_of([JobRecord(name="trial-0")])
        []
    """
    return [
        {"id": each.id, "state": each.state, "qpu_seconds": each.qpu_seconds}
        for record in records
        for each in record.surplus
    ]


def surplus_text(surplus: Sequence[Mapping[str, Any]]) -> str:
    """Write the jobs that were accepted beside those of a run, and their cost, in a line.

    Example:
        >>> surplus_text([{"id": "job-2", "state": "done", "qpu_seconds": 3.0}])
        "accepted beside the run's jobs: 1 job, 3 s of QPU time: job-2"
    """
    known = [each["qpu_seconds"] for each in surplus if each["qpu_seconds"] is not None]
    more = "" if len(known) == len(surplus) else " or more"
    count = f"{len(surplus)} {'job' if len(surplus) == 1 else 'jobs'}"
    ids = ", ".join(each["id"] for each in surplus)
    return f"accepted beside the run's jobs: {count}, {sum(known):g} s{more} of QPU time: {ids}"


def _said(state: str) -> str:
    """State of a job in words."""
    return "not needed" if state == "unneeded" else state


def _of(origin: Origin) -> tuple[str, str]:
    return f"from elsewhere: {origin.words}", origin.unknown


def _headline(jobs: list[dict[str, Any]]) -> str:
    states = [job["state"] for job in jobs]
    counts = ", ".join(
        f"{states.count(s)} {_said(s)}" for s in dict.fromkeys(states) if s != "done"
    )
    done = f"{states.count('done')} of {len(jobs)} jobs done"
    return f"{done}; {counts}" if counts else done


def _bill(jobs: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """What the service charged beside what the plan expected, for the jobs where both are known."""
    both = [
        (job["qpu_seconds"], job["planned_qpu_seconds"])
        for job in jobs
        if job.get("qpu_seconds") is not None and "planned_qpu_seconds" in job
    ]
    if not both:
        return {}
    charged, planned = (sum(each) for each in zip(*both, strict=True))
    return {"bill": {"jobs": len(both), "qpu_seconds": charged, "planned_qpu_seconds": planned}}


def _about_the_service(summary: dict[str, Any]) -> list[str]:
    """Whether the service only imitates a machine, and what it has charged."""
    bill = summary.get("bill")
    imitates = summary["simulated"] and any("planned_qpu_seconds" in j for j in summary["jobs"])
    return [
        *(["simulated: the service only imitates the device"] if imitates else []),
        *(
            []
            if bill is None
            else [
                f"billed: {bill['qpu_seconds']:g} s of QPU time for {bill['jobs']} "
                f"{'job' if bill['jobs'] == 1 else 'jobs'}; planned: "
                f"{bill['planned_qpu_seconds']:.1f} s"
            ]
        ),
    ]


def _notes(
    path: Path, jobs: list[dict[str, Any]], damage: list[str], way: Callable[..., str]
) -> list[str]:
    notes = [f"damaged: {text}" for text in damage]
    surplus = [each for job in jobs for each in job.get("surplus", ())]
    if surplus:
        notes.append(surplus_text(surplus))
    states = {job["state"] for job in jobs}
    if states & UNSUCCESSFUL:
        notes.append(f"submit again what failed: {way(path, retry_failed=True)}")
    elif not states <= COMPLETE or damage:
        notes.append(f"go on with: {way(path)}")
    return notes
