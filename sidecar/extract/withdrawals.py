"""What a session takes back or finishes before it ends."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sidecar.expressions import regex
from sidecar.extract import keys
from sidecar.extract.drafts import Draft
from sidecar.extract.noise import takes_back
from sidecar.model import MemoryType, Message

_JUST_BEFORE = 4
"""Records back to which "forget that" may refer: the statement, the answer to it and what was done in between."""

_LONGEST = 300
"""Characters of a message that takes something back; a longer one says more than that."""

_REPORT = 700
"""Characters of a message that reports something done."""

_FORGET = regex(
    r"\b(?:forget|scrap|scratch|drop|ignore|undo) (?:what i said about|about|the idea (?:of|with)|that about)\b",
    re.IGNORECASE,
)
_WITHDRAWING = frozenset(
    "forget scrap scratch ignore idea said wrote mind nevermind nvm wrong take back thought disregard strike".split()
)
_COMPLETED = regex(
    r"\b(?:done|finished|completed|implemented|is in|merged|works now|all set|taken care of)\b", re.IGNORECASE
)


def withdraw(drafts: Sequence[Draft], messages: Sequence[Message]) -> list[Draft]:
    """The drafts without those that the last of `messages` takes back."""
    subject = _withdrawal(messages[-1])
    if subject is None:
        return list(drafts)
    recent = {message.id for message in messages[-1 - _JUST_BEFORE :]}
    return [draft for draft in drafts if _survives(draft, subject, recent)]


def _withdrawal(message: Message) -> frozenset[str] | None:
    """The subject that a person's message takes back ("forget the redis thing"), empty for what was said just before.

    None if the message takes nothing back.
    """
    if message.speaker != "user" or message.kind != "text" or message.sidechain or len(message.text) > _LONGEST:
        return None
    if not takes_back(message.text) and not _FORGET.search(message.text):
        return None
    return keys.topic_words(_FORGET.sub(" ", message.text)) - _WITHDRAWING


def _survives(draft: Draft, subject: frozenset[str], recent: set[str]) -> bool:
    if not subject:
        return draft.message.id not in recent
    return len(subject & keys.topic_words(draft.text)) * 2 < len(subject)


def unfinished(drafts: Sequence[Draft], messages: Sequence[Message], *, share: float = 0.0) -> list[Draft]:
    """The drafts without the to-dos that were done later in the same session, so that they do not outlive it.

    `share` is the part of a to-do's words that a report of something done must have, besides two at least.
    """
    if not any(draft.type is MemoryType.TASK for draft in drafts):
        return list(drafts)
    order = {message.id: number for number, message in enumerate(messages)}
    done = [(order[one.id], keys.topic_words(one.text)) for one in messages if _reports_done(one)]
    return [draft for draft in drafts if draft.type is not MemoryType.TASK or not _done(draft, order, done, share)]


def _done(draft: Draft, order: Mapping[str, int], done: Sequence[tuple[int, frozenset[str]]], share: float) -> bool:
    about, said = keys.topic_words(draft.text), order[draft.message.id]
    return any(number > said and len(about & topic) >= max(2, share * len(about)) for number, topic in done)


def _reports_done(message: Message) -> bool:
    if message.kind != "text" or message.sidechain or message.speaker == "tool" or len(message.text) > _REPORT:
        return False
    return bool(_COMPLETED.search(message.text))
