"""What readers of databases have in common: one file with many sessions, read through short snapshots."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path

from sidecar.errors import TranscriptBusy, TranscriptUnreadable
from sidecar.model import Message, SessionHeader
from sidecar.records import dataclass
from sidecar.transcripts.base import DEFAULT_LIMIT, Cursor, Part, ReadResult, Record
from sidecar.transcripts.databases import Snapshot, snapshot, waiting
from sidecar.transcripts.drift import Drift, Unknown

PIECE = 2 * 1024 * 1024
"""Bytes of one look at most: a snapshot is held well under a second."""

_NEVER = datetime.fromtimestamp(0, UTC)


@dataclass(slots=True)
class Taken:
    """What one look at a database found.

    drift: how much of the database was not understood, in this look and those before.
    """

    drift: Drift
    state: Record = field(default_factory=dict)
    unknown: Unknown = field(default_factory=Unknown)
    damaged: int = 0
    more: bool = False
    _messages: dict[str, dict[str, Message]] = field(default_factory=dict)
    _withdrawn: dict[str, dict[str, None]] = field(default_factory=dict)

    def add(self, messages: Sequence[Message]) -> None:
        """Take in messages; one that came before in this look is replaced, one without a name is damaged."""
        for message in messages:
            if message.id and message.session:
                self._messages.setdefault(message.session, {})[message.id] = message
            else:
                self.damaged += 1

    def note_record(self) -> None:
        """One record was read, whatever is unknown of it is counted."""
        self.drift.note(self.unknown)

    def withdraw(self, messages: Sequence[Message]) -> None:
        """The sessions take these messages back, whether they were ever given or not."""
        for message in messages:
            self._withdrawn.setdefault(message.session, {})[message.id] = None

    def sessions(self) -> list[str]:
        """The sessions of which anything was found, sorted."""
        return sorted({*self._messages, *self._withdrawn})

    def part(self, header: SessionHeader) -> Part:
        """What was found of one session, in its order and without what it took back."""
        gone = self._withdrawn.get(header.session, {})
        kept = [m for m in self._messages.get(header.session, {}).values() if m.id not in gone]
        return Part(header, tuple(sorted(kept, key=lambda message: message.position)), tuple(gone))


class StoreReader(ABC):
    """Reads one kind of database; the parts that differ are left to the reader of each agent."""

    @property
    @abstractmethod
    def agent(self) -> str:
        """See `Reader.agent`."""

    @abstractmethod
    def roots(self, environ: Mapping[str, str]) -> tuple[Path, ...]:
        """See `Reader.roots`."""

    @abstractmethod
    def is_transcript(self, path: Path) -> bool:
        """See `Reader.is_transcript`."""

    @abstractmethod
    def fits(self, database: Snapshot) -> bool:
        """Whether the tables are those of this agent."""

    def understood(self, database: Snapshot) -> bool:
        """Whether there is anything to read; False for a database without any table yet.

        Raises:
            TranscriptUnreadable: it has tables, but not those of this agent.
        """
        if self.fits(database):
            return True
        if any(database.rows("SELECT 1 FROM sqlite_master LIMIT 1")):
            raise TranscriptUnreadable(path=database.path, why=f"its tables are not those of {self.agent}")
        return False

    @abstractmethod
    def _headers(self, database: Snapshot, only: Collection[str] | None) -> list[SessionHeader]:
        """The headers of these sessions, or of all; a session without a row of its own need not be among them."""

    @abstractmethod
    def _take(self, database: Snapshot, state: Mapping[str, object], limit_bytes: int) -> Taken:
        """What is new since the state was written."""

    @abstractmethod
    def depth(self, root: Path) -> int | None:
        """See `ManySessions.depth`."""

    def header(self, path: Path) -> SessionHeader | None:
        """The header of the session that was active last."""
        return max(self.headers(path), key=lambda header: header.last_record or _NEVER, default=None)

    def headers(self, path: Path) -> tuple[SessionHeader, ...]:
        """See `ManySessions.headers`; none from a database that is locked at this moment."""
        try:
            with snapshot(path) as database:
                if not self.understood(database):
                    return ()
                found = self._headers(database, None)
        except TranscriptBusy:
            return ()
        named = [header for header in found if header.session]
        return tuple(sorted(self._complete(path, named), key=lambda header: (header.started or _NEVER, header.session)))

    def read(self, path: Path, cursor: Cursor | None, *, limit_bytes: int = DEFAULT_LIMIT) -> ReadResult:
        """See `Reader.read`.  From a database that is locked at this moment there is nothing new yet."""
        try:
            with snapshot(path) as database:
                if not self.understood(database):
                    return ReadResult((), database.cursor({}, more=False))
                same = database.continues(cursor)
                state = cursor.state if cursor is not None and same else {}
                taken = self._take(database, state, max(1, min(limit_bytes, PIECE)))
                found = {header.session: header for header in self._headers(database, taken.sessions())}
                after = database.cursor(taken.state | taken.drift.state(), more=taken.more)
        except TranscriptBusy:
            return ReadResult((), waiting(cursor), busy=True)
        headers = [found.get(session) or SessionHeader(self.agent, session, path) for session in taken.sessions()]
        parts = tuple(taken.part(header) for header in self._complete(path, headers))
        return ReadResult(
            messages=tuple(message for part in parts for message in part.messages),
            cursor=after,
            unknown=dict(sorted(taken.unknown.items())),
            damaged=taken.damaged,
            restarted=cursor is not None and cursor.inode != 0 and not same,
            withdrawn=tuple(known for part in parts for known in part.withdrawn),
            more=taken.more,
            parts=parts,
            drifted=taken.drift.found,
        )

    def _complete(self, path: Path, headers: list[SessionHeader]) -> list[SessionHeader]:
        """Add what the database itself does not tell; called when it is closed again."""
        return headers
