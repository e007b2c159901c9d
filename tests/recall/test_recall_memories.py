"""Memories in one order: other words for what is asked, the message that a memory came from, whose memory it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from recall_builders import PERSONAL, Held, ask, day, memory, message

from sidecar.model import MemoryType, Source
from sidecar.recall import Recall
from sidecar.recall.synonyms import synonyms

Over = Callable[[Held], Recall]


def _ids(recall: Recall, query: str, **fields: object) -> list[str]:
    return [hit.id for hit in recall(ask(query, **fields)).hits]


def test_the_table_goes_both_ways_and_names_nothing_twice() -> None:
    assert "outag" in synonyms("downtim")
    assert "downtim" in synonyms("outag")
    assert "downtim" not in synonyms("downtim")
    assert synonyms("zzyzx") == frozenset()


def test_a_word_in_two_groups_goes_with_both() -> None:
    assert {"supersed", "port"} <= synonyms("switch")
    assert "port" not in synonyms("supersed")


def test_other_words_for_what_is_asked_bring_a_memory_forward(over: Over) -> None:
    recall = over(
        Held(
            [
                memory("renewed", "The cert of the shop is renewed by hand in March."),
                memory("page", "The shop has a page for visitors with a map."),
            ]
        )
    )
    hits = recall(ask("Who takes care of the TLS of our shop?", explain=True)).hits
    assert hits[0].id == "renewed"
    assert hits[0].channels["synonym"].rank == 1
    assert "synonym" not in next(hit for hit in hits if hit.id == "page").channels


def test_a_memory_is_found_by_what_it_came_from(over: Over) -> None:
    """The message says it in other words than the memory; both have the second and the session."""
    source = Source("transcript", "claude-code", "s1", "user", ("m1",))
    held = Held(
        [
            memory("plan", "Ines goes on with it on Thursday.", source=source, observed=day(1)),
            memory("other", "Ines goes to the dentist on Thursday.", observed=day(30)),
        ],
        [message(1, "the migration of the calendar is half done")],
    )
    hits = over(held)(ask("How far is our calendar migration?", kinds=("memory",), explain=True)).hits
    assert hits[0].id == "plan"
    assert hits[0].channels["source"].score > hits[0].channels["vector"].score


def test_a_task_is_as_near_as_its_message(over: Over) -> None:
    """Tasks have no vector and this one shares no word with the question."""
    source = Source("transcript", "claude-code", "s1", "user", ("m1",))
    task = memory("task", "Paint the second axis anew.", type=MemoryType.TASK, source=source, observed=day(1))
    facts = [memory(f"n{number}", f"Shelf {number} holds paper.", observed=day(40 + number)) for number in range(60)]
    recall = over(Held([task, *facts], [message(1, "the weather chart is wrong, it has to be drawn again")]))
    assert _ids(recall, "What is wrong with our weather chart?", kinds=("memory",))[0] == "task"


def test_the_source_counts_for_nothing_where_none_is_held(over: Over) -> None:
    """What was told by hand has no message; it is not behind what has one that says the same."""
    text = "The gateway listens on port 8443."
    recall = over(
        Held(
            [memory("told", text, source=Source("remember", None, None, "user")), memory("learned", text)],
            [message(0, text)],
        )
    )
    scores = {
        hit.id: hit.score for hit in recall(ask("Which port does the gateway listen on?", kinds=("memory",))).hits
    }
    assert scores["told"] == pytest.approx(scores["learned"], abs=0.01)


def test_a_rule_for_everywhere_comes_after_the_project_that_is_as_near(over: Over) -> None:
    recall = over(
        Held(
            [
                memory("mine", "Dates in reports are written as day and month.", profile=PERSONAL, observed=day(60)),
                memory("ours", "Dates in reports are written as year and week.", observed=day(1)),
            ]
        )
    )
    assert _ids(recall, "How do we write dates in reports?") == ["ours", "mine"]


def test_the_gate_opens_for_what_is_near_only_in_other_words(over: Over) -> None:
    """Neither memory has a word of the question; one has other words for two of them."""
    question = "Which vendor sends an invoice monthly?"
    bill = memory("A", "The supplier's bill comes on the third.")
    assert _ids(over(Held([bill, memory("B", "The kitten sleeps on the sofa.")])), question)[:1] == ["A"]


def test_it_stays_shut_without_them(over: Over) -> None:
    assert _ids(over(Held([memory("B", "The kitten sleeps on the sofa.")])), "Which vendor sends an invoice?") == []


def test_a_task_that_is_found_by_its_message_alone_passes_the_filter_of_tags(over: Over) -> None:
    """It has no vector, so that neither words nor columns of its own tell its tags."""
    source = Source("transcript", "claude-code", "s1", "user", ("m1",))
    fields = {"type": MemoryType.TASK, "source": source, "observed": day(1)}
    stored = [memory("ours", "Paint it anew.", tags=("ui",), **fields), memory("other", "Redo the axis.", **fields)]
    recall = over(Held(stored, [message(1, "the weather chart is wrong, it has to be drawn again")]))
    found = _ids(recall, "What is wrong with our weather chart?", tags=("ui",))
    assert found == ["ours"]
