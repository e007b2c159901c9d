"""A model words anew what rules have found: the same file, better words, nothing lost, nothing doubled."""

from __future__ import annotations

from pathlib import Path

import pytest
from learning_kit import START, WEB, Desk, Shelf, candidate

from sidecar.extract import Slice
from sidecar.model import Add, MemoryType, Message, Revise, SessionRef, Skip, Speaker, Status
from sidecar.store import WriteContext

RULES = "rules-1"
CONTEXT = WriteContext("a person asked")


def test_rules_then_model_then_both_again_leaves_the_files_as_they_were(desk: Desk) -> None:
    ref = desk.say(
        "we use pnpm in the web workspace, never npm",
        "the staging database listens on 5432, remember that please",
        "always run make check before you commit",
    )
    by_rules = desk.learn_by_rules(ref)
    assert len(by_rules) == 3
    model = [
        candidate("The web workspace uses pnpm, never npm, to install packages.", minutes=1, messages=("m1",)),
        candidate("The staging database of the booking service listens on port 5432.", minutes=2, messages=("m2",)),
        candidate("Always run make check before a commit.", minutes=3, messages=("m3",), kind=MemoryType.INSTRUCTION),
    ]
    for one in model:
        desk.learning.take(one, WEB)
    before = desk.files()
    assert len(before) == 3
    assert all(b"extractor: ollama/small prompt-1\n" in data for data in before.values())
    desk.learn_by_rules(ref)
    for one in model:
        desk.learning.take(one, WEB)
    desk.learn_by_rules(ref)
    assert desk.files() == before
    desk.follow.catch_up()
    desk.follow.commit(WEB)
    desk.follow.catch_up()
    assert desk.files() == before


def test_the_file_stays_and_gets_the_models_words_key_and_questions(desk: Desk) -> None:
    desk.learning.take(candidate("it's on 4400, by the way", extractor=RULES), WEB)
    (path,) = desk.files()
    told = candidate(
        "The payments API listens on port 4400.",
        key="payments-api/port",
        queries=("Which port does the payments API use?",),
        keywords=("payments API", "4400"),
    )
    (change,) = desk.learning.take(told, WEB)
    assert isinstance(change, Revise)
    (stored,) = desk.memories()
    memory = stored.memory
    assert (memory.content, memory.summary, memory.key) == (told.content, told.summary, told.key)
    assert (memory.queries, memory.keywords, memory.extractor) == (told.queries, told.keywords, told.extractor)
    assert list(desk.files()) == [path]
    assert memory.id == change.target.memory.id


def test_a_statement_that_says_less_words_nothing_anew(desk: Desk) -> None:
    text = "The staging database listens on 5432 and is called otter"
    desk.learning.take(candidate(text, extractor=RULES), WEB)
    desk.learning.take(candidate("The staging database listens on 5432 and is called otter.", keywords=("otter",)), WEB)
    (stored,) = desk.memories()
    assert stored.memory.content == text
    assert stored.memory.keywords == ("otter",)


def test_if_each_has_values_of_its_own_there_are_two_memories(desk: Desk) -> None:
    desk.learning.take(candidate("staging is on 5432, backups at 02:10", extractor=RULES), WEB)
    desk.learning.take(candidate("The staging database on 5432 has 14 replicas."), WEB)
    assert len(desk.memories(Status.ACTIVE)) == 2


def test_two_statements_of_one_message_stay_two(desk: Desk) -> None:
    desk.learning.take(candidate("Deploys happen on Tuesdays", extractor=RULES), WEB)
    desk.learning.take(candidate("Two people are needed for deploys to production."), WEB)
    desk.learning.take(candidate("Deploys happen on Tuesdays after lunch."), WEB)
    assert desk.active() == [
        "Deploys happen on Tuesdays after lunch.",
        "Two people are needed for deploys to production.",
    ]


@pytest.mark.parametrize("verdict", ["same", None])
def test_across_sessions_it_takes_the_models_word_that_it_is_the_same(desk: Desk, verdict: str | None) -> None:
    desk.learning.take(candidate("payments api sits on 4400", extractor=RULES), WEB)
    (known,) = desk.memories()
    told = candidate("The payments API sits on port 4400 of host otter1.", minutes=90, messages=("m9",))
    desk.learning.take(told, WEB, {} if verdict is None else {known.memory.id: verdict})
    assert len(desk.memories(Status.ACTIVE)) == (1 if verdict else 2)
    assert told.content in desk.active()


