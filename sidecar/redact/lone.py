"""A secret that somebody pasted with nothing else on its line, so that no word near it can say what it is.

Only for what a person typed: output of programs has ids, digests and encoded data on lines of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.expressions import regex
from sidecar.redact import values
from sidecar.redact.findings import Finding
from sidecar.redact.shapes import Shape, shape

_LINE = regex(r"(?m)^[ \t>*•-]{0,8}[\"'`(]{0,3}(?P<token>[^\s\"'`]{5,200})[\"'`)]{0,3}[.,;]?[ \t]*\r?$")
_DIGEST = regex(r"(?i)(?:[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{7,12})")
"""As long as the digests of git, SHA-1 and SHA-256, and their short forms."""
_LEAST = 8
_BLOCK_LINE = regex(r"[A-Za-z0-9+/=_-]{40,200}|-----.*")
"""Of several such lines, as in a certificate or an encoded picture, each alone is no secret."""
_WORD = regex(r"(?i)[a-z]{6,24}[.!]?")
_ANSWERS = frozenset(
    """nothing nevermind nobody skipped dunno unsure thanks thankyou please sorry later tomorrow yesterday correct
    continue proceed cancel abort again bitwarden keepass keepassxc onepassword lastpass dashlane vaultwarden keychain
    keyring vault agreed approved staging production localhost postgres password passwords whatever rotate""".split()
)


def find(text: str, *, asked: bool) -> Iterator[Finding]:
    """Lines of `text` that are one secret-like token each.

    `asked`: the message before spoke of a password, so that a whole message of one word may be it, even a plain one.
    """
    for match in _LINE.finditer(text):
        token = values.trimmed(match.group("token"), sentence=True)
        if _secret(token) and not _in_block(text, *match.span()):
            yield Finding("password", match.start("token"), match.start("token") + len(token))
    whole = text.strip()
    if asked and _answers(whole):
        start = text.index(whole)
        yield Finding("password", start, start + len(whole))


def _secret(token: str) -> bool:
    if len(token) < _LEAST or _DIGEST.fullmatch(token) or values.is_code(token) or values.is_reference(token):
        return False
    return shape(token) is Shape.STRONG


def _answers(whole: str) -> bool:
    if _WORD.fullmatch(whole):
        return whole.lower().rstrip(".!") not in _ANSWERS and not values.describes(whole)
    return len(whole.split()) == 1 and shape(whole) is not Shape.HARMLESS and not _DIGEST.fullmatch(whole)


def _in_block(text: str, start: int, end: int) -> bool:
    if end - start < 40:
        return False
    before = text[text.rfind("\n", 0, max(0, start - 1)) + 1 : max(0, start - 1)].strip()
    newline = text.find("\n", end + 1)
    behind = text[end + 1 : newline if newline >= 0 else len(text)].strip()
    return bool(_BLOCK_LINE.fullmatch(before) or _BLOCK_LINE.fullmatch(behind))
