"""The order of verbatim messages: one trait at a time, all else being equal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from recall_builders import PERSONAL, Held, ask, day, message

from sidecar.recall import Recall
from sidecar.recall.prompt import manner_of

Over = Callable[[Held], Recall]


def _ids(recall: Recall, query: str, **fields: object) -> list[str]:
    return [hit.id for hit in recall(ask(query, kinds=("message",), **fields)).hits]


def _apart(*texts: str, **fields: object) -> list[object]:
    """Messages of a session each, at one time."""
    return [message(n, text, session=f"s{n}", time=day(1), **fields) for n, text in enumerate(texts, 1)]


def test_what_answers_a_question_comes_before_the_same_words_elsewhere(over: Over) -> None:
    answer = "The loading crane, that was before the storm came."
    recall = over(
        Held(
            changes=[
                message(1, answer, session="s1"),
                message(2, "Which machine broke at the quay in the harbour, do you remember?", session="s2"),
                message(3, answer, session="s2", role="assistant", speaker="assistant"),
                message(4, "The quay and the harbour were quiet.", session="s3"),
            ]
        )
    )
    ids = _ids(recall, "Which machine broke at the quay in the harbour?")
    assert "m3" in ids
    assert "m1" not in ids[: ids.index("m3")]


def test_what_is_answered_in_the_querys_words_is_lifted_by_its_answer(over: Over) -> None:
    said = "We had to stop the crane for a while."
    recall = over(
        Held(
            changes=[
                message(1, said, session="s1"),
                message(2, "The gearbox oil of the crane was frozen, so it stood still.", session="s1"),
                message(3, said, session="s2"),
                message(4, "Lunch was at noon, with soup for everybody.", session="s2"),
            ]
        )
    )
    ids = _ids(recall, "Did the gearbox oil of the crane freeze?")
    assert ids[0] == "m2"
    assert ids.index("m1") < ids.index("m3")


def test_a_persons_word_comes_before_an_agents(over: Over) -> None:
    text = "The loading crane is inspected by Fenwick and Daughters."
    agents = message(1, text, session="s1", role="assistant", speaker="assistant", time=day(9))
    recall = over(Held(changes=[agents, message(2, text, session="s2", time=day(1))]))
    assert _ids(recall, "Who inspects the loading crane?") == ["m2", "m1"]


def test_a_time_is_looked_for_if_a_time_is_asked_for(over: Over) -> None:
    undated, dated = "The loading crane was inspected by Fenwick.", "The loading crane was inspected last week."
    recall = over(Held(changes=[*_apart(undated, dated)]))  # type: ignore[list-item]
    assert _ids(recall, "When was the loading crane inspected?")[0] == "m2"
    assert _ids(recall, "Who of the Fenwick people inspected the loading crane?")[0] == "m1"


def test_the_speaker_that_is_named_comes_first(over: Over) -> None:
    talk = [message(number, f"{name}: the tide is low, part {number}") for number, name in enumerate("AB" * 5, 10)]
    told = [f"{name}: my brother repairs the loading crane" for name in ("Maribel", "Thaddeus")]
    recall = over(Held(changes=[*_apart(*told), *talk]))  # type: ignore[list-item]
    assert _ids(recall, "What does Thaddeus say of the brother and the loading crane?")[0] == "m2"
    assert _ids(recall, "What does Maribel say of the brother and the loading crane?")[0] == "m1"


def test_what_goes_on_with_something_goes_on_with_the_last_of_it(over: Over) -> None:
    text = "The plan for the loading crane: first the motor, then the paint."
    recall = over(
        Held(
            changes=[
                message(1, text, session="s1", time=day(1)),
                *(message(n, f"Tide table number {n} is printed.", session=f"s{n}", time=day(n)) for n in range(2, 9)),
                message(9, text + " And oil.", session="s9", time=day(9)),
            ]
        )
    )
    assert _ids(recall, "What comes next in our plan for the loading crane?")[0] == "m9"
    assert _ids(recall, "Which motor is in the plan for the loading crane?")[0] == "m1"


def _yard(sessions: int) -> list[object]:
    """Two sessions in which the same is said, the later one amid lunch, and others about the crane's gears."""
    note = "The plan for the crane is pinned to the wall."
    cogs = ["Cogwheels for the hoist came by truck.", "A shaft is bent.", "The bearing of the gear runs dry."]
    food = ["Soup is served at noon.", "Bread was bought.", "A green salad with oil and lemon."]
    talk = [
        [note, *cogs],
        [note, *food],
        *([f"Crane gearbox, part {n}.", "Its gears, shafts and bearings are cleaned."] for n in range(sessions)),
        *([f"It rains on day {n}.", "The wind blows from the sea."] for n in range(sessions)),
    ]
    return [
        message(10 * number + at, text, session=f"s{number}", time=day(number))
        for number, texts in enumerate(talk, 1)
        for at, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    ("prompt", "sessions", "first"),
    [
        ("Back to the plan for the crane gearbox.", 12, "m10"),
        ("Which plan is there for the crane gearbox?", 12, "m20"),
        ("Back to the plan for the crane gearbox.", 3, "m20"),
    ],
)
def test_what_goes_on_with_something_favours_sessions_like_those_about_it(
    over: Over, prompt: str, sessions: int, first: str
) -> None:
    """Where sessions are few, or something is asked, of what is said in two places the later comes first."""
    ids = _ids(over(Held(changes=_yard(sessions))), prompt, limit=40)  # type: ignore[arg-type]
    assert min(("m10", "m20"), key=ids.index) == first


def test_neighbours_that_a_filter_shuts_out_are_not_given(over: Over) -> None:
    recall = over(
        Held(
            changes=[
                message(1, "Is the loading crane in the harbour repaired?", session="s1", time=day(1)),
                message(2, "The loading crane in the harbour is repaired by Fenwick.", session="s1", time=day(5)),
            ]
        )
    )
    assert _ids(recall, "Is the loading crane in the harbour repaired?", at=day(2)) == ["m1"]
    assert _ids(recall, "Is the loading crane in the harbour repaired?", session="s2") == []


def test_messages_of_two_profiles_are_in_one_order(over: Over) -> None:
    text = "The loading crane in the harbour is repaired by Fenwick."
    recall = over(
        Held(changes=[message(1, text, profile=PERSONAL), message(2, f"{text} It has a red motor and a long arm.")])
    )
    assert set(_ids(recall, "Who repairs the loading crane in the harbour?")) == {"m1", "m2"}


@pytest.mark.parametrize(
    ("prompt", "dated", "resumes"),
    [
        ("When did the crane break?", True, False),
        ("How many weeks was the crane broken?", True, False),
        ("Which motor does the crane have?", False, False),
        ("What is the next step for the crane?", False, True),
        ("As we discussed, which motor does it get?", False, True),
        ("The crane is painted.", False, True),
        ("Paint the crane.", False, True),
    ],
)
def test_what_a_prompt_looks_for(prompt: str, dated: bool, resumes: bool) -> None:
    manner = manner_of(prompt)
    assert (manner.dated, manner.resumes) == (dated, resumes)
