"""Reading what agents write: later folders, no events, vanished files, histories in projects, old sessions."""

from __future__ import annotations

import asyncio
import contextlib
import json
import mmap
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from agent_sessions import ClaudeCode, Codex, Gemini
from wired import HANG_S, RULES, Wired, until, within

from sidecar.archiving import Archiving, Step
from sidecar.client import Client
from sidecar.config import Config, Extract
from sidecar.config.settings import ProfileRule, Watch
from sidecar.daemon.app import Daemon
from sidecar.daemon.intake import Intake
from sidecar.daemon.protocol import SearchFor
from sidecar.daemon.sources import SourceFolder
from sidecar.journal import Journal
from sidecar.model import ProfileRef, SessionRef
from sidecar.paths import resolve
from sidecar.pieces import Piece

EVENTS_S = 3.0
"""An event is taken in after a second at most."""

RESCAN_S = 4.5
"""With `rescan_minutes: 0.1` no scan comes before it."""

AIDER_TEXT = """
# aider chat started at 2026-07-17 09:00:00

#### the harbour crane needs grease

Noted.
"""


def watching(**fields: object) -> Config:
    return Config(extract=RULES.extract, watch=Watch(quiet_seconds=0, **fields))  # type: ignore[arg-type]


def texts(world: Wired, agent: str) -> list[str]:
    refs = [row.ref for row in world.parts.journal.sessions() if row.ref.agent == agent]
    return sorted(one.message.text for ref in refs for one in world.parts.journal.messages(ref))


@pytest.fixture
def shop(home: Path) -> Path:
    folder = home / "work" / "shop"
    folder.mkdir(parents=True)
    return folder


def test_an_agent_that_is_installed_later_is_read(home: Path, shop: Path, tmp_path: Path) -> None:
    async def scenario(world: Wired) -> None:
        async with world.at_work("watch"):
            await world.parts.intake.progress.finished.wait()
            codex = Codex(home, shop)
            codex.user("the crane is blue")
            await until(lambda: texts(world, "codex") == ["the crane is blue"])
            codex.user("no, it is red")
            await until(lambda: len(texts(world, "codex")) == 2)

    within(tmp_path, scenario, watching())


def test_a_folder_that_was_removed_and_comes_back_is_read_again(home: Path, shop: Path, tmp_path: Path) -> None:
    async def scenario(world: Wired) -> None:
        gemini = Gemini(home, shop)
        gemini.user("the crane is blue")
        async with world.at_work("watch"):
            await until(lambda: texts(world, "gemini") == ["the crane is blue"])
            (home / ".gemini").rename(home / "aside")
            await until(lambda: not world.parts.intake.unread())
            (home / "aside").rename(home / ".gemini")
            gemini.user("no, it is red")
            await until(lambda: len(texts(world, "gemini")) == 2)

    within(tmp_path, scenario, watching())


def test_what_is_no_file_among_transcripts_holds_nothing_up(home: Path, shop: Path, tmp_path: Path) -> None:
    """Pipes, devices and links to nothing: named, or nothing to read; and nothing waits for them."""
    claude = ClaudeCode(home, shop)
    claude.user("the crane is blue")
    folder = claude.path.parent
    os.mkfifo(folder / "pipe.jsonl")
    for name, target in (("device", "/dev/zero"), ("nothing", "nowhere"), ("itself", "itself.jsonl")):
        (folder / f"{name}.jsonl").symlink_to(target)
    (folder / "above").symlink_to(folder.parent)
    (folder / "folder.jsonl").mkdir()

    async def scenario(world: Wired) -> None:
        async with world.at_work("watch"):
            await world.parts.intake.progress.finished.wait()
            await until(lambda: texts(world, "claude-code") == ["the crane is blue"])
            await until(lambda: not world.parts.intake.unread())
            assert sorted(path.stem for path in world.parts.intake.problems) == ["device", "pipe"]
            os.mkfifo(folder / "late.jsonl")
            claude.user("no, it is red")
            await until(lambda: len(texts(world, "claude-code")) == 2)
            await until(lambda: not world.parts.intake.unread())

    within(tmp_path, scenario, watching())


@pytest.mark.skipif(sys.platform != "linux", reason="rests on what inotify does not report")
def test_where_no_event_arrives_a_scan_finds_what_was_written(home: Path, shop: Path, tmp_path: Path) -> None:
    """As on a network home: the file changes through mapped memory, of which the system tells no watcher."""
    claude = ClaudeCode(home, shop)
    claude.user("the crane is blue")
    before = claude.path.read_bytes()
    claude.user("no, it is red")
    line = claude.path.read_bytes()[len(before) :]
    claude.path.write_bytes(before + b" " * len(line))

    async def scenario(world: Wired) -> None:
        with claude.path.open("r+b") as file, contextlib.closing(mmap.mmap(file.fileno(), 0)) as mapped:
            begun = time.monotonic()
            async with world.at_work("watch"):
                await world.parts.intake.progress.finished.wait()
                assert texts(world, "claude-code") == ["the crane is blue"]
                mapped[len(before) :] = line
                mapped.flush()
                await asyncio.sleep(EVENTS_S)
                known = len(texts(world, "claude-code"))
                if time.monotonic() - begun < RESCAN_S:  # a machine that is too slow for it shows the rest alone
                    assert known == 1, "no event told of it"
                await until(lambda: len(texts(world, "claude-code")) == 2)

    within(tmp_path, scenario, watching(rescan_minutes=0.1))


