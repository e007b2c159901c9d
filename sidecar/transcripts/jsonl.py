"""Reading of session files that are JSONL and only grow: all that does not depend on the agent."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from sidecar.model import Message, SessionHeader
from sidecar.transcripts.base import DEFAULT_LIMIT, Cursor, ReadResult
from sidecar.transcripts.conversation import Conversation
from sidecar.transcripts.drift import Drift
from sidecar.transcripts.glance import HEAD_SIZES, glance
from sidecar.transcripts.headers import Headline
from sidecar.transcripts.lines import MOST_MESSAGES, Lines, open_lines
from sidecar.transcripts.places import roots


class JsonlReader(ABC):
    """A `Reader` of JSONL files; an agent gives it its conversation and its files' names."""

    conversation: ClassVar[type[Conversation]]
    unfinished: ClassVar[bool] = False
    """Whether a last line without an end counts if it is whole: for files that no agent writes line by line."""

    _known: tuple[tuple[object, ...], SessionHeader | None] = ((), None)
    """The header that was found last, and of which state of which file."""

    @property
    def agent(self) -> str:
        """See `Reader.agent`."""
        return self.conversation.agent

    def roots(self, environ: Mapping[str, str]) -> tuple[Path, ...]:
        """See `Reader.roots`."""
        return roots(self.agent, environ)

    @abstractmethod
    def is_transcript(self, path: Path) -> bool:
        """See `Reader.is_transcript`."""

    def header(self, path: Path) -> SessionHeader | None:
        """See `Reader.header`."""
        unfinished = self.unfinished
        seen, whole = glance(
            path, lambda written: Headline(self.conversation(path, {}, written), unfinished=unfinished)
        )
        return None if whole and not seen.enough() else seen.header(whole=whole)

    def read(self, path: Path, cursor: Cursor | None, *, limit_bytes: int = DEFAULT_LIMIT) -> ReadResult:
        """See `Reader.read`.  A rewind withdraws the ids of what it takes back."""
        with open_lines(path, cursor, limit_bytes) as lines:
            conversation = self.conversation(path, lines.state, lines.source.written)
            drift = Drift(lines.state)
            continued = lines.offset > 0
            headline = None if continued else Headline(conversation)
            messages, rewinds = _taken(conversation, lines, drift, headline)
            after = lines.cursor(conversation.state() | drift.state())
            header: SessionHeader | None = None
            if headline and messages and not lines.more and lines.offset <= HEAD_SIZES[0]:  # no need to look again
                header = headline.header(whole=True)
            for position, record in lines.tail() if self.unfinished else ():
                messages.extend(conversation.feed(position, record))
        withdrawn = self._withdrawn(path, rewinds) if rewinds else ()
        if withdrawn:
            gone = frozenset(withdrawn)
            messages = [message for message in messages if message.id not in gone]
        return ReadResult(
            messages=tuple(messages),
            cursor=after,
            header=header or self._header_of(path, lines.source.stat, continued=continued),
            unknown=dict(sorted(conversation.unknown.items())),
            damaged=lines.damaged,
            restarted=lines.restarted,
            withdrawn=withdrawn,
            more=lines.more,
            drifted=drift.found,
        )

    def _header_of(self, path: Path, state: os.stat_result, *, continued: bool) -> SessionHeader | None:
        """The header of a file in this state; looked for once in a file that is read on, piece by piece, as it is.

        Only there: what was read of such a file before has just been compared with what is in it.
        """
        known = (path, state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
        last, header = self._known  # taken once: another thread may read another file
        if not continued or last != known:
            header = self.header(path)
            self._known = known, header
        return header

    def _withdrawn(self, path: Path, rewinds: list[int]) -> tuple[str, ...]:
        """The ids that the rewinds at these positions take back.

        A rewind is rare and reaches far back, so the file is run through once more instead of carrying every id in
        the cursor.
        """
        present: list[tuple[str, list[str]]] = []
        taken: list[str] = []
        with open_lines(path) as lines:
            conversation = self.conversation(path, {}, lines.source.written)
            for position, record in lines:
                found = conversation.rewind(record)
                if found is None:
                    ids = [message.id for message in conversation.feed(position, record)]
                    present.append((conversation.record_id(record), ids))
                    continue
                kept = found.kept(present)
                if position in rewinds:
                    still = {known for _, ids in kept for known in ids}
                    taken += [known for _, ids in present for known in ids if known not in still]
                present = kept
                if position >= rewinds[-1]:
                    break
        return tuple(dict.fromkeys(taken))


def _taken(
    conversation: Conversation, lines: Lines, drift: Drift, headline: Headline | None
) -> tuple[list[Message], list[int]]:
    """The messages of the lines, and the positions of rewinds; the headline, if any, notes the head of the file."""
    messages: list[Message] = []
    rewinds: list[int] = []
    withdraws = type(conversation).rewind is not Conversation.rewind
    feed, unknown = conversation.feed, conversation.unknown
    noted = records = strange = 0
    for position, record in lines:
        found = feed(position, record)
        if headline:
            if position < HEAD_SIZES[0]:
                found = tuple(found)
                headline.note(found, record)
            else:
                headline = None
        messages += found
        records += 1
        if unknown.noted != noted:
            noted = unknown.noted
            strange += 1
        if withdraws and conversation.rewind(record):
            rewinds.append(position)
        if len(messages) > MOST_MESSAGES and position >= HEAD_SIZES[0]:
            lines.stop()
    drift.note_all(records, strange)
    return messages, rewinds
