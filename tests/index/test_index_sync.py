"""The one road into the index: what the source holds is what is found, and nothing is written twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from index_builders import API, WEB, Held, at, found, memory, message, status

from sidecar.index import Embedder, Filters, Index, MessageGone
from sidecar.index.sync import COMMIT_AT_MOST, COMMIT_CHARACTERS
from sidecar.model import MemoryType, Source, Status


@pytest.fixture
def source() -> Held:
    return Held(
        stored=[
            memory("A", "The web workspace uses pnpm, never npm."),
            memory("B", "Staging listens on port 8443."),
            memory("C", "The API service is written in Go.", profile=API),
        ],
        changes=[message(1, "we deploy on thursdays"), message(2, "noted, thursdays", role="assistant")],
    )


def test_what_is_synced_is_found_in_its_profile_only(index: Index, source: Held) -> None:
    report = index.sync(source)
    assert (report.memories_written, report.messages_written, report.changed) == (3, 2, True)
    assert found(index, "pnpm") == ["A"]
    assert found(index, "golang service written", profile=API) == ["C"]
    assert found(index, "pnpm", profile=API) == []
    assert found(index, "thursday", "message") == ["m2", "m1"]


def test_a_second_sync_changes_nothing(index: Index, source: Held) -> None:
    index.sync(source)
    before, view = index.generation, index.view
    report = index.sync(source)
    assert not report.changed
    assert index.generation == before
    assert index.view is view


def test_each_change_raises_the_generation(index: Index, source: Held) -> None:
    seen = [index.generation]
    for content in ("one thing", "another thing"):
        source.stored.append(memory(content, content))
        index.sync(source)
        seen.append(index.generation)
    assert seen == sorted(set(seen))


def test_an_edited_memory_is_found_by_its_new_words_only(index: Index, source: Held) -> None:
    index.sync(source)
    source.stored[0] = memory("A", "The web workspace uses yarn.")
    report = index.sync(source)
    assert (report.memories_written, report.memories_removed) == (1, 0)
    assert found(index, "yarn") == ["A"]
    assert found(index, "pnpm") == []


def test_a_moved_file_is_known_by_its_new_path(index: Index, source: Held) -> None:
    index.sync(source)
    source.stored[0] = replace(source.stored[0], path="archive/facts/general/A.md")
    index.sync(source)
    row = index.view.nearest("memory", WEB, index.embedder.encode(["pnpm workspace"])[0], Filters(), 1)[0].row
    assert index.view.fetch_memories([row])[row].path == "archive/facts/general/A.md"


def test_a_removed_memory_is_gone(index: Index, source: Held) -> None:
    index.sync(source)
    del source.stored[0]
    assert index.sync(source).memories_removed == 1
    assert found(index, "pnpm") == []
    assert [name for name, _ in index.neighbours(WEB, "which package manager", 5)] == ["B"]


def test_a_removed_profile_is_gone(index: Index, source: Held) -> None:
    index.sync(source)
    source.stored = [stored for stored in source.stored if stored.profile != API]
    index.sync(source)
    assert index.view.size(API) == 0


def test_a_forgotten_memory_leaves_the_index_and_comes_back_when_restored(index: Index, source: Held) -> None:
    index.sync(source)
    active = source.stored[0]
    source.stored[0] = status(active, Status.FORGOTTEN)
    index.sync(source)
    assert index.view.size(WEB) == 3
    assert found(index, "pnpm", filters=Filters(until=2**40)) == []
    source.stored[0] = active
    index.sync(source)
    assert found(index, "pnpm") == ["A"]


def test_proposed_and_superseded_memories_are_not_found_now(index: Index) -> None:
    index.sync(
        Held(
            [
                memory("P", "pnpm is proposed", status=Status.PROPOSED),
                memory("S", "pnpm was used", status=Status.SUPERSEDED, valid_until=at(60)),
            ]
        )
    )
    assert found(index, "pnpm") == []
    assert index.neighbours(WEB, "pnpm", 5) == []
    then = int(at(30).timestamp())
    assert found(index, "pnpm", filters=Filters(until=then)) == ["S"]
    assert found(index, "pnpm", filters=Filters(until=int(at(60).timestamp()))) == []


def test_a_message_is_replaced_by_its_later_change(index: Index, source: Held) -> None:
    index.sync(source)
    source.changes.append(message(3, "we deploy on mondays", id="m1"))
    report = index.sync(source)
    assert (report.messages_written, report.messages_removed) == (1, 0)
    assert found(index, "deploy", "message") == ["m1"]
    assert found(index, "monday", "message") == ["m1"]
    assert found(index, "thursday", "message") == ["m2"]


def test_a_message_moves_with_its_profile(index: Index, source: Held) -> None:
    index.sync(source)
    source.changes.append(message(3, "we deploy on thursdays", id="m1", profile=API))
    index.sync(source)
    assert found(index, "deploy", "message") == []
    assert found(index, "deploy", "message", profile=API) == ["m1"]


def test_gone_and_forgotten_messages_are_not_found(index: Index, source: Held) -> None:
    index.sync(source)
    source.changes += [MessageGone(3, "claude-code", "m1"), message(4, "noted, thursdays", id="m2", forgotten=True)]
    report = index.sync(source)
    assert (report.messages_written, report.messages_removed) == (0, 2)
    assert found(index, "thursdays", "message") == []
    assert index.view.messages.reader.documents() == 0


def test_the_last_change_within_one_sync_counts(index: Index) -> None:
    index.sync(Held(changes=[message(1, "alpha"), message(2, "beta", id="m1"), MessageGone(3, "claude-code", "m9")]))
    assert found(index, "alpha", "message") == []
    assert found(index, "beta", "message") == ["m1"]


def test_the_cursor_survives_and_only_news_is_asked_for(folder: Path, embedder: Embedder, source: Held) -> None:
    Index.open(folder, embedder).sync(source)
    asked: list[int] = []

    class Asked(Held):
        def message_changes(self, after: int) -> object:  # type: ignore[override]
            asked.append(after)
            return super().message_changes(after)

    again = Index.open(folder, embedder)
    report = again.sync(Asked(source.stored, [*source.changes, message(7, "one more")]))
    assert asked == [2]
    assert (report.messages_written, report.memories_written) == (1, 0)
    assert again.view.messages.state.cursor == 7


def test_tool_output_and_side_prompts_are_kept_apart_from_what_was_said(index: Index) -> None:
    index.sync(
        Held(
            changes=[
                message(1, "pnpm said by a person"),
                message(2, "pnpm in tool output", role="tool", speaker="tool", kind="tool"),
                message(3, "pnpm in a prompt of an agent to its helper", sidechain=True),
                message(4, "pnpm pasted from a page", speaker="tool"),
                message(5, "pnpm from the system", role="system", speaker="tool"),
            ]
        )
    )
    assert found(index, "pnpm", "message") == ["m1"]
    assert set(found(index, "pnpm", "message", fields=["other"])) == {"m2", "m3", "m4", "m5"}
    assert index.view.size(WEB) == 1


def test_a_back_fill_larger_than_one_commit(index: Index) -> None:
    count = COMMIT_AT_MOST + 3
    report = index.sync(Held(changes=[message(number, f"note n{number}") for number in range(1, count + 1)]))
    assert report.messages_written == count
    assert index.generation == 2
    assert found(index, f"n{count}", "message") == [f"m{count}"]


def test_long_messages_are_committed_by_their_length(index: Index) -> None:
    long = "rye " * (COMMIT_CHARACTERS // 8)
    index.sync(Held(changes=[message(number, f"n{number} {long}") for number in range(1, 6)]))
    assert index.generation == 3  # two, two and one
    assert found(index, "n5", "message") == ["m5"]


def test_tasks_have_no_vector(index: Index) -> None:
    index.sync(Held([memory("T", "migrate the calendar", type=MemoryType.TASK), memory("F", "the calendar is old")]))
    vector = index.embedder.encode(["migrate the calendar"])[0]
    view = index.view
    near = view.nearest("memory", WEB, vector, Filters(), 5)
    assert [view.fetch_memories([hit.row])[hit.row].id for hit in near] == ["F"]
    assert {name for name, _ in index.neighbours(WEB, "migrate the calendar", 5)} == {"T", "F"}


def test_an_old_view_does_not_change(index: Index, source: Held) -> None:
    index.sync(source)
    view, vector = index.view, index.embedder.encode(["pnpm workspace"])[0]
    before = view.nearest("memory", WEB, vector, Filters(), 9)
    source.stored = [memory("N", "the web workspace builds with pnpm")]
    index.sync(source)
    assert view.nearest("memory", WEB, vector, Filters(), 9) == before
    assert set(view.fetch_memories([hit.row for hit in before])) == {hit.row for hit in before}


def test_fields_of_a_memory_come_back_as_they_were(index: Index) -> None:
    source = Source("transcript", "codex", "s9", "assistant", ("x1", "x2"))
    index.sync(Held([memory("A", "körper 東京", key="web/pm", queries=("Which?",), source=source, observed=at(5))]))
    row = index.view.memories.reader.rows_of([f"{WEB}/A"])[0]
    held = index.view.fetch_memories([row])[row]
    assert (held.content, held.key, held.queries, held.messages) == ("körper 東京", "web/pm", ("Which?",), ("x1", "x2"))
    assert (held.agent, held.session, held.speaker, held.observed) == ("codex", "s9", "assistant", at(5))


def test_lone_surrogates_do_not_stop_a_sync(index: Index) -> None:
    index.sync(Held([memory("A", "half \ud83d pair")], [message(1, "half \ude00 pair", session="s\ud800")]))
    assert found(index, "half pair") == ["A"]
    assert found(index, "half pair", "message") == ["m1"]


def test_a_source_that_fails_leaves_the_index_as_it_was(index: Index, source: Held) -> None:
    index.sync(source)

    class Failing(Held):
        def memories(self) -> object:  # type: ignore[override]
            raise LookupError

    with pytest.raises(LookupError):
        index.sync(Failing())
    assert found(index, "pnpm") == ["A"]
    assert not index.sync(source).changed
