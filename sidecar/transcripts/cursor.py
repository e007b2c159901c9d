"""Cursor's agent: transcripts below `~/.cursor/projects/<project>/agent-transcripts`, as JSONL or as text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sidecar.model import SessionHeader
from sidecar.transcripts.base import DEFAULT_LIMIT, Cursor, ReadResult
from sidecar.transcripts.cursor_records import AGENT, SUBAGENTS, CursorConversation, CursorText
from sidecar.transcripts.jsonl import JsonlReader
from sidecar.transcripts.places import roots
from sidecar.transcripts.textual import TextReader

FOLDER = "agent-transcripts"


def _is_transcript(path: Path) -> bool:
    """A session directly in the folder or in one of its own, or a subagent; the records count where both forms lie."""
    if path.suffix not in (".jsonl", ".txt") or FOLDER not in path.parts[:-1]:
        return False
    inside = path.parts[path.parts.index(FOLDER) + 1 :]
    own = len(inside) == 1 or path.parent.name == SUBAGENTS or (len(inside) == 2 and inside[0] == path.stem)
    return own and (path.suffix == ".jsonl" or not path.with_suffix(".jsonl").exists())


class _Records(JsonlReader):
    conversation = CursorConversation

    def is_transcript(self, path: Path) -> bool:
        return _is_transcript(path)


class _Text(TextReader):
    conversation = CursorText

    def is_transcript(self, path: Path) -> bool:
        return _is_transcript(path)


class CursorAgent:
    """Reads the transcripts of Cursor's agent."""

    agent = AGENT

    def __init__(self) -> None:
        self._records, self._text = _Records(), _Text()

    def roots(self, environ: Mapping[str, str]) -> tuple[Path, ...]:
        """See `Reader.roots`."""
        return roots(AGENT, environ)

    def is_transcript(self, path: Path) -> bool:
        """See `_is_transcript`."""
        return _is_transcript(path)

    def header(self, path: Path) -> SessionHeader | None:
        """See `Reader.header`."""
        return self._form(path).header(path)

    def read(self, path: Path, cursor: Cursor | None, *, limit_bytes: int = DEFAULT_LIMIT) -> ReadResult:
        """See `Reader.read`."""
        return self._form(path).read(path, cursor, limit_bytes=limit_bytes)

    def _form(self, path: Path) -> JsonlReader | TextReader:
        return self._text if path.suffix == ".txt" else self._records
