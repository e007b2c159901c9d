"""A program and a daemon of different versions: they say so, and nothing is misunderstood in silence."""

from __future__ import annotations

import asyncio
import io
import json

import pytest
from stub_daemon import Raw, StubDaemon

from sidecar import AsyncMemory, __version__, hello
from sidecar.cli.transfer import download
from sidecar.client import Client, encoded
from sidecar.errors import DaemonOlder, FieldError, ProgramOlder, SidecarError, UnknownMemory, UnknownRoute

OLDER = f"Server: sidecar/0.0.1\r\n{hello.HEADER}: {hello.OLDEST - 1}\r\n".encode()
UNNAMED = b"Server: sidecar/0.1.0\r\n"
"""A daemon from before the hello: it names its version, and no language."""
NEWER = f"Server: sidecar/9.0.0\r\n{hello.HEADER}: {hello.PROTOCOL + 1}\r\n".encode()
OTHER = f"Server: sidecar/0.0.9\r\n{hello.HEADER}: {hello.PROTOCOL}\r\n".encode()


def answer(headers: bytes, error: SidecarError | None = None) -> Raw:
    failures = [] if error is None else [{"code": error.code, "message": error.message, "hint": error.hint}]
    data = json.dumps({"result": {"pid": 3}, "success": error is None, "errors": failures, "messages": []}).encode()
    status = b"200 OK" if error is None else b"400 Bad Request"
    return Raw(b"HTTP/1.1 %b\r\n%bContent-Length: %d\r\n\r\n%b" % (status, headers, len(data), data))


@pytest.fixture
def client(stub: StubDaemon) -> Client:
    return Client(stub.socket_path, timeout=60)


def test_every_request_says_which_language_its_side_speaks() -> None:
    assert f"\r\n{hello.HEADER}: {hello.PROTOCOL}\r\n".encode() in encoded("POST", "/v1/recall", {"query": "port"})


def test_a_daemon_too_old_is_named_with_what_to_do(stub: StubDaemon, client: Client) -> None:
    stub.on("POST", "/v1/recall", answer(OLDER))
    with pytest.raises(DaemonOlder, match=r"0\.0\.1.*" + __version__.replace(".", r"\.")) as caught:
        client.request("POST", "/v1/recall", {"query": "port"})
    assert "sidecar down" in caught.value.hint


def test_a_daemon_too_old_is_named_to_those_who_wait_and_to_those_who_download(stub: StubDaemon) -> None:
    stub.on("POST", "/v1/recall", answer(OLDER))
    stub.on("GET", "/v1/export", answer(OLDER))
    with pytest.raises(DaemonOlder):
        asyncio.run(AsyncMemory(socket=stub.socket_path).recall("port"))
    kept = io.BytesIO()
    with pytest.raises(DaemonOlder):
        download(stub.socket_path, "/v1/export", {}, kept, seconds=5)
    assert kept.getvalue() == b""


@pytest.mark.parametrize("path", sorted(hello.ALWAYS))
@pytest.mark.parametrize("headers", [OLDER, NEWER])
def test_a_daemon_of_any_age_can_be_seen_and_ended(stub: StubDaemon, client: Client, path: str, headers: bytes) -> None:
    method = "POST" if path == "/v1/shutdown" else "GET"
    stub.on(method, path, answer(headers))
    assert client.request(method, path, {} if method == "POST" else None) == {"pid": 3}


@pytest.mark.parametrize("headers", [UNNAMED, UNNAMED + f"{hello.HEADER}: {'9' * 5000}\r\n".encode()])
def test_a_daemon_that_names_no_language_speaks_the_first_one(stub: StubDaemon, client: Client, headers: bytes) -> None:
    stub.on("POST", "/v1/recall", answer(headers))
    assert client.request("POST", "/v1/recall", {"query": "port"}) == {"pid": 3}


def test_a_newer_daemon_that_still_understands_answers(stub: StubDaemon, client: Client) -> None:
    stub.on("POST", "/v1/recall", answer(NEWER))
    assert client.request("POST", "/v1/recall", {"query": "port"}) == {"pid": 3}


@pytest.mark.parametrize(
    "error", [UnknownRoute(route="/v1/new"), FieldError(field="at", problem="is new"), SidecarError(detail="new")]
)
@pytest.mark.parametrize(("headers", "version"), [(OTHER, "0.0.9"), (NEWER, "9.0.0")])
def test_what_another_version_does_not_know_is_told_with_both_versions(
    stub: StubDaemon, client: Client, error: SidecarError, headers: bytes, version: str
) -> None:
    stub.on("POST", "/v1/new", answer(headers, error))
    with pytest.raises(type(error)) as caught:
        client.request("POST", "/v1/new", {})
    assert caught.value.hint.startswith(error.hint)
    assert version in caught.value.hint
    assert __version__ in caught.value.hint


def test_other_errors_of_another_version_are_told_as_they_are(stub: StubDaemon, client: Client) -> None:
    stub.on("GET", "/v1/memories/x", answer(OTHER, UnknownMemory(id="x", profile="web")))
    with pytest.raises(UnknownMemory) as caught:
        client.request("GET", "/v1/memories/x")
    assert caught.value.hint == UnknownMemory.hint


def test_a_program_too_old_hears_of_it_from_its_daemon(stub: StubDaemon, client: Client) -> None:
    refusal = ProgramOlder(daemon="9.0.0", spoken=1, needed=2)
    stub.on("POST", "/v1/recall", answer(NEWER, refusal))
    with pytest.raises(ProgramOlder, match="speaks protocol 1; it needs 2"):
        client.request("POST", "/v1/recall", {"query": "port"})


def test_exit_codes_tell_versions_apart_from_no_daemon() -> None:
    assert DaemonOlder.exit_code == ProgramOlder.exit_code == 21
