"""The queue of sessions to extract."""

from __future__ import annotations

from journal_builders import API, WEB, at, header, read, ref, said, talk

from sidecar.journal import Journal, QueueCounts


def test_an_empty_queue_has_nothing_to_do(journal: Journal) -> None:
    assert journal.claim(at(0)) is None
    assert journal.next_due() is None
    assert journal.queue() == QueueCounts()
    assert journal.recover(at(9_999)) == 0


def test_a_job_is_claimed_when_it_is_due(journal: Journal) -> None:
    read(journal, talk("a"))
    journal.enqueue(ref(), WEB, due=at(1))
    assert journal.next_due() == at(1)
    assert journal.claim(at(0.99)) is None
    job = journal.claim(at(1))
    assert (job.ref, job.profile, job.after, job.attempts) == (ref(), WEB, 0, 0)
    assert journal.claim(at(9)) is None, "a running job is not given out twice"
    assert journal.queue() == QueueCounts(running=1)
    assert journal.session(ref()).state == "running"


def test_a_session_has_one_job_that_moves_on(journal: Journal) -> None:
    read(journal, talk("a"))
    journal.enqueue(ref(), WEB, due=at(5))
    journal.enqueue(ref(), WEB, due=at(2))
    journal.enqueue(ref(), WEB, due=at(7))
    assert journal.queue() == QueueCounts(pending=1)
    assert journal.next_due() == at(7)


def test_what_is_urgent_waits_for_no_quiet(journal: Journal) -> None:
    read(journal, talk("a"))
    journal.enqueue(ref(), WEB, due=at(5))
    journal.enqueue(ref(), WEB, due=at(2), priority=3)
    assert journal.next_due() == at(2)
    journal.enqueue(ref(), WEB, due=at(7))
    assert journal.next_due() == at(2), "further messages do not put it off"
    assert journal.claim(at(2)).priority == 3


def test_urgency_is_used_up_by_one_run(journal: Journal) -> None:
    read(journal, talk("a"))
    journal.enqueue(ref(), WEB, due=at(0), priority=3)
    job = journal.claim(at(0))
    read(journal, talk("b", first=1))
    journal.enqueue(ref(), WEB, due=at(9))
    journal.finish(job, upto=journal.messages(ref())[0].seq)
    assert journal.next_due() == at(9)
    assert journal.claim(at(9)).priority == 0


def test_a_failed_job_stays_urgent_and_one_that_becomes_urgent_while_it_runs_runs_again_at_once(
    journal: Journal,
) -> None:
    read(journal, talk("a", "b"))
    journal.enqueue(ref(), WEB, due=at(0), priority=3)
    journal.fail(journal.claim(at(0)), "no model", at=at(0), retry_at=at(1))
    job = journal.claim(at(1))
    assert job.priority == 3
    journal.enqueue(ref(), WEB, due=at(9))
    journal.enqueue(ref(), WEB, due=at(2), priority=1)
    journal.finish(job, upto=journal.messages(ref())[0].seq)
    assert journal.next_due() == at(2)


def test_sessions_without_a_job_that_extraction_has_not_seen_are_found(journal: Journal) -> None:
    for session in ("s1", "s2", "s3"):
        read(journal, [said(f"{session}-a", session=session)], session)
    journal.enqueue(ref("s1"), WEB, due=at(0))
    journal.enqueue(ref("s2"), WEB, due=at(0))
    job = journal.claim(at(0))
    journal.finish(job, upto=journal.newest(job.ref))
    assert journal.unextracted() == [(ref("s3"), WEB)]
    assert journal.drop_jobs() == 1
    left = {"s1", "s2", "s3"} - {job.ref.session}
    assert {found.session for found, _ in journal.unextracted()} == left
    read(journal, [], "s3", withdrawn=["s3-a"])
    assert {found.session for found, _ in journal.unextracted()} == left - {"s3"}


def test_the_newest_mark_is_that_of_the_last_message(journal: Journal) -> None:
    assert journal.newest(ref()) == 0
    read(journal, talk("a", "b"))
    assert journal.newest(ref()) == max(archived.seq for archived in journal.messages(ref()))


def test_priority_comes_first_and_then_the_newest_session(journal: Journal) -> None:
    for session, last, priority in (("old", 10, 0), ("new", 90, 0), ("urgent", 1, 5)):
        read(journal, [], session, header=header(session, last_record=at(last)))
        journal.enqueue(ref(session), WEB, due=at(0), priority=priority)
    assert [journal.claim(at(100)).ref.session for _ in range(3)] == ["urgent", "new", "old"]


def test_a_finished_job_is_gone_and_the_mark_has_moved(journal: Journal) -> None:
    read(journal, talk("a", "b"))
    journal.enqueue(ref(), WEB, due=at(0))
    job = journal.claim(at(1))
    upto = journal.messages(ref(), after=job.after)[-1].seq
    journal.finish(job, upto=upto)
    assert journal.queue() == QueueCounts()
    assert journal.session(ref()).extracted == upto
    assert journal.messages(ref(), after=upto) == []


