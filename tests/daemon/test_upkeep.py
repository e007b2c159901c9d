"""Upkeep: old texts leave the archive, old entries the trash."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sidecar.config import Config
from sidecar.daemon.upkeep import Upkeep, empty_trash
from sidecar.daemon.writer import Writer
from sidecar.journal import Journal
from sidecar.model import Message, ProfileRef, SessionRef

WEB = ProfileRef("local", "web")
NOW = datetime.now(UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal with a message of today and one of last year, each in a session of its own."""
    with Journal.open(tmp_path / "journal.db") as found:
        for session, time in (("new", NOW), ("old", NOW - timedelta(days=365))):
            message = Message(f"{session}-1", "codex", session, "user", "user", "words", time)
            found.record_read(f"/transcripts/{session}", None, WEB, [message], cursor="{}")
        yield found


def _run(journal: Journal, trash: Path, config: Config) -> int:
    """One run; the number of times that the index was told to follow."""
    told: list[int] = []
    writer = Writer()
    upkeep = Upkeep(journal, writer, trash, config, on_change=lambda: told.append(1))
    asyncio.run(upkeep.run())
    writer.close()
    return len(told)


def _left(journal: Journal) -> list[str]:
    refs = [row.ref for row in journal.sessions()]
    return [archived.message.id for ref in refs for archived in journal.messages(ref)]


def test_nothing_is_old_by_default(journal: Journal, tmp_path: Path) -> None:
    assert _run(journal, tmp_path / "trash", Config()) == 0
    assert _left(journal) == ["new-1", "old-1"]


def test_old_messages_go_after_keep_days(journal: Journal, tmp_path: Path) -> None:
    config = Config()
    config = replace(config, archive=replace(config.archive, keep_days=30))
    assert _run(journal, tmp_path / "trash", config) == 1
    assert _left(journal) == ["new-1"]
    assert _run(journal, tmp_path / "trash", config) == 0


def test_the_oldest_messages_go_once_the_archive_is_too_large(journal: Journal, tmp_path: Path) -> None:
    noise = random.Random(6)  # nothing that compresses, so that the size is known
    words = ["".join(noise.choices("0123456789abcdef", k=1_500_000)) for _ in range(2)]
    for number, text in enumerate(words):
        time = NOW - timedelta(days=10 - number)
        message = Message(f"large-{number}", "codex", "large", "user", "user", text, time, position=number)
        journal.record_read("/transcripts/large", None, WEB, [message], cursor="{}")
    config = Config()
    config = replace(config, archive=replace(config.archive, max_mb=1))
    assert _run(journal, tmp_path / "trash", config) == 1
    assert _left(journal) == ["large-1", "new-1"]
    assert _run(journal, tmp_path / "trash", config) == 0


def test_an_archive_that_keeps_nothing_lets_go_of_what_extraction_has_seen(journal: Journal, tmp_path: Path) -> None:
    ref = SessionRef("codex", "old")
    journal.enqueue(ref, WEB, due=NOW)
    job = journal.claim(NOW)
    assert job is not None
    journal.finish(job, upto=journal.newest(ref))
    config = Config()
    config = replace(config, archive=replace(config.archive, enabled=False))
    assert _run(journal, tmp_path / "trash", config) == 1
    assert _left(journal) == ["new-1"]


def test_new_settings_of_the_archive_count_at_once(journal: Journal, tmp_path: Path) -> None:
    config, writer = Config(), Writer()
    upkeep = Upkeep(journal, writer, tmp_path / "trash", config, on_change=lambda: None, first_s=3600)

    async def scenario() -> None:
        task = asyncio.create_task(upkeep.serve())
        await asyncio.sleep(0.01)
        upkeep.adopt(replace(config, archive=replace(config.archive, keep_days=30)))
        for _ in range(6000):
            if len(_left(journal)) == 1:
                break
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())
    assert _left(journal) == ["new-1"]
    writer.close()


def test_the_trash_is_emptied_of_what_is_older_than_thirty_days(tmp_path: Path) -> None:
    old, young = (f"{NOW - timedelta(days=days):%Y%m%dT%H%M%SZ}" for days in (31, 29))
    names = [f"local-web-{old}", f"local-web-{old}-2", f"local-web-{young}", "kept by hand"]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "profile.yaml").touch()
    assert empty_trash(tmp_path, NOW) == 2
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(names[2:])
    assert empty_trash(tmp_path / "none", NOW) == 0
