"""Pi (and Oh-My-Pi): JSONL below `~/.pi/agent/sessions`, a folder for each project and a file for each session."""

from __future__ import annotations

from pathlib import Path

from sidecar.transcripts.jsonl import JsonlReader
from sidecar.transcripts.pi_records import PiConversation


class Pi(JsonlReader):
    """Reads Pi's transcripts."""

    conversation = PiConversation

    def is_transcript(self, path: Path) -> bool:
        """Any JSONL file of its folders."""
        return path.suffix == ".jsonl" and not path.name.startswith(".")