def test_a_job_that_did_not_see_everything_is_pending_again(journal: Journal) -> None:
    read(journal, talk("a"))
    journal.enqueue(ref(), WEB, due=at(0))
    job = journal.claim(at(1))
    upto = journal.messages(ref())[-1].seq
    read(journal, talk("b", first=1))
    journal.enqueue(ref(), WEB, due=at(9))
    assert journal.queue() == QueueCounts(running=1)
    journal.finish(job, upto=upto)
    assert (journal.queue(), journal.next_due()) == (QueueCounts(pending=1), at(9))
    assert journal.claim(at(9)).after == upto


def test_what_is_withdrawn_or_removed_asks_for_no_extraction(journal: Journal) -> None:
    read(journal, talk("a", "b", "c"))
    journal.enqueue(ref(), WEB, due=at(0))
    job = journal.claim(at(1))
    upto = journal.messages(ref())[0].seq
    read(journal, [], withdrawn=["b"])
    journal.remove_messages(None, ["c"])
    journal.finish(job, upto=upto)
    assert journal.queue() == QueueCounts()


def test_the_mark_never_moves_back(journal: Journal) -> None:
    read(journal, talk("a", "b"))
    seqs = [archived.seq for archived in journal.messages(ref())]
    for upto in (seqs[1], seqs[0]):
        journal.enqueue(ref(), WEB, due=at(0))
        journal.finish(journal.claim(at(1)), upto=upto)
    assert journal.session(ref()).extracted == seqs[1]


def test_a_failed_job_waits_for_its_next_try(journal: Journal) -> None:
    read(journal, talk("a"))
    journal.enqueue(ref(), WEB, due=at(0))
    journal.fail(journal.claim(at(1)), "no model", at=at(1), retry_at=at(5))
    assert (journal.claim(at(4)), journal.next_due()) == (None, at(5))
    assert journal.claim(at(5)).attempts == 1


def test_a_parked_job_waits_with_its_reason_until_something_new_comes(journal: Journal) -> None:
    read(journal, talk("a"))
    journal.enqueue(ref(), WEB, due=at(0))
    journal.fail(journal.claim(at(1)), "cannot be read \udcff", at=at(1), retry_at=None)
    [parked] = journal.jobs("parked")
    assert (parked.ref, parked.profile, parked.error, parked.attempts) == (ref(), WEB, "cannot be read ?", 1)
    assert (journal.claim(at(99)), journal.queue()) == (None, QueueCounts(parked=1))
    assert journal.next_due() is None
    journal.enqueue(ref(), WEB, due=at(100))
    assert journal.jobs("parked") == []
    assert journal.claim(at(100)).attempts == 1


def test_after_a_crash_running_jobs_are_pending(journal: Journal) -> None:
    for session in ("s1", "s2"):
        read(journal, [said(f"{session}-a", session=session)], session)
        journal.enqueue(ref(session), WEB, due=at(0))
    journal.claim(at(1))
    assert journal.recover(at(9_999)) == 1
    assert journal.queue() == QueueCounts(pending=2)


def test_what_a_clock_said_that_was_set_back_meanwhile_delays_no_job(journal: Journal) -> None:
    """The daemon was down when it was set: nobody saw by how much."""
    for session, due in (("s1", 86_400), ("s2", 86_400), ("s3", 2)):
        read(journal, [said(f"{session}-a", session=session)], session)
        journal.enqueue(ref(session), WEB, due=at(due))
    assert journal.recover(at(60)) == 0
    assert journal.claim(at(1)) is None
    assert journal.claim(at(2)).ref == ref("s3")
    assert {journal.claim(at(60)).ref, journal.claim(at(60)).ref} == {ref("s1"), ref("s2")}


def test_a_job_goes_with_its_session_to_another_profile(journal: Journal) -> None:
    read(journal, talk("a"))
    journal.enqueue(ref(), WEB, due=at(0))
    journal.set_profile(ref(), API)
    assert journal.claim(at(1)).profile == API


def test_a_session_can_be_queued_before_it_is_read(journal: Journal) -> None:
    journal.enqueue(ref("early"), API, due=at(0))
    assert journal.session(ref("early")).profile == API
    job = journal.claim(at(0))
    journal.finish(job, upto=0)
    assert journal.queue() == QueueCounts()


def test_a_job_whose_session_is_unknown_is_not_an_error(journal: Journal, tmp_path) -> None:
    read(journal, talk("a"))
    journal.enqueue(ref(), WEB, due=at(0))
    job = journal.claim(at(0))
    with Journal.open(tmp_path / "other.db") as other:
        other.finish(job, upto=1)
        other.fail(job, "?", at=at(0), retry_at=None)
        assert other.sessions() == []
