"""What recall answers in a small invented home, against what is committed: what makes it quicker must change nothing.

Ids in their order, scores and evidence to three digits, and answers by their hash.  Who changes the order on purpose
writes the file anew, and the difference shows how much of it has changed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import bulk, synthetic
from benchmarks.bulk import PROFILE, Size
from sidecar.model import ProfileRef
from sidecar.recall import Recall, RecallAnswer, RecallRequest

COMMITTED = Path(__file__).with_name("answers.json")

_SIZE = Size(60, 540)
_QUESTIONS = 24
_REFERENCE = datetime(2025, 3, 1, 12, tzinfo=UTC)
_OTHERS = (
    "fix the build and run it again",
    "continue with what we discussed last time about the bills",
    "when did we say it was in january?",
    "what is a mutex?",
    "thanks, that works",
    "wie lange ist das her?",
    "昨日の会議で何を決めましたか",
)
"""What is no question of the home's own: orders, chatter, the world, other languages."""

_NUMBER, _ROUNDING = re.compile(r"[0-9]\.[0-9]+,?"), 0.0025

Answers = Mapping[str, Sequence[str]]


def answers(folder: Path) -> Answers:
    """Every question with what it is answered, from a home made below a folder."""
    home = folder / "home"
    bulk.fill(home, _SIZE, lambda _: None)
    bulk.index(home)
    asked = [one.text for one in synthetic.questions(_QUESTIONS, _SIZE.memories, _SIZE.messages)]
    with bulk.opened(home) as parts:
        recall = Recall(parts.index)
        requests = [request for number, text in enumerate([*asked, *_OTHERS]) for request in _requests(number, text)]
        return {name: _told(recall(request)) for name, request in requests}


def committed() -> Answers:
    """What is committed."""
    found: Answers = json.loads(COMMITTED.read_bytes())
    return found


def keep(found: Answers) -> None:
    """Make some answers the ones that are committed."""
    COMMITTED.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def differing(found: Answers, expected: Answers) -> list[str]:
    """What is not answered as it was."""
    return [name for name in sorted({*found, *expected}) if not _alike(found.get(name, ()), expected.get(name, ()))]


def _alike(found: Sequence[str], expected: Sequence[str]) -> bool:
    """The same ids and words, and numbers that differ by rounding at most, as another processor may round."""
    words, others = (" ".join(one).split() for one in (found, expected))
    return len(words) == len(others) and all(
        one == other or _near(one, other) for one, other in zip(words, others, strict=True)
    )


def _near(one: str, other: str) -> bool:
    numbers = [float(text.rstrip(",")) for text in (one, other) if _NUMBER.fullmatch(text)]
    return len(numbers) == 2 and abs(numbers[0] - numbers[1]) < _ROUNDING


def _requests(number: int, text: str) -> list[tuple[str, RecallRequest]]:
    """A question as it is mostly put, and in one other way."""
    plain = RecallRequest(text, (PROFILE,), reference=_REFERENCE, explain=True)
    others = (
        ("two profiles", replace(plain, profiles=(ProfileRef("local", "nobody"), PROFILE), limit=40)),
        ("messages", replace(plain, kinds=("message",), response_length="short")),
        ("memories", replace(plain, kinds=("memory",), response_length="long", types=("fact", "event"))),
        ("of a day", replace(plain, at=datetime(2025, 1, 1, tzinfo=UTC), limit=3)),
    )
    way, other = others[number % len(others)]
    return [(text, plain), (f"{text} ({way})", other)]


def _told(answer: RecallAnswer) -> list[str]:
    gate = (answer.explanation or {}).get("gate")
    evidence = gate.get("evidence") if isinstance(gate, Mapping) else None
    said = hashlib.blake2b(answer.answer.encode(), digest_size=8).hexdigest() if answer.answer else "nothing"
    return [f"evidence {evidence}, answer {said}", *(f"{hit.id} {hit.score:.3f}" for hit in answer.hits)]
