"""A dry run: it says what would happen, as it would happen, and nothing happens."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.config import Config, Extract
from sidecar.daemon.app import Daemon
from sidecar.daemon.choices import Choice, Wait
from sidecar.daemon.parts import Parts
from sidecar.daemon.takein import TakeIn
from sidecar.errors import Unavailable
from sidecar.extract import Slice
from sidecar.extract.rules import RulesExtractor
from sidecar.model import Candidate, Memory, MemoryType, ProfileRef, SessionRef, Source, Verdict
from sidecar.paths import resolve
from sidecar.wire.shapes import TranscriptsResult

START = datetime(2026, 9, 1, 9, tzinfo=UTC)
PERSONAL = ProfileRef("local", "personal")


@dataclass
class Scripted:
    """An extractor that takes every line of a message for a statement: `key: text`, or `? text` for one to review."""

    slice_characters: int | None = None
    name: str = "scripted"
    version: str = "scripted-1"
    slices: list[Slice] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)

    def extract(self, session: Slice) -> list[Candidate]:
        self.slices.append(session)
        self.threads.add(threading.current_thread().name)
        return [
            self._candidate(line, message.id, message.time or START, session)
            for message in session.messages
            for line in message.text.splitlines()
        ]

    def _candidate(self, line: str, message: str, time: datetime, session: Slice) -> Candidate:
        key, _, text = line.rpartition(": ")
        source = Source("transcript", session.ref.agent, session.ref.session, "user", (message,))
        return Candidate(
            MemoryType.FACT,
            text,
            text,
            time,
            source,
            key=key.removeprefix("?").strip() or None,
            proposed=line.startswith("?"),
            extractor=self.version,
        )


@dataclass
class Judge:
    """Says of every neighbour that it is asked about that it is outdated."""

    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def relations(self, statement: Candidate, known: Sequence[Memory]) -> Mapping[str, Verdict]:
        self.asked.append((statement.content, tuple(memory.content for memory in known)))
        return dict.fromkeys([memory.id for memory in known], "changed")


@dataclass
class World:
    """A daemon's parts without its services."""

    parts: Parts
    folder: Path
    extractor: Scripted = field(default_factory=Scripted)
    judge: Judge | None = None

    def say(self, session: str, *texts: str, start: datetime = START) -> Path:
        """A transcript of a session without a project."""
        path = self.folder / f"{session}.jsonl"
        with path.open("a") as file:
            for number, text in enumerate(texts):
                record = {
                    "type": "user",
                    "uuid": f"{session}-{number}",
                    "sessionId": session,
                    "timestamp": (start + timedelta(minutes=number)).isoformat().replace("+00:00", "Z"),
                    "version": "2.1.217",
                    "origin": {"kind": "human"},
                    "message": {"role": "user", "content": text},
                }
                file.write(json.dumps(record) + "\n")
        return path

    async def dry_run(self, *paths: Path, **options: Any) -> TranscriptsResult:
        takein = TakeIn(self.parts, RulesExtractor(), "ines@test", lambda: Choice(self.extractor, self.judge))
        return await takein.transcripts(list(paths), options.get("agent"), dry_run=True)

    async def take_in(self, *paths: Path) -> None:
        """What the dry run was about, done for real."""
        takein = TakeIn(self.parts, RulesExtractor(), "ines@test")
        await takein.transcripts(list(paths), None, dry_run=False)
        for row in sorted(self.parts.journal.sessions(), key=lambda row: str(row.started)):
            session, _ = self.parts.learning.slice(row.ref, 0)
            for candidate in self.extractor.extract(session):
                self.parts.learning.take(candidate, row.profile)

    def memories(self) -> dict[str, tuple[str, str | None, str]]:
        """What the store holds: status, key and content by id."""
        if not self.parts.store.exists(PERSONAL):
            return {}
        found = [stored.memory for stored in self.parts.store.open(PERSONAL).memories(statuses=None)]
        return {memory.id: (memory.status.value, memory.key, memory.content) for memory in found}


def told(result: TranscriptsResult) -> list[tuple[str, str | None, str]]:
    return [(change.action, change.status, change.summary) for change in result.planned]


