"""The whole road with a model server that comes, goes and fails: from a transcript to what the model found in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_ollama import ChatRequest, FakeOllama, Reply
from parrot import parrot, parrot_but
from running import HANG_S, ClaudeSession, Daemon, wait_until

RULE = "Always run make check before you commit"
PORT = "For the record: the gateway listens on port 4480"
MODEL = "ollama/qwen3:4b-instruct prompt-"


@pytest.fixture
def fake() -> Iterator[FakeOllama]:
    with FakeOllama(parrot) as server:
        yield server


@pytest.fixture
def daemon(daemon: Daemon, fake: FakeOllama) -> Daemon:
    daemon.environ = {"SIDECAR_EXTRACT_HOST": fake.host, "SIDECAR_EXTRACT_PAUSE_ON_BATTERY": "false"}
    return daemon


def _files(daemon: Daemon) -> list[str]:
    return [path.read_text() for path in sorted(daemon.store.glob("tern/*s/*/*.md"))]


def _found_by(daemon: Daemon) -> set[str]:
    lines = [line for text in _files(daemon) for line in text.splitlines() if line.startswith("extractor:")]
    return {"model" if MODEL in line else "rules" for line in lines}


def _extractor(daemon: Daemon) -> dict[str, Any]:
    found: dict[str, Any] = daemon.status()["extractor"]
    return found


def _said(daemon: Daemon, project: Path) -> list[str]:
    found = daemon.client.request("POST", "/v1/search", {"query": "make check", "cwd": str(project)})
    return [candidate["content"] for candidate in found["candidates"]]


def _jobs(daemon: Daemon, *arguments: str) -> Any:
    done = daemon.cli("jobs", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_session_is_learned_by_the_model_and_again_changes_nothing(
    home: Path, daemon: Daemon, project: Path, fake: FakeOllama
) -> None:
    session = ClaudeSession(home, project).say(RULE, ("assistant", "I will."), PORT)
    daemon.start()
    daemon.settle()
    assert _extractor(daemon) == {"name": "ollama", "state": "running", "hint": None}
    before = _files(daemon)
    assert len(before) == 2
    assert _found_by(daemon) == {"model"}
    assert daemon.contents("which port has the gateway?", project)[0] == PORT
    [ended] = _jobs(daemon)["recent"]
    assert (ended["session"], ended["outcome"], ended["learned"]) == (session.session, "done", 2)
    asked = len(fake.requests)
    assert _jobs(daemon, "retry", session.session) == {"sessions": 1}
    daemon.settle()
    assert len(fake.requests) > asked
    assert _files(daemon) == before


def test_a_model_that_comes_later_does_the_rules_work_again(
    home: Path, daemon: Daemon, project: Path, fake: FakeOllama
) -> None:
    fake.stop()
    for number in range(3):
        ClaudeSession(home, project, session=f"s{number}").say(
            RULE, f"For the record: the gateway of host zc{number} is on port 448{number}"
        )
    daemon.start()
    daemon.settle()
    assert (_extractor(daemon)["name"], _extractor(daemon)["state"]) == ("rules", "unreachable")
    assert _found_by(daemon) == {"rules"}
    count = len(_files(daemon))
    fake.start()
    _jobs(daemon, "retry")  # whoever has just started the server need not wait for the next look
    wait_until("the model is there", lambda: _extractor(daemon)["state"] == "running")
    daemon.settle()
    assert {one["extractor"].startswith(MODEL) for one in _jobs(daemon)["recent"]} == {True}
    assert len(_files(daemon)) == count, "nothing twice"


def test_only_a_model_may_extract_and_it_comes_later(
    home: Path, daemon: Daemon, project: Path, fake: FakeOllama
) -> None:
    fake.stop()
    daemon.environ = {**daemon.environ, "SIDECAR_EXTRACT_EXTRACTOR": "ollama"}
    ClaudeSession(home, project).say(RULE)
    daemon.start()
    wait_until("the session waits", lambda: daemon.status()["queue"]["pending"] == 1)
    assert _extractor(daemon)["state"] in ("starting", "unreachable")
    wait_until("what was said is found all the same", lambda: _said(daemon, project) == [RULE])
    daemon.stop()
    fake.start()
    daemon.start()
    daemon.settle()
    assert _found_by(daemon) == {"model"}


def test_a_hanging_call_holds_up_neither_the_stop_nor_the_next_start(
    home: Path, daemon: Daemon, project: Path, fake: FakeOllama
) -> None:
    fake.answer = lambda _request: Reply.stall('{"statements": [')
    ClaudeSession(home, project).say(RULE)
    daemon.start()
    fake.wait_for(1)
    [job] = _jobs(daemon, "list", "--state", "running")["jobs"]
    assert (job["attempts"], job["pending_characters"]) == (0, len(RULE))
    daemon.stop()
    fake.answer = parrot
    daemon.start()
    daemon.settle()
    assert _found_by(daemon) == {"model"}


def test_killed_in_the_middle_of_a_long_session_only_a_piece_is_done_again(
    home: Path, daemon: Daemon, project: Path, fake: FakeOllama
) -> None:
    questions: list[str] = []

    def until_the_end(request: ChatRequest) -> Reply | None:
        questions.append(request.prompt)
        return Reply.stall() if "zc17" in request.prompt else None

    fake.answer = parrot_but(until_the_end)
    session = ClaudeSession(home, project)
    for number in range(18):
        filler = f"the tide of day {number} was high and the water was grey and the boats stayed in. " * 60
        session.say(
            f"For the record: the gateway of host zc{number:02} is on port {4400 + number}", ("assistant", filler)
        )
    daemon.start()
    wait_until("it hangs in the last piece", lambda: any("zc17" in question for question in questions))
    assert len(_files(daemon)) > 1
    first = questions[0]
    assert "zc00" in first
    daemon.kill()
    questions.clear()
    fake.answer = parrot_but(lambda request: questions.append(request.prompt))
    daemon.start()
    daemon.settle()
    assert first not in questions, "what was done before the kill is not done again"
    assert len(_files(daemon)) == 18


def test_a_notice_jumps_the_queue_and_the_budget(home: Path, daemon: Daemon, project: Path) -> None:
    daemon.environ = {**daemon.environ, "SIDECAR_EXTRACT_SECONDS_PER_HOUR": "0"}
    quiet = ClaudeSession(home, project).say(RULE)
    noticed = ClaudeSession(home, project).say(PORT)
    daemon.start()
    wait_until("both wait", lambda: daemon.status()["queue"]["pending"] == 2)
    wait_until("the budget is used up", lambda: _extractor(daemon)["state"] == "budget")
    body = {"agent": "claude-code", "session": noticed.session, "path": str(noticed.path), "event": "PreCompact"}
    daemon.client.request("POST", "/v1/notify", body)
    wait_until("the noticed session is learned", lambda: _jobs(daemon)["recent"])
    found = _jobs(daemon)
    assert [job["session"] for job in found["jobs"]] == [quiet.session]
    assert [one["session"] for one in found["recent"]] == [noticed.session]
    messages = [{"role": "user", "content": "Always write times in UTC"}]
    daemon.client.request(
        "POST", "/v1/ingest", {"messages": messages, "cwd": str(project), "wait": True}, timeout=HANG_S
    )
    assert len(_jobs(daemon)["recent"]) == 2


def test_what_goes_wrong_is_told_and_can_be_given_up(
    home: Path, daemon: Daemon, project: Path, fake: FakeOllama
) -> None:
    fake.answer = lambda _request: Reply("Certainly! Here are the statements:")
    session = ClaudeSession(home, project).say(RULE)
    daemon.start()
    wait_until("the fault shows", lambda: _extractor(daemon)["state"] == "wrong answer")
    assert _extractor(daemon)["name"] == "ollama"
    told = wait_until("the job has failed once", lambda: [j for j in _jobs(daemon)["jobs"] if j["attempts"] == 1])
    assert "did not answer in the form" in told[0]["error"]
    shown = daemon.cli("jobs")
    assert shown.returncode == 0
    assert "1 try" in shown.stdout
    assert session.session in shown.stdout
    assert _jobs(daemon, "drop", session.session) is None
    daemon.settle()
    [ended] = _jobs(daemon)["recent"]
    assert ended["outcome"] == "dropped"
    assert _said(daemon, project) == [RULE], "its texts stay searchable"
    fake.answer = parrot
    session.say("Always deploy with make ship")
    wait_until("what came later is learned", lambda: _files(daemon))
    daemon.settle()
    assert [text for text in _files(daemon) if "make check" in text] == []


def test_a_session_is_named_as_exactly_as_it_takes(home: Path, daemon: Daemon, project: Path) -> None:
    ClaudeSession(home, project, session="twin").say(RULE)
    daemon.start()
    for profile in ("web", "api"):
        path = f"/v1/namespaces/local/profiles/{profile}/ingest"
        messages = [{"role": "user", "content": f"{RULE} in {profile}"}]
        daemon.client.request("POST", path, {"messages": messages, "sessionId": "twin", "wait": True}, timeout=HANG_S)
    daemon.settle()
    for arguments, code, told in (
        (("drop", "triplet"), 4, "There is no session triplet"),
        (("drop", "twin"), 2, "claude-code and http"),
        (("drop", "twin", "--agent", "http"), 2, "local/api and local/web"),
        (("drop", "twin", "--agent", "codex"), 4, "There is no session twin"),
        (("drop", "twin", "--agent", "claude-code"), 0, ""),
        (("retry", "twin", "--agent", "http", "--profile", "web"), 0, ""),
        (("retry", "--agent", "http"), 2, "need a SESSION"),
    ):
        done = daemon.cli("jobs", *arguments)
        assert (done.returncode, told in done.stderr) == (code, True), done.stderr
