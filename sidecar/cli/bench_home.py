"""The throw-away home of `sidecar bench`: an invented project of any size, the same each time.

Memories are files written into the store by hand, so that the daemon takes them in as it takes in any file; messages
are what it would have read in sessions.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sidecar.cli.demo_home import DemoHome
from sidecar.files import ensure_folder

PROFILE = "bench"

_SEED = 20260901
_BEGAN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_SESSION = 40
"""Messages to a session."""

_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"
_TEAMS = ("billing", "search", "shipping", "catalogue", "identity", "reporting", "warehouse", "support")
_THINGS = (
    ("port", "The {name} service of the {team} team listens on port {number}."),
    ("host", "The {name} service of the {team} team runs on the host {other}{number}."),
    ("timeout", "Requests to the {name} service of the {team} team time out after {number} ms."),
    ("owner", "The {name} service of the {team} team is owned by {other} and has {number} users."),
    ("queue", "The {name} service of the {team} team reads from the queue {other}.v{number}."),
)
_ASKED = "What is the {thing} of the {name} service?"


def environ(root: Path, outer: dict[str, str]) -> dict[str, str]:
    """The environment for the daemon: this home, nothing that extracts, nothing of the real user's."""
    return {**DemoHome(root, "").environ(outer), "SIDECAR_EXTRACT_EXTRACTOR": "none"}


def write_memories(root: Path, count: int) -> None:
    """So many memory files in the store, each with a question that it answers."""
    folder = DemoHome(root, "").sidecar / "store" / "local" / PROFILE / "facts" / "services"
    ensure_folder(folder)
    for number, (question, text) in enumerate(itertools.islice(_statements(_chance(0)), count)):
        observed = f"{_BEGAN + timedelta(hours=number):%Y-%m-%dT%H:%M:%SZ}"
        head = f"type: fact\nsummary: {text}\nobserved: {observed}\nqueries: [{question}]"
        (folder / f"fact-{number:06}.md").write_text(f"---\n{head}\n---\n{text}\n", "utf-8")


def sessions(count: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """So many messages, session by session, as an ingest takes them; they speak of other services than the memories."""
    told = _statements(_chance(1))
    for first in range(0, count, _SESSION):
        began = _BEGAN + timedelta(minutes=first)
        messages = [
            {
                "role": ("user", "assistant")[number % 2],
                "content": next(told)[1],
                "timestamp": f"{began + timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}",
            }
            for number in range(min(_SESSION, count - first))
        ]
        yield f"bench-{first}", messages


def _chance(series: int) -> random.Random:
    return random.Random(_SEED + series)  # noqa: S311 - the same each time is what is wanted


def _statements(chance: random.Random) -> Iterator[tuple[str, str]]:
    """Questions and the statements that answer them, without end."""
    while True:
        thing, form = chance.choice(_THINGS)
        name, other = _word(chance, 3), _word(chance, 2)
        text = form.format(name=name, other=other, team=chance.choice(_TEAMS), number=chance.randrange(1, 9999))
        yield _ASKED.format(thing=thing, name=name), text


def _word(chance: random.Random, syllables: int) -> str:
    """A word that is none: what exists would be near to others in meaning."""
    return "".join(chance.choice(_CONSONANTS) + chance.choice(_VOWELS) for _ in range(syllables))
