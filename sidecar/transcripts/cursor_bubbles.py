"""Cursor's bubbles: what was typed, what was answered, and tool calls with their results in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import unquote, urlsplit

from sidecar.expressions import regex
from sidecar.model import Message, MessageKind, Role, ToolCall
from sidecar.records import dataclass
from sidecar.transcripts.base import Record
from sidecar.transcripts.drift import Unknown
from sidecar.transcripts.text import Block, clean
from sidecar.transcripts.tools import call_of, content_text, outcome
from sidecar.transcripts.values import decoded, items, moment, name, obj, text

AGENT = "cursor"

USER, ASSISTANT = 1, 2
"""Types of bubbles."""

ENDED = frozenset(("completed", "error", "cancelled"))
"""States of a tool call that will not change any more."""

_STEPS = 4
_UUID = regex(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_CONTEXT = Block("user_info", "system_reminder", "attached_files", "open_and_recently_viewed_files", "cursor_rules")


@dataclass(frozen=True, slots=True)
class Composer:
    """What all bubbles of a conversation have in common.

    `order`: the places of its bubbles; None where it has no list of them.
    """

    session: str
    cwd: str | None
    model: str | None
    order: Mapping[str, int] | None
    written: datetime


def messages_of(composer: Composer, bubble: str, place: int, content: Record, unknown: Unknown) -> Iterator[Message]:
    """The words of a bubble under its id, and a tool call under that and `:tool`.

    `place`: the bubble's in the conversation.  A copied conversation keeps the ids.
    """
    kind = content.get("type")
    words = _CONTEXT.removed(clean(text(content.get("text")) or text(content.get("rawText")))).strip()
    common = _Common(composer, content, place * _STEPS)
    if kind not in (USER, ASSISTANT):
        unknown[f"bubble type {kind if isinstance(kind, int | str) else '(none)'}"] += 1
        return
    made = bubble if _UUID.fullmatch(bubble) else f"{composer.session}:{bubble}"
    if words:
        yield common.message("user" if kind == USER else "assistant", made, words)
    if isinstance(content.get("toolFormerData"), dict):
        yield from _tool(common, made, obj(content["toolFormerData"]))


def folder_in(content: Record) -> str | None:
    """The workspace's folder, if the bubble names it."""
    told = name(content.get("workspaceProjectDir"))
    if told:
        return told
    return next((path for uri in items(content.get("workspaceUris")) if (path := path_of(uri))), None)


def path_of(uri: object) -> str | None:
    """The path of a `file:` URI, or a path as it is; None for folders on other machines."""
    given = name(uri)
    if given is None or given.startswith("/"):
        return given
    try:
        parts = urlsplit(given)
    except ValueError:
        return None
    if parts.scheme != "file" or parts.netloc:
        return None
    path = unquote(parts.path)
    return path[1:] if path[2:3] == ":" else path or None  # /c:/work on Windows


@dataclass(frozen=True, slots=True)
class _Common:
    composer: Composer
    content: Record
    place: int

    def message(
        self,
        role: Role,
        made: str,
        words: str,
        *,
        kind: MessageKind = "text",
        step: int = 0,
        tool: ToolCall | None = None,
    ) -> Message:
        content, composer = self.content, self.composer
        timing = obj(content.get("timingInfo"))
        times = (content.get("createdAt"), content.get("timestamp"), timing.get("clientRpcSendTime"))
        return Message(
            id=made,
            agent=AGENT,
            session=composer.session,
            role=role,
            speaker=role if role != "system" else "tool",
            text=words,
            time=next((time for told in times if (time := moment(told, composer.written))), None),
            kind=kind,
            position=self.place + step,
            cwd=folder_in(content) or composer.cwd,
            model=(name(obj(content.get("modelInfo")).get("modelName")) or composer.model)
            if role == "assistant"
            else None,
            tool=tool,
        )


def _tool(common: _Common, made: str, given: Record) -> Iterator[Message]:
    status = text(given.get("status"))
    if status and status not in ENDED:
        return
    asked = decoded(given.get("rawArgs")) or decoded(given.get("params")) or text(given.get("rawArgs"))
    call = call_of(text(given.get("name")), asked)
    if call.own:
        return
    result = decoded(given.get("result"))
    shown = result if result is not None else given.get("result")
    code = obj(result).get("exitCode", obj(result).get("exitCodeV2"))
    failed = status in ("error", "cancelled") or (isinstance(code, int) and code != 0)
    words, tool = outcome(call, _printed(shown), failed=failed)
    if words:
        yield common.message("tool", f"{made}:tool", words, kind="tool", step=1, tool=tool)


def _printed(result: object) -> str:
    """The output in a result, whose shape every tool has its own of."""
    found = obj(result)
    for key in ("output", "contents", "content", "result", "error"):
        printed = content_text(found.get(key)) if found.get(key) else ""
        if printed:
            return printed
    return content_text(result)
