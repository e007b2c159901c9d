"""The queue as a whole: outcomes, another try, giving up, doing anew; and the account of the model's time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from journal_builders import API, WEB, at, header, read, ref, said, talk

from sidecar.journal import ANEW, Backlog, Job, Journal, ModelUse, QueueCounts, Run
from sidecar.model import Message, SessionRef

RULES, MODEL = "rules-1", "ollama/qwen3:4b-instruct prompt-1"


def done(journal: Journal, session: str = "s1", extractor: str = RULES, *, learned: int = 1, upto: int = -1) -> Job:
    """One run over a session, to its end unless `upto` says otherwise."""
    journal.enqueue(ref(session), WEB, due=at(0))
    job = journal.claim(at(1))
    assert job is not None
    assert job.ref == ref(session)
    journal.finish(
        job, upto=journal.newest(ref(session)) if upto < 0 else upto, run=Run(at(2), extractor, learned, upto >= 0)
    )
    return job


def states(journal: Journal) -> list[tuple[str, str, int, bool]]:
    return [(job.ref.session, job.state, job.priority, job.anew) for job in journal.jobs()]


def test_how_a_session_ended_is_remembered(journal: Journal) -> None:
    for session in ("s1", "s2"):
        read(journal, [said(f"{session}-a", session=session)], session)
    done(journal, "s1", learned=3)
    done(journal, "s2", learned=0)
    assert [(one.ref.session, one.outcome, one.learned, one.extractor) for one in journal.outcomes()] == [
        ("s1", "done", 3, RULES),
        ("s2", "nothing", 0, RULES),
    ]
    assert [one.ref.session for one in journal.outcomes("nothing")] == ["s2"]
    assert [one.at for one in journal.outcomes(limit=1)] == [at(2)]


def test_the_pieces_of_a_session_add_up(journal: Journal) -> None:
    read(journal, talk("a", "b", "c"))
    first = journal.messages(ref())[0].seq
    done(journal, extractor=MODEL, learned=2, upto=first)
    assert journal.queue() == QueueCounts(pending=1)
    job = journal.claim(at(1))
    assert job.after == first
    journal.finish(job, upto=journal.newest(ref()), run=Run(at(3), RULES, 0))
    [ended] = journal.outcomes()
    assert (ended.outcome, ended.learned, ended.extractor) == ("done", 2, f"{MODEL}, {RULES}")
    assert journal.requeue("rules", due=at(4)) == 1, "the rules took part"


def test_a_piece_that_is_left_keeps_its_urgency(journal: Journal) -> None:
    read(journal, talk("a", "b"))
    journal.enqueue(ref(), WEB, due=at(0), priority=7)
    job = journal.claim(at(0))
    journal.finish(job, upto=journal.messages(ref())[0].seq, run=Run(at(0), MODEL, 0, more=True))
    assert journal.claim(at(0)).priority == 7


def test_a_parked_session_has_failed(journal: Journal) -> None:
    read(journal, talk("a"))
    journal.enqueue(ref(), WEB, due=at(0))
    journal.fail(journal.claim(at(0)), "the model says nonsense", at=at(1), retry_at=None)
    [ended] = journal.outcomes("failed")
    assert (ended.reason, ended.at, ended.extractor) == ("the model says nonsense", at(1), None)


def test_what_is_parked_though_another_extractor_did_it_is_tried_from_the_beginning(journal: Journal) -> None:
    read(journal, talk("a", "b"))
    journal.enqueue(ref(), WEB, due=at(0))
    upto = journal.newest(ref())
    journal.park(journal.claim(at(0)), "nonsense", upto=upto, run=Run(at(1), RULES, 2))
    assert states(journal) == [("s1", "parked", 0, True)]
    [ended] = journal.outcomes()
    assert (ended.outcome, ended.reason, ended.learned, ended.extractor) == ("failed", "nonsense", 2, RULES)
    assert journal.session(ref()).extracted == upto
    assert journal.requeue("rules", due=at(2)) == 0, "what is parked waits for a reason to be tried again"
    assert journal.retry(None, due=at(3)) == 1
    job = journal.claim(at(3))
    assert (job.after, job.anew, job.attempts) == (0, True, 0)


def test_new_messages_wake_a_parked_session(journal: Journal) -> None:
    read(journal, talk("a"))
    journal.enqueue(ref(), WEB, due=at(0))
    journal.park(journal.claim(at(0)), "nonsense", upto=journal.newest(ref()), run=Run(at(1), RULES, 2))
    read(journal, talk("b", first=1))
    journal.enqueue(ref(), WEB, due=at(2))
    assert journal.claim(at(2)).after == 0


def test_what_the_rules_did_is_done_anew_below_all_other_work_and_the_newest_first(journal: Journal) -> None:
    for session, last in (("old", 1), ("new", 9), ("model", 5)):
        read(journal, [said(f"{session}-a", session=session)], session, header=header(session, last_record=at(last)))
        done(journal, session, MODEL if session == "model" else RULES)
    assert journal.requeue("rules", due=at(10)) == 2
    read(journal, [said("fresh-a", session="fresh")], "fresh")
    journal.enqueue(ref("fresh"), WEB, due=at(10))
    assert [(job.ref.session, job.anew) for job in journal.jobs()] == [("fresh", False), ("new", True), ("old", True)]
    assert [journal.claim(at(10)).ref.session for _ in range(3)] == ["fresh", "new", "old"]


def test_doing_anew_twice_is_as_doing_it_once(journal: Journal) -> None:
    read(journal, talk("a"))
    done(journal)
    assert journal.requeue("rules", due=at(3)) == 1
    before = journal.jobs()
    assert journal.requeue("rules", due=at(4)) == 0
    assert journal.jobs() == before


def test_the_mark_stays_until_the_first_piece_was_done_anew(journal: Journal) -> None:
    read(journal, talk("a", "b", "c"))
    done(journal)
    end = journal.newest(ref())
    journal.requeue("rules", due=at(3))
    job = journal.claim(at(3))
    assert (job.after, job.anew, journal.session(ref()).extracted) == (0, True, end)
    journal.recover(at(9_999))
    assert journal.session(ref()).extracted == end, "a crash in the first piece has changed nothing"
    job = journal.claim(at(3))
    piece = journal.messages(ref())[0].seq
    journal.finish(job, upto=piece, run=Run(at(4), MODEL, 1, more=True))
    assert journal.session(ref()).extracted == piece
    assert states(journal) == [("s1", "pending", ANEW, False)]
    journal.finish(journal.claim(at(4)), upto=end, run=Run(at(5), MODEL, 1))
    [ended] = journal.outcomes()
    assert (ended.extractor, ended.learned, journal.queue()) == (MODEL, 2, QueueCounts())
    assert journal.requeue("rules", due=at(6)) == 0


def test_when_the_model_goes_what_was_only_to_be_done_better_waits_no_more(journal: Journal) -> None:
    for session in ("begun", "waits"):
        read(journal, [said(f"{session}-{n}", session=session, position=n) for n in range(2)], session)
        done(journal, session)
    journal.requeue("rules", due=at(3))
    job = journal.claim(at(3))
    journal.finish(job, upto=journal.messages(job.ref)[0].seq, run=Run(at(4), MODEL, 0, more=True))
    journal.stand_down()
    assert states(journal) == [(job.ref.session, "pending", 0, False)]
    assert journal.unextracted() == []
    other = next(row for row in journal.sessions() if row.ref != job.ref)
    assert other.extracted == journal.newest(other.ref), "its mark never moved"


def test_messages_make_a_session_that_waits_to_be_done_anew_as_urgent_as_any(journal: Journal) -> None:
    read(journal, talk("a"))
    done(journal)
    journal.requeue("rules", due=at(3))
    read(journal, talk("b", first=1))
    journal.enqueue(ref(), WEB, due=at(4))
    assert states(journal) == [("s1", "pending", 0, True)]
    journal.stand_down()
    assert journal.claim(at(4)).after == 0


def test_a_fresh_job_of_a_session_that_the_rules_did_begins_at_its_beginning(journal: Journal) -> None:
    read(journal, talk("a"))
    done(journal)
    read(journal, talk("b", first=1))
    journal.enqueue(ref(), WEB, due=at(3))
    assert journal.requeue("rules", due=at(9)) == 1
    assert (journal.jobs()[0].anew, journal.jobs()[0].due, journal.jobs()[0].priority) == (True, at(3), 0)


def test_without_texts_nothing_is_done_anew(journal: Journal) -> None:
    read(journal, talk("a"))
    done(journal)
    journal.release(ref())
    assert journal.requeue("rules", due=at(3)) == 0
    assert journal.retry(ref(), due=at(3)) == 0


def test_what_waits_to_be_done_better_does_not_keep_texts_beyond_their_time(journal: Journal) -> None:
    read(journal, talk("a"))
    done(journal)
    journal.requeue("rules", due=at(3))
    assert journal.prune(1, None, now=at(0) + timedelta(days=9)) == 1
    journal.finish(journal.claim(at(3)), upto=0)
    assert journal.queue() == QueueCounts()
    assert journal.outcomes()[0].learned == 1, "what came of it stands"


def test_the_least_priority_is_respected(journal: Journal) -> None:
    for session, priority in (("s1", 0), ("s2", 5)):
        read(journal, [said(f"{session}-a", session=session)], session)
        journal.enqueue(ref(session), WEB, due=at(0), priority=priority)
    assert journal.next_due(least=6) is None
    assert journal.claim(at(1), least=6) is None
    assert journal.claim(at(1), least=1).ref == ref("s2")
    assert journal.claim(at(1), least=1) is None
    assert journal.claim(at(1), least=0).ref == ref("s1")


def test_a_job_whose_lease_has_run_out_is_given_out_again(journal: Journal) -> None:
    read(journal, talk("a"))
    journal.enqueue(ref(), WEB, due=at(0))
    journal.claim(at(0), lease=timedelta(minutes=10))
    assert journal.claim(at(9)) is None
    assert journal.claim(at(10)).ref == ref()


def test_one_session_is_tried_again_whatever_its_state(journal: Journal) -> None:
    for session in ("waits", "done", "runs"):
        read(journal, [said(f"{session}-a", session=session)], session)
    done(journal, "done")
    journal.enqueue(ref("runs"), WEB, due=at(0))
    journal.claim(at(0))
    journal.enqueue(ref("waits"), WEB, due=at(50))
    assert [journal.retry(ref(name), due=at(1), priority=3) for name in ("waits", "done", "runs", "unknown")] == [
        *(1, 1, 0, 0)
    ]
    first, second = journal.claim(at(1)), journal.claim(at(1))
    assert {(job.ref.session, job.anew, job.priority) for job in (first, second)} == {
        ("waits", False, 3),
        ("done", True, 3),
    }


def test_a_dropped_session_waits_for_new_messages(journal: Journal) -> None:
    read(journal, talk("a"))
    journal.enqueue(ref(), WEB, due=at(0))
    assert journal.drop(ref(), at=at(1))
    assert (journal.queue(), journal.unextracted()) == (QueueCounts(), [])
    assert [(one.outcome, one.at) for one in journal.outcomes()] == [("dropped", at(1))]
    assert [archived.message.id for archived in journal.messages(ref())] == ["a"], "its texts stay"
    assert journal.requeue("rules", due=at(2)) == 0
    read(journal, talk("b", first=1))
    journal.enqueue(ref(), WEB, due=at(2))
    after = journal.claim(at(2)).after
    assert [archived.message.id for archived in journal.messages(ref(), after=after)] == ["b"]
    assert not journal.drop(ref("unknown"), at=at(3))


def test_what_was_dropped_while_it_ran_is_not_ended_by_its_worker(journal: Journal) -> None:
    read(journal, talk("a"))
    journal.enqueue(ref(), WEB, due=at(0))
    job = journal.claim(at(0))
    assert journal.held(job)
    journal.drop(ref(), at=at(1))
    assert not journal.held(job)
    read(journal, talk("b", first=1))
    journal.enqueue(ref(), WEB, due=at(2))
    upto = journal.newest(ref())
    journal.finish(job, upto=upto, run=Run(at(3), RULES, 1))
    journal.fail(job, "no", at=at(3), retry_at=None)
    journal.park(job, "no", upto=upto, run=Run(at(3), RULES, 1))
    journal.put_off(job, "no", until=at(9))
    assert states(journal) == [("s1", "pending", 0, False)]
    assert journal.outcomes()[0].outcome == "dropped"
    assert journal.claim(at(2)).after < upto


def test_the_queue_shows_what_it_holds(journal: Journal) -> None:
    read(journal, [said("a", "x" * 70)], header=header(last_record=at(1)))
    read(journal, [said("b", "x" * 30, session="s2")], "s2", header=header("s2", last_record=at(2)))
    for session in ("s1", "s2"):
        journal.enqueue(ref(session), WEB, due=at(5))
    journal.put_off(journal.claim(at(5)), "the server is away", until=at(6))
    assert [(job.ref, job.profile, job.characters, job.error, job.due) for job in journal.jobs()] == [
        (ref("s2"), WEB, 30, "the server is away", at(6)),
        (ref("s1"), WEB, 70, None, at(5)),
    ]
    journal.claim(at(5))
    assert [(job.ref.session, job.state) for job in journal.jobs()] == [("s1", "running"), ("s2", "pending")]
    assert [job.ref.session for job in journal.jobs("pending")] == ["s2"]
    assert len(journal.jobs(limit=1)) == 1
    assert journal.backlog() == Backlog(2, 100)


def test_sessions_are_found_by_name_alone(journal: Journal) -> None:
    read(journal, talk("a"))
    message = Message("m", "http", "s1", "user", "user", "words")
    journal.archive(WEB, [message])
    journal.archive(API, [message])
    assert journal.named("s1") == [ref(), SessionRef("http", "s1", str(API)), SessionRef("http", "s1", str(WEB))]
    assert journal.named("s2") == []


def test_the_models_time_is_kept_by_minutes_and_over_restarts(journal: Journal) -> None:
    journal.note_model(at(0.1), seconds=20)
    journal.note_model(at(0.9), seconds=10.5)
    journal.note_model(at(0.9), characters=400)
    journal.note_model(at(3), seconds=1)
    path = journal.path
    journal.close()
    with Journal.open(path) as again:
        assert again.model_use(at(-60)) == [ModelUse(at(0), 30.5, 400), ModelUse(at(3), 1.0, 0)]
        assert again.model_use(at(0)) == [ModelUse(at(3), 1.0, 0)]
        again.note_model(at(0) + timedelta(days=7, minutes=2), seconds=1)
        assert [use.seconds for use in again.model_use(at(-60))] == [1.0, 1.0]


@pytest.mark.parametrize("prefix", ["rule", "rules-1", "ollama"])
def test_a_prefix_means_the_beginning_of_a_version(journal: Journal, prefix: str) -> None:
    read(journal, talk("a"))
    done(journal, extractor=f"ollama/{RULES}" if prefix == "ollama" else RULES)
    assert journal.requeue(prefix, due=at(1)) == 1
    assert journal.requeue("ules", due=at(1)) == 0
