"""What of a session an extractor is given: bounded, complete over all slices, with the topic keys in use."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from learning_kit import START, WEB, Desk, candidate

from sidecar.ingest import PERSONAL
from sidecar.model import Message, ProfileRef


def test_without_a_bound_everything_new_is_one_slice(desk: Desk) -> None:
    ref = desk.say("one", "two", "three")
    session, upto = desk.learning.slice(ref, 0)
    assert [message.text for message in session.messages] == ["one", "two", "three"]
    assert session.ended
    again, same = desk.learning.slice(ref, upto)
    assert (again.messages, same) == ((), upto)
    assert [message.text for message in again.context] == ["one", "two", "three"]


def test_a_bounded_slice_has_whole_messages_and_says_that_more_remains(desk: Desk) -> None:
    ref = desk.say("a" * 40, "b" * 50, "c" * 30, "d")
    first, upto = desk.learning.slice(ref, 0, 100)
    assert [message.text[0] for message in first.messages] == ["a", "b"]
    assert not first.ended
    second, upto = desk.learning.slice(ref, upto, 100)
    assert [message.text[0] for message in second.messages] == ["c", "d"]
    assert [message.text[0] for message in second.context] == ["a", "b"]
    assert second.ended


def test_a_message_longer_than_the_bound_is_a_slice_of_its_own(desk: Desk) -> None:
    ref = desk.say("a" * 500, "b")
    first, upto = desk.learning.slice(ref, 0, 100)
    assert [len(message.text) for message in first.messages] == [500]
    assert not first.ended
    second, _ = desk.learning.slice(ref, upto, 100)
    assert [message.text for message in second.messages] == ["b"]


@given(lengths=st.lists(st.integers(1, 60), min_size=1, max_size=8), most=st.integers(1, 90))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_the_slices_of_a_session_give_each_message_once(desk: Desk, lengths: list[int], most: int) -> None:
    name = f"s-{abs(hash((tuple(lengths), most)))}"
    messages = [
        Message(f"{name}-{n}", "claude-code", name, "user", "user", "x" * length, START, position=n)
        for n, length in enumerate(lengths)
    ]
    desk.journal.record_read(f"/t/{name}.jsonl", None, WEB, messages, cursor="{}")
    ref = desk.say(session=name)
    after, found = 0, []
    while True:
        session, upto = desk.learning.slice(ref, after, most)
        found += [message.id for message in session.messages]
        if session.ended:
            break
        assert upto > after
        after = upto
    assert found == [message.id for message in messages]


def test_keys_in_use_are_offered_latest_first_those_of_all_projects_too(desk: Desk) -> None:
    ref = desk.say("one")
    assert desk.learning.slice(ref, 0)[0].known == ()
    take = desk.learning.take
    take(candidate("The API listens on port 4310.", key="api/port"), WEB)
    take(candidate("Invoices are kept for ten years.", key="invoice/retention", minutes=9, messages=("m2",)), WEB)
    take(candidate("No key here.", messages=("m3",)), WEB)
    take(candidate("The API listens on port 4400.", key="api/port", minutes=20, messages=("m4",)), WEB)
    take(candidate("Answer in English.", key="language", minutes=15, messages=("m5",), scope="personal"), WEB)
    known = desk.learning.slice(ref, 0)[0].known
    assert [(one.key, one.summary) for one in known] == [
        ("api/port", "The API listens on port 4400."),
        ("language", "Answer in English."),
        ("invoice/retention", "Invoices are kept for ten years."),
    ]
    assert desk.store.exists(ProfileRef("local", PERSONAL))


def test_no_more_keys_are_offered_than_a_small_prompt_holds(desk: Desk) -> None:
    from sidecar.model import Add, Memory
    from sidecar.store import WriteContext

    base = candidate("x")
    plan = []
    for number in range(205):
        told = candidate(f"Thing {number}.", minutes=number)
        memory = Memory(
            f"01M7WTWTW08H7W2R5T6Y5X{number:04d}", told.type, told.content, told.summary, START,
            START + timedelta(minutes=number), base.source, key=f"thing/{number}",
        )  # fmt: skip
        plan.append(Add(memory, "new"))
    desk.learning.profile(WEB).apply(plan, WriteContext("test"))
    known = desk.learning.slice(desk.say("one"), 0)[0].known
    assert len(known) == 200
    assert known[0].key == "thing/204"
