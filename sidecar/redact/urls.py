"""Passwords in URLs and connection strings, authorization headers, cookies, `curl -u`.

The scheme, the user and the host stay, so that one can still read where the connection goes (RFC 3986, section 3.2.1;
RFC 9110, section 11; RFC 6265).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from sidecar.expressions import regex
from sidecar.redact import values
from sidecar.redact.findings import Finding
from sidecar.redact.sight import Sight

_USERINFO = regex(r"(?P<user>[^\s:/@\[\]\"'`<>\\]{0,128})(?P<sep>[:@])")
_RUN = regex(r"[^\s\"'`<>\\]{1,300}")
_GO_DSN = regex(r"(?<![\w:/])[\w.-]{1,64}:(?P<value>[^\s@\"'`]{2,128})@(?:tcp|unix|udp)\(")
_SCHEMES = ("bearer", "basic", "digest", "token", "apikey", "negotiate")
_SCHEME_VALUE = regex(r"[ ]{1,4}(?P<value>[\w+/=.~:-]{6,4096})")
_AUTHORIZATION = regex(
    r"(?i)authorization\\?[\"']?\]?[ ]{0,2}(?:[:=]|,|=>)[ ]{0,2}\\?[\"'`]?"
    r"(?P<scheme>[a-z][\w-]{1,30}[ ]{1,4})?(?P<value>[^\s\"'`<>\\,]{6,4096})"
)
_COOKIE = regex(r"(?i)cookie\\?[\"']?[ ]{0,2}[:=][ ]{0,2}\\?[\"'`]?(?P<pairs>[^\n\"'`\\]{3,8192})")
_PAIR = regex(r"[\w.\-\[\]%]{1,80}=(?P<value>[^;\s,]{1,4096})")
_COOKIE_FLAG = regex(
    r"\s(?:-b|--cookie)[ =]{1,3}[\"']?(?P<pairs>[\w.-]{1,80}=[^\s\"'`]{1,4096}"
    r"(?:; ?[\w.-]{1,80}=[^\s\"';`]{1,4096}){0,40})"
)
_DIGEST_PART = regex(r"(?i)\b(?:response|nonce|cnonce|opaque|signature|credential)=\"?(?P<value>[^\s\",]{6,512})")
_PARTS_WITHIN = 2_000
_AUTH_PAIR = regex(
    r"(?:auth\s{0,4}=\s{0,4}|auth|\.login|\.basic_auth)\(\s{0,20}[\"'][^\"'\n]{1,64}[\"']\s{0,4},"
    r"\s{0,20}[\"'](?P<value>[^\"'\n]{3,128})[\"']"
)
_PASSWORD_WORDS = frozenset(
    "password passwd pass pw pwd secret xxx token mypassword yourpassword your-password".split()
)

_SLASHES = ("://", ":\\/\\/")
_GO = ("@tcp(", "@unix(")
_CALLS = ("auth", ".login(", ".basic_auth(")
_FLAGS = (" -b", " --cookie")
NEEDLES = (*_SLASHES, *_GO, *_CALLS, *_FLAGS, *(scheme + " " for scheme in _SCHEMES), "authorization", "cookie")
"""What `find` asks the sight for."""


def find(sight: Sight) -> Iterator[Finding]:
    """Every secret that stands in a URL or in an HTTP header."""
    text, lower = sight.text, sight.lower
    for slashes in _SLASHES:
        for position in sight.at(slashes):
            yield from _userinfo(text, position + len(slashes))
    if any(sight.at(place) for place in _GO):
        for match in _GO_DSN.finditer(text):
            if not values.is_placeholder(match.group("value")):
                yield Finding("url-password", *match.span("value"))
    for word in _CALLS:
        for position in sight.at(word):
            pair = _AUTH_PAIR.match(lower, position)
            if pair and not values.is_placeholder(pair.group("value")):
                yield Finding("password", *pair.span("value"))
    yield from _headers(sight)
    yield from _cookies(sight)


def _userinfo(text: str, position: int) -> Iterator[Finding]:
    match = _USERINFO.match(text, position)
    if not match:
        return
    user = match.group("user")
    if match.group("sep") == "@":
        if values.looks_random(user, 20):
            yield Finding("url-password", *match.span("user"))
        return
    end = _password_end(text, match.end())
    value = text[match.end() : end] if end else ""
    if value == "x-oauth-basic":
        yield Finding("url-password", *match.span("user"))
    elif value and not values.is_placeholder(value) and value.lower() not in _PASSWORD_WORDS:
        yield Finding("url-password", match.end(), match.end() + len(value))


def _password_end(text: str, start: int) -> int | None:
    """Where the password ends: at the last `@` before the path; a password with an unescaped slash is allowed for."""
    run = _RUN.match(text, start)
    if not run or "@" not in run.group():
        return None
    whole = run.group()
    head = whole.split("/", 1)[0]
    if "@" in head:
        comma = head.find(",") if "://" in head else -1
        head = head[:comma] if comma > 0 else head
        return start + head.rfind("@") if "@" in head else None
    if head.isdigit() or "?" in whole.split("@", 1)[0] or "." in head or not head:
        return None
    return start + whole.find("@")


def _headers(sight: Sight) -> Iterator[Finding]:
    text, reached, parted = sight.text, 0, 0
    for position in sight.at("authorization"):
        match = _AUTHORIZATION.match(text, position) if position >= reached else None
        if match and _authorizes(match.group("scheme"), match.group("value")):
            reached = match.end()
            yield Finding("authorization", *match.span("value"))
            if (match.group("scheme") or "").strip().lower() in ("digest", "aws4-hmac-sha256"):
                for part in _DIGEST_PART.finditer(text, max(parted, match.end()), match.end() + _PARTS_WITHIN):
                    yield Finding("authorization", *part.span("value"))
                    parted = part.start()  # the next look begins with the last part, which may have been cut
    for scheme in _SCHEMES:
        for position in sight.at(scheme + " "):
            match = _SCHEME_VALUE.match(text, position + len(scheme))
            if match and not text[position - 1 : position].isalnum():
                value = values.trimmed(match.group("value"), sentence=True)
                if _scheme_fits(scheme, value):
                    yield Finding("authorization", match.start("value"), match.start("value") + len(value))


def _authorizes(scheme: str | None, value: str) -> bool:
    if not _credential(value) or values.describes(value):
        return False
    return scheme is not None or values.looks_random(value) or values.looks_chosen(value)


def _credential(value: str) -> bool:
    return not (values.is_placeholder(value) or values.is_code(value) or values.names_a_secret(value) or "{" in value)


def _scheme_fits(scheme: str, value: str) -> bool:
    if not _credential(value) or values.is_technical(value) or values.is_reference(value):
        return False
    if scheme == "basic":
        return _user_and_password(value)
    return values.looks_random(value) or (scheme == "bearer" and len(value) >= 8 and values.looks_chosen(value))


def _user_and_password(encoded: str) -> bool:
    """Whether a text is base64 of `user:password`."""
    try:
        plain = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return b":" in plain and plain.isascii()


def _cookies(sight: Sight) -> Iterator[Finding]:
    text, lower, reached = sight.text, sight.lower, 0
    for position in sight.at("cookie"):
        match = _COOKIE.match(text, position) if position >= reached else None
        if match and not text[position - 1 : position].isalnum():
            reached = match.end()
            yield from _pairs(text, *match.span("pairs"), first=lower.startswith("set-", max(0, position - 4)))
    if any(sight.at(flag) for flag in _FLAGS) and ("curl" in lower or "http" in lower):
        for flag in _FLAGS:
            reached = 0
            for position in sight.exactly(flag):
                match = _COOKIE_FLAG.match(text, position)
                if match and position >= reached:
                    reached = match.end()
                    yield from _pairs(text, *match.span("pairs"), first=False)


def _pairs(text: str, start: int, end: int, *, first: bool) -> Iterator[Finding]:
    """The values of a cookie header; of `Set-Cookie` the first alone, for attributes follow it."""
    for pair in _PAIR.finditer(text, start, end):
        value = pair.group("value")
        if len(value) >= 6 and not values.is_placeholder(value) and not values.is_code(value):
            yield Finding("cookie", *pair.span("value"))
        if first:
            return
