"""Years of old sessions on the product's own road: how long until all of it can be searched, and what that costs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.home import POLL_SECONDS, SETTLE_SECONDS, running
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


@dataclass(frozen=True, slots=True)
class Cost:
    """A back-fill by the daemon: seconds from its start until everything is archived and indexed, and its memory."""

    seconds: float
    cpu_seconds: float
    peak: int
    found: int
    asked: int


def by_daemon(sessions: Sequence[Session], home: Path, tick: Callable[[int], None]) -> Cost:
    """Start a daemon over a home with old sessions and wait until nothing is left to do.

    `tick` is told how many files are done.  Afterwards the first words of a session now and then are searched for.
    """
    begun = time.monotonic()
    with running(home) as daemon:
        process = psutil.Process(daemon.pid)
        peak, settled = 0, False
        while not settled:
            status = daemon.client.status()
            settled = status["settled"] and status["backfill"]["done"] >= status["backfill"]["total"] > 0
            peak = max(peak, process.memory_info().rss)
            tick(status["backfill"]["done"])
            if time.monotonic() > begun + SETTLE_SECONDS:
                raise TimeoutError(f"the back-fill has not ended within {SETTLE_SECONDS} s")
            time.sleep(POLL_SECONDS)
        seconds, used = time.monotonic() - begun, process.cpu_times()
        asked = [phrase for session in sessions[:: max(1, len(sessions) // 20)] if (phrase := _phrase(session))]
        found = sum(_finds(daemon.client, phrase) for phrase in asked)
    return Cost(seconds, used.user + used.system, peak, found, len(asked))


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
    """One session, step by step as `ingest.Archiving` takes it."""
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
    return Follow(store, journal, Index.open(folder / "index", embedder, archive=journal.identity), _now)


def _now() -> datetime:
    return datetime.now(UTC)
