"""Writing to the archive: what a transcript or a client says, in one transaction with the cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from sidecar.journal.claims import Batch, Claim, find, insert, load, settle
from sidecar.journal.codec import clean, content_of, micros
from sidecar.journal.database import Connection, Database
from sidecar.journal.formats import note_format
from sidecar.journal.neighbours import finish
from sidecar.journal.sessions import (
    ensure_session,
    file_number,
    note_header,
    note_times,
    profile_number,
    session_number,
)
from sidecar.journal.values import Archived, FileNotes, Mark
from sidecar.model import Message, ProfileRef, SessionHeader, SessionRef

_NO_FILE = 0
"""Stands for the file of messages that came without one."""

_STATES: Mapping[Mark, int] = {"forgotten": 0, "superseded": 1, "current": 2}
"""In the order in which one outweighs the other: a message counts as its best memory does."""


class Archive:
    """The part of the journal that keeps verbatim messages."""

    _db: Database

    def record_read(
        self,
        path: str,
        header: SessionHeader | None,
        profile: ProfileRef,
        messages: Sequence[Message],
        *,
        cursor: str | None,
        withdrawn: Sequence[str] = (),
        complete: bool = False,
        absent: Callable[[Iterable[str]], set[str]] | None = None,
        notes: FileNotes | None = None,
    ) -> Archived:
        """Keep what one step over a transcript found, and how far it got, in one transaction.

        A message that another session already holds adds nothing (see `claims`).  The session's profile becomes
        `profile`.

        Args:
            path: the transcript file.
            header: what the reader knows of the session; None if this piece did not tell.
            profile: where the session belongs.
            messages: already redacted.
            cursor: what the reader needs to go on; opaque here.  None leaves it as it was: the piece has more sessions.
            withdrawn: ids of messages that the transcript took back.
            complete: the whole file was read; what it no longer contains is withdrawn.
            absent: tells which ids a complete file does not contain, where `messages` are only the last of it.
            notes: what was seen of the file's format, added to what is known of it; None adds nothing.
        """
        with self._db.writing() as connection:
            batch = Batch.begin(connection)
            file = file_number(connection, path)
            session = _session_of(batch, header, file, profile)
            added, updated = _record_all(batch, file, profile, "", messages)
            taken_back = 0
            if session is not None:
                gone = set(map(clean, withdrawn))
                if complete:
                    held = _held_from(connection, session, file)
                    gone |= held - {clean(message.id) for message in messages} if absent is None else absent(held)
                agent = _agent(connection, session)
                taken_back = sum(_withdraw(batch, session, agent, identifier) for identifier in sorted(gone))
            finish(batch)
            if notes is not None:
                note_format(connection, file, notes, messages[0].agent if messages else None)
            connection.execute(
                "UPDATE files SET cursor = coalesce(?, cursor), problem = NULL WHERE number = ?", (cursor, file)
            )
        return Archived(added, updated, taken_back)

    def archive(self, profile: ProfileRef, messages: Sequence[Message]) -> Archived:
        """Keep messages that come without a file (HTTP ingest), by the same rules.

        Session names and message ids count within the profile only.  The order is that of arrival; `position` of the
        messages is not looked at.
        """
        with self._db.writing() as connection:
            batch = Batch.begin(connection)
            added, updated = _record_all(batch, _NO_FILE, profile, str(profile), messages)
            finish(batch)
        return Archived(added, updated)

    def mark_sources(self, profile: ProfileRef, marks: Mapping[str, Mark]) -> None:
        """Say what has become of the memories of a profile, by the ids of their source messages.

        Marks also wait for messages that are not in the archive yet.  A message learned from by several profiles
        counts as forgotten only when it is forgotten in all of them.
        """
        with self._db.writing() as connection:
            batch = Batch.begin(connection)
            number = profile_number(connection, profile)
            for identifier, mark in sorted(marks.items()):
                changed = connection.execute(
                    "INSERT INTO marks VALUES (?, ?, ?)"
                    " ON CONFLICT DO UPDATE SET state = excluded.state WHERE state <> excluded.state",
                    (clean(identifier), number, _STATES[mark]),
                ).rowcount
                if changed > 0:
                    renumber(batch, "id = ?", clean(identifier))
            finish(batch)

    def set_profile(self, ref: SessionRef, profile: ProfileRef) -> None:
        """Move a session, with its messages and its job, to another profile.  An unknown session is left alone."""
        with self._db.writing() as connection:
            session = session_number(connection, ref)
            if session is None:
                return
            batch = Batch.begin(connection)
            _move(batch, session, profile)
            finish(batch)


def renumber(batch: Batch, condition: str, *values: object) -> None:
    """Put every message that meets the condition at the end of the feed of changes."""
    rows = batch.connection.execute(f"SELECT number FROM messages WHERE {condition} ORDER BY change", values).fetchall()
    batch.connection.executemany(
        "UPDATE messages SET change = ? WHERE number = ?", [(batch.next_change(), row["number"]) for row in rows]
    )


def _session_of(batch: Batch, header: SessionHeader | None, file: int, profile: ProfileRef) -> int | None:
    """The session of a file: the header's, else the one that an earlier piece named."""
    connection = batch.connection
    if header is None:
        row = connection.execute("SELECT session FROM files WHERE number = ?", (file,)).fetchone()
        return None if row["session"] is None else int(row["session"])
    session = ensure_session(connection, SessionRef(header.agent, header.session), profile)
    _move(batch, session, profile)
    if note_header(connection, session, file, header):
        _resettle(batch, session)
    return session


