"""Short ways to make what the journal takes, and to look at what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sidecar.journal import Archived, Journal
from sidecar.model import Message, ProfileRef, SessionHeader, SessionRef

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
WEB = ProfileRef("local", "web")
API = ProfileRef("local", "api")
PERSONAL = ProfileRef("local", "personal")
AGENT = "claude-code"


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def said(id: str, text: str = "", *, session: str = "s1", position: int = 0, **changes: Any) -> Message:  # noqa: A002
    values: dict[str, Any] = {"role": "user", "speaker": "user", "time": at(position), "agent": AGENT}
    values.update(changes)
    return Message(id=id, session=session, text=text or f"words of {id}", position=position, **values)


def talk(*ids: str, session: str = "s1", first: int = 0, **changes: Any) -> list[Message]:
    return [said(name, session=session, position=first + index, **changes) for index, name in enumerate(ids)]


def header(session: str = "s1", *, started: datetime | None = START, **changes: Any) -> SessionHeader:
    values: dict[str, Any] = {"agent": AGENT, "path": Path(f"/t/{session}.jsonl"), "started": started}
    values.update(changes)
    return SessionHeader(session=session, **values)


def read(journal: Journal, messages: Sequence[Message], session: str = "s1", **changes: Any) -> Archived:
    """One step over the file of a session."""
    values: dict[str, Any] = {"cursor": "c", "path": f"/t/{session}.jsonl", "header": header(session), "profile": WEB}
    values.update(changes)
    path, head, profile = values.pop("path"), values.pop("header"), values.pop("profile")
    return journal.record_read(path, head, profile, messages, **values)


def ref(session: str = "s1") -> SessionRef:
    return SessionRef(AGENT, session)


def ids(journal: Journal, session: str = "s1", after: int = 0) -> list[str]:
    return [archived.message.id for archived in journal.messages(ref(session), after=after)]


def fed(journal: Journal, after: int = 0) -> list[str]:
    """Ids in the feed of changes."""
    return [change.id for change in journal.changes(after, 1000)]
