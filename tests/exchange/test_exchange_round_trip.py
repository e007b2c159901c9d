"""What is exported comes back byte for byte, in both formats, and nothing goes out that was not asked for."""

from __future__ import annotations

import asyncio
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from home_kit import WEB, Scenario, World, home, tar
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from memory_strategies import memories

from sidecar.daemon.protocol import Told
from sidecar.frontmatter import render
from sidecar.identity import memory_id
from sidecar.model import Add, Memory, Status
from sidecar.redact import redact
from sidecar.store import WriteContext

Run = Callable[[Scenario], None]
WHY = WriteContext("a test")
FORMATS = pytest.mark.parametrize("name", ["all.tar", "all.jsonl"])

ODD = """\
---
# mine
type:   fact    # of course
mood: "blue"
summary: 'Odd, but mine'
key: odd/thing
---

  An odd file,  with blanks.
"""


def grown(world: World) -> None:
    """A profile with a version that was superseded, a forgotten, a private, a proposed and a hand-made memory."""
    for content in ("The api listens on 4310.", "The api listens on 4400."):
        world.service._takein.remember(WEB, Told(content, None, None, "api/port", (), pinned=False))
    world.hand("facts/odd.md", ODD)
    world.hand("private/facts/mine.md", "Only for me.\n")
    world.hand("facts/gone.md", "Nobody needs this.\n")
    world.hand("facts/waits.md", "---\nstatus: proposed\nreason: new\n---\nPerhaps so.\n")
    gone = next(one for one in world.memories() if one.memory.content == "Nobody needs this.")
    world.profile.forget(gone.memory.id, "old", WHY)
    world.parts.follow.catch_up([WEB])
    world.profile.commit()
    world.profile.settle()


@FORMATS
def test_everything_comes_back_byte_for_byte(run: Run, tmp_path: Path, name: str) -> None:
    async def scenario(world: World) -> None:
        grown(world)
        path = await world.export(name, private=True, forgotten=True)
        with home(tmp_path / "other") as other:
            result = await other.bring(path)
            assert result.left_out == []
            assert (result.counts.add, result.counts.forget) == (6, 1)
            assert other.tree() == world.tree()
            assert other.profile.commit()
            again = await other.bring(path)
            assert {change.action for change in again.changes} == {"skip"}
            assert other.tree() == world.tree()
            assert other.profile.commit() == []

    run(scenario)


@FORMATS
def test_private_and_forgotten_memories_go_out_only_if_asked_for(run: Run, tmp_path: Path, name: str) -> None:
    async def scenario(world: World) -> None:
        grown(world)
        path = await world.export(name)
        assert b"Only for me" not in path.read_bytes()
        assert b"Nobody needs" not in path.read_bytes()
        assert b"facts/mine.md" not in path.read_bytes()
        header = head(path)
        assert {(left["path"], left["why"]) for left in header["left"]} == {
            ("private/", "private"),
            ("archive/facts/gone.md", "it was forgotten"),
        }
        assert (header["memories"], header["tombstones"]) == (4, 0)
        with home(tmp_path / "other") as other:
            assert (await other.bring(path)).counts.add == 4

    run(scenario)


def head(path: Path) -> dict[str, object]:
    if path.suffix == ".jsonl":
        return json.loads(path.read_bytes().split(b"\n")[0])
    with tarfile.open(path) as archive:
        return json.loads(archive.extractfile(archive.next()).read())


def test_json_lines_say_what_the_files_say_to_programs_that_want_no_yaml(run: Run) -> None:
    async def scenario(world: World) -> None:
        grown(world)
        lines = (await world.export("all.jsonl")).read_text().splitlines()[1:]
        told = {one["path"]: one["memory"] for one in map(json.loads, lines)}
        assert told["facts/odd.md"]["content"] == "  An odd file,  with blanks."
        assert told["facts/odd.md"]["key"] == "odd/thing"
        assert told["facts/odd.md"]["source"]["origin"] == "hand"

    run(scenario)


def test_a_bad_file_goes_out_as_it_last_was_good_and_other_files_are_named(run: Run) -> None:
    async def scenario(world: World) -> None:
        grown(world)
        world.hand("facts/odd.md", "---\nid: [\n---\nbroken\n")
        world.hand("facts/never.md", "---\nid: [\n---\nbroken\n")
        (world.profile.folder / "facts" / "plan.png").write_bytes(b"png")
        path = await world.export("all.jsonl")
        why = {left["path"]: left["why"] for left in head(path)["left"]}
        assert why["facts/odd.md"].startswith("it is no memory now, so its last good version")
        assert "facts/never.md" in why
        assert why["facts/plan.png"] == "it is no memory"
        assert "An odd file" in path.read_text()

    run(scenario)


