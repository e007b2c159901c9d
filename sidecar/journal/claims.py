"""Which session a message belongs to, when several hold it.

Agents write the same record into several sessions: a resume, a fork, a compaction replays it.  Each session that holds
a message has a claim on it.  The message belongs to the claim that is not withdrawn, of the session that began first
(then: the smaller name), and has that session's content.  So the archive is a function of what the transcripts say,
whatever the order in which they are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import NamedTuple

from sidecar.journal.codec import Content, pack, pack_content, unpack, unpack_content
from sidecar.journal.database import Connection, Row
from sidecar.records import dataclass

_CONTENT = ("role", "speaker", "kind", "sidechain", "time", "cwd", "branch", "model", "tool")
"""The columns of `Content` in the table of messages; the text lies in a table of its own."""

_NEVER = 1 << 62
"""Later than any time: a session whose beginning is not known yields to all others."""


class Claim(NamedTuple):
    """A session's hold on a message: where it stands there, and what it says there."""

    session: int
    file: int
    position: int
    withdrawn: bool
    content: Content


class Thread(NamedTuple):
    """Messages that follow each other: those of one file of a session, subagents' apart."""

    session: int
    file: int
    sidechain: int


@dataclass(slots=True)
class Known:
    """A message that is in the archive, with every claim on it."""

    number: int
    owner: Claim
    claims: dict[int, Claim]


@dataclass(slots=True)
class Batch:
    """One write to the archive, in one transaction.

    Hands out `seq` and `change` numbers, and collects the places where words came or went: the documents around them
    carry them as context and so have changed too.  What headers say of sessions and files must be written before the
    first message is settled: their ranks are looked up once.
    """

    connection: Connection
    seq: int
    change: int
    base: int
    """The last change before this batch: what is above has its new number already."""
    touched: dict[Thread, set[int]] = field(default_factory=dict)
    _ranks: dict[int, tuple[int, str]] = field(default_factory=dict)
    _orders: dict[int, tuple[int, str]] = field(default_factory=dict)

    @classmethod
    def begin(cls, connection: Connection) -> Batch:
        """Go on from the numbers that were given out last."""
        counters = dict(connection.execute("SELECT name, value FROM counters").fetchall())
        return cls(connection, counters["seq"], counters["change"], counters["change"])

    def next_seq(self) -> int:
        """A number above all earlier ones."""
        self.seq += 1
        return self.seq

    def next_change(self) -> int:
        """A number above all earlier ones."""
        self.change += 1
        return self.change

    def touch(self, claim: Claim) -> None:
        """Note that words came to this place, or went from it."""
        if claim.content.talk:
            thread = Thread(claim.session, claim.file, claim.content.sidechain)
            self.touched.setdefault(thread, set()).add(claim.position)

    def rank(self, claim: Claim) -> tuple[bool, int, str]:
        """Sort key: the smallest claim owns the message."""
        if claim.session not in self._ranks:
            row = self.connection.execute(
                "SELECT coalesce(started, ?) AS started, session FROM sessions WHERE number = ?",
                (_NEVER, claim.session),
            ).fetchone()
            self._ranks[claim.session] = (row["started"], row["session"])
        return (claim.withdrawn, *self._ranks[claim.session])

    def place(self, claim: Claim) -> tuple[int, str, int]:
        """Sort key: the order of messages in a session, by the beginning of the file, its path, the position."""
        if claim.file not in self._orders:
            row = self.connection.execute(
                "SELECT coalesce(started, ?) AS started, CAST(path AS TEXT) AS path FROM files WHERE number = ?",
                (_NEVER, claim.file),
            ).fetchone()
            self._orders[claim.file] = (_NEVER, "") if row is None else (row["started"], row["path"])
        return (*self._orders[claim.file], claim.position)


def find(connection: Connection, id: str, agent: str, scope: str) -> Row | None:  # noqa: A002
    """The row of a message, if it is in the archive or was once."""
    row: Row | None = connection.execute(
        "SELECT * FROM messages WHERE id = ? AND agent = ? AND scope = ?", (id, agent, scope)
    ).fetchone()
    return row


