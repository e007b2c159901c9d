"""Memories and messages as documents of the index, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sidecar.index.block import CURRENT, PROPOSED, SUPERSEDED
from sidecar.index.columns import NEVER, TYPES, ColumnRow
from sidecar.index.documents import (
    Archive,
    Entry,
    IndexedMemory,
    IndexedMessage,
    MessageDoc,
    MessageGone,
    digest,
    encodable,
    profile_number,
)
from sidecar.index.lexical import stems
from sidecar.index.traits import traits, voice
from sidecar.model import Memory, MemoryType, ProfileRef, Status, Stored

MEMORY_FIELDS = ("content", "summary", "key", "queries", "keywords", "tags")
"""Text fields of a memory."""

ALL_FIELDS = "all"
"""The field with the words of all the others, from which it is told at once whether and in how many memories one is."""

_MOST_KEY_WORDS = 255

MESSAGE_FIELDS = ("text", "other")
"""Text fields of a message: `text` if recall may give it, `other` is the text of the rest, so that the words of
tool output do not count in the statistics of what was said."""

INDEXED_STATUSES = (Status.ACTIVE, Status.SUPERSEDED, Status.PROPOSED)
"""What was forgotten is not in the index at all."""

SETTLED = "settled"
"""The label of what is or was valid: of everything that does not wait for a person's review."""

_STATES = {Status.ACTIVE: CURRENT, Status.SUPERSEDED: SUPERSEDED, Status.PROPOSED: PROPOSED}

CONTENT_BYTES = 32_768
"""Of a verbatim message, what a candidate may carry (section 5 of the contract)."""

_INDEXED_CHARACTERS = 65_536
"""Of a message, the part whose words are indexed: longer ones are dumps."""

_MOST_QUERIES, _MOST_KEYWORDS = 12, 32
_MOST_QUERY, _MOST_SUMMARY = 200, 400
"""Of a memory's front matter, what is indexed: more than our own extraction writes, and less than it takes for one
file, written by hand or by a stranger, to answer every question.  Sizes are in characters."""

_UNKNOWN_TIME = -1

_DECODE = json.JSONDecoder().raw_decode


def memory_ident(profile: ProfileRef, identifier: str) -> str:
    """The index's own name of a memory."""
    return encodable(f"{profile}/{identifier}")


def message_ident(message: MessageDoc | MessageGone) -> str:
    """The index's own name of a message."""
    return encodable(f"{message.scope}\0{message.agent}\0{message.id}")


def memory_entry(row: int, stored: Stored) -> Entry:
    """A memory as a document."""
    memory = stored.memory
    payload = {
        "id": memory.id,
        "profile": [stored.profile.namespace, stored.profile.name],
        "type": memory.type.value,
        "status": memory.status.value,
        "content": memory.content,
        "summary": memory.summary,
        "path": stored.path,
        "sha256": stored.sha256,
        "key": memory.key,
        "observed": _seconds(memory.observed),
        "effective": _seconds(memory.effective),
        "until": _seconds(memory.valid_until) if memory.valid_until else None,
        "agent": memory.source.agent,
        "session": memory.source.session,
        "speaker": memory.source.speaker,
        "messages": list(memory.source.messages),
        "queries": _questions(memory),
    }
    texts: dict[str, tuple[str, ...]] = {
        "content": (memory.content,),
        "summary": (memory.summary[:_MOST_SUMMARY],),
        "key": (memory.key or "",),
        "queries": ("\n".join(_questions(memory)),),
        "keywords": ("\n".join(word[:_MOST_QUERY] for word in memory.keywords[:_MOST_KEYWORDS]),),
        "tags": ("\n".join(memory.tags),),
    }
    texts[ALL_FIELDS] = tuple(dict.fromkeys(text for each in texts.values() for text in each))
    labels = [f"status:{memory.status.value}", f"type:{memory.type.value}"]
    labels += [f"tag:{encodable(tag)}" for tag in memory.tags]
    if memory.status is not Status.PROPOSED:
        labels.append(SETTLED)
    if memory.source.session:
        labels.append(f"session:{encodable(memory.source.session)}")
    return Entry(
        row=row,
        ident=memory_ident(stored.profile, memory.id),
        profile=profile_number(stored.profile),
        texts=texts,
        labels=labels,
        time=_seconds(memory.observed),
        until=_until(memory),
        payload=json.dumps(payload).encode(),
    )


def memory_columns(row: int, stored: Stored) -> ColumnRow:
    """A memory as numbers."""
    memory = stored.memory
    return ColumnRow(
        row=row,
        profile=profile_number(stored.profile),
        session=digest(memory.source.session or ""),
        time=_seconds(memory.observed),
        until=_until(memory),
        type=TYPES.index(memory.type.value),
        state=_STATES[memory.status],
        key=min(_MOST_KEY_WORDS, len(set(stems((memory.key or "").replace("/", " ").replace("-", " "))))),
    )


