"""From what a client says in an ingest to messages as the archive keeps them: redacted, with ids of our making."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from sidecar.daemon.protocol import Said
from sidecar.model import HTTP_AGENT, Message, Speaker
from sidecar.redact import redact_messages
from sidecar.transcripts.text import without_injected


def message_id(session: str, role: str, content: str) -> str:
    """The id of an ingested message: the first 128 bits of SHA-256 over session, role and redacted content.

    Each part is preceded by its length in bytes, so that no two triples join to the same text.
    """
    digest = hashlib.sha256()
    for part in (session, role, content):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:32]


def redacted_messages(messages: Sequence[Said], session: str | None, now: datetime) -> tuple[str, list[Message]]:
    """The session's name and its messages as the archive keeps them."""
    redacted = _redacted(messages)
    name = session or _derived_session(redacted)
    return name, [_message(said, text, name, now, place) for place, (said, text) in enumerate(redacted)]


def _redacted(messages: Sequence[Said]) -> list[tuple[Said, str]]:
    """What was said, without secrets, and without what we have given to an agent, which must not come back as news."""
    own = [(said, without_injected(said.content)) for said in messages]
    kept = [(said, text) for said, text in own if text.strip() or text == said.content]
    whole = [_message(said, text, "", datetime.now(UTC), place) for place, (said, text) in enumerate(kept)]
    return [(said, clean.text) for (said, _), clean in zip(kept, redact_messages(whole), strict=True)]


def _derived_session(redacted: Sequence[tuple[Said, str]]) -> str:
    digest = hashlib.sha256()
    for said, text in redacted:
        digest.update(message_id("", said.role, text).encode())
    return digest.hexdigest()[:32]


def _message(said: Said, text: str, session: str, now: datetime, place: int) -> Message:
    speaker: Speaker = "tool" if said.role == "system" else said.role
    return Message(
        id=message_id(session, said.role, text),
        agent=HTTP_AGENT,
        session=session,
        role=said.role,
        speaker=speaker,
        text=text,
        time=said.time or now,
        position=place,
    )
