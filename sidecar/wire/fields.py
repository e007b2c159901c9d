"""The kinds of values that requests are made of, each with its limit, its words for a refusal and its JSON schema."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, JsonValue, PlainValidator, WithJsonSchema

from sidecar.wire import limits

NAME_PATTERN: Final = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
KEY_PATTERN: Final = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(/[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$"
MEMORY_ID_PATTERN: Final = r"^[0-9A-Za-z_-]{1,64}$"
_SHA256_PATTERN: Final = "^[0-9a-f]{64}$"
_PRINTABLE_PATTERN: Final = "^[^\\u0000-\\u001f\\u007f]*$"
_NOT_BLANK_PATTERN: Final = r"\S"
_KEY_CHARACTERS: Final = 100
_TAG_CHARACTERS: Final = 64
_REVISION_CHARACTERS: Final = 255

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?([Zz]|[+-]\d{2}:?\d{2})?",
)
_DATE_LIKE = re.compile(r"\d{4}-\d{2}-\d{2}([Tt ].*)?", re.DOTALL)
"""What is meant as a moment; `2026-11-20-release` may be a tag."""

_DATE_WORDS: Final = "must be an ISO 8601 date or date-time, such as 2026-11-20 or 2026-11-20T16:02:11Z"


def name(text: str) -> str:
    """A namespace's or profile's name, checked."""
    if len(text) > limits.NAME_CHARACTERS:
        raise ValueError(f"is longer than {limits.NAME_CHARACTERS} characters")
    if not re.fullmatch(NAME_PATTERN[1:-1], text):
        raise ValueError("must consist of a-z, 0-9 and -, starting and ending with a letter or digit")
    return text


def session(text: str) -> str:
    """A session id, checked."""
    if not text:
        raise ValueError("must not be empty")
    if len(text) > limits.SESSION_CHARACTERS:
        raise ValueError(f"is longer than {limits.SESSION_CHARACTERS} characters")
    return _printable(text)


def agent_session(text: str) -> str:
    """The name that an agent, or whoever wrote a transcript, gave to a session, checked."""
    if len(text) > limits.AGENT_SESSION_CHARACTERS:
        raise ValueError(f"is longer than {limits.AGENT_SESSION_CHARACTERS} characters")
    return _printable(text)


def is_memory_id(text: str) -> bool:
    """Whether this can be the id of a memory: a ULID, or what a hand-written file may use for one."""
    return re.fullmatch(MEMORY_ID_PATTERN[1:-1], text) is not None


def _printable(text: str) -> str:
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise ValueError("must not hold control characters")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _at_most(maximum: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        size = len(text.encode("utf-8"))
        if size > maximum:
            raise ValueError(f"is {size:,} bytes long; {maximum:,} are allowed")
        return text

    return check


def _key(text: str) -> str:
    if len(text) > _KEY_CHARACTERS:
        raise ValueError(f"is longer than {_KEY_CHARACTERS} characters")
    if not re.fullmatch(KEY_PATTERN[1:-1], text):
        raise ValueError("must be a topic of a-z, 0-9 and -, its levels divided by /, such as web/package-manager")
    return text


def _tag(text: str) -> str:
    if not text.strip() or len(text) > _TAG_CHARACTERS:
        raise ValueError(f"must have 1 to {_TAG_CHARACTERS} characters")
    return _printable(text)


def _absolute(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError("must be an absolute path")
    return _at_most(limits.PATH_BYTES)(text)


def moment(value: object) -> datetime:
    """An ISO date (its first second) or date-time, in UTC; without a zone it is taken as UTC."""
    return _when(value, time.min)


def end_of_moment(value: object) -> datetime:
    """As `moment`, but a date means its last microsecond: everything of that day has happened by then."""
    return _when(value, time.max)


def moment_or_revision(value: object) -> datetime | str:
    """What was valid at a moment (a date: at its end), or the name of a tag or commit."""
    if not isinstance(value, str):
        raise ValueError("must be a date, a date-time, a tag or a commit")  # noqa: TRY004 - pydantic wants ValueError
    if _DATE_LIKE.fullmatch(value):
        return end_of_moment(value)
    if (
        not value
        or len(value) > _REVISION_CHARACTERS
        or value.startswith("-")
        or re.search(r"[\s\x00-\x1f\x7f]", value)
    ):
        raise ValueError("must be a date, a date-time, a tag or a commit")
    return value


def _when(value: object, of_day: time) -> datetime:
    if not isinstance(value, str):
        raise ValueError(_DATE_WORDS)  # noqa: TRY004 - pydantic wants ValueError
    try:
        if _DATE.fullmatch(value):
            return datetime.combine(datetime.fromisoformat(value).date(), of_day, UTC)
        if _DATE_TIME.fullmatch(value):
            found = datetime.fromisoformat(value.upper())
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # no such day; or a zone that leads out of the calendar
        pass
    raise ValueError(_DATE_WORDS)


def _schema(**extra: JsonValue) -> Any:  # noqa: ANN401 - as pydantic types its Field
    """What the schema says of a value that a validator of ours checks."""
    return Field(json_schema_extra=dict(extra))


_DATE_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "string",
    "anyOf": [{"format": "date"}, {"format": "date-time"}],
    "examples": ["2026-11-20", "2026-11-20T16:02:11Z"],
}

Name = Annotated[
    str, AfterValidator(name), _schema(pattern=NAME_PATTERN, minLength=1, maxLength=limits.NAME_CHARACTERS)
]
SessionId = Annotated[
    str, AfterValidator(session), _schema(pattern=_PRINTABLE_PATTERN, minLength=1, maxLength=limits.SESSION_CHARACTERS)
]
MessageText = Annotated[
    str,
    AfterValidator(_at_most(limits.MESSAGE_BYTES)),
    _schema(maxLength=limits.MESSAGE_BYTES, description="At most 32,768 bytes as UTF-8."),
]
MemoryText = Annotated[
    str,
    AfterValidator(_not_blank),
    AfterValidator(_at_most(limits.MESSAGE_BYTES)),
    _schema(pattern=_NOT_BLANK_PATTERN, maxLength=limits.MESSAGE_BYTES, description="At most 32,768 bytes as UTF-8."),
]
Query = Annotated[
    str,
    AfterValidator(_not_blank),
    AfterValidator(_at_most(limits.QUERY_BYTES)),
    _schema(pattern=_NOT_BLANK_PATTERN, maxLength=limits.QUERY_BYTES, description="At most 1,024 bytes as UTF-8."),
]
Reason = Annotated[
    str,
    AfterValidator(_at_most(limits.QUERY_BYTES)),
    _schema(maxLength=limits.QUERY_BYTES, description="At most 1,024 bytes as UTF-8."),
]
Key = Annotated[str, AfterValidator(_key), _schema(pattern=KEY_PATTERN, maxLength=_KEY_CHARACTERS)]
Tag = Annotated[str, AfterValidator(_tag), _schema(pattern=_PRINTABLE_PATTERN, minLength=1, maxLength=_TAG_CHARACTERS)]
Sha256 = Annotated[str, Field(pattern=_SHA256_PATTERN)]
Word = Annotated[
    str, Field(min_length=1, max_length=64), AfterValidator(_printable), _schema(pattern=_PRINTABLE_PATTERN)
]
AbsolutePath = Annotated[
    str, AfterValidator(_absolute), _schema(pattern="^/", maxLength=limits.PATH_BYTES, examples=["/home/ines/web"])
]
Remote = Annotated[str, Field(min_length=1, max_length=limits.PATH_BYTES, examples=["git@example.org:team/web.git"])]
Moment = Annotated[datetime, PlainValidator(moment), WithJsonSchema(dict(_DATE_SCHEMA))]
EndOfMoment = Annotated[datetime, PlainValidator(end_of_moment), WithJsonSchema(dict(_DATE_SCHEMA))]
MomentOrRevision = Annotated[
    datetime | str,
    PlainValidator(moment_or_revision),
    WithJsonSchema(
        {"type": "string", "minLength": 1, "maxLength": _REVISION_CHARACTERS, "examples": ["2026-11-20", "before-move"]}
    ),
]

TypeName = Literal["fact", "event", "instruction", "task"]
StatusName = Literal["active", "superseded", "forgotten", "proposed"]
StatusFilter = Literal["active", "superseded", "forgotten", "proposed", "all"]
KindName = Literal["memory", "message"]
