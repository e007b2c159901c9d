"""Answers are sentences of the hits, dated, as long as asked for; the verbatim search has no gate."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recall_builders import WEB, Held, ask, day, memory, message

from sidecar.recall import Recall
from sidecar.recall.fuse import first_sentence, only_asks, sentences

Over = Callable[[Held], Recall]

LONG = """# Storage
- Orders live in PostgreSQL.
- The PostgreSQL host is plum.
- PostgreSQL listens on port 5433.
Lunch is at noon.
The PostgreSQL password rotates monthly.
PostgreSQL backups run at night."""


def test_an_answer_quotes_the_sentence_with_its_date(over: Over) -> None:
    answer = over(Held([memory("A", LONG, observed=day(3))]))(
        ask("On which port does PostgreSQL listen?", response_length="short")
    ).answer
    assert answer == "2026-09-04: PostgreSQL listens on port 5433."


@pytest.mark.parametrize(("length", "most"), [("short", 1), ("medium", 3), ("long", 6)])
def test_an_answer_is_as_long_as_asked_for(over: Over, length: str, most: int) -> None:
    text = " ".join(f"The PostgreSQL cluster number {n} is named plum{n}." for n in "123456789")
    answer = over(Held([memory("A", text)]))(ask("PostgreSQL cluster plum?", response_length=length)).answer
    assert answer.count("cluster") == most


def test_nothing_is_invented(orchard: Recall) -> None:
    answer = orchard(ask("Where do the nightly backups go?", response_length="long"))
    contents = " ".join(hit.content for hit in answer.hits)
    for line in answer.answer.splitlines():
        for sentence in sentences(line.partition(": ")[2]):
            assert sentence.rstrip(".") in contents


def test_the_same_words_are_quoted_once(over: Over) -> None:
    text = "The gateway listens on port 8443."
    recall = over(Held([memory("A", text)], [message(1, text), message(2, text)]))
    assert recall(ask("Which port does the gateway listen on?", response_length="long")).answer.count("8443") == 1


def test_a_question_is_not_an_answer(over: Over) -> None:
    recall = over(Held(changes=[message(1, "Which port does the gateway listen on? It is 8443 for the gateway.")]))
    answer = recall(ask("Which port does the gateway listen on?", response_length="short")).answer
    assert answer == "2026-09-02: It is 8443 for the gateway."


def test_a_short_memory_is_quoted_whole(over: Over) -> None:
    """Its sentences lean on each other; only who wants it short gets the best one alone."""
    text = "The boiler room flooded because of that. A valve had been left open overnight."
    recall = over(Held([memory("A", text)]))
    question = "Why was the boiler room flooded?"
    assert recall(ask(question)).answer == f"2026-09-01: {text}"
    assert (
        recall(ask(question, response_length="short")).answer == "2026-09-01: The boiler room flooded because of that."
    )


def test_an_undated_message_is_quoted_without_a_date(over: Over) -> None:
    recall = over(Held(changes=[message(1, "The gateway listens on port 8443.", time=None)]))
    assert recall(ask("Which port does the gateway listen on?")).answer == "The gateway listens on port 8443."


def test_a_sentence_without_end_is_cut(over: Over) -> None:
    recall = over(Held([memory("A", "gateway port 8443 " * 60)]))
    answer = recall(ask("Which port does the gateway listen on?")).answer
    assert answer.endswith("…")
    assert len(answer) < 450


def test_sentences_of_several_scripts() -> None:
    assert sentences("One. Two!\nThree? v0.4.2 is four") == ["One.", "Two!", "Three?", "v0.4.2 is four"]
    assert sentences("ひとつ。 ふたつ。") == ["ひとつ。", "ふたつ。"]
    assert sentences(" \n\n ") == []


@given(st.text(st.sampled_from("ab .!?\n。 \t"), max_size=30))
def test_the_first_sentence_is_the_first_of_all(text: str) -> None:
    assert first_sentence(text) == next(iter(sentences(text)), "")


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Which port?", True),
        ("Which port? And who?", True),
        ("It is 8443. Right?", False),
        ("8443", False),
        ("", False),
        ("I moved everything to the new host, " * 5 + "can you check?", False),
    ],
)
def test_what_only_asks(text: str, asks: bool) -> None:
    assert only_asks(text) is asks


def test_verbatim_search_finds_all_roles_and_needs_no_gate(over: Over) -> None:
    recall = over(
        Held(
            changes=[
                message(1, "run the tests"),
                message(2, "42 tests passed", role="tool", speaker="tool", kind="tool"),
                message(3, "the tests pass", role="assistant", speaker="assistant", session="s2"),
                message(4, "the moon is far"),
                message(5, "system tests", role="system", speaker="tool"),
            ]
        )
    )
    assert {hit.id for hit in recall.search("tests", (WEB,))} == {"m1", "m2", "m3", "m5"}
    assert [hit.id for hit in recall.search("tests", (WEB,), roles=("tool",))] == ["m2"]
    assert {hit.id for hit in recall.search("tests", (WEB,), roles=("user", "assistant"))} == {"m1", "m3"}
    assert [hit.id for hit in recall.search("tests", (WEB,), session="s2")] == ["m3"]
    assert len(recall.search("tests", (WEB,), limit=2)) == 2
    assert recall.search("nothing like it", (WEB,)) == ()
    assert recall.search('" OR *', (WEB,)) == ()


def test_a_forgotten_memory_takes_its_messages_with_it(over: Over) -> None:
    recall = over(Held(changes=[message(1, "the gateway listens on port 8443", forgotten=True)]))
    assert recall.search("gateway", (WEB,)) == ()
