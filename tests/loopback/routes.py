"""What the service answers to each call; no sockets, no faults."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from .faults import Destiny

if TYPE_CHECKING:
    from .service import LoopbackService

#: What the client's URL must contain to be left as it is.
API = "/experimental/api/v1"


@dataclass(frozen=True)
class Request:
    """One call. ``destiny`` is that of the job which it may submit."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    destiny: Destiny | None = None

    @property
    def instance(self) -> str:
        """CRN of the instance that is addressed."""
        return self.headers.get("Service-CRN", "")

    def payload(self) -> dict[str, Any]:
        """The body as JSON."""
        return dict(json.loads(self.body or b"{}"))

    def first(self, name: str, default: str = "") -> str:
        """First value of a query parameter."""
        return self.query.get(name, [default])[0]


@dataclass(frozen=True)
class Reply:
    """One answer."""

    body: bytes = b""
    code: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """An answer other than 2xx, in the form in which the service gives its reason."""

    def __init__(
        self, code: int, message: str, number: int = 0, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        error = {"code": number or code, "message": message, "solution": "", "more_info": ""}
        body = json.dumps({"errors": [error], "trace": "loopback"}).encode()
        self.reply = Reply(body, code, headers=headers or {})


def answer(service: LoopbackService, request: Request) -> Reply:
    """Carry a request out."""
    try:
        if request.path.startswith(API):
            _authorise(service, request)
        for method, pattern, action in _ROUTES:
            if method == request.method and (match := re.fullmatch(pattern, request.path)):
                return action(service, request, **match.groupdict())
        raise Refusal(404, f"no such route: {request.method} {request.path}")
    except Refusal as refusal:
        return refusal.reply


def _authorise(service: LoopbackService, request: Request) -> None:
    given = request.headers.get("Authorization", "")
    # The client falls back on the bare key where it could not get a token.
    if given not in (f"Bearer {service.bearer}", f"apikey {service.token}"):
        raise Refusal(401, "Unauthorized", 1201)
    if request.instance not in service.instances:
        raise Refusal(403, "The instance is not accessible.", 1200)


def bearer_token() -> str:
    """A token in the shape of a JWT; the client reads its lifetime alone."""
    start = int(time())
    parts = [{"alg": "RS256", "typ": "JWT"}, {"iat": start, "exp": start + 7 * 24 * 3600}]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()) for part in parts]
    return b".".join([*(text.rstrip(b"=") for text in encoded), b"c2ln"]).decode()


def _json(content: Any, code: int = 200) -> Reply:
    return Reply(json.dumps(content).encode(), code)


def _sign_in(service: LoopbackService, request: Request) -> Reply:
    if parse_qs(request.body.decode()).get("apikey") != [service.token]:
        return _json({"errorCode": "BXNIM0415E", "errorMessage": "API key not found."}, 400)
    return _json({"access_token": service.bearer, "token_type": "Bearer", "expires_in": 3600})


def _search(service: LoopbackService, _request: Request) -> Reply:
    items = [
        {
            "crn": instance.crn,
            "name": instance.name,
            "service_plan_unique_id": instance.plan,
            "tags": [],
            "doc": {"extensions": {"backends": list(service.chips)}},
        }
        for instance in service.instances.values()
    ]
    return _json({"items": items, "limit": 100})


def _catalogue(service: LoopbackService, _request: Request, plan: str) -> Reply:
    for instance in service.instances.values():
        if instance.plan == plan:
            pricing = {"pricing": {"type": instance.pricing}}
            name = {"en": {"display_name": plan.capitalize()}}
            return _json({"overview_ui": name, "metadata": pricing})
    raise Refusal(404, f"no such plan: {plan}")


def _usage(service: LoopbackService, request: Request) -> Reply:
    return _json(service.usage(request.instance))


def _backends(service: LoopbackService, _request: Request) -> Reply:
    chips = service.chips.values()
    return _json({"devices": [chip.listing(service.queue_length(chip.name)) for chip in chips]})


def _backend(service: LoopbackService, _request: Request, name: str, what: str) -> Reply:
    if name not in service.chips:
        raise Refusal(404, f"Backend {name} not found.", 1007)
    chip = service.chips[name]
    if what == "status":
        return _json(chip.status(service.queue_length(name)))
    return _json(chip.configuration if what == "configuration" else chip.properties)


def _submit(service: LoopbackService, request: Request) -> Reply:
    job = service.submit(request.instance, request.payload(), request.destiny)
    return _json({"id": job.id, "backend": job.backend, "private": False})


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
    return _json({"jobs": page, "count": len(found), "limit": limit, "offset": offset})


def _time(text: str, default: datetime) -> datetime:
    return datetime.fromisoformat(text) if text else default


def _job(service: LoopbackService, request: Request, job_id: str) -> Reply:
    job = service.poll(job_id)
    return _json(job.summary(with_params=request.first("exclude_params") != "true"))


def _results(service: LoopbackService, _request: Request, job_id: str) -> Reply:
    job = service.job(job_id)
    if not job.is_final:
        return Reply(code=204)
    if job.state == "Completed":
        return Reply(job.result)
    return Reply(job.reason.encode(), content_type="text/plain")


def _metrics(service: LoopbackService, _request: Request, job_id: str) -> Reply:
    return _json(service.job(job_id).metrics())


def _logs(service: LoopbackService, _request: Request, job_id: str) -> Reply:
    job = service.job(job_id)
    if not job.is_final:
        raise Refusal(404, "Logs are not available yet.")
    return Reply(job.log.encode(), content_type="text/plain")


def _cancel(service: LoopbackService, _request: Request, job_id: str) -> Reply:
    service.cancel(job_id)
    return Reply(code=204)


def _retag(service: LoopbackService, request: Request, job_id: str) -> Reply:
    service.job(job_id).tags = tuple(request.payload()["tags"])
    return Reply(code=204)


def _open_session(service: LoopbackService, request: Request) -> Reply:
    return _json(service.open_session(request.instance, request.payload()).summary([]))


def _session(service: LoopbackService, _request: Request, session_id: str) -> Reply:
    session = service.session(session_id)
    return _json(session.summary(service.jobs_of(session_id)))


def _close_session(service: LoopbackService, request: Request, session_id: str) -> Reply:
    service.close_session(session_id, cancel=request.method == "DELETE")
    return Reply(code=204)


_Action = Callable[..., Reply]
_JOB = API + r"/jobs/(?P<job_id>[^/]+)"
_SESSION = API + r"/sessions/(?P<session_id>[^/]+)"
_ROUTES: tuple[tuple[str, str, _Action], ...] = (
    ("POST", "/iam/identity/token", _sign_in),
    ("POST", "/search/v3/resources/search", _search),
    ("GET", "/catalog/(?P<plan>[^/]+)", _catalogue),
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
