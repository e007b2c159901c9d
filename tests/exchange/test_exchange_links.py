"""Links of imported notes lead to each other, and show and recall name what they lead to."""

from __future__ import annotations

from collections.abc import Callable

from home_kit import WEB, Scenario, World

from sidecar.daemon.handlers import Call, get_memory
from sidecar.daemon.protocol import Question
from sidecar.store import WriteContext
from sidecar.wire import render, requests

Run = Callable[[Scenario], None]


def test_links_between_imported_notes_are_followed_in_show_and_recall(run: Run) -> None:
    async def scenario(world: World) -> None:
        head = "---\ntitle: {0}\ntype: note\npermalink: kitchen/{1}\nmodified: 2026-01-01\n---\n"
        coffee = head.format("Coffee Brewing", "coffee-brewing") + "Pour over.\n\n- requires [[Proper Grinding]]\n"
        grinding = head.format("Proper Grinding", "proper-grinding") + "Burrs are set to nine.\n"
        await world.bring(world.file("coffee.md", coffee), world.file("grinding.md", grinding))
        by_key = {one.memory.key: one.memory for one in world.memories()}
        start, end = by_key["kitchen/coffee-brewing"], by_key["kitchen/proper-grinding"]

        async def shown(identifier: str, *, history: bool) -> dict[str, object]:
            query = requests.GetMemory(history=history)
            path = {"ns": "local", "p": "web", "id": identifier}
            call = Call(requests.Nothing(), query, path, managed=False, namespace="local", now=start.observed)
            found: dict[str, object] = (await get_memory(world.service, call)).result
            return found

        for history in (False, True):
            assert [(one["id"], one["link"]) for one in (await shown(start.id, history=history))["related"]] == [
                (end.id, "to")
            ]
        assert [(one["id"], one["link"]) for one in (await shown(end.id, history=False))["related"]] == [
            (start.id, "from")
        ]
        assert world.profile.log(start.id) == [], "also before the first commit"
        found = await world.service.recall(WEB, _question("how is coffee brewed, pour over?"), include=[])
        first = render.candidate(found.hits[0], now=start.observed, explain=False).plain()
        assert (first["id"], [one["id"] for one in first["related"]]) == (start.id, [end.id])
        world.profile.forget(end.id, None, WriteContext("a test"))
        world.parts.follow.catch_up([WEB])
        assert "related" not in await shown(start.id, history=False)
        again = await world.service.recall(WEB, _question("how is coffee brewed, pour over?"), include=[])
        assert again.hits[0].related == ()

    run(scenario)


def _question(query: str) -> Question:
    return Question(
        query=query, level="low", length="medium", reference=None, limit=None, at=None, types=(), kinds=("memory",),
        session=None, budget=None, explain=False, routed=False,
    )  # fmt: skip
