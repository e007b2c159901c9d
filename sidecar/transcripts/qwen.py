"""Qwen Code: JSONL below `~/.qwen/projects/<project>/chats`, subagents in files of their own."""

from __future__ import annotations

from pathlib import Path

from sidecar.transcripts.jsonl import JsonlReader
from sidecar.transcripts.qwen_records import QwenConversation


class Qwen(JsonlReader):
    """Reads Qwen Code's transcripts."""

    conversation = QwenConversation

    def is_transcript(self, path: Path) -> bool:
        """A session, also an archived one, or a subagent; not a ledger (`<session>.ledger.jsonl`)."""
        if path.suffix != ".jsonl" or "." in path.stem:
            return False
        folder = path.parent
        return (
            folder.name == "chats"
            or (folder.name == "archive" and folder.parent.name == "chats")
            or (folder.parent.name == "subagents" and path.name.startswith("agent-"))
        )
