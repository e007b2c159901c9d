"""What stands around a message that was found, over the edges of sessions that repeat each other."""

from __future__ import annotations

from journal_builders import AGENT, WEB, at, header, read, said, talk

from sidecar.journal import Journal


def around(journal: Journal, id: str) -> tuple[str, str]:  # noqa: A002
    found = journal.surroundings(id, AGENT, WEB)
    assert found is not None
    return (found.before.text if found.before else "", found.after.text if found.after else "")


def resumed(journal: Journal) -> None:
    """A session of three messages, and one that repeats them and goes on."""
    read(journal, talk("a", "b", "c"))
    copies = talk("a", "b", "c", "d", "e", session="s2")
    read(journal, copies, "s2", header=header("s2", started=at(60)))


def test_what_comes_before_the_first_new_message_of_a_resumed_session_is_what_it_repeats(journal: Journal) -> None:
    resumed(journal)
    assert around(journal, "d") == ("words of c", "words of e")


def test_what_comes_after_the_last_message_of_a_session_is_how_the_resumed_one_went_on(journal: Journal) -> None:
    resumed(journal)
    assert around(journal, "c") == ("words of b", "words of d")


def test_it_is_the_same_when_both_began_at_one_time_and_the_copy_owns_them(journal: Journal) -> None:
    read(journal, talk("a", "b", "c", session="s2"), "s2")
    read(journal, talk("a", "b", "c", "d", session="s1"))
    assert around(journal, "d") == ("words of c", "")
    assert around(journal, "a") == ("", "words of b")


def test_its_own_session_goes_before_one_that_repeats_it(journal: Journal) -> None:
    """A fork: from one message on, two sessions differ."""
    read(journal, talk("a", "b"))
    read(journal, talk("a", "x", session="s2"), "s2", header=header("s2", started=at(60)))
    assert around(journal, "a") == ("", "words of b")
    assert around(journal, "x") == ("words of a", "")


def test_words_of_the_copy_are_shown_as_the_copy_has_them(journal: Journal) -> None:
    read(journal, talk("a"))
    copy = [said("a", "as the fork has it 🙂 " * 100, session="s2"), said("b", session="s2", position=1)]
    read(journal, copy, "s2", header=header("s2", started=at(60)))
    before, _ = around(journal, "b")
    assert before.startswith("as the fork has it 🙂 ")
    assert len(before) == 600


def test_what_a_session_took_back_or_a_tool_printed_stands_around_nothing(journal: Journal) -> None:
    read(journal, talk("a", "b"))
    tool = said("t", session="s2", position=2, role="tool", speaker="tool", kind="tool")
    read(journal, [*talk("a", "b", session="s2"), tool], "s2", header=header("s2", started=at(60)))
    read(journal, talk("d", session="s2", first=3), "s2", header=header("s2", started=at(60)), withdrawn=["b"])
    assert around(journal, "d") == ("words of a", "")
