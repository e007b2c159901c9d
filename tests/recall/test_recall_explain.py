"""An explanation adds up: the reasons to the evidence, the weights to what is shipped, the time to what was taken."""

from __future__ import annotations

from typing import Any

import pytest
from recall_builders import ask

from sidecar.recall import Recall
from sidecar.recall.stopwatch import Stopwatch
from sidecar.recall.weights import CHANNELS, Kept

STAGES = ["analyse", "embed", "channels", "gate", "fuse", "answer", "total"]


def explained(recall: Recall, query: str, **fields: object) -> dict[str, Any]:
    found = recall(ask(query, explain=True, **fields)).explanation
    assert found is not None
    return dict(found)


@pytest.mark.parametrize(
    "query",
    [
        "Which port does PostgreSQL listen on?",
        "Which parts of it does Thaddeus own?",
        "what is a closure in javascript?",
        "did you save the file?",
        "How do our shoppers log in?",
    ],
)
def test_the_reasons_add_up_to_the_evidence(orchard: Recall, query: str) -> None:
    found = explained(orchard, query)
    evidence = sum(reason["evidence"] for reason in found["reasons"])
    assert evidence == pytest.approx(found["gate"]["evidence"], abs=0.01)
    if found["gate"]["weighed"]:
        assert found["gate"]["open"] == (found["gate"]["evidence"] >= found["gate"]["needed"])


def test_the_reasons_are_those_of_the_prompt(orchard: Recall) -> None:
    whys = {reason["why"] for reason in explained(orchard, "How do our shoppers log in?")["reasons"]}
    assert "it speaks of us" in whys
    assert "it asks as one asks about the world" not in whys
    assert "it asks as one asks about the world" in {
        reason["why"] for reason in explained(orchard, "what is a closure in javascript?")["reasons"]
    }


def test_every_channel_has_its_weight_in_each_candidate(orchard: Recall) -> None:
    hits = orchard(ask("Which port does PostgreSQL listen on?", explain=True)).hits
    said = [(name, one.weight) for hit in hits for name, one in hit.channels.items()]
    assert said
    assert all(weight == CHANNELS[name] for name, weight in said)


def test_what_the_channels_say_of_a_memory_adds_up_to_its_score(orchard: Recall) -> None:
    hits = orchard(ask("Which port does PostgreSQL listen on?", explain=True, kinds=("memory",))).hits
    assert hits
    for hit in hits:
        worth = sum(one.weight * one.score for one in hit.channels.values())
        assert hit.score == pytest.approx(Kept.SHARE * worth, abs=0.001)


def test_a_shut_gate_shows_what_it_withholds_and_gives_nothing(orchard: Recall) -> None:
    shut = orchard(ask("add a payment button", explain=True))
    assert shut.hits == ()
    assert shut.answer == ""
    assert shut.explanation is not None
    withheld = shut.explanation["withheld"]
    assert isinstance(withheld, list)
    assert 0 < len(withheld) <= 5
    assert [one["score"] for one in withheld] == sorted((one["score"] for one in withheld), reverse=True)
    assert explained(orchard, "Which port does PostgreSQL listen on?")["withheld"] == []


def test_every_stage_has_its_time(orchard: Recall) -> None:
    times = explained(orchard, "Which port does PostgreSQL listen on?")["milliseconds"]
    assert list(times) == STAGES
    assert sum(times[stage] for stage in STAGES[:-1]) <= times["total"] + 0.01


def test_a_stage_that_ends_twice_has_both_times() -> None:
    watch = Stopwatch()
    for stage in ("a", "b", "a"):
        watch.lap(stage)
    assert list(watch.milliseconds) == ["a", "b", "total"]
