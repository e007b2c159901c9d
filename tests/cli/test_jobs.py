"""`sidecar jobs`: what it asks of the daemon, and how it tells what comes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cli_runs import Run
from stub_daemon import Answer, StubDaemon

from sidecar.client import Client
from sidecar.errors import UnknownSession

PLACE = {"agent": "codex", "session": "s1", "namespace": "local", "profile": "web"}


def moment(**away: float) -> str:
    return (datetime.now(UTC) + timedelta(**away)).isoformat()


def job(state: str = "pending", **changes: Any) -> dict[str, Any]:
    found = {
        **PLACE,
        "state": state,
        "priority": 0,
        "due": moment(minutes=30, seconds=59),
        "attempts": 0,
        "error": None,
        "pending_characters": 4_200,
        "anew": False,
    }
    return {**found, **changes}


def ended(outcome: str = "done", **changes: Any) -> dict[str, Any]:
    found = {
        **PLACE,
        "outcome": outcome,
        "reason": None,
        "extractor": "rules-1",
        "learned": 3,
        "finished": moment(hours=-2, minutes=-5),
    }
    return {**found, **changes}


def test_plain_jobs_lists_what_waits_and_what_ended(stub: StubDaemon, served: Run) -> None:
    jobs = [
        job("running", pending_characters=1),
        job(session="s2"),
        job(session="s3", due=moment(), attempts=1, error="the model says nonsense"),
        job("parked", session="s4", attempts=5, error="it is given up"),
    ]
    recent = [
        ended(session="s5"),
        ended("nothing", session="s6", learned=0),
        ended("failed", session="s7", reason="it is given up"),
        ended("dropped", session="s8", extractor=None),
    ]
    stub.on("GET", "/v1/jobs", Answer({"jobs": jobs, "recent": recent}))
    done = served("jobs")
    assert done.code == 0
    assert [line.rstrip() for line in done.out.splitlines()] == [
        "running  s1  codex local/web  1 character",
        "pending  s2  codex local/web  4,200 characters  in 30 min",
        "pending  s3  codex local/web  4,200 characters  1 try due  the model says nonsense",
        "parked   s4  codex local/web  4,200 characters  5 tries    it is given up",
        "Lately",
        "done     s5  codex local/web  rules-1  2 h ago  3 learned",
        "nothing  s6  codex local/web  rules-1  2 h ago",
        "failed   s7  codex local/web  rules-1  2 h ago  it is given up",
        "dropped  s8  codex local/web           2 h ago",
    ]
    assert stub.requests[0].query == {}
    assert json.loads(served("jobs", "--json").out) == {"jobs": jobs, "recent": recent}


def test_only_some_are_listed_if_that_is_asked(stub: StubDaemon, served: Run) -> None:
    stub.on("GET", "/v1/jobs", Answer({"jobs": [], "recent": []}))
    assert served("jobs", "list", "--state", "parked", "--limit", "3").out == "There are no such sessions.\n"
    assert stub.requests[0].query == {"state": "parked", "limit": "3"}
    assert served("jobs").out == "Nothing waits for extraction, and nothing was extracted.\n"
    assert served("jobs", "list", "--state", "asleep").code == 2


def test_of_what_ended_only_the_latest_are_shown_unless_asked(stub: StubDaemon, served: Run) -> None:
    recent = [ended(session=f"s{number}") for number in range(15)]
    stub.on("GET", "/v1/jobs", Answer({"jobs": [], "recent": recent}))
    assert len(served("jobs").out.splitlines()) == 10
    assert len(served("jobs", "list", "--state", "done").out.splitlines()) == 15
    assert len(json.loads(served("jobs", "--json").out)["recent"]) == 15


@pytest.mark.parametrize(
    ("arguments", "body", "count", "told"),
    [
        ((), {}, 2, "2 sessions will be extracted again."),
        ((), {}, 0, "No session was given up."),
        (("s1",), {"session": "s1"}, 1, "1 session will be extracted again."),
        (("s1", "--agent", "codex"), {"session": "s1", "agent": "codex"}, 0, "Nothing to do:"),
        (("s1", "-p", "web"), {"session": "s1", "profile": "web"}, 1, "1 session"),
    ],
)
def test_retry(
    stub: StubDaemon, served: Run, arguments: tuple[str, ...], body: dict[str, str], count: int, told: str
) -> None:
    stub.on("POST", "/v1/jobs/retry", Answer({"sessions": count}))
    assert served("jobs", "retry", *arguments).out.startswith(told)
    assert stub.requests[0].body == body
    assert json.loads(served("jobs", "retry", *arguments, "--json").out) == {"sessions": count}


def test_drop(stub: StubDaemon, served: Run) -> None:
    stub.on("POST", "/v1/jobs/drop", Answer(None))
    assert served("jobs", "drop", "s1", "--agent", "codex").out == "Dropped: s1\n"
    assert stub.requests[0].body == {"session": "s1", "agent": "codex"}
    assert json.loads(served("jobs", "drop", "s1", "--json").out) is None
    assert served("jobs", "drop").code == 2


def test_a_session_that_is_not_known_is_an_error_with_advice(stub: StubDaemon, served: Run) -> None:
    stub.on("POST", "/v1/jobs/drop", UnknownSession(session="s9"))
    done = served("jobs", "drop", "s9")
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("Error: There is no session s9.\nTry: See `sidecar jobs`")


def test_the_client_sends_what_it_is_given_and_no_more(stub: StubDaemon) -> None:
    stub.on("GET", "/v1/jobs", Answer({"jobs": [], "recent": []}))
    stub.on("POST", "/v1/jobs/retry", Answer({"sessions": 0}))
    client = Client(stub.socket_path)
    assert client.jobs() == {"jobs": [], "recent": []}
    assert client.retry_jobs() == {"sessions": 0}
    assert [(request.query, request.body) for request in stub.requests] == [({}, None), ({}, {})]