def test_a_vanished_transcript_is_no_reason_to_forget(home: Path, shop: Path, tmp_path: Path) -> None:
    claude = ClaudeCode(home, shop)
    claude.user("Remember: the crane on the eastern quay is operated by Ines, never by Mia.")

    async def scenario(world: Wired) -> None:
        ref = ProfileRef("local", "shop")
        async with world.at_work("watch", "model", "extract", "follow"):
            await until(lambda: world.parts.store.exists(ref) and world.parts.store.open(ref).memories())
            known = [stored.memory.id for stored in world.parts.store.open(ref).memories()]
            claude.path.unlink()
            world.parts.intake.pause(False)  # a scan now
            await until(lambda: not world.parts.intake.unread())
            await asyncio.sleep(0.3)
            assert len(texts(world, "claude-code")) == 1
            assert [stored.memory.id for stored in world.parts.store.open(ref).memories()] == known
            assert world.parts.intake.problems == {}

    within(tmp_path, scenario, watching())


def test_aiders_history_is_found_in_the_folder_of_a_known_project_and_nowhere_else(
    home: Path, shop: Path, tmp_path: Path
) -> None:
    elsewhere = home / "work" / "unknown"
    below = shop / "vendor"
    for folder in (elsewhere, below, home, shop):
        folder.mkdir(exist_ok=True)
        words = "grease" if folder == shop else "nobody looks here"
        (folder / ".aider.chat.history.md").write_text(AIDER_TEXT.replace("grease", words))
    Codex(home, shop).user("the crane is blue")
    Codex(home, home, "44444444-0000-4000-8000-000000000000").user("a session at home")

    async def scenario(world: Wired) -> None:
        async with world.at_work("watch"):
            await world.parts.intake.progress.finished.wait()
            found = ["Noted.", "the harbour crane needs grease"]
            assert texts(world, "aider") == found
            row = next(row for row in world.parts.journal.sessions() if row.ref.agent == "aider")
            assert row.profile == ProfileRef("local", "shop")
            roots = {place.root for place in world.parts.intake.places if not place.own}
            assert roots == {shop}
            assert not any(place.root in (home, *home.parents) for place in world.parts.intake.places)
            await asyncio.sleep(2.2)  # until the folder is watched, without what lies below it
            with (shop / ".aider.chat.history.md").open("a") as file:
                file.write("\n#### and the rope is worn\n\nI see.\n")
            (below / ".aider.chat.history.md").write_text(AIDER_TEXT)
            await until(lambda: len(texts(world, "aider")) == 4)

    within(tmp_path, scenario, watching())


@pytest.mark.parametrize(
    "config",
    [
        Config(watch=Watch(agents=("codex",)), extract=RULES.extract),
        Config(profiles=(ProfileRule(agent="aider", ignore=True),), extract=RULES.extract),
    ],
    ids=["agents", "rule"],
)
def test_aiders_histories_can_be_left_out(config: Config, home: Path, shop: Path, tmp_path: Path) -> None:
    (shop / ".aider.chat.history.md").write_text(AIDER_TEXT)
    Codex(home, shop).user("the crane is blue")

    async def scenario(world: Wired) -> None:
        async with world.at_work("watch"):
            await world.parts.intake.progress.finished.wait()
            assert texts(world, "codex") == ["the crane is blue"]
            assert all(place.own for place in world.parts.intake.places)
            assert texts(world, "aider") == []

    within(tmp_path, scenario, config)


def test_old_sessions_are_searchable_while_all_extraction_waits(home: Path, shop: Path, tmp_path: Path) -> None:
    for number in range(12):
        start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)
        claude = ClaudeCode(home, shop, f"00000000-0000-4000-8000-{number:012}", start=start)
        claude.user(f"crane number {number} is green")
    waits = Config(extract=Extract(extractor="ollama", host="http://127.0.0.1:9"))

    async def scenario(world: Wired) -> None:
        async with world.at_work("watch", "model", "extract", "follow"):
            await world.parts.intake.progress.finished.wait()
            assert (world.parts.intake.progress.done, world.parts.intake.progress.total) == (12, 12)
            wanted = SearchFor("crane number 7 is green", None, None, None, 1, False, False, datetime.now(UTC))
            ref = ProfileRef("local", "shop")

            async def found() -> str:
                hits = await world.service.archive.search(ref, wanted)
                return hits[0].content if hits else ""

            for _ in range(1000):
                if await found() == "crane number 7 is green":
                    break
                await asyncio.sleep(0.02)
            assert await found() == "crane number 7 is green"
            queue = world.parts.journal.queue()
            assert queue.pending == 12, "nothing has been extracted"
            jobs = world.parts.journal.jobs()
            assert [job.ref.session[-2:] for job in jobs][:3] == ["11", "10", "09"], "and the newest go first then"

    within(tmp_path, scenario, waits)


