"""Our own form, for programs that no reader knows: JSONL as `docs/transcript-format.md` describes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, cast, get_args

from sidecar.model import Message, MessageKind, Role, Speaker
from sidecar.transcripts.base import Record
from sidecar.transcripts.conversation import Conversation, Rewind, Said
from sidecar.transcripts.jsonl import JsonlReader
from sidecar.transcripts.text import clean
from sidecar.transcripts.tools import call_of, outcome
from sidecar.transcripts.values import identifier, items, moment, name, obj, text

FORMAT: Final = 1
"""The number of the format that this build reads."""

MARK: Final = "sidecar_transcript"
"""The key of the first line, whose value is the format's number."""

_SPEAKERS: Mapping[Role, Speaker] = {"user": "user", "assistant": "assistant", "tool": "tool", "system": "assistant"}
_KINDS: Mapping[Role, MessageKind] = {"user": "text", "assistant": "text", "tool": "tool", "system": "summary"}
_ANY_SPEAKER: Mapping[str, Speaker] = {speaker: speaker for speaker in get_args(Speaker)}
_ANY_KIND: Mapping[str, MessageKind] = {kind: kind for kind in get_args(MessageKind)}


class NativeConversation(Conversation):
    """Turns the lines of one file into messages."""

    agent = "native"

    def feed(self, position: int, record: Record) -> Iterable[Message]:
        """The message of one line that stands at this byte."""
        if MARK in record:
            self._head(record)
        elif self.facts.get("format", str(FORMAT)) != str(FORMAT):
            self.unknown[f"format {self.facts['format']}"] += 1
        elif "withdraw" not in record:
            return self._line(position, record)
        return ()

    def rewind(self, record: Record) -> Rewind | None:
        """A line that takes messages back by their ids."""
        if "withdraw" not in record:
            return None
        told = frozenset(filter(None, map(identifier, items(record["withdraw"]))))
        return Rewind(records=told) if told else None

    def _head(self, record: Record) -> None:
        self.note(format=identifier(record[MARK]) or "(none)")
        self.note_first(session=identifier(record.get("session")), parent=identifier(record.get("parent")))
        self.note_first(started=record.get("started"), commit=record.get("commit"), remote=record.get("remote"))
        self._place_of(record)

    def _place_of(self, record: Record) -> None:
        self.note(cwd=record.get("cwd"), branch=record.get("branch"), model=record.get("model"))

    def _line(self, position: int, record: Record) -> tuple[Message, ...]:
        told = text(record.get("role"))
        if told not in _SPEAKERS:
            self.unknown[f"role {told or '(none)'}"] += 1
            return ()
        role = cast("Role", told)
        self._place_of(record)
        words, tool = clean(text(record.get("text"))), None
        if "tool" in record:
            given = obj(record["tool"])
            call = call_of(text(given.get("name")), {"command": text(given.get("command"))})
            if call.own:
                return ()
            words, tool = outcome(call, words, failed=given.get("failed") is True)
        if not words:
            return ()
        time = moment(record.get("time"), self.written) or self.written
        said = Said(position, time, name(record.get("model")), record.get("sidechain") is True)
        made = self.own_id(identifier(record.get("id")), position, role, words)
        speaker = _ANY_SPEAKER.get(text(record.get("speaker")), _SPEAKERS[role])
        kind = _ANY_KIND.get(text(record.get("kind")), _KINDS[role])
        return self.message(said, made, role, speaker, words, kind=kind, tool=tool)


class Native(JsonlReader):
    """Reads our own form."""

    conversation = NativeConversation
    unfinished = True

    def is_transcript(self, path: Path) -> bool:
        """Any JSONL file: it lies where the person has said."""
        return path.suffix == ".jsonl" and not path.name.startswith(".")
