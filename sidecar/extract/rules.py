"""Extraction without a model: what transcripts already state in so many words.

Deterministic and pure: the same slice gives the same candidates.  Precision comes before recall: a sentence is kept
only if enough speaks for it (see `cues`), and nothing that a tool printed is ever read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sidecar.extract import Slice
from sidecar.extract.agents import from_agent
from sidecar.extract.drafts import Draft, candidate, distinct
from sidecar.extract.outcomes import outcomes
from sidecar.extract.people import from_person
from sidecar.extract.summaries import summary_parts
from sidecar.extract.withdrawals import finished, withdraw
from sidecar.model import Candidate, MemoryType, Message

_MOST_PER_MESSAGE = 6
_MOST_PER_SESSION = 60
"""Statements kept; more than that is a document, and a person's memory is not made of documents."""


class RulesExtractor:
    """The extractor that needs no model."""

    name = "rules"

    def extract(self, session: Slice) -> list[Candidate]:
        """What the new messages state in so many words, in the order in which it was said."""
        drafts: list[Draft] = []
        earlier = list(session.context)
        for message in session.messages:
            found = list(_drafts(message, earlier))[:_MOST_PER_MESSAGE]
            earlier.append(message)
            drafts = [*withdraw(drafts, earlier), *found]
        drafts.extend(Draft(MemoryType.FACT, one.text, one.message) for one in outcomes(session.messages))
        order = {message.id: number for number, message in enumerate(session.messages)}
        drafts = [one for one in drafts if not finished(one, session.messages[order[one.message.id] + 1 :])]
        drafts.sort(key=lambda one: order[one.message.id])
        last = _last_time(session)
        return distinct([candidate(one, session, last) for one in drafts])[:_MOST_PER_SESSION]


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
