"""A call of the service, and its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recycling.rehearsal.effects import Destiny

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


def as_json(content: Any, code: int = 200) -> Reply:
    """An answer in JSON."""
    return Reply(json.dumps(content).encode(), code)