def test_what_a_person_has_touched_is_left_in_their_words(desk: Desk) -> None:
    desk.learning.take(candidate("it's on 4400, by the way", extractor=RULES), WEB)
    (path,) = desk.files()
    desk.edit(path, "by the way", "as of today")
    before = desk.files()
    assert desk.memories()[0].memory.edited is not None
    desk.learning.take(candidate("The payments API listens on port 4400."), WEB)
    assert desk.files()[path].split(b"---\n")[2] == before[path].split(b"---\n")[2]


def test_a_summary_that_a_person_has_just_changed_is_left_too(desk: Desk) -> None:
    desk.learning.take(candidate("it's on 4400, by the way", extractor=RULES), WEB)
    (path,) = desk.files()
    desk.edit(path, "summary: it's on 4400, by the way", "summary: my own summary  # mine")
    desk.learning.take(candidate("The payments API listens on port 4400."), WEB)
    text = desk.files()[path].decode()
    assert "summary: my own summary  # mine\n" in text
    assert text.endswith("---\nit's on 4400, by the way\n")


def test_read_only_files_stay_as_they_are(desk: Desk) -> None:
    desk.learning.take(candidate("it's on 4400, by the way", extractor=RULES), WEB)
    (path,) = desk.files()
    desk.edit(path, "---\nit's", "read_only: true\n---\nit's")
    before = desk.files()
    desk.learning.take(candidate("The payments API listens on port 4400."), WEB)
    assert desk.files()[path] == before[path]


def test_a_persons_words_are_not_replaced_by_an_assistants(desk: Desk) -> None:
    desk.learning.take(candidate("it's on 4400, by the way", extractor=RULES), WEB)
    before = desk.files()
    desk.learning.take(candidate("The payments API listens on port 4400.", speaker="assistant"), WEB)
    assert desk.files() == before


def test_what_a_person_told_to_remember_is_not_reworded() -> None:
    shelf = Shelf()
    shelf.take(candidate("it's on 4400, by the way", extractor=RULES))
    (memory,) = shelf.memories.values()
    from dataclasses import replace

    shelf.memories[memory.id] = memory.replace(source=replace(memory.source, origin="remember"))
    shelf.take(candidate("The payments API listens on port 4400."))
    assert "it's on 4400, by the way" in shelf.active()


def test_what_the_model_does_not_mention_stays(desk: Desk) -> None:
    ref = desk.say("production was down for 45 minutes on 2026-08-30 because the disk was full")
    desk.learn_by_rules(ref)
    before = desk.files()
    assert len(before) == 1
    desk.learning.take(candidate("Disk alerts go to the pager.", messages=("m1",)), WEB)
    assert before.items() <= desk.files().items()


def test_another_type_of_the_same_statement_is_the_same_file(desk: Desk) -> None:
    desk.learning.take(candidate("run make check before each commit", extractor=RULES), WEB)
    told = candidate("Run make check before each commit of the web workspace.", kind=MemoryType.INSTRUCTION)
    for _ in range(2):
        desk.learning.take(told, WEB)
        (stored,) = desk.memories()
        assert (stored.memory.type, stored.path.split("/")[0]) == (MemoryType.FACT, "facts")
        assert stored.memory.content == told.content


def test_what_was_superseded_does_not_come_back_in_a_models_words(desk: Desk) -> None:
    desk.learning.take(candidate("the staging db is on 5432", key="staging-database/port", extractor=RULES), WEB)
    newer = candidate(
        "staging db is on 5433 now", minutes=9, messages=("m2",), key="staging-database/port", extractor=RULES
    )
    desk.learning.take(newer, WEB)
    for _ in range(2):
        desk.learning.take(candidate("The staging db is on port 5432.", key="other/key"), WEB)
        desk.learning.take(
            candidate("The staging db is on port 5433 now.", minutes=9, messages=("m2",), key="other/key"), WEB
        )
        assert desk.active() == ["The staging db is on port 5433 now."]
        assert len(desk.files()) == 2


