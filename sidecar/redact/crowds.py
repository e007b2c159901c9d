"""Stretches of a long text that are crowded with words for passwords, as no text is that somebody means to keep.

Each such word is looked at with all that stands around it, which is what takes the time.  Where hundreds of them stand
close together the whole stretch is taken for secret instead, and words and sentences in it are not looked at.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from sidecar.expressions import regex
from sidecar.redact.findings import Finding
from sidecar.redact.sight import Sight

NEEDLES = frozenset(
    """password passwd passphrase passcode passwort pwd pw psk mdp secret token credential cookie bearer mnemonic
    kennwort contrase senha wachtwoord parola heslo haslo hasło lösenord losenord adgangskode salasana jelsz şifre sifre
    парол 密码 密碼 口令 パスワード 비밀번호 암호 暗証 κωδικ סיסמ รหัสผ่าน""".split()
)
"""What `find` asks the sight for: words that hardly mean anything else, as `key`, `pass` and `code` do."""

KIND = "crowd"

_MANY = 400
_WITHIN = 5_600
"""So many words within so many characters are a crowd: one in 14 characters, over pages.  Texts about passwords, their
translations into many languages among them, have one in 17 at most, and not for long."""
_EDGE = 600
"""So near to the edges of a crowd everything is looked at nevertheless: what is there may concern what is outside."""
_TAIL = regex(r"\S{0,200}(?:[ \t]{1,3}\S{1,200}){0,2}")
"""The rest of the last word, and what may be its value."""
_LONGEST_TAIL = 610
_MARK = "[redacted:"


def find(sight: Sight) -> list[Finding]:
    """The crowded stretches in order, each from its first word to the last and its value."""
    places = array("I", _places(sight))
    crowds: list[Finding] = []
    for first, last in zip(places, places[_MANY - 1 :], strict=False):
        if last - first > _WITHIN:
            continue
        if crowds and first <= crowds[-1].end:
            crowds[-1] = Finding(KIND, crowds[-1].start, last + 1)
        else:
            crowds.append(Finding(KIND, first, last + 1))
    return [Finding(KIND, start, _end(sight.text, end)) for _, start, end in crowds]


def _end(text: str, last: int) -> int:
    match = _TAIL.match(text, last)
    return match.end() if match else last


def without(text: str, crowds: list[Finding]) -> str:
    """The text with line ends in place of what is inside of crowds; everything else stays where it is."""
    parts: list[str] = []
    position = 0
    for _, start, end in crowds:
        inner = start + _EDGE, end - _LONGEST_TAIL - _EDGE
        parts += (text[position : inner[0]], "\n" * (inner[1] - inner[0]))
        position = max(inner)
    parts.append(text[position:])
    return "".join(parts)


def _places(sight: Sight) -> Iterator[int]:
    """Where the words stand, without those that name the kind of what was redacted before."""
    marked = _MARK in sight.text
    for place in sight.any_of(NEEDLES):
        opening = sight.text.rfind(_MARK, max(0, place - 40), place) if marked else -1
        if opening < 0 or "]" in sight.text[opening:place]:
            yield place
