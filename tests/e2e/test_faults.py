"""What goes wrong with one profile stops no other one, is named, and has a way out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from running import ClaudeSession, Daemon, git, wait_until

from sidecar.errors import StoreVanished

HTTP = "/v1/namespaces/local/profiles"
FRESH = "Please note: the staging server listens on port 7443."


def _tell(daemon: Daemon, profile: str, content: str, **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = daemon.client.request("POST", f"{HTTP}/{profile}/remember", {"content": content, **fields})
    return found


def _recalled(daemon: Daemon, profile: str, query: str) -> list[str]:
    found = daemon.client.request("POST", f"{HTTP}/{profile}/recall", {"query": query})
    return [candidate["content"] for candidate in found["candidates"]]


def _degraded(daemon: Daemon) -> str:
    return " ".join(daemon.status()["index"]["degraded"])


def _services(daemon: Daemon) -> set[str]:
    return {service["state"] for service in daemon.status()["services"]}


def _ingest(daemon: Daemon, profile: str, text: str, session: str = "s1", **fields: Any) -> None:
    body = {"messages": [{"role": "user", "content": text}], "sessionId": session, **fields}
    daemon.client.request("POST", f"{HTTP}/{profile}/ingest", body)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.md") if path.name != "PROFILE.md")


@pytest.fixture
def slow(daemon: Daemon) -> Daemon:
    """A running daemon that does not extract on its own account within a test."""
    daemon.environ = {"SIDECAR_WATCH_QUIET_SECONDS": "3600"}
    return daemon.start()


def test_a_profile_deleted_right_after_an_ingest_stays_deleted(slow: Daemon) -> None:
    _ingest(slow, "web", "Our gauge for the tide is called pelican.")
    _tell(slow, "web", "The web team meets on Thursdays.")
    slow.client.request("DELETE", f"{HTTP}/web")
    assert not _recalled(slow, "web", "what is the gauge for the tide called?")
    assert not _recalled(slow, "web", "when does the web team meet?")
    slow.settle()
    assert not (slow.store / "web").exists()
    assert _services(slow) == {"running"}
    assert slow.status()["profiles"] == []
    _ingest(slow, "api", FRESH, wait=True)
    assert any("7443" in text for text in _recalled(slow, "api", "which port has the staging server?"))
    _tell(slow, "web", "The name is free again.")
    assert _recalled(slow, "web", "is the name free?") == ["The name is free again."]
    slow.client.request("DELETE", f"{HTTP}/web")
    slow.client.request("DELETE", f"{HTTP}/web")


def test_a_namespace_goes_with_all_that_is_in_it(slow: Daemon) -> None:
    slow.client.request("POST", "/v1/namespaces", {"name": "team"})
    body = {"messages": [{"role": "user", "content": "The lighthouse is called heron."}]}
    slow.client.request("POST", "/v1/namespaces/team/profiles/web/ingest", body)
    slow.client.request("DELETE", "/v1/namespaces/team")
    slow.settle()
    assert not (slow.store.parent / "team").exists()
    assert [one["name"] for one in slow.client.request("GET", "/v1/namespaces")] == ["local"]
    slow.client.request("POST", "/v1/namespaces", {"name": "team"})
    found = slow.client.request("POST", "/v1/namespaces/team/profiles/web/recall", {"query": "the lighthouse"})
    assert found["candidates"] == []


def test_an_invalid_profile_file_keeps_nothing_else_from_starting(daemon: Daemon) -> None:
    daemon.start()
    _tell(daemon, "web", "The web team meets on Thursdays.")
    _tell(daemon, "api", "The api team meets on Fridays.")
    daemon.settle()
    daemon.stop()
    path = daemon.store / "web" / "profile.yaml"
    good = path.read_text()
    path.write_text("format: [1\n")
    daemon.start()
    assert "local/web" in _degraded(daemon)
    assert _recalled(daemon, "api", "when does the api team meet?") == ["The api team meets on Fridays."]
    assert _tell(daemon, "api", "The api listens on 8080.")["content"] == "The api listens on 8080."
    assert path.read_text() == "format: [1\n"
    path.write_text(good)
    wait_until("it is mended", lambda: "local/web" not in _degraded(daemon))
    wait_until("it answers", lambda: _recalled(daemon, "web", "when does the web team meet?"))


def test_a_detached_head_delays_the_commits_of_its_profile_alone(daemon: Daemon) -> None:
    daemon.start()
    _tell(daemon, "web", "The web team meets on Thursdays.")
    _tell(daemon, "api", "The api team meets on Fridays.")
    daemon.settle()
    web, api = daemon.store / "web", daemon.store / "api"
    git(web, "checkout", "-q", "--detach")
    _ingest(daemon, "web", FRESH, wait=True)
    assert any("7443" in text for text in _recalled(daemon, "web", "which port has the staging server?"))
    wait_until("it is named", lambda: "detached" in _degraded(daemon))
    before = git(api, "rev-parse", "HEAD")
    _ingest(daemon, "api", "Please note: the backup server listens on port 9999.", wait=True)
    wait_until("the other one is committed", lambda: git(api, "rev-parse", "HEAD") != before)
    assert daemon.status()["queue"] == {"pending": 0, "running": 0, "parked": 0}
    git(web, "switch", "-q", "main")
    wait_until("it is committed", lambda: git(web, "status", "--porcelain") == "")
    wait_until("it is mended", lambda: "detached" not in _degraded(daemon))


@pytest.fixture
def many(daemon: Daemon) -> Daemon:
    """A running daemon with a dozen memories in one profile."""
    daemon.start()
    for number in range(12):
        _tell(daemon, "web", f"Machine number {number} stands in rack {number + 40}.")
    _tell(daemon, "api", "The api team meets on Fridays.")
    daemon.settle()
    return daemon


def test_a_sudden_emptiness_is_named_waits_and_is_accepted(many: Daemon) -> None:
    for path in _files(many.store / "web"):
        path.unlink()
    wait_until("it is named", lambda: "sidecar accept" in _degraded(many))
    assert _recalled(many, "web", "where does machine number 7 stand?")
    with pytest.raises(StoreVanished):
        _tell(many, "web", "The cable is blue.")
    _ingest(many, "web", FRESH)
    wait_until("the job waits", lambda: many.status()["queue"]["pending"] == 1)
    _tell(many, "api", "The api listens on 8080.")
    assert many.status()["queue"]["parked"] == 0
    done = many.cli("accept", "--profile", "web")
    assert done.returncode == 0, done.stderr
    assert "web" not in _degraded(many)
    many.settle()
    assert not any("rack" in text for text in _recalled(many, "web", "where does machine number 7 stand?"))
    assert any("7443" in text for text in _recalled(many, "web", "which port has the staging server?"))


def test_a_removed_folder_answers_until_it_is_back(many: Daemon, tmp_path: Path) -> None:
    shutil.copytree(many.store / "web", tmp_path / "copy")
    shutil.rmtree(many.store / "web")
    wait_until("it is named", lambda: "local/web" in _degraded(many))
    assert _recalled(many, "web", "where does machine number 7 stand?")
    with pytest.raises(StoreVanished):
        _tell(many, "web", "The cable is blue.")
    assert not (many.store / "web").exists()
    assert _services(many) == {"running"}
    shutil.copytree(tmp_path / "copy", many.store / "web")
    wait_until("it is mended", lambda: "local/web" not in _degraded(many))
    assert _tell(many, "web", "The cable is blue.")["content"] == "The cable is blue."


def test_a_removed_folder_is_accepted_and_its_name_is_free(many: Daemon) -> None:
    shutil.rmtree(many.store / "web")
    wait_until("it is named", lambda: "local/web" in _degraded(many))
    many.client.request("POST", "/v1/accept", {"profile": "web"})
    assert not _recalled(many, "web", "where does machine number 7 stand?")
    _tell(many, "web", "The cable is blue.")
    many.settle()
    assert git(many.store / "web", "status", "--porcelain") == ""
    assert _recalled(many, "web", "which colour has the cable?") == ["The cable is blue."]


@pytest.fixture
def learned(daemon: Daemon, project: Path) -> tuple[Daemon, ClaudeSession]:
    """A daemon that has learned from one session for the project and for the person."""
    daemon.start()
    session = ClaudeSession(daemon.home, project).say(
        "always run make check before you commit here", "i prefer short answers without preamble in every project"
    )
    daemon.settle()
    return daemon, session


def test_a_deleted_session_takes_with_it_what_was_learned_for_the_person(
    learned: tuple[Daemon, ClaudeSession], project: Path
) -> None:
    daemon, session = learned
    _tell(daemon, "personal", "I live in the harbour district.")
    assert {path.relative_to(daemon.store).parts[0] for path in _files(daemon.store)} == {"personal", "tern"}
    daemon.client.request("DELETE", f"{HTTP}/tern/sessions/{session.session}")
    daemon.settle()
    (left,) = _files(daemon.store)
    assert "harbour" in left.read_text()
    found = daemon.client.request("POST", "/v1/search", {"query": "preamble", "cwd": str(project)})
    assert found["candidates"] == []


def test_a_message_stays_while_a_memory_of_another_profile_rests_on_it(
    learned: tuple[Daemon, ClaudeSession],
) -> None:
    daemon, _ = learned
    (mine,) = _files(daemon.store / "tern")
    lines = [line for line in mine.read_text().splitlines() if not line.startswith("id:")]
    # A person's own file, which names the message that the project's memory was learned from.
    (daemon.store / "personal" / "instructions" / "general" / "mine.md").write_text("\n".join([*lines, "Always.", ""]))
    wait_until("it is taken in", lambda: len(daemon.client.request("GET", f"{HTTP}/personal/memories")) == 2)

    def archived() -> bool:
        found = daemon.client.request("POST", "/v1/search", {"query": "make check before commit", "profile": "tern"})
        return any("make check" in one["content"] for one in found["candidates"])

    def delete(profile: str, words: str) -> None:
        memories = daemon.client.request("GET", f"{HTTP}/{profile}/memories")
        (memory,) = [one for one in memories if words in one["summary"].lower()]
        daemon.client.request("DELETE", f"{HTTP}/{profile}/memories/{memory['id']}")

    assert archived()
    delete("tern", "make check")
    assert archived()
    delete("personal", "make check")
    assert not archived()
