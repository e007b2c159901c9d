"""Review and dry run on a real daemon, from the transcript on disk to the command line and back."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from running import ClaudeSession, Daemon, git, tree

from sidecar.errors import ChangedOnDisk, FieldError, NotProposed

PROFILE = "/v1/namespaces/local/profiles/web"
TEXT = "always deploy the kiosk with make kiosk-ship, never with scp"


@pytest.fixture
def api(daemon: Daemon) -> Daemon:
    """A running daemon in which everything that is learned waits for review."""
    daemon.environ = {"SIDECAR_EXTRACT_REVIEW": "true", "SIDECAR_EXTRACT_EXTRACTOR": "rules"}
    return daemon.start()


def _post(api: Daemon, path: str, **body: Any) -> Any:
    return api.client.request("POST", path, body)


def _ingest(api: Daemon, text: str, session: str = "s1") -> None:
    messages = [{"role": "user", "content": text}]
    _post(api, f"{PROFILE}/ingest", messages=messages, sessionId=session, wait=True)


def _waiting(api: Daemon) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.client.request("GET", f"{PROFILE}/review")
    return found


def _recalled(api: Daemon, query: str) -> list[str]:
    found = _post(api, f"{PROFILE}/recall", query=query, kinds=["memory"])
    return [candidate["id"] for candidate in found["candidates"]]


def test_what_is_accepted_is_recalled_and_what_is_not_is_not(api: Daemon) -> None:
    _ingest(api, TEXT)
    (memory,) = _waiting(api)
    assert (memory["status"], memory["why"]) == ("proposed", "extract.review is set")
    assert _recalled(api, "how is the kiosk deployed?") == []
    route = f"{PROFILE}/memories/{memory['id']}/review"
    with pytest.raises(ChangedOnDisk):
        _post(api, route, decision="accept", expected_sha256="0" * 64)
    with pytest.raises(FieldError, match="content"):
        _post(api, route, decision="reject", content="x")
    accepted = _post(api, route, decision="accept", expected_sha256=memory["sha256"])
    assert (accepted["id"], accepted["status"]) == (memory["id"], "active")
    assert _recalled(api, "how is the kiosk deployed?") == [memory["id"]]
    assert _waiting(api) == []
    with pytest.raises(NotProposed):
        _post(api, route, decision="accept")
    api.settle()
    assert "accepted in review" in git(api.store / "web", "log", "--format=%B", "-1")
    for _ in range(3):
        _ingest(api, TEXT)
    assert _waiting(api) == []
    assert git(api.store / "web", "status", "--porcelain") == ""


def test_what_is_rejected_does_not_return_by_ingest_or_rebuild(api: Daemon) -> None:
    _ingest(api, TEXT)
    (memory,) = _waiting(api)
    rejected = _post(api, f"{PROFILE}/memories/{memory['id']}/review", decision="reject", reason="scp is fine")
    assert rejected["status"] == "forgotten"
    api.settle()
    before = tree(api.store, ())
    for number in range(5):
        _ingest(api, TEXT, session=f"s{number}")
    api.stop()
    shutil.rmtree(api.sidecar_home / "cache")
    api.start()
    _post(api, "/v1/rebuild")
    _ingest(api, TEXT)
    api.settle()
    assert tree(api.store, ()) == before
    assert _waiting(api) == []
    assert _post(api, f"{PROFILE}/recall", query="how is the kiosk deployed?")["count"] == 0


def test_the_whole_of_it_at_the_command_line(api: Daemon, home: Path, tmp_path: Path) -> None:
    for session, text in enumerate((TEXT, "the kiosk service listens on port 4310", "always use tabs in makefiles")):
        _ingest(api, text, f"s{session}")
    listed = api.cli("review", "--profile", "web")
    assert listed.stdout.count("extract.review is set") == 3
    waiting = json.loads(api.cli("review", "-p", "web", "--json").stdout)
    ids = {memory["content"]: memory["id"] for memory in waiting}
    deploy, port, tabs = (next(ids[text] for text in ids if word in text) for word in ("scp", "4310", "tabs"))
    editor = tmp_path / "editor.py"
    editor.write_text("import sys; p = sys.argv[1]; t = open(p).read(); open(p, 'w').write(t.replace('4310', '4400'))")
    api.environ = {**api.environ, "EDITOR": f"{sys.executable} {editor}"}
    assert api.cli("review", "edit", port[-6:], "--profile", "web").returncode == 0
    assert api.cli("review", "accept", deploy, "--profile", "web").returncode == 0
    assert api.cli("review", "reject", "--all", "--profile", "web").returncode == 2
    done = api.cli("review", "reject", "--all", "--yes", "--reason", "spaces", "--profile", "web", "--json")
    assert [memory["id"] for memory in json.loads(done.stdout)] == [tabs]
    assert api.cli("review", "--profile", "web").stdout == "Nothing waits for review.\n"
    assert sorted(_recalled(api, "kiosk port deploy")) == sorted([deploy, port])
    assert "4400" in api.client.request("GET", f"{PROFILE}/memories/{port}")["content"]
    assert api.cli("review", "accept", tabs, "--profile", "web").returncode == 5


def test_a_dry_run_tells_and_changes_nothing(daemon: Daemon, home: Path, project: Path) -> None:
    daemon.environ = {"SIDECAR_EXTRACT_EXTRACTOR": "rules"}
    api = daemon.start()
    session = ClaudeSession(home / "elsewhere", project).say(
        "no, the api listens on port 4310, not 3000", "the api listens on port 4400 now, not 4310 anymore"
    )
    api.settle()
    before = tree(api.store, ())
    status = api.status()
    told = json.loads(api.cli("ingest", "--dry-run", "--json", str(session.path)).stdout)
    actions = [(change["action"], change["status"]) for change in told["planned"]]
    assert ("supersede", "superseded") in actions
    assert told["counts"]["add"] == 2
    assert tree(api.store, ()) == before
    after = api.status()
    assert (after["settled"], after["queue"], after["index"]["generation"], after["profiles"]) == (
        True,
        status["queue"],
        status["index"]["generation"],
        status["profiles"],
    )
    for_people = api.cli("ingest", "--dry-run", str(session.path)).stdout
    assert "Would add 2, revise 0, supersede 1, skip 0." in for_people
    api.cli("ingest", str(session.path))
    api.settle()
    stored = api.client.request("GET", "/v1/memories", query={"cwd": str(project), "status": "all"})
    planned = {change["id"]: change["status"] for change in told["planned"]}
    assert {memory["id"]: memory["status"] for memory in stored} == planned


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_transcript_that_may_not_be_read_fails_the_command(daemon: Daemon, home: Path, project: Path) -> None:
    api = daemon.start()
    path = ClaudeSession(home / "elsewhere", project).say("hello").path
    path.chmod(0)
    try:
        done = api.cli("ingest", str(path))
    finally:
        path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert done.returncode == 16
    assert "may not be read" in done.stderr


def test_a_file_that_is_no_transcript_fails_the_command(daemon: Daemon, home: Path) -> None:
    api = daemon.start()
    (home / "notes.txt").write_text("hello")
    done = api.cli("ingest", str(home / "notes.txt"))
    assert done.returncode == 16
    assert done.stderr.startswith(f"Error: {home / 'notes.txt'} cannot be read as a transcript")
