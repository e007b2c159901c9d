"""A profile that was deleted, and jobs that wait for a person."""

from __future__ import annotations

from journal_builders import API, WEB, at, fed, ids, read, ref, said, talk

from sidecar.journal import Journal, QueueCounts
from sidecar.model import HTTP_AGENT, SessionRef


def test_a_deleted_profile_leaves_no_words_and_no_jobs(journal: Journal) -> None:
    read(journal, talk("a", "b"))
    read(journal, talk("c", session="s2"), session="s2", profile=API)
    journal.enqueue(ref(), WEB, due=at(0))
    journal.enqueue(ref("s2"), API, due=at(0))
    journal.note_write(str(WEB), "facts/a.md", "0" * 64)
    before = journal.last_change()
    assert journal.remove_profile(WEB) == 2
    assert (ids(journal), ids(journal, "s2")) == ([], ["c"])
    assert journal.queue() == QueueCounts(pending=1)
    assert journal.last_write(str(WEB), "facts/a.md") is None
    assert [(c.id, c.gone) for c in journal.changes(before, 9)] == [("a", True), ("b", True)]
    assert journal.remove_profile(WEB) == 0


def test_what_a_deleted_profile_said_does_not_come_back_but_what_is_new_does(journal: Journal) -> None:
    read(journal, talk("a"))
    journal.remove_profile(WEB)
    read(journal, talk("a", "b"))
    assert ids(journal) == ["b"]
    assert journal.removed(None, ["a", "b", "never"], profile=WEB) == {"a"}


def test_the_marks_of_a_deleted_profile_go_but_for_what_was_forgotten(journal: Journal) -> None:
    read(journal, talk("a", "b"), profile=API)
    journal.mark_sources(WEB, {"a": "superseded", "b": "forgotten"})
    before = journal.last_change()
    journal.remove_profile(WEB)
    assert [(c.id, c.superseded) for c in journal.changes(before, 9)] == [("a", False)]
    assert [(c.id, c.forgotten) for c in journal.changes(0, 9)] == [("b", True), ("a", False)]


def test_what_clients_removed_is_known_for_one_profile_alone(journal: Journal) -> None:
    for profile in (WEB, API):
        journal.archive(profile, [said("a", agent=HTTP_AGENT)])
    journal.remove_messages(HTTP_AGENT, ["a"], profile=WEB)
    assert journal.removed(HTTP_AGENT, ["a"], profile=WEB) == {"a"}
    assert journal.removed(HTTP_AGENT, ["a"], profile=API) == set()
    journal.remove_profile(WEB)
    assert journal.session(SessionRef(HTTP_AGENT, "s1", str(API))) is not None
    assert len(fed(journal)) == 2


def test_a_job_that_is_put_off_has_not_failed(journal: Journal) -> None:
    journal.enqueue(ref(), WEB, due=at(0))
    job = journal.claim(at(1))
    assert job is not None
    journal.put_off(job, "memories are gone", until=at(5))
    assert journal.claim(at(4)) is None
    again = journal.claim(at(5))
    assert again is not None
    assert again.attempts == 0


def test_a_start_does_not_try_again_what_was_given_up(journal: Journal) -> None:
    journal.enqueue(ref(), WEB, due=at(0))
    job = journal.claim(at(1))
    assert job is not None
    journal.fail(job, "no luck", at=at(1), retry_at=None)
    assert journal.recover(at(9_999)) == 0
    assert journal.claim(at(1)) is None
    assert journal.retry(None, due=at(1)) == 1
    again = journal.claim(at(1))
    assert again is not None
    assert again.attempts == 0
