"""Years of old sessions on the product's own road: how long until all of it can be searched, and what that costs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.asking import Answers, Asker
from benchmarks.home import POLL_SECONDS, SETTLE_SECONDS, Home, running
from benchmarks.rendered import Session
from sidecar.client import Client, Profile
from sidecar.follow import Follow
from sidecar.index import Embedder, Index
from sidecar.journal import Journal
from sidecar.model import ProfileRef
from sidecar.redact import redact_messages
from sidecar.store import Store
from sidecar.transcripts import READERS

STAGES = ("parsing", "redaction", "archiving", "indexing")

_PROFILE = ProfileRef("local", "bench")
_PHRASE_WORDS = 8


_READER = "sidecar.daemon.reading"
"""What tells the reading process from others, and from itself before it has begun."""

_CALM_S = 15.0
"""So long answers are timed once nothing is left to do, to compare with."""


@dataclass(frozen=True, slots=True)
class Cost:
    """A back-fill by the daemon.

    seconds: from its start until everything is archived and indexed.
    cpu_seconds, peak: of the daemon; `reader_...`: of the process that reads for it.
    asked, found: phrases that were searched for afterwards, and how many of them were found.
    """

    seconds: float
    cpu_seconds: float
    reader_cpu_seconds: float
    peak: int
    reader_peak: int
    found: int
    asked: int


def by_daemon(sessions: Sequence[Session], home: Path, tick: Callable[[int], None]) -> Cost:
    """Start a daemon over a home with old sessions and wait until nothing is left to do.

    `tick` is told how many files are done.  Afterwards the first words of a session now and then are searched for.
    """
    begun = time.monotonic()
    with running(home) as daemon:
        process, memory = psutil.Process(daemon.pid), _Memory()
        _wait(daemon, begun, tick, lambda: memory.look(process))
        seconds, used = time.monotonic() - begun, process.cpu_times()
        asked = _phrases(sessions)
        found = sum(_finds(daemon.client, phrase) for phrase in asked)
    return Cost(
        seconds=seconds,
        cpu_seconds=used.user + used.system,
        reader_cpu_seconds=used.children_user + used.children_system,
        peak=memory.own,
        reader_peak=memory.reader,
        found=found,
        asked=len(asked),
    )


def beside(
    sessions: Sequence[Session], home: Path, tick: Callable[[int], None], *, calm_s: float = _CALM_S
) -> tuple[Answers, Answers]:
    """How long answers take while a daemon takes old sessions in, and for `calm_s` seconds afterwards."""
    questions = _phrases(sessions)
    with running(home) as daemon:
        socket = daemon.folder / "run" / "sidecar.sock"
        busy, calm = Asker(socket, questions), Asker(socket, questions)
        with busy.asking():
            _wait(daemon, time.monotonic(), tick)
        with calm.asking():
            time.sleep(calm_s)
    return busy.answers, calm.answers


def _wait(daemon: Home, begun: float, tick: Callable[[int], None], look: Callable[[], None] = lambda: None) -> None:
    """Wait until everything is archived and indexed.  Raises TimeoutError."""
    settled = False
    while not settled:
        status = daemon.client.status()
        settled = status["settled"] and status["backfill"]["done"] >= status["backfill"]["total"] > 0
        look()
        tick(status["backfill"]["done"])
        if time.monotonic() > begun + SETTLE_SECONDS:
            raise TimeoutError(f"the back-fill has not ended within {SETTLE_SECONDS} s")
        time.sleep(POLL_SECONDS)


@dataclass
class _Memory:
    """The most resident bytes seen of a daemon and of the process that reads for it."""

    own: int = 0
    reader: int = 0

    def look(self, process: psutil.Process) -> None:
        self.own = max(self.own, process.memory_info().rss)
        for child in process.children():
            with suppress(psutil.Error):  # it has ended since
                if any(_READER in word for word in child.cmdline()):
                    self.reader = max(self.reader, child.memory_info().rss)


def _phrases(sessions: Sequence[Session]) -> list[str]:
    """The first words of a session now and then."""
    return [phrase for session in sessions[:: max(1, len(sessions) // 20)] if (phrase := _phrase(session))]


def _phrase(session: Session) -> str:
    """The first words that somebody says in a session."""
    messages = READERS[session.agent].read(session.path, None).messages
    said = next((message.text for message in messages if message.speaker == "user"), "")
    return " ".join(said.split()[:_PHRASE_WORDS])


def _finds(client: Client, phrase: str) -> bool:
    names = [profile["name"] for profile in client.profiles()]
    return any(client.search(Profile(name=name), phrase, limit=1) for name in names or ["personal"])


def by_stage(sessions: Iterable[Session], tick: Callable[[int], None]) -> tuple[int, Mapping[str, float]]:
    """The bytes of some sessions and the CPU seconds of each stage, one after the other in this process."""
    clock, size = Clock(), 0
    with (
        tempfile.TemporaryDirectory(prefix="sidecar-bench-") as name,
        closing(Journal.open(Path(name, "j.db"))) as kept,
    ):
        follow = _follow(Path(name), kept)
        for session in sessions:
            _archive(session, kept, clock)
            size += session.size
            tick(session.size)
        with clock.stage("indexing"):
            follow.catch_up([])
    return size, clock.seconds


class Clock:
    """CPU seconds of this process by stage."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what is used in the block."""
        begun = time.process_time()
        yield
        self.seconds[name] += time.process_time() - begun


def _archive(session: Session, journal: Journal, clock: Clock) -> None:
    """One session, step by step as `archiving.Archiving` takes it."""
    cursor, more = None, True
    while more:
        with clock.stage("parsing"):
            result = READERS[session.agent].read(session.path, cursor)
        with clock.stage("redaction"):
            messages = redact_messages(result.messages)
        cursor, more = result.cursor, result.more
        with clock.stage("archiving"):
            journal.record_read(str(session.path), result.header, _PROFILE, messages, cursor=cursor.to_json())


def _follow(folder: Path, journal: Journal) -> Follow:
    """The follow road over an empty store, with the model loaded, as every start does once."""
    store = Store(folder / "store", machine="bench", writes=journal, clock=_now)
    store.create_namespace(_PROFILE.namespace)
    embedder = Embedder.load()
    embedder.encode(["loads the model"])
    return Follow(store, journal, Index.open(folder / "index", embedder, archive=journal), _now)


def _now() -> datetime:
    return datetime.now(UTC)
