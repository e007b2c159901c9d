"""OpenClaw since 2026.8: one SQLite database for each of its agents, whose rows are the lines of the JSONL before it.

What a line means is the business of the reader of these files, so that a session that was carried over has the same
messages in both.  A database only tells which lines are new; for a new line the ones before it are fed as well, as
far back as a tool's result may lie behind its call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sidecar.model import Message, SessionHeader
from sidecar.transcripts.base import Record
from sidecar.transcripts.databases import Snapshot, Value
from sidecar.transcripts.drift import Drift
from sidecar.transcripts.places import roots
from sidecar.transcripts.rows import Follower, Table
from sidecar.transcripts.stores import StoreReader, Taken
from sidecar.transcripts.values import decoded, identifier, moment, name, obj

AGENT = "openclaw"
DATABASE = "openclaw-agent.sqlite"

LOOK_BACK = 256
"""Lines before a new one that are fed again: an agent waits for some dozen calls at once at most."""

_EVENTS, _WINDOWS = "transcript_events", "session_windows"
_WINDOW_COLUMNS = (
    *("session_id", "previous_session_id", "started_at", "created_at", "transcript_updated_at", "updated_at"),
)


class Lines(Protocol):
    """Turns the records of one session into messages; see the reader of OpenClaw's files."""

    @property
    def unknown(self) -> Counter[str]:
        """Kinds of records that are not known, counted."""

    def feed(self, position: int, record: Record) -> Iterable[Message]:
        """The messages of the next record."""


class OpenClawStore(StoreReader):
    """Reads OpenClaw's databases."""

    agent = AGENT

    def __init__(self, lines: Callable[[Path, Mapping[str, object], datetime], Lines]) -> None:
        """`lines`: makes what turns a session's records into messages, from a path, a state and the last write."""
        self._lines = lines

    def roots(self, environ: Mapping[str, str]) -> tuple[Path, ...]:
        """See `Reader.roots`: those of the files before."""
        return roots(AGENT, environ)

    def depth(self, root: Path) -> int | None:  # noqa: D102 - see `ManySessions.depth`
        return None

    def is_transcript(self, path: Path) -> bool:
        """The database of an agent."""
        return path.name == DATABASE

    def fits(self, database: Snapshot) -> bool:
        """See `StoreReader.fits`."""
        return database.columns(_EVENTS) >= {"session_id", "seq", "event_json"}

    def _headers(self, database: Snapshot, only: Collection[str] | None) -> list[SessionHeader]:
        if only is None:
            rows = database.rows(f"SELECT DISTINCT session_id FROM {_EVENTS}")  # noqa: S608 - a constant
            only = [identifier(session) for (session,) in rows]
        return [_header(database, session) for session in sorted(only)]

    def _take(self, database: Snapshot, state: Mapping[str, object], limit_bytes: int) -> Taken:
        taken = Taken(Drift(state))
        table = Table(_EVENTS, "session_id || ':' || seq", ("session_id", "seq", "event_json"))
        rows = Follower(database, table, state.get(_EVENTS))
        changed: dict[str, dict[int, Value]] = {}
        for row in rows.changed(limit_bytes):
            session, place, event = row.values
            if isinstance(place, int):
                changed.setdefault(identifier(session), {})[place] = event
        for session, events in sorted(changed.items()):
            self._feed(database, taken, session, events)
        taken.state, taken.more = {_EVENTS: rows.state()}, rows.more
        return taken

    def _feed(self, database: Snapshot, taken: Taken, session: str, changed: Mapping[int, Value]) -> None:
        """Add what new lines of a session say, in the light of those before them."""
        lines = self._lines(database.path.with_name(f"{session}.jsonl"), {}, database.written)
        first, last = min(changed), max(changed)
        condition = "session_id = ? AND (seq = 0 OR seq BETWEEN ? AND ?) ORDER BY seq"
        found = database.selected(_EVENTS, ("seq", "event_json"), condition, (session, first - LOOK_BACK, last))
        for row in found:
            place, record = row["seq"], decoded(row["event_json"])
            new = isinstance(place, int) and place in changed
            if not isinstance(record, dict):
                taken.damaged += new
                continue
            before = Counter(lines.unknown)
            said = list(lines.feed(place if isinstance(place, int) else 0, record))
            if new:
                taken.unknown += lines.unknown - before
                taken.note_record()
                taken.add([replace(message, session=session) for message in said])


def _header(database: Snapshot, session: str) -> SessionHeader:
    first = database.selected(_EVENTS, ("event_json",), "session_id = ? ORDER BY seq LIMIT 1", (session,))
    opening = next((obj(decoded(row["event_json"])) for row in first), {})
    window: Mapping[str, Value] = {}
    if database.columns(_WINDOWS):
        window = next(database.selected(_WINDOWS, _WINDOW_COLUMNS, "session_id = ?", (session,)), {})
    cwd = name(opening.get("cwd"))
    return SessionHeader(
        agent=AGENT,
        session=session,
        path=database.path,
        cwds=(cwd,) if cwd else (),
        started=_first_time(database, opening.get("timestamp"), window.get("started_at"), window.get("created_at")),
        last_record=_first_time(database, window.get("transcript_updated_at"), window.get("updated_at")),
        parent=name(window.get("previous_session_id")),
    )


def _first_time(database: Snapshot, *told: object) -> datetime | None:
    return next((time for value in told if (time := moment(value, database.written))), None)
