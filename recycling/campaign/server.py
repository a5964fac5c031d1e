"""The metrics of a campaign over HTTP, for Prometheus on the same host.

Interface: ``serve(port, read)`` serves until it is interrupted; ``serving(port, read)`` during a
block, and gives the address. ``read()`` returns the status and the samples of the moment, as
``exposition.registry_of`` takes them.

It listens on the loopback address alone, and reads: it neither writes nor knows the log's key.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from threading import Event, Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from recycling.campaign.exposition import registry_of
from recycling.campaign.telemetry import Sample
from recycling.errors import BadInput, reason_of

Read = Callable[[], tuple[Mapping[str, Any], Iterable[Sample]]]
LOOPBACK = "127.0.0.1"
_PLAIN = ("Content-Type", "text/plain; charset=utf-8")


def serve(port: int, read: Read, say: Callable[[str], None] = print) -> None:
    """Serve the metrics until interrupted; says the address once it listens.

    Raises:
        BadInput: the port is none, or is taken.
        KeyboardInterrupt: it was interrupted.

    Example:
        >>> def stop(line):
        ...     raise KeyboardInterrupt
        >>> try:
        ...     serve(0, lambda: ({}, []), say=stop)
        ... except KeyboardInterrupt:
        ...     print("stopped")
        stopped
    """
    with serving(port, read) as address:
        say(address)
        sys.stdout.flush()
        Event().wait()


@contextmanager
def serving(port: int, read: Read) -> Iterator[str]:
    """Serve the metrics during a block.

    Args:
        port: TCP port; 0 takes a free one.
        read: returns the status and the samples. It is called for each request, by its thread.

    Yields:
        Address of the metrics.

    Raises:
        BadInput: the port is none, or is taken.

    Example:
        >>> from urllib.request import urlopen
        >>> status = {"runs": {"done": 3}, "qpu_seconds": 6, "slo": [], "source": "simulated"}
        >>> with serving(0, lambda: (status, [])) as address, urlopen(address) as answer:
        ...     b"recycling_campaign_runs_total" in answer.read()
        True
    """
    with listening(port, _application(read)) as address:
        yield f"{address}metrics"


@contextmanager
def listening(port: int, application: Callable[..., Iterable[bytes]]) -> Iterator[str]:
    """Serve a WSGI application on the loopback address alone, during a block.

    Args:
        port: TCP port; 0 takes a free one.
        application: it is called for each request, by a thread of its own.

    Yields:
        Address of its root.

    Raises:
        BadInput: the port is none, or is taken.

    Example:
        >>> from urllib.request import urlopen
        >>> def application(environ, start_response):
        ...     start_response("200 OK", [("Content-Type", "text/plain")])
        ...     return [environ["PATH_INFO"].encode()]
        >>> with listening(0, application) as address, urlopen(f"{address}here") as answer:
        ...     answer.read()
        b'/here'
    """
    if not 0 <= port <= 65_535:
        raise BadInput(f"port = {port}: give 0 (any that is free) to 65535")
    try:
        server = make_server(LOOPBACK, port, application, _Server, _Handler)
    except OSError as error:
        raise BadInput(f"port = {port}: {reason_of(error)}; give another one, or 0") from None
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingMixIn, WSGIServer):
    """A request that hangs holds up no other one, nor the end."""

    daemon_threads = True
    block_on_close = False


class _Handler(WSGIRequestHandler):
    """Says nothing: one line a scrape would bury the rest."""

    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _application(read: Read) -> Callable[[dict[str, Any], Any], list[bytes]]:
    """WSGI application that answers in the format of the request's Accept: OpenMetrics or text."""

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        from prometheus_client.exposition import choose_encoder

        if environ["REQUEST_METHOD"] != "GET":
            start_response("405 Method Not Allowed", [_PLAIN, ("Allow", "GET")])
            return [b"only GET\n"]
        if environ["PATH_INFO"] not in ("/", "/metrics"):
            start_response("404 Not Found", [_PLAIN])
            return [b"see /metrics\n"]
        encode, kind = choose_encoder(environ.get("HTTP_ACCEPT", ""))
        try:
            content = encode(registry_of(*read()))
        except BadInput as error:
            start_response("503 Service Unavailable", [_PLAIN])
            return [f"{error.one_line}\n".encode()]
        start_response("200 OK", [("Content-Type", kind)])
        return [content]

    return application
