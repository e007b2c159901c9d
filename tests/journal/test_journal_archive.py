"""What a read leaves in the archive."""

from __future__ import annotations

import pytest
from journal_builders import API, WEB, at, fed, header, ids, read, ref, said, talk

from sidecar.errors import JournalUnusable
from sidecar.journal import AgentCounts, Archived, FileNotes, Journal
from sidecar.model import SessionRef, ToolCall


def test_every_field_of_a_message_comes_back(journal: Journal) -> None:
    message = said(
        "m1",
        "größer 🙂\n" * 500,
        position=7,
        role="assistant",
        speaker="tool",
        time=at(1.5),
        kind="tool",
        cwd="/home/ines/web",
        branch="main",
        model="m-1",
        sidechain=True,
        tool=ToolCall("Bash", "pnpm test", failed=True),
    )
    read(journal, [message])
    (found,) = journal.messages(ref())
    assert found.message == message
    assert (found.profile, found.withdrawn) == (WEB, False)


def test_a_message_without_optional_fields_comes_back(journal: Journal) -> None:
    message = said("m1", "hello", time=None)
    read(journal, [message])
    assert journal.message("m1") is not None
    assert journal.messages(ref())[0].message == message


def test_lone_surrogates_become_question_marks(journal: Journal) -> None:
    read(journal, [said("m\ud83d", "broken \ud83d half", cwd="/h/\udcff")])
    (found,) = journal.messages(ref())
    assert (found.message.id, found.message.text, found.message.cwd) == ("m?", "broken ? half", "/h/?")
    assert journal.message("m\ud83d") == found


def test_the_same_read_again_changes_nothing(journal: Journal) -> None:
    assert read(journal, talk("a", "b")) == Archived(added=2)
    before = (journal.messages(ref()), journal.last_change())
    assert read(journal, talk("a", "b")) == Archived()
    assert (journal.messages(ref()), journal.last_change()) == before


def test_changed_text_updates_the_row_and_is_new_to_extraction(journal: Journal) -> None:
    read(journal, talk("a", "b"))
    mark = journal.messages(ref())[-1].seq
    assert read(journal, [said("a", "a, but corrected")]) == Archived(updated=1)
    (again,) = journal.messages(ref(), after=mark)
    assert again.message.text == "a, but corrected"
    assert ids(journal) == ["a", "b"]


def test_the_cursor_moves_with_the_messages(journal: Journal) -> None:
    assert journal.cursor("/t/s1.jsonl") is None
    read(journal, talk("a"), cursor="10")
    read(journal, [], cursor="20")
    read(journal, talk("x", session="s2"), "s2", cursor="5")
    assert journal.cursor("/t/s1.jsonl") == "20"
    assert dict(journal.cursors()) == {"/t/s1.jsonl": "20", "/t/s2.jsonl": "5"}


def test_a_file_of_many_sessions_moves_its_cursor_with_the_last_of_them(journal: Journal) -> None:
    path = "/t/many.db"
    read(journal, talk("a"), path=path, cursor=None)
    assert journal.cursor(path) is None
    read(journal, talk("x", session="s2"), "s2", path=path, cursor="10")
    assert journal.cursor(path) == "10"
    read(journal, talk("b", first=1), path=path, cursor=None)
    assert journal.cursor(path) == "10"
    # What one of them holds and takes back, and what it no longer holds, is no business of the other.
    assert read(journal, [], "s2", path=path, cursor="20", withdrawn=["a", "x"]) == Archived(withdrawn=1)
    assert read(journal, talk("b", first=1), path=path, cursor="30", complete=True) == Archived(withdrawn=1)
    assert (ids(journal, "s1"), ids(journal, "s2")) == (["a", "b"], ["x"])
    assert [archived.withdrawn for archived in journal.messages(ref("s1"))] == [True, False]


