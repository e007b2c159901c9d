"""What remains of a forgotten memory: enough to refuse it, nothing of what it said."""

from __future__ import annotations

from typing import Final

from sidecar.frontmatter import Problem, dump_mapping, load_mapping, parse_time, time_text
from sidecar.identity import is_memory_id
from sidecar.model import BadFile, ProfileRef, Tombstone

FORMAT: Final = 1


def render(tombstone: Tombstone) -> bytes:
    """The file of a tombstone."""
    return dump_mapping(
        {
            "format": FORMAT,
            "id": tombstone.id,
            "content_hash": tombstone.content_hash,
            "time": tombstone.time,
            "messages": list(tombstone.messages),
        }
    )


def read(profile: ProfileRef, path: str, data: bytes) -> Tombstone | BadFile:
    """The tombstone in these bytes, or why there is none."""
    values = load_mapping(data)
    if isinstance(values, Problem):
        return BadFile(profile, path, values.line, values.reason)
    identifier, content_hash, messages = values.get("id"), values.get("content_hash"), values.get("messages")
    messages = [] if messages is None else messages
    if values.get("format") != str(FORMAT):
        return BadFile(profile, path, None, f"its format is {values.get('format')}, not {FORMAT}")
    if not isinstance(identifier, str) or not is_memory_id(identifier) or not isinstance(content_hash, str):
        return BadFile(profile, path, None, "it needs `id` and `content_hash`")
    if not isinstance(messages, list) or not all(isinstance(message, str) for message in messages):
        return BadFile(profile, path, None, "`messages` must be a list")
    try:
        moment = parse_time(str(values.get("time")))
    except ValueError:
        return BadFile(profile, path, None, f"`time` must be a time such as {time_text(_EXAMPLE)}")
    return Tombstone(identifier, content_hash, moment, tuple(messages))


_EXAMPLE = parse_time("2026-11-20T16:02:11Z")
