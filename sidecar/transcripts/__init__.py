"""Readers of the transcripts that coding agents leave on disk, one module for each format."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sidecar.transcripts.base import Cursor, Reader, ReadResult, unchanged
from sidecar.transcripts.claude_code import ClaudeCode
from sidecar.transcripts.codex import Codex
from sidecar.transcripts.detect import detect
from sidecar.transcripts.gemini import Gemini

_ALL: tuple[Reader, ...] = (ClaudeCode(), Codex(), Gemini())

READERS: Mapping[str, Reader] = MappingProxyType({reader.agent: reader for reader in _ALL})
"""Every reader by its agent's name."""

__all__ = ["READERS", "Cursor", "ReadResult", "Reader", "detect", "unchanged"]
