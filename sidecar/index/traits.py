"""What a message is like, as a few bits: recall weighs it without reading a text again."""

from __future__ import annotations

import re
from functools import lru_cache

from sidecar.index.documents import MessageDoc, digest
from sidecar.index.tokens import STOP_WORDS

BY_AGENT = 1
"""An agent's own words, not a person's."""

DATED = 2
"""It names a time."""

ASKING = 4
"""It asks something, perhaps among other things."""

_LOOKED_AT = 4_000
"""Characters in which a time is looked for: in a dump, any is there by chance."""

NO_VOICE = 0

_KNOWN_NAMES = 4_096
"""Words whose number is remembered: each word of a question may be a name."""

_UNITS = "weeks?|months?|years?|days?"
_PERIODS = "week|month|year|night|summer|winter|spring|fall|autumn|weekend"
_WEEKDAYS = "(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_MONTHS = "january|february|march|april|june|july|august|september|october|november|december"
_DATED = re.compile(
    rf"\b(?:yesterday|today|tonight|tomorrow|ago|recently|deadline|(?:last|next|this) (?:{_PERIODS})|this past"
    rf"|{_WEEKDAYS}|{_MONTHS}|(?:19|20)\d\d|{_UNITS}|\d{{1,2}} ?[ap]\.?m|\d{{1,2}}:\d\d)\b",
    re.IGNORECASE,
)
_VOICE = re.compile(r"([^\W\d_][\w'’-]*)(?: [^\W\d_][\w'’-]*){0,2}: ")


def traits(message: MessageDoc) -> int:
    """The bits that are true of a message."""
    found = BY_AGENT if message.role == "assistant" else 0
    if _DATED.search(message.text, 0, _LOOKED_AT):
        found |= DATED
    if "?" in message.text or "？" in message.text:
        found |= ASKING
    return found


def voice(message: MessageDoc) -> int:
    """A number for the name with which a message opens, as in `Ines: …` (of a full name the first), or NO_VOICE."""
    named = _VOICE.match(message.text)
    return name_number(named[1]) if named else NO_VOICE


@lru_cache(maxsize=_KNOWN_NAMES)
def name_number(name: str) -> int:
    """The number of a name, whatever its case; that of a word which is no name is NO_VOICE."""
    plain = name.casefold()
    return NO_VOICE if plain in STOP_WORDS else digest(plain) & 0xFFFFFFFF
