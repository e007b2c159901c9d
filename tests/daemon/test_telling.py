"""Many who ask at once to remember something: answered when it is durable and recallable, each with its own memory."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from home_kit import WEB, World, home

from sidecar.daemon.protocol import Told
from sidecar.daemon.takein import TakeIn
from sidecar.daemon.telling import Telling
from sidecar.daemon.writer import Urgency
from sidecar.errors import ForgottenBefore
from sidecar.extract.rules import RulesExtractor
from sidecar.model import Stored
from sidecar.store import WriteContext

KEY = "The cellar key hangs behind the clock."


def told(content: str) -> Told:
    return Told(content, None, None, None, (), pinned=False)


def telling(world: World) -> Telling:
    return Telling(world.parts.writer, world.parts.follow, TakeIn(world.parts, RulesExtractor(), "ines@test"))


async def together(world: World, *statements: Told) -> list[Stored | BaseException]:
    """All of them wait for the writer, who is busy with something else until the last has come."""
    desk, begin = telling(world), threading.Event()
    busy = world.parts.writer.submit(Urgency.ANSWER, begin.wait)
    asked = [asyncio.ensure_future(desk.remember(WEB, one)) for one in statements]
    await asyncio.sleep(0)
    begin.set()
    await asyncio.wrap_future(busy)
    return await asyncio.gather(*asked, return_exceptions=True)


def test_all_are_in_the_index_and_on_the_disk_after_one_commit_of_it(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        before = world.parts.index.generation
        answers = await together(world, *(told(f"Machine {name} has {name} fans.") for name in "abcdefgh"))
        assert world.parts.index.generation == before + 1
        for answer in answers:
            assert isinstance(answer, Stored)
            assert answer.memory.content in (world.profile.folder / answer.path).read_text()
            assert answer.memory.id in dict(world.parts.index.neighbours(WEB, answer.memory.content, 8))

    with home(tmp_path) as world:
        asyncio.run(scenario(world))


def test_the_same_words_told_by_two_at_once_are_one_memory(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        text = "The office plants are watered by Ines on Fridays."
        answers = await together(world, told(text), told(text.removesuffix(".")), told("The attic is locked."))
        assert len({answer.memory.id for answer in answers if isinstance(answer, Stored)}) == 2
        assert len(world.memories()) == 2

    with home(tmp_path) as world:
        asyncio.run(scenario(world))


def test_one_that_is_refused_stops_no_other(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        (gone,) = await together(world, told(KEY))
        assert isinstance(gone, Stored)
        world.profile.forget(gone.memory.id, "moved", WriteContext("test"))
        world.parts.follow.catch_up([WEB])
        agents = Told(KEY, None, None, None, (), pinned=False, speaker="assistant")
        again, other = await together(world, agents, told("The attic is locked."))
        assert isinstance(again, ForgottenBefore)
        assert isinstance(other, Stored)

    with home(tmp_path) as world:
        asyncio.run(scenario(world))


def test_nobody_waits_for_a_writer_that_has_ended(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.parts.writer.close()
        with pytest.raises(asyncio.CancelledError):
            await telling(world).remember(WEB, told("Too late."))

    with home(tmp_path) as world:
        asyncio.run(scenario(world))
