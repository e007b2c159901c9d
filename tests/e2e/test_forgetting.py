"""Forgotten, deleted or purged: previewed first, and nothing brings it back."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running import ClaudeSession, Daemon, git, repository, tree, wait_until

from sidecar.errors import Refused, UnknownMemory, UsageError

TOLD = "We decided that the vault service listens on port 4711 from now on."
OTHER_WORDS = "Decision: port 4711 is what the vault service listens on."
QUESTION = "which port does the vault service listen on?"


@pytest.fixture
def session(daemon: Daemon, project: Path) -> ClaudeSession:
    """A session from which a running daemon has learned one thing, beside others."""
    said = ClaudeSession(daemon.home, project).say(
        TOLD, ("assistant", "Noted."), "Always run the linter before you commit.", ("assistant", "Understood.")
    )
    daemon.start()
    wait_until("it is learned", lambda: learned(daemon, project))
    daemon.settle()
    return said


def learned(daemon: Daemon, project: Path, word: str = "4711", status: str = "active") -> list[dict[str, Any]]:
    query = {"cwd": str(project), "status": status, "per_page": 100}
    listed = daemon.client.request("GET", "/v1/memories", query=query)
    found = [daemon.client.request("GET", f"/v1/memories/{one['id']}", query={"cwd": str(project)}) for one in listed]
    return [one for one in found if word in one["content"]]


def said_anywhere(daemon: Daemon, word: bytes) -> list[str]:
    """The files of ours in which a word stands, git's objects unpacked.

    The names of objects are full of four digits in a row, so what stands in one of them does not count.
    """
    said = re.compile(rb"(?<![0-9a-f])" + re.escape(word) + rb"(?![0-9a-f])")
    found = [
        str(path.relative_to(daemon.sidecar_home))
        for path in daemon.sidecar_home.rglob("*")
        if path.is_file() and said.search(path.read_bytes())
    ]
    for folder in daemon.sidecar_home.rglob(".git"):
        objects = subprocess.run(
            ["git", "cat-file", "--batch-all-objects", "--batch"], cwd=folder.parent, capture_output=True, check=True
        ).stdout
        found += [f"{folder}: objects"] if said.search(objects) else []
    return found


def forget(daemon: Daemon, project: Path, identifier: str) -> None:
    daemon.client.request("POST", f"/v1/memories/{identifier}/forget", {"cwd": str(project)})


def delete(daemon: Daemon, project: Path, identifier: str) -> None:
    daemon.client.request("DELETE", f"/v1/memories/{identifier}", query={"cwd": str(project)})


def purge(daemon: Daemon, project: Path, identifier: str) -> None:
    daemon.client.request("POST", "/v1/purge", {"ids": [identifier], "cwd": str(project)})


@pytest.mark.parametrize("remove", [forget, delete, purge])
def test_nothing_brings_it_back(
    daemon: Daemon, project: Path, session: ClaudeSession, remove: Callable[[Daemon, Path, str], None]
) -> None:
    (memory,) = learned(daemon, project)
    remove(daemon, project, memory["id"])
    daemon.settle()
    before = tree(daemon.store / "tern")
    for round_ in range(20):
        # Read again from the start each time: the same records, in a file that is another one.
        session.path.write_bytes(session.path.read_bytes() + (b"\n" if round_ else b""))
        daemon.client.request("POST", "/v1/transcripts", {"paths": [str(session.path)]})
    daemon.settle()
    daemon.client.rebuild()
    daemon.settle()
    daemon.stop()
    shutil.rmtree(daemon.sidecar_home / "cache")
    daemon.start()
    daemon.settle()
    assert not learned(daemon, project)
    assert not [text for text in daemon.contents(QUESTION, project) if "4711" in text]
    assert tree(daemon.store / "tern") == before
    assert learned(daemon, project, "linter")


def test_the_same_source_in_other_words_does_not_bring_it_back(
    daemon: Daemon, project: Path, session: ClaudeSession
) -> None:
    (memory,) = learned(daemon, project)
    forget(daemon, project, memory["id"])
    daemon.settle()
    # As another extractor would word it: the same message, told anew.
    text = session.path.read_text(encoding="utf-8").replace(TOLD, OTHER_WORDS)
    session.path.write_text(text, encoding="utf-8")
    daemon.client.request("POST", "/v1/transcripts", {"paths": [str(session.path)]})
    daemon.settle()
    assert not learned(daemon, project)


def test_a_purge_leaves_the_words_nowhere_of_ours(daemon: Daemon, project: Path, session: ClaudeSession) -> None:
    (memory,) = learned(daemon, project)
    session.say("Please repeat what we decided.", ("assistant", f"You said: {TOLD}"))
    wait_until("the repetition is archived", lambda: "You said" in str(daemon.client.request(
        "POST", "/v1/search", {"query": "vault service port", "cwd": str(project)})))  # fmt: skip
    daemon.settle()
    daemon.client.request("POST", "/v1/snapshots", {"name": "before", "cwd": str(project)})
    assert daemon.recall(QUESTION, project, at="before")["count"]
    preview = daemon.cli("forget", memory["id"], "--purge", "--dry-run", "--json", cwd=project)
    found = json.loads(preview.stdout)
    assert [one["id"] for one in found["memories"]] == [memory["id"]]
    assert found["messages"] >= 2
    assert found["transcripts"] == [str(session.path)]
    assert learned(daemon, project)
    refused = daemon.cli("forget", memory["id"], "--purge", cwd=project)
    assert refused.returncode == 2
    assert learned(daemon, project)
    done = daemon.cli("forget", memory["id"], "--purge", "--yes", cwd=project)
    assert done.returncode == 0, done.stderr
    assert str(session.path) in done.stdout
    daemon.settle()
    assert said_anywhere(daemon, b"4711") == []
    assert not [text for text in daemon.contents(QUESTION, project) if "4711" in text]
    assert not daemon.client.request("POST", "/v1/search", {"query": "4711", "cwd": str(project)})["count"]
    assert not [text for text in daemon.contents(QUESTION, project, at="before") if "4711" in text]
    assert "purges.yaml" in git(daemon.store / "tern", "ls-files")
    daemon.client.request("POST", "/v1/transcripts", {"paths": [str(session.path)]})
    daemon.settle()
    assert said_anywhere(daemon, b"4711") == []


def test_a_purge_reaches_the_trash(daemon: Daemon, project: Path, session: ClaudeSession) -> None:
    (memory,) = learned(daemon, project)
    shutil.copytree(daemon.store / "tern", daemon.sidecar_home / "state" / "trash" / "local-tern-20260901T000000Z")
    result = daemon.client.request("POST", "/v1/purge", {"ids": [memory["id"]], "cwd": str(project)})
    assert result["trash"] == 1
    assert said_anywhere(daemon, b"4711") == []


@pytest.mark.parametrize("delay", [0.0, 0.15, 0.4, 0.8])
def test_a_purge_that_was_killed_is_finished_by_the_next_start(
    daemon: Daemon, project: Path, session: ClaudeSession, delay: float
) -> None:
    (memory,) = learned(daemon, project)
    body = json.dumps({"ids": [memory["id"]], "cwd": str(project)})
    asking = subprocess.Popen(
        ["curl", "-s", "--unix-socket", str(daemon.socket), "-H", "Content-Type: application/json", "-d", body,
         "http://localhost/v1/purge"], stdout=subprocess.DEVNULL,
    )  # fmt: skip
    note = daemon.store / "tern" / ".git" / "sidecar-purge.json"
    wait_until("it has begun", lambda: note.exists() or asking.poll() is not None)
    with contextlib.suppress(subprocess.TimeoutExpired):
        asking.wait(delay)
    daemon.kill()
    asking.wait()
    daemon.start()
    daemon.settle()
    assert not note.exists()
    assert said_anywhere(daemon, b"4711") == []
    assert not learned(daemon, project)
    assert learned(daemon, project, "linter")
    assert git(daemon.store / "tern", "status", "--porcelain") == ""
    assert git(daemon.store / "tern", "fsck", "--full") == ""


def test_previews_change_nothing_and_tell_what_would_go(daemon: Daemon, project: Path, session: ClaudeSession) -> None:
    (memory,) = learned(daemon, project)
    head, before = git(daemon.store / "tern", "rev-parse", "HEAD"), tree(daemon.store)
    for arguments, messages in (
        (("forget", memory["id"]), 0),
        (("delete", memory["id"]), 1),
        (("delete", "--session", session.session, "--profile", "tern"), 4),
        (("profiles", "delete", "tern"), 4),
    ):
        shown = daemon.cli(*arguments, "--dry-run", "--json", cwd=project)
        assert shown.returncode == 0, shown.stderr
        found = json.loads(shown.stdout)
        assert (memory["id"] in [one["id"] for one in found["memories"]], found["messages"]) == (True, messages)
        assert memory["path"] in found["files"]
        assert memory["summary"][:30] in daemon.cli(*arguments, "--dry-run", cwd=project).stdout
    assert (git(daemon.store / "tern", "rev-parse", "HEAD"), tree(daemon.store)) == (head, before)
    assert learned(daemon, project) == [memory]


def test_delete_takes_the_messages_that_only_it_used(daemon: Daemon, project: Path, session: ClaudeSession) -> None:
    (memory,) = learned(daemon, project)
    done = daemon.cli("delete", memory["id"], cwd=project)
    assert done.returncode == 0, done.stderr
    daemon.settle()
    assert not daemon.client.request("POST", "/v1/search", {"query": "4711", "cwd": str(project)})["count"]
    assert daemon.cli("undo", cwd=project).returncode == 0
    assert [one["id"] for one in learned(daemon, project)] == [memory["id"]]


def test_sessions_and_profiles_are_deleted_by_name(daemon: Daemon, project: Path, session: ClaudeSession) -> None:
    assert daemon.cli("delete", "--session", session.session, "--profile", "tern", cwd=project).returncode == 2
    done = daemon.cli("delete", "--session", session.session, "--profile", "tern", "--yes", cwd=project)
    assert done.returncode == 0, done.stderr
    assert not learned(daemon, project)
    assert "tern" in daemon.cli("profiles").stdout
    assert daemon.cli("profiles", "delete", "tern", "--yes").returncode == 0
    assert not (daemon.store / "tern").exists()
    assert list((daemon.sidecar_home / "state" / "trash").glob("local-tern-*"))


def test_what_cannot_be_removed_is_told(daemon: Daemon, project: Path, session: ClaudeSession) -> None:
    (memory,) = learned(daemon, project)
    for action in ("forget", "delete", "purge"):
        body = {"action": action, "ids": ["01M7WTWTW08H7W2R5T6Y5XK2QC"], "cwd": str(project)}
        with pytest.raises(UnknownMemory):
            daemon.client.request("POST", "/v1/removal", body)
    with pytest.raises(UsageError):
        daemon.client.request("POST", "/v1/removal", {"action": "session", "ids": [memory["id"]], "cwd": str(project)})
    path = daemon.store / "tern" / memory["path"]
    path.write_text(path.read_text().replace("---\nid:", "---\nread_only: true\nid:", 1))
    wait_until("the edit is known", lambda: not daemon.settle()["bad_files"])
    with pytest.raises(Refused, match="read_only"):
        purge(daemon, project, memory["id"])
    assert learned(daemon, project)


def test_a_copy_of_a_forgotten_memory_stays_a_copy_over_a_restart(
    daemon: Daemon, project: Path, session: ClaudeSession
) -> None:
    (memory,) = learned(daemon, project)
    path = daemon.store / "tern" / memory["path"]
    (daemon.store / "tern" / "facts" / "mine.md").write_bytes(path.read_bytes())
    wait_until("the copy is named", lambda: daemon.status()["bad_files"])
    forget(daemon, project, memory["id"])
    assert daemon.process is not None
    os.kill(daemon.process.pid, signal.SIGKILL)
    daemon.process.wait()
    daemon.start()
    daemon.settle()
    assert not learned(daemon, project)
    assert [bad["path"].rpartition("/")[2] for bad in daemon.status()["bad_files"]] == ["mine.md"]


def test_two_profiles_do_not_forget_for_each_other(daemon: Daemon, project: Path, session: ClaudeSession) -> None:
    other = repository(daemon.home / "work" / "gull", "gull")
    ClaudeSession(daemon.home, other).say(TOLD, ("assistant", "Noted."))
    wait_until("the other learned it too", lambda: learned(daemon, other))
    (memory,) = learned(daemon, project)
    purge(daemon, project, memory["id"])
    daemon.settle()
    assert learned(daemon, other)
    assert any("4711" in text for text in daemon.contents(QUESTION, other))
