"""OpenCode: one SQLite database for all sessions (since 1.2), in two generations of tables.

1.x keeps a row for each message and one for each part of it, 2.x one row for each message.  An upgraded database has
both; what was carried over has the same ids, so both are read.  Rows change while an answer is written.

Undoing marks the session with the message from which on all is taken back, until the next prompt removes the rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from sidecar.expressions import regex
from sidecar.model import SessionHeader
from sidecar.paths import user_home
from sidecar.transcripts.databases import Snapshot
from sidecar.transcripts.drift import Drift
from sidecar.transcripts.opencode_messages import AGENT
from sidecar.transcripts.opencode_tables import Generation, Parts, Rows, Sessions
from sidecar.transcripts.places import apart_from_home, data_folder, folder_from, roots
from sidecar.transcripts.stores import StoreReader, Taken
from sidecar.transcripts.values import identifier, obj

_DATABASE = regex(r"opencode(?:-[\w.]+)?\.db")
"""Builds of other channels than the usual one name the channel."""

_REVERTED = "reverted"


class OpenCode(StoreReader):
    """Reads OpenCode's sessions."""

    agent = AGENT

    def roots(self, environ: Mapping[str, str]) -> tuple[Path, ...]:
        """See `Reader.roots`; the folder of `$OPENCODE_DB` comes to them."""
        named, home = environ.get("OPENCODE_DB", "").strip(), user_home(environ)
        found = roots(AGENT, environ)
        if not named or named == ":memory:":
            return found
        absolute = named.startswith(("/", "~"))
        database = folder_from(named, home) if absolute else data_folder(environ) / AGENT / named
        return apart_from_home((*found, database.parent), home)

    def depth(self, root: Path) -> int | None:
        """See `ManySessions.depth`: below the database lie copies of every project's files."""
        return 0 if root.name == AGENT or any(map(self.is_transcript, root.glob("*.db"))) else None

    def is_transcript(self, path: Path) -> bool:
        """The database of any channel."""
        return _DATABASE.fullmatch(path.name) is not None

    def fits(self, database: Snapshot) -> bool:
        """See `StoreReader.fits`."""
        return bool(Sessions(database).tables) and any(generation.exists for generation in _generations(database))

    def _headers(self, database: Snapshot, only: Collection[str] | None) -> list[SessionHeader]:
        return Sessions(database).headers(only)

    def _take(self, database: Snapshot, state: Mapping[str, object], limit_bytes: int) -> Taken:
        taken = Taken(Drift(state))
        reverted = Sessions(database).reverted()
        for generation in _generations(database):
            if taken.more or not generation.exists:
                taken.state[generation.table] = state.get(generation.table)
                continue
            generation.take(taken, state.get(generation.table), reverted, limit_bytes)
        before = {session: identifier(point) for session, point in obj(state.get(_REVERTED)).items()}
        for session in sorted({*reverted, *before}):
            if reverted.get(session) != before.get(session):
                self._undo(database, taken, session, before.get(session), reverted.get(session))
        taken.state[_REVERTED] = reverted
        return taken

    def _undo(self, database: Snapshot, taken: Taken, session: str, before: str | None, now: str | None) -> None:
        """Take back what is reverted now, and give again what was and is there still."""
        for generation in _generations(database):
            if before is not None and generation.exists:
                taken.add(generation.since(session, before))
            if now is not None and generation.exists:
                taken.withdraw(generation.since(session, now))


def _generations(database: Snapshot) -> tuple[Generation, ...]:
    return Parts(database), Rows(database)
