"""Namespaces and profiles, what a profile says of itself, its page, its log, and its tombstones' files."""

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.errors import BadMemoryFile, FieldError, FormatTooNew, NamespaceExists, NotFound, UnknownNamespace
from sidecar.frontmatter import load_mapping, render
from sidecar.model import Add, MemoryType, ProfileRef, Revise, Source, Status
from sidecar.store import ProjectIdentity, WriteContext

OTHER = ProfileRef("local", "api")


def test_namespaces_and_profiles_are_listed_and_made(kit) -> None:
    kit.store.create_namespace("team")
    kit.store.open(OTHER, create=True)
    kit.store.open(ProfileRef("team", "web"), create=True)
    (kit.root / "Not-A-Name").mkdir()
    (kit.root / "local" / "no-profile").mkdir()
    assert kit.store.namespaces() == ["local", "team"]
    assert [str(ref) for ref in kit.store.profiles()] == ["local/api", "local/web", "team/web"]
    assert kit.store.profiles("team") == [ProfileRef("team", "web")]
    assert kit.store.exists(OTHER)
    assert not kit.store.exists(ProfileRef("local", "../local/web"))
    with pytest.raises(NamespaceExists):
        kit.store.create_namespace("team")
    with pytest.raises(UnknownNamespace):
        kit.store.profiles("nobody")
    with pytest.raises(NotFound, match="local/none"):
        kit.store.open(ProfileRef("local", "none"))


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a_b", "a/b", "..", "a" * 33, "é"])
def test_names_that_are_none_are_refused(kit, name) -> None:
    with pytest.raises(FieldError):
        kit.store.create_namespace(name)
    with pytest.raises(FieldError):
        kit.store.open(ProfileRef("local", name), create=True)


def test_a_profile_says_what_it_is_about_but_not_where_it_lies(kit) -> None:
    project = ProjectIdentity("a" * 40, ("https://example.org/x.git",), "/home/ines/x")
    profile = kit.store.open(OTHER, create=True, project=project)
    values = load_mapping((kit.root / "local/api/profile.yaml").read_bytes())
    assert values == {
        "format": "1",
        "uuid": profile.info.uuid,
        "name": "api",
        "project": {"root_commit": "a" * 40, "remotes": ["https://example.org/x.git"]},
        "share": {"remote": None},
    }
    assert kit.store.open(OTHER) is profile
    kit.restart()
    assert kit.store.open(OTHER).info == profile.info


@pytest.mark.parametrize(
    ("text", "error"),
    [("format: 2\n", FormatTooNew), ("format: [\n", BadMemoryFile), ("uuid: x\n", BadMemoryFile)],
)
def test_a_profile_of_another_format_is_left_untouched(kit, text, error) -> None:
    kit.write("profile.yaml", text)
    with pytest.raises(error, match=r"local/web/profile\.yaml"):
        kit.restart()
    assert (kit.folder / "profile.yaml").read_text() == text


def test_a_deleted_profile_lies_in_the_trash_and_its_name_is_free(kit, tmp_path) -> None:
    stored = kit.add("one")
    trash = tmp_path / "state" / "trash"
    first = kit.store.delete_profile(kit.profile.ref, trash)
    assert (first / stored.path).is_file()
    assert kit.restart().memories() == []
    assert kit.store.delete_profile(kit.profile.ref, trash) != first
    with pytest.raises(NotFound):
        kit.store.delete_profile(kit.profile.ref, trash)
    assert (kit.store.delete_namespace("local", trash)).is_dir()
    assert kit.store.namespaces() == []
    with pytest.raises(UnknownNamespace):
        kit.store.delete_namespace("local", trash)


def test_one_cause_is_one_commit_with_its_reasons_and_trailers(kit) -> None:
    first, second = kit.add("one", key="a/one"), kit.add("two", 1)
    kit.profile.apply([Add(kit.memory("three", 2), "asked for")], WriteContext("remember", session="s-2"))
    assert len(kit.profile.commit()) == 3
    entries = kit.profile.log()
    assert [entry.subject for entry in entries] == [
        "Add fact three: asked for",
        "2 changes: learned from claude-code",
        "Create profile web",
    ]
    assert entries[1].memories == (first.memory.id, second.memory.id)
    assert (entries[1].sessions, entries[1].agents) == (("s-1",), ("claude-code",))
    assert "Why: learned from claude-code\n- Add fact a/one: new\n- Add fact two: new" in entries[1].body
    assert kit.profile.log(limit=1) == entries[:1]
    kit.profile.forget(first.memory.id, "wrong", kit.context)
    kit.profile.commit()
    assert [entry.subject for entry in kit.profile.log(first.memory.id)] == [
        "Forget fact a/one: wrong",
        "2 changes: learned from claude-code",
    ]
    assert kit.profile.log("01M4AAAAAAAAAAAAAAAAAAAAAA") == []


