"""Small conversations for the tests of extraction by a model, and a model server that answers by title."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from fake_ollama import Answer, ChatRequest, FakeOllama, Reply

from sidecar.extract import KnownKey, Slice
from sidecar.extract.llm.lines import Line, numbered
from sidecar.extract.model import Model
from sidecar.model import Message, SessionRef, ToolCall

START = datetime(2026, 9, 16, 10, 0, tzinfo=UTC)
"""A Wednesday."""

SESSION = SessionRef("claude-code", "3f0c")


def said(speaker: str, text: str, number: int = 1, **changes: object) -> Message:
    """A message; as `tool`, a call whose command is the first line of the text, failed if that ends in `!`."""
    tool = None
    if speaker == "tool":
        command, _, output = text.partition("\n")
        tool = ToolCall("Bash", command.removesuffix("!"), failed=command.endswith("!"))
        text = f"$ {tool.command}\n{output}"
    message = Message(
        id=f"m{number}",
        agent="claude-code",
        session="3f0c",
        role=speaker,  # type: ignore[arg-type]
        speaker=speaker,  # type: ignore[arg-type]
        text=text,
        time=START + timedelta(minutes=number),
        kind="tool" if tool else "text",
        position=number * 1000,
        cwd="/home/ines/work/harvester",
        tool=tool,
    )
    return replace(message, **changes)  # type: ignore[arg-type]


def talk(*turns: tuple[str, str], known: tuple[KnownKey, ...] = (), context: int = 0) -> Slice:
    """A slice of these turns, the first `context` of them as context."""
    messages = tuple(said(speaker, text, number) for number, (speaker, text) in enumerate(turns, 1))
    return Slice(SESSION, messages[context:], messages[:context], by="ines@laptop", known=known)


def lines(*turns: tuple[str, str], context: int = 0) -> tuple[Line, ...]:
    """The lines of such a slice."""
    return numbered(talk(*turns, context=context))


def number_of(request: ChatRequest, words: str) -> int:
    """The number of the line of a question that holds these words."""
    found = re.search(rf"^\[(\d+)\][^\n]*{re.escape(words)}", request.prompt, re.MULTILINE)
    assert found, f"{words!r} is in no line"
    return int(found.group(1))


def listed(request: ChatRequest) -> dict[int, str]:
    """The numbered statements that a question lists."""
    text = request.prompt.rpartition("Statements:\n")[2].partition("\n\n")[0]
    return {int(number): content for number, content in re.findall(r"^(\d+)\. (.*)$", text, re.MULTILINE)}


def described(request: ChatRequest, **fields: object) -> Reply:
    """A classification of every listed statement, all with the same fields; the key is numbered unless it is given."""
    usual: dict[str, object] = {"summary": "", "keywords": [], "queries": [], "type": "fact", "scope": "project"}
    items = [
        {"number": number, "key": f"topic-{number}/value", **usual, **fields, "occurred": fields.get("occurred", "")}
        for number in listed(request)
    ]
    return Reply.json({"items": items})


def by_title(**answers: Callable[[ChatRequest], Reply] | Mapping[str, Any]) -> Answer:
    """A server's answers by the title of the question; what is not given is an empty answer, or a plain description."""
    empty: dict[str, Any] = {
        "Statements": {"statements": []},
        "Details": {"details": []},
        "Verification": {"checks": []},
    }

    def answer(request: ChatRequest) -> Reply:
        given = answers.get(request.title)
        if callable(given):
            return given(request)
        if given is not None:
            return Reply.json(given)
        return described(request) if request.title == "Classification" else Reply.json(empty[request.title])

    return answer


def statement(content: str, *numbers: int, kind: str = "fact") -> dict[str, Any]:
    """One item of a full pass."""
    return {"content": content, "lines": list(numbers), "type": kind}


def model(fake: FakeOllama) -> Model:
    """A model on this server."""
    return Model(fake.host, fake.models[0], stall_s=30, timeout_s=60)
