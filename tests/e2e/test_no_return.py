"""What was removed in any way does not come back by any road: read again, indexed anew, synced, or told by a model."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_ollama import FakeOllama
from parrot import parrot
from running import ClaudeSession, Daemon, git, repository, wait_until

TOLD = {
    "forget": "Always run the linter zq4480 before you commit.",
    "delete": "Never deploy the mailer zq4481 on a Friday.",
    "purge": "We decided that the vault service uses the cipher zq4482 from now on.",
    "session": "Always write the changelog of zq4483 in Danish.",
    "profile": "Never touch the lamps of the beacon zq4484 by hand.",
}
KEPT = "We decided that the harbour clock comes from the shop zq4485."
TIMES = 20


def word(text: str) -> str:
    return next(part for part in text.split() if part.startswith("zq"))


@pytest.fixture
def fake() -> Iterator[FakeOllama]:
    with FakeOllama(parrot) as server:
        yield server


@pytest.fixture
def pair(tmp_path: Path, fake: FakeOllama) -> Iterator[tuple[Daemon, Daemon]]:
    """Two people's daemons that share `tern`, both with everything that was told; the model is not there yet."""
    fake.stop()
    environ = {
        "SIDECAR_EXTRACT_HOST": fake.host,
        "SIDECAR_EXTRACT_PAUSE_ON_BATTERY": "false",
        "SIDECAR_SYNC_MINUTES": "600",
    }
    found = []
    for name in ("ada", "bo"):
        home = tmp_path / name
        home.mkdir()
        (home / ".gitconfig").write_text(f"[user]\n\tname = {name}\n\temail = {name}@example.org\n")
        found.append(Daemon(home, environ))
    yield found[0], found[1]
    for daemon in found:
        daemon.end()


def memories(daemon: Daemon, project: Path) -> dict[str, dict[str, Any]]:
    """The active memories of what was told, by its word."""
    query = {"cwd": str(project), "per_page": 100}
    listed = daemon.client.request("GET", "/v1/memories", query=query)
    return {said: one for one in listed for said in map(word, [*TOLD.values(), KEPT]) if said in one["summary"]}


def again(daemon: Daemon, sessions: list[ClaudeSession], times: int = TIMES) -> None:
    for _ in range(times):
        for session in sessions:
            session.path.write_bytes(session.path.read_bytes() + b"\n")
        daemon.client.request("POST", "/v1/transcripts", {"paths": [str(one.path) for one in sessions]})
    daemon.settle()


def sync(daemon: Daemon, *arguments: str) -> None:
    done = daemon.cli("sync", "tern", *arguments)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_nothing_brings_back_what_was_removed(pair: tuple[Daemon, Daemon], tmp_path: Path, fake: FakeOllama) -> None:
    ada, bo = pair
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(remote)], check=True)
    projects = [repository(daemon.home / "work" / "tern", "tern") for daemon in pair]
    one = ClaudeSession(ada.home, projects[0], session="s-one").say(
        *(part for name in ("forget", "delete", "purge", "profile") for part in (TOLD[name], ("assistant", "Noted."))),
        KEPT,
    )
    other = ClaudeSession(ada.home, projects[0], session="s-other").say(TOLD["session"], ("assistant", "Noted."))
    sessions = [one, other]
    ada.start()
    wait_until("Ada has learned all of it", lambda: len(memories(ada, projects[0])) == len(TOLD) + 1)
    ada.settle()
    assert ada.cli("share", "tern", str(remote)).returncode == 0
    bo.start()
    assert bo.cli("join", str(remote), cwd=projects[1]).returncode == 0
    wait_until("Bo has all of it", lambda: len(memories(bo, projects[1])) == len(TOLD) + 1)

    at_ada = memories(ada, projects[0])
    ids = {name: at_ada[word(text)]["id"] for name, text in TOLD.items()}
    gone = {word(TOLD[name]) for name in ("forget", "delete", "purge", "session")}
    for arguments in (
        ("forget", ids["forget"]),
        ("delete", ids["delete"]),
        ("delete", "--session", "s-other", "--profile", "tern", "--yes"),
        ("forget", ids["purge"], "--purge", "--yes"),
    ):
        done = ada.cli(*arguments, cwd=projects[0])
        assert done.returncode == 0, done.stderr
    ada.settle()

    def check(daemon: Daemon, project: Path) -> None:
        known = memories(daemon, project)
        assert gone.isdisjoint(known)
        assert word(KEPT) in known
        found = daemon.contents("linter mailer vault changelog harbour clock", project, limit=50)
        assert not [text for text in found for said in gone if said in text]

    # Read again, and indexed anew.
    again(ada, sessions)
    assert ada.cli("rebuild").returncode == 0
    ada.settle()
    check(ada, projects[0])
    # Synced with somebody who still has all of it, has touched some of it, and goes on.
    bo.cli("remember", "The release day is Thursday.", cwd=projects[1])
    bo.settle()
    sync(bo)
    assert ada.cli("sync", "tern").returncode == 6  # the remote still holds what was purged
    sync(ada, "--purge", "yes")
    assert bo.cli("sync", "tern").returncode == 6  # and its other clones are asked
    sync(bo, "--purge", "yes")
    for daemon in (ada, bo, ada):
        sync(daemon)
        daemon.settle()
    for daemon, project in zip(pair, projects, strict=True):
        check(daemon, project)
    assert "The release day is Thursday." in ada.contents("release day", projects[0])
    assert word(TOLD["purge"]) not in git(remote, "log", "-p", "-m", "--all")
    # Told again by another extractor: what rules have found a model does anew, from the archive and from the files.
    fake.start()
    assert ada.cli("jobs", "retry").returncode == 0
    wait_until("the model is there", lambda: ada.status()["extractor"]["name"] == "ollama")
    wait_until("it was asked", lambda: fake.requests)
    again(ada, sessions, 1)
    ada.stop()
    shutil.rmtree(ada.sidecar_home / "cache")
    ada.start()
    ada.settle()
    sync(ada)
    check(ada, projects[0])
    # The whole profile: its sessions are known, and make no new one.
    assert ada.cli("profiles", "delete", "tern", "--yes").returncode == 0
    again(ada, sessions)
    ada.client.rebuild()
    ada.settle()
    assert ada.cli("sync").returncode == 0
    assert memories(ada, projects[0]) == {}
    assert not (ada.store / "tern").exists()
