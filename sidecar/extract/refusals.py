"""What a model server means when it refuses: its status and words, read as one of our errors.

Its words are never repeated as they are, since some of them quote what the model said; only what is known here is.
"""

from __future__ import annotations

import re

from sidecar.errors import (
    ModelDisconnected,
    ModelFailed,
    ModelMissing,
    ModelOutOfMemory,
    ModelUnreachable,
    ModelUnusable,
    PromptTruncated,
)
from sidecar.expressions import regex

IN_STREAM = -1
"""The status of an error that came after the answer had begun."""

_MEMORY = regex(
    r"requires more system memory(?: \([\d.]+ ?\w+\) than is available(?: \([\d.]+ ?\w+\))?)?"
    r"|out of (?:device )?memory|(?:not enough|insufficient|cannot allocate) memory|(?:failed|unable) to allocate"
    r"|cudamalloc failed|signal: killed",
    re.IGNORECASE,
)
_UNUSABLE = regex(
    r"unknown model architecture|unsupported model|(?:error|failed|unable) (?:loading|to load) (?:the )?model"
    r"|invalid file magic|does not support (?:chat|generate|completion)",
    re.IGNORECASE,
)
_RUNNER_DIED = regex(
    r"(?:llama )?runner process (?:has terminated|no longer running)|model runner has unexpectedly stopped",
    re.IGNORECASE,
)
_TOO_LONG = regex(
    r"exceeds the (?:available |maximum )?context|exceed_context_size|(?:prompt|input) (?:is )?too long", re.IGNORECASE
)
_NOT_FOUND, _TOO_MANY, _BUSY = 404, 429, 503


def refusal(host: str, model: str, status: int, words: str) -> ModelFailed:
    """The error for a refusal to answer; `status` is of HTTP, or `IN_STREAM`."""
    memory, unusable, died = (pattern.search(words) for pattern in (_MEMORY, _UNUSABLE, _RUNNER_DIED))
    if status == _NOT_FOUND:
        return ModelMissing(host=host, model=model)
    if _TOO_LONG.search(words):
        return PromptTruncated(model=model, why="it does not fit the window of the server")
    if memory:
        return ModelOutOfMemory(host=host, model=model, why=memory.group().lower())
    if unusable:
        return ModelUnusable(host=host, model=model, why=unusable.group().lower())
    if status == IN_STREAM:
        return ModelDisconnected(host=host, why="its runner stopped" if died else "it reports an error in its answer")
    if died:
        # A runner that dies while it loads the model has nearly always been killed for its memory.
        return ModelOutOfMemory(host=host, model=model, why="its runner stopped while it loaded the model")
    if status in (_TOO_MANY, _BUSY):
        return ModelUnreachable(host=host, why="it is busy", hint="Nothing to do; it is asked again.")
    return ModelFailed(host=host, why=f"it answers {status} to /api/chat", hint="See the log of Ollama.")
