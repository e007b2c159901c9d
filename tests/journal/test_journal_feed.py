"""The feed that the index follows."""

from __future__ import annotations

from journal_builders import API, PERSONAL, WEB, at, fed, header, read, ref, said, talk

from sidecar.journal import Journal, MessageChange


def by_id(journal: Journal, after: int = 0) -> dict[str, MessageChange]:
    return {change.id: change for change in journal.changes(after, 1000)}


def test_an_empty_journal_has_no_changes(journal: Journal) -> None:
    assert journal.changes(0, 10) == []
    assert journal.last_change() == 0


def test_pages_join_up(journal: Journal) -> None:
    read(journal, talk(*"abcdefgh"))
    pages, after = [], 0
    while page := journal.changes(after, 3):
        assert len(page) <= 3
        pages += page
        after = page[-1].change
    assert [change.id for change in pages] == list("abcdefgh")
    assert after == journal.last_change()


def test_documents_carry_their_neighbours(journal: Journal) -> None:
    read(
        journal,
        [
            said("u1", "x" * 700, position=0),
            said("t1", "ls", position=1, role="tool", speaker="tool", kind="tool"),
            said("sum", "so far …", position=2, kind="summary"),
            said("a1", "done", position=3, role="assistant", speaker="assistant"),
        ],
    )
    found = by_id(journal)
    assert (found["u1"].before, found["u1"].after) == ("", "done")
    assert (found["t1"].before, found["t1"].after) == ("x" * 600, "done")
    assert (found["a1"].before, found["a1"].after) == ("x" * 600, "")


def test_texts_are_had_by_the_number_of_a_change(journal: Journal) -> None:
    read(journal, [said("a", "ä🙂" * 1000), said("b", position=1)])
    numbers = {name: change.number for name, change in by_id(journal).items()}
    unknown = max(numbers.values()) + 1
    assert journal.texts([*numbers.values(), unknown], 5) == {
        numbers["a"]: ("a", "ä🙂ä🙂ä"),
        numbers["b"]: ("b", "words"),
    }
    journal.remove_session(ref())
    assert journal.texts(list(numbers.values()), 5) == {}


def test_neighbours_are_cut_between_characters(journal: Journal) -> None:
    read(journal, [said("a", "ä🙂" * 1000), said("b", position=1)])
    assert by_id(journal)["b"].before == "ä🙂" * 300


def test_subagents_are_no_neighbours(journal: Journal) -> None:
    read(journal, [said("a"), said("sub", position=1, sidechain=True), said("b", position=2)])
    found = by_id(journal)
    assert (found["a"].after, found["sub"].before, found["sub"].after) == ("words of b", "", "")


def test_records_of_one_position_stand_in_the_order_of_reading(journal: Journal) -> None:
    read(journal, [said("a", position=5), said("b", position=5), said("c", position=5)])
    found = by_id(journal)
    assert (found["b"].before, found["b"].after) == ("words of a", "words of c")


def test_a_successor_puts_its_predecessors_into_the_feed_again(journal: Journal) -> None:
    tools = [said(f"t{n}", position=2 + n, role="tool", kind="tool") for n in range(2)]
    read(journal, [said("a"), said("b", position=1), *tools])
    done = journal.last_change()
    read(journal, [said("c", position=9)])
    assert sorted(fed(journal, done)) == ["b", "c", "t0", "t1"]
    assert by_id(journal)["t0"].after == "words of c"


def test_a_tool_result_changes_no_neighbour(journal: Journal) -> None:
    read(journal, talk("a"))
    done = journal.last_change()
    read(journal, [said("t", position=1, role="tool", kind="tool")])
    assert fed(journal, done) == ["t"]


def test_changed_words_change_the_documents_around_them(journal: Journal) -> None:
    read(journal, talk("a", "b", "c", "d"))
    done = journal.last_change()
    read(journal, [said("b", "other words", position=1)])
    assert sorted(fed(journal, done)) == ["a", "b", "c"]
    assert by_id(journal)["c"].before == "other words"


