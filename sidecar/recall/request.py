"""What recall is asked and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import UTC, datetime
from typing import Literal

from sidecar.index import Filters, Kind
from sidecar.model import Hit, ProfileRef
from sidecar.records import dataclass

ResponseLength = Literal["short", "medium", "long"]


@dataclass(frozen=True, slots=True)
class RecallRequest:
    """One question.

    `profiles`: where to look, the project's first; `types`: memory types (none of them: all; with some, messages are
    left out, having none); `tags`: only memories that have all of them (and no messages); `kinds`: what may be given;
    `session`: only what comes from it; `since` and `before`: only what was said from the one moment on, up to the
    other; `reference`: the moment of asking; `at`: answer as on that day, with what was valid at its end in UTC.
    """

    query: str
    profiles: tuple[ProfileRef, ...]
    limit: int = 10
    types: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ("memory", "message")
    session: str | None = None
    reference: datetime = field(default_factory=lambda: datetime.now(UTC))
    response_length: ResponseLength = "medium"
    at: datetime | None = None
    explain: bool = False
    tags: tuple[str, ...] = ()
    since: datetime | None = None
    before: datetime | None = None
    answered: bool = True
    """Whether an answer is wanted besides the hits; who only shows hits saves a seventh of the time."""

    @property
    def places(self) -> tuple[ProfileRef, ...]:
        """The profiles, each once."""
        return tuple(dict.fromkeys(self.profiles))

    @property
    def asks_messages(self) -> bool:
        """Whether verbatim messages may be given: they have neither type nor tags."""
        return "message" in self.kinds and not self.types and not self.tags

    @property
    def filters(self) -> Filters:
        """What the searches are narrowed to."""
        return Filters(
            types=self.types,
            session=self.session,
            until=self.until,
            tags=self.tags,
            since=_seconds(self.since),
            before=_seconds(self.before),
        )

    @property
    def until(self) -> int | None:
        """The last second of the day `at`, in seconds since 1970."""
        if self.at is None:
            return None
        day = self.at.astimezone(UTC).replace(hour=23, minute=59, second=59, microsecond=0)
        return int(day.timestamp())


@dataclass(frozen=True, slots=True)
class RecallAnswer:
    """Hits, best first, and sentences of theirs that answer; both empty if nothing relevant is known.

    `explanation`, if asked for, is JSON-ready (see `explain`).  `notes`: what limits the answer.  `reckoned`: the sum
    that the answer begins with, if the question wants one.
    """

    hits: tuple[Hit, ...]
    answer: str
    explanation: Mapping[str, object] | None = None
    notes: tuple[str, ...] = ()
    reckoned: str = ""


def without_model(low: RecallAnswer, why: str = "no model") -> RecallAnswer:
    """The answer of `low`, with a note why it is no other."""
    return replace(low, notes=(*low.notes, f"degraded: {why}"))


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())
