"""Faults on request, by name: what a rehearsal can be asked to do wrong."""

from __future__ import annotations

from difflib import get_close_matches

from recycling.errors import BadInput
from recycling.rehearsal.effects import Corrupt, Destiny, Die, Drop, Reset, Status, Truncate, Twice
from recycling.rehearsal.faults import Fault

_RESULT = r"/results$"
#: Requests about jobs, submissions included.
_ANY = r"/experimental/api/v1/jobs"

#: What each does to the next request, or the next job, that it can happen to.
CATALOGUE: dict[str, tuple[Fault, ...]] = {
    "timeout-after-accept": (Fault(Status(504, accept=True)),),
    "lost-answer": (Fault(Drop(accept=True)),),
    "killed-after-accept": (Fault(Die()),),
    "sent-twice": (Fault(Twice()),),
    "5xx": tuple(
        Fault(Status(code), method, _ANY)
        for method in ("POST", "GET")
        for code in (500, 502, 503)
    ),
    "rate-limit": (Fault(Status(429, retry_after=1)),),
    "reset-answer": (Fault(Reset(), "GET", _RESULT),),
    "truncated-answer": (Fault(Truncate(), "GET", _RESULT),),
    "corrupt-answer": (Fault(Corrupt(), "GET", _RESULT),),
    "failed-job": (Fault(Destiny("Failed", "Internal error.", 9999)),),
    "cancelled-job": (Fault(Destiny("Cancelled", "Job was cancelled by the service.", 1305)),),
    "stuck-job": (Fault(Destiny("Queued")),),
    "lost-job": (Fault(Destiny("Lost")),),
    "shuffled-timing": (Fault(Destiny("Completed", timing="shuffled"), times=None),),
    "missing-timing": (Fault(Destiny("Completed", timing="missing"), times=None),),
    "foreign-timing": (Fault(Destiny("Completed", timing="foreign"), times=None),),
}  # fmt: skip


def faults_named(names: str) -> tuple[Fault, ...]:
    """Faults by their names, which commas separate.

    Raises:
        BadInput: there is no such fault.

    Example:
        >>> [fault.effect for fault in faults_named("lost-answer,sent-twice")]
        [Drop(accept=True), Twice()]
        >>> faults_named("lost-anser")
        Traceback (most recent call last):
        recycling.errors.BadInput: faults = 'lost-anser': there is no such fault; give one of ...
    """
    chosen: list[Fault] = []
    for name in filter(None, (each.strip() for each in names.split(","))):
        if name not in CATALOGUE:
            near = get_close_matches(name, CATALOGUE, n=1)
            meant = f" (did you mean {near[0]!r}?)" if near else ""
            raise BadInput(
                f"faults = {name!r}: there is no such fault; give one of {', '.join(CATALOGUE)}"
                + meant
            )
        chosen += CATALOGUE[name]
    return tuple(chosen)