async def within(folder: Path, scenario: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    transcripts = folder / "transcripts"
    transcripts.mkdir()
    paths = resolve({"SIDECAR_HOME": str(folder / "sidecar")})
    with contextlib.closing(Daemon(paths, Config(extract=Extract(extractor="rules")))) as daemon:
        parts = daemon._made_whole(asyncio.Event()).parts
        await scenario(World(parts, transcripts))


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Callable[[World], Coroutine[Any, Any, None]]], None]:
    def call(scenario: Callable[[World], Coroutine[Any, Any, None]]) -> None:
        asyncio.run(within(tmp_path, scenario))

    return call


Run = Callable[[Callable[[World], Coroutine[Any, Any, None]]], None]


def test_statements_of_one_run_are_planned_against_each_other(run: Run) -> None:
    async def scenario(world: World) -> None:
        one = world.say("b", "api/port: The api listens on 4310.", "Racks are blue.", "Racks are blue.")
        two = world.say("a", "api/port: The api listens on 4400.", start=START + timedelta(days=1))
        result = await world.dry_run(two, one)
        assert told(result) == [
            ("add", "active", "The api listens on 4310."),
            ("add", "active", "Racks are blue."),
            ("revise", "active", "Racks are blue."),
            ("add", "active", "The api listens on 4400."),
            ("supersede", "superseded", "The api listens on 4310."),
        ]
        assert [change.session for change in result.planned] == ["b", "b", "b", "a", "a"]
        assert (result.files, result.sessions, result.messages, result.extractor) == (2, 2, 4, "scripted-1")
        assert result.counts.plain() == {"add": 3, "revise": 1, "supersede": 1, "skip": 0}
        assert {change.profile for change in result.planned} == {"personal"}

    run(scenario)


def test_nothing_is_written_and_no_model_works_in_the_writer_thread(run: Run) -> None:
    async def scenario(world: World) -> None:
        journal, index = world.parts.journal, world.parts.index
        world.parts.learning.profile(PERSONAL)
        before = journal.sessions(), journal.queue(), journal.last_change(), index.generation, world.memories()
        tree = sorted(world.parts.store.root.rglob("*"))
        await world.dry_run(world.say("a", "api/port: The api listens on 4310.", "? Racks are blue."))
        assert (
            journal.sessions(), journal.queue(), journal.last_change(), index.generation, world.memories()
        ) == before  # fmt: skip
        assert sorted(world.parts.store.root.rglob("*")) == tree
        assert world.extractor.threads
        assert "sidecar-writer" not in world.extractor.threads

    run(scenario)


def test_a_profile_that_does_not_exist_is_not_made(run: Run) -> None:
    async def scenario(world: World) -> None:
        assert (await world.dry_run(world.say("a", "Racks are blue."))).counts.add == 1
        assert not world.parts.store.exists(PERSONAL)

    run(scenario)


def test_what_is_stored_counts(run: Run) -> None:
    async def scenario(world: World) -> None:
        path = world.say("a", "api/port: The api listens on 4310.", "Racks are blue.")
        await world.take_in(path)
        result = await world.dry_run(path)
        assert {change.action for change in result.planned} == {"skip"}
        assert all("known already" in change.why for change in result.planned)
        newer = world.say("b", "api/port: The api listens on 4400.", start=START + timedelta(days=1))
        assert [change.action for change in (await world.dry_run(newer)).planned] == ["add", "supersede"]

    run(scenario)


def test_what_a_person_forgot_or_deleted_is_skipped_with_the_reason(run: Run) -> None:
    async def scenario(world: World) -> None:
        path = world.say("a", "Racks are blue.", "Doors are green.")
        await world.take_in(path)
        by_text = {content: identifier for identifier, (_, _, content) in world.memories().items()}
        profile = world.parts.store.open(PERSONAL)
        profile.forget(by_text["Racks are blue."], None, world.parts.learning._context(_any_candidate()))
        world.parts.journal.remove_messages("claude-code", ["a-1"], profile=PERSONAL)
        result = await world.dry_run(path)
        assert [change.action for change in result.planned] == ["skip", "skip"]
        assert "tombstone" in result.planned[0].why
        assert "deleted" in result.planned[1].why

    run(scenario)


def _any_candidate() -> Candidate:
    return Candidate(MemoryType.FACT, "x", "x", START, Source("transcript"))


