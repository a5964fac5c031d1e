"""The HTTP side: reads requests, and answers them truly or as a fault would have it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import socketserver
import struct
import sys
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from recycling.rehearsal.effects import (
    Answer,
    Corrupt,
    Delay,
    Destiny,
    Die,
    Drop,
    Reset,
    Status,
    Truncate,
    Twice,
)
from recycling.rehearsal.http import Reply, Request
from recycling.rehearsal.routes import answer

if TYPE_CHECKING:
    from recycling.rehearsal.service import LoopbackService

#: Names of this machine by which a client may ask.
_HOSTS = ("127.0.0.1", "localhost")


class Server(ThreadingHTTPServer):
    """A thread for each connection; connections serve one request."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, service: LoopbackService, port: int) -> None:
        self.service = service
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError:  # another process has taken the port that it had
            super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server who 127.0.0.1 is."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def _serve(self) -> None:
        self.close_connection = True
        service, request = self.server.service, self._request()
        # A page in a browser may reach this address by a name that it chose.
        if urlsplit(f"//{request.headers.get('Host', '')}").hostname not in _HOSTS:
            self._send(_bytes(Reply(code=421)))
            return
        service.count(request.method, request.path)
        match service.faults.draw(request.method, request.path, _tags(request)):
            case None:
                self._send(_bytes(answer(service, request)))
            case Destiny() as destiny:
                self._send(_bytes(answer(service, _with_destiny(request, destiny))))
            case Status() as status:
                if status.accept:
                    answer(service, request)
                self._send(_bytes(_failure(status)))
            case Twice():
                answer(service, request)
                self._send(_bytes(answer(service, request)))
            case Drop(accept=accept):
                if accept:
                    answer(service, request)
            case Delay(seconds=seconds):
                reply = answer(service, request)
                service.stopping.wait(seconds)
                self._send(_bytes(reply))
            case Reset():
                whole = _bytes(answer(service, request))
                self._send(whole[: -(len(whole.partition(b"\r\n\r\n")[2]) // 2) or None])
                self._reset()
            case Truncate(declared=declared):
                self._send(_truncated(answer(service, request), declared=declared))
            case Corrupt(valid=valid):
                self._send(_bytes(_corrupted(answer(service, request), valid=valid)))
            case Answer(body=body, code=code):
                self._send(_bytes(Reply(body, code)))
            case Die():
                answer(service, request)
                os.kill(os.getpid(), signal.SIGKILL)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve

    def log_message(self, *_arguments: Any) -> None:
        """Keep quiet."""

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return Request(
            method=self.command,
            path=parts.path,
            query=parse_qs(parts.query),
            headers=dict(self.headers.items()),
            body=body,
        )

    def _send(self, content: bytes) -> None:
        self.wfile.write(content)

    def _reset(self) -> None:
        """Close with a lingering time of zero, which resets instead of ending in good order."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()


def _with_destiny(request: Request, destiny: Destiny) -> Request:
    return Request(**{**vars(request), "destiny": destiny})


def _tags(request: Request) -> tuple[str, ...]:
    """Tags of the job that a request submits, if it submits one."""
    if request.method != "POST" or not request.path.endswith("/jobs"):
        return ()
    return tuple(json.loads(request.body).get("tags", ()))


def _bytes(reply: Reply, length: int | None = None) -> bytes:
    headers = {
        "Content-Type": reply.content_type,
        "Content-Length": str(len(reply.body) if length is None else length),
        "Connection": "close",
        **reply.headers,
    }
    lines = [f"HTTP/1.1 {reply.code} {responses[reply.code]}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + reply.body


def _failure(status: Status) -> Reply:
    error = {"code": status.code, "message": responses[status.code]}
    after = {} if status.retry_after is None else {"Retry-After": str(status.retry_after)}
    return Reply(json.dumps({"errors": [error]}).encode(), status.code, headers=after)


def _truncated(reply: Reply, *, declared: bool) -> bytes:
    half = Reply(reply.body[: len(reply.body) // 2], reply.code, reply.content_type)
    return _bytes(half, len(reply.body) if declared else None)


def _corrupted(reply: Reply, *, valid: bool) -> Reply:
    """Damage the middle of the answer so that JSON notices, or the data so that it does not."""
    body = bytearray(reply.body)
    if valid:
        start, end = _longest_data(reply.body)
        middle = (start + end) // 2
        body[middle] = ord("A") if body[middle] != ord("A") else ord("B")
    else:
        for place in (len(body) // 2, len(body) - 1):
            body[place] ^= 0x08
    return Reply(bytes(body), reply.code, reply.content_type)


def _longest_data(body: bytes) -> tuple[int, int]:
    """Ends of the longest base64 text of a result."""
    spans = [match.span(1) for match in re.finditer(rb'"data":"([^"]+)"', body)]
    return max(spans, key=lambda span: span[1] - span[0])