def test_what_was_forgotten_or_deleted_does_not_come_back_in_a_models_words(desk: Desk) -> None:
    profile = desk.learning.profile(WEB)
    desk.learning.take(candidate("it's on 4400, by the way", extractor=RULES), WEB)
    desk.learning.take(candidate("the pager number is 5511", messages=("m2",), extractor=RULES), WEB)
    first, second = (stored.memory.id for stored in desk.memories())
    profile.forget(first, "wrong", CONTEXT)
    profile.delete(second, CONTEXT)
    desk.follow.catch_up()
    for told in (
        candidate("The payments API is on port 4400."),
        candidate("The number of the pager is 5511.", messages=("m2",)),
    ):
        (change,) = desk.learning.take(told, WEB)
        assert isinstance(change, Skip)
        assert change.forgotten
    assert desk.active() == []


def test_a_model_that_names_the_subject_finds_the_version_that_rules_could_not(desk: Desk) -> None:
    desk.learning.take(candidate("The staging database listens on 5432."), WEB)
    desk.learning.take(candidate("it's on 5433 now", minutes=9, messages=("m2",), extractor=RULES), WEB)
    assert len(desk.active()) == 2
    desk.learning.take(candidate("The staging database listens on 5433 now.", minutes=9, messages=("m2",)), WEB)
    assert desk.active() == ["The staging database listens on 5433 now."]
    assert len({stored.memory.key for stored in desk.memories()}) == 1


def test_with_its_key_the_file_takes_its_place_among_the_versions(desk: Desk) -> None:
    desk.learning.take(candidate("The API listens on port 4500.", minutes=60, messages=("m9",), key="api/port"), WEB)
    desk.learning.take(candidate("it's on 4400, by the way", extractor=RULES), WEB)
    desk.learning.take(candidate("The API was put on port 4400.", key="api/port"), WEB)
    assert desk.active() == ["The API listens on port 4500."]
    assert len(desk.files()) == 2


def test_the_same_words_in_a_later_session_are_known_though_they_were_reworded(desk: Desk) -> None:
    desk.learning.take(candidate("it's on 4400, by the way", extractor=RULES), WEB)
    desk.learning.take(candidate("The payments API listens on port 4400."), WEB)
    again = candidate("it's on 4400, by the way", minutes=900, messages=("m8",), extractor=RULES)
    desk.learning.take(again, WEB)
    (stored,) = desk.memories()
    assert stored.memory.content == "The payments API listens on port 4400."
    assert stored.memory.source.messages == ("m1", "m8")


def test_in_review_what_waits_already_or_is_known_is_not_proposed_again(desk: Desk) -> None:
    first = candidate("The payments API listens on port 4400.", proposed=True)
    (change,) = desk.learning.take(first, WEB)
    assert isinstance(change, Add)
    again = candidate("The payments API listens on port 4400.", proposed=True, minutes=5, messages=("m5",))
    (change,) = desk.learning.take(again, WEB)
    assert isinstance(change, Skip)
    desk.learning.take(candidate("Tabs, not spaces, in makefiles."), WEB)
    known = candidate("tabs, not spaces, in makefiles", proposed=True, minutes=5, messages=("m5",))
    (change,) = desk.learning.take(known, WEB)
    assert isinstance(change, Skip)
    assert len(desk.memories()) == 2


def test_a_file_that_changes_between_look_and_write_is_planned_anew(desk: Desk, tmp_path: Path) -> None:
    desk.learning.take(candidate("it's on 4400, by the way", extractor=RULES), WEB)
    (path,) = desk.files()
    target = desk.profile_folder / path
    target.write_text(target.read_text().replace("by the way", "since Friday"))
    desk.learning.take(candidate("The payments API listens on port 4400."), WEB)
    assert target.read_text().endswith("---\nit's on 4400, since Friday\n")


def _session(*messages: str) -> Slice:
    said = tuple(Message(one, "claude-code", "s1", "user", "user", "…", START) for one in messages)
    return Slice(SessionRef("claude-code", "s1"), said)


SENTENCE = (
    "so the thing with zotero is that it writes refs.bib every night at 02:10 and biber picks that up later in the apa "
    "style, hands off, we do not touch it by hand or our careful work of a whole evening is just gone again"
)


