"""Pictures in JSON that is not parsed yet: long runs of base64, replaced by the mark that cleaning would leave."""

from __future__ import annotations

from sidecar.expressions import regex
from sidecar.transcripts.text import IMAGE_MARK

SHORTEST_PICTURE = 4096
"""Characters of base64 from which on a run is taken out; cleaning takes out the shorter ones."""

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_STEP = SHORTEST_PICTURE // 2
"""Any run that is long enough fills one of the blocks of this size into which the data is cut."""

_RUN = regex(rb"[A-Za-z0-9+/]*+={0,2}")
_URL = regex(  # the schema of a data URL that ends where a run begins, not in the middle of a word or an escape
    rb"(?<![\\A-Za-z0-9+/])data:[\w.+-]{1,80}/[\w.+-]{1,80}(?:;[\w=.-]{1,80}){0,8};base64,\Z"
)
_URL_SIZE = 1024
"""Bytes before a run in which such a schema lies."""


def without_pictures(data: bytes) -> bytes:
    """The data with marks in place of its pictures; in linear time, and quickly where there are none."""
    kept: list[bytes] = []
    done = at = 0
    while at + _STEP <= len(data):
        if data[at : at + _STEP].translate(None, _BASE64):
            at += _STEP
            continue
        start = at - _word_before(data[max(done, at - _STEP) : at])
        end = _RUN.match(data, at).end()  # type: ignore[union-attr] # it matches anywhere
        mark_at, mark = _mark(data, done, start, end)
        if mark:
            kept += (data[done:mark_at], mark)
            done = end
        at += (end - at + _STEP - 1) // _STEP * _STEP
    return b"".join((*kept, data[done:])) if kept else data


def _word_before(data: bytes) -> int:
    """How many bytes of base64 the data ends with."""
    return len(data) - len(data.rstrip(_BASE64))


def _mark(data: bytes, done: int, start: int, end: int) -> tuple[int, bytes]:
    """Where a picture begins, with the schema of its URL, and the mark for it; no mark if the run is none."""
    size = len(data[start:end].rstrip(b"="))
    if size < SHORTEST_PICTURE:
        return start, b""
    before = data[max(done, start - _URL_SIZE) : start]
    if url := _URL.search(before):
        return start - len(before) + url.start(), IMAGE_MARK.encode()
    # A run that begins with the letter of an escape, such as \\n, is no word of its own.
    return start, b"" if before.endswith(b"\\") else b"[base64, %d characters]" % (end - start)
