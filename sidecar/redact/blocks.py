"""Whole blocks: what a person marked `<private>`, and private keys in PEM, OpenSSH, PuTTY, minisign and age form.

Sources: RFC 7468 (PEM), RFC 4716 (SSH2), the OpenSSH key format (PROTOCOL.key), PuTTY's appendix on PPK files, the
minisign and age manuals.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from sidecar.expressions import regex
from sidecar.redact.findings import Finding
from sidecar.redact.sight import Sight

PRIVATE = "private"
KEY = "private-key"

_TAG = regex(r"(?i)(?:<|&lt;|\\u003c)(/?)private(?:(?=\s)[^<>\n]{0,400}?)?(/?)(?:>|&gt;|\\u003e)")
_BEGIN = regex(r"-{4,5} ?BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
_END = regex(r"-{4,5} ?END (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
# The inside of a key: base64, line ends (real, JSON-escaped, or a string joined over lines in code), line numbers as
# file viewers print them, and header lines such as `Proc-Type: 4,ENCRYPTED`.
_BODY = regex(
    r"(?:(?:Proc-Type|DEK-Info|Comment|Version|Hash|Charset|Subject)\\?: ?[^\n\\]{0,200}"
    r"|[A-Za-z0-9+/=\s]|\\{1,4}[nrt/]|\\u000[ad]|[\"'`+,|>→:] ?"
    r")*"
)
_BODY_LIMIT = 20_000
"""Longer than any private key in use (RSA 16384 is some 12,700 characters)."""
_LEAST = 24
"""Fewer base64 characters than this are code or prose about keys, not a key."""
_RUN = regex(r"[A-Za-z0-9+/]{16,}")
_SEPARATOR = regex(r"(\s{1,4}|\\{1,2}n)")
_LONE_LINE = regex(r"[A-Za-z0-9+/=]{16,80}")
_LONE = regex(
    r"b3BlbnNzaC1rZXktdjE[A-Za-z0-9+/=]{20,}(?:\s{0,2}[A-Za-z0-9+/=]{40,})*+"  # openssh-key-v1 without its frame
    r"|RWRTY0Iy[A-Za-z0-9+/=]{40,}"  # minisign secret key
    r"|(?i:AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{40,})"
)
_LONE_NEEDLES = ("b3BlbnNzaC1rZXktdjE", "RWRTY0Iy", "AGE-SECRET-KEY-", "age-secret-key-")
_COMMENT = "untrusted comment:"
_PEM_IN_BASE64 = "LS0tLS1CRUdJTi"
_COMMENTED = regex(r"untrusted comment:[^\n\\]{0,200}secret key[^\n\\]{0,200}(?:\n|\\n)([A-Za-z0-9+/=]{40,})")
_PUTTY = regex(r"Private-Lines: \d+\s+((?:[A-Za-z0-9+/=]+\s+)+)")
_WRAPPED = regex(_PEM_IN_BASE64 + r"[A-Za-z0-9+/=]{40,}")

NEEDLES = ("private", _COMMENT, *(needle.lower() for needle in (*_LONE_NEEDLES, _PEM_IN_BASE64)))
"""What `find` asks the sight for."""


def find(sight: Sight) -> Iterator[Finding]:
    """Private blocks and private keys, complete or cut off."""
    text = sight.text
    if sight.at("private"):
        yield from marked_private(text)
        yield from _pem(text)
        if "Private-Lines:" in text:
            yield from (Finding(KEY, *match.span(1)) for match in _PUTTY.finditer(text))
    yield from _unframed(sight)


def marked_private(text: str) -> Iterator[Finding]:
    """`<private>` to its `</private>`, nested ones included; without an end, to the end of the text."""
    depth = start = 0
    for tag in _TAG.finditer(text):
        if tag.group(2) or _mentioned(text, *tag.span()):
            continue
        if not tag.group(1):
            start = start if depth else tag.start()
            depth += 1
        elif depth:
            depth -= 1
            if not depth:
                yield Finding(PRIVATE, start, tag.end())
    if depth:
        yield Finding(PRIVATE, start, len(text))


def _mentioned(text: str, start: int, end: int) -> bool:
    """Whether the tag alone stands in backticks: somebody talks about the tag."""
    return text[start - 1 : start] == "`" and text[end : end + 1] == "`"


def _pem(text: str) -> Iterator[Finding]:
    if "PRIVATE KEY" not in text:
        return
    reached = 0
    for begin in _BEGIN.finditer(text):
        if begin.start() < reached:
            continue
        body = _BODY.match(text, begin.end(), begin.end() + _BODY_LIMIT)
        stop = body.end() if body else begin.end()
        if sum(len(run.group()) for run in _RUN.finditer(text, begin.end(), stop)) < _LEAST:
            continue
        end = _END.match(text, stop)
        reached = end.end() if end else _trimmed(text, begin.end(), stop)
        yield Finding(KEY, begin.start(), reached)
    yield from _tails(text)


def _tails(text: str) -> Iterator[Finding]:
    """The last lines of a key whose beginning is not in the text."""
    floor = 0
    for end in _END.finditer(text):
        floor = max(floor, end.start() - _BODY_LIMIT // 4)
        begin = end.start()
        parts = _SEPARATOR.split(text[floor:begin])
        while len(parts) > 2 and not parts[-1] and _LONE_LINE.fullmatch(parts[-3]):
            begin -= len(parts[-2]) + len(parts[-3])
            parts[-3:] = [""]
        if begin < end.start():
            yield Finding(KEY, begin, end.end())
        floor = end.end()


def _trimmed(text: str, start: int, stop: int) -> int:
    """Where a key that was cut off ends: after its last run of base64, so that words behind it stay readable."""
    last = stop
    for run in re.finditer(r"[A-Za-z0-9+/=]+", text[start:stop]):
        word = run.group()
        if len(word) >= 40 or (len(word) >= 12 and re.search(r"[A-Z]", word) and re.search(r"[a-z0-9+/=]", word)):
            last = start + run.end()
    return last


def _unframed(sight: Sight) -> Iterator[Finding]:
    text = sight.text
    for needle in _LONE_NEEDLES:
        reached = 0
        for position in sight.exactly(needle):
            match = _LONE.match(text, position) if position >= reached else None
            if match:
                reached = match.end()
                yield Finding(KEY, *match.span())
    if sight.at(_COMMENT):
        yield from (Finding(KEY, *match.span(1)) for match in _COMMENTED.finditer(text))
    if sight.at(_PEM_IN_BASE64.lower()):
        yield from (Finding(KEY, *match.span()) for match in _WRAPPED.finditer(text) if _wraps_key(match.group()))


def _wraps_key(encoded: str) -> bool:
    """Whether base64 of a PEM block is that of a private key (a certificate is public)."""
    head = encoded[:80]
    try:
        return b"PRIVATE" in base64.b64decode(head[: len(head) // 4 * 4])
    except binascii.Error:
        return False
