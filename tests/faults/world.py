"""The write road and the follow road in one process, without the daemon around them: what a kill may interrupt.

Everything is real: SQLite, git, Tantivy, the memory files.  Only the clock stands still, so that two runs over the same
sessions end in the same bytes.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar.archiving import Archiving
from sidecar.config.settings import ProfileRule
from sidecar.extract.rules import RulesExtractor
from sidecar.follow import Follow
from sidecar.frontmatter import Document, parse
from sidecar.index import Embedder, Index
from sidecar.index.entries import INDEXED_STATUSES, memory_ident
from sidecar.ingest import Learning
from sidecar.journal import Journal
from sidecar.model import Candidate, MemoryType, Message, ProfileRef, SessionRef, Source
from sidecar.routing import Router
from sidecar.share import Sharing
from sidecar.store import Profile, Store, WriteContext

Figure = Callable[[str], None]
"""The type of the fixture `figure`."""

WEB = ProfileRef("local", "web")
PERSONAL = ProfileRef("local", "personal")
NOW = datetime(2026, 11, 20, 16, tzinfo=UTC)
AGENT = "claude-code"


class World:
    """The parts over one folder, as a start of the daemon makes them."""

    def __init__(self, folder: Path, embedder: Embedder, store: Path | None = None, machine: str = "test") -> None:
        """`store`: where the memory files lie, if that is not below the folder.  `machine`: its name."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.journal = Journal.open(folder / "state" / "journal.db")
        self.meddle: Callable[[str], None] | None = None
        self.store = Store(
            store or folder / "store", machine=machine, writes=self.journal, clock=lambda: NOW, step=self._between_steps
        )
        if not self.store.has_namespace("local"):
            self.store.create_namespace("local")
        self.index = Index.open(folder / "cache" / "index", embedder, archive=self.journal)
        self.follow = Follow(self.store, self.journal, self.index, lambda: NOW)
        self.sharing = Sharing(
            self.store, self.follow, machine=machine, clock=lambda: NOW, exclusive=lambda step: step()
        )
        router = Router(
            namespace="local",
            rules=[ProfileRule(path=str(folder / "work" / "web"), profile="web")],
            home=folder,
            temps=(),
            repo_facts=lambda _: None,
            routes=self.journal,
        )
        self.archiving = Archiving(self.journal, router, "local", timedelta(0))
        self.learning = Learning(
            self.journal,
            self.store,
            self.index,
            self.follow,
            by=f"ines@{machine}",
            project=lambda _: None,
            clock=lambda: NOW,
        )
        self.journal.recover(NOW + timedelta(days=1))

    def _between_steps(self, name: str) -> None:
        if self.meddle is not None:
            self.meddle(name)

    def close(self) -> None:
        self.index.close()
        self.journal.close()

    @property
    def web(self) -> Profile:
        return self.learning.profile(WEB)

    @property
    def web_context(self) -> WriteContext:
        return WriteContext("on request")

    def start(self) -> None:
        """What a start does before anything else: finish a merge and a purge, then take over what lies on the disk."""
        self.sharing.resume()
        for profile in self.follow.profiles():
            if profile.unfinished_purge() is not None:
                self.finish_purge(profile)
        self.follow.look_for_leftovers()
        self.follow.catch_up()
        self.commit()
        self.follow.catch_up()  # a commit of hand edits marks their files as edited

    def commit(self) -> None:
        for ref in sorted(self.follow.uncommitted):
            self.follow.commit(ref)

    def finish_purge(self, profile: Profile) -> None:
        """As the daemon does it: out of tree and history, out of the index, and only then is it over."""
        profile.finish_purge()
        self.follow.catch_up([profile.ref])
        profile.end_purge()

    def remember(self, content: str, minutes: int = 0) -> str:
        """Write a statement as `remember` does; the id under which it stands."""
        candidate = Candidate(
            MemoryType.FACT, content, content, NOW + timedelta(minutes=minutes), Source("remember", speaker="user")
        )
        self.learning.take(candidate, WEB)
        return next(one.memory.id for one in self.web.memories(statuses=None) if one.memory.content == content)

    def remember_together(self, contents: Sequence[str], minutes: int = 0) -> None:
        """Write statements as `remember` does with those that wait for it at the same time."""
        profile = self.learning.profile(WEB)
        profile.hold()
        for number, content in enumerate(contents, minutes):
            observed, source = NOW + timedelta(minutes=number), Source("remember", speaker="user")
            candidate = Candidate(MemoryType.FACT, content, content, observed, source)
            self.learning.take(candidate, WEB, index_later=True)
        assert not profile.put_down()
        self.follow.catch_up([WEB], rescan=False)

    def say(self, session: str, texts: Sequence[str]) -> None:
        """Messages over HTTP, archived before this returns."""
        ref = SessionRef("http", session, str(WEB))
        messages = [
            Message(f"{session}-{n}", "http", session, "user", "user", text, NOW) for n, text in enumerate(texts)
        ]
        self.archiving.keep(ref, WEB, messages, due=NOW)

    def learn_one(self) -> SessionRef | None:
        """Extract one session that waits; None if none does."""
        job = self.journal.claim(NOW + timedelta(days=1))
        if job is None:
            return None
        session, upto = self.learning.slice(job.ref, job.after)
        for candidate in RulesExtractor().extract(session):
            self.learning.take(candidate, job.profile)
        self.learning.finish(job, upto)
        return job.ref