def test_a_sentence_of_which_a_model_made_statements_is_archived_behind_them(desk: Desk) -> None:
    desk.learning.take(candidate(SENTENCE, extractor=RULES), WEB)
    desk.learning.take(candidate("Do not touch refs.bib by hand: Zotero writes it at 02:10."), WEB)
    desk.learning.take(candidate("The bibliography uses biber with the style apa."), WEB)
    desk.learning.replace_rules(_session("m1"), WEB)
    assert len(desk.memories(Status.ACTIVE)) == 2
    (old,) = desk.memories(Status.SUPERSEDED)
    assert old.memory.content == SENTENCE
    assert old.memory.superseded_by in {stored.memory.id for stored in desk.memories(Status.ACTIVE)}


@pytest.mark.parametrize(
    "told",
    [
        "Do not touch refs.bib by hand: Zotero writes it every night for biber.",  # the time is missing
        "Zotero writes refs.bib every night at 02:10 for biber, by hand.",  # the denial is missing
    ],
)
def test_a_sentence_that_says_more_than_the_statements_is_quoted_below_one(desk: Desk, told: str) -> None:
    desk.learning.take(candidate(SENTENCE, extractor=RULES), WEB)
    desk.learning.take(candidate(told, kind=MemoryType.EVENT), WEB)
    desk.learning.replace_rules(_session("m1"), WEB)
    assert desk.active() == [f"{told}\n\n> {SENTENCE}"]
    before = desk.files()
    for again in (candidate(SENTENCE, extractor=RULES), candidate(told, kind=MemoryType.EVENT)):
        desk.learning.take(again, WEB)
        desk.learning.replace_rules(_session("m1"), WEB)
    assert desk.files() == before


@pytest.mark.parametrize(
    ("told", "speaker"),
    [("Do not touch refs.bib by hand: Zotero writes it at 02:10.", "assistant"), ("No deploys on Fridays.", "user")],
)
def test_a_sentence_stays_for_an_assistants_word_and_for_another_subject(
    desk: Desk, told: str, speaker: Speaker
) -> None:
    desk.learning.take(candidate(SENTENCE, extractor=RULES), WEB)
    desk.learning.take(candidate(told, speaker=speaker, kind=MemoryType.EVENT), WEB)
    desk.learning.replace_rules(_session("m1"), WEB)
    assert SENTENCE in desk.active()


def test_a_sentence_goes_with_the_statement_that_has_been_superseded(desk: Desk) -> None:
    desk.learning.take(candidate("The bib is written by biber now.", minutes=9, messages=("m9",), key="bib/by"), WEB)
    desk.learning.take(candidate(SENTENCE, extractor=RULES), WEB)
    desk.learning.take(candidate("Do not touch refs.bib: Zotero writes it at 02:10 by hand.", key="bib/by"), WEB)
    desk.learning.replace_rules(_session("m1"), WEB)
    assert desk.active() == ["The bib is written by biber now."]


def test_what_was_archived_behind_a_models_statement_does_not_come_back_with_its_key(desk: Desk) -> None:
    desk.learning.take(candidate("The api is on port 4310", extractor=RULES, key="api/port"), WEB)
    desk.learning.take(candidate(SENTENCE, minutes=5, messages=("m2",), extractor=RULES, key="api/port"), WEB)
    statement = "Do not touch refs.bib by hand: Zotero writes it at 02:10, biber reads it."
    desk.learning.take(candidate(statement, minutes=5, messages=("m2",), key="refs/editing"), WEB)
    desk.learning.replace_rules(_session("m2"), WEB)
    desk.learning.take(candidate("The api is on port 4310", extractor=RULES, key="api/port", messages=("m3",)), WEB)
    assert desk.active() == [statement]


def test_under_one_key_the_file_that_stands_takes_the_models_words(desk: Desk) -> None:
    """Said in one message, neither is later: the smaller id would hide the better wording, or both be archived."""
    for number in range(8):  # either of the two ids may be the smaller one
        told = f"Do not touch refs{number}.bib by hand, as Zotero writes it for biber."
        typed = f"zotero makes refs{number}.bib for biber, hands off, we dont touch that by hand"
        message = (f"m{number}",)
        desk.learning.take(candidate(typed, extractor=RULES, key=f"k/{number}", messages=message), WEB)
        desk.learning.take(candidate(told, key=f"k/{number}", messages=message), WEB)
        desk.learning.replace_rules(_session(*message), WEB)
        (active,) = [one.memory for one in desk.memories(Status.ACTIVE) if one.memory.key == f"k/{number}"]
        assert told in active.content
