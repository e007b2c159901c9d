"""Every operation as a value: what is asked of the daemon, whoever sends it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sidecar.client import quoted
from sidecar.memory.shapes import Length, Level, MemoryKind, Said, Status

PAGE_MAX = 500
"""Memories that one request lists at most."""

_ROLES = frozenset({"system", "user", "assistant"})
_TEXT_PARTS = frozenset({"text", "input_text", "output_text"})
"""Kinds of content parts, as OpenAI's and Anthropic's messages have them, that are words."""

Moment = str | datetime


class Ask(NamedTuple):
    """One request.  `patient`: a model takes part, which takes minutes."""

    method: str
    path: str
    body: dict[str, Any] | None = None
    query: dict[str, Any] | None = None
    patient: bool = False


def place(cwd: str | os.PathLike[str] | None, profile: str | None, namespace: str | None) -> dict[str, Any]:
    """Which memory is meant, as fields of a request: a profile by name, else that of a folder, else of this one."""
    if profile is not None:
        return _given(profile=profile, namespace=namespace)
    if namespace is not None:
        raise TypeError("`namespace` goes with `profile` alone")
    return {"cwd": os.path.abspath(os.curdir if cwd is None else cwd)}  # noqa: PTH100 - links stay: routing reads them


def recall(
    where: Mapping[str, Any],
    query: str,
    *,
    level: Level,
    length: Length,
    limit: int | None,
    types: Sequence[MemoryKind] | None,
    tags: Sequence[str],
    since: Moment | None,
    before: Moment | None,
    at: Moment | None,
    today: Moment | None,
    session: str | None,
    budget: int | None,
    include: Sequence[str],
) -> Ask:
    """A question."""
    fields = _given(
        limit=limit,
        types=list(types) if types else None,
        tags=list(tags) or None,
        since=_moment(since),
        before=_moment(before),
        at=_moment(at),
        referenceDate=_moment(today),
        sessionId=session,
        budget=budget,
        include=list(include) or None,
    )
    body = {"query": query, "thinkingLevel": level, "responseLength": length, **fields, **where}
    # The tree of a tag or commit is indexed when it is first asked for.
    return Ask("POST", "/v1/recall", body, patient=level != "low" or at is not None)


def remember(
    where: Mapping[str, Any],
    content: str,
    *,
    kind: MemoryKind | None,
    key: str | None,
    tags: Sequence[str],
    pinned: bool,
    session: str | None,
) -> Ask:
    """One statement to keep."""
    fields = _given(type=kind, key=key, tags=list(tags) or None, pinned=pinned or None, sessionId=session)
    return Ask("POST", "/v1/remember", {"content": content, **fields, **where})


def ingest(where: Mapping[str, Any], messages: Iterable[Said], *, session: str | None, wait: bool) -> Ask | None:
    """A conversation; None if nobody says anything in it."""
    said = [kept for kept in map(_said, messages) if kept is not None]
    if not said:
        return None
    body = {"messages": said, **_given(sessionId=session, wait=wait or None), **where}
    return Ask("POST", "/v1/ingest", body, patient=wait)


def listing(
    where: Mapping[str, Any],
    count: int,
    cursor: str | None,
    *,
    kind: MemoryKind | None,
    status: Status | None,
    tag: str | None,
    session: str | None,
) -> Ask:
    """One page of memories."""
    filters = _given(cursor=cursor, type=kind, status=status, tag=tag, session_id=session)
    return Ask("GET", "/v1/memories", query={"per_page": min(count, PAGE_MAX), **filters, **where})


def get(where: Mapping[str, Any], identifier: str) -> Ask:
    """One memory."""
    return Ask("GET", f"/v1/memories/{quoted(identifier)}", query=dict(where))


def edit(where: Mapping[str, Any], identifier: str, fields: Mapping[str, Any]) -> Ask:
    """A change of one memory; what is None stays as it is."""
    return Ask("PATCH", f"/v1/memories/{quoted(identifier)}", {**_given(**fields), **where})


def forget(where: Mapping[str, Any], identifier: str, reason: str | None) -> Ask:
    """A memory to archive."""
    return Ask("POST", f"/v1/memories/{quoted(identifier)}/forget", {**_given(reason=reason), **where})


def summary(where: Mapping[str, Any], session: str | None) -> Ask:
    """The profile in Markdown."""
    return Ask("POST", "/v1/summary", {**_given(sessionId=session), **where})


def tool(where: Mapping[str, Any], command: Mapping[str, Any], session: str | None) -> Ask:
    """A command of the memory tool, as the model gave it."""
    return Ask("POST", "/v1/memory_tool", {**command, **_given(sessionId=session), **where})


def _said(message: Said) -> dict[str, Any] | None:
    """A message of ours, of OpenAI's or of Anthropic's form; None if it has no words: calls of tools and results."""
    words = _words(message.get("content"))
    if message.get("role") not in _ROLES or not words.strip():
        return None
    return {"role": message["role"], "content": words, **_given(timestamp=_moment(message.get("timestamp")))}


def _words(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list | tuple) else ()
    texts = [part.get("text") for part in parts if isinstance(part, Mapping) and part.get("type") in _TEXT_PARTS]
    return "\n".join(text for text in texts if isinstance(text, str))


def _moment(moment: Moment | None) -> str | None:
    return moment.isoformat() if isinstance(moment, datetime) else moment


def _given(**fields: object) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
