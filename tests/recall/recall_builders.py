"""A small project's memory for the recall tests, and a source that holds it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sidecar.index import MessageDoc, MessageGone
from sidecar.model import Memory, MemoryType, ProfileRef, Source, Stored
from sidecar.recall import RecallRequest

WEB = ProfileRef("local", "orchard")
PERSONAL = ProfileRef("local", "personal")
START = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)


def day(number: int) -> datetime:
    """Nine o'clock of a day after the first of September."""
    return START + timedelta(days=number)


def memory(identifier: str, content: str, *, profile: ProfileRef = WEB, **fields: object) -> Stored:
    """A stored fact of the user's."""
    base = Memory(
        id=identifier,
        type=MemoryType.FACT,
        content=content,
        summary=content,
        created=day(0),
        observed=day(0),
        source=Source("transcript", "claude-code", "s1", "user"),
    )
    held = base.replace(**fields)
    sha256 = hashlib.sha256(repr(held).encode()).hexdigest()
    return Stored(held, profile, f"facts/general/{identifier}.md", sha256)


def message(change: int, text: str, **fields: object) -> MessageDoc:
    """An archived message of the user's."""
    base = MessageDoc(
        change=change,
        id=f"m{change}",
        agent="claude-code",
        session="s1",
        profile=WEB,
        role="user",
        speaker="user",
        kind="text",
        time=day(change),
        text=text,
    )
    return replace(base, **fields)  # type: ignore[arg-type]


@dataclass
class Held:
    """A source in memory."""

    stored: list[Stored] = field(default_factory=list)
    changes: list[MessageDoc | MessageGone] = field(default_factory=list)

    def memories(self) -> Mapping[ProfileRef, Sequence[Stored]]:
        profiles = sorted({stored.profile for stored in self.stored})
        return {profile: [each for each in self.stored if each.profile == profile] for profile in profiles}

    def message_changes(self, after: int) -> Iterable[MessageDoc | MessageGone]:
        return [change for change in self.changes if change.change > after]


def ask(query: str, **fields: object) -> RecallRequest:
    """A question of somebody who works in the project."""
    return replace(RecallRequest(query, (WEB, PERSONAL), reference=day(90)), **fields)  # type: ignore[arg-type]


FACTS = {
    "pm": "The storefront workspace uses pnpm; npm breaks the lockfile that CI checks.",
    "db": "Orders live in PostgreSQL 16 on the host plum, port 5433.",
    "cache": "Session tokens are cached in Valkey for 20 minutes.",
    "deploy": "Deployments go out on Tuesday mornings, never on Fridays.",
    "money": "Amounts are stored in integer cents in the column price_minor.",
    "queue": "Invoices are rendered by a worker that reads from the RabbitMQ queue invoices.v2.",
    "owner": "Maribel owns the payment integration and must approve changes to it.",
    "region": "Backups are copied every night to the Frankfurt region and kept for 35 days.",
    "auth": "Customers sign in with magic links, passwords were dropped in spring.",
    "tests": "End-to-end tests run with Playwright against the seeded demo shop.",
    "logs": "Structured logs go to Loki with the label shop=orchard.",
    "flags": "Feature flags are defined in flags/registry.toml.",
    "license": "The barcode scanner library is licensed per device, 40 seats.",
    "images": "Product photos are resized to WebP by the imgproxy container.",
    "tax": "VAT rates come from the taxation service, cached for a day.",
}
HABITS = {
    "commits": "Commit subjects are imperative and at most 60 characters.",
    "tone": "Answers should be short, without praise.",
}
TALK = [
    ("user", "let's wire the checkout to the new tax endpoint"),
    ("assistant", "I added the taxation client and a retry with backoff."),
    ("user", "the nightly backup took two hours, is that normal?"),
    ("assistant", "It copied the product photos twice; I excluded the resized ones."),
    ("user", "ok, fine, commit it"),
    ("assistant", "Committed. All tests pass."),
]


def shop() -> Held:
    """A project with facts, habits and talk."""
    stored = [memory(name, text, observed=day(number)) for number, (name, text) in enumerate(FACTS.items())]
    stored += [memory(name, text, profile=PERSONAL) for name, text in HABITS.items()]
    changes: list[MessageDoc | MessageGone] = []
    for number, (role, text) in enumerate(TALK, 1):
        changes.append(message(number, text, role=role, speaker=role))
    return Held(stored, changes)
