"""Cline: a folder for each task, from its own program and from its extension in several editors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from sidecar.transcripts.base import Record
from sidecar.transcripts.cline_records import ClineConversation
from sidecar.transcripts.conversation import Conversation
from sidecar.transcripts.documents import DocumentReader
from sidecar.transcripts.elements import each
from sidecar.transcripts.streams import head_of
from sidecar.transcripts.values import identifier, items, moment, obj
from sidecar.transcripts.whole import Document

HISTORY = "api_conversation_history.json"
MESSAGES = ".messages.json"

SIDE_SIZE = 8 * 1024 * 1024
"""Bytes read of a file beside the messages; the history of thousands of tasks fits."""


class Cline(DocumentReader):
    """Reads Cline's tasks."""

    conversation = ClineConversation

    def is_transcript(self, path: Path) -> bool:
        """The messages as the model has them; what the person is shown repeats them in another form."""
        return path.name == HISTORY or (path.name.endswith(MESSAGES) and not path.name.startswith("."))

    def records(self, conversation: Conversation, document: Document) -> Iterable[Record]:
        """The messages, an array of their own or in an object that also tells the session."""
        content = document.content or {}
        path = conversation.path
        conversation.note_first(session=identifier(content.get("sessionId")) or session_of(path))
        self.note_task(conversation, path)
        started = moment(identifier(conversation.session), document.written)  # a task is named for its first moment
        if started:
            conversation.note_first(started=started.isoformat())
        return _timed(content.get("messages") if document.array is None else document.array)

    def note_task(self, conversation: Conversation, path: Path) -> None:
        """The folder and model of a task: from its manifest, or from the extension's list of all tasks."""
        manifest = (
            obj(beside(path.with_name(path.name.removesuffix(MESSAGES) + ".json"))) if path.name != HISTORY else {}
        )
        git = obj(obj(manifest.get("metadata")).get("git"))
        conversation.note(
            cwd=manifest.get("cwd") or manifest.get("workspace_root"),
            branch=git.get("branch"),
            remote=git.get("url"),
            model=manifest.get("model"),
            started=manifest.get("started_at"),
        )
        if path.name == HISTORY:
            tasks = map(obj, items(beside(path.parent.parent.parent / "state" / "taskHistory.json")))
            task = next((task for task in tasks if identifier(task.get("id")) == path.parent.name), {})
            conversation.note(cwd=task.get("cwdOnTaskInitialization"), model=task.get("modelId"))


def _timed(messages: object) -> Iterator[Record]:
    """Messages of which only some have a time: the others were said with those before them."""
    time = next((message["ts"] for message in map(obj, each(messages)) if "ts" in message), None)
    for message in map(obj, each(messages)):
        time = message.get("ts", time)
        yield message | {"ts": time}


def session_of(path: Path) -> str:
    """A task's id: the name of its folder, or of the messages' file."""
    return path.parent.name if path.name == HISTORY else path.name.removesuffix(MESSAGES)


def beside(path: Path) -> object:
    """The content of a JSON file that lies beside the messages; None if there is none."""
    try:
        return json.loads(head_of(path, SIDE_SIZE).decode("utf-8-sig", "replace"))
    except (OSError, ValueError, RecursionError):
        return None