def test_sessions_that_take_turns_make_one_commit_each_unless_they_write_the_same_file(kit) -> None:
    kit.profile.commit()
    here, there = WriteContext("told", session="s-1"), WriteContext("told", session="s-2")
    turns = [
        kit.profile.apply([Add(kit.memory(f"turn {number}", number), "new")], (here, there)[number % 2])[0]
        for number in range(6)
    ]
    assert len(kit.profile.commit()) == 2
    latest, before = kit.profile.log(limit=2)
    assert (latest.sessions, set(latest.memories)) == (("s-2",), {one.memory.id for one in turns[1::2]})
    assert (before.sessions, set(before.memories)) == (("s-1",), {one.memory.id for one in turns[::2]})

    (mine,) = kit.profile.apply([Add(kit.memory("mine", 7), "new")], here)
    kit.profile.apply([Revise(mine, {"pinned": True}, "theirs")], there)
    kit.profile.apply([Add(kit.memory("mine again", 8), "new")], here)
    assert len(kit.profile.commit()) == 3
    assert [entry.sessions for entry in kit.profile.log(limit=3)] == [("s-1",), ("s-2",), ("s-1",)]


def test_what_was_written_before_an_interruption_is_committed_as_ours(kit) -> None:
    kit.add("one")
    kit.restart()
    kit.profile.commit()
    assert {author for author, _ in kit.commits()} == {"sidecar"}


def test_the_page_has_five_headings_and_shows_pinned_memories_first(kit) -> None:
    assert kit.profile.summary_markdown() == ""
    kit.add("old fact")
    kit.add("pinned fact", 1, pinned=True)
    kit.add("new\nfact", 2, summary="new\nfact")
    kit.add("released", 3, type=MemoryType.EVENT, occurred="2026-11-01")
    kit.add("to do", 4, type=MemoryType.TASK, source=Source("transcript", session="s-9"))
    kit.add("use pnpm", 5, type=MemoryType.INSTRUCTION, source=Source("remember"))
    kit.add("quarantined", 6, status=Status.PROPOSED)
    assert kit.profile.summary_markdown() == (
        "## Key Facts\n\n- pinned fact\n- new fact\n- old fact\n\n"
        "## Recent Events\n\n- 2026-11-01: released\n\n"
        "## Active Tasks\n\n- to do\n\n"
        "## Last Session\n\n- to do\n\n"
        "## Instructions\n\n- use pnpm\n"
    )
    assert "## Last Session\n\n- pinned fact\n- 2026-11-01: released\n" in kit.profile.summary_markdown("s-1")
    kit.profile.commit()
    page = (kit.folder / "PROFILE.md").read_text()
    assert page.endswith(kit.profile.summary_markdown())
    before = (kit.folder / "PROFILE.md").stat().st_ino
    kit.profile.commit()
    assert (kit.folder / "PROFILE.md").stat().st_ino == before


def test_the_page_says_what_it_leaves_out(kit) -> None:
    for number in range(23):
        kit.add(f"fact {number}", number)
    assert "- … and 3 more\n" in kit.profile.summary_markdown()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id: [\n", "YAML"),
        ("format: 2\nid: 01M4AAAAAAAAAAAAAAAAAAAAAA\n", "format"),
        ("format: 1\nid: 1\ncontent_hash: x\n", "`id`"),
        ("format: 1\nid: 01M4AAAAAAAAAAAAAAAAAAAAAA\ncontent_hash: x\ntime: never\n", "`time`"),
        ("format: 1\nid: 01M4AAAAAAAAAAAAAAAAAAAAAA\ncontent_hash: x\nmessages: {}\n", "`messages`"),
    ],
)
def test_a_tombstone_that_makes_no_sense_is_named(kit, text, reason) -> None:
    kit.write("tombstones/x.yaml", text)
    kit.profile.refresh()
    (bad,) = kit.profile.bad_files()
    assert bad.path == "tombstones/x.yaml"
    assert reason in bad.reason
    (kit.folder / "tombstones/x.yaml").unlink()
    kit.profile.refresh()
    assert kit.profile.bad_files() == []


def test_leftovers_of_an_interrupted_write_are_removed_and_never_counted(kit) -> None:
    kit.write("facts/general/.sidecar-0123.tmp", "---\n")
    kit.profile.refresh()
    kit.profile.settle()
    assert kit.files() == []


