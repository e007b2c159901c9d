"""Claude Code: JSONL below `~/.claude/projects`, one file a session, subagents in files of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sidecar.model import Message, SessionHeader
from sidecar.transcripts.base import DEFAULT_LIMIT, MOST_FOLDERS, Cursor, ReadResult, Record
from sidecar.transcripts.claude_records import AGENT, Conversation, branch_of, session_of
from sidecar.transcripts.drift import Drift
from sidecar.transcripts.glance import Sight, glance
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
        seen, whole = glance(path, lambda written: _Sight(path, written))
        return None if whole and not seen.enough() else seen.header(whole=whole)

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


class _Sight(Sight):
    """What the header tells, gathered record by record."""

    def __init__(self, path: Path, written: datetime) -> None:
        self._path, self._written = path, written
        self._conversation = Conversation(path, {}, written)
        self._speaks = False
        self._session: str | None = None
        self._cwds: dict[str, None] = {}
        self._branch: str | None = None
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._tail_last: datetime | None = None

    def head(self, position: int, record: Record) -> None:
        if not self._speaks:
            self._speaks = any(True for _ in self._conversation.feed(position, record))
        self._session = self._session or name(record.get("sessionId"))
        self._note(record)
        self._last = moment(record.get("timestamp"), self._written) or self._last
        self._first = self._first or self._last

    def enough(self) -> bool:
        return self._speaks

    def tail(self, record: Record) -> None:
        self._note(record)
        self._tail_last = moment(record.get("timestamp"), self._written) or self._tail_last

    def _note(self, record: Record) -> None:
        if (cwd := name(record.get("cwd"))) and len(self._cwds) < MOST_FOLDERS:
            self._cwds[cwd] = None
        self._branch = branch_of(record) or self._branch

    def header(self, *, whole: bool) -> SessionHeader:
        return SessionHeader(
            agent=AGENT,
            session=session_of(self._path, self._session),
            path=self._path,
            cwds=tuple(self._cwds),
            branch=self._branch,
            started=self._first,
            last_record=self._last if whole else self._tail_last,
        )
