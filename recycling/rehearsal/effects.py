"""What can befall a request, and what can become of a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: How the schedules of a job's circuits are reported: see ``timing.reported``.
Reported = Literal["true", "shuffled", "missing", "foreign"]


@dataclass(frozen=True)
class Status:
    """An error status. With ``accept`` the request is carried out first, as behind a gateway."""

    code: int = 503
    retry_after: int | None = None
    accept: bool = False


@dataclass(frozen=True)
class Twice:
    """The request is carried out twice, as a gateway does that sends again by itself."""


@dataclass(frozen=True)
class Drop:
    """The connection is closed without an answer. With ``accept`` the request is carried out."""

    accept: bool = False


@dataclass(frozen=True)
class Delay:
    """The request is carried out and answered late; None: not before the service stops."""

    seconds: float | None = None


@dataclass(frozen=True)
class Reset:
    """The request is carried out, and the connection reset (RST) in the middle of the answer."""


@dataclass(frozen=True)
class Truncate:
    """The answer ends half-way. Not ``declared``: its length says that this was all."""

    declared: bool = True


@dataclass(frozen=True)
class Corrupt:
    """Bits of the answer are flipped.

    ``valid``: it is still JSON, but the data of a result are not what was sent.
    """

    valid: bool = False


@dataclass(frozen=True)
class Answer:
    """Another answer than the true one, e.g. ``b"{}"`` for properties that are missing."""

    body: bytes
    code: int = 200


@dataclass(frozen=True)
class Destiny:
    """What becomes of a job that is accepted.

    ``state`` "Queued" stays so for ever; "Completed" waits ``queue_polls`` status polls first;
    "Lost": the service forgets it. ``timing``: how the schedules of its circuits are reported.
    """

    state: Literal["Failed", "Cancelled", "Queued", "Completed", "Lost"]
    reason: str = ""
    reason_code: int | None = None
    queue_polls: int | None = None
    timing: Reported = "true"


@dataclass(frozen=True)
class Die:
    """The request is carried out, and the process of the service killed before it answers."""


Effect = Status | Twice | Drop | Delay | Reset | Truncate | Corrupt | Answer | Destiny | Die

#: What random mode injects: all that can happen between a service and a client, undamaged data.
TRANSPORT: tuple[Effect, ...] = (
    Status(500), Status(502), Status(503), Status(503, retry_after=0), Status(429),
    Status(429, retry_after=0), Drop(), Drop(accept=True), Reset(), Truncate(),
)  # fmt: skip
#: Errors of a gateway, behind which the request was carried out.
ACCEPTED: tuple[Effect, ...] = tuple(Status(c, accept=True) for c in (500, 502, 503, 504))


def kind(effect: Effect) -> str:
    """Name of a fault for the count, e.g. "status 503" or "drop, accepted"."""
    name = type(effect).__name__.lower()
    match effect:
        case Status(code=code):
            name += f" {code}"
        case Destiny(state=state, timing="true"):
            name += f" {state}"
        case Destiny(timing=timing):
            name += f" {timing} timing"
    return name + (", accepted" if getattr(effect, "accept", False) else "")
