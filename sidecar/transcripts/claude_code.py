"""Claude Code: JSONL below `~/.claude/projects`, one file a session, subagents in files of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from sidecar.model import Message, SessionHeader
from sidecar.transcripts.base import DEFAULT_LIMIT, Cursor, ReadResult, Record
from sidecar.transcripts.claude_records import AGENT, Conversation, branch_of, session_of
from sidecar.transcripts.drift import Drift
from sidecar.transcripts.glance import glance
from sidecar.transcripts.lines import open_lines
from sidecar.transcripts.places import roots
from sidecar.transcripts.values import moment, name

_NOT_SESSIONS = frozenset(("journal", "history"))
_NOT_FOLDERS = frozenset(("memory", "tool-results", "file-history", "paste-cache", "todos"))


class ClaudeCode:
    """Reads Claude Code's transcripts."""

    agent = AGENT

    def roots(self, environ: Mapping[str, str]) -> tuple[Path, ...]:
        """`$CLAUDE_CONFIG_DIR/projects`, by default `~/.claude/projects`."""
        return roots(AGENT, environ)

    def is_transcript(self, path: Path) -> bool:
        """A JSONL file of a session or subagent; journals, memory and tool output lie in the same tree."""
        if path.suffix != ".jsonl" or path.name.startswith(".") or path.stem in _NOT_SESSIONS:
            return False
        folders = path.parts[:-1]
        while "projects" in folders:
            folders = folders[folders.index("projects") + 1 :]
        return not _NOT_FOLDERS.intersection(folders)

    def header(self, path: Path) -> SessionHeader | None:
        """See `Reader.header`."""
        seen = glance(path, lambda head, written: bool(_said(path, head, written)))
        if seen.whole and not _said(path, seen.head, seen.written):
            return None
        records = [record for _, record in seen.head]
        both = records if seen.whole else records + seen.tail
        branches = [branch for record in both if (branch := branch_of(record))]
        return SessionHeader(
            agent=AGENT,
            session=session_of(path, records),
            path=path,
            cwds=tuple(dict.fromkeys(cwd for record in both if (cwd := name(record.get("cwd"))))),
            branch=branches[-1] if branches else None,
            started=_first_time(records, seen.written),
            last_record=_first_time(reversed(seen.tail), seen.written),
        )

    def read(self, path: Path, cursor: Cursor | None, *, limit_bytes: int = DEFAULT_LIMIT) -> ReadResult:
        """See `Reader.read`.  Claude Code withdraws nothing: abandoned branches of a conversation stay in the file."""
        with open_lines(path, cursor, limit_bytes) as lines:
            conversation = Conversation(path, lines.state, lines.source.written)
            drift, messages = Drift(lines.state), list[Message]()
            for position, record in lines:
                messages.extend(conversation.feed(position, record))
                drift.note(conversation.unknown)
            after = lines.cursor(conversation.state() | drift.state())
        return ReadResult(
            messages=tuple(messages),
            cursor=after,
            header=self.header(path),
            unknown=dict(sorted(conversation.unknown.items())),
            damaged=lines.damaged,
            restarted=lines.restarted,
            more=lines.more,
            drifted=drift.found,
        )


def _said(path: Path, head: Iterable[tuple[int, Record]], written: datetime) -> list[Message]:
    conversation = Conversation(path, {}, written)
    return [message for position, record in head for message in conversation.feed(position, record)]


def _first_time(records: Iterable[Record], written: datetime) -> datetime | None:
    return next((time for record in records if (time := moment(record.get("timestamp"), written))), None)
