"""Asking a model server what it has: a real HTTP server that answers well, badly, late or not at all."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import ollama as client
import pytest

from sidecar.errors import ModelFailed, RemoteModelHost
from sidecar.extract.model import _translated, check_allowed, probe

Answer = tuple[int, bytes]


@contextmanager
def server(answer: Callable[[str], Answer], keys: list[str] | None = None) -> Iterator[str]:
    """A server on loopback that gives `answer(path)`, a 302 with its body as the target; yields its address.

    `keys` receives the authorization of each request, empty for none.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer(self.path)
            if keys is not None:
                keys.append(self.headers.get("Authorization", ""))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", body.decode() + self.path)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}"
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


@contextmanager
def speaking(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that answers each connection with what `answer` writes, however wrong; yields its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(60)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    answer(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def ollama(path: str) -> Answer:
    names = ["qwen3:4b-instruct", "gemma:latest", "gpt-oss:120b-cloud"]
    models = [*({"name": name, "model": name} for name in names), {"other": 1}]
    found = {"/api/version": {"version": "0.12.1"}, "/api/tags": {"models": models}}
    return (200, json.dumps(found[path]).encode()) if path in found else (404, b"{}")


def test_a_server_tells_its_version_and_models() -> None:
    with server(ollama) as host:
        found = probe(host, timeout_s=5)
    assert (found.reachable, found.version, found.problem) == (True, "0.12.1", None)
    assert found.models == ("gemma:latest", "qwen3:4b-instruct")
    assert found.has("gemma")
    assert found.has("qwen3:4b-instruct")
    assert not found.has("qwen3")


def test_cloud_models_are_listed_only_where_text_may_leave() -> None:
    with server(ollama) as host:
        assert "gpt-oss:120b-cloud" in probe(host, timeout_s=5, allow_remote=True).models


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"version": 3, "models": []}'),
        (200, b'{"version": "1"}'),
        (200, b"\xff"),
    ],
)
def test_another_program_on_the_port_is_no_model_server(answer: Answer) -> None:
    with server(lambda _path: answer) as host:
        found = probe(host, timeout_s=5)
    assert not found.reachable
    assert found.problem == "it answers, but not as Ollama does"


def test_an_error_status_is_named() -> None:
    with server(lambda _path: (503, b"busy")) as host:
        assert probe(host, timeout_s=5).problem == "it answers 503 to /api/version"


def test_no_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    found = probe(f"127.0.0.1:{port}", timeout_s=5)
    assert (found.reachable, found.problem) == (False, "nothing listens there")


def test_a_server_that_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = probe(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.05)
    assert (found.reachable, found.problem) == (False, "it does not answer in time")


def test_a_server_that_never_ends_its_answer_is_given_up() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            connection.sendall(b" ")
            time.sleep(0.01)

    with speaking(drip) as host:
        found = probe(host, timeout_s=0.2)
    assert (found.reachable, found.problem) == (False, "it does not answer in time")


def test_a_server_that_pours_is_given_up() -> None:
    def pour(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)

    with speaking(pour) as host:
        found = probe(host, timeout_s=30)
    assert (found.reachable, found.problem) == (False, "it answers, but not as Ollama does")


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
def test_what_does_not_speak_http_is_no_model_server(answer: bytes) -> None:
    with speaking(lambda connection: connection.sendall(answer)) as host:
        found = probe(host, timeout_s=5)
    assert (found.reachable, found.problem) == (False, "it answers, but not as Ollama does")


def test_an_error_of_the_list_is_named() -> None:
    with server(lambda path: ollama(path) if path == "/api/version" else (500, b"no")) as host:
        assert probe(host, timeout_s=5).problem == "it answers 500 to /api/tags"


@pytest.mark.parametrize("moved", ["/api/version", "/api/tags"])
def test_no_server_can_send_us_to_another(moved: str) -> None:
    asked: list[str] = []

    def elsewhere(path: str) -> Answer:
        asked.append(path)
        return ollama(path)

    with server(elsewhere) as target:
        redirect = (302, target.encode())
        with server(lambda path: redirect if path == moved else ollama(path)) as host:
            found = probe(host, timeout_s=5)
    assert (found.reachable, found.problem) == (False, f"it answers 302 to {moved}")
    assert asked == []


def test_nothing_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def watched(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n")
        seen.append("proxied")

    with speaking(watched) as proxy, server(ollama, seen) as host:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.setenv("OLLAMA_API_KEY", "not-for-you")
        monkeypatch.setenv("OLLAMA_HOST", proxy)
        assert probe(host, timeout_s=5).reachable
    assert seen == ["", ""]


def test_everything_that_the_client_library_raises_is_translated() -> None:
    raised = [kind for kind in vars(httpx).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    raised += [kind for kind in vars(client).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    raised.remove(httpx.CookieConflict)  # only for who reads cookies by name
    assert {client.ResponseError, client.RequestError, httpx.ReadTimeout, httpx.InvalidURL} <= set(raised)
    for kind in (*raised, ConnectionError, TypeError, ValueError):
        error = kind.__new__(kind, "why")
        if isinstance(error, client.ResponseError):
            error = client.ResponseError("why", 500)
        with pytest.raises(ModelFailed) as failed, _translated("http://127.0.0.1:1"):
            raise error
        assert failed.value.fields["why"]


def test_the_client_library_is_imported_when_a_server_is_asked() -> None:
    program = (
        "import sys, sidecar.extract, sidecar.extract.rules, sidecar.extract.model; print('ollama' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    "host", ["http://192.0.2.7:11434", "models.example.org", "https://ollama.com", "127.0.0.1.example.org"]
)
def test_another_machine_is_refused_before_anything_is_sent(host: str) -> None:
    with pytest.raises(RemoteModelHost):
        probe(host, timeout_s=0.05)


def test_what_may_be_spoken_to() -> None:
    assert check_allowed("localhost", "qwen3:4b") == "http://localhost:11434"
    assert check_allowed("[::1]:11434") == "http://[::1]:11434"
    assert check_allowed("192.0.2.7", "kimi-k2:cloud", allow_remote=True) == "http://192.0.2.7:11434"
    with pytest.raises(RemoteModelHost):
        check_allowed("127.0.0.1", None, "kimi-k2:cloud")
    with pytest.raises(ModelFailed):
        check_allowed("not an address")
