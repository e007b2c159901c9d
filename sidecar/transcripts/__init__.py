"""Readers of the transcripts that coding agents leave on disk, one module for each format."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sidecar.transcripts.base import (
    Cursor,
    ManySessions,
    Part,
    Reader,
    ReadResult,
    headers_in,
    unchanged,
    written_for,
)
from sidecar.transcripts.claude_code import ClaudeCode
from sidecar.transcripts.codex import Codex
from sidecar.transcripts.cursor_ide import CursorIde
from sidecar.transcripts.detect import detect
from sidecar.transcripts.gemini import Gemini
from sidecar.transcripts.goose import Goose
from sidecar.transcripts.joined import Joined
from sidecar.transcripts.opencode import OpenCode
from sidecar.transcripts.opencode_files import OpenCodeFiles

_ALL: tuple[Reader, ...] = (
    ClaudeCode(),
    Codex(),
    CursorIde(),
    Gemini(),
    Goose(),
    Joined(OpenCodeFiles(), OpenCode()),
)

READERS: Mapping[str, Reader] = MappingProxyType({reader.agent: reader for reader in _ALL})
"""Every reader by its agent's name."""

__all__ = [
    "READERS",
    "Cursor",
    "ManySessions",
    "Part",
    "ReadResult",
    "Reader",
    "detect",
    "headers_in",
    "unchanged",
    "written_for",
]
