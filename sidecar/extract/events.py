"""What happened at a named time: releases, deployments, moves of a system, incidents, submissions.

A sentence tells an event if something was accomplished or broke, it says to what, and it says when.  The daily round of
development (commits, pushes, merges, tests, builds, restarts on one's own machine) is none, and neither is a plan.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sidecar.expressions import regex
from sidecar.extract.dates import Dated, absolutise
from sidecar.extract.words import content_words, tools


def _any(*alternatives: str) -> re.Pattern[str]:
    """All patterns here are matched against lower-cased text."""
    return regex("|".join(f"(?:{one})" for one in alternatives))


_RELEASED = _any(
    r"\b(?:released|shipped|launched|published|announced|submitted|resubmitted|handed in|delivered|tagged|hotfixed"
    r"|rolled (?:out|back)|cut over|switched over|failed over|went live|gone live|went out|go-live)\b",
    r"\b(?:is|are|it's) (?:now )?(?:live|out)\b",
)
_DEPLOYED = _any(
    r"\b(?:deployed|redeployed|re-deployed|promoted|migrated|upgraded|moved|restored|reverted|replaced|renamed"
    r"|switched (?:off|to|from)|turned off|shut down|decommissioned|rotated|reinstalled|rebuilt|patched)\b"
)
_BROKE = _any(
    r"\b(?:was|were|went|been|stayed|is) (?:\w+ )?(?:down|offline|unreachable|unavailable|read-only)\b",
    r"\b(?:outage|incident|downtime|power (?:cut|failure)|data loss|breach)\b",
    r"\b(?:expired|crashed|broke|failed|fell over|died|ran out of|locked (?:us|me|everyone|users) out|leaked|wiped"
    r"|lost|overheated|flooded|corrupted|got (?:hacked|banned|paged|stolen|evicted)|rate[- ]limited|double[- ]booked"
    r"|filled up|deleted|dropped)\b",
)
_VERSION = regex(r"\bv?\d+(?:\.\d+)+\b|\bv\d+\b|\b(?:version|release|rc|beta|alpha)[ -]?\d+\b")
_PLACE = regex(
    r"\b(?:prod|production|staging|(?:app |play |web )?store|testflight|pypi|npm|crates\.io|docker hub|marketplace"
    r"|customers?|clients?|users|tenants?|the public|everyone)\b"
)
_SYSTEM = regex(
    r"\b(?:database|databases|db|cluster|servers?|hosts?|nodes?|vm|service|services|api|site|website|web ?shop|app"
    r"|backend|frontend|gateway|proxy|load balancer|dns|domains?|cert|certs|certificates?|login|checkout|payments?"
    r"|webhooks?|queue|broker|registry|warehouse|bucket|backups?|disk|raid|storage|network|vpn|mail|email|tracker"
    r"|monitoring|dashboards?|wiki|blog|portal|data ?cent(?:er|re)|cloud|sensors?|station|fleet|firmware|devices?"
    r"|robot|rig|bench|freezer|pipeline|infrastructure|tokens?|keys?)\b"
)
_PLAIN = frozenset(
    "fix fixes change changes patch code branch commit commits pr prs test tests build builds script file files "
    "function refactor refactoring thing things stuff everything something lock locks mutex connection memory "
    "resource resources button mouse key handle pin form transaction draft edit edits line lines variable helper "
    "class method module import imports work update updates version local locally container containers server "
    "twice again utc cet cest gmt today yesterday tonight morning afternoon evening night noon ago now just last "
    "monday tuesday wednesday thursday friday saturday sunday hour hours minute minutes dinner lunch".split()
)
"""Objects that say nothing of the project ("submitted the form", "released the lock"), and words of time."""

_ON_ONES_OWN = regex(
    r"\b(?:local(?:ly|host)?|127\.0\.0\.1|my (?:machine|laptop|box|pc)|dev (?:server|environment|env)|minikube"
    r"|sandbox|dry[- ]run|emulator|simulator|preview (?:build|url))\b"
)
_EVERYDAY = regex(
    r"\b(?:tests?|suite|specs?|builds?|compil\w+|lint\w*|type ?checks?|imports?|scripts?|functions?|commits?"
    r"|push(?:ed)?|merges?|merged|prs?|branch|rebase|editor|ide|terminal|agent|session|context|tab|hot reload"
    r"|pytest|jest|vitest|command|ci|workflow|job|example|snippet)\b"
)
_AHEAD = regex(
    r"\b(?:will|'ll|won't|gonna|going to|to be|should|must|needs?|has to|have to|had to|wants?|plan(?:s|ned|ning)?"
    r"|scheduled|would|could|might|can|can't|let's|please|not|never|\w+n't|nobody|nothing|without|almost|nearly|if|unless|once"
    r"|until|what|which|who|whether|when|where|how|why|after|before|since|ever|every|each|usually|always|normally"
    r"|often|sometimes|typically|may (?:be|have|get)|as if|i think|i guess|probably|maybe|perhaps|apparently|afaik"
    r"|iirc|i believe|not sure|presumably|supposedly|imagine|suppose|remind)\b|'ll\b|n't\b"
)
_HABIT = regex(r"\b(?:every|each|usually|always|normally|(?:mon|tues|wednes|thurs|fri|satur|sun)days)\b")
_NO_VERB = regex(r"\b(?:the|an?|our|any|all|newly|last|latest|is|are|gets?|be|being|was never|to)\s+(?:\w+ly\s+)?$")
"""What stands before a participle that is an adjective or a habit: "the released version", "is deployed at 14:00"."""

_DENIED = regex(r"\b(?:was|were|is|has|have|had|did)(?:n't| not| never) \w+", re.IGNORECASE)

_UP_TO = regex(r"\b(?:until|till|by|before)\s+(?:the\s+)?(?:[a-z]+day\b|\d)", re.IGNORECASE)

_NOW = (
    r"(?:just now|(?<!not )just (?:released|shipped|launched|deployed|published|submitted|went live|rolled (?:out|back)"
    r"|cut over|migrated)|now live|live now|is live|is out now|earlier today)"
)
_AGO = r"(?P<count>\d{1,3}|an?|half an|a few|two|three|four|five|six) (?P<unit>minute|min|hour)s? ago"
_CLOCK = r"(?P<hour>2[0-3]|[01]?\d)(?::(?P<minute>[0-5]\d)(?!:?\d)(?: ?(?P<half>[ap])m\b)?| ?(?P<half_alone>[ap])m\b)"
_RANGE = rf"(?:{_CLOCK})(?: ?(?:to|until|till|and|-|–) ?\d{{1,2}}(?::\d\d| ?[ap]m))?(?: ?(?:utc|cet|cest|gmt|z)\b)?"
_MOMENT = regex(rf"\b(?:{_AGO})\b|\b(?:at|around|about|from|between|since|till|until)\s{_RANGE}", re.IGNORECASE)
_JUST = regex(rf"\b{_NOW}\b(?:[^.,;:!?]|[.,:](?=\S))*", re.IGNORECASE)

_WHEN = regex(
    r"\b(?:today|yesterday|tonight|(?:last|this|past) (?:night|morning|afternoon|evening|(?:mon|tues|wednes|thurs|fri"
    r"|satur|sun)day)|(?:on |since )?(?:mon|tues|wednes|thurs|fri|satur|sun)day|ago|20\d\d-\d\d-\d\d"
    r"|on the \d{1,2}(?:st|nd|rd|th))\b"
    # A day of a month is when it happened after "on", a verb, or at the beginning: not in "imported up to june 19".
    r"|(?:^\W*|\bon |ed )(?:\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}\b)"
)


def tells_event(text: str, *, strict: bool = False) -> bool:
    """Whether a sentence tells of something accomplished or broken, of what and when.

    `strict` is for what an agent says of itself: a release must name a version or a place that others use.
    """
    lower = text.lower()
    if not (_WHEN.search(lower) or _MOMENT.search(lower) or _JUST.search(lower)):
        return False
    if _HABIT.search(lower) or _ON_ONES_OWN.search(lower):
        return False
    return _accomplished(lower, strict) or _incident(lower)


def _accomplished(lower: str, strict: bool) -> bool:
    place = _PLACE.search(lower) is not None
    version = _VERSION.search(lower) is not None
    if _clauses(lower, _DEPLOYED):
        known = place or (not strict and (_SYSTEM.search(lower) or (version and tools(lower))))
        if known or (strict and version and _SYSTEM.search(lower)):
            return True
    told = _clauses(lower, _RELEASED)
    if strict or place or version:
        return bool(told) and (place or version)
    return any(word not in _PLAIN for clause in told for word in content_words(clause))


def _incident(lower: str) -> bool:
    concerned = _PLACE.search(lower) or _SYSTEM.search(lower)
    return bool(concerned) and any(not _EVERYDAY.search(clause) for clause in _clauses(lower, _BROKE))


_CLAUSE_END = regex(r"[.;:!?,](?:\s|$)|\s[–—-]\s")


def _clauses(lower: str, verbs: re.Pattern[str]) -> list[str]:
    """The clause of each verb, without it, where that is neither planned, denied, asked for nor an adjective."""
    found = []
    for match in verbs.finditer(lower):
        before = _CLAUSE_END.split(lower[: match.start()])[-1]
        if not _AHEAD.search(before) and not _NO_VERB.search(before):
            found.append(before + _CLAUSE_END.split(lower[match.end() :])[0])
    return found


def is_over(text: str, at: datetime) -> bool:
    """Whether a sentence of something that happened names a day that has come; what did not happen is no event."""
    if _DENIED.search(text) or _UP_TO.search(text) or _HABIT.search(text.lower()):
        return False
    return absolutise(text, at).occurred is not None


def when(text: str, at: datetime) -> Dated:
    """An event's text with its dates made absolute, as seen from `at`: what is told has passed.

    A time of day or "just now" without a day is of the message's own day; a time far ahead of it was the day before.
    """
    for told in (False, True):
        dated = absolutise(text, at, told=told)
        if dated.occurred is not None:
            return dated
    match = _MOMENT.search(text) or _JUST.search(text)
    if match is None:
        return dated
    end = len(match.group().rstrip()) + match.start()
    return absolutise(f"{text[:end]} ({_day(match, at)}){text[end:]}", at, told=True)


_ZONES = timedelta(hours=14)
"""The farthest that a person's clock can be ahead of UTC; a time of day later than that was yesterday's."""

_COUNTS = {"a": 1, "an": 1, "half an": 1, "a few": 3, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}


def _day(match: re.Match[str], at: datetime) -> str:
    found = match.groupdict()
    if found.get("unit"):
        words = found["count"].lower()
        count = int(words) if words.isdigit() else _COUNTS[words]
        ago = timedelta(hours=count) if found["unit"].lower() == "hour" else timedelta(minutes=count)
        return (at - ago).date().isoformat()
    if found.get("hour"):
        half, hour = (found["half"] or found["half_alone"] or "").lower(), int(found["hour"])
        hour = hour % 12 + 12 * (half == "p") if half else hour
        told = at.replace(hour=hour, minute=int(found["minute"] or 0))
        return (told - timedelta(days=1) if told - at > _ZONES else told).date().isoformat()
    return at.date().isoformat()
