"""GitHub Copilot CLI: a folder for each session below `~/.copilot/session-state`, with its events as JSONL."""

from __future__ import annotations

from pathlib import Path

from sidecar.transcripts.copilot_records import CopilotConversation
from sidecar.transcripts.jsonl import JsonlReader

_FOLDERS = frozenset(("session-state", "history-session-state"))


class CopilotCli(JsonlReader):
    """Reads Copilot CLI's transcripts."""

    conversation = CopilotConversation

    def is_transcript(self, path: Path) -> bool:
        """The events of a session; in older versions a file of the session's name."""
        return path.name == "events.jsonl" or (path.suffix == ".jsonl" and path.parent.name in _FOLDERS)
