"""The data sets: their files, and what a client of the API makes of them.

A folder of a set has `turns.jsonl` and `queries.jsonl`.  Each group (a conversation, a person, a chat) becomes a
profile, each turn a message with the time at which its session was held.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

Unit = Literal["turn", "session"]

ROLES = ("user", "assistant", "system")

_DATES = ("%Y-%m-%d", "%Y-%m-%d (%A)", "%B-%d-%Y", "%I:%M %p on %d %B, %Y")
"""How the sets write a session's date."""

_FACTS = (
    "information_extraction",
    "knowledge_update",
    "multi_session_reasoning",
    "temporal_reasoning",
    "contradiction_resolution",
)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a set: what is ranked, the unit of its headline first, and which questions its headline takes.

    `headline`: the categories, all but `apart` if empty; `apart`: those that ask what was never said.
    """

    units: tuple[Unit, ...]
    headline: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()

    def counts(self, category: str) -> bool:
        """Whether questions of a category belong to the headline."""
        return category in self.headline if self.headline else category not in self.apart


SETS: Mapping[str, Known] = {
    "locomo": Known(("turn", "session"), apart=("adversarial",)),
    "beam_100K": Known(("turn", "session"), headline=_FACTS),
    "realmem": Known(("session",)),
    "devmembench": Known(("session",)),
}
UNKNOWN = Known(("turn", "session"))
"""What is taken for a set that is not in the list."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A message of a set.  `stage`: its session's place in time within the group."""

    id: str
    session: str
    stage: int
    time: datetime
    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a set.  `before`: it is asked before the session of that stage, or after all; gold may be empty."""

    id: str
    text: str
    category: str
    asked: datetime | None
    before: int | None
    gold: Mapping[Unit, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Group:
    """A conversation with what is asked of it; turns in order of time."""

    name: str
    turns: tuple[Turn, ...]
    questions: tuple[Question, ...]

    @property
    def profile(self) -> str:
        """The group's name as a profile's."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")[:32].strip("-")

    def sessions(self) -> Iterator[tuple[int, list[Turn]]]:
        """The sessions in order of time, each with its stage and its turns."""
        held: dict[str, list[Turn]] = {}
        for turn in self.turns:
            held.setdefault(turn.session, []).append(turn)
        for turns in sorted(held.values(), key=lambda turns: turns[0].stage):
            yield turns[0].stage, turns


@dataclass(frozen=True, slots=True)
class DataSet:
    """A set in memory."""

    name: str
    known: Known
    groups: tuple[Group, ...]


def names(folder: Path) -> list[str]:
    """The sets that a folder has."""
    return sorted(path.parent.name for path in folder.glob("*/turns.jsonl") if path.with_name("queries.jsonl").exists())


def load(folder: Path, name: str) -> DataSet:
    """A set of a folder.  Raises OSError for a missing file, ValueError for one of another form."""
    turns: dict[str, list[Turn]] = {}
    questions: dict[str, list[Question]] = {}
    for row in _rows(folder / name / "turns.jsonl"):
        turns.setdefault(row["group"], []).append(_turn(row))
    for row in _rows(folder / name / "queries.jsonl"):
        questions.setdefault(row["group"], []).append(_question(row))
    groups = tuple(Group(group, tuple(held), tuple(questions.get(group, ()))) for group, held in turns.items())
    return DataSet(name, SETS.get(name, UNKNOWN), groups)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _turn(row: Mapping[str, Any]) -> Turn:
    """A turn as a client sends it: the API has no names of speakers, so a person's name opens what they say."""
    role, content = str(row["role"]).lower(), str(row["text"])
    if role not in ROLES:
        role, content = "user", f"{row['role']}: {content}"
    return Turn(str(row["turn_id"]), str(row["session_id"]), int(row["seq"]), moment(row["date"]), role, content)


def _question(row: Mapping[str, Any]) -> Question:
    gold: dict[Unit, frozenset[str]] = {
        "turn": frozenset(row["gold_turns"]),
        "session": frozenset(row["gold_sessions"]),
    }
    asked = moment(row["date"]) if row["date"] else None
    return Question(row["query_id"], row["question"], row["category"], asked, row.get("before_seq"), gold)


def moment(text: str) -> datetime:
    """The moment that a set writes as a date.  Raises ValueError for another form."""
    for form in _DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(f"no date of a known form: {text!r}")


def parts(text: str, most: int) -> Sequence[str]:
    """A text in pieces of at most so many bytes of UTF-8, cut at the last line's or word's end that fits."""
    pieces = []
    rest = text
    while len(rest.encode()) > most:
        head = rest.encode()[:most].decode(errors="ignore")
        cut = max(head.rfind("\n"), head.rfind(" ")) + 1 or len(head)
        pieces.append(rest[:cut])
        rest = rest[cut:]
    return [piece for piece in (*pieces, rest) if piece.strip()]
