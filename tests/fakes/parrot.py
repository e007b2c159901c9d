"""Answers of a model without a mind of its own: every line of the user is a statement, and every statement is right."""

from __future__ import annotations

import re
from collections.abc import Callable

from fake_ollama import Answer, ChatRequest, Reply

_USER_LINE = re.compile(r"^\[(\d+)\] .*?user: (.+)$", re.MULTILINE)
_ORDERS = ("always", "never")


def parrot(request: ChatRequest) -> Reply:
    """A good answer to any question of the extraction."""
    if request.title == "Statements":
        transcript = request.prompt.partition("</transcript>")[0]
        return Reply.json({"statements": [_statement(int(n), text) for n, text in _USER_LINE.findall(transcript)]})
    return Reply.json(
        {
            "Details": {"details": []},
            "Verification": {"checks": []},
            "Classification": {"items": []},
            "Relation": {"relation": "different"},
        }[request.title]
    )


def _statement(number: int, text: str) -> dict[str, object]:
    kind = "instruction" if text.lower().startswith(_ORDERS) else "fact"
    return {"content": text, "lines": [number], "type": kind}


def parrot_but(deviate: Callable[[ChatRequest], Reply | None]) -> Answer:
    """A parrot that answers otherwise where `deviate` gives a reply."""
    return lambda request: deviate(request) or parrot(request)