def test_what_is_here_already_stays_and_what_was_forgotten_here_stays_forgotten(run: Run, tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        grown(world)
        path = await world.export("all.tar")
        with home(tmp_path / "other") as other:
            await other.bring(path)
            by_words = {one.memory.content: one for one in other.memories()}
            odd, waits = by_words["  An odd file,  with blanks."], by_words["Perhaps so."]
            other.hand(odd.path, (other.profile.folder / odd.path).read_text().replace("with blanks", "edited here"))
            other.profile.forget(waits.memory.id, None, WHY)
            other.parts.follow.catch_up([WEB])
            other.profile.commit()
            before = other.tree()
            result = await other.bring(path)
            assert other.tree() == before
            assert "in other words, which stay" in {change.why.partition(", ")[2] for change in result.changes}
            assert {change.action for change in result.changes} == {"skip"}
            other.profile.delete(odd.memory.id, WHY)
            other.parts.follow.catch_up([WEB])
            again = await other.bring(path)
            assert [left.why for left in again.left_out] == ["it was forgotten here"]

    run(scenario)


@FORMATS
def test_what_was_purged_does_not_come_back_by_an_older_export(run: Run, name: str) -> None:
    async def scenario(world: World) -> None:
        grown(world)
        hidden = next(one for one in world.memories() if one.memory.content == "Only for me.")
        world.profile.forget(hidden.memory.id, None, WHY)
        path = await world.export(name, private=True, forgotten=True)
        gone = world.memories(statuses=[Status.FORGOTTEN])
        assert len(gone) == 2
        twin = gone[0].memory.replace(id=memory_id(gone[0].memory.type, "something else", gone[0].memory.observed))
        for one in gone:
            world.profile.begin_purge(world.profile.purge_plan([one.memory.id]))
            world.profile.finish_purge()
            world.profile.end_purge()
        world.parts.follow.catch_up([WEB])
        before = world.tree()
        archive = tar(("archive/facts/twin.md", render(twin), tarfile.REGTYPE))
        for dry_run in (True, False):
            result = await world.bring(path, dry_run=dry_run)
            assert [left.why for left in result.left_out] == ["it was purged here"] * 2
            other_id = await world.bring(world.file("t.tar", archive), dry_run=dry_run)
            assert [left.why for left in other_id.left_out] == ["it was purged here"]
        assert world.tree() == before
        assert head(await world.export("again.jsonl", private=True))["left"] == []

    run(scenario)


def test_an_export_may_be_hostile(run: Run) -> None:
    async def scenario(world: World) -> None:
        good = (await _one(world)).read_bytes()
        file = json.loads(good.splitlines()[1])["text"].encode()
        inside = dict(world.tree())
        hostile = world.file(
            "h.tar",
            tar(
                ("../../../evil.md", file, tarfile.REGTYPE),
                ("/tmp/evil.md", file, tarfile.REGTYPE),
                ("facts/link.md", b"", tarfile.SYMTYPE),
                ("facts/huge.md", b"x" * 300_000, tarfile.REGTYPE),
                ("facts/bomb.md", b"---\na: &a [x]\nb: [*a, *a]\nid: nope\n---\nx\n", tarfile.REGTYPE),
                ("tombstones/no.yaml", b"format: 9\n", tarfile.REGTYPE),
            ),
        )
        result = await world.bring(hostile)
        assert len(result.left_out) == 6
        assert result.changes == []
        assert world.tree() == inside
        cut = world.file("cut.tar", hostile.read_bytes()[:1800])
        assert (await world.bring(cut)).left_out
        assert (await world.bring(world.file("no.tar", b"not a tar at all"))).left_out
        assert (await world.bring(world.file("no.jsonl", b'{"a": 1}\n'), form="sidecar")).left_out

    run(scenario)


async def _one(world: World) -> Path:
    world.hand("facts/odd.md", ODD)
    return await world.export("one.jsonl")


def _kept_by_redaction(memory: Memory) -> bool:
    words = (memory.content, memory.summary, memory.reason or "", *memory.queries, *memory.keywords, *memory.tags)
    return all(redact(word, spoken=True).text == word for word in words)


def _alone(memory: Memory) -> Memory:
    """Without ties to others, which would be settled, and in words that no other one has."""
    ties = {"status": Status.ACTIVE, "key": None, "supersedes": None, "superseded_by": None, "reason": None}
    return memory.replace(**ties, content=f"{memory.content}\n{memory.id}")


plain = memories.map(_alone).filter(_kept_by_redaction)


@given(
    st.lists(plain, max_size=8, unique_by=lambda one: one.id),
    st.sampled_from(["tar", "jsonl"]),
)
# Not made smaller when it fails: each example takes some seconds on a busy machine.
@settings(max_examples=10, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
def test_any_memories_make_the_round_trip(two_homes: tuple[World, World], found: list[Memory], form: str) -> None:
    """Over the same two homes: what came before comes again, and is known."""
    here, there = two_homes
    here.profile.apply([Add(one, "new") for one in found], WHY)
    result = asyncio.run(there.bring(asyncio.run(here.export(f"all.{form}"))))
    assert not result.left_out, result.left_out
    assert there.tree() == here.tree()
    assert {change.action for change in result.changes} <= {"add", "skip"}


@pytest.fixture(scope="module")
def two_homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, World]]:
    with home(tmp_path_factory.mktemp("here")) as here, home(tmp_path_factory.mktemp("there")) as there:
        yield here, there
