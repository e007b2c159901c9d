"""The client against a real socket: what it sends, what it makes of answers, and of daemons that misbehave."""

import contextlib
import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from stub_daemon import Answer, Raw, StubDaemon

from sidecar.client import Client, Profile
from sidecar.errors import BadAnswer, DaemonSilent, FieldError, NoDaemon, SidecarError, UnknownMemory

HERE = Profile(cwd="/home/ines/ferrybook")


@pytest.fixture
def client(stub: StubDaemon) -> Client:
    return Client(stub.socket_path, timeout=60)


def test_a_request_carries_method_path_query_and_body(stub: StubDaemon, client: Client) -> None:
    stub.on("POST", "/v1/x", Answer({"n": 1}))
    result = client.request("POST", "/v1/x", {"query": "Grüße 🚢"}, query={"a": "b c&d", "none": None, "yes": True})
    assert result == {"n": 1}
    [request] = stub.requests
    assert (request.method, request.body) == ("POST", {"query": "Grüße 🚢"})
    assert request.query == {"a": "b c&d", "yes": "true"}


def test_result_info_and_messages_of_the_last_answer_stay_at_hand(stub: StubDaemon, client: Client) -> None:
    stub.on("GET", "/v1/memories", Answer([{"id": "1"}], {"cursor": "next"}, [{"message": "degraded: no model"}]))
    assert client.memories(HERE, per_page=1) == [{"id": "1"}]
    assert client.last is not None
    assert client.last.result_info["cursor"] == "next"
    assert client.last.messages == [{"message": "degraded: no model"}]
    assert client.last.status == 200


def test_the_daemons_error_arrives_as_the_same_class(stub: StubDaemon, client: Client) -> None:
    stub.on("GET", "/v1/memories/01X", UnknownMemory(id="01X", profile="local/web"))
    with pytest.raises(UnknownMemory) as caught:
        client.memory(HERE, "01X")
    assert caught.value.message == "There is no memory 01X in profile local/web."
    assert caught.value.hint == UnknownMemory.hint
    assert caught.value.exit_code == 4


def test_an_error_of_a_newer_daemon_is_still_an_error_with_its_words(stub: StubDaemon, client: Client) -> None:
    body = {"success": False, "errors": [{"code": 999_999, "message": "The tide is out.", "hint": "Wait."}]}
    stub.on("GET", "/v1/status", Raw(http(body, status=b"418 Teapot")))
    with pytest.raises(SidecarError, match="The tide is out") as caught:
        client.status()
    assert caught.value.hint == "Wait."


def http(body: object, status: bytes = b"200 OK", extra: bytes = b"") -> bytes:
    data = json.dumps(body).encode()
    return b"HTTP/1.1 " + status + b"\r\n" + extra + b"Content-Length: %d\r\n\r\n" % len(data) + data


def chunked(*pieces: bytes) -> bytes:
    parts = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\n\r\n"


def test_a_chunked_answer_is_put_together(stub: StubDaemon, client: Client) -> None:
    stub.on("GET", "/v1/status", Raw(chunked(b'{"success": true, ', b'"result": {"pid": 3}}')))
    assert client.status() == {"pid": 3}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "closed"),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{}", "cut off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "without JSON"),
        (http([1, 2]), "without an envelope"),
        (http({"ok": True}), "without an envelope"),
        (chunked(b'{"success": true}')[:-9], "cut off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "cut off"),
    ],
)
def test_what_is_no_answer_of_ours_is_said_to_be_none(stub: StubDaemon, client: Client, data: bytes, why: str) -> None:
    stub.on("GET", "/v1/status", Raw(data))
    with pytest.raises(BadAnswer, match=why):
        client.status()


def test_a_daemon_that_hangs_or_stops_midway_is_given_up(stub: StubDaemon) -> None:
    for data in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"):
        stub.on("GET", "/v1/status", Raw(data, hold=True))
        with pytest.raises(DaemonSilent, match=r"within 0\.2 s"):
            Client(stub.socket_path, timeout=0.2).status()


def test_a_daemon_that_drips_does_not_stretch_the_time_limit(tmp_path: Path, stub: StubDaemon) -> None:
    path = stub.folder / "drip"
    stopped = threading.Event()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    while not stopped.wait(0.05):
                        connection.sendall(b"x")
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(DaemonSilent):
            Client(path, timeout=0.3).status()
        stopped.set()
        thread.join()


def test_nobody_at_the_socket(tmp_path: Path, stub: StubDaemon) -> None:
    with pytest.raises(NoDaemon, match="nothing-here") as caught:
        Client(tmp_path / "nothing-here").status()
    assert "sidecar up" in caught.value.hint
    left_over = stub.folder / "stale"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(left_over))
    with pytest.raises(NoDaemon):
        Client(left_over).status()


def test_a_path_too_long_for_a_socket_is_explained() -> None:
    with pytest.raises(NoDaemon) as caught:
        Client("/tmp/" + "x" * 200).status()
    assert "shorter" in caught.value.hint


