"""Cursor, the editor: `state.vscdb`, a SQLite table of keys and values.

`composerData:<session>` describes a conversation, `bubbleId:<session>:<bubble>` is one message or tool call of it.
Values are written anew under their keys while an answer comes in; some are null or cut off.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from sidecar.model import SessionHeader
from sidecar.transcripts.base import Record
from sidecar.transcripts.cursor_bubbles import AGENT, Composer, folder_in, messages_of
from sidecar.transcripts.cursor_workspaces import folders_of
from sidecar.transcripts.databases import Snapshot
from sidecar.transcripts.drift import Drift
from sidecar.transcripts.places import roots
from sidecar.transcripts.rows import Follower, Table
from sidecar.transcripts.stores import StoreReader, Taken
from sidecar.transcripts.values import decoded, identifier, items, moment, name, obj

DATABASE = "state.vscdb"

FOLDER_LOOKS = 12
"""Bubbles of a conversation that are searched for its folder; most name it, and a long one has thousands."""

_GLOBAL, _WORKSPACES = "globalStorage", "workspaceStorage"
_TABLE = "cursorDiskKV"
_COMPOSER, _BUBBLE = "composerData:", "bubbleId:"
_AFTER = {_COMPOSER: "composerData;", _BUBBLE: "bubbleId;"}
"""The first key that does not begin so: `;` follows `:`."""


class CursorIde(StoreReader):
    """Reads the conversations of Cursor's editor."""

    agent = AGENT

    def roots(self, environ: Mapping[str, str], platform: str = sys.platform) -> tuple[Path, ...]:
        """See `Reader.roots`: `globalStorage`, and `workspaceStorage`, where older versions kept conversations."""
        return roots(AGENT, environ, platform)

    def depth(self, root: Path) -> int | None:
        """See `ManySessions.depth`: each workspace has a folder; extensions keep much more below both."""
        return {_GLOBAL: 0, _WORKSPACES: 1}.get(root.name)

    def is_transcript(self, path: Path) -> bool:
        """The database of the editor or of a workspace."""
        return path.name == DATABASE

    def fits(self, database: Snapshot) -> bool:
        """See `StoreReader.fits`."""
        return "value" in database.columns(_TABLE)

    def understood(self, database: Snapshot) -> bool:
        """See `StoreReader.understood`; a workspace of an old version may hold settings alone."""
        return self.fits(database)

    def _headers(self, database: Snapshot, only: Collection[str] | None) -> list[SessionHeader]:
        if only is not None:
            return [_header(database, session, _composer(database, session)) for session in sorted(only)]
        found = database.selected(_TABLE, ("key", "value"), "key >= ? AND key < ?", (_COMPOSER, _AFTER[_COMPOSER]))
        composers = ((str(row["key"]).removeprefix(_COMPOSER), row["value"]) for row in found)
        return [
            _header(database, session, obj(decoded(value)))
            for session, value in composers
            if any(True for _ in _bubbles(database, session, 1))
        ]

    def _take(self, database: Snapshot, state: Mapping[str, object], limit_bytes: int) -> Taken:
        taken = Taken(Drift(state))
        value = f"CASE WHEN key >= '{_BUBBLE}' AND key < '{_AFTER[_BUBBLE]}' THEN value END"
        rows = Follower(database, Table(_TABLE, "key", (value,)), state.get(_TABLE))
        composers: dict[str, Composer] = {}
        unlisted: Counter[str] = Counter()
        for row in sorted(rows.changed(limit_bytes), key=lambda row: row.number):
            session, _, bubble = row.key.removeprefix(_BUBBLE).partition(":")
            if not row.key.startswith(_BUBBLE) or row.values[0] is None or not bubble:
                continue
            content = decoded(row.values[0])
            if not isinstance(content, dict):
                taken.damaged += row.values[0] not in ("null", b"null")  # which stands for one that was removed
                continue
            if session not in composers:
                composers[session] = _described(database, session)
            composer = composers[session]
            place = row.number if composer.order is None else composer.order.get(bubble)
            if place is None:  # it is written before the list names it, at its end
                place = len(composer.order or ()) + unlisted[session]
                unlisted[session] += 1
            taken.add(list(messages_of(composer, bubble, place, content, taken.unknown)))
            taken.note_record()
        taken.state, taken.more = {_TABLE: rows.state()}, rows.more
        return taken

    def _complete(self, path: Path, headers: list[SessionHeader]) -> list[SessionHeader]:
        """Name the folders of conversations whose workspace alone tells them."""
        if all(header.cwds for header in headers):
            return headers
        folders = folders_of(path)
        return [
            replace(header, cwds=(folders[header.session],))
            if not header.cwds and header.session in folders
            else header
            for header in headers
        ]


def _composer(database: Snapshot, session: str) -> Record:
    found = database.selected(_TABLE, ("value",), "key = ?", (_COMPOSER + session,))
    return next((obj(decoded(row["value"])) for row in found), {})


def _bubbles(database: Snapshot, session: str, limit: int) -> Iterator[Record]:
    values = (f"{_BUBBLE}{session}:", f"{_BUBBLE}{session};", limit)
    found = database.selected(_TABLE, ("value",), "key >= ? AND key < ? LIMIT ?", values)
    yield from (obj(decoded(row["value"])) for row in found)


def _described(database: Snapshot, session: str) -> Composer:
    data = _composer(database, session)
    listed = data.get("fullConversationHeadersOnly")
    order = [identifier(obj(header).get("bubbleId")) for header in items(listed)]
    return Composer(
        session=session,
        cwd=_folder(database, session),
        model=name(obj(data.get("modelConfig")).get("modelName")),
        order={bubble: place for place, bubble in enumerate(order)} if isinstance(listed, list) or not data else None,
        written=database.written,
    )


def _folder(database: Snapshot, session: str) -> str | None:
    found = (folder_in(bubble) for bubble in _bubbles(database, session, FOLDER_LOOKS))
    return next((folder for folder in found if folder), None)


def _header(database: Snapshot, session: str, data: Record) -> SessionHeader:
    cwd = _folder(database, session)
    started = moment(data.get("createdAt"), database.written)
    return SessionHeader(
        agent=AGENT,
        session=session,
        path=database.path,
        cwds=(cwd,) if cwd else (),
        branch=name(data.get("createdOnBranch")),
        started=started,
        last_record=moment(data.get("lastUpdatedAt"), database.written) or started,
    )
