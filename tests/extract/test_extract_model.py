"""Asking a model server what it has: a real HTTP server that answers well, badly, late or not at all."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sidecar.errors import ModelFailed, RemoteModelHost
from sidecar.extract.model import check_allowed, probe

Answer = tuple[int, bytes]


@contextmanager
def server(answer: Callable[[str], Answer]) -> Iterator[str]:
    """A server on loopback that gives `answer(path)`; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer(self.path)
            self.send_response(status)
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


def ollama(path: str) -> Answer:
    models = [{"name": "qwen3:4b-instruct"}, {"name": "gemma:latest"}, {"name": "gpt-oss:120b-cloud"}, {"other": 1}]
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
