"""A plan that meets a file which a person has changed meanwhile is made anew from what the person has saved."""

from __future__ import annotations

import asyncio
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from home_kit import WEB, World, home

from sidecar.model import Candidate, MemoryType, Source, Status


def candidate(content: str, day: int) -> Candidate:
    source = Source("transcript", "claude-code", "s1", "assistant", (f"m{day}",), "ines@test")
    observed = datetime(2026, 9, day, tzinfo=UTC)
    return Candidate(MemoryType.FACT, content, content, observed, source, key="api/port")


def test_what_is_learned_meets_an_edit_that_nobody_has_looked_at_yet(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        learning = world.parts.learning
        learning.take(candidate("The api listens on 4310.", 1), WEB)
        (stored,) = world.memories()
        path = world.profile.folder / stored.path
        mine = path.read_text().replace("listens on 4310.\n", "listens on 4999, says Ines.\n")
        path.write_text(mine)
        learning.take(candidate("The api listens on 4400.", 2), WEB)
        world.parts.follow.catch_up([WEB])
        world.profile.commit()
        world.parts.follow.catch_up([WEB])
        (active,) = world.memories(statuses=(Status.ACTIVE,))
        assert active.memory.content == "The api listens on 4999, says Ines."
        assert active.memory.edited is not None
        superseded = [one.memory.content for one in world.memories(statuses=(Status.SUPERSEDED,))]
        assert superseded == ["The api listens on 4400."]
        authors = [entry.author.name for entry in world.profile.log() if stored.path in _touched(world, entry.commit)]
        assert "Ines Example" in authors, "and it is committed under the person's name"

    with home(tmp_path) as world:
        asyncio.run(scenario(world))


def _touched(world: World, commit: str) -> str:
    command = ["git", "-C", str(world.profile.folder), "show", "--name-only", "--format=", commit]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
