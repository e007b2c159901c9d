"""Channels, fusion and what is known of a document: which hit comes where, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from recall_builders import PERSONAL, WEB, Held, ask, day, memory, message

from sidecar.model import MemoryType, Source, Status
from sidecar.recall import Recall

Over = Callable[[Held], Recall]
GATEWAY = "Which port does the gateway listen on?"


def _ids(recall: Recall, query: str, **fields: object) -> list[str]:
    return [hit.id for hit in recall(ask(query, **fields)).hits]


def test_a_hit_carries_what_is_known_of_it(orchard: Recall) -> None:
    hit = orchard(ask("How do we store amounts of money?")).hits[0]
    assert (hit.id, hit.kind, hit.type, hit.profile, hit.session) == ("money", "memory", "fact", WEB, "s1")
    assert (hit.path, hit.observed, hit.speaker) == ("facts/general/money.md", day(4), "user")
    assert 0 < hit.score <= 1
    assert hit.content == hit.summary


def test_hits_come_best_first_and_as_many_as_asked_for(orchard: Recall) -> None:
    scores = [hit.score for hit in orchard(ask("Which PostgreSQL database holds the orders?", limit=4)).hits]
    assert len(scores) == 4
    assert scores == sorted(scores, reverse=True)


def test_many_hits_can_be_asked_for(over: Over) -> None:
    recall = over(Held([memory(f"n{n}", f"the gateway has setting {n}") for n in range(130)]))
    assert len(_ids(recall, "gateway setting", limit=100)) == 100


def test_the_same_question_gets_the_same_answer(orchard: Recall) -> None:
    assert orchard(ask("Where do backups go?")) == orchard(ask("Where do backups go?"))


def test_the_key_channel_knows_a_topic_by_name(over: Over) -> None:
    recall = over(
        Held(
            [
                memory("keyed", "Use the one from the vendor.", key="web/image-loader"),
                memory("plain", "The page has many images.", key="web/page-weight"),
            ]
        )
    )
    hit = recall(ask("which image loader?", explain=True)).hits[0]
    assert hit.id == "keyed"
    assert hit.channels["key"].rank == 1
    assert hit.channels["key"].score == pytest.approx(2 / 3)


def test_questions_that_the_extractor_wrote_help_to_find(over: Over) -> None:
    recall = over(
        Held(
            [
                memory("A", "Ines decides.", queries=("Who approves a schema migration?",)),
                memory("B", "A migration needs a lock."),
            ]
        )
    )
    assert _ids(recall, "Who approves a schema migration?")[0] == "A"


def test_meaning_is_found_without_a_common_word(over: Over) -> None:
    recall = over(
        Held([memory("car", "The automobile would not start."), memory("cake", "We baked a chocolate cake.")])
    )
    hits = recall(ask("Which vehicle had an engine failure?", limit=1)).hits
    assert [hit.id for hit in hits] in (["car"], [])
    assert _ids(recall, "Did the car start?")[0] == "car"


def test_newer_wins_a_tie_and_the_project_wins_before(over: Over) -> None:
    same = "The gateway listens on port 8443."
    recall = over(
        Held(
            [
                memory("older", same, observed=day(1)),
                memory("newer", same, observed=day(5)),
                memory("mine", same, observed=day(9), profile=PERSONAL),
            ]
        )
    )
    assert _ids(recall, GATEWAY) == ["newer", "older", "mine"]


def test_both_profiles_are_searched_and_no_other(over: Over) -> None:
    recall = over(
        Held(
            [
                memory("here", "The gateway listens on port 8443."),
                memory("mine", "I call the gateway by its port.", profile=PERSONAL),
                memory("theirs", "The gateway listens on port 1.", profile=replace(WEB, name="other")),
            ]
        )
    )
    assert set(_ids(recall, GATEWAY)) == {"here", "mine"}
    assert _ids(recall, GATEWAY, profiles=(PERSONAL,)) == ["mine"]
    assert _ids(recall, GATEWAY, profiles=(WEB, WEB)) == ["here"]
    assert _ids(recall, GATEWAY, profiles=()) == []


def test_tasks_are_ranked_down(over: Over) -> None:
    text = "The gateway port moves to 9000."
    recall = over(Held([memory("task", text, type=MemoryType.TASK), memory("fact", text)]))
    assert _ids(recall, GATEWAY) == ["fact", "task"]


def test_a_message_is_folded_into_the_memory_that_came_from_it(over: Over) -> None:
    source = Source("transcript", "claude-code", "s1", "user", ("m1",))
    recall = over(
        Held(
            [memory("A", "The gateway listens on port 8443.", source=source)],
            [
                message(1, "btw the gateway listens on port 8443 now"),
                message(2, "the gateway port is fine, restart it"),
            ],
        )
    )
    hits = recall(ask(GATEWAY, explain=True)).hits
    assert [hit.id for hit in hits] == ["A", "m2"]
    assert {"keyword", "raw"} <= hits[0].channels.keys()
    assert not recall(ask(GATEWAY)).hits[0].channels  # which nobody asked for


def test_superseded_memories_never_come_and_their_messages_come_last(over: Over) -> None:
    old = memory("old", "The gateway listens on port 80.", status=Status.SUPERSEDED, valid_until=day(20))
    recall = over(
        Held(
            [old, memory("new", "Everything is served by the gateway, 8443 now.", observed=day(20))],
            [
                message(1, "the gateway listens on port 80", superseded=True),
                message(2, "what does the gateway do anyway"),
            ],
        )
    )
    hits = recall(ask(GATEWAY)).hits
    assert [hit.id for hit in hits][-1] == "m1"
    assert hits[-1].superseded
    assert "old" not in [hit.id for hit in hits]
    assert "port 80" not in recall(ask(GATEWAY)).answer


def test_as_of_a_day_what_was_valid_then(over: Over) -> None:
    recall = over(
        Held(
            [
                memory("one", "The gateway listens on port 80.", status=Status.SUPERSEDED, valid_until=day(10)),
                memory(
                    "two",
                    "The gateway listens on port 8080.",
                    observed=day(10),
                    status=Status.SUPERSEDED,
                    valid_until=day(20),
                ),
                memory("three", "The gateway listens on port 8443.", observed=day(20)),
                memory("never", "The gateway port was wrong.", status=Status.FORGOTTEN),
                memory("perhaps", "The gateway port may move.", status=Status.PROPOSED),
            ],
            [message(3, "the gateway is on port 80", superseded=True), message(30, "gateway port 8443, tested")],
        )
    )
    assert _ids(recall, GATEWAY) == ["three", "m30", "m3"]
    assert set(_ids(recall, GATEWAY, at=day(5))) == {"one", "m3"}
    assert not any(hit.superseded for hit in recall(ask(GATEWAY, at=day(5))).hits if hit.kind == "message")
    assert set(_ids(recall, GATEWAY, at=day(10))) == {"two", "m3"}, "what changed on the day holds at its end"
    assert set(_ids(recall, GATEWAY, at=day(19))) == {"two", "m3"}
    assert set(_ids(recall, GATEWAY, at=day(25))) == {"three", "m3"}
    assert _ids(recall, GATEWAY, at=day(-1)) == []


def test_only_what_was_said_is_a_candidate(over: Over) -> None:
    text = "the gateway listens on port 8443"
    recall = over(
        Held(
            changes=[
                message(1, text, role="tool", speaker="tool", kind="tool"),
                message(2, text, speaker="tool"),
                message(3, text, role="system"),
                message(4, text, sidechain=True),
                message(5, text, forgotten=True),
                message(6, text, role="assistant", speaker="assistant"),
            ]
        )
    )
    assert _ids(recall, GATEWAY) == ["m6"]


def test_a_question_is_ranked_below_what_answers_it(over: Over) -> None:
    recall = over(
        Held(
            changes=[
                message(1, GATEWAY),
                message(
                    2, "The gateway listens on 8443, the admin port is 9000.", role="assistant", speaker="assistant"
                ),
            ]
        )
    )
    assert _ids(recall, GATEWAY)[0] == "m2"


def test_neighbours_of_a_message_help_to_find_it(over: Over) -> None:
    recall = over(
        Held(
            changes=[
                message(1, "on which port should the gateway listen?"),
                message(2, "let's say 8443, and keep it closed"),
                message(3, "8443 fish were counted, the tide is low", session="s2"),
            ]
        )
    )
    assert _ids(recall, "Which port does the gateway listen on, 8443?")[0] == "m2"


def test_types_kinds_and_session_narrow(over: Over) -> None:
    other = Source("transcript", "codex", "s2", "user")
    recall = over(
        Held(
            [
                memory("fact", "The gateway listens on port 8443."),
                memory("event", "The gateway port was changed.", type=MemoryType.EVENT, source=other),
            ],
            [message(1, "the gateway port again"), message(2, "gateway port, please", session="s2")],
        )
    )
    assert set(_ids(recall, GATEWAY, types=("event",))) == {"event"}
    assert set(_ids(recall, GATEWAY, types=("fact", "event"))) == {"fact", "event"}
    assert set(_ids(recall, GATEWAY, kinds=("memory",))) == {"fact", "event"}
    assert set(_ids(recall, GATEWAY, kinds=("message",))) == {"m1", "m2"}
    assert _ids(recall, GATEWAY, kinds=("message",), types=("fact",)) == []
    assert set(_ids(recall, GATEWAY, session="s2")) == {"event", "m2"}


def test_a_long_message_is_cut(over: Over) -> None:
    text = "The gateway listens on port 8443. " + "ä" * 40_000
    hit = over(Held(changes=[message(1, text)]))(ask(GATEWAY)).hits[0]
    assert hit.truncated
    assert len(hit.content.encode()) <= 32_768
    assert text.startswith(hit.content)
    assert hit.summary == "The gateway listens on port 8443."


def test_explain_tells_terms_gate_and_channels(orchard: Recall) -> None:
    answer = orchard(ask("Which port does PostgreSQL listen on?", explain=True))
    assert answer.explanation is not None
    assert set(answer.explanation) == {
        *("form", "terms", "everyday", "period", "gate", "reasons", "channels", "withheld", "milliseconds")
    }
    gate = answer.explanation["gate"]
    assert isinstance(gate, dict)
    assert gate["open"] is True
    assert gate["evidence"] >= gate["needed"]
    assert set(answer.hits[0].channels) >= {"keyword", "vector"}
    shut = orchard(ask("run the tests", explain=True)).explanation
    assert shut is not None
    assert isinstance(shut["gate"], dict)
    assert shut["gate"]["why"] == "the query has only everyday words"
    assert orchard(ask("Which port does PostgreSQL listen on?")).explanation is None


def test_what_is_talked_of_at_length_comes_before_a_stray_mention(over: Over) -> None:
    """Of two messages with the same words, the one whose session has more to say on the matter is first."""
    text = "the gateway certificate expires in March"
    talk = ["the gateway certificate is from the old authority", "renew the gateway certificate by hand"]
    recall = over(
        Held(
            changes=[
                message(1, text, session="long"),
                *(message(number, said, session="long") for number, said in enumerate(talk, 2)),
                message(9, text, session="stray"),
            ]
        )
    )
    ids = _ids(recall, "When does the gateway certificate expire?")
    assert ids.index("m1") < ids.index("m9")


def test_a_weak_best_of_one_channel_does_not_outvote_a_sure_one(over: Over) -> None:
    """One common word, the best that the words can find, does not make up for a meaning that fits."""
    recall = over(
        Held(
            [
                memory("meaning", "Laptops are encrypted with FileVault and passwords expire yearly."),
                memory("word", "The storage room has three shelves for paper."),
            ]
        )
    )
    assert _ids(recall, "Is the storage of our notebooks encrypted, and do passphrases lapse?")[0] == "meaning"


def test_scores_are_absolute(over: Over) -> None:
    """A document scores the same whatever else was found: the best of nothing good stays low."""
    recall = over(Held([memory("A", "The gateway listens on port 8443."), memory("B", "Lunch is at noon.")]))
    sure = recall(ask(GATEWAY)).hits[0].score
    unsure = recall(ask("Which of our servers listens to the radio?")).hits
    assert all(hit.score < sure / 2 for hit in unsure)


def test_scraps_of_talk_and_what_is_far_behind_are_not_given(over: Over) -> None:
    recall = over(
        Held(
            [memory("port", "The gateway listens on port 8443.")],
            changes=[
                message(1, "gateway port"),
                message(2, "right."),
                message(3, "The tide tables are printed on Mondays, and the port authority reads them."),
            ],
        )
    )
    assert _ids(recall, GATEWAY)[0] == "port"
    assert not {"m1", "m2"} & set(_ids(recall, GATEWAY))
    best, *others = recall(ask(GATEWAY)).hits
    assert all(hit.score >= 0.2 * best.score for hit in others)