def test_a_new_version_whose_old_one_was_left_active_retires_it(kit) -> None:
    old = kit.add("npm", key="web/pm")
    new = kit.add("pnpm", 5, key="web/pm", supersedes=old.memory.id)
    kit.profile.settle()
    retired = kit.profile.get(old.memory.id)
    assert (retired.memory.status, retired.memory.superseded_by) == (Status.SUPERSEDED, new.memory.id)
    assert retired.memory.valid_until == new.memory.observed
    assert retired.path == f"archive/{old.path}"


def test_a_persons_word_is_not_retired_by_a_machines(kit) -> None:
    old = kit.add("npm", key="web/pm", edited=kit.now)
    kit.add("pnpm", 5, key="web/pm", supersedes=old.memory.id)
    kit.profile.settle()
    assert kit.profile.get(old.memory.id).memory.status is Status.ACTIVE


def test_a_memory_that_says_it_supersedes_itself_stays(kit) -> None:
    stored = kit.add("npm", key="web/pm")
    path = kit.folder / stored.path
    path.write_text(path.read_text().replace("type: fact\n", f"type: fact\nsupersedes: {stored.memory.id}\n"))
    kit.cycle()
    assert [one.memory.id for one in kit.profile.memories()] == [stored.memory.id]


KILLED = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from datetime import timedelta
from pathlib import Path
from store_kit import Kit
from sidecar.model import Add, Supersede

class FileWrites:
    def __init__(self, path):
        self.path = path
    def load(self):
        return json.loads(self.path.read_text()) if self.path.exists() else {}
    def note_writes(self, profile, hashes):
        for path, sha256 in hashes.items():
            self.note_write(profile, path, sha256)
    def note_write(self, profile, path, sha256):
        known = self.load()
        known.pop(path, None)
        if sha256:
            known[path] = sha256
        temporary = self.path.with_suffix(".new")
        temporary.write_text(json.dumps(known))
        temporary.replace(self.path)
    def marks(self, profile):
        return {}
    def last_write(self, profile, path):
        return self.load().get(path)

left = int(sys.argv[3])
def step(name):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), 9)

root = Path(sys.argv[2])
kit = Kit(root / "store", writes=FileWrites(root / "writes.json"), step=step)
kit.cycle()
last = None
for number in range(4):
    profile = kit.profile
    memory = kit.memory(f"value {number}", number, key="web/pm", supersedes=last)
    last = memory.id
    if profile.get(memory.id) is None:
        old = [s for s in profile.versions("web/pm") if s.memory.status.value == "active"]
        plan = [Supersede(s, memory.id, memory.observed, "newer") for s in old]
        profile.apply([*plan, Add(memory, "new")], kit.context)
        kit.profile.settle()
    if number % 2:
        profile.commit()
kit.cycle()
"""


def run_killed(root: Path, after: int) -> int:
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(root), str(after)]
    return subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True).returncode


def tree(root: Path) -> dict[str, bytes]:
    found = (path for path in (root / "store").rglob("*") if path.is_file() and ".git" not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in found if path.name != "profile.yaml"}


def test_a_process_killed_anywhere_and_run_again_ends_in_the_same_tree(tmp_path) -> None:
    (tmp_path / "calm").mkdir()
    assert run_killed(tmp_path / "calm", 0) == 0
    wanted = tree(tmp_path / "calm")
    for first in (1, 3, 6, 10, 13, 17, 22, 28, 33):
        root, after = tmp_path / f"killed-{first}", first
        root.mkdir()
        while run_killed(root, after) != 0:  # killed again and again, as long as that many steps are left to do
            after += 9
        assert tree(root) == wanted
        status = subprocess.run(["git", "status", "--porcelain"], cwd=root / "store/local/web", capture_output=True)
        assert status.stdout == b""


def test_a_thousand_memories_survive_a_restart_unread_by_a_quiet_look(kit) -> None:
    plan = [Add(kit.memory(f"memory number {number}", number), "new") for number in range(200)]
    kit.profile.apply(plan, kit.context)
    kit.profile.commit()
    seen = kit.profile.memories()
    kit.now += timedelta(days=1)
    assert kit.restart().memories() == seen
    assert [render(stored.memory) for stored in seen] == [(kit.folder / s.path).read_bytes() for s in seen]
    assert kit.cycle() == []


def test_differs_tells_a_changed_folder_from_one_that_only_grew_older(kit) -> None:
    """What was read within two seconds of its writing is the same file when it is looked at later."""
    kit.add("The api listens on port 4310.")
    assert not kit.profile.differs()
    time.sleep(2.1)
    assert not kit.profile.differs()
    (kit.folder / "facts" / "by-hand.md").write_text("Tea is at four.\n")
    assert kit.profile.differs()
    kit.profile.refresh()
    assert not kit.profile.differs()