def test_a_withdrawn_message_is_gone_and_no_neighbour(journal: Journal) -> None:
    read(journal, talk("a", "b", "c", "d"))
    done = journal.last_change()
    read(journal, [], withdrawn=["b"])
    found = by_id(journal, done)
    assert sorted(found) == ["a", "b", "c"]
    assert (found["b"].gone, found["b"].archived) == (True, None)
    assert (found["a"].after, found["c"].before) == ("words of c", "words of a")


def test_removed_words_leave_their_neighbours(journal: Journal) -> None:
    read(journal, talk("a", "b", "c"))
    done = journal.last_change()
    assert journal.remove_messages(None, ["b"]) == 1
    found = by_id(journal, done)
    assert found["b"].gone
    assert (found["a"].after, found["c"].before) == ("words of c", "words of a")


def test_a_message_that_moves_takes_its_neighbours_along(journal: Journal) -> None:
    read(journal, talk("a", "b", session="s2"), "s2", header=header("s2", started=at(60)))
    done = journal.last_change()
    numbers = {change.id: change.number for change in journal.changes(0, 10)}
    read(journal, talk("a"))
    found = by_id(journal, done)
    assert (found["b"].before, found["a"].after) == ("", "")
    assert {name: change.number for name, change in found.items()} == numbers


def test_the_feed_from_zero_equals_the_feed_that_was_followed(journal: Journal) -> None:
    followed: dict[str, MessageChange] = {}
    after = 0
    steps = [
        lambda: read(journal, talk("a", "b", "c")),
        lambda: read(journal, talk("d", "e", first=3)),
        lambda: read(journal, [], withdrawn=["c"]),
        lambda: read(journal, [said("d", "new", position=3)]),
        lambda: journal.remove_messages(None, ["a"]),
        lambda: journal.mark_sources(WEB, {"e": "forgotten"}),
    ]
    for step in steps:
        step()
        for change in journal.changes(after, 1000):
            followed[change.id], after = change, change.change
    assert followed == by_id(journal)


# --- marks


def test_marks_reach_the_feed_once(journal: Journal) -> None:
    read(journal, talk("a", "b"))
    done = journal.last_change()
    journal.mark_sources(WEB, {"a": "superseded"})
    assert fed(journal, done) == ["a"]
    assert by_id(journal)["a"].superseded
    again = journal.last_change()
    journal.mark_sources(WEB, {"a": "superseded"})
    assert journal.last_change() == again
    journal.mark_sources(WEB, {"a": "current"})
    assert not by_id(journal)["a"].superseded


def test_a_message_counts_as_its_best_memory_does(journal: Journal) -> None:
    read(journal, talk("a"))
    journal.mark_sources(WEB, {"a": "forgotten"})
    assert by_id(journal)["a"].forgotten
    journal.mark_sources(PERSONAL, {"a": "superseded"})
    assert (by_id(journal)["a"].forgotten, by_id(journal)["a"].superseded) == (False, True)
    journal.mark_sources(PERSONAL, {"a": "current"})
    assert (by_id(journal)["a"].forgotten, by_id(journal)["a"].superseded) == (False, False)


def test_a_mark_waits_for_its_message(journal: Journal) -> None:
    journal.mark_sources(WEB, {"a": "forgotten"})
    read(journal, talk("a"))
    assert by_id(journal)["a"].forgotten


def test_a_mark_of_one_profile_does_not_reach_the_same_words_of_a_client_in_another(journal: Journal) -> None:
    for profile in (WEB, API):
        journal.archive(profile, [said("m1", agent="http", session="chat")])
    journal.mark_sources(WEB, {"m1": "forgotten"})
    assert {change.profile: change.forgotten for change in journal.changes(0, 10)} == {WEB: True, API: False}
