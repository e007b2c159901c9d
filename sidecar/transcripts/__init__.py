"""Readers of the transcripts that coding agents leave on disk, one module for each format."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sidecar.transcripts.aider import Aider
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
from sidecar.transcripts.cline import Cline
from sidecar.transcripts.codex import Codex
from sidecar.transcripts.copilot_cli import CopilotCli
from sidecar.transcripts.cursor import CursorAgent
from sidecar.transcripts.cursor_ide import CursorIde
from sidecar.transcripts.detect import detect
from sidecar.transcripts.documents import let_go_of_paused
from sidecar.transcripts.gemini import Gemini
from sidecar.transcripts.goose import Goose
from sidecar.transcripts.joined import Joined
from sidecar.transcripts.markdown import Markdown
from sidecar.transcripts.messages import Messages
from sidecar.transcripts.native import Native
from sidecar.transcripts.openclaw import OpenClaw, OpenClawConversation
from sidecar.transcripts.openclaw_store import OpenClawStore
from sidecar.transcripts.opencode import OpenCode
from sidecar.transcripts.opencode_files import OpenCodeFiles
from sidecar.transcripts.pi import Pi
from sidecar.transcripts.qwen import Qwen
from sidecar.transcripts.resuming import Resume, resume
from sidecar.transcripts.roo import Roo
from sidecar.transcripts.versions import is_known, newest_known, version_of

_ALL: tuple[Reader, ...] = (
    Aider(),
    ClaudeCode(),
    Cline(),
    Codex(),
    CopilotCli(),
    Joined(CursorAgent(), CursorIde()),
    Gemini(),
    Goose(),
    Markdown(),
    Messages(),
    Native(),
    Joined(OpenClaw(), OpenClawStore(OpenClawConversation)),
    Joined(OpenCodeFiles(), OpenCode()),
    Pi(),
    Qwen(),
    Roo(),
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
    "Resume",
    "detect",
    "headers_in",
    "is_known",
    "let_go_of_paused",
    "newest_known",
    "resume",
    "unchanged",
    "version_of",
    "written_for",
]
