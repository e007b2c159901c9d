"""What the sessions of most agents have in common while their records are turned into messages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, TypeAlias

from sidecar.model import Message, MessageKind, Role, Speaker, ToolCall
from sidecar.transcripts.base import MOST_FOLDERS, Record
from sidecar.transcripts.drafts import Draft
from sidecar.transcripts.drift import Unknown
from sidecar.transcripts.tools import Calls
from sidecar.transcripts.values import digest, identifier, is_uuid, moment, name, obj, text


@dataclass(frozen=True, slots=True)
class Rewind:
    """A record that takes messages back: those of the records after `target`, or of `records` alone.

    target: the id of a record; empty for the beginning of the session.
    inclusive: `target` itself is taken back too.
    records: ids of records; if there are any, `target` does not count.
    """

    target: str = ""
    inclusive: bool = False
    records: frozenset[str] = frozenset()

    def kept(self, present: list[tuple[str, list[str]]]) -> list[tuple[str, list[str]]]:
        """What stays of records with their messages; all of them if the target is not among them."""
        if self.records:
            return [entry for entry in present if entry[0] not in self.records]
        if not self.target:
            return []
        known = [key for key, _ in present]
        if self.target not in known:
            return present
        last = len(known) - 1 - known[::-1].index(self.target)
        return present[: last if self.inclusive else last + 1]


@dataclass(slots=True)  # not frozen: see `Draft`
class Said:
    """The place of a message: its record's byte, and when and how it was said; what is None is as for the session."""

    position: int
    time: datetime | None = None
    model: str | None = None
    sidechain: bool = False


_Place: TypeAlias = tuple[str, str | None, str | None, str | None]
"""Session, folder, branch and model."""


class Conversation(ABC):
    """Turns the records of one session file into messages; what must survive between two reads is its state.

    `facts` holds what is known of the session: session, cwd, branch, remote, commit, parent, model, started.
    """

    agent: ClassVar[str]

    def __init__(self, path: Path, state: Mapping[str, object], written: datetime) -> None:
        """`state`: what `state()` gave at the end of the last read; `written`: the file's last write."""
        self.path = path
        self._stem = path.stem
        self.written = written
        self.unknown = Unknown()
        self.cwds: dict[str, None] = {}
        self.calls = Calls(state.get("calls"))
        self.facts = {key: text(value) for key, value in obj(state.get("facts")).items()}
        self._place: _Place | None = None

    def state(self) -> Record:
        """For the cursor."""
        return {"calls": self.calls.saved(), "facts": dict(self.facts)}

    @abstractmethod
    def feed(self, position: int, record: Record) -> Iterable[Message]:
        """The messages of one record that stands at this byte."""

    def rewind(self, record: Record) -> Rewind | None:
        """What this record takes back; None for nearly all."""
        return None

    def record_id(self, record: Record) -> str:
        """The id by which rewinds name a record."""
        return identifier(record.get("id"))

    def time_of(self, record: Record) -> datetime | None:
        """When a record was written."""
        return moment(record.get("timestamp"), self.written)

    def fallback_session(self) -> str:
        """The session's id where no record tells it."""
        return self._stem

    @property
    def started(self) -> datetime | None:
        """When the session began, if a record tells."""
        return moment(self.facts.get("started"), self.written)

    @property
    def session(self) -> str:
        """The session's id."""
        return self.facts.get("session") or self.fallback_session()

    def note(self, **told: object) -> None:
        """Learn facts; what says nothing changes nothing."""
        for key, value in told.items():
            if value and (found := name(value)):
                self.facts[key] = found
                self._place = None
                if key == "cwd" and len(self.cwds) < MOST_FOLDERS:
                    self.cwds[found] = None

    def note_first(self, **told: object) -> None:
        """Learn facts of which the first telling counts."""
        self.note(**{key: value for key, value in told.items() if key not in self.facts})

    def own_id(self, told: str, *content: object) -> str:
        """A message's id: the record's if it is unique by itself, else within the session; by content without one."""
        if is_uuid(told):
            return told
        return f"{self.session}:{told or digest(*content)}"

    def message(
        self,
        said: Said,
        made: str,
        role: Role,
        speaker: Speaker,
        words: str,
        *,
        kind: MessageKind = "text",
        tool: ToolCall | None = None,
    ) -> tuple[Message, ...]:
        """One message, or none if it says nothing."""
        if not words:
            return ()
        session, cwd, branch, model = self._place or self._placed()
        found = Draft(
            made,
            self.agent,
            session,
            role,
            speaker,
            words,
            said.time,
            kind,
            said.position,
            cwd,
            branch,
            (said.model or model) if role == "assistant" else None,
            said.sidechain,
            tool,
        )
        found.__class__ = Message
        return (found,)

    def _placed(self) -> _Place:
        """What all messages have in common until a further fact is learnt."""
        told = self.facts.get
        self._place = found = (self.session, told("cwd"), told("branch"), told("model"))
        return found
