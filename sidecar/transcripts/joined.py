"""One agent that keeps sessions in files and in a database: older and newer versions, or two of its programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sidecar.model import SessionHeader
from sidecar.transcripts.base import DEFAULT_LIMIT, Cursor, Reader, ReadResult, headers_in
from sidecar.transcripts.databases import is_database
from sidecar.transcripts.stores import StoreReader


class Joined:
    """Two readers of one agent as one; what a file is decides which of them reads it, whatever its name."""

    def __init__(self, files: Reader, store: StoreReader) -> None:
        if files.agent != store.agent:
            raise ValueError(f"{files.agent} and {store.agent} are two agents")
        self._files, self.store = files, store

    @property
    def agent(self) -> str:
        """See `Reader.agent`."""
        return self.store.agent

    def roots(self, environ: Mapping[str, str]) -> tuple[Path, ...]:
        """See `Reader.roots`: those of both."""
        return tuple(dict.fromkeys((*self._files.roots(environ), *self.store.roots(environ))))

    def depth(self, root: Path) -> int | None:
        """See `ManySessions.depth`."""
        return self.store.depth(root)

    def is_transcript(self, path: Path) -> bool:
        """See `Reader.is_transcript`."""
        return self._files.is_transcript(path) or self.store.is_transcript(path)

    def header(self, path: Path) -> SessionHeader | None:
        """See `Reader.header`."""
        return self._reader_of(path).header(path)

    def headers(self, path: Path) -> tuple[SessionHeader, ...]:
        """See `ManySessions.headers`."""
        return headers_in(self._reader_of(path), path)

    def read(self, path: Path, cursor: Cursor | None, *, limit_bytes: int = DEFAULT_LIMIT) -> ReadResult:
        """See `Reader.read`."""
        return self._reader_of(path).read(path, cursor, limit_bytes=limit_bytes)

    def _reader_of(self, path: Path) -> Reader:
        return self.store if self.store.is_transcript(path) or is_database(path) else self._files