def transcripts(folder: Path, sessions: int) -> list[Path]:
    """Sessions of Claude Code with values that change and repeat, the same on each call."""
    return [_transcript(folder, number) for number in range(sessions)]


def _transcript(folder: Path, number: int) -> Path:
    name = f"s-{number:04}"
    path = folder / "transcripts" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    begun = datetime(2026, 9, 1, 9, tzinfo=UTC) + timedelta(hours=number)
    topic = ("api", "worker", "gateway", "mailer")[number % 4]
    said = (
        ("user", f"no, the {topic} listens on port {4000 + number}, not 3000"),
        ("assistant", f"Understood: the {topic} is on {4000 + number} now."),
        ("user", "always run the tests with `make check` before you commit"),
        ("user", f"for the record: the {topic} is owned by team {number % 3}"),
    )
    lines = []
    for place, (role, text) in enumerate(said):
        record = {
            "type": role,
            "uuid": f"{name}-{place}",
            "parentUuid": None,
            "isSidechain": False,
            "sessionId": name,
            "timestamp": (begun + timedelta(minutes=place)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "cwd": str(folder / "work" / "web"),
            "version": "2.1.217",
            "message": {"role": role, "content": text if role == "user" else [{"type": "text", "text": text}]},
        }
        if role == "user":
            record["origin"] = {"kind": "human"}
        lines.append(json.dumps(record))
    path.write_text("\n".join(lines) + "\n")
    return path


def memory_files(store: Path) -> list[Path]:
    """Every memory file, git's own folders and generated pages left out."""
    found = (path for path in store.rglob("*.md") if ".git" not in path.parts and path.name != "PROFILE.md")
    return sorted(path for path in found if path.is_file())


def age_locks(store: Path) -> None:
    """What a killed git has left counts as left after a minute: let that minute have passed."""
    for lock in [*store.rglob(".git/**/*.lock"), *store.rglob(".git/packed-refs.new")]:
        os.utime(lock, (1_790_000_000, 1_790_000_000))


def whole_files(store: Path) -> None:
    """No file of the store is half-written: each is understood, and has all that we write."""
    for path in memory_files(store):
        data = path.read_bytes()
        document = parse(data)
        assert isinstance(document, Document), f"{path}: {data[:200]!r}"
        assert not document.missing, f"{path} lacks {document.missing}"
        assert data.endswith(b"\n"), f"{path} is cut off"


def index_is_the_files(world: World) -> None:
    """What the index knows of the memories is what lies on the disk, by id, path and hash."""
    wanted = {
        memory_ident(stored.profile, stored.memory.id): (stored.path, stored.sha256)
        for stored in (one for found in world.follow.memories().values() for one in found)
        if stored.memory.status in INDEXED_STATUSES
    }
    known = {ident: (one.path, one.sha256) for ident, one in world.index._known.items()}
    assert known == wanted, sorted(set(known.items()) ^ set(wanted.items()), key=str)
    on_disk = {str(path.relative_to(world.store.root / "local")) for path in memory_files(world.store.root)}
    listed = {f"{one.profile.name}/{one.path}" for found in world.follow.memories().values() for one in found}
    assert listed == on_disk


def repositories_are_sound(store: Path) -> None:
    """git finds nothing wrong; a folder without `profile.yaml` is no profile yet, and is made whole when it is one."""
    for folder in sorted((store / "local").iterdir()):
        if (folder / "profile.yaml").exists():
            done = subprocess.run(
                ["git", "-C", str(folder), "fsck", "--strict", "--no-dangling"], capture_output=True, text=True
            )
            assert done.returncode == 0, done.stdout + done.stderr


def bytes_of_git(folder: Path) -> bytes:
    """Every object of a repository, unpacked."""
    return subprocess.run(
        ["git", "-C", str(folder), "cat-file", "--batch-all-objects", "--batch"], capture_output=True, check=True
    ).stdout


def tree(store: Path) -> dict[str, bytes]:
    """Every file of the store by path; a profile's own uuid is drawn at random."""
    found: dict[str, bytes] = {}
    for path in sorted(store.rglob("*")):
        if path.is_file() and ".git" not in path.relative_to(store).parts and path.name != "profile.yaml":
            found[str(path.relative_to(store))] = path.read_bytes()
    return found


def opened(folder: Path, embedder: Embedder, store: Path | None = None, machine: str = "test") -> closing[World]:
    return closing(World(folder, embedder, store, machine))


def home_variables(folder: Path) -> None:
    """git's identity for a process without the fixture `home`."""
    os.environ["HOME"] = str(folder)
    os.environ["GIT_CONFIG_NOSYSTEM"] = "1"
