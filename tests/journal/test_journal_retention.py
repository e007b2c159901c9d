"""What leaves the archive, and that it is really gone."""

from __future__ import annotations

import random
import sqlite3
import string
import time
import zlib
from pathlib import Path

from journal_builders import API, WEB, at, fed, header, ids, read, ref, said, talk

from sidecar.journal import Archived, Journal, QueueCounts
from sidecar.model import SessionRef

DAY = 24 * 60


def test_removed_messages_do_not_come_back(journal: Journal) -> None:
    read(journal, talk("a", "b"))
    assert journal.remove_messages("claude-code", ["b", "nobody"]) == 1
    assert journal.remove_messages("claude-code", ["b"]) == 0
    assert read(journal, talk("a", "b")) == Archived()
    assert ids(journal) == ["a"]
    assert journal.message("b") is None
    assert dict(journal.message_texts(["a", "b"])) == {"a": "words of a"}


def test_a_fork_does_not_bring_a_removed_message_back(journal: Journal) -> None:
    read(journal, talk("a"))
    read(journal, talk("a", session="s2"), "s2", header=header("s2", started=at(60)))
    journal.remove_messages(None, ["a"])
    read(journal, talk("a", session="s2"), "s2", header=header("s2", started=at(-60)))
    assert (ids(journal, "s1"), ids(journal, "s2")) == ([], [])
    assert journal.message("a") is None


def test_the_agent_and_the_profile_tell_messages_apart(journal: Journal) -> None:
    read(journal, [said("1")])
    for profile in (WEB, API):
        journal.archive(profile, [said("1", agent="http", session="chat")])
    assert journal.remove_messages("http", ["1"], profile=API) == 1
    assert journal.message("1", "http").profile == WEB
    assert journal.remove_messages("codex", ["1"]) == 0
    assert journal.remove_messages("claude-code", ["1"], profile=API) == 1, "ids of transcripts are unique"
    assert journal.remove_messages(None, ["1"]) == 1


def test_removed_text_is_nowhere_in_the_files(journal: Journal) -> None:
    letters = "".join(random.Random(7).choices(string.ascii_letters, k=9000))  # does not compress to nothing
    read(journal, [said("a", letters), said("b", position=1)])
    read(journal, [said("a", letters + "!", session="s2")], "s2", header=header("s2", started=at(60)))
    packed = [zlib.compress(letters.encode()), zlib.compress((letters + "!").encode())]

    def traces() -> int:
        data = b"".join(file.read_bytes() for file in sorted(journal.path.parent.iterdir()))
        return sum(part[start : start + 64] in data for part in packed for start in range(0, len(part) - 64, 512))

    assert traces() > 0
    journal.remove_messages(None, ["a"])
    assert traces() == 0


def test_texts_are_compressed_and_for_their_owner_alone(journal: Journal) -> None:
    read(journal, [said("long", "the same words again and again, " * 4000)])
    journal.close()
    files = [path for path in journal.path.parent.iterdir() if path.is_file()]
    assert not any(b"the same words again" in path.read_bytes() for path in files)
    assert sum(path.stat().st_size for path in files) < 400_000
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_a_removed_session_leaves_nothing_but_its_name(journal: Journal) -> None:
    read(journal, talk("a", "b"), cursor="9")
    read(journal, [*talk("a", session="s2"), said("c", session="s2")], "s2", header=header("s2", started=at(60)))
    journal.enqueue(ref(), WEB, due=at(0))
    assert journal.remove_session(ref()) == 2
    assert journal.remove_session(ref()) == 0
    assert journal.remove_session(SessionRef("codex", "nobody")) == 0
    assert (ids(journal, "s1"), ids(journal, "s2")) == ([], ["c"])
    assert journal.queue() == QueueCounts()
    assert journal.cursor("/t/s1.jsonl") == "9"
    assert read(journal, talk("a", "b", "new")) == Archived(added=1), "what it says later is new"


def test_old_messages_are_pruned_and_stay_so(journal: Journal) -> None:
    read(journal, [said("old", position=0, time=at(0)), said("new", position=1, time=at(9 * DAY))])
    done = journal.last_change()
    assert journal.prune(None, None, now=at(99 * DAY)) == 0
    assert journal.prune(5, None, now=at(10 * DAY)) == 1
    assert ids(journal) == ["new"]
    assert sorted(fed(journal, done)) == ["new", "old"], "the neighbour has lost its context"
    assert read(journal, [said("old", position=0, time=at(0))]) == Archived()
    assert journal.prune(5, None, now=at(10 * DAY)) == 0


