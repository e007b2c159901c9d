"""The whole road on a real small model: a session in, valid memories out or the reason why not, and no harm done.

What the model makes of a session is printed, not asserted: `pytest -m model -rP` shows it.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from running import ClaudeSession, Daemon, wait_until
from serving import ANSWER_S, NAME, Served

from sidecar import errors, frontmatter
from sidecar.model import Memory, MemoryType

pytestmark = [pytest.mark.model, pytest.mark.timeout(900)]

SAID = (
    "for the record, the gateway of the harbour listens on port 4480",
    ("assistant", "Noted: the gateway listens on port 4480."),
    "always run make check before you commit, the hooks of this repository are slow",
    ("assistant", "I will run make check before each commit."),
    "the tide tables come from Orsolya at the institute, as a csv file",
)
FAULTS = {error.state for error in errors.classes() if issubclass(error, errors.ModelFailed)}


def _found(daemon: Daemon, session: str) -> dict[str, Any] | None:
    """How the session's extraction ended, or failed for the first time; None as long as it goes on."""
    assert daemon.recall("which port has the gateway?", daemon.home / "work" / "tern")["count"] > 0
    state = daemon.status()["extractor"]
    assert state["name"] == "ollama"
    assert state["state"] in FAULTS | {"running", "starting"}
    found = daemon.client.request("GET", "/v1/jobs")
    told = [*found["recent"], *(job for job in found["jobs"] if job["error"])]
    time.sleep(0.5)  # the model needs the processor
    return next((one for one in told if one["session"] == session), None)


def _memories(daemon: Daemon) -> list[Memory]:
    """What stands in the store, each file of it valid and complete."""
    documents = {path: frontmatter.parse(path.read_bytes()) for path in sorted(daemon.store.glob("tern/*s/*/*.md"))}
    for path, document in documents.items():
        assert isinstance(document, frontmatter.Document), (path.name, document)
        assert not document.missing, (path.name, document.missing)
    return [document.memory() for document in documents.values() if isinstance(document, frontmatter.Document)]


def _check(memory: Memory, session: ClaudeSession, model: str) -> None:
    """Whatever the model says, this holds for a memory of it."""
    assert re.fullmatch(rf"ollama/{re.escape(model)} prompt-\d+", memory.extractor or "")
    assert isinstance(memory.type, MemoryType)
    assert memory.summary
    assert (memory.source.session, memory.source.agent) == (session.session, "claude-code")
    assert memory.source.messages
    said = " ".join(turn if isinstance(turn, str) else turn[1] for turn in SAID)
    days = re.sub(r"\b2026-09(?:-01)?\b", "", memory.content)
    assert set(re.findall(r"\d+", days)) <= set(re.findall(r"\d+", said)), "a figure that nobody said"


def test_a_session_becomes_valid_memories_or_the_reason_is_told(
    home: Path, daemon: Daemon, project: Path, served: Served
) -> None:
    session = ClaudeSession(home, project).say(*SAID)
    daemon.start()
    wait_until("its texts are found before the model has read them", lambda: daemon.contents("gateway port", project))
    begun = time.monotonic()
    ended = wait_until("the model is through", lambda: _found(daemon, session.session), 3 * ANSWER_S)
    print(f"{NAME}: {ended.get('outcome', 'failed')} in {time.monotonic() - begun:.0f} s")
    if "outcome" in ended:
        assert ended["outcome"] in ("done", "nothing")
        assert (ended["outcome"] == "done") == (ended["learned"] > 0)
    else:
        assert daemon.status()["extractor"]["state"] in FAULTS
        print(f"{NAME}: {ended['error']}")
        daemon.client.request("POST", "/v1/jobs/drop", {"session": session.session})
    status = daemon.settle()
    assert status["bad_files"] == []
    assert [one for one in status["services"] if one["error"]] == []
    memories = _memories(daemon)
    assert bool(memories) == (ended.get("outcome") == "done")
    for memory in memories:
        _check(memory, session, served.name)
        print(f"{NAME}: {memory.type.value}, {memory.key}: {memory.content}")
    assert any("4480" in text for text in daemon.contents("which port has the gateway?", project))


def test_it_stops_in_the_middle_of_a_call(home: Path, daemon: Daemon, project: Path) -> None:
    session = ClaudeSession(home, project)
    for number in range(20):
        session.say(f"the gateway of pier {number} listens on port {4400 + number}, and " + "its cable is grey. " * 15)
    daemon.start()
    wait_until(
        "the model is asked", lambda: daemon.client.request("GET", "/v1/jobs", query={"state": "running"})["jobs"]
    )
    daemon.stop()
    log = (daemon.sidecar_home / "state" / "log" / "sidecar.log").read_text()
    assert "model answered" not in log, "the call had ended before"
    assert "model failed" not in log, "nothing is held against the session"
    daemon.environ = {**daemon.environ, "SIDECAR_EXTRACT_HOST": "http://127.0.0.1:9"}
    daemon.start()
    [job] = daemon.client.request("GET", "/v1/jobs")["jobs"]
    assert (job["session"], job["state"], job["attempts"]) == (session.session, "pending", 0)
