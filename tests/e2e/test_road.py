"""The whole road: transcripts on disk, a daemon, an answer over the socket."""

from __future__ import annotations

import subprocess
from pathlib import Path

from running import ClaudeSession, Daemon, git, repository, tree, wait_until


def _told(home: Path, project: Path) -> ClaudeSession:
    return ClaudeSession(home, project).say(
        "start the api please",
        ("assistant", "It runs on port 3000."),
        "no, the api listens on port 4310, grafana sits on 3000",
        ("assistant", "Understood, 4310."),
        "and always use pnpm in this repo, never npm, npm breaks the lockfile",
        ("assistant", "I'll use pnpm."),
    )


def test_a_session_that_was_there_before_is_recalled(daemon: Daemon, home: Path, project: Path) -> None:
    _told(home, project)
    daemon.start()
    daemon.settle()
    answer = daemon.recall("which port does the api listen on?", project)
    assert answer["count"] > 0
    assert "4310" in answer["answer"]
    assert any("pnpm" in text for text in daemon.contents("which package manager do we use?", project))
    kinds = {candidate["kind"] for candidate in answer["candidates"]}
    assert "memory" in kinds


def test_a_line_appended_while_it_runs_is_recalled(daemon: Daemon, home: Path, project: Path) -> None:
    session = _told(home, project)
    daemon.start()
    daemon.settle()
    session.say("for the record: the staging server is called heron and belongs to Marek")
    status = daemon.status()
    assert not status["settled"]
    daemon.settle()
    found = daemon.recall("who owns the staging server?", project)["candidates"]
    assert any(c["kind"] == "memory" and "heron" in c["content"] for c in found)


def test_verbatim_messages_answer_before_extraction(daemon: Daemon, home: Path, project: Path) -> None:
    daemon.environ = {"SIDECAR_WATCH_QUIET_SECONDS": "3600"}
    daemon.start()
    daemon.settle()
    session = _told(home, project)
    session.say("the walrus protocol needs a blue cable")
    found = wait_until("the message is recalled", lambda: daemon.contents("walrus protocol cable", project))
    assert any("blue cable" in text for text in found)
    assert not daemon.status()["settled"]


def test_nothing_relevant_gives_nothing(daemon: Daemon, home: Path, project: Path) -> None:
    _told(home, project)
    daemon.start()
    daemon.settle()
    answer = daemon.recall("what is the capital of Mongolia?", project)
    assert (answer["count"], answer["answer"], answer["candidates"]) == (0, "", [])


def test_ingesting_again_and_ten_restarts_change_nothing(daemon: Daemon, home: Path, project: Path) -> None:
    session = _told(home, project)
    daemon.start()
    daemon.settle()
    profile = daemon.store / "tern"
    before, commits = tree(daemon.store, ()), git(profile, "log", "--format=%H")
    result = daemon.cli("ingest", str(session.path), "--json")
    assert result.returncode == 0, result.stderr
    daemon.settle()
    for _ in range(10):
        daemon.stop()
        daemon.start()
        daemon.settle()
    assert tree(daemon.store, ()) == before
    assert git(profile, "log", "--format=%H") == commits
    assert git(profile, "status", "--porcelain") == ""


def test_a_resumed_copy_of_a_session_adds_nothing(daemon: Daemon, home: Path, project: Path) -> None:
    session = _told(home, project)
    daemon.start()
    daemon.settle()
    before = tree(daemon.store, ())
    copy = session.path.with_name("11111111-2222-4333-8444-555555555555.jsonl")
    copy.write_text(session.path.read_text().replace(session.session, copy.stem))
    daemon.settle()
    assert tree(daemon.store, ()) == before


def test_three_versions_of_one_key(daemon: Daemon, project: Path) -> None:
    daemon.start()
    for port in (4310, 4400, 4480):
        body = {"content": f"The api listens on port {port}.", "type": "fact", "key": "api/port", "cwd": str(project)}
        daemon.client.request("POST", "/v1/remember", body)
    daemon.settle()
    active = list((daemon.store / "tern" / "facts").rglob("*.md"))
    archived = list((daemon.store / "tern" / "archive").rglob("*.md"))
    assert len(active) == 1
    assert "4480" in active[0].read_text()
    assert len(archived) == 2
    assert len({path.name for path in [*active, *archived]}) == 3
    chain = daemon.client.request("GET", "/v1/memories", query={"cwd": str(project), "status": "all"})
    assert len({memory["id"] for memory in chain}) == 3
    assert [c["content"] for c in daemon.recall("api port", project)["candidates"] if c["kind"] == "memory"] == [
        "The api listens on port 4480."
    ]


def test_two_repositories_do_not_see_each_other(daemon: Daemon, home: Path, project: Path) -> None:
    other = repository(home / "elsewhere" / "tern", "another tern")
    _told(home, project)
    ClaudeSession(home, other).say("remember that the api of this project listens on port 9911")
    daemon.start()
    daemon.settle()
    assert {profile["name"] for profile in daemon.status()["profiles"]} >= {"tern"}
    assert len([p for p in daemon.status()["profiles"] if p["name"].startswith("tern")]) == 2
    assert all("9911" not in text for text in daemon.contents("which port does the api listen on?", project))
    assert any("9911" in text for text in daemon.contents("which port does the api listen on?", other))


def test_secrets_reach_no_file(daemon: Daemon, home: Path, project: Path) -> None:
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9" * 2
    session = _told(home, project)
    session.say(f"remember that the deploy token is {token}", ("assistant", f"I see {token}"))
    daemon.start()
    daemon.settle()
    daemon.stop()
    for path in daemon.sidecar_home.rglob("*"):
        if path.is_file():
            assert token.encode() not in path.read_bytes(), path
    for repo in daemon.store.iterdir():
        objects = subprocess.run(
            ["git", "-C", str(repo), "cat-file", "--batch", "--batch-all-objects"], capture_output=True, check=True
        ).stdout
        assert token.encode() not in objects


def test_sigterm_stops_cleanly_and_nothing_is_lost(daemon: Daemon, home: Path, project: Path) -> None:
    session = _told(home, project)
    daemon.start()
    session.say("note: the bird feeder daemon writes to /var/lib/feeder")
    daemon.stop()
    assert not daemon.socket.exists()
    daemon.start()
    daemon.settle()
    assert any("/var/lib/feeder" in text for text in daemon.contents("where does the bird feeder write?", project))


def test_a_second_daemon_is_refused_and_names_the_first(daemon: Daemon) -> None:
    daemon.start()
    assert daemon.process is not None
    result = daemon.cli("up")
    assert str(daemon.process.pid) in result.stdout + result.stderr
    second = Daemon(daemon.home)
    second.launch()
    assert second.process is not None
    assert second.process.wait(60) in (0, 5)


def test_a_transcript_that_cannot_be_read_is_named_and_stops_nothing(daemon: Daemon, home: Path, project: Path) -> None:
    broken = home / ".codex" / "sessions" / "2026" / "09" / "01"
    broken.mkdir(parents=True)
    path = broken / "rollout-2026-09-01T09-00-00-019ed99c-0000-7000-8000-000000000001.jsonl.zst"
    path.write_bytes(b"this is not zstandard")
    _told(home, project)
    daemon.start()
    status = daemon.settle()
    assert [bad["path"] for bad in status["bad_files"]] == [str(path)]
    assert any("pnpm" in text for text in daemon.contents("which package manager do we use?", project))
    path.unlink()
    wait_until("it is no longer named", lambda: not daemon.status()["bad_files"])
