"""How words become columns and back."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast

from sidecar.model import Message, ToolCall

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Content(NamedTuple):
    """Everything of a message that does not depend on the session that holds it, as it stands in the columns."""

    role: str
    speaker: str
    kind: str
    sidechain: int
    time: int | None
    cwd: str | None
    branch: str | None
    model: str | None
    tool: str | None
    text: str

    @property
    def talk(self) -> bool:
        """Whether these are words of the user or the assistant, which their neighbours carry as context."""
        return self.role in ("user", "assistant") and self.kind == "text"


def micros(time: datetime | None) -> int | None:
    """Whole microseconds since 1970."""
    return None if time is None else (time - _EPOCH) // _MICROSECOND


def moment(value: int | None) -> datetime | None:
    """The inverse of `micros`."""
    return None if value is None else _EPOCH + value * _MICROSECOND


def clean(text: str) -> str:
    """The text as valid UTF-8: lone surrogates, which JSON can smuggle in, become question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def path_key(path: str) -> str | bytes:
    """A path as a column: text, or bytes where the file name is not valid UTF-8."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogateescape")
    return path


def path_of(key: str | bytes) -> str:
    """The inverse of `path_key`."""
    return key.decode("utf-8", "surrogateescape") if isinstance(key, bytes) else key


def content_of(message: Message) -> Content:
    """The columns of a message."""
    tool = message.tool
    return Content(
        role=message.role,
        speaker=message.speaker,
        kind=message.kind,
        sidechain=int(message.sidechain),
        time=micros(message.time),
        cwd=_clean(message.cwd),
        branch=_clean(message.branch),
        model=_clean(message.model),
        tool=None if tool is None else json.dumps([clean(tool.name), clean(tool.command), tool.failed]),
        text=clean(message.text),
    )


def message_of(content: Content, *, id: str, agent: str, session: str, position: int) -> Message:  # noqa: A002
    """The inverse of `content_of`."""
    tool = None if content.tool is None else json.loads(content.tool)
    return Message(
        id=id,
        agent=agent,
        session=session,
        role=cast("Any", content.role),
        speaker=cast("Any", content.speaker),
        text=content.text,
        time=moment(content.time),
        kind=cast("Any", content.kind),
        position=position,
        cwd=content.cwd,
        branch=content.branch,
        model=content.model,
        sidechain=bool(content.sidechain),
        tool=None if tool is None else ToolCall(tool[0], tool[1], bool(tool[2])),
    )


def pack(text: str) -> bytes:
    """A text as it is stored."""
    return zlib.compress(text.encode("utf-8"))


def unpack(body: bytes) -> str:
    """The inverse of `pack`."""
    return zlib.decompress(body).decode("utf-8")


def unpack_start(body: bytes, characters: int) -> str:
    """The first characters of a text, without unpacking the rest of it."""
    longest = 4 * characters  # no character takes more than four bytes of UTF-8
    return zlib.decompressobj().decompress(body, longest).decode("utf-8", "ignore")[:characters]


def pack_content(content: Content) -> bytes:
    """The whole content in one value."""
    return pack(json.dumps(content))


def unpack_content(body: bytes) -> Content:
    """The inverse of `pack_content`."""
    return Content(*json.loads(unpack(body)))


def _clean(text: str | None) -> str | None:
    return None if text is None else clean(text)