def test_a_read_that_fails_leaves_neither_messages_nor_cursor(journal: Journal) -> None:
    naive = said("b", time=at(0).replace(tzinfo=None))
    with pytest.raises(TypeError):
        read(journal, [said("a"), naive], cursor="99")
    assert journal.cursor("/t/s1.jsonl") is None
    assert journal.sessions() == []
    assert journal.last_change() == 0


def test_a_file_name_that_is_not_utf8_keeps_its_cursor(journal: Journal) -> None:
    path = b"/t/caf\xe9.jsonl".decode("utf-8", "surrogateescape")
    read(journal, talk("a"), path=path, cursor="7")
    assert journal.cursor(path) == "7"
    assert journal.session(ref()).paths == (path,)


# --- resume, fork, compaction: the same message in several sessions


def test_a_replayed_message_adds_nothing(journal: Journal) -> None:
    read(journal, talk("a", "b"))
    fork = [*talk("a", "b", session="s2"), said("c", session="s2", position=2)]
    assert read(journal, fork, "s2", header=header("s2", started=at(60))) == Archived(added=1)
    assert (ids(journal, "s1"), ids(journal, "s2")) == (["a", "b"], ["c"])


def test_a_message_moves_to_the_session_that_began_first(journal: Journal) -> None:
    read(journal, talk("a", "b", "c", session="s2"), "s2", header=header("s2", started=at(60)))
    mark = journal.messages(ref("s2"))[-1].seq
    assert read(journal, talk("a", "b")) == Archived(updated=2)
    assert (ids(journal, "s1"), ids(journal, "s2")) == (["a", "b"], ["c"])
    assert ids(journal, "s1", after=mark) == ["a", "b"], "what has moved is new to its session"


def test_of_sessions_that_began_together_the_smaller_name_owns(journal: Journal) -> None:
    for session in ("s3", "s1", "s2"):
        read(journal, talk("a", session=session), session)
    assert [ids(journal, session) for session in ("s1", "s2", "s3")] == [["a"], [], []]


def test_a_session_without_a_beginning_yields(journal: Journal) -> None:
    read(journal, talk("a", session="s0"), "s0", header=header("s0", started=None))
    read(journal, talk("a"))
    assert (ids(journal, "s0"), ids(journal, "s1")) == ([], ["a"])


def test_a_beginning_that_is_learned_later_decides_anew(journal: Journal) -> None:
    read(journal, talk("a"))
    read(journal, talk("a", session="s2"), "s2", header=header("s2", started=at(60)))
    read(journal, [], "s2", header=header("s2", started=at(-60)))
    assert (ids(journal, "s1"), ids(journal, "s2")) == ([], ["a"])
    assert journal.session(ref("s2")).started == at(-60)


def test_the_owner_decides_the_text(journal: Journal) -> None:
    read(journal, [said("a", "as the fork cut it", session="s2")], "s2", header=header("s2", started=at(60)))
    read(journal, [said("a", "as it was said")])
    assert journal.message("a").message.text == "as it was said"
    read(journal, [said("a", "as the fork cut it again", session="s2")], "s2", header=header("s2", started=at(60)))
    assert journal.message("a").message.text == "as it was said"


def test_the_same_id_of_two_agents_is_two_messages(journal: Journal) -> None:
    read(journal, [said("1", "one")])
    read(journal, [said("1", "two", agent="codex")], header=header(agent="codex"), path="/t/codex.jsonl")
    assert journal.message("1", "codex").message.text == "two"
    assert journal.message("1", "claude-code").message.text == "one"
    assert dict(journal.agent_counts()) == {"claude-code": AgentCounts(1), "codex": AgentCounts(1)}


# --- what a transcript takes back


def test_a_withdrawn_message_is_kept_but_marked(journal: Journal) -> None:
    read(journal, talk("a", "b"))
    assert read(journal, [], withdrawn=["b", "unknown"]) == Archived(withdrawn=1)
    assert [(found.message.id, found.withdrawn) for found in journal.messages(ref())] == [("a", False), ("b", True)]
    assert read(journal, [], withdrawn=["b"]) == Archived()


