"""Extraction without a model: what transcripts already state in so many words.

Deterministic and pure: the same slice gives the same candidates.  Precision comes before recall: a sentence is kept
only if enough speaks for it (see `cues`), and nothing that a tool printed is ever read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sidecar.extract import Slice
from sidecar.extract.agents import from_agent
from sidecar.extract.drafts import EXTRACTOR, Draft, candidate, distinct
from sidecar.extract.outcomes import outcomes
from sidecar.extract.people import from_person
from sidecar.extract.summaries import summary_parts
from sidecar.extract.withdrawals import unfinished, withdraw
from sidecar.model import Candidate, MemoryType, Message

_MOST_PER_MESSAGE = 6
_MOST_PER_SESSION = 60
"""Statements kept; more than that is a document, and a person's memory is not made of documents."""


class RulesExtractor:
    """The extractor that needs no model."""

    name = "rules"
    version = EXTRACTOR
    slice_characters = None

    def extract(self, session: Slice) -> list[Candidate]:
        """What the new messages state in so many words, in the order in which it was said."""
        drafts: list[Draft] = []
        earlier = list(session.context)
        for message in session.messages:
            found = _heaviest(list(dict.fromkeys(_drafts(message, earlier))))
            earlier.append(message)
            drafts = [*withdraw(drafts, earlier), *found]
        drafts.extend(Draft(MemoryType.FACT, one.text, one.message) for one in outcomes(session.messages))
        order = {message.id: number for number, message in enumerate(session.messages)}
        drafts = unfinished(drafts, session.messages)
        drafts.sort(key=lambda one: order[one.message.id])
        last = _last_time(session)
        return distinct([candidate(one, session, last) for one in _first(drafts)])[:_MOST_PER_SESSION]


def _first(drafts: Sequence[Draft]) -> Iterator[Draft]:
    """As many different texts as are kept, with the later messages that say one of them again."""
    texts: set[str] = set()
    for draft in drafts:
        folded = draft.text.lower()
        if len(texts) < _MOST_PER_SESSION or folded in texts:
            texts.add(folded)
            yield draft


def _heaviest(found: list[Draft]) -> list[Draft]:
    """The first statements of a message; where there are too many, orders and events before the rest."""
    if len(found) <= _MOST_PER_MESSAGE:
        return found
    rest = (MemoryType.FACT, MemoryType.TASK)
    chosen = sorted(range(len(found)), key=lambda number: (found[number].type in rest, number))[:_MOST_PER_MESSAGE]
    return [found[number] for number in sorted(chosen)]


def _drafts(message: Message, earlier: Sequence[Message]) -> Iterator[Draft]:
    """The statements of one message; what tools printed and what subagents were told is nobody's word."""
    if message.sidechain or message.kind == "tool" or message.speaker == "tool" or message.role in ("tool", "system"):
        return
    if message.kind == "summary":
        for kind, text in summary_parts(message.text):
            yield Draft(kind, text, message)
    elif message.speaker == "user":
        yield from from_person(message, earlier)
    else:
        yield from from_agent(message)


def _last_time(session: Slice) -> datetime:
    """The moment for messages without one: the last that the session knows of."""
    times = [message.time for message in (*session.context, *session.messages) if message.time is not None]
    return max(times) if times else datetime.fromtimestamp(0, UTC)