def memory_words(memory: Memory) -> str:
    """What of a memory is embedded: the questions that it answers, then its content; nothing of a task."""
    return "" if memory.type is MemoryType.TASK else "\n".join([*_questions(memory), memory.content])


def _questions(memory: Memory) -> list[str]:
    return [query[:_MOST_QUERY] for query in memory.queries[:_MOST_QUERIES]]


def message_entry(row: int, message: MessageDoc, *, archived: bool) -> Entry:
    """A message as a document.  `archived`: its text can be had from the archive, and is not kept."""
    payload: dict[str, object] = {
        "id": message.id,
        "profile": [message.profile.namespace, message.profile.name],
        "agent": message.agent,
        "session": message.session,
        "role": message.role,
        "speaker": message.speaker,
        "kind": message.kind,
        "time": _seconds(message.time) if message.time else None,
        "superseded": message.superseded,
    }
    if archived and message.number:
        payload["text"] = message.number
    else:
        payload["content"], payload["truncated"] = cut(message.text)
    text = message.text[:_INDEXED_CHARACTERS]
    return Entry(
        row=row,
        ident=message_ident(message),
        profile=profile_number(message.profile),
        texts={"text" if message.recallable else "other": (text,)},
        labels=[f"role:{message.role}", f"agent:{message.agent}", f"session:{encodable(message.session)}"],
        time=_message_seconds(message),
        until=NEVER,
        payload=json.dumps(payload).encode(),
    )


def message_columns(row: int, message: MessageDoc) -> ColumnRow:
    """A message as numbers."""
    return ColumnRow(
        row=row,
        profile=profile_number(message.profile),
        session=digest(message.session),
        time=_message_seconds(message),
        until=NEVER,
        type=0,
        state=CURRENT,
        voice=voice(message),
        traits=traits(message),
    )


def indexed_memory(payload: bytes) -> IndexedMemory:
    """A memory from what `memory_entry` laid down."""
    held = _read(payload)
    return IndexedMemory(
        id=held["id"],
        profile=ProfileRef(*held["profile"]),
        type=held["type"],
        status=held["status"],
        content=held["content"],
        summary=held["summary"],
        path=held["path"],
        sha256=held["sha256"],
        key=held["key"],
        observed=_moment(held["observed"]),
        effective=_moment(held["effective"]),
        valid_until=_moment(held["until"]) if held["until"] is not None else None,
        agent=held["agent"],
        session=held["session"],
        speaker=held["speaker"],
        messages=tuple(held["messages"]),
        queries=tuple(held["queries"]),
    )


def memory_id_in(payload: bytes) -> str:
    """The id of a memory from what `memory_entry` laid down."""
    return str(_read(payload)["id"])


def indexed_messages(payloads: Mapping[int, bytes], archive: Archive | None) -> dict[int, IndexedMessage]:
    """Messages from what `message_entry` laid down; one whose text the archive no longer has is left out.

    An archive that was put back from a backup gives numbers anew: what has another id now is left out too.
    """
    held = {row: _read(payload) for row, payload in payloads.items()}
    wanted = sorted(one["text"] for one in held.values() if "text" in one)
    # One more than can be given, so that what is too long is seen to be; a character is a byte at least.
    texts = archive.texts(wanted, CONTENT_BYTES + 1) if archive and wanted else {}
    for row in [row for row, one in held.items() if "text" in one]:
        identifier, text = texts.get(held[row].pop("text"), (None, ""))
        if identifier == held[row]["id"]:
            held[row]["content"], held[row]["truncated"] = cut(text)
        else:
            del held[row]
    return {row: _indexed_message(one) for row, one in held.items()}


def _indexed_message(held: dict[str, Any]) -> IndexedMessage:
    time = held.pop("time")
    profile = ProfileRef(*held.pop("profile"))
    return IndexedMessage(profile=profile, time=_moment(time) if time is not None else None, **held)


def _read(payload: bytes) -> dict[str, Any]:
    """What `json.dumps` has made, without the looking at what it may be that `json.loads` begins with."""
    held: dict[str, Any] = _DECODE(payload.decode())[0]
    return held


def cut(text: str) -> tuple[str, bool]:
    """A text with at most CONTENT_BYTES of UTF-8, and whether something is missing."""
    encoded = text.encode("utf-8", "surrogatepass")
    if len(encoded) <= CONTENT_BYTES:
        return text, False
    return encoded[:CONTENT_BYTES].decode("utf-8", "ignore"), True


def _seconds(time: datetime) -> int:
    return int(time.timestamp())


def _message_seconds(message: MessageDoc) -> int:
    return max(0, _seconds(message.time)) if message.time else _UNKNOWN_TIME


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _until(memory: Memory) -> int:
    """The moment from which a memory was not valid; one superseded at an unknown moment is taken for never valid."""
    if memory.valid_until is not None:
        return _seconds(memory.valid_until)
    return _seconds(memory.observed) if memory.status is Status.SUPERSEDED else NEVER
