"""How a prompt is put, and how seldom one that is not about the project opens the gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from recall_builders import Held, ask, memory, message
from recall_prompts import UNRELATED

from sidecar.recall import Recall
from sidecar.recall.prompt import manner_of

OTHER_WORDS = [
    ("Which package manager do we use here?", "pm"),
    ("On which day do we ship?", "deploy"),
    ("Where do we keep the orders?", "db"),
    ("Who must agree before payments are changed?", "owner"),
    ("How long do we hold on to copies of the data?", "region"),
    ("How do our shoppers log in?", "auth"),
    ("In which unit are prices kept?", "money"),
    ("Which broker feeds the bills to the worker?", "queue"),
    ("What did we drop in favour of links in the mail?", "auth"),
    ("Which framework drives the browser tests?", "tests"),
]


def test_hardly_anything_unrelated_opens(orchard: Recall) -> None:
    assert len(set(UNRELATED)) == len(UNRELATED) > 200
    opened = [prompt for prompt in UNRELATED if orchard(ask(prompt)).hits]
    assert len(opened) <= 0.05 * len(UNRELATED), opened


def test_questions_in_other_words_open_and_find(orchard: Recall) -> None:
    """The opposite error: a gate that shuts out everything would pass the test above."""
    found = {query: [hit.id for hit in orchard(ask(query)).hits[:5]] for query, _ in OTHER_WORDS}
    assert sum(not hits for hits in found.values()) <= 1, found
    missed = [query for query, name in OTHER_WORDS if name not in found[query]]
    assert len(missed) <= 3, missed


@pytest.mark.parametrize(
    ("prompt", "traits"),
    [
        ("Which database do we use?", {"ours"}),
        ("Who decided on that?", {"situated"}),
        ("May I change the schema?", {"situated"}),
        ("Are you allowed to push?", {"situated"}),
        ("did you save the file?", {"situated", "addressed"}),
        ("which model are you?", {"addressed"}),
        ("can you remind me where the crate is kept?", set()),
        ("what is a mutex?", {"general"}),
        ("ok, how do I exit vim?", {"general"}),
        ("how does garbage collection work", {"general"}),
        ("what's 12% of 50", {"general"}),
        ("What does our flag mean?", {"general", "ours"}),
        ("Which port does the gateway listen on?", set()),
    ],
)
def test_the_manner_of_a_prompt(prompt: str, traits: set[str]) -> None:
    manner = manner_of(prompt)
    assert {name for name in ("ours", "situated", "general", "addressed") if getattr(manner, name)} == traits


def test_names_are_what_is_written_with_a_capital_inside() -> None:
    assert manner_of("Does Maribel like Paris, I wonder, or New-York?").names == ("Maribel", "Paris", "New-York")
    assert manner_of("What time is it?").names == ()


def test_a_name_that_nobody_mentioned_speaks_against(over: Callable[[Held], Recall]) -> None:
    recall = over(Held([memory("A", "Maribel owns the payment integration.")]))
    known = recall(replace(ask("Which parts does Maribel own?"), explain=True)).explanation
    strange = recall(replace(ask("Which parts does Thaddeus own?"), explain=True)).explanation
    assert known is not None
    assert strange is not None
    assert known["gate"]["manner"] > strange["gate"]["manner"]  # type: ignore[index]


def test_speaking_of_us_speaks_for(over: Callable[[Held], Recall]) -> None:
    recall = over(Held([memory("A", "The crate is published from the release branch.")]))
    asked = [
        recall(replace(ask(query), explain=True))
        for query in ("Where is the crate kept?", "Where do we keep the crate?")
    ]
    apart, ours = (answer.explanation["gate"]["manner"] for answer in asked if answer.explanation)  # type: ignore[index]
    assert ours > apart


def test_one_word_that_is_known_is_enough_as_a_topic(over: Callable[[Held], Recall]) -> None:
    recall = over(Held([memory("A", "Sessions are cached in Valkey.")], [message(1, "thanks, that is red")]))
    assert recall(ask("valkey")).hits[0].id == "A"
    assert recall(ask("thanks")).hits == ()
    assert recall(ask("valkey prices in Norway")).hits == ()
