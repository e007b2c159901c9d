"""Readers of the transcripts that coding agents leave on disk, one module for each format."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sidecar.transcripts.aider import Aider
from sidecar.transcripts.base import Cursor, Reader, ReadResult, unchanged
from sidecar.transcripts.claude_code import ClaudeCode
from sidecar.transcripts.cline import Cline
from sidecar.transcripts.codex import Codex
from sidecar.transcripts.copilot_cli import CopilotCli
from sidecar.transcripts.cursor import CursorAgent
from sidecar.transcripts.detect import detect
from sidecar.transcripts.gemini import Gemini
from sidecar.transcripts.markdown import Markdown
from sidecar.transcripts.messages import Messages
from sidecar.transcripts.native import Native
from sidecar.transcripts.openclaw import OpenClaw
from sidecar.transcripts.pi import Pi
from sidecar.transcripts.qwen import Qwen
from sidecar.transcripts.roo import Roo

_ALL: tuple[Reader, ...] = (
    Aider(),
    ClaudeCode(),
    Cline(),
    Codex(),
    CopilotCli(),
    CursorAgent(),
    Gemini(),
    Markdown(),
    Messages(),
    Native(),
    OpenClaw(),
    Pi(),
    Qwen(),
    Roo(),
)

READERS: Mapping[str, Reader] = MappingProxyType({reader.agent: reader for reader in _ALL})
"""Every reader by its agent's name."""

__all__ = ["READERS", "Cursor", "ReadResult", "Reader", "detect", "unchanged"]
