"""Large documents with very many messages, given in several calls, each as much as may be held at once.

A document is rewritten as a whole, so what is no longer in it was taken back; but that is only known when all of it was
gone through.  So a call looks through the whole document first (one that is torn, or differs from what the earlier
calls had before them, is begun anew), unless it goes on where the last one stopped in a file that was not written to
since (see `documents`).  The cursor keeps a digest of each id that was given, and the last call alone says that all was
given, and what.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from sys import getsizeof
from typing import Final

from sidecar.model import Message, SessionHeader
from sidecar.transcripts.base import Cursor, Ids, ReadResult, Record
from sidecar.transcripts.values import count, items, obj, text
from sidecar.transcripts.whole import PORTION, Document

SHARE: Final = 1.4
"""Times the bytes of a document that the messages of one call may take: with those of the call before, which may still
be held, and all that a call takes besides, it is under five times."""

LEAST: Final = 4 * 1024 * 1024
"""Bytes that they may take at least: a call looks through all of the document."""

MOST: Final = 48 * 1024 * 1024
"""Bytes that they may take at most: a process is to take under 200 MB whatever the file."""

_MESSAGE: Final = 240
"""Bytes that a message takes beside its text and its id."""


class Portion:
    """What one call gives of a document: of nearly every one all, of a large one as much as may be held."""

    def __init__(self, document: Document, cursor: Cursor | None) -> None:
        self._document = document
        self.state = cursor.state if cursor is not None and document.continued else {}
        """That of the call before; empty for the first one."""
        saved = obj(self.state.get(PORTION))
        self.records = count(saved.get("records"))
        """How many records of the document were given, those of earlier calls first of all."""
        self.folders = tuple(text(folder) for folder in items(saved.get("folders")))
        """Those of the session that earlier calls have found."""
        self.more = False
        """Whether some are left."""
        self.messages: list[Message] = []
        self.rest: Iterator[Iterable[Message]] = iter(())
        """What `of` has left, if some are left."""
        self._ids = bytearray(_decoded(saved.get("ids")))
        self._later = bool(saved)
        self._before = cursor
        self._weight = self._last = 0
        self._room = min(max(int(SHARE * document.cursor.size), LEAST), MOST)

    @property
    def full(self) -> bool:
        """Whether as much was taken as may be held, or would be with one more like the last."""
        return self._document.large and self._weight + self._last > self._room

    def weigh(self, found: Iterable[Message]) -> None:
        """Count what is held from now on."""
        self._last = sum(_MESSAGE + getsizeof(message.text) + getsizeof(message.id) for message in found)
        self._weight += self._last

    def of(self, steps: Iterable[Iterable[Message]]) -> Iterator[tuple[Message, ...]]:
        """Take the messages of one record after the other, which are made as they are taken, from the first new one."""
        left = iter(steps)
        for step in left:
            if self.full:
                self.more, self.rest = True, chain((step,), left)
                return
            found = tuple(step)
            self.weigh(found)
            self.records += 1
            self.messages += found
            yield found

    def spoke(self) -> bool:
        """Whether this call or one before found anything that was said."""
        return bool(self.messages or self._ids)

    def note(self) -> None:
        """All was taken that this call gives.  Raises Torn if the document was written to meanwhile."""
        self._document.check()
        if self.more or self._later:
            self._ids += Ids.digested(message.id for message in self.messages)

    def result(
        self,
        state: Record,
        folders: Iterable[str],
        header: SessionHeader | None,
        unknown: Mapping[str, int],
        *,
        complete: bool,
        drifted: bool | None,
    ) -> ReadResult:
        """What the call gives, after `note`; `complete`: whether all of the document is all of the session."""
        return ReadResult(
            messages=tuple(self.messages),
            cursor=self._cursor(state, folders),
            header=header,
            unknown=dict(sorted(unknown.items())),
            restarted=self.more and not self._later and self._before is not None,  # the first call over what was read
            complete=complete and not self.more,
            present=Ids(bytes(self._ids)) if self._later and not self.more else None,
            more=self.more,
            drifted=drifted,
        )

    def _cursor(self, state: Record, folders: Iterable[str]) -> Cursor:
        """Where the next call goes on; of a document that was given to its end that of the document."""
        if not self.more:
            return self._document.cursor
        told = {
            "records": self.records,
            "folders": list(folders),
            "ids": base64.b64encode(self._ids).decode(),
        }
        return replace(self._document.cursor, mtime_ns=0, state=state | {PORTION: told})


def _decoded(value: object) -> bytes:
    try:
        return base64.b64decode(text(value), validate=True)
    except binascii.Error:
        return b""