def test_a_withdrawn_message_that_is_said_again_counts_again(journal: Journal) -> None:
    read(journal, talk("a", "b"))
    read(journal, [], withdrawn=["b"])
    mark = journal.messages(ref())[-1].seq
    read(journal, [said("b", position=1)])
    assert ids(journal, after=mark) == ["b"]
    assert not journal.message("b").withdrawn


def test_a_message_that_a_fork_still_holds_goes_over_to_it(journal: Journal) -> None:
    read(journal, talk("a", "b"))
    read(journal, [said("b", "b in the fork", session="s2")], "s2", header=header("s2", started=at(60)))
    assert read(journal, [], withdrawn=["b"]) == Archived(), "it is not withdrawn as long as one session holds it"
    assert (ids(journal, "s1"), ids(journal, "s2")) == (["a"], ["b"])
    assert journal.message("b").message.text == "b in the fork"
    assert read(journal, [], "s2", header=header("s2", started=at(60)), withdrawn=["b"]) == Archived(withdrawn=1)


def test_a_complete_read_withdraws_what_the_file_lost(journal: Journal) -> None:
    read(journal, talk("a", "b", "c"))
    assert read(journal, [said("a"), said("c", position=2)], complete=True) == Archived(withdrawn=1)
    assert journal.message("b").withdrawn
    assert not journal.message("c").withdrawn


def test_a_complete_read_leaves_other_files_of_the_session_alone(journal: Journal) -> None:
    read(journal, talk("a", "b"))
    read(journal, talk("x", sidechain=True), path="/t/s1/agent.jsonl", complete=True)
    assert [found.withdrawn for found in journal.messages(ref())] == [False, False, False]


# --- order


def test_messages_follow_the_files_and_their_positions(journal: Journal) -> None:
    late = header(started=at(30), path="/t/s1/agent.jsonl")
    read(journal, talk("x", "y", sidechain=True), header=late, path="/t/s1/agent.jsonl")
    read(journal, talk("c", first=2))
    read(journal, talk("a", "b"))
    assert ids(journal) == ["a", "b", "c", "x", "y"]


def test_a_message_keeps_its_place_when_its_file_is_moved(journal: Journal) -> None:
    read(journal, talk("a", "b"), path="/old/s1.jsonl")
    read(journal, talk("a", "b", "c"), path="/new/s1.jsonl")
    assert ids(journal) == ["a", "b", "c"]
    read(journal, talk("a", "b", "c", "d"), path="/zzz/s1.jsonl")
    assert ids(journal) == ["a", "b", "c", "d"]


# --- sessions


def test_a_session_row_tells_what_the_headers_told(journal: Journal) -> None:
    first = header(cwds=("/h/web",), last_record=at(5))
    later = header(cwds=("/h/web", "/h/web/api"), started=None, last_record=None)
    read(journal, talk("a", "b"), header=first)
    read(journal, talk("c", first=9), header=later)
    row = journal.session(ref())
    assert row.cwds == ("/h/web", "/h/web/api")
    assert (row.started, row.last_record) == (at(0), at(9))
    assert (row.paths, row.messages, row.extracted, row.state) == (("/t/s1.jsonl",), 3, 0, "idle")
    assert journal.sessions() == [row]
    assert journal.session(ref("nobody")) is None


def test_counts_leave_out_what_cannot_be_found(journal: Journal) -> None:
    read(journal, talk("a", "b", "c"))
    read(journal, [], withdrawn=["a"])
    journal.remove_messages(None, ["b"])
    assert dict(journal.profile_counts()) == {WEB: 1}


def test_a_session_can_move_to_another_profile(journal: Journal) -> None:
    read(journal, talk("a", "b"))
    done = journal.last_change()
    journal.set_profile(ref(), API)
    assert [archived.profile for archived in journal.messages(ref())] == [API, API]
    assert sorted(fed(journal, done)) == ["a", "b"]
    again = journal.last_change()
    journal.set_profile(ref(), API)
    journal.set_profile(ref("nobody"), API)
    assert journal.last_change() == again


