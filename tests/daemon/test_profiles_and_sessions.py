"""Namespaces, profiles and sessions as docs/routing.md tells of them, on a daemon's parts without its services."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from home_kit import WEB, Scenario, World, home

from sidecar.daemon.protocol import Listing, Question, Said, Told
from sidecar.errors import NotFound, UnknownNamespace
from sidecar.extract.rules import RulesExtractor
from sidecar.model import ProfileRef
from sidecar.wire.exchange import Export

OTHER = ProfileRef("local", "other")
Run = Callable[[Scenario], None]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def call(scenario: Scenario) -> None:
        with home(tmp_path) as world:
            asyncio.run(scenario(world))

    return call


def said(*texts: str) -> list[Said]:
    return [Said("user", text, None) for text in texts]


def told(content: str) -> Told:
    return Told(content, None, None, None, (), pinned=False)


def asked(query: str) -> Question:
    return Question(
        query=query, level="low", length="medium", reference=None, limit=None, at=None, types=(),
        kinds=("memory", "message"), session=None, budget=None, explain=False, routed=False,
    )  # fmt: skip


def learn(world: World) -> None:
    """What the learner does with every session that waits."""
    for row in world.parts.journal.sessions():
        session, _ = world.parts.learning.slice(row.ref, 0)
        for candidate in RulesExtractor().extract(session):
            world.parts.learning.take(candidate, row.profile)
    world.parts.follow.catch_up()


async def names(world: World, namespace: str = "local") -> list[str]:
    return [one.name for one in await world.service.list_profiles(namespace)]


async def found(world: World, ref: ProfileRef, query: str) -> int:
    return len((await world.service.recall(ref, asked(query), include=[])).hits)


def test_nothing_is_done_in_a_namespace_that_does_not_exist(run: Run) -> None:
    nowhere = ProfileRef("nowhere", "web")

    async def scenario(world: World) -> None:
        service, listing = world.service, Listing(session=None, type=None, status=None, tag=None)
        for ask in (
            service.list_profiles("nowhere"),
            service.delete_namespace("nowhere"),
            service.delete_profile(nowhere),
            service.delete_session(nowhere, "s1"),
            service.ingest(nowhere, said("Racks are blue."), session=None, wait=False),
            service.remember(nowhere, told("Racks are blue.")),
            service.recall(nowhere, asked("racks"), include=[]),
            service.list_memories(nowhere, listing, before=None, count=5),
            service.summary(nowhere, None),
            service.exchange.export(nowhere, Export()),
        ):
            with pytest.raises(UnknownNamespace):
                await ask

    run(scenario)


def test_a_profile_is_made_by_what_is_written_and_by_nothing_else(run: Run) -> None:
    async def scenario(world: World) -> None:
        service, listing = world.service, Listing(session=None, type=None, status=None, tag=None)
        assert await found(world, WEB, "racks") == 0
        assert await service.list_memories(WEB, listing, before=None, count=5) == []
        assert await service.summary(WEB, None) == ""
        await service.delete_session(WEB, "s1")
        with pytest.raises(NotFound):
            await service.get_memory(WEB, "01M7WTWTW08H7W2R5T6Y5XK2QC", history=False)
        assert await names(world) == []
        await service.remember(WEB, told("Racks are blue."))
        await service.ingest(OTHER, said("Doors are red."), session="s1", wait=False)
        assert await names(world) == ["other", "web"]

    run(scenario)


def test_profiles_are_listed_by_name_with_their_sizes(run: Run) -> None:
    async def scenario(world: World) -> None:
        await world.service.create_namespace("acme")
        await world.service.remember(WEB, told("Racks are blue."))
        await world.service.ingest(OTHER, said("Doors are red.", "Gates are green."), session="s1", wait=False)
        await world.service.remember(ProfileRef("acme", "ops"), told("The pager is in the red bag."))
        listed = [one.plain() for one in await world.service.list_profiles("local")]
        assert listed == [
            {"name": "other", "namespace": "local", "memories": 0, "messages": 2},
            {"name": "web", "namespace": "local", "memories": 1, "messages": 0},
        ]
        assert await names(world, "acme") == ["ops"]

    run(scenario)


def test_a_deleted_profile_begins_anew_under_its_name(run: Run) -> None:
    async def scenario(world: World) -> None:
        await world.service.remember(WEB, told("Racks are blue."))
        await world.service.ingest(WEB, said("Doors are red."), session="s1", wait=False)
        await world.service.delete_profile(WEB)
        assert await names(world) == []
        assert await found(world, WEB, "what colour are racks and doors?") == 0
        assert [row for row in world.parts.journal.sessions() if row.messages] == []
        await world.service.remember(WEB, told("Gates are green."))
        assert [one.memory.content for one in world.memories()] == ["Gates are green."]
        assert len(list(world.parts.trash.iterdir())) == 1

    run(scenario)


def test_a_sessions_name_counts_within_its_profile(run: Run) -> None:
    async def scenario(world: World) -> None:
        for ref in (WEB, OTHER):
            await world.service.ingest(ref, said("The zebra firmware lives on host zc01."), session="s1", wait=False)
        await world.service.delete_session(WEB, "s1")
        assert await found(world, WEB, "zebra firmware host") == 0
        assert await found(world, OTHER, "zebra firmware host") == 1

    run(scenario)


def test_without_a_name_the_same_messages_are_the_same_session(run: Run) -> None:
    async def scenario(world: World) -> None:
        for words in (["Racks are blue."], ["Racks are blue."], ["Doors are red."]):
            await world.service.ingest(WEB, said(*words), session=None, wait=False)
        assert len(world.parts.journal.sessions()) == 2

    run(scenario)


def test_a_deleted_session_takes_what_was_learned_from_it_alone(run: Run) -> None:
    async def scenario(world: World) -> None:
        both = "Always use tabs in makefiles of the kiosk."
        await world.service.ingest(WEB, said(both, "Never restart the kiosk by hand."), session="s1", wait=False)
        await world.service.ingest(WEB, said(both), session="s2", wait=False)
        learn(world)
        assert len(world.memories()) == 2
        for _ in range(2):
            await world.service.delete_session(WEB, "s1")
            assert [one.memory.content for one in world.memories()] == [both]
        (kept,) = world.memories()
        assert kept.memory.source.session == "s2"
        assert len(kept.memory.source.messages) == 1
        assert [row.ref.session for row in world.parts.journal.sessions() if row.messages] == ["s2"]
        await world.service.delete_session(WEB, "s2")
        assert world.memories() == []

    run(scenario)
