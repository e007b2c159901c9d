"""Every past state can be asked, compared, named, and come back to."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from running import ClaudeSession, Daemon, git, wait_until

from sidecar.errors import NothingToUndo, SnapshotExists, UndoConflict, UnknownRevision


def remember(daemon: Daemon, project: Path, content: str, **fields: object) -> dict[str, object]:
    body = {"content": content, "cwd": str(project), **fields}
    found: dict[str, object] = daemon.client.request("POST", "/v1/remember", body)
    daemon.settle()
    return found


@pytest.fixture
def grown(daemon: Daemon, project: Path) -> Daemon:
    """A daemon whose profile has a snapshot `first`, after which a value changed and another was forgotten."""
    daemon.start()
    remember(daemon, project, "The nightly backup runs at 02:10.", key="backup/time")
    gone = remember(daemon, project, "The feeder is filled on Mondays.", key="feeder/day")
    daemon.client.request("POST", "/v1/snapshots", {"name": "first", "cwd": str(project)})
    remember(daemon, project, "The nightly backup runs at 04:45.", key="backup/time")
    route = f"/v1/memories/{gone['id']}/forget"
    daemon.client.request("POST", route, {"reason": "we have a machine", "cwd": str(project)})
    daemon.settle()
    return daemon


def test_a_snapshot_answers_as_it_was_also_what_was_forgotten_since(grown: Daemon, project: Path) -> None:
    question = "when does the nightly backup run?"
    assert grown.contents(question, project)[:1] == ["The nightly backup runs at 04:45."]
    assert grown.contents(question, project, at="first")[:1] == ["The nightly backup runs at 02:10."]
    commit = git(grown.store / "tern", "rev-parse", "first^{commit}")
    assert grown.contents(question, project, at=commit[:12])[:1] == ["The nightly backup runs at 02:10."]
    assert not grown.contents("when is the feeder filled?", project)
    assert grown.contents("when is the feeder filled?", project, at="first")[:1] == ["The feeder is filled on Mondays."]
    assert not grown.contents("who owns the moon?", project, at="first")
    shutil.rmtree(grown.sidecar_home / "cache")
    assert grown.contents(question, project, at="first")[:1] == ["The nightly backup runs at 02:10."]
    notes = grown.client
    notes.request("POST", "/v1/recall", {"query": question, "cwd": str(project), "at": "first"})
    assert notes.last is not None
    assert any("memories alone" in note["message"] for note in notes.last.messages)
    with pytest.raises(UnknownRevision):
        grown.contents(question, project, at="no-such-tag")
    shown = grown.cli("recall", "--at", "first", "when does the backup run", cwd=project)
    assert "02:10" in shown.stdout, shown.stderr


def test_undo_takes_back_the_last_change_and_itself_and_an_earlier_one_by_name(grown: Daemon, project: Path) -> None:
    feeder = "when is the feeder filled?"
    undone = grown.cli("undo", "--json", cwd=project)
    assert undone.returncode == 0, undone.stderr
    assert json.loads(undone.stdout)["commit"] == git(grown.store / "tern", "rev-parse", "HEAD")
    assert grown.contents(feeder, project)[:1] == ["The feeder is filled on Mondays."]
    grown.settle()
    assert grown.cli("undo", cwd=project).returncode == 0
    assert not grown.contents(feeder, project)
    log = grown.client.request("GET", "/v1/log", query={"cwd": str(project), "limit": 20})
    newer = next(entry for entry in log if "04:45" in str(entry) or "newer version" in str(entry["changes"]))
    grown.client.request("POST", "/v1/undo", {"commit": newer["commit"], "cwd": str(project)})
    assert grown.contents("when does the nightly backup run?", project)[:1] == ["The nightly backup runs at 02:10."]
    grown.settle()
    assert git(grown.store / "tern", "status", "--porcelain") == ""
    with pytest.raises(NothingToUndo):
        grown.client.request("POST", "/v1/undo", {"commit": newer["commit"], "cwd": str(project)})


def test_a_hand_edit_is_undone_with_what_followed_from_it(grown: Daemon, project: Path) -> None:
    profile = grown.store / "tern"
    (path,) = (path for path in (profile / "facts").rglob("*.md") if "04:45" in path.read_text())
    before = path.read_bytes()
    path.write_text(path.read_text().replace("04:45", "05:55"))
    wait_until("the edit is marked", lambda: "edited:" in path.read_text())
    grown.settle()
    assert grown.cli("undo", cwd=project).returncode == 0
    assert path.read_bytes() == before
    grown.settle()
    assert grown.contents("when does the nightly backup run?", project)[:1] == ["The nightly backup runs at 04:45."]


def test_an_undo_that_later_edits_stand_on_is_refused_by_name(grown: Daemon, project: Path) -> None:
    profile = grown.store / "tern"
    (path,) = (path for path in (profile / "facts").rglob("*.md") if "04:45" in path.read_text())
    adding = git(profile, "log", "-1", "--format=%H", "--", str(path.relative_to(profile)))
    path.write_text(path.read_text().replace("04:45", "05:55"))
    wait_until("the edit is marked", lambda: "edited:" in path.read_text())
    grown.settle()
    with pytest.raises(UndoConflict, match=path.name):
        grown.client.request("POST", "/v1/undo", {"commit": adding, "cwd": str(project)})
    refused = grown.cli("undo", adding, cwd=project)
    assert refused.returncode == 5
    assert path.name in refused.stderr


def test_diff_and_log_tell_what_why_and_whence(daemon: Daemon, project: Path) -> None:
    session = ClaudeSession(daemon.home, project).say(
        "From now on, always use pnpm in this repository, never npm.", ("assistant", "Understood, pnpm it is.")
    )
    daemon.start()
    wait_until("it was learned", lambda: daemon.contents("which package manager?", project, kinds=["memory"]))
    daemon.settle()
    (listed,) = daemon.client.request("GET", "/v1/memories", query={"cwd": str(project)})
    log = daemon.client.request("GET", "/v1/log", query={"cwd": str(project), "id": listed["id"]})
    assert [(entry["agent"], entry["session"]) for entry in log] == [("claude-code", session.session)]
    assert log[0]["why"] == "learned from claude-code"
    shown = daemon.cli("log", listed["id"], cwd=project).stdout
    assert session.session in shown
    first = git(daemon.store / "tern", "rev-list", "--max-parents=0", "HEAD")
    result = daemon.client.request("GET", "/v1/diff", query={"cwd": str(project), "before": first})
    assert [(one["id"], one["change"]) for one in result["memories"]] == [(listed["id"], "added")]
    assert "+" in result["patch"]
    assert "added" in daemon.cli("diff", first, cwd=project).stdout
    assert "diff --git" in daemon.cli("diff", first, "--patch", cwd=project).stdout
    history = daemon.cli("show", listed["id"], "--history", cwd=project).stdout
    assert "> From now on, always use pnpm" in history
    assert session.session in history


def test_the_history_of_a_memory_has_its_own_words_too(grown: Daemon, project: Path) -> None:
    profile = grown.store / "tern"
    (path,) = (path for path in (profile / "facts").rglob("*.md") if "04:45" in path.read_text())
    path.write_text(path.read_text().replace("runs at 04:45", "begins at 05:55"))
    wait_until("the edit is marked", lambda: "edited:" in path.read_text())
    grown.settle()
    (listed,) = grown.client.request("GET", "/v1/memories", query={"cwd": str(project)})
    route = f"/v1/memories/{listed['id']}"
    history = grown.client.request("GET", route, query={"cwd": str(project), "history": 1})["history"]
    assert [version["status"] for version in history["versions"]] == ["superseded", "active"]
    assert [(one["content"], one["author"]) for one in history["revisions"]] == [
        ("The nightly backup runs at 04:45.", "sidecar"),
        ("The nightly backup begins at 05:55.", "Ines Example"),
    ]
    shown = grown.cli("show", listed["id"], "--history", cwd=project).stdout
    assert "begins at 05:55" in shown
    assert "runs at 04:45" in shown


def test_a_snapshot_keeps_its_name_and_is_listed(grown: Daemon, project: Path) -> None:
    for name in ("first", "main", "HEAD"):
        with pytest.raises(SnapshotExists):
            grown.client.request("POST", "/v1/snapshots", {"name": name, "cwd": str(project)})
    made = grown.cli("snapshot", "second", cwd=project)
    assert made.returncode == 0, made.stderr
    assert [row.split()[0] for row in grown.cli("snapshot", cwd=project).stdout.splitlines()] == ["second", "first"]
    assert grown.cli("snapshot", "-bad", cwd=project).returncode == 2
    assert git(grown.store / "tern", "tag") == "first\nsecond"