def test_a_later_read_moves_the_session_as_well(journal: Journal) -> None:
    read(journal, talk("a"))
    read(journal, talk("b", first=1), profile=API)
    assert dict(journal.profile_counts()) == {API: 2}


def test_a_piece_without_header_belongs_to_the_session_of_its_file(journal: Journal) -> None:
    read(journal, talk("a", "b"))
    assert read(journal, [], header=None, withdrawn=["a"]) == Archived(withdrawn=1)
    assert read(journal, [], header=None, path="/t/empty.jsonl", withdrawn=["b"]) == Archived()


# --- HTTP ingest


def test_clients_name_sessions_within_their_profile(journal: Journal) -> None:
    for profile in (WEB, API):
        messages = [said("m1", "same words", agent="http", session="chat"), said("m2", agent="http", session="chat")]
        assert journal.archive(profile, messages) == Archived(added=2)
        assert journal.archive(profile, messages) == Archived()
    web = SessionRef("http", "chat", str(WEB))
    assert [archived.profile for archived in journal.messages(web)] == [WEB, WEB]
    assert journal.message("m1", "http", profile=API).profile == API
    assert dict(journal.profile_counts()) == {API: 2, WEB: 2}


def test_messages_of_clients_stand_in_the_order_of_arrival(journal: Journal) -> None:
    chat = SessionRef("http", "chat", str(WEB))
    journal.archive(WEB, talk("b", "a", agent="http", session="chat"))
    journal.archive(WEB, talk("d", "a", "c", agent="http", session="chat"))
    assert [archived.message.id for archived in journal.messages(chat)] == ["b", "a", "d", "c"]


def test_texts_are_found_by_id(journal: Journal) -> None:
    read(journal, [said(f"m{n}", f"text {n}", position=n) for n in range(1200)])
    texts = journal.message_texts([f"m{n}" for n in range(1200)] + ["nobody"])
    assert len(texts) == 1200
    assert texts["m77"] == "text 77"


# --- files


def test_unknown_and_damaged_records_add_up_and_a_complete_read_counts_anew(journal: Journal) -> None:
    read(journal, talk("a"), notes=FileNotes(unknown={"new-thing": 2}, damaged=1))
    read(journal, talk("b", first=1), notes=FileNotes(unknown={"new-thing": 1, "other": 1}, damaged=1))
    assert dict(journal.agent_counts()) == {"claude-code": AgentCounts(1, 4)}
    (found,) = journal.formats()
    assert (found.path, found.agent, found.unknown) == ("/t/s1.jsonl", "claude-code", {"new-thing": 3, "other": 1})
    assert [(problem.path, problem.damaged) for problem in journal.file_problems()] == [("/t/s1.jsonl", 2)]
    read(journal, talk("a", "b"), complete=True, notes=FileNotes(unknown={"new-thing": 1}, anew=True))
    assert dict(journal.agent_counts()) == {"claude-code": AgentCounts(1, 1)}
    assert journal.file_problems() == []


def test_a_file_that_cannot_be_read_is_remembered_until_it_can(journal: Journal) -> None:
    journal.note_problem("/t/s1.jsonl", "permission denied", agent="claude-code")
    (problem,) = journal.file_problems()
    assert (problem.path, problem.agent, problem.reason) == ("/t/s1.jsonl", "claude-code", "permission denied")
    assert journal.cursor("/t/s1.jsonl") is None
    assert dict(journal.cursors()) == {}
    read(journal, talk("a"))
    assert journal.file_problems() == []


def test_a_closed_journal_says_so(journal: Journal) -> None:
    read(journal, talk("a"))
    journal.close()
    journal.close()
    with pytest.raises(JournalUnusable, match="closed"):
        journal.sessions()
    with pytest.raises(JournalUnusable, match="closed"):
        read(journal, talk("b"))
