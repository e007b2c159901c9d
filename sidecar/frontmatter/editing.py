"""Changing single keys of a file in place, every other byte kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sidecar.errors import BadMemoryFile, FieldError
from sidecar.expressions import regex
from sidecar.frontmatter.document import KINDS, SOURCE_KEYS, Document, parsed, trimmed
from sidecar.frontmatter.nodes import Bad, Node, plain_value
from sidecar.frontmatter.writing import flow, formatted, is_default, source_mapping
from sidecar.identity import encodable
from sidecar.model import Source

REMOVE: Final = None
"""As a value given to `edit`: take the key out."""

_RANK: Final = {name: rank for rank, name in enumerate(KINDS)}
_COMMENT_TAIL = regex(r"[ \t]+#[^\n]*?(?=\r?(?:\n|\Z))")


def edit(
    document: Document, changes: Mapping[str, object], *, content: str | None = None, path: str = "the file"
) -> bytes:
    """The bytes with the named keys changed, added in their canonical place, or (value `REMOVE`) taken out.

    A value that equals the field's default takes the key out as well.  `content` replaces the text of the body, whose
    line ends and white space around it stay.  So does every other byte.  Raises `BadMemoryFile` for a layout so odd
    that the change cannot be made without touching something else, and `FieldError` for an empty `content`.
    """
    wanted = {name: None if is_default(value) else value for name, value in changes.items()}
    # What a line says already stays as a person has put it.
    wanted = {name: value for name, value in wanted.items() if value is None or not _says(document, name, value)}
    text = document.text
    for name in sorted(wanted, key=_RANK.__getitem__):
        now = parsed(text.encode(), text)
        text = _with_key(now, name, _line_value(now, name, wanted[name]))
    body = document.body if content is None else _body(document, content)
    text = text.removesuffix(document.body) + body
    if not _only_changed(document, text, wanted, body):
        raise BadMemoryFile(path=path, at="", reason="its front matter is laid out so that it cannot be changed safely")
    return text.encode()


def _body(document: Document, content: str) -> str:
    """The body with another text in it."""
    text = trimmed(encodable(content)).replace("\r\n", "\n").replace("\n", _newline(document.text))
    if not text:
        raise FieldError(field="content", problem="is empty")
    old = document.content
    start = document.body.index(old)
    tail = document.body[start + len(old) :] or _newline(document.text)
    return f"{document.body[:start]}{text}{tail}"


def _line_value(document: Document, name: str, value: object) -> str | None:
    if isinstance(value, Source):
        return flow(_with_foreign_source_keys(document, value), nested=False)
    return None if value is None else formatted(name, value)


def _with_key(document: Document, name: str, value_text: str | None) -> str:
    text, newline = document.text, _newline(document.text)
    if document.front is None:
        if value_text is None:
            return text
        mark = text[: document.body_start]
        return f"{mark}---{newline}{name}: {value_text}{newline}---{newline}{document.body}"
    for known, key, value in document.entries:
        if known == name:
            start, end, comment = _span(document, key, value)
            line = "" if value_text is None else f"{text[start : key.start]}{name}: {value_text}{comment}{newline}"
            return text[:start] + line + text[end:]
    if value_text is None:
        return text
    place = _place(document, name)
    first = document.entries[0][1].start if document.entries else place
    indent = text[text.rfind("\n", 0, first) + 1 : first] if document.entries else ""
    return f"{text[:place]}{indent}{name}: {value_text}{newline}{text[place:]}"


def _place(document: Document, name: str) -> int:
    """Where a new key goes: behind the last key that precedes it in canonical order, else before its successor."""
    assert document.front is not None  # noqa: S101 - the only caller has looked
    ours = [entry for entry in document.entries if entry[0] in _RANK]
    before = [entry for entry in ours if _RANK[entry[0]] < _RANK[name]]
    if before:
        return _span(document, before[-1][1], before[-1][2])[1]
    if ours:
        return _span(document, ours[0][1], ours[0][2])[0]
    return document.front[1]


def _span(document: Document, key: Node, value: Node) -> tuple[int, int, str]:
    """The lines of a key with its value, and the comment behind a value of one line."""
    assert document.front is not None  # noqa: S101 - a document with entries has front matter
    text, limit = document.text, document.front[1]
    start = text.rfind("\n", 0, key.start) + 1
    last = value.last
    if last.block:
        return start, _block_end(text, last, len(text[start : key.start]), limit), ""
    end = text.find("\n", last.end, limit) + 1 or limit
    comment = _COMMENT_TAIL.match(text, last.end)
    single = "\n" not in text[start : last.end]
    return start, end, comment[0] if comment and single else ""


def _block_end(text: str, node: Node, indent: int, limit: int) -> int:
    """The end of a literal or folded block: its lines are blank or indented deeper than the keys."""
    header_end = text.find("\n", node.start, limit) + 1 or limit
    keep = "+" in text[node.start : header_end].split("#", maxsplit=1)[0]
    position = end = header_end
    while position < limit:
        line_end = text.find("\n", position, limit) + 1 or limit
        line = text[position:line_end]
        if line.strip() and len(line) - len(line.lstrip(" ")) <= indent:
            break
        position = line_end
        if line.strip() or keep:
            end = position
    return end


def _newline(text: str) -> str:
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"


def _with_foreign_source_keys(document: Document, source: Source) -> dict[str, object]:
    merged = source_mapping(source)
    for name, _, node in document.entries:
        if name == "source" and node.kind == "map":
            merged.update({k.text: plain_value(v) for k, v in node.pairs if k.text not in SOURCE_KEYS})
    return merged


def _only_changed(before: Document, text: str, wanted: Mapping[str, object], body: str) -> bool:
    """Whether the new text differs from the document in body and keys as wanted, and in nothing else."""
    try:
        after = parsed(text.encode(), text)
    except Bad:
        return False
    if after.body != body or _untouched(before, wanted) != _untouched(after, wanted):
        return False
    return all(_same(name, after.fields.get(name), value) for name, value in wanted.items())


def _untouched(document: Document, wanted: Mapping[str, object]) -> list[str]:
    spans = [_span(document, key, value) for name, key, value in document.entries if name not in wanted]
    return [document.text[start:end] for start, end, _ in spans]


def _says(document: Document, name: str, value: object) -> bool:
    return name in document.fields and _same(name, document.fields[name], value)


def _same(name: str, found: object, value: object) -> bool:
    if found is None or value is None:
        return found is value
    return formatted(name, found) == formatted(name, value)
