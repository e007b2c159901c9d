"""The archive as people use it: words found again where they were said, and a whole session read again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from agent_sessions import ClaudeCode, Codex
from wired import RULES, Wired, until, within

from sidecar.config import Config
from sidecar.config.settings import Archive
from sidecar.daemon.protocol import SearchFor, SessionName
from sidecar.errors import FieldError, UnknownSession
from sidecar.journal import QueueCounts
from sidecar.model import ProfileRef
from sidecar.wire.archived import FoundMessage, SessionShape

NOW = datetime(2026, 11, 20, 16, tzinfo=UTC)
SECRET = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"


async def taken_in(world: Wired, *paths: Path) -> None:
    await world.service.ingest_transcripts([str(path) for path in paths], agent=None, dry_run=False)
    await asyncio.to_thread(world.parts.follow.catch_up, [])


async def search(world: Wired, text: str, profile: str = "shop", **changes: object) -> list[FoundMessage]:
    wanted: dict[str, object] = {
        "query": text, "session": None, "agent": None, "since": None, "limit": None, "everywhere": False,
        "routed": False, "now": NOW, **changes,
    }  # fmt: skip
    return list(await world.service.archive.search(ProfileRef("local", profile), SearchFor(**wanted)))  # type: ignore[arg-type]


async def session(world: Wired, name: str, agent: str | None = None, offset: int = 0, limit: int = 500) -> SessionShape:
    return await world.service.archive.session(SessionName(name, agent), offset=offset, limit=limit)


@pytest.fixture
def shop(home: Path) -> Path:
    folder = home / "work" / "shop"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def mill(home: Path) -> Path:
    folder = home / "work" / "mill"
    folder.mkdir(parents=True)
    return folder


def test_words_are_found_with_their_place_and_the_way_back(home: Path, shop: Path, tmp_path: Path) -> None:
    claude = ClaudeCode(home, shop)
    claude.user("what does the label printer need?")
    claude.assistant("It needs `lpadmin -x zebra4` first.")
    claude.user("fine, write it down")

    async def scenario(world: Wired) -> None:
        await taken_in(world, claude.path)
        (found,) = await search(world, "lpadmin -x zebra4")
        assert (found.agent, found.profile, found.speaker, found.session_id) == (
            "claude-code", "shop", "assistant", claude.session,
        )  # fmt: skip
        assert found.observed is not None
        assert found.observed.date().isoformat() == "2026-09-01"
        assert found.before is not None
        assert found.after is not None
        assert (found.before.content, found.after.content) == (
            "what does the label printer need?", "fine, write it down",
        )  # fmt: skip
        assert (found.resume.command, found.resume.cwd) == (f"claude --resume {claude.session}", str(shop))
        assert found.resume.note == ""

    within(tmp_path, scenario)


def test_what_was_said_as_asked_goes_before_what_has_its_words_more_often(
    home: Path, shop: Path, tmp_path: Path
) -> None:
    claude = ClaudeCode(home, shop)
    claude.user("port port port, which port listens? the port")
    claude.user("In the very end, after a lot of other things that we talked about for long, the port listens.")

    async def scenario(world: Wired) -> None:
        await taken_in(world, claude.path)
        found = await search(world, "THE port\nlistens")
        assert [one.content[:10] for one in found] == ["In the ver", "port port "]

    within(tmp_path, scenario)


def test_a_search_is_narrowed_by_agent_project_time_and_session(
    home: Path, shop: Path, mill: Path, tmp_path: Path
) -> None:
    old = datetime(2026, 6, 1, tzinfo=UTC)
    claude, codex, other = ClaudeCode(home, shop), Codex(home, shop, start=old), ClaudeCode(home, mill)
    for one, text in ((claude, "the zebra prints"), (codex, "the zebra is old"), (other, "the zebra mills")):
        one.user(text)

    async def scenario(world: Wired) -> None:
        await taken_in(world, home)
        everything = {"the zebra prints", "the zebra is old", "the zebra mills"}

        async def contents(**changes: object) -> set[str]:
            return {one.content for one in await search(world, "zebra", **changes)}  # type: ignore[arg-type]

        assert await contents() == {"the zebra prints", "the zebra is old"}
        assert await contents(profile="mill") == {"the zebra mills"}
        assert await contents(everywhere=True) == everything
        assert await contents(agent="codex") == {"the zebra is old"}
        assert await contents(since=old + timedelta(days=1)) == {"the zebra prints"}
        assert await contents(since=old, agent="codex") == {"the zebra is old"}
        assert await contents(since=NOW) == set()
        assert await contents(session=claude.session, everywhere=True) == {"the zebra prints"}

    within(tmp_path, scenario)


def test_a_session_is_shown_in_its_order_with_tools_and_without_secrets(home: Path, shop: Path, tmp_path: Path) -> None:
    codex = Codex(home, shop)
    codex.user(f"deploy with {SECRET}")
    codex.shell("make test", "12 passed")
    codex.assistant("Deployed.")

    async def scenario(world: Wired) -> None:
        await taken_in(world, codex.path)
        shown = await session(world, codex.session)
        assert [(one.speaker, one.kind) for one in shown.messages] == [
            ("user", "text"), ("tool", "tool"), ("assistant", "text"),
        ]  # fmt: skip
        tool = shown.messages[1].tool
        assert tool is not None
        assert (tool.name, tool.command, tool.failed) == ("exec_command", "make test", False)
        assert SECRET not in shown.model_dump_json()
        assert (shown.agent, shown.profile, shown.cwds, shown.total) == ("codex", "shop", [str(shop)], 3)
        assert shown.resume.command == f"codex resume {codex.session}"
        pages = [await session(world, codex.session, offset=offset, limit=1) for offset in range(4)]
        assert [one.id for page in pages for one in page.messages] == [one.id for one in shown.messages]

    within(tmp_path, scenario)


def test_a_fork_is_shown_with_what_it_repeats(home: Path, shop: Path, tmp_path: Path) -> None:
    first = ClaudeCode(home, shop, "11111111-0000-4000-8000-000000000000")
    first.user("begin")
    fork = ClaudeCode(home, shop, "22222222-0000-4000-8000-000000000000", start=datetime(2026, 9, 2, tzinfo=UTC))
    fork.path.write_text(first.path.read_text().replace(first.session, fork.session))
    fork.user("go another way")

    async def scenario(world: Wired) -> None:
        await taken_in(world, first.path, fork.path)
        assert [one.content for one in (await session(world, first.session)).messages] == ["begin"]
        assert [one.content for one in (await session(world, fork.session)).messages] == ["begin", "go another way"]

    within(tmp_path, scenario)


def test_what_was_forgotten_is_left_out_and_counted(home: Path, shop: Path, tmp_path: Path) -> None:
    claude = ClaudeCode(home, shop)
    claude.user("the vault code is in the blue box")
    claude.user("and now to the printer")

    async def scenario(world: Wired) -> None:
        await taken_in(world, claude.path)
        shown = await session(world, claude.session)
        world.parts.journal.mark_sources(ProfileRef("local", "shop"), {shown.messages[0].id: "forgotten"})
        shown = await session(world, claude.session)
        assert [one.content for one in shown.messages] == ["and now to the printer"]
        assert (shown.total, shown.forgotten) == (1, 1)

    within(tmp_path, scenario)


def test_what_is_not_kept_any_more_is_counted_and_what_it_taught_stays(home: Path, shop: Path, tmp_path: Path) -> None:
    old, new = (
        ClaudeCode(home, shop, f"{days:08}-0000-4000-8000-000000000000", start=datetime.now(UTC) - timedelta(days=days))
        for days in (40, 2)
    )
    old.user("Always use pnpm in this project, never npm.")
    new.user("the zebra prints")

    async def scenario(world: Wired) -> None:
        await taken_in(world, home)
        async with world.at_work("watch", "model", "extract", "follow"):
            await until(lambda: world.parts.journal.queue() == QueueCounts())
        before = (await world.service.status()).archive
        world.parts.upkeep.adopt(Config(archive=Archive(keep_days=30)))
        await world.parts.upkeep.run()
        await taken_in(world, home)
        shown = await session(world, old.session)
        assert (shown.messages, shown.total, shown.let_go) == ([], 0, 1)
        assert (await session(world, new.session)).let_go == 0
        assert await search(world, "zebra"), "what is newer is still found"
        after = (await world.service.status()).archive
        assert (before.messages, before.let_go, before.keep_days) == (2, 0, None)
        assert (after.messages, after.let_go, after.keep_days) == (1, 1, 30)
        assert 0 < after.text_bytes < before.text_bytes < after.file_bytes
        assert world.parts.store.open(ProfileRef("local", "shop")).memories(), "what was learned from it stays"

    within(tmp_path, scenario)


def test_a_transcript_that_is_gone_forgets_nothing_and_is_told(home: Path, shop: Path, tmp_path: Path) -> None:
    claude = ClaudeCode(home, shop)
    claude.user("the zebra prints")

    async def scenario(world: Wired) -> None:
        await taken_in(world, claude.path)
        claude.path.unlink()
        (found,) = await search(world, "zebra")
        assert found.resume.command is not None
        assert "not there any more" in found.resume.note
        assert [one.content for one in (await session(world, claude.session)).messages] == ["the zebra prints"]

    within(tmp_path, scenario)


def test_a_name_must_mean_one_session(home: Path, shop: Path, tmp_path: Path) -> None:
    name = "33333333-0000-4000-8000-000000000000"
    for kind in (ClaudeCode, Codex):
        kind(home, shop, name).user("hello")

    async def scenario(world: Wired) -> None:
        await taken_in(world, home)
        with pytest.raises(FieldError, match="claude-code and codex"):
            await session(world, name)
        assert (await session(world, name, "codex")).agent == "codex"
        with pytest.raises(UnknownSession):
            await session(world, name[:8])

    within(tmp_path, scenario)


def test_where_nothing_is_to_be_kept_nothing_is_found(home: Path, shop: Path, tmp_path: Path) -> None:
    claude = ClaudeCode(home, shop)
    claude.user("the zebra prints")

    async def scenario(world: Wired) -> None:
        await taken_in(world, claude.path)
        assert await search(world, "zebra") == []

    within(tmp_path, scenario, Config(extract=RULES.extract, archive=Archive(enabled=False)))