def test_a_back_fill_that_was_broken_off_goes_on_where_it_was(home: Path, shop: Path, tmp_path: Path) -> None:
    sessions = []
    for number in range(6):
        start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)
        sessions.append(ClaudeCode(home, shop, f"00000000-0000-4000-8000-{number:012}", start=start))
        sessions[-1].user(f"crane number {number} is green")

    async def first(world: Wired) -> None:
        serving = asyncio.create_task(world.parts.intake.serve())
        await until(lambda: world.parts.intake.progress.done >= 2)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    within(tmp_path, first)
    with Journal.open(resolve({"SIDECAR_HOME": str(tmp_path / "sidecar")}).journal) as journal:
        done = [row.ref.session[-1] for row in journal.sessions()]
    assert done[-2:] == ["4", "5"], "the newest went first"

    async def second(world: Wired) -> None:
        async with world.at_work("watch"):
            await world.parts.intake.progress.finished.wait()
            assert world.parts.intake.progress.total == 6 - len(done), "what was read is not read again"
            assert len(texts(world, "claude-code")) == 6

    within(tmp_path, second)


def test_a_session_that_is_written_while_old_ones_are_read_goes_before_them(
    home: Path, shop: Path, tmp_path: Path
) -> None:
    for number in range(150):
        ClaudeCode(home, shop, f"00000000-0000-4000-8000-{number:012}").user(f"crane {number}")
    live = ClaudeCode(home, shop, "99999999-0000-4000-8000-000000000000", start=datetime(2026, 9, 9, tzinfo=UTC))
    live.user("hello")

    async def scenario(world: Wired) -> None:
        progress = world.parts.intake.progress
        async with world.at_work("watch"):
            await until(lambda: progress.done > 0)
            live.user("the crane is red now")
            ref = SessionRef("claude-code", live.session)
            await until(lambda: len(world.parts.journal.messages(ref)) == 2)
            assert not progress.finished.is_set(), f"{progress.done} of {progress.total}"

    within(tmp_path, scenario)


class Slow(Archiving):
    """Takes its time for every piece."""

    def keep_piece(self, piece: Piece) -> Step:
        time.sleep(0.05)
        return super().keep_piece(piece)


def test_old_sessions_leave_some_time_to_others_and_new_ones_do_not_wait(
    home: Path, shop: Path, tmp_path: Path
) -> None:
    places = []
    for number in range(8):
        claude = ClaudeCode(home, shop, f"00000000-0000-4000-8000-{number:012}")
        claude.user(f"crane {number}")
        places.append(SourceFolder("claude-code", claude.path.parent))

    async def scenario(world: Wired) -> None:
        journal, router = world.parts.journal, world.parts.router
        intake = Intake(
            tuple(dict.fromkeys(places)),
            Slow(journal, router, "local", timedelta(0)),
            router,
            world.parts.writer,
            rescan=timedelta(hours=1),
            backfill_days=None,
            archived=asyncio.Event(),
            on_archived=lambda *_: None,
        )
        begun = time.monotonic()
        await intake.catch_up()
        # A lower bound alone: however slow the machine is, a quarter of the steps' time is rest.
        assert time.monotonic() - begun >= 8 * 0.05 * 1.25
        assert len(texts(world, "claude-code")) == 8

    within(tmp_path, scenario)


def test_the_progress_of_the_back_fill_is_shown_until_it_is_through(home: Path, shop: Path, tmp_path: Path) -> None:
    for number in range(5):
        ClaudeCode(home, shop, f"00000000-0000-4000-8000-{number:012}").user(f"crane {number}")
    shown: list[tuple[int, int, bool]] = []

    async def scenario(daemon: Daemon) -> None:
        paths = resolve({"SIDECAR_HOME": str(tmp_path / "sidecar")})
        serving = asyncio.create_task(
            daemon.serve(lambda done, total, *, finished: shown.append((done, total, finished)))
        )
        await until(lambda: bool(shown) and shown[-1][2])  # the empty list itself may have grown by then
        await asyncio.to_thread(Client(paths.socket, timeout=HANG_S).shutdown)
        assert await serving == 0

    with contextlib.closing(Daemon(resolve({"SIDECAR_HOME": str(tmp_path / "sidecar")}), RULES)) as daemon:
        asyncio.run(scenario(daemon))
    assert shown[-1] == (5, 5, True)
    assert shown == sorted(shown)


def test_the_record_of_a_session_is_one_line(home: Path, shop: Path) -> None:
    """The kit itself: what it writes is what agents write, one JSON object in each line."""
    for kind in (ClaudeCode, Codex, Gemini):
        session = kind(home, shop)
        session.user("a\nb", injected="c")
        session.shell("ls", "x\ny")
        assert all(isinstance(json.loads(line), dict) for line in session.path.read_text().splitlines())