def test_a_profile_by_name_goes_into_the_path_and_a_folder_into_the_body(stub: StubDaemon, client: Client) -> None:
    named = Profile(name="web", namespace="team")
    stub.on("POST", "/v1/recall", Answer({"count": 0}))
    stub.on("POST", "/v1/namespaces/team/profiles/web/recall", Answer({"count": 0}))
    stub.on("POST", "/v1/search", Answer({"count": 0}))
    client.recall(HERE, "q", limit=3)
    client.recall(named, "q")
    client.search(named, "q")
    client.recall(Profile(), "q")
    assert [request.body for request in stub.requests] == [
        {"query": "q", "limit": 3, "cwd": "/home/ines/ferrybook"},
        {"query": "q"},
        {"query": "q", "namespace": "team", "profile": "web"},
        {"query": "q"},
    ]


def test_names_are_encoded_in_paths(stub: StubDaemon, client: Client) -> None:
    stub.on("GET", "/v1/memories/..%2F%C3%A4%3Fb", FieldError(field="id", problem="no"))
    with pytest.raises(FieldError):
        client.memory(HERE, "../ä?b")


def test_every_helper_uses_its_route(stub: StubDaemon, client: Client) -> None:
    calls = [
        ("GET", "/v1/healthz", client.health),
        ("POST", "/v1/remember", lambda: client.remember(HERE, "text", type="fact")),
        ("POST", "/v1/summary", lambda: client.summary(HERE)),
        ("POST", "/v1/memories/01X/forget", lambda: client.forget(HERE, "01X", "wrong")),
        ("GET", "/v1/review", lambda: client.proposed(HERE, per_page=5)),
        ("POST", "/v1/memories/01X/review", lambda: client.review(HERE, "01X", "accept", content="x")),
        ("GET", "/v1/log", lambda: client.log(HERE, limit=5)),
        ("DELETE", "/v1/memories/01X", lambda: client.delete(HERE, "01X")),
        ("PATCH", "/v1/memories/01X", lambda: client.patch(HERE, "01X", pinned=True)),
        ("GET", "/v1/memories/01X/text", lambda: client.memory_text(HERE, "01X")),
        ("GET", "/v1/diff", lambda: client.diff(HERE, "v1", "v2")),
        ("POST", "/v1/undo", lambda: client.undo(HERE, "v1")),
        ("GET", "/v1/snapshots", lambda: client.snapshots(HERE)),
        ("POST", "/v1/snapshots", lambda: client.snapshot(HERE, "v3")),
        ("POST", "/v1/removal", lambda: client.preview_removal(HERE, "purge", ids=["01X"])),
        ("POST", "/v1/purge", lambda: client.purge(HERE, ["01X"])),
        ("GET", "/v1/namespaces/local/profiles", client.profiles),
        ("DELETE", "/v1/namespaces/local/profiles/web", lambda: client.delete_profile("web")),
        ("DELETE", "/v1/namespaces/local/profiles/web/sessions/a%2Fb", lambda: client.delete_session("web", "a/b")),
        ("POST", "/v1/transcripts", lambda: client.ingest_transcripts(["/a"], agent="codex", dry_run=True)),
        ("POST", "/v1/pause", client.pause),
        ("POST", "/v1/resume", client.resume),
        ("POST", "/v1/rebuild", client.rebuild),
        ("POST", "/v1/shutdown", client.shutdown),
    ]
    for method, path, call in calls:
        stub.on(method, path, Answer())
        call()
    assert [(request.method, request.path) for request in stub.requests] == [(m, p) for m, p, _ in calls]
    bodies = {request.path: request.body for request in stub.requests}
    assert bodies["/v1/memories/01X/forget"] == {"reason": "wrong", "cwd": HERE.cwd}
    assert bodies["/v1/purge"] == {"ids": ["01X"], "cwd": HERE.cwd}
    assert bodies["/v1/removal"] == {"action": "purge", "ids": ["01X"], "cwd": HERE.cwd}
    assert bodies["/v1/memories/01X/review"] == {"decision": "accept", "content": "x", "cwd": HERE.cwd}
    assert bodies["/v1/transcripts"] == {"paths": ["/a"], "agent": "codex", "dry_run": True}


def test_importing_the_client_loads_only_the_standard_library() -> None:
    program = (
        "import sys; before = set(sys.modules); import sidecar.client; new = set(sys.modules) - before\n"
        "print(*sorted(name for name in new if name.partition('.')[0] not in sys.stdlib_module_names))\n"
        "heavy = {'http', 'urllib', 'email', 'ssl', 'asyncio', 'dataclasses', 'inspect', 'logging', 'subprocess'}\n"
        "print(*sorted(heavy & new))"
    )
    checkout = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True, cwd=checkout
    )
    ours, heavy = done.stdout.split("\n")[:2]
    errors = " ".join(f"sidecar.errors.{name}" for name in ("access", "base", "exchange", "model", "past", "sharing"))
    assert ours == f"sidecar sidecar.client sidecar.errors {errors} sidecar.hello sidecar.meeting"
    assert heavy == ""


def test_where_too_many_wait_a_client_waits_too(tmp_path: Path) -> None:
    """A full queue of the socket is no absent daemon."""
    with contextlib.ExitStack() as opened:
        busy = opened.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        busy.bind(str(tmp_path / "s.sock"))
        busy.listen(0)
        for _ in range(4):
            other = opened.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            other.setblocking(False)
            other.connect_ex(str(tmp_path / "s.sock"))
        with pytest.raises(DaemonSilent):
            Client(tmp_path / "s.sock", timeout=0.2).health()