def test_messages_that_a_job_needs_are_not_pruned(journal: Journal) -> None:
    read(journal, talk("a", "b"))
    journal.enqueue(ref(), WEB, due=at(0))
    assert journal.prune(1, 0, now=at(99 * DAY)) == 0
    job = journal.claim(at(1))
    journal.finish(job, upto=journal.messages(ref())[-1].seq)
    assert journal.prune(1, None, now=at(99 * DAY)) == 2


def test_without_a_time_the_session_tells_the_age(journal: Journal) -> None:
    read(journal, [said("a", time=None)], header=header(last_record=at(9 * DAY)))
    read(journal, [said("b", session="s2", time=None)], "s2", header=header("s2", started=None))
    assert journal.prune(5, None, now=at(10 * DAY)) == 0
    assert journal.prune(5, None, now=at(20 * DAY)) == 1
    assert ids(journal, "s2") == ["b"], "nobody knows how old it is"


def test_the_oldest_go_first_until_the_rest_fits(journal: Journal) -> None:
    noise = random.Random(1)
    texts = ["".join(noise.choices(string.printable, k=400_000)) for _ in range(6)]
    read(journal, [said(f"m{n}", text, position=n, time=at(-n)) for n, text in enumerate(texts)])
    journal.scrub()
    before = journal.file_bytes
    assert journal.prune(None, 1, now=at(0)) == 3
    assert ids(journal) == ["m0", "m1", "m2"]
    assert journal.file_bytes == journal.path.stat().st_size < 0.55 * before, "all free pages are given back"
    assert journal.prune(None, 1, now=at(0)) == 0
    kept = journal.kept()
    assert (kept.messages, kept.let_go) == (3, 3)
    assert 900_000 < kept.text_bytes <= 2**20


def test_room_is_given_back_bit_by_bit_until_none_is_left(journal: Journal) -> None:
    noise = random.Random(2)
    texts = ["".join(noise.choices(string.printable, k=400_000)) for _ in range(12)]
    read(journal, [said(f"m{n}", text, position=n) for n, text in enumerate(texts)])
    journal.scrub()
    before = journal.file_bytes
    assert journal.remove_messages(None, [f"m{n}" for n in range(12)]) == 12
    after_one_step = journal.file_bytes
    given = [*iter(journal.give_back, 0)]
    assert given, "one step is not all of it, so that nobody waits for long"
    assert journal.scrub()
    assert before > after_one_step > journal.file_bytes
    assert journal.file_bytes < 0.1 * before


def test_old_texts_go_at_once_while_somebody_reads_and_are_overwritten_later(journal: Journal) -> None:
    noise = random.Random(3)
    texts = ["".join(noise.choices(string.printable, k=400_000)) for _ in range(12)]
    read(journal, [said(f"m{n}", text, position=n, time=at(-n)) for n, text in enumerate(texts)])
    reader = sqlite3.connect(journal.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM messages").fetchone()
    begun = time.monotonic()
    assert journal.prune(None, 1, now=at(0)) > 1
    assert time.monotonic() - begun < 8, "writers do not wait as long as for another process"
    assert not journal.scrub(), "its log is the reader's"
    reader.close()
    assert journal.scrub()
    assert journal.file_bytes == journal.path.stat().st_size < 2 * 2**20


def test_a_session_tells_how_much_of_it_is_not_kept(journal: Journal) -> None:
    read(journal, [said("old", time=at(0)), *talk("new", "newer", first=9 * DAY)])
    assert journal.telling(ref()).let_go == 0
    journal.prune(5, None, now=at(10 * DAY))
    telling = journal.telling(ref())
    assert ([message.id for message in telling.messages], telling.total, telling.let_go) == (["new", "newer"], 2, 1)


def test_pruning_goes_step_by_step(journal: Journal) -> None:
    read(journal, [said(f"m{n}", position=n, time=at(0)) for n in range(4500)])
    assert journal.prune(1, None, now=at(5 * DAY)) == 4500
    assert dict(journal.profile_counts()) == {WEB: 0}


def test_losing_the_journal_loses_nothing_that_can_be_read_again(journal: Journal, tmp_path: Path) -> None:
    read(journal, talk("a", "b"))
    messages = [archived.message for archived in journal.messages(ref())]
    with Journal.open(tmp_path / "new.db") as fresh:
        read(fresh, talk("a", "b"))
        assert [archived.message for archived in fresh.messages(ref())] == messages
