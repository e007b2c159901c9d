"""Many who ask at once to remember something: answered when it is durable and recallable, each with its own memory."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path

import pytest
from home_kit import WEB, World, home

from sidecar.daemon.protocol import Told
from sidecar.daemon.takein import TakeIn
from sidecar.daemon.telling import Telling
from sidecar.daemon.writer import Urgency
from sidecar.errors import FileSystemFailed, ForgottenBefore
from sidecar.extract.rules import RulesExtractor
from sidecar.model import ProfileRef, Stored
from sidecar.store import WriteContext

KEY = "The cellar key hangs behind the clock."


def told(content: str) -> Told:
    return Told(content, None, None, None, (), pinned=False)


def telling(world: World, takein: TakeIn | None = None) -> Telling:
    takein = takein or TakeIn(world.parts, RulesExtractor(), "ines@test")
    return Telling(world.parts.writer, world.parts.follow, takein)


async def together(world: World, *statements: Told, takein: TakeIn | None = None) -> list[Stored | BaseException]:
    """All of them wait for the writer, who is busy with something else until the last has come."""
    desk, begin = telling(world, takein), threading.Event()
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


class Hurried(TakeIn):
    """Between plan and files a hand does something."""

    def __init__(self, world: World, hand: Callable[[], object]) -> None:
        super().__init__(world.parts, RulesExtractor(), "ines@test")
        self._hand = hand

    def put_down(self) -> dict[ProfileRef, Future[Mapping[str, BaseException]]]:
        self._hand()
        return super().put_down()


def test_where_a_hand_was_quicker_to_take_the_name_another_is_found(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        def hand() -> None:
            for stored in world.memories():
                path = world.profile.folder / stored.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("Mine.\n")

        answers = await together(world, told(KEY), told("The attic is locked."), takein=Hurried(world, hand))
        for answer in answers:
            assert isinstance(answer, Stored)
            assert answer.memory.content in (world.profile.folder / answer.path).read_text()
            assert answer.memory.id in dict(world.parts.index.neighbours(WEB, answer.memory.content, 8))
        world.parts.follow.catch_up([WEB])
        assert sorted(one.memory.content.strip() for one in world.memories()) == sorted(
            ["Mine."] * 2 + [answer.memory.content.strip() for answer in answers if isinstance(answer, Stored)]
        )

    with home(tmp_path) as world:
        asyncio.run(scenario(world))


def test_a_profile_that_cannot_be_written_stops_no_other(tmp_path: Path) -> None:
    attic = ProfileRef("local", "attic")

    async def scenario(world: World) -> None:
        def hand() -> None:
            shutil.rmtree(world.profile.folder)

        world.parts.store.open(attic, create=True)
        desk, begin = telling(world, Hurried(world, hand)), threading.Event()
        busy = world.parts.writer.submit(Urgency.ANSWER, begin.wait)
        asked = [asyncio.ensure_future(desk.remember(ref, told(KEY))) for ref in (WEB, attic)]
        await asyncio.sleep(0)
        begin.set()
        await asyncio.wrap_future(busy)
        lost, kept = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(lost, FileSystemFailed)
        assert isinstance(kept, Stored)
        assert world.memories(attic) == [kept]
        assert dict(world.parts.index.neighbours(WEB, KEY, 8)) == {}

    with home(tmp_path) as world:
        asyncio.run(scenario(world))