def test_long_sessions_are_cut_as_for_the_model_and_its_judge_is_asked(run: Run) -> None:
    async def scenario(world: World) -> None:
        world.extractor.slice_characters = 60
        world.judge = Judge()
        path = world.say(
            "a",
            "The staging database of the shop runs on host zc01.",
            "We settled on host qx77 for the staging database of the shop.",
            "Racks are blue.",
        )
        result = await world.dry_run(path)
        assert len(world.extractor.slices) > 1
        assert [message.text for one in world.extractor.slices for message in one.messages] == [
            "The staging database of the shop runs on host zc01.",
            "We settled on host qx77 for the staging database of the shop.",
            "Racks are blue.",
        ]
        for statement, known in world.judge.asked:
            assert known
            assert statement not in known
        assert result.counts.add == 3

    run(scenario)


def test_for_review_everything_would_wait(run: Run) -> None:
    async def scenario(world: World) -> None:
        world.parts.learner.review = True
        result = await world.dry_run(world.say("a", "Racks are blue."))
        assert [change.status for change in result.planned] == ["proposed"]

    run(scenario)


def test_secrets_are_not_told(run: Run) -> None:
    async def scenario(world: World) -> None:
        token = "ghp_" + "a1B2c3D4e5F6g7H8i9" * 2
        result = await world.dry_run(world.say("a", f"The token of the shop is {token}."))
        assert token not in result.model_dump_json()

    run(scenario)


def test_without_an_extractor_nothing_is_planned_and_while_one_is_away_it_is_said(run: Run) -> None:
    async def scenario(world: World) -> None:
        path = world.say("a", "Racks are blue.")
        for state in ("off", "budget"):
            wait = Wait(START, "It is too late.", state)
            takein = TakeIn(world.parts, RulesExtractor(), "x", lambda wait=wait: wait)
            if state == "off":
                result = await takein.transcripts([path], None, dry_run=True)
                assert (result.extractor, result.planned, result.messages) == (None, [], 1)
            else:
                with pytest.raises(Unavailable, match="too late"):
                    await takein.transcripts([path], None, dry_run=True)

    run(scenario)


@pytest.mark.parametrize("dry_run", [True, False])
def test_what_cannot_be_read_is_named_with_the_reason(run: Run, dry_run: bool) -> None:
    async def scenario(world: World) -> None:
        (world.folder / "notes.txt").write_text("hello")
        (world.folder / "title.jsonl").write_text('{"type": "summary", "summary": "x", "leafUuid": "y"}\n')
        torn = world.folder / "torn.jsonl.gz"
        torn.write_bytes(b"\x1f\x8b\x08")
        paths = [world.folder / name for name in ("notes.txt", "title.jsonl", "gone.jsonl")]
        takein = TakeIn(world.parts, RulesExtractor(), "x", lambda: Choice(world.extractor))
        result = await takein.transcripts(paths, None, dry_run=dry_run)
        assert result.files == 0
        assert {Path(problem.path).name: problem.reason for problem in result.problems} == {
            "notes.txt": "its format is not known; name the agent with --agent",
            "title.jsonl": "it holds no conversation",
            "gone.jsonl": "it does not exist",
        }
        result = await takein.transcripts([torn], "claude-code", dry_run=dry_run)
        (problem,) = result.problems
        assert not problem.reason.startswith(str(torn))
        world.say("good", "Racks are blue.")
        result = await takein.transcripts([world.folder], None, dry_run=dry_run)
        assert (result.sessions, result.messages) == (1, 1)

    run(scenario)


statements = st.tuples(
    st.sampled_from(["api/port", "web/port", "", "? ", "? api/port"]),
    st.sampled_from(["It listens on 4310.", "It listens on 4400.", "The racks are blue.", "Deploy with make ship."]),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(statements, min_size=1, max_size=4), min_size=1, max_size=3))
def test_the_plan_is_what_then_happens(sessions: list[list[tuple[str, str]]]) -> None:
    async def scenario(world: World) -> None:
        paths = [
            world.say(
                f"s{number}",
                *(f"{key}: {text}" if key else text for key, text in said),
                start=START + timedelta(days=number),
            )
            for number, said in enumerate(sessions)
        ]
        result = await world.dry_run(*paths)
        planned: dict[str, tuple[str | None, str | None, str]] = {}
        for change in result.planned:
            if change.id is not None and change.action != "skip":
                planned[change.id] = (change.status, change.key, change.summary)
        await world.take_in(*paths)
        assert world.memories() == planned

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(within(Path(folder), scenario))


def test_the_archive_of_the_dry_run_is_its_own(run: Run) -> None:
    async def scenario(world: World) -> None:
        await world.dry_run(world.say("a", "Racks are blue."))
        assert world.parts.journal.messages(SessionRef("claude-code", "a")) == []

    run(scenario)
