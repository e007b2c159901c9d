"""A small daemon that speaks the contract: real HTTP on a real Unix socket, with answers and faults by script."""

import json
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sidecar import hello
from sidecar.errors import SidecarError, UnknownRoute

FRESH = {"generation": 7, "lag_ms": 0, "degraded": []}


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    body: Any


@dataclass
class Answer:
    result: Any = None
    info: dict[str, Any] | None = None
    messages: list[Any] = field(default_factory=list)


@dataclass
class Raw:
    """Bytes instead of an HTTP answer; then the connection is closed, or held open until the end of the test."""

    data: bytes
    hold: bool = False


class StubDaemon(ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sc-"))  # short: a socket's path may have some 100 characters
        self.socket_path = self.folder / "s"
        self.requests: list[Request] = []
        self.routes: dict[tuple[str, str], Any] = {}
        self.released = threading.Event()
        super().__init__(str(self.socket_path), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def on(self, method: str, path: str, answer: Any) -> None:
        """Script a route: an Answer, a Raw, an error, or a function from request to one of these."""
        self.routes[method, path] = answer

    def end(self) -> None:
        self.released.set()
        self.shutdown()
        self._thread.join()
        self.server_close()
        shutil.rmtree(self.folder)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StubDaemon

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        request = Request(self.command, parts.path, query, body)
        self.server.requests.append(request)
        answer = self.server.routes.get((request.method, request.path), UnknownRoute(route=request.path))
        if isinstance(answer, Callable):
            answer = answer(request)
        self.close_connection = True
        if isinstance(answer, Raw):
            self.wfile.write(answer.data)
            self.wfile.flush()
            if answer.hold:
                self.server.released.wait()
            return
        self._send(*_envelope(answer))

    do_GET = do_POST = do_DELETE = do_PATCH = _serve  # noqa: N815 - the names that the base class looks for

    def _send(self, status: int, envelope: dict[str, Any]) -> None:
        data = json.dumps(envelope).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header(hello.HEADER, str(hello.PROTOCOL))
        self.end_headers()
        self.wfile.write(data)

    def address_string(self) -> str:
        return "stub"

    def log_message(self, *args: object) -> None:
        pass


def _envelope(answer: Any) -> tuple[int, dict[str, Any]]:
    if isinstance(answer, SidecarError):
        problem = {"code": answer.code, "message": answer.message, "hint": answer.hint}
        return answer.http_status, {"result": None, "success": False, "errors": [problem], "messages": []}
    info = {"index": FRESH, **(answer.info or {})}
    envelope = {"result": answer.result, "success": True, "errors": [], "messages": answer.messages}
    return 200, {**envelope, "result_info": info}
