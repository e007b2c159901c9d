"""The front matter as a JSON Schema, made from the same table of keys by which files are read.

A schema knows no YAML, so what it describes is the front matter with every scalar as its text and nothing guessed (the
failsafe schema of YAML), which is how the format reads values; an unquoted null, which means that a key is absent, is
null.  The schema itself describes what a reader must accept, `#/$defs/written` what a writer must write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from sidecar.frontmatter.document import KINDS, REQUIRED, SOURCE_KEYS
from sidecar.model import MemoryType, Speaker, Status

Schema = dict[str, Any]

SCHEMA_ID: Final = "urn:sidecar:memory-format:1"
"""A name, and no address: nothing is fetched from anywhere."""

_TIME: Final = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
_ULID: Final = "[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}"
_WRITTEN_ULID: Final = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"
_WRITTEN_KEY: Final = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?(/[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$"

_ABOUT: Final[Mapping[str, str]] = {
    "id": "A ULID: 48 bits of `observed` in milliseconds, 80 bits of the content hash.",
    "type": "What kind of statement it is; that of the folder, else `fact`, if absent.",
    "status": "`active` if absent.",
    "key": "The topic; a newer memory of the same key supersedes this one.",
    "summary": "One line; the first line of the content if absent.",
    "created": "When the file was first written.",
    "observed": "When it was said or seen.",
    "occurred": "The date, or words, of an event that did not happen on the observed day.",
    "valid_until": "When it stopped being true.",
    "edited": "When a person last changed the body, or accepted the memory as it is.",
    "source": "Where it comes from.",
    "extractor": "What extracted it.",
    "queries": "Questions that it answers.",
    "keywords": "Words by which it may be looked for.",
    "supersedes": "The id of the version that it replaced.",
    "superseded_by": "The id of the version that replaced it.",
    "reason": "Why it was forgotten, or waits for review.",
    "pinned": "Always in the summary.",
    "read_only": "Never changed by a writer.",
    "tags": "A person's own.",
    "tool_path": "The path below `/memories/` at which a model keeps this text with the memory tool.",
}


def schema() -> Schema:
    """The schema, as JSON values."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Front matter of a memory file, format 1",
        "description": "Every scalar as its text, nothing guessed (YAML's failsafe schema); an unquoted null as null.",
        "type": "object",
        "properties": {name: _accepted(name, kind) for name, kind in KINDS.items()},
        "additionalProperties": True,
        "$defs": {"written": _whole()},
    }


def _whole() -> Schema:
    """What a writer must write."""
    return {
        "title": "Front matter as a writer must write it",
        "type": "object",
        "required": list(REQUIRED),
        "properties": {name: _written(name, kind) for name, kind in KINDS.items()},
        "additionalProperties": True,
    }


def _accepted(name: str, kind: str) -> Schema:
    found = _SOURCE if kind == "source" else _ACCEPTED[kind]
    return {"description": _ABOUT[name], "anyOf": [found, {"type": "null"}]}


def _written(name: str, kind: str) -> Schema:
    if kind == "source":
        return {"description": _ABOUT[name], **_WRITTEN_SOURCE}
    return {"description": _ABOUT[name], **_WRITTEN.get(kind, _ACCEPTED[kind])}


def _any_case(*words: str) -> Schema:
    """One of some words, in letters of any size."""
    spelled = ("".join(f"[{letter}{letter.upper()}]" for letter in word) for word in words)
    return {"type": "string", "pattern": f"^({'|'.join(spelled)})$"}


_TEXT: Final[Schema] = {"type": "string"}
_LIST: Final[Schema] = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": ["string", "null"]}}]}
_ACCEPTED: Final[Mapping[str, Schema]] = {
    "id": {"type": "string", "pattern": f"^{_ULID}$"},
    "type": _any_case(*MemoryType),
    "status": _any_case(*Status),
    "key": _TEXT,
    "text": _TEXT,
    "date": _TEXT,
    "time": {"type": "string", "pattern": r"^\s*\d{4}", "description": "ISO 8601; without an offset it is UTC."},
    "flag": _any_case("true", "yes", "on", "false", "no", "off"),
    "list": _LIST,
}
_WRITTEN: Final[Mapping[str, Schema]] = {
    "id": {"type": "string", "pattern": _WRITTEN_ULID},
    "type": {"enum": [one.value for one in MemoryType]},
    "status": {"enum": [one.value for one in Status]},
    "key": {"type": "string", "pattern": _WRITTEN_KEY},
    "time": {"type": "string", "pattern": _TIME},
    "flag": {"enum": ["true", "false"]},
    "list": {"type": "array", "items": {"type": "string"}},
}
_SPEAKERS: Final[Schema] = {"enum": list(get_args(Speaker))}
_SOURCE: Final[Schema] = {
    "type": "object",
    "properties": {
        name: {"anyOf": [_LIST if name == "messages" else _SPEAKERS if name == "speaker" else _TEXT, {"type": "null"}]}
        for name in SOURCE_KEYS
    },
    "additionalProperties": True,
}
_WRITTEN_SOURCE: Final[Schema] = {
    "type": "object",
    "required": ["origin"],
    "properties": {
        name: _WRITTEN["list"] if name == "messages" else _SPEAKERS if name == "speaker" else _TEXT
        for name in SOURCE_KEYS
    },
    "additionalProperties": True,
}
