"""What the service answers to each call; no sockets, no faults."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from recycling.rehearsal.control import about, add_faults, stop
from recycling.rehearsal.http import API, Refusal, Reply, Request, as_json
from recycling.rehearsal.sign_in import authorise, catalogue, instances, sign_in

if TYPE_CHECKING:
    from recycling.rehearsal.service import LoopbackService


def answer(service: LoopbackService, request: Request) -> Reply:
    """Carry a request out."""
    try:
        if request.path.startswith(API):
            authorise(service, request)
        for method, pattern, action in _ROUTES:
            if method == request.method and (match := re.fullmatch(pattern, request.path)):
                return action(service, request, **match.groupdict())
        raise Refusal(404, f"no such route: {request.method} {request.path}")
    except Refusal as refusal:
        return refusal.reply


def _usage(service: LoopbackService, request: Request) -> Reply:
    return as_json(service.usage(request.instance))


def _backends(service: LoopbackService, _request: Request) -> Reply:
    chips = service.chips.values()
    return as_json({"devices": [chip.listing(service.queue_length(chip.name)) for chip in chips]})


def _backend(service: LoopbackService, _request: Request, name: str, what: str) -> Reply:
    if name not in service.chips:
        raise Refusal(404, f"Backend {name} not found.", 1007)
    chip = service.chips[name]
    if what == "status":
        return as_json(chip.status(service.queue_length(name)))
    return as_json(chip.configuration if what == "configuration" else chip.properties)


def _submit(service: LoopbackService, request: Request) -> Reply:
    job = service.submit(request.instance, request.payload(), request.destiny)
    return as_json({"id": job.id, "backend": job.backend, "private": False})


def _jobs(service: LoopbackService, request: Request) -> Reply:
    limit, offset = (int(request.first(*pair)) for pair in (("limit", "10"), ("offset", "0")))
    found = [
        job
        for job in service.listed()
        if job.instance == request.instance
        and set(request.query.get("tags", [])) <= set(job.tags)
        and request.first("backend", job.backend) == job.backend
        and request.first("session_id", job.session_id or "") == (job.session_id or "")
        and request.first("program", "executor") == "executor"
        and request.first("pending", "false" if job.is_final else "true")
        == ("false" if job.is_final else "true")
        and _time(request.first("created_after"), job.created) <= job.created
        and _time(request.first("created_before"), job.created) >= job.created
    ]
    if request.first("sort") != "ASC":
        found.reverse()
    page = [job.summary() for job in found[offset : offset + limit]]
    return as_json({"jobs": page, "count": len(found), "limit": limit, "offset": offset})


def _time(text: str, default: datetime) -> datetime:
    return datetime.fromisoformat(text) if text else default


def _job(service: LoopbackService, request: Request, job_id: str) -> Reply:
    job = service.poll(job_id)
    return as_json(job.summary(with_params=request.first("exclude_params") != "true"))


def _results(service: LoopbackService, _request: Request, job_id: str) -> Reply:
    job = service.job(job_id)
    if not job.is_final:
        return Reply(code=204)
    if job.state == "Completed":
        return Reply(job.result)
    return Reply(job.reason.encode(), content_type="text/plain")


def _metrics(service: LoopbackService, _request: Request, job_id: str) -> Reply:
    return as_json(service.job(job_id).metrics())


def _logs(service: LoopbackService, _request: Request, job_id: str) -> Reply:
    job = service.job(job_id)
    if not job.is_final:
        raise Refusal(404, "Logs are not available yet.")
    return Reply(job.log.encode(), content_type="text/plain")


def _cancel(service: LoopbackService, _request: Request, job_id: str) -> Reply:
    service.cancel(job_id)
    return Reply(code=204)


def _retag(service: LoopbackService, request: Request, job_id: str) -> Reply:
    service.retag(job_id, request.payload()["tags"])
    return Reply(code=204)


def _open_session(service: LoopbackService, request: Request) -> Reply:
    return as_json(service.open_session(request.instance, request.payload()).summary([]))


def _session(service: LoopbackService, _request: Request, session_id: str) -> Reply:
    session = service.session(session_id)
    return as_json(session.summary(service.jobs_of(session_id)))


def _close_session(service: LoopbackService, request: Request, session_id: str) -> Reply:
    service.close_session(session_id, cancel=request.method == "DELETE")
    return Reply(code=204)


_Action = Callable[..., Reply]
_JOB = API + r"/jobs/(?P<job_id>[^/]+)"
_SESSION = API + r"/sessions/(?P<session_id>[^/]+)"
_ROUTES: tuple[tuple[str, str, _Action], ...] = (
    ("GET", "/rehearsal", about),
    ("POST", "/rehearsal/faults", add_faults),
    ("POST", "/rehearsal/stop", stop),
    ("POST", "/iam/identity/token", sign_in),
    ("POST", "/search/v3/resources/search", instances),
    ("GET", "/catalog/(?P<plan>[^/]+)", catalogue),
    ("GET", API + "/instances/usage", _usage),
    ("GET", API + "/backends", _backends),
    ("GET", API + "/backends/(?P<name>[^/]+)/(?P<what>configuration|properties|status)", _backend),
    ("POST", API + "/jobs", _submit),
    ("GET", API + "/jobs", _jobs),
    ("GET", _JOB, _job),
    ("GET", _JOB + "/results", _results),
    ("GET", _JOB + "/metrics", _metrics),
    ("GET", _JOB + "/logs", _logs),
    ("POST", _JOB + "/cancel", _cancel),
    ("PUT", _JOB + "/tags", _retag),
    ("POST", API + "/sessions", _open_session),
    ("GET", _SESSION, _session),
    ("PATCH", _SESSION, _close_session),
    ("DELETE", _SESSION + "/close", _close_session),
)
