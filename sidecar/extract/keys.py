"""Topic keys: what a statement is about, so that a later value of the same thing finds the earlier one.

A key is a subject and an attribute ("api/port"), or the class in which a project picks one tool ("orm").  Only slots
that hold one value at a time get one: a wrong key shared by two different things would archive a memory that is still
true, so a statement whose slot is not clear has none.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from sidecar.expressions import regex
from sidecar.extract.vocabulary import SLOTS, TOOL_CLASS, TOOLS
from sidecar.extract.words import STOP, content_words, singular, words
from sidecar.records import dataclass
from sidecar.statements import NAMES_OF, NUMBERED_THINGS, lately

_LONGEST_PART = 40

_THING = r"(?P<s>[a-z][\w.-]*(?: [a-z][\w.-]*)?)"
_CLOCK = r"\b\d{1,2}:\d\d\b|\b\d{1,2}\s?(?:am|pm)\b"
_JOBS = (
    r"(?P<s>back-?ups?|nightly(?! (?:back|build|job|sync|report|import|export|scan|snapshot))"
    r"|cron(?: ?job)?|jobs?|builds?|deploy(?:ment)?s?|sync|reports?|imports?|exports?"
    r"|maintenance window|"
    r"maintenance|stand-?up|release train|release|retro|planning|rotation|scan|rollup|digest|newsletter|cleanup"
    r"|snapshots?)"
)
_ROLES = (
    "supervisor maintainer owner contact reviewer lead reader advisor architect manager translator editor co-author"
).split()
_SERVICES = frozenset(
    "api app application server backend frontend web website ui db database proxy gateway service dashboard worker "
    "broker "
    "emulator simulator registry cache queue docs documentation admin websocket metrics grafana prometheus storybook "
    "staging production prod preview demo dns ci warehouse postgres postgresql mysql redis mongo mongodb clickhouse "
    "vault wiki tracker monitoring runner scheduler bot site blog portal storage".split()
)
_GENERIC = frozenset(
    "thing things stuff file code line value setting default time date day number name version new old current first "
    "last next way part case example result item point test tests bug error issue change work everything something "
    "anything nothing someone somebody today tomorrow yesterday week month year call meeting best real whole "
    "moved moves listens listen runs run uses use switched changed changes goes went serves binds sits answers "
    "port host hostname deadline interval schedule limit cap max window rate path url owner".split()
)


@dataclass(frozen=True, slots=True)
class _Slot:
    """One attribute: the pattern for lower-cased text that shows it and, in group `s`, its subject.

    `fits` judges the subject.
    """

    attribute: str
    pattern: re.Pattern[str]
    fits: Callable[[str], bool] = lambda subject: subject not in _GENERIC and subject not in STOP


def _service(subject: str) -> bool:
    return any(word in _SERVICES for word in subject.split("-")) or subject in _SERVICES


def _versioned(subject: str) -> bool:
    return subject in TOOL_CLASS or subject in NAMES_OF.values()


def _slot(attribute: str, *patterns: str, fits: Callable[[str], bool] | None = None) -> list[_Slot]:
    made = [regex(pattern) for pattern in patterns]
    return [_Slot(attribute, one) if fits is None else _Slot(attribute, one, fits) for one in made]


_SLOTS: tuple[_Slot, ...] = (
    *_slot(
        "port",
        rf"\b{_THING} ports?\b.{{0,40}}?\b\d{{2,5}}\b",
        rf"\b{_THING}:? (?:it )?(?:now )?(?:listens?|runs?|serves?|binds?|is|are|sits?|moved"
        rf"|answers?)(?: now)? (?:on|at|to) (?:port :?\d{{2,5}}|:?\d{{4,5}})\b(?!-)",
        rf"\bports? (?:for|of) (?:the |our )?{_THING}\b.{{0,20}}?\b\d{{2,5}}\b",
        r"\bto (?:the |our )?(?P<s>[a-z][\w-]+)[,:]? (?:on |at )?port \d{2,5}\b",
    ),
    *_slot(
        "port",
        r"\bmoved (?:the |our |my )?(?P<s>[a-z][\w-]*) to (?:port )?:?\d{4,5}\b(?!-)",
        r"\b(?P<s>[a-z][\w-]*)\b[^.;:]{0,30}\b(?:plain )\d{4,5}\b",
        fits=_service,
    ),
    *_slot(
        "version",
        r"\b(?P<s>[a-z][\w.-]*)(?: on [\w-]+)? (?:is|are|runs|at|to|stays) (?:now )?(?:on |at "
        r"|to )?(?:version )?v?\d+(?:\.\d+)*(?: now)?\b(?![:/%-]|\s*[a-z]*(?:s\b|ms\b|gb\b|mb\b))",
        r"\b(?:upgraded|bumped|pinned|moved|updated|migrated) (?:to )?(?:the "
        r"|our )?(?P<s>[a-z][\w.-]*)(?: from v?[\d.]+)?(?: (?:to|at))? (?:version )?v?\d+(?:\.\d+)*\b(?!:)",
        r"\b(?P<s>[a-z][\w.-]*) version (?:is|=|:)? ?v?\d",
        fits=_versioned,
    ),
    *_slot(
        "deadline",
        rf"\bdeadline (?:for|of) (?:the |our |my )?(?:full |final |first )?{_THING}\b",
        r"\b(?P<s>[a-z][\w-]+) (?:deadline|is due|are due|due)\b",
        r"\b(?P<s>submission|draft|paper|delivery|handover|launch|release|go-live|defen[cs]e|freeze)(?: date)? (?:is"
        r"|moved to|on) (?:on |the )?(?:\d|[a-z]+ \d)",
    ),
    *_slot(
        "retention",
        r"\b(?:keep|retain|store)s? (?:the |our |all )?(?P<s>[a-z][\w-]+)(?: \w+)? for \d+ (?:day|week|month|year)s?",
        r"\bretention\b.*\b\d+ (?:day|week|month|year)s? for (?:the )?(?P<s>[a-z][\w-]+)",
        r"\b(?P<s>[a-z][\w-]+) (?:retention|is kept for|are kept for)\b.{0,40}\d+ (?:day|week|month|year)",
    ),
    *_slot("schedule", rf"\b{_JOBS}\b(?=.*(?:{_CLOCK}))"),
    *_slot(
        "interval",
        r"\b(?P<s>sampl\w+|poll\w*|scrap\w+|heartbeat|checkpoints?|refresh\w*|retr(?:y|ies)|sync\w*|publish\w*"
        r"|report\w*|back-?ups?|measur\w+) (?:\w+ ){0,3}?every (?:\d+|one|two|three|five|ten) ?(?:s|ms|sec\w*|min\w*"
        r"|hours?|days?|weeks?)\b",
        r"\b(?P<s>[a-z][\w-]+) interval\b.{0,40}\d",
    ),
    *_slot(
        "limit",
        r"\b(?:an?|each|every|per) (?P<s>[a-z][\w-]+) (?:takes?|holds?|fits?|allows?|gets?|may have|has|carries"
        r"|seats)\b.{0,30}\d.{0,20}\b(?:max|at most|tops)\b",
        r"\d+ \w+ per (?P<s>[a-z][\w-]+)\b.{0,20}\b(?:max|at most|not more|tops|limit)\b",
        r"\b(?:max|at most|no more than|not more than|limit(?: is| of)?) \d+ \w+ per (?P<s>[a-z][\w-]+)\b",
        r"\b(?P<s>[a-z][\w-]+) (?:limit|cap) (?:is|moved|:)",
    ),
    *_slot(
        "host",
        rf"\b{_THING} (?:lives?|runs?|is hosted|are hosted|is deployed|sits?|is running) (?:now )?(?:on|at"
        r"|in) (?:the )?[a-z]",
        r"\b(?P<s>[a-z][\w-]+) (?:isn'?t|is not|is|are) (?:now )?(?:at|on|in) (?:the |https?:)?(?!port\b)[a-z]",
        r"\b(?:the )?(?P<s>[a-z][\w-]+)(?: layer)? (?:moves?|moved) (?:from \S+ )?to (?:the )?(?!port\b)[a-z]",
        fits=_service,
    ),
    *_slot(
        "owner",
        r"\bowns (?:the )?(?:[\w-]+ of (?:the )?)?(?P<s>[a-z][\w-]+(?: (?:table|schema|service|repo|pipeline|account"
        r"|api))?)",
        r"\b(?P<s>[a-z][\w-]+) (?:is|are) (?:owned|maintained) by\b|\b(?P<s2>[a-z][\w-]+) belongs? to\b",
    ),
    *_slot(
        "person", rf"\b(?P<s>(?:[a-z-]+ )?(?:{'|'.join(_ROLES)}))(?: (?:is|are|now)\b|:)", fits=lambda _subject: True
    ),
    *_slot(
        "channel",
        r"\b(?P<s>alerts?|notifications?|reports?|incidents?|pages?|announcements?) (?:go|goes|are sent|land"
        r"|now go) (?:to|in)\b",
    ),
    *_slot(
        "path",
        rf"\b{_THING} (?:is|are|lives?|lands?|stored|goes?|go|sits?|file at)(?: \w+)? (?:in|at|under|to"
        r"|into) (?:`?(?:~?/|s3://|gs://|\./|\w+/\w))",
    ),
    *_slot(
        "naming",
        r"\b(?:naming|name)(?: of| the| all| our)* (?P<s>runs?|branch(?:es)?|files?|tables?|columns?|tags?|releases?"
        r"|experiments?|buckets?|topics?|migrations?|components?)\b",
        fits=lambda _subject: True,
    ),
)

_SLOT_NOUNS = (
    "backbone toolchain broker warehouse framework orm bundler linter formatter registry license licence locale "
    "timezone "
    "mcu board optimizer optimiser compiler runtime embargo venue journal"
)
_SLOT_IS = regex(
    rf"(?:^|[.,;:(]\s*|\b(?:the|our|new|a|mqtt|message) )(?P<s>{'|'.join(_SLOT_NOUNS.split())})(?: (?:is|are|now)\b"
    r"|s?:)"
)
_CHOSEN = (
    r"(?:us(?:e|es|ing)|go(?:ing)? with|went with|stick(?:ing)? (?:to|with)|switch(?:ed|ing)? to|moved? to"
    r"|port(?:ed)? to|picked|chose|choose|prefer|decided on|(?:she|he|they|we|client|team) wants?|remember"
    r"|it'?s|we'?re on|we (?:are )?on|take|took)"
)


_NUMBERED = frozenset({"port", "version", "retention", "schedule"})
"""Attributes whose value is a figure: a text without one need not be searched for them."""

_FIGURES = _NUMBERED | {"interval", "limit", "deadline"}


_BESIDES = regex(
    r"\b(?:also|as well|additional(?:ly)?|another|second(?:ary)?|besides|in addition|alongside|only (?:for|in|on|when)"
    r"|just (?:for|in)|except (?:for|on|in)|temporar\w+)\b"
)
"""Signs that a value is one of several or an exception, which must not archive the rule."""

_SCOPE = regex(
    r"\b(?:in|on|for|during|under) (?:the |our )?(?P<a>tests?|testing|ci|dev|development|staging|production|prod"
    r"|windows|macos|linux|weekends?|holidays?)\b|^on (?P<b>\w+day)s\b"
)
_LABEL = regex(r"\b(?P<noun>[a-z]+) \d+\b")


@functools.lru_cache(maxsize=512)  # asked for the type of a statement, then for its key
def derive(text: str) -> str | None:
    """The key of a statement, or None where the slot is not clear."""
    text = text.lower()
    chosen = chosen_tool(text)
    if chosen is not None:
        return TOOL_CLASS[chosen]
    slot = _SLOT_IS.search(text)
    if slot:
        return _part(slot.group("s"))
    figure = any(character.isdigit() for character in text)
    slots = _SLOTS if figure else [one for one in _SLOTS if one.attribute not in _NUMBERED]
    found = {key for key in (_filled(one, text) for one in slots) if key}
    # Two slots in one statement ("port 80, due friday"): a later value of one must not archive the other.
    return _scoped(next(iter(found)), text) if len(found) == 1 else None


def _scoped(key: str, text: str) -> str | None:
    """The key of a figure for the circumstances that the statement names; none for one of several, or of one part."""
    subject, _, attribute = key.rpartition("/")
    if attribute not in _FIGURES:
        return key
    if _BESIDES.search(text) or any(singular(m.group("noun")) in NUMBERED_THINGS for m in _LABEL.finditer(text)):
        return None
    scope = _SCOPE.search(text)
    named = None if scope is None else _part(scope.group("a") or scope.group("b"))
    return key if named is None or named in subject.split("-") else f"{subject}-{named}/{attribute}"


def _filled(slot: _Slot, text: str) -> str | None:
    for match in slot.pattern.finditer(text):
        given = match.group("s") or match.groupdict().get("s2")
        subject = _subject(given or "")
        if subject and slot.fits(subject):
            return f"people/{subject}" if slot.attribute == "person" else f"{subject}/{slot.attribute}"
    return None


def _subject(phrase: str) -> str:
    """The head of a noun phrase: "our api" and "the api" are "api"; two words stay when the first is no filler."""
    named = [word for word in words(phrase) if word not in STOP]
    kept = [word for word in named if word not in ("new", "old", "current", "nightly")] or named
    if len(kept) == 2 and kept[0] in TOOL_CLASS:
        kept = kept[:1]
    return _part("-".join(kept[-2:]))


def _part(phrase: str) -> str:
    """A subject as it stands in a key: one name for synonyms, singular, only a-z, 0-9 and hyphens."""
    named = (NAMES_OF.get(word, NAMES_OF.get(singular(word), singular(word))) for word in phrase.lower().split("-"))
    return re.sub(r"[^a-z0-9]+", "-", "-".join(named)).strip("-")[:_LONGEST_PART].strip("-")


def chosen_tool(text: str) -> str | None:
    """The tool that a statement chooses for its class, if it chooses exactly one that has a class."""
    text = text.lower()
    dropped = set(dropped_values(text))
    classed = [word for word in dict.fromkeys(words(text)) if TOOL_CLASS.get(word)]
    picked = [word for word in classed if word not in dropped and _is_chosen(word, text, classed, dropped)]
    return picked[0] if len(picked) == 1 else None


def _is_chosen(word: str, text: str, classed: list[str], dropped: set[str]) -> bool:
    after = r"(?! (?:config|version|plugin|error|docs)\b)"
    chosen = rf"(?:\b(?:{_CHOSEN}|is|are)|:) (?:the |plain |only )?{re.escape(word)}\b{after}"
    if re.search(chosen, text):
        return True
    # "X, Y is out": a rival that is dropped makes the other one the choice.
    return any(other in dropped and TOOL_CLASS[other] == TOOL_CLASS[word] for other in classed)


_VALUE = r"`?(?P<v>[\w][\w./:@+-]*)`?"
_DROPPED = tuple(
    regex(pattern)
    for pattern in (
        rf"(?:,|;|\.|\(|^|\bis|\bare|\bisn'?t|—|–)\s*(?:and )?(?:not|never|no more|no)\s+(?:the )?{_VALUE}",
        r"\b(?:instead of|rather than|no longer|drop(?:ping|ped)?|scrap(?:ped|ping)?|throw(?:ing)? out|replac(?:e"
        r"|es|ed|ing)|left|leaving|off|away from|ditch(?:ed|ing)?|retir(?:ed|ing)|was|isn'?t (?:on|at|in)) (?:the "
        rf"|our |on |at )?{_VALUE}",
        rf"\b{_VALUE}(?: [a-z]{{1,3}})? (?:is|was|are|got|gets) (?:out|gone|dead|off the table|history|dropped"
        r"|cancelled|canceled"
        r"|removed|replaced|decommissioned|shut down|retired|switched off|deprecated|too \w+)\b",
        rf"\b{_VALUE} (?:stays only|(?:is|are) only for|clash(?:ed|es)|collid(?:ed|es)|conflict(?:ed|s)|plateaued"
        r"|was worse|was a disaster|wrecks"
        r"|breaks)\b",
        r"\b(?:moved|changed|switched|bumped|raised|lowered|went|migrated|upgraded|port(?:ed"
        rf"|ing)?)\b[^.;]{{0,40}}\bfrom {_VALUE} to\b",
    )
)
_NO_VALUE = STOP | frozenset(
    "sure today tomorrow faster slower working done good bad true false long big small later early too".split()
)


@lately
def dropped_values(text: str) -> tuple[str, ...]:
    """Old values that the statement itself declares outdated, lower-cased: "4480, not 4400" gives "4400"."""
    found: dict[str, None] = {}
    lower = text.lower()
    for pattern in _DROPPED:
        for match in pattern.finditer(lower):
            value = match.group("v").strip(".:,")
            concrete = (
                any(character.isdigit() for character in value) or value in TOOL_CLASS or re.search(r"[_/@.]", value)
            )
            if concrete and value not in _NO_VALUE and not re.fullmatch(r"\d{1,2}(?:st|nd|rd|th)", value):
                found[value] = None
    return tuple(found)[:2]


_ASKED = {
    "port": "Which port does the {s} use?",
    "version": "Which version of {s} is used?",
    "deadline": "When is the {s} due?",
    "retention": "How long is {s} kept?",
    "schedule": "When does the {s} run?",
    "interval": "How often does the {s} happen?",
    "limit": "What is the limit for {s}?",
    "host": "Where does {s} run?",
    "owner": "Who owns {s}?",
    "channel": "Where do {s} messages go?",
    "path": "Where is the {s} stored?",
    "naming": "How are {s} names formed?",
}


def questions(key: str | None) -> tuple[str, ...]:
    """Plausible questions that the statement answers, from its key alone."""
    if key is None:
        return ()
    head, _, last = key.rpartition("/")
    subject = head.replace("/", " ").replace("-", " ")
    if last in _ASKED and subject:
        return (_ASKED[last].format(s=subject),)
    if head == "people":
        return (f"Who is the {last.replace('-', ' ')}?",)
    if key in TOOLS:
        kind = (head or last).replace("-", " ")
        return (f"Which {kind} do we use{f' for {last}' if head else ''}?",)
    return (f"Which {key.replace('-', ' ')} do we use?",) if key in SLOTS else ()


@functools.lru_cache(maxsize=1024)  # each statement is compared with each withdrawal
def topic_words(text: str) -> frozenset[str]:
    """The nouns of a text, for recognising what a later sentence withdraws or finishes."""
    return frozenset(singular(word) for word in content_words(text))
