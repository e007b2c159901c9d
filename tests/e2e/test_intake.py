"""Reading transcripts in the running daemon: pause, limits, rules, rewinds, order."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from running import ClaudeSession, Daemon, repository, wait_until


def _config(daemon: Daemon, text: str) -> None:
    daemon.sidecar_home.mkdir(parents=True, exist_ok=True)
    (daemon.sidecar_home / "config.yaml").write_text(text)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_paused_daemon_rests(daemon: Daemon, home: Path, project: Path) -> None:
    daemon.start()
    daemon.settle()
    daemon.client.request("POST", "/v1/pause")
    ClaudeSession(home, project).say("the lab key hangs in room 12")
    assert daemon.process is not None
    before = _cpu_seconds(daemon.process.pid)
    time.sleep(3)
    # A loop without a pause would take all of the three seconds; resting takes hundredths.
    assert _cpu_seconds(daemon.process.pid) - before < 1.5
    assert not daemon.status()["settled"]
    daemon.client.request("POST", "/v1/resume")
    daemon.settle()
    assert daemon.contents("where does the lab key hang?", project)


def test_sessions_that_are_too_old_are_declined_and_nothing_waits_for_them(
    daemon: Daemon, home: Path, project: Path
) -> None:
    _config(daemon, "watch: {backfill_days: 30}\n")
    now = datetime.now(UTC).replace(microsecond=0)
    ClaudeSession(home, project, now - timedelta(days=90)).say("the old lab key hangs in room 12")
    ClaudeSession(home, project, now - timedelta(days=2)).say("the new lab key hangs in room 14")
    daemon.start()
    daemon.settle()
    found = daemon.contents("where does the lab key hang?", project)
    assert any("room 14" in text for text in found)
    assert not any("room 12" in text for text in found)


def test_what_a_rule_ignores_is_nowhere(daemon: Daemon, home: Path, project: Path) -> None:
    secret = repository(home / "private" / "diary", "diary")
    session = ClaudeSession(home, secret).say("the diary is kept in the blue box")
    daemon.start()
    daemon.settle()
    daemon.stop()
    _config(daemon, f"profiles:\n  - {{path: '{home}/private/*', ignore: true}}\n")
    session.say("remember that the second diary is kept in the red box")
    daemon.start()
    daemon.settle()
    for cwd in (project, home, secret):
        assert not any("red box" in text for text in daemon.contents("which box is the diary kept in?", cwd))
    assert not any("blue box" in text for text in daemon.contents("which box is the diary kept in?", project))


def test_a_rewind_takes_messages_out_of_recall(daemon: Daemon, home: Path) -> None:
    folder = home / ".gemini" / "tmp" / "lab" / "chats"
    folder.mkdir(parents=True)
    path = folder / "session-2026-09-01T09-00-deadbeef.jsonl"
    records = [
        {"sessionId": "deadbeef-0000", "projectHash": "x", "startTime": "2026-09-01T09:00:00Z", "kind": "main"},
        {"id": "g1", "timestamp": "2026-09-01T09:00:00Z", "type": "user", "content": "hello there"},
        {"id": "g2", "timestamp": "2026-09-01T09:01:00Z", "type": "user", "content": "the walrus tank holds brine"},
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    daemon.start()
    daemon.settle()
    assert daemon.contents("what does the walrus tank hold?", home)
    with path.open("a") as file:
        file.write(json.dumps({"$rewindTo": "g2"}) + "\n")
    daemon.settle()
    wait_until("it is gone", lambda: not daemon.contents("what does the walrus tank hold?", home))


def test_settled_is_true_only_when_every_line_has_been_taken_in(daemon: Daemon, home: Path, project: Path) -> None:
    sessions = [ClaudeSession(home, project).say(f"box {number} is green") for number in range(40)]
    daemon.start()
    daemon.settle()
    for number, session in enumerate(sessions[:10]):
        session.say(f"crate {number} holds {number + 100} lamps")
        daemon.settle()
        assert any(
            f"{number + 100} lamps" in text for text in daemon.contents(f"what does crate {number} hold?", project)
        )
