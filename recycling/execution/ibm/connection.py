"""IBM's client with an end to every wait, and without repeated submissions.

The client lets a service that accepts a request never answer, and submits again behind a gateway's
error.

Importing this module imports qiskit-ibm-runtime, so ``recycling.execution.ibm.service`` does so
late.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from qiskit_ibm_runtime import QiskitRuntimeService
from qiskit_ibm_runtime.api.client import RuntimeClient
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ReadTimeoutError
from urllib3.util import Retry


@dataclass(frozen=True)
class Timeouts:
    """Longest waits of a request, s: for a connection, for an answer, and for a submission.

    A submission waits as long as IBM's client lets it: the service may accept an abandoned
    submission later, when nothing looks for it any more. Sign-in and the list of instances have the
    60 s of IBM's SDK.

    Example:
        >>> from requests import Request
        >>> Timeouts(read=30.0).of(Request("GET", "https://localhost/jobs").prepare())
        (10.0, 30.0)
    """

    connect: float = 10.0
    read: float = 60.0
    submit: float = 900.0

    def of(self, request: PreparedRequest) -> tuple[float, float]:
        """Time-outs of a request, to connect and to read."""
        if request.method == "POST" and request.path_url.endswith("/jobs"):
            return self.submit, self.submit  # the body is sent in the time for connecting
        return self.connect, self.read


class Service(QiskitRuntimeService):  # type: ignore[misc]
    """The client of IBM Quantum, whose every request ends.

    Args:
        timeouts: longest waits.
        options: as for ``QiskitRuntimeService``.

    Example:
        >>> issubclass(Service, QiskitRuntimeService)
        True
    """

    def __init__(self, timeouts: Timeouts, **options: Any) -> None:
        self._timeouts = timeouts
        super().__init__(**options)

    # It asks for the list of devices while it is being made, through a client that becomes the
    # active one just before.
    @property
    def _active_api_client(self) -> RuntimeClient:
        return self._client

    @_active_api_client.setter
    def _active_api_client(self, client: RuntimeClient) -> None:
        session = client._session
        if not isinstance(session.get_adapter("https://"), _Adapter):
            rule = session.get_adapter("https://").max_retries
            adapter = _Adapter(self._timeouts, _Rule(
                total=rule.total,
                connect=rule.connect,
                other=0,
                backoff_factor=rule.backoff_factor,
                status_forcelist=rule.status_forcelist,
            ))  # fmt: skip
            for scheme in ("http://", "https://"):
                session.mount(scheme, adapter)
            session.auth.tm.http_config = {"timeout": (self._timeouts.connect, self._timeouts.read)}
        self._client = client


class _Adapter(HTTPAdapter):
    """Sends requests with our time-outs, also where the client has none."""

    def __init__(self, timeouts: Timeouts, rule: Retry) -> None:
        self.timeouts = timeouts
        super().__init__(max_retries=rule)

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        return super().send(request, *args, **options | {"timeout": self.timeouts.of(request)})


class _Rule(Retry):
    """Repeats no POST that was sent, and nothing that was not answered in time.

    Behind a gateway's error may be a job that was accepted: to repeat the POST would submit a
    second job, and urllib3's rule repeats it only where the connection was never made. The caller
    decides how long to wait.
    """

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        *rest: Any,
        **options: Any,
    ) -> Self:
        if isinstance(error, ReadTimeoutError):
            raise error
        return super().increment(method, url, response, error, *rest, **options)
