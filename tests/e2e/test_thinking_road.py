"""Recall at medium and high over HTTP, with a model server that answers, is away, hangs or is busy."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fake_ollama import ChatRequest, FakeOllama, Reply
from parrot import parrot
from running import Daemon

PROFILE = "/v1/namespaces/local/profiles/web"
MANAGED = "/client/v4/accounts/acct/agent-memory/namespaces/local/profiles/web"
PORT = "The gateway listens on port 4480."
QUESTION = "Which port does the gateway listen on?"
NO_MODEL = ["degraded: no model"]


def _mind(request: ChatRequest) -> Reply:
    """Says the first memory again, and something that none says; leaves the order as it is."""
    memories = request.prompt.partition("</memories>")[0]
    numbers = [int(number) for number in re.findall(r"^\[(\d+)\] ", memories, re.MULTILINE)]
    if request.title == "Analysis":
        return Reply.json({"keys": ["gateway/port"], "synonyms": ["socket"], "statement": PORT})
    if request.title == "Order":
        return Reply.json({"order": numbers})
    if request.title == "Telling":
        first = re.search(r"^\[1\] .*?: (.+)$", request.prompt, re.MULTILINE)
        assert first
        told = [{"text": first[1], "sources": [1]}, {"text": "The gateway also listens on port 9.", "sources": [1]}]
        return Reply.json({"sentences": told})
    return parrot(request)


@pytest.fixture
def fake() -> Iterator[FakeOllama]:
    with FakeOllama(_mind) as server:
        yield server


@pytest.fixture
def daemon(daemon: Daemon, fake: FakeOllama) -> Daemon:
    daemon.environ = {"SIDECAR_EXTRACT_HOST": fake.host, "SIDECAR_EXTRACT_PAUSE_ON_BATTERY": "false"}
    return daemon


def _remember(daemon: Daemon, *texts: str) -> list[str]:
    return [daemon.client.request("POST", f"{PROFILE}/remember", {"content": text})["id"] for text in texts]


def _recall(daemon: Daemon, level: str, prefix: str = PROFILE, **fields: Any) -> tuple[dict[str, Any], list[str]]:
    client = daemon.client
    found = client.request("POST", f"{prefix}/recall", {"query": QUESTION, "thinkingLevel": level, **fields})
    assert client.last is not None
    return found, [note["message"] for note in client.last.messages]


@pytest.mark.parametrize("prefix", [PROFILE, MANAGED], ids=["v1", "managed"])
@pytest.mark.parametrize("level", ["medium", "high"])
def test_an_answer_with_citations_and_without_what_nothing_says(
    daemon: Daemon, fake: FakeOllama, prefix: str, level: str
) -> None:
    daemon.start()
    [port, _] = _remember(daemon, PORT, "The gateway is restarted by systemd.")
    found, notes = _recall(daemon, level, prefix, explain=True)
    assert found["answer"] == f"{PORT} [{port}]"
    assert found["candidates"][0]["id"] == port
    assert found["count"] == len(found["candidates"])
    assert {"topics", "statement"} <= found["explanation"]["channels"].keys()
    assert notes == ["1 of 2 sentences of the model cut: what they cite does not say them"]
    assert "Telling" in fake.titles()


def test_low_asks_no_model(daemon: Daemon, fake: FakeOllama) -> None:
    daemon.start()
    _remember(daemon, PORT)
    found, notes = _recall(daemon, "low")
    assert (found["count"], notes) == (1, [])
    assert PORT in found["answer"]
    assert fake.requests == []


def test_a_budget_bounds_what_is_cited(daemon: Daemon, fake: FakeOllama) -> None:
    daemon.start()
    first, second = _remember(daemon, f"{PORT} " + "It has done so since the first release. " * 9, PORT)
    found, notes = _recall(daemon, "medium", budget=20)
    assert [one["id"] for one in found["candidates"]] == [second]
    assert found["answer"] == f"{PORT} [{second}]"
    assert first not in found["answer"]
    assert any(note.startswith("budget: 1 of 2 candidates left out, ") for note in notes)


def test_without_a_model_it_is_low_with_a_note(daemon: Daemon, fake: FakeOllama) -> None:
    fake.stop()
    daemon.start()
    _remember(daemon, PORT)
    low, _ = _recall(daemon, "low")
    for level in ("medium", "high"):
        assert _recall(daemon, level) == (low, NO_MODEL)
    nothing, notes = _recall(daemon, "medium", query="who painted the Mona Lisa?")
    assert (nothing["count"], nothing["answer"], notes) == (0, "", NO_MODEL)
    fake.start()
    assert _recall(daemon, "medium")[0]["answer"].startswith(f"{PORT} [")


@pytest.mark.parametrize("extractor", ["rules", "none"])
def test_where_no_model_extracts_one_must_be_named(daemon: Daemon, fake: FakeOllama, extractor: str) -> None:
    daemon.environ = {**daemon.environ, "SIDECAR_EXTRACT_EXTRACTOR": extractor}
    daemon.start()
    _remember(daemon, PORT)
    assert _recall(daemon, "medium")[1] == NO_MODEL
    assert fake.requests == []
    daemon.stop()
    fake.models.append("reader:1b")
    daemon.environ = {**daemon.environ, "SIDECAR_EXTRACT_RECALL_MODEL": "reader:1b"}
    daemon.start()
    assert _recall(daemon, "medium")[0]["answer"].startswith(f"{PORT} [")
    assert {request.model for request in fake.requests} == {"reader:1b"}


def test_a_hanging_call_delays_no_low_and_ends_at_the_stop(daemon: Daemon, fake: FakeOllama) -> None:
    fake.answer = lambda _request: Reply.stall()
    daemon.start()
    _remember(daemon, PORT)
    answers: list[tuple[dict[str, Any], list[str]]] = []
    waiting = threading.Thread(target=lambda: answers.append(_recall(daemon, "medium")))
    waiting.start()
    fake.wait_for(1)
    low, _ = _recall(daemon, "low")
    daemon.stop()
    waiting.join(60)
    assert answers == [(low, ["degraded: sidecar stops"])]
    assert fake.titles() == ["Analysis"]
