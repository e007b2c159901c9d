"""The canonical form: one key a line, on one line, quoted only when some YAML reader would misread it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sidecar.expressions import regex
from sidecar.frontmatter.document import KINDS, SOURCE_KEYS, trimmed
from sidecar.frontmatter.nodes import reads_as_string
from sidecar.identity import encodable
from sidecar.model import Memory, Source, Status

_DATE = regex(r"\d{4}-\d\d-\d\d(?:T[0-9:.]+(?:Z|[+-]\d\d:\d\d)?)?")
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`=<")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPED = regex(r'[\x00-\x1f"\\\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]')
_NEVER_PLAIN = regex(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|: | #|:\Z")
_NEVER_PLAIN_IN_FLOW = regex(r"[,\[\]{}:?]")
"""Inside brackets some readers, PyYAML's own among them, stumble over any colon or question mark."""

_SINGLE_LETTER_FLAGS = frozenset({"y", "Y", "n", "N"})  # booleans to YAML 1.1 readers other than ours


def render(memory: Memory) -> bytes:
    """The canonical file of a memory: one key a line in fixed order, defaults left out, no folding."""
    values = {name: getattr(memory, name) for name in KINDS}
    lines = [f"{name}: {formatted(name, value)}\n" for name, value in values.items() if not is_default(value)]
    return f"---\n{''.join(lines)}---\n{trimmed(encodable(memory.content))}\n".encode()


def plain(memory: Memory) -> dict[str, object]:
    """A memory for programs that want no YAML: the keys of its front matter with their values as JSON, and `content`.

    Defaults are left out, as in a file; times are text as files state them.
    """
    told = {name: _json(value) for name in KINDS if not is_default(value := getattr(memory, name))}
    return {**told, "content": memory.content}


def _json(value: object) -> object:
    match value:
        case Source():
            return _json(source_mapping(value))
        case datetime():
            return time_text(value)
        case str():
            return str(value)
        case Mapping():
            return {key: _json(inner) for key, inner in value.items()}
        case Sequence():
            return [_json(item) for item in value]
    return value


def dump_mapping(mapping: Mapping[str, object]) -> bytes:
    """The reverse of `load_mapping`: one key a line in the given order, values in flow style."""
    return "".join(f"{key}: {flow(value, nested=False)}\n" for key, value in mapping.items()).encode()


def time_text(moment: datetime) -> str:
    """A time as files state it: UTC, whole seconds, Z."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def is_default(value: object) -> bool:
    """Whether a key with this value is left out: absent means the default."""
    return value is None or value is False or value is Status.ACTIVE or value in ((), [])


def formatted(name: str, value: object) -> str:
    """The value of a key, as it stands behind `key: `."""
    if KINDS[name] == "source" and isinstance(value, Source):
        return flow(source_mapping(value), nested=False)
    if KINDS[name] == "date" and isinstance(value, str) and _DATE.fullmatch(value):
        return value
    return flow(value, nested=False)


def source_mapping(source: Source) -> dict[str, object]:
    """What is known of a source, in canonical order."""
    values = {name: getattr(source, name) for name in SOURCE_KEYS}
    return {name: value for name, value in values.items() if value not in (None, ())}


def flow(value: object, *, nested: bool) -> str:
    """Any value on one line; `nested` ones stand inside brackets."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return scalar(value, flow=nested)
        case datetime():
            return time_text(value)
        case int():
            return str(value)
        case Mapping():
            return "{" + ", ".join(f"{scalar(k, flow=True)}: {flow(v, nested=True)}" for k, v in value.items()) + "}"
        case Sequence():
            return "[" + ", ".join(flow(item, nested=True) for item in value) + "]"
    raise TypeError(f"no YAML form for {type(value).__name__}")


def scalar(text: str, *, flow: bool) -> str:
    """A string as a YAML scalar on one line: plain if every reader takes it for this string, else double-quoted."""
    text = encodable(text)
    if _reads_plain(text, flow=flow):
        return text
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _reads_plain(text: str, *, flow: bool) -> bool:
    if not text or text != text.strip() or text[0] in _INDICATORS or text in _SINGLE_LETTER_FLAGS:
        return False
    if _NEVER_PLAIN.search(text) or (flow and _NEVER_PLAIN_IN_FLOW.search(text)):
        return False
    return reads_as_string(text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return _ESCAPES.get(match[0]) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
