"""A model for the tests of recall at medium and high, whose answers a test writes by the title of the question."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fake_ollama import ChatRequest, FakeOllama, Reply

from sidecar.extract.llm.recalling import Asker
from sidecar.extract.model import Model
from sidecar.model import Hit
from sidecar.recall import Recall, RecallAnswer, RecallRequest
from sidecar.recall.thinking import Level, Thinking

Written = Reply | Mapping[str, Any] | Callable[[ChatRequest], Reply | Mapping[str, Any]]

NAME = "qwen3:4b-instruct"

NOTHING: dict[str, Any] = {"keys": [], "synonyms": [], "statement": ""}


def memories(request: ChatRequest) -> str:
    """The part of a question in which the memories stand."""
    return request.prompt.partition("</memories>")[0]


def number_of(request: ChatRequest, words: str) -> int:
    """The number of the memory of a question that holds these words."""
    found = re.search(rf"^\[(\d+)\][^\n]*{re.escape(words)}", memories(request), re.MULTILINE)
    assert found, f"{words!r} is in no memory"
    return int(found.group(1))


def shown(request: ChatRequest) -> list[int]:
    """The numbers of the memories of a question."""
    return [int(number) for number in re.findall(r"^\[(\d+)\] ", memories(request), re.MULTILINE)]


def telling(*told: tuple[str, str | Sequence[int]]) -> Written:
    """An answer: sentences, each with words of the memory that it cites, or with numbers."""

    def answer(request: ChatRequest) -> Mapping[str, Any]:
        cited = [[number_of(request, cite)] if isinstance(cite, str) else list(cite) for _, cite in told]
        return {
            "sentences": [{"text": text, "sources": sources} for (text, _), sources in zip(told, cited, strict=True)]
        }

    return answer


@dataclass
class Mind:
    """What the model says to each question; to be given to a server as its answer."""

    analysis: Written = field(default_factory=lambda: NOTHING)
    order: Written = field(default_factory=lambda: lambda request: {"order": shown(request)})
    told: Written = field(default_factory=lambda: {"sentences": []})

    def __call__(self, request: ChatRequest) -> Reply:
        said = {"Analysis": self.analysis, "Order": self.order, "Telling": self.told}[request.title]
        said = said(request) if callable(said) else said
        return said if isinstance(said, Reply) else Reply.json(said)


def think(
    recall: Recall,
    fake: FakeOllama,
    request: RecallRequest,
    level: Level = "medium",
    *,
    limit_s: float = 60.0,
    most: int | None = None,
) -> tuple[RecallAnswer, RecallAnswer]:
    """What low and what `level` say; `most` candidates are given."""

    def fit(hits: Sequence[Hit]) -> Sequence[Hit]:
        return hits[:most]

    low = recall(request)
    asker = Asker(Model(fake.host, NAME, stall_s=60, timeout_s=60), time.monotonic() + limit_s)
    return low, Thinking(recall)(request, low, level, asker, fit)
