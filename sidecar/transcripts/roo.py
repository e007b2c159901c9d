"""Roo: a folder for each task in the storage of editors' extensions, in Cline's form."""

from __future__ import annotations

from pathlib import Path

from sidecar.transcripts.cline import HISTORY, Cline, beside
from sidecar.transcripts.cline_records import RooConversation
from sidecar.transcripts.conversation import Conversation
from sidecar.transcripts.values import obj


class Roo(Cline):
    """Reads Roo's tasks."""

    conversation = RooConversation

    def is_transcript(self, path: Path) -> bool:
        """The messages as the model has them."""
        return path.name == HISTORY

    def note_task(self, conversation: Conversation, path: Path) -> None:
        """The folder of a task, which lies beside it."""
        task = obj(beside(path.with_name("history_item.json")))
        conversation.note(cwd=task.get("workspace"))