def _move(batch: Batch, session: int, profile: ProfileRef) -> None:
    number = profile_number(batch.connection, profile)
    changed = batch.connection.execute(
        "UPDATE sessions SET profile = :profile WHERE number = :session AND profile <> :profile",
        {"profile": number, "session": session},
    ).rowcount
    if changed:
        renumber(batch, "session = ?", session)


def _resettle(batch: Batch, session: int) -> None:
    """Decide anew about every message that this session shares with others."""
    rows = batch.connection.execute(
        "SELECT * FROM messages WHERE gone = 0 AND number IN ("
        " SELECT message FROM copies WHERE session = :session"
        " UNION SELECT number FROM messages JOIN copies ON message = number WHERE messages.session = :session)"
        " ORDER BY number",
        {"session": session},
    ).fetchall()
    for row in rows:
        known = load(batch.connection, row)
        settle(batch, known, known.claims)


def _record_all(
    batch: Batch, file: int, profile: ProfileRef, scope: str, messages: Iterable[Message]
) -> tuple[int, int]:
    """Record the messages of each session in their order; the numbers added and updated."""
    sessions: dict[SessionRef, list[Message]] = {}
    for message in messages:
        sessions.setdefault(SessionRef(message.agent, message.session, scope), []).append(message)
    added = updated = 0
    for ref, group in sessions.items():
        session = ensure_session(batch.connection, ref, profile)
        times = [time for time in (micros(message.time) for message in group) if time is not None]
        # In transcripts only a header says when a session began: replayed messages are older than their session.
        note_times(batch.connection, session, min(times, default=None) if scope else None, max(times, default=None))
        if scope:
            group = _in_order_of_arrival(batch.connection, session, group)  # noqa: PLW2901 - the same messages
        for message in group:
            outcome = _record(batch, session, file, scope, message)
            added, updated = added + (outcome == "added"), updated + (outcome == "updated")
    return added, updated


def _in_order_of_arrival(connection: Connection, session: int, messages: Sequence[Message]) -> list[Message]:
    last = connection.execute(
        "SELECT coalesce(max(position), -1) AS last FROM messages WHERE session = ?", (session,)
    ).fetchone()["last"]
    return [replace(message, position=last + 1 + index) for index, message in enumerate(messages)]


def _record(batch: Batch, session: int, file: int, scope: str, message: Message) -> str:
    """Take in one message: `added`, `updated`, or `known` if nothing came of it."""
    identifier = clean(message.id)
    claim = Claim(session, file, message.position, withdrawn=False, content=content_of(message))
    row = find(batch.connection, identifier, message.agent, scope)
    if row is None:
        insert(batch, identifier, message.agent, scope, claim)
        return "added"
    if row["gone"]:
        return "known"
    known = load(batch.connection, row)
    held = known.claims.get(session)
    if held is not None:
        # A file that was moved or read again from its start: the message keeps its first place.
        first = min(held, claim, key=batch.place)
        claim = claim._replace(file=first.file, position=first.position)
    if claim == held:
        return "known"
    return "updated" if settle(batch, known, {**known.claims, session: claim}) else "known"


def _withdraw(batch: Batch, session: int, agent: str, id: str) -> bool:  # noqa: A002
    """Withdraw a session's claim on a message; whether the message is withdrawn by that."""
    row = find(batch.connection, id, agent, "")
    if row is None or row["gone"]:
        return False
    known = load(batch.connection, row)
    held = known.claims.get(session)
    if held is None or held.withdrawn:
        return False
    claims = {**known.claims, session: held._replace(withdrawn=True)}
    settle(batch, known, claims)
    return all(claim.withdrawn for claim in claims.values())


def _held_from(connection: Connection, session: int, file: int) -> set[str]:
    """The ids of what the session holds from this file."""
    rows = connection.execute(
        "SELECT id FROM messages WHERE session = :session AND file = :file AND gone = 0 UNION"
        " SELECT id FROM messages JOIN copies ON message = number"
        " WHERE copies.session = :session AND copies.file = :file",
        {"session": session, "file": file},
    ).fetchall()
    return {row["id"] for row in rows}


def _agent(connection: Connection, session: int) -> str:
    return str(connection.execute("SELECT agent FROM sessions WHERE number = ?", (session,)).fetchone()["agent"])
