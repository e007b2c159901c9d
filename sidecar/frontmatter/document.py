"""A memory file as it is, and its values by the type of each field."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, get_args

from sidecar.expressions import regex
from sidecar.frontmatter.nodes import Bad, Node, is_null, plain_value, read_mapping
from sidecar.identity import is_memory_id, normalized_key
from sidecar.model import Memory, MemoryType, Source, Speaker, Status
from sidecar.records import dataclass

REQUIRED: Final = ("id", "type", "summary", "created", "observed", "source")
"""Keys that every complete file has; the store adds those that a person left out."""

KINDS: Final[Mapping[str, str]] = {
    "id": "id",
    "type": "type",
    "status": "status",
    "key": "key",
    "summary": "text",
    "created": "time",
    "observed": "time",
    "occurred": "date",
    "valid_until": "time",
    "edited": "time",
    "source": "source",
    "extractor": "text",
    "queries": "list",
    "keywords": "list",
    "supersedes": "text",
    "superseded_by": "text",
    "reason": "text",
    "pinned": "flag",
    "read_only": "flag",
    "tags": "list",
    "tool_path": "text",
}
"""The keys of a memory, in canonical order, and how their values are read and written."""

SOURCE_KEYS: Final = ("origin", "agent", "session", "speaker", "messages", "by")
"""The keys inside `source`, in canonical order."""

_LATELY: Final = 128
_SMALL: Final = 4_096
"""So many documents that were read last are kept, if they are no larger than this: taking a file over, marking it and
committing it ask for the same bytes up to eight times.  Two megabytes at most."""

_OPENING = regex(r"\ufeff?---[ \t]*(\r?\n)")
_CLOSING = regex(r"^---[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
_BLANK_HEAD = regex(r"(?:[ \t]*\r?\n)+")
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file is no memory: the line (from 1, if it can be told) and the reason."""

    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it is.  `fields` holds the typed values of the keys that we know and that are set."""

    data: bytes
    text: str
    body_start: int
    front: tuple[int, int] | None
    entries: tuple[tuple[str, Node, Node], ...]
    fields: Mapping[str, object]

    @property
    def body(self) -> str:
        """Everything after the front matter, exactly."""
        return self.text[self.body_start :]

    @property
    def content(self) -> str:
        """The body as a memory's content: without blank lines around it."""
        return trimmed(self.body)

    @property
    def missing(self) -> tuple[str, ...]:
        """Required keys that the file does not have."""
        return tuple(name for name in REQUIRED if name not in self.fields)

    def memory(self) -> Memory:
        """The memory that the file states; only for a document in which nothing is `missing`."""
        return Memory(content=self.content, **self.fields)  # type: ignore[arg-type]


def trimmed(content: str) -> str:
    """The text without blank lines at its head and white space at its end."""
    head = _BLANK_HEAD.match(content)
    return content[head.end() if head else 0 :].rstrip()