def stored_content(row: Row, body: bytes) -> Content:
    """The content of a message from its row and its packed text."""
    return Content._make([*(row[column] for column in _CONTENT), unpack(body)])


def load(connection: Connection, row: Row) -> Known:
    """Every claim on a message that is not gone."""
    number = row["number"]
    body = connection.execute("SELECT body FROM texts WHERE number = ?", (number,)).fetchone()["body"]
    content = stored_content(row, body)
    owner = Claim(row["session"], row["file"], row["position"], bool(row["withdrawn"]), content)
    claims = {owner.session: owner}
    for copy in connection.execute("SELECT * FROM copies WHERE message = ? ORDER BY session", (number,)):
        held = content if copy["content"] is None else unpack_content(copy["content"])
        claims[copy["session"]] = Claim(copy["session"], copy["file"], copy["position"], bool(copy["withdrawn"]), held)
    return Known(number, owner, claims)


def insert(batch: Batch, id: str, agent: str, scope: str, claim: Claim) -> None:  # noqa: A002
    """Take in a message that was never here."""
    body = pack(claim.content.text)
    cursor = batch.connection.execute(
        "INSERT INTO messages (agent, scope, id, session, file, position, talk, seq, change, bytes, characters,"
        f" {', '.join(_CONTENT)}) VALUES ({', '.join('?' * (11 + len(_CONTENT)))})",
        (
            *(agent, scope, id, claim.session, claim.file, claim.position, claim.content.talk),
            *(batch.next_seq(), batch.next_change(), len(body), len(claim.content.text)),
            *claim.content[: len(_CONTENT)],
        ),
    )
    batch.connection.execute("INSERT INTO texts VALUES (?, ?)", (cursor.lastrowid, body))
    batch.touch(claim)


def settle(batch: Batch, known: Known, claims: Mapping[int, Claim]) -> bool:
    """Give a message to the claim that is due; `claims` is what holds now, `known` what is written.

    Returns:
        Whether the message has other content or another owner than before.
    """
    if not claims:
        raise ValueError("a message needs a claim")
    owner = min(claims.values(), key=batch.rank)
    changed = owner.content != known.owner.content or owner.session != known.owner.session
    if owner != known.owner:
        _write_owner(batch, known, owner, fresh=changed or known.owner.withdrawn > owner.withdrawn)
    if owner != known.owner or claims != known.claims:
        _write_copies(batch.connection, known.number, owner, claims)
    return changed


def _write_owner(batch: Batch, known: Known, owner: Claim, *, fresh: bool) -> None:
    connection, content = batch.connection, owner.content
    connection.execute(
        "UPDATE messages SET session = ?, file = ?, position = ?, withdrawn = ?, talk = ?, change = ?,"
        f" {', '.join(f'{column} = ?' for column in _CONTENT)} WHERE number = ?",
        (
            *(owner.session, owner.file, owner.position, owner.withdrawn, content.talk, batch.next_change()),
            *content[: len(_CONTENT)],
            known.number,
        ),
    )
    if fresh:
        connection.execute("UPDATE messages SET seq = ? WHERE number = ?", (batch.next_seq(), known.number))
    if content.text != known.owner.content.text:
        body = pack(content.text)
        connection.execute("UPDATE texts SET body = ? WHERE number = ?", (body, known.number))
        connection.execute(
            "UPDATE messages SET bytes = ?, characters = ? WHERE number = ?",
            (len(body), len(content.text), known.number),
        )
    batch.touch(known.owner)
    batch.touch(owner)


def _write_copies(connection: Connection, number: int, owner: Claim, claims: Mapping[int, Claim]) -> None:
    connection.execute("DELETE FROM copies WHERE message = ?", (number,))
    connection.executemany(
        "INSERT INTO copies VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                *(number, claim.session, claim.file, claim.position, claim.withdrawn),
                None if claim.content == owner.content else pack_content(claim.content),
            )
            for _, claim in sorted(claims.items())
            if claim.session != owner.session
        ],
    )
