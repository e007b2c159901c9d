"""A secret-like name with its value: env, shell, YAML, JSON, TOML, INI, code, XML, HCL, flags, connection strings."""

from __future__ import annotations

import re

from sidecar.expressions import regex
from sidecar.records import dataclass
from sidecar.redact import values
from sidecar.redact.findings import Finding
from sidecar.redact.names import Strength

_JUDGED = 300
"""So much of a long value decides about it."""

# What may stand between a name and its value.  Quotes may be escaped, as they are in JSON inside of JSON.
_SEPARATOR = regex(
    r"""(?x)
      (?P<close>\\{0,4}["'`])? [\])]{0,2} [ \t]{0,20}
      (?: (?P<typed> : [ ]? [A-Za-z_][\w.<>\[\]|, ?]{0,40}? [ ]? = (?!=) )
        | (?P<op> => | := | \?= | \+= | ={1,3} | ::? | \\u003d | %3[dD] ) (?![=>])
        | (?P<yaml> \r?\n [ \t]{0,40} value: )
        | (?P<value> ,? \s{0,4} \\{0,4}["']?value\\{0,4}["']? \s{0,2} [:=] )
        | (?P<hcl> [ ]? \{ [^{}]{0,200}? \bdefault [ ]{0,20} = )
        | (?P<comma> , )
        | (?P<call> \( )
        | (?P<html> </\w{1,10}> \s{0,20} (?:<\w{1,10}[^<>]{0,60}>\s{0,4}){1,3} )
        | (?P<xml> > )
        | (?P<cell> \| )
      ) [ \t]{0,20}"""
)
_INDIRECT = ("-", "pass:", "env:", "file:", "fd:")
"""Not the secret itself, or (`pass:`) known by the tool that takes it."""
_SPACE = regex(r"[ \t]{1,30}")
_FLAG_SEPARATOR = regex(r"[ \t]{1,8}|=")
_QUOTED = regex(
    r"""(?P<prefix>[bBrRuUfF@]{0,2})(?P<quote>(?P<escape>\\{0,4})["'`])(?P<body>[^"'`\\\n]{0,4096}|(?:(?!(?P=quote))(?:\\.|[^\n\\])){0,4096})(?P=quote)"""
)
_BARE = regex(r"(?:[^\s\"'`\\<>]|\\(?![nrtu\"'\\]))[^\s\"'`\\<>]{0,511}+(?:\\(?![nrtu\"'\\])[^\s\"'`\\<>]{0,64}+){0,8}")
_REST = regex(r"[^\s\"'`\\<>,;]*")
"""What goes on behind a value that is longer than `_BARE` looks at."""
_TO_SPACE = regex(r"[^\s\\]\S{0,4095}")
_LINE_START = regex(r"(?:^|\n)[ \t]{0,40}(?:export |setenv |set |ENV |ARG |- |\d+[→\t:|] ?|[+-])?[ \t]{0,8}[\"']?\Z")
_NEXT_PAIR = regex(r"[;&](?:amp;|\\u0026)?[\w %.-]{1,40}=")
_LINE_END = regex(r"[ \t]*[,;]?[ \t]*(?:(?:#|//)[^\n]*)?(?:\r?\n|$|\\[nr])")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands: what the judgement needs beside the value."""

    level: Strength
    quoted: bool
    env: bool
    alone: bool
    """The value is the last thing on its line, and its name the first."""
    call: bool = False


def beside(text: str, start: int, end: int, level: Strength) -> Finding | None:
    """The secret that is assigned to the name at `text[start:end]`, if there is one."""
    if text.startswith("-", start):
        found = _flag(text, start, end, level)
        if found:
            return found
    separator = None if text.startswith("//", max(0, start - 2)) else _SEPARATOR.match(text, end)
    if not separator or not _allowed(text, start, separator):
        return _spaced(text, start, end, level) if level in (Strength.STRONG, Strength.WEAK) else None
    return _value(text, start, separator, level)


def _spaced(text: str, start: int, end: int, level: Strength) -> Finding | None:
    """`api_key 7f3k...`: nothing but space between, as logs and listings have it; the value must be machine-made."""
    gap = _SPACE.match(text, end)
    match = _BARE.match(text, gap.end()) if gap else None
    value = values.trimmed(match.group(), sentence=True)[:_JUDGED] if match else ""
    if not match or not values.looks_random(value) or not _secret(value, _Place(level, False, False, False, True), ""):
        return None
    return Finding(kind(level, text[start:end]), match.start(), match.start() + len(value))


def kind(level: Strength, name: str) -> str:
    """The word for the mark."""
    if level in (Strength.PASSWORD, Strength.PIN):
        return "password"
    lower = name.lower()
    return next((word for word in ("token", "cookie", "key") if word in lower), "secret")


def _allowed(text: str, start: int, separator: re.Match[str]) -> bool:
    """Separators that mean something only in company of others."""
    quote = separator.group("close") or ""
    if separator.group("comma"):
        return bool(quote)
    if separator.group("xml"):
        return text[start - 1 : start] in ("<", ":") or bool(quote)
    if separator.group("cell"):
        return "|" in text[max(0, start - 8) : start]
    if separator.group("hcl") or separator.group("value"):
        return bool(quote)
    return True


def _value(text: str, start: int, separator: re.Match[str], level: Strength) -> Finding | None:
    position = separator.end()
    operator = separator.group("op") or ""
    name = text[start : separator.start()]
    equals = operator in ("=", "?=") and separator.end() == separator.start("op") + len(operator)
    at_start = bool(_LINE_START.search(text, max(0, start - 60), start))
    env = equals and name.upper() == name and not separator.group("close")
    demanding = bool(
        separator.group("comma") or separator.group("call") or separator.group("cell") or separator.group("html")
    )
    quoted = _QUOTED.match(text, position)
    if quoted:
        place = _Place(level, True, env, at_start, demanding)
        if "f" in quoted.group("prefix").lower() and "{" in quoted.group("body"):
            return None
        return _finding(text, place, name, *quoted.span("body"))
    if separator.group("comma") or separator.group("call"):
        return None
    return _unquoted(text, position, _Place(level, False, env, at_start, demanding), name)


def _unquoted(text: str, position: int, place: _Place, name: str) -> Finding | None:
    whole = place.alone and place.env
    match = (_TO_SPACE if whole else _BARE).match(text, position)
    if not match or text.startswith(('"', "'"), position):
        return None
    stop = match.end()
    pair = _NEXT_PAIR.search(text, position, stop)
    if pair:
        stop = pair.start()
    value = values.trimmed(text[position:stop], sentence=not place.env)
    stop = position + len(value)
    if place.alone and not place.env and not value.startswith(("$", "{")):
        rest = text[position : _line_end(text, position)].rstrip(" \t\r,;")
        if place.level is Strength.PASSWORD and rest.replace(" ", "").isalpha() and values.looks_passphrase(rest):
            return Finding(kind(place.level, name), position, position + len(rest))
    ends = bool(_LINE_END.match(text, stop))
    return _finding(text, _Place(place.level, False, place.env, place.alone and ends, place.call), name, position, stop)


def _line_end(text: str, position: int) -> int:
    newline = text.find("\n", position, position + 300)
    return newline if newline >= 0 else min(len(text), position + 300)


def _finding(text: str, place: _Place, name: str, start: int, end: int) -> Finding | None:
    value = text[start : min(end, start + _JUDGED)].strip()
    if not _secret(value, place, name):
        return None
    rest = _REST.match(text, end) if end - start > _JUDGED and not place.quoted else None
    end = rest.end() if rest else end
    return Finding(kind(place.level, name), start, end)


def _flag(text: str, start: int, end: int, level: Strength) -> Finding | None:
    """`--password hunter2`; a single word behind it may as well go on with the sentence, so it must not describe."""
    separator = _FLAG_SEPARATOR.match(text, end)
    if not separator:
        return None
    quoted = _QUOTED.match(text, separator.end())
    name = text[start:end]
    if quoted:
        return _finding(text, _Place(level, True, True, False), name, *quoted.span("body"))
    match = _BARE.match(text, separator.end())
    if not match or match.group().startswith(_INDIRECT):
        return None
    value = values.trimmed(match.group(), sentence=True)
    if separator.group() != "=" and values.is_word(value) and (values.describes(value) or value.islower()):
        return None
    place = _Place(level, False, separator.group() == "=", False)
    return _finding(text, place, name, match.start(), match.start() + len(value))


def _secret(value: str, place: _Place, name: str) -> bool:
    """The judgement: the weaker the name and the looser the place, the more secret the value must look."""
    if place.call and "|" in value:
        return False
    if len(value) < 3 or values.is_placeholder(value) or values.is_reference(value):
        return False
    if not place.quoted and not (place.env and place.alone) and values.is_code(value):
        return False
    if place.level is Strength.PIN:
        return (value.isdigit() and 4 <= len(value) <= 12) or (len(value) >= 6 and values.looks_chosen(value))
    if place.level is Strength.PASSWORD:
        return _password(value, place, name)
    if place.level is Strength.STRONG:
        return _strong(value, place)
    if place.level is Strength.WEAK:
        return _weak(value, place)
    return values.looks_random(value, 20) and not place.call and name.lower() != "key"


def _password(value: str, place: _Place, name: str) -> bool:
    if " " in value:
        chosen = place.env and values.looks_chosen(value.replace(" ", ""))
        return place.quoted and not place.call and (chosen or values.looks_passphrase(value))
    if place.env:
        return not (place.quoted and values.is_technical(value))
    if name.lower() == "pass" and not place.quoted:
        return name != "PASS" and any(c.isdigit() for c in value) and _chosen_alone(value)
    if values.names_a_secret(value) and not _disguised(value):
        return False
    if values.looks_chosen(value) or (value.isdigit() and len(value) >= 4):
        return True
    if place.call or values.describes(value) or len(value) < 4:
        return False
    return place.quoted or (place.alone and _lower_words(value))


def _chosen_alone(value: str) -> bool:
    """Looks like a password and not like the name of a test that passed."""
    return values.looks_chosen(value) and not re.search(r"[/:(]", value)


def _lower_words(value: str) -> bool:
    """Plain lower-case words, maybe joined: what an unquoted value that is neither type nor status looks like."""
    return value.islower() and value.replace("-", "").replace("_", "").isalpha()


def _disguised(value: str) -> bool:
    """`Passw0rd`-like words speak of passwords and yet are some; those of letters alone are taken for identifiers."""
    return any(c.isdigit() for c in value)


def _strong(value: str, place: _Place) -> bool:
    if " " in value or values.names_a_secret(value) or values.is_technical(value):
        return False
    if place.env:
        return not values.is_number(value)
    if place.call:
        return values.looks_random(value) or (len(value) >= 8 and values.looks_chosen(value))
    return (values.looks_chosen(value) and len(value) >= 6) or values.looks_random(value)


def _weak(value: str, place: _Place) -> bool:
    if " " in value or values.names_a_secret(value) or values.is_number(value) or values.is_technical(value):
        return False
    if values.looks_random(value):
        return True
    if place.call:
        return False
    digits = values.digits_of(value)
    return values.looks_chosen(value) and len(value) >= (6 if place.env else 8) and (digits >= 2 or len(value) >= 16)