def parse(data: bytes) -> Document | Problem:
    """The document in these bytes, or why they cannot be taken in."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return Problem(data.count(b"\n", 0, error.start) + 1, "it is not UTF-8")
    try:
        document = parsed(data, text)
    except Bad as bad:
        return _problem(text, bad)
    # An editor that truncates before it writes leaves an empty file for a moment: no reason to lose a memory.
    return document if document.content else Problem(_line(text, document.body_start), "it has no text")


def load_mapping(data: bytes) -> Mapping[str, object] | Problem:
    """A small YAML file of ours (profile, tombstone) as plain strings, lists and mappings; nothing is guessed."""
    try:
        text = data.decode("utf-8")
        node = read_mapping(text, 0, len(text))
    except UnicodeDecodeError:
        return Problem(None, "it is not UTF-8")
    except Bad as bad:
        return _problem(text, bad)
    return {} if node is None else {key.text: plain_value(value) for key, value in node.pairs}


def outline(text: str) -> Node | Problem | None:
    """A settings file as keys and values with their places, nothing guessed; None if there are only comments."""
    try:
        return read_mapping(text, 0, len(text))
    except Bad as bad:
        return Problem(_line(text, bad.index), bad.reason.replace("the front matter", "the file"))


def parse_time(text: str) -> datetime:
    """A time as people and programs write it; without an offset it is UTC.  Raises ValueError."""
    moment = datetime.fromisoformat(text.strip())
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    try:
        return moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError as error:
        raise ValueError(text) from error


def parsed(data: bytes, text: str) -> Document:
    """The document in a decoded file, which may have no text yet; raises `Bad`."""
    return _parsed_lately(data, text) if len(data) <= _SMALL else _parsed(data, text)


def _parsed(data: bytes, text: str) -> Document:
    opening = _OPENING.match(text)
    if opening is None:
        return Document(data, text, 1 if text.startswith("\ufeff") else 0, None, (), MappingProxyType({}))
    closing = _CLOSING.search(text, opening.end())
    if closing is None:
        raise Bad(0, "the front matter is not closed by a line `---`")
    front = (opening.end(), closing.start())
    root = read_mapping(text, *front)
    entries = () if root is None else tuple((key.text, key, value) for key, value in root.pairs)
    return Document(data, text, closing.end(), front, entries, MappingProxyType(_fields(entries)))


_parsed_lately = functools.lru_cache(maxsize=_LATELY)(_parsed)


def _fields(entries: Sequence[tuple[str, Node, Node]]) -> dict[str, object]:
    fields: dict[str, object] = {}
    seen: set[str] = set()
    for name, key, node in entries:
        if name in KINDS and name in seen:
            raise Bad(key.start, f"the key `{name}` stands twice")
        seen.add(name)
        if name not in KINDS or is_null(node):
            continue
        value = _value(name, KINDS[name], node)
        if value is not None:
            fields[name] = value
    return fields


def _value(name: str, kind: str, node: Node) -> object:
    if kind == "source":
        return _source(node)
    if kind == "list":
        return _list(name, node)
    text = _scalar(name, node)
    if kind in _CONVERTERS:
        try:
            return _CONVERTERS[kind](text)
        except (ValueError, KeyError):
            raise Bad(node.start, f"`{name}` must be {_EXPECTATIONS[kind]}") from None
    return text


def _memory_id(text: str) -> str:
    identifier = text.upper()
    if not is_memory_id(identifier):
        raise ValueError(text)
    return identifier


_CONVERTERS: Final[Mapping[str, Callable[[str], object]]] = {
    "id": _memory_id,
    "type": lambda text: MemoryType(text.lower()),
    "status": lambda text: Status(text.lower()),
    "key": lambda text: normalized_key(text) or None,
    "time": parse_time,
    "flag": lambda text: _FLAGS[text.lower()],
}
_EXPECTATIONS: Final[Mapping[str, str]] = {
    "id": "a ULID of 26 characters (remove the line, and a new one is made)",
    "type": "fact, event, instruction or task",
    "status": "active, superseded, forgotten or proposed",
    "key": "a topic such as web/package-manager",
    "time": "a time such as 2026-11-20T16:02:11Z",
    "flag": "true or false",
}


def _scalar(name: str, node: Node) -> str:
    if node.kind != "scalar":
        raise Bad(node.start, f"`{name}` must be a single value")
    return node.text.rstrip("\n") if node.block else node.text


def _list(name: str, node: Node) -> tuple[str, ...]:
    if node.kind == "scalar":  # one value without brackets
        return (_scalar(name, node),)
    if node.kind != "list":
        raise Bad(node.start, f"`{name}` must be a list")
    return tuple(_scalar(name, item) for item in node.items)


def _source(node: Node) -> Source:
    if node.kind != "map":
        raise Bad(node.start, "`source` must be a mapping such as {origin: hand}")
    values: dict[str, str | tuple[str, ...]] = {}
    for key, value in node.pairs:
        name = f"source.{key.text}"
        if is_null(value):
            continue
        if key.text == "messages":
            values["messages"] = _list(name, value)
        elif key.text in SOURCE_KEYS:
            values[key.text] = _scalar(name, value)
    if values.get("speaker", "user") not in get_args(Speaker):
        raise Bad(node.start, "`source.speaker` must be user, assistant or tool")
    return Source(**{"origin": "hand", **values})  # type: ignore[arg-type]


def _problem(text: str, bad: Bad) -> Problem:
    return Problem(_line(text, bad.index), bad.reason)


def _line(text: str, index: int) -> int:
    return text.count("\n", 0, index) + 1
