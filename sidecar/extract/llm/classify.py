"""What each claim is about: type, topic key, summary, keywords, questions, scope and day.

The model proposes; whatever it proposes that the statement and its lines do not carry, code puts right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sidecar.expressions import regex
from sidecar.extract import KnownKey, keys
from sidecar.extract.drafts import summarised
from sidecar.extract.events import when
from sidecar.extract.llm import prompts
from sidecar.extract.llm.answers import MOST_KEYWORDS, MOST_QUERIES, Classification, Classified
from sidecar.extract.llm.evidence import Claim
from sidecar.extract.llm.ground import Ground
from sidecar.extract.llm.lines import Line
from sidecar.extract.llm.moments import Day, agrees, meant_days
from sidecar.extract.llm.topics import bounded, offered
from sidecar.extract.llm.values import values
from sidecar.extract.model import Model
from sidecar.extract.words import keywords
from sidecar.model import MemoryType
from sidecar.records import dataclass

AT_ONCE = 8
"""Claims of one question: a small model loses count of more."""

_MOST_TOKENS = 2048
_LONGEST_SUMMARY = 120
_LONGEST_QUERY = 160
_LONGEST_KEYWORD = 60
_DAY = regex(r"(\d{4})-(\d\d)(?:-(\d\d))?")


@dataclass(frozen=True, slots=True)
class Cited:
    """A claim with the lines that it cites, in order."""

    claim: Claim
    lines: tuple[Line, ...]

    @property
    def said(self) -> datetime | None:
        """When the last of its new lines was said, as far as that is known."""
        return max((line.said for line in self.lines if line.said and not line.context), default=None)


@dataclass(frozen=True, slots=True)
class Topic:
    """What a claim is about; `wanted` is the key that the model gave, `personal` what it said of the scope."""

    type: MemoryType
    wanted: str
    summary: str
    keywords: tuple[str, ...]
    queries: tuple[str, ...]
    personal: bool
    occurred: str | None


def classified(model: Model, cited: Sequence[Cited], known: Sequence[KnownKey]) -> list[Topic]:
    """What each claim is about, in their order.  Raises one of the ModelFailed family.

    A claim of which the answer says nothing is described by code alone.
    """
    found: list[Topic] = []
    for start in range(0, len(cited), AT_ONCE):
        part = cited[start : start + AT_ONCE]
        answers = _asked(model, part, known)
        found += [_topic(one, answers.get(number)) for number, one in enumerate(part, 1)]
    return found


def _asked(model: Model, cited: Sequence[Cited], known: Sequence[KnownKey]) -> dict[int, Classified]:
    listed: list[str] = ["Statements:"]
    for number, one in enumerate(cited, 1):
        listed.append(f"{number}. {one.claim.content}")
        listed += [f"   from: {line.shown}" for line in one.lines]
    existing = [f"- {one.key}: {one.summary}" for one in offered((one.claim.content for one in cited), known)]
    parts = ["\n".join(listed)]
    if existing:
        parts.append("\n".join(["Existing keys:", *existing]))
    question = "\n\n".join([*parts, prompts.text(prompts.CLASSIFY)])
    answer = model.ask(question, Classification, system=prompts.text(prompts.SYSTEM), most_tokens=_MOST_TOKENS)
    found: dict[int, Classified] = {}
    for item in answer.items:
        found.setdefault(item.number, item)
    return found


def _topic(cited: Cited, answer: Classified | None) -> Topic:
    content = cited.claim.content
    own = Ground([(content, cited.said)])
    kind = MemoryType(answer.type) if answer else cited.claim.type
    wanted = bounded(answer.key) if answer else ""
    told = _distinct((answer.queries if answer else ()), _LONGEST_QUERY)
    queries = [one for one in told if not own.missing(values(one))][:MOST_QUERIES]
    words = [one for one in _distinct((answer.keywords if answer else ()), _LONGEST_KEYWORD) if _is_of(one, cited)]
    return Topic(
        type=kind,
        wanted=wanted,
        summary=_summary(answer.summary if answer else "", content, own),
        keywords=tuple(_distinct([*words, *keywords(content)], _LONGEST_KEYWORD)[:MOST_KEYWORDS]),
        queries=tuple(queries) or keys.questions(keys.derive(content)),
        personal=answer is not None and answer.scope == "personal",
        occurred=occurred(answer.occurred if answer else "", cited) if kind is MemoryType.EVENT else None,
    )


def _summary(told: str, content: str, own: Ground) -> str:
    """The model's summary if it fits on its line and has no value that the statement has not; else the beginning."""
    told = " ".join(told.split())
    good = 0 < len(told) <= _LONGEST_SUMMARY and len(told.split()) > 1 and not own.missing(values(told))
    return told if good else summarised(content)


def _is_of(keyword: str, cited: Cited) -> bool:
    """Whether the statement or its lines have a keyword's every part."""
    ground = Ground([(cited.claim.content, None), *((line.text, None) for line in cited.lines)])
    return all(not ground.missing(values(part)) for part in (keyword, keyword.capitalize()))


def _distinct(texts: Iterable[str], longest: int) -> list[str]:
    found: dict[str, str] = {}
    for text in texts:
        line = " ".join(text.split())
        if 0 < len(line) <= longest:
            found.setdefault(line.casefold().rstrip("?.! "), line)
    return list(found.values())


def occurred(told: str, cited: Cited) -> str | None:
    """The day of an event: the model's, if the statement or its lines can mean it; else the one that code reads there.

    Without either it is the day on which it was said, None where that is not known.
    """
    match = _DAY.fullmatch(told.strip())
    if match:
        year, month, day = match.groups()
        stated = Day(int(year), int(month), int(day) if day else None)
        sources = [(line.text, line.said) for line in cited.lines] + [(cited.claim.content, cited.said)]
        meant = frozenset(one for text, at in sources for one in meant_days(text, at))
        if agrees(stated, meant, frozenset()):
            return told.strip()
    for text, at in [(cited.claim.content, cited.said), *((line.text, line.said) for line in cited.lines)]:
        read = when(text, at).occurred if at else None
        if read:
            return read
    return cited.said.date().isoformat() if cited.said else None
