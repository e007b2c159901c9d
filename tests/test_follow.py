"""The follow road over several profiles: what is wrong with one is noted, and stops no other one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sidecar.errors import FileSystemFailed, GitFailed, StoreVanished
from sidecar.follow import Follow
from sidecar.frontmatter import render
from sidecar.git import Git
from sidecar.identity import memory_id
from sidecar.index import Embedder, Filters, Index
from sidecar.ingest import Learning
from sidecar.journal import Journal
from sidecar.model import Add, Candidate, Memory, MemoryType, Message, ProfileRef, SessionRef, Source
from sidecar.store import Store, WriteContext

WEB, API = ProfileRef("local", "web"), ProfileRef("local", "api")
START = datetime(2026, 9, 1, 9, tzinfo=UTC)
CONTEXT = WriteContext("learned")


@dataclass
class World:
    """Real parts over real files, and a clock that moves when told."""

    folder: Path
    journal: Journal
    now: datetime = START
    embedder: Embedder = field(default_factory=Embedder.load)

    step: Callable[[str], None] = lambda _name: None

    def __post_init__(self) -> None:
        self.index = Index.open(self.folder / "index", self.embedder, archive=self.journal)
        self.restart()

    def restart(self) -> None:
        def step(name: str) -> None:
            self.step(name)

        self.store = Store(
            self.folder / "store", machine="test", writes=self.journal, clock=lambda: self.now, step=step
        )
        self.follow = Follow(self.store, self.journal, self.index, lambda: self.now)
        self.learning = Learning(
            self.journal,
            self.store,
            self.index,
            self.follow,
            by="ines@test",
            project=lambda _: None,
            clock=lambda: self.now,
        )

    def add(self, ref: ProfileRef, content: str) -> None:
        source = Source("remember", speaker="user", by="ines@test")
        memory = Memory(
            memory_id(MemoryType.FACT, content, START), MemoryType.FACT, content, content, START, START, source
        )
        self.store.open(ref, create=True).apply([Add(memory, "new")], CONTEXT)
        self.follow.note_change(ref)

    def say(self, ref: ProfileRef, text: str) -> Candidate:
        """A message of a session of the profile, and what would be learned from it."""
        self.journal.record_read(
            "/t/s.jsonl", None, ref, [Message("m1", "codex", "s", "user", "user", text, START)], cursor="{}"
        )
        self.journal.enqueue(SessionRef("codex", "s"), ref, due=START)
        source = Source("transcript", "codex", "s", "user", ("m1",), "ines@test")
        return Candidate(MemoryType.FACT, text, text, START, source)

    def head(self, ref: ProfileRef) -> str | None:
        return Git(self.store.root / ref.namespace / ref.name, "test").head()

    def indexed(self, ref: ProfileRef, content: str) -> bool:
        return bool(self.index.neighbours(ref, content, 1))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Journal.open(tmp_path / "journal.db") as journal:
        made = World(tmp_path, journal)
        made.store.create_namespace("local")
        made.add(WEB, "The cable is blue.")
        made.add(API, "The plug is red.")
        made.follow.catch_up()
        for ref in (WEB, API):
            made.follow.commit(ref)
        yield made
        made.index.close()


def test_a_profile_that_cannot_be_opened_is_named_until_it_is_mended(world: World) -> None:
    path = world.store.root / "local" / "web" / "profile.yaml"
    good = path.read_text()
    path.write_text(good.replace("format: 1", "format: 99"))
    world.restart()
    assert [profile.ref for profile in world.follow.profiles()] == [API]
    world.add(API, "The lamp is green.")
    world.follow.catch_up()
    assert list(world.follow.faults) == [WEB]
    assert "newer sidecar" in world.follow.faults[WEB]
    assert world.indexed(API, "The lamp is green.")
    assert world.follow.bad_files() == []
    path.write_text(good)
    world.follow.catch_up()
    assert world.follow.faults == {}
    assert world.indexed(WEB, "The cable is blue.")


def test_a_sudden_emptiness_is_named_and_its_last_snapshot_answers(world: World) -> None:
    shutil.rmtree(world.store.root / "local" / "web")
    world.follow.note_change(WEB)
    world.follow.catch_up()
    assert "sidecar accept" in world.follow.faults[WEB]
    assert world.indexed(WEB, "The cable is blue.")
    with pytest.raises(StoreVanished):
        world.follow.commit(WEB)
    assert WEB in world.follow.uncommitted


def test_what_was_deleted_is_forgotten(world: World, tmp_path: Path) -> None:
    world.follow.note_change(WEB)
    world.store.delete_profile(WEB, tmp_path / "trash")
    world.follow.forget(WEB)
    world.follow.catch_up([WEB])
    assert (world.follow.uncommitted, world.follow.faults) == ({}, {})
    assert not world.indexed(WEB, "The cable is blue.")
    world.follow.note_change(WEB)
    assert world.follow.commit(WEB) == []
    assert world.follow.uncommitted == {}


def _refused(name: str) -> None:
    """The disk is full for whatever is to be written now."""
    if name.startswith("write "):
        raise FileSystemFailed(path=name, action="written", why="No space left on device")


def _two_of_one_key(world: World) -> None:
    """A memory with a key, and another by a hand that says it anew."""
    keyed = {"key": "web/package-manager", "source": Source("hand", speaker="user", by="ines")}
    for content, later in (("Use pnpm.", timedelta()), ("Use npm.", timedelta(seconds=5))):
        moment = START + later
        made = memory_id(MemoryType.INSTRUCTION, content, moment)
        source = Source("hand", speaker="user", by="ines")
        memory = Memory(made, MemoryType.INSTRUCTION, content, content, moment, moment, source).replace(**keyed)
        path = world.store.root / "local" / "web" / "instructions" / f"{content[4:-1]}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(render(memory))


def _standing(world: World) -> dict[str, str]:
    found = world.store.open(WEB).memories(statuses=None)
    return {one.memory.content: one.memory.status.value for one in found if one.memory.key}


def test_two_of_one_key_are_settled_once_a_fault_of_writing_has_passed(world: World) -> None:
    _two_of_one_key(world)
    world.step = _refused
    world.follow.catch_up()
    assert "No space left" in world.follow.faults[WEB]
    assert WEB in world.follow.uncommitted, "what the hand has written waits for its commit all the same"
    world.step = lambda _name: None
    world.follow.catch_up(paths={WEB: ()})  # nothing has changed since: no event tells of these files again
    assert _standing(world) == {"Use pnpm.": "superseded", "Use npm.": "active"}
    assert world.follow.faults == {}


def test_a_fault_of_writing_loses_no_mark_of_a_message_and_no_memory_of_the_index(world: World) -> None:
    """What has moved stays noted until the archive and the index have it."""
    candidate = world.say(WEB, "The lamp is red.")
    world.learning.take(candidate, WEB)
    world.follow.catch_up()
    profile = world.store.open(WEB)
    assert (profile.moved.messages, profile.moved.ids, profile.moved.keys) == (set(), set(), set())
    _two_of_one_key(world)
    [learned] = [one for one in profile.memories() if one.memory.content == "The lamp is red."]
    profile.forget(learned.memory.id, None, CONTEXT)
    assert profile.moved.messages == {"m1"}
    world.step = _refused
    world.follow.catch_up()
    assert WEB in world.follow.faults
    assert profile.moved.messages == {"m1"}, "the archive has not been told yet"
    world.step = lambda _name: None
    world.follow.catch_up(paths={WEB: ()})
    assert (profile.moved.messages, profile.moved.ids, profile.moved.keys) == (set(), set(), set())
    [change] = [one for one in world.journal.changes(0, 10) if one.id == "m1"]
    assert change.forgotten
    hits = world.index.neighbours(WEB, "The lamp is red.", 10)
    assert learned.memory.id not in [name for name, _ in hits]


def test_folders_that_are_no_profiles_are_passed_by(world: World) -> None:
    (world.store.root / "local" / "drafts").mkdir()
    world.follow.catch_up([ProfileRef("local", "drafts"), ProfileRef("local", ".DS_Store"), ProfileRef("x", "y")])
    assert world.follow.faults == {}


def test_a_start_finds_what_is_uncommitted_and_lets_it_rest(world: World) -> None:
    world.add(WEB, "The lamp is green.")
    world.restart()
    world.now += timedelta(hours=1)
    world.follow.look_for_leftovers()
    assert world.follow.uncommitted == {WEB: (world.now, world.now)}


def test_a_job_commits_what_it_has_touched_alone(world: World) -> None:
    world.add(API, "The lamp is green.")
    candidate = world.say(WEB, "The wire is grey.")
    before = world.head(API), world.head(WEB)
    job = world.journal.claim(world.now)
    assert job is not None
    world.learning.take(candidate, WEB)
    world.learning.finish(job, 1)
    assert world.head(API) == before[0]
    assert world.head(WEB) != before[1]
    assert list(world.follow.uncommitted) == [API]


def test_a_commit_that_fails_does_not_fail_the_job(world: World) -> None:
    candidate = world.say(WEB, "The wire is grey.")
    git = world.store.root / "local" / "web" / ".git"
    (git / "MERGE_HEAD").write_text("0" * 40 + "\n")
    job = world.journal.claim(world.now)
    assert job is not None
    world.learning.take(candidate, WEB)
    world.learning.finish(job, 1)
    assert world.journal.queue().pending == world.journal.queue().running == 0
    with pytest.raises(GitFailed):
        world.follow.commit(WEB)
    (git / "MERGE_HEAD").unlink()
    assert world.follow.commit(WEB)


def test_a_session_that_is_extracted_while_its_profile_is_deleted_does_not_make_it_again(
    world: World, tmp_path: Path
) -> None:
    candidate = world.say(WEB, "The wire is grey.")
    job = world.journal.claim(world.now)
    assert job is not None
    world.store.delete_profile(WEB, tmp_path / "trash")
    world.journal.remove_profile(WEB)
    world.follow.forget(WEB)
    assert world.learning.take(candidate, WEB) == []
    world.learning.finish(job, 1)
    assert world.store.profiles() == [API]


def test_news_of_the_archive_can_be_taken_over_in_short_runs(world: World) -> None:
    def tell(first: int, last: int) -> None:
        said = [
            Message(f"m{number}", "codex", "s", "user", "user", f"crane {number}", START, position=number)
            for number in range(first, last)
        ]
        world.journal.record_read("/t/s.jsonl", None, WEB, said, cursor="{}")

    def held() -> int:
        return len(world.index.view.verbatim(WEB, {"crane": 1.0}, Filters(), 10_000))

    tell(0, 1)
    world.follow.catch_up([], portion=True)
    tell(1, 1_400)
    runs = []
    while world.follow.catch_up([], portion=True):
        runs.append((held(), world.follow.unfinished))
        world.follow.catch_up([], rescan=False, messages=False)  # somebody writes a memory meanwhile
        assert runs[-1][1] == world.follow.unfinished
        if not world.follow.unfinished:
            break
    assert [unfinished for _, unfinished in runs] == [True, True, False]
    assert [number for number, _ in runs] == sorted({number for number, _ in runs}), "each run has brought some"
    assert held() == 1_400
    tell(1_400, 3_000)
    world.follow.catch_up([], portion=True)
    world.follow.catch_up([])  # whoever needs all of it at once gets it
    assert (held(), world.follow.unfinished) == (3_000, False)
    world.follow.catch_up([], anew=True, portion=True)
    assert (held(), world.follow.unfinished) == (3_000, False), "an index that is made anew is never half of one"
