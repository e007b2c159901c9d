"""From what was said in a session to statements worth keeping.

An extractor looks at one slice of a session and returns candidates; it does no I/O of its own and decides nothing about
what is already stored.  `rules.RulesExtractor` needs no model.  `model` is the only module that speaks to Ollama.
"""

from __future__ import annotations

from typing import Protocol

from sidecar.model import Candidate, Message, SessionRef
from sidecar.records import dataclass


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A topic key in use, with the summary of the memory that stands under it now."""

    key: str
    summary: str


@dataclass(frozen=True, slots=True)
class Slice:
    """What one extraction looks at.

    `messages` are the new ones, in order and of all kinds; `context` are a few messages before them, which only help to
    understand.  `ended` says that the session is quiet.  `by` is the user@host that `source.by` will name.  `known` are
    topic keys in use in the session's profile, for extractors that reuse them.
    """

    ref: SessionRef
    messages: tuple[Message, ...]
    context: tuple[Message, ...] = ()
    ended: bool = True
    by: str = ""
    known: tuple[KnownKey, ...] = ()


class Extractor(Protocol):
    """Anything that finds candidates in a slice; `name` is what `status` shows."""

    @property
    def name(self) -> str:
        """The extractor's name, as in the setting `extract.extractor`."""
        ...

    @property
    def version(self) -> str:
        """Name and version as each memory states them, such as `rules-2` or `ollama/qwen3:4b-instruct prompt-1`."""
        ...

    @property
    def slice_characters(self) -> int | None:
        """About how many characters of text it takes at once, for one that takes long; None for any number."""
        ...

    def extract(self, session: Slice) -> list[Candidate]:
        """The candidates of a slice, in the order in which they were said."""
        ...


__all__ = ["Extractor", "KnownKey", "Slice"]
