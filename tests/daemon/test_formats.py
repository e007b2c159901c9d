"""A format that has drifted: counted by file, shown, withheld from learning, read again by a build that knows it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sidecar.archiving import Archiving
from sidecar.daemon import formats
from sidecar.journal import FileNotes, Journal, Run
from sidecar.model import ProfileRef, SessionHeader, SessionRef
from sidecar.routing import Router

REF = SessionRef("claude-code", "s")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.db") as found:
        yield found


@pytest.fixture
def road(journal: Journal, home: Path) -> Archiving:
    router = Router(namespace="local", rules=(), home=home, temps=(), repo_facts=lambda _: None, routes=journal)
    return Archiving(journal, router, "local", timedelta(0))


def write(path: Path, known: int, unknown: int, version: str = "2.1.217") -> Path:
    said = [
        {"type": "user", "uuid": f"u{n}", "sessionId": "s", "version": version, "message": {"content": f"Loaf {n}."}}
        for n in range(known)
    ]
    odd = [{"type": f"novelty-{n % 2}", "uuid": f"n{n}"} for n in range(unknown)]
    with path.open("a") as file:
        file.writelines(json.dumps(record) + "\n" for record in (*odd, *said))
    return path


def queued(journal: Journal) -> list[str]:
    return [job.ref.session for job in journal.jobs()]


def test_a_session_that_is_not_understood_is_archived_and_nothing_is_learned_from_it(
    journal: Journal, road: Archiving, tmp_path: Path
) -> None:
    path = write(tmp_path / "s.jsonl", 10, 3)
    assert road.step("claude-code", path).added == 10
    assert queued(journal) == []
    road.queue(REF, journal.sessions()[0].profile, due=datetime.now(UTC))
    assert queued(journal) == [], "nor because a hook asks for it"
    assert formats.flagged(journal) == {
        str(path): "too many records are of kinds that this version does not know (3: novelty-0 2, novelty-1 1); it is"
        " archived, but nothing is learned from it. It was written by version 2.1.217 of the agent."
    }
    (state,) = formats.states(journal)
    assert (state.agent, state.files, state.unknown_records, state.flagged) == ("claude-code", 1, 3, 1)
    assert state.kinds == {"novelty-0": 2, "novelty-1": 1}


def test_a_session_that_is_found_out_while_it_waits_leaves_the_queue(
    journal: Journal, road: Archiving, tmp_path: Path
) -> None:
    path = write(tmp_path / "s.jsonl", 10, 0)
    road.step("claude-code", path)
    assert queued(journal) == ["s"]
    write(path, 0, 3)
    road.step("claude-code", path)
    assert queued(journal) == []


def test_a_withheld_session_is_not_queued_by_the_next_start(journal: Journal, road: Archiving, tmp_path: Path) -> None:
    road.step("claude-code", write(tmp_path / "s.jsonl", 10, 3))
    assert journal.unextracted() == []


@pytest.mark.parametrize("end", ["finish", "fail", "put_off", "recover"])
def test_a_session_that_is_found_out_while_it_is_learned_is_not_learned_again(
    end: str, journal: Journal, road: Archiving, tmp_path: Path
) -> None:
    path = write(tmp_path / "s.jsonl", 10, 0)
    road.step("claude-code", path)
    now = datetime.now(UTC)
    job = journal.claim(now)
    assert job is not None
    write(path, 1, 3)
    road.step("claude-code", path)
    ends = {
        "finish": lambda: journal.finish(job, upto=1),
        "fail": lambda: journal.fail(job, "no", at=now, retry_at=now),
        "put_off": lambda: journal.put_off(job, None, until=now),
        "recover": lambda: journal.recover(now),
    }
    ends[end]()
    assert journal.claim(now) is None
    assert (queued(journal), journal.unextracted()) == ([], [])


def test_a_withheld_session_is_not_done_anew(journal: Journal, road: Archiving, tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", 10, 0)
    road.step("claude-code", path)
    now = datetime.now(UTC)
    job = journal.claim(now)
    assert job is not None
    journal.finish(job, upto=journal.newest(REF), run=Run(now, "rules-1"))
    write(path, 0, 3)
    road.step("claude-code", path)
    journal.requeue("rules-", due=now)
    assert journal.claim(now) is None
    assert queued(journal) == []


def test_odd_records_at_the_beginning_of_a_session_are_made_up_for_by_its_growth(
    journal: Journal, road: Archiving, tmp_path: Path
) -> None:
    path = write(tmp_path / "s.jsonl", 2, 3)
    road.step("claude-code", path)
    assert queued(journal) == []
    with path.open("a") as file:
        file.writelines('{"type": "mode", "sessionId": "s"}\n' for _ in range(60))
    road.step("claude-code", path)
    assert (queued(journal), formats.flagged(journal)) == (["s"], {})
    assert [one.unknown_records for one in journal.formats()] == [3], "they are counted all the same"


GEMINI: tuple[str, str, object] = (
    "gemini",
    "session-1-x.json",
    {"sessionId": "s", "messages": [{"id": f"n{n}", "type": "novelty"} for n in range(4)]},
)
CLINE: tuple[str, str, object] = ("cline", "api_conversation_history.json", [{"role": "novelty"}] * 4)
CODEX: tuple[str, str, object] = (
    "codex",
    "rollout-2025-04-16-x.json",
    {"session": {"id": "s"}, "items": [{"type": "novelty"}] * 4},
)


@pytest.mark.parametrize(("agent", "name", "content"), [GEMINI, CODEX, CLINE])
@pytest.mark.parametrize("torn", [False, True])
def test_a_document_that_is_touched_or_torn_stays_flagged(
    agent: str, name: str, content: object, torn: bool, journal: Journal, road: Archiving, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(json.dumps(content))
    road.step(agent, path)
    assert journal.is_flagged(str(path))
    path.write_text(json.dumps(content)[: -3 if torn else None])
    os.utime(path, (1, 1))
    road.step(agent, path)
    assert journal.is_flagged(str(path))


def test_another_build_reads_flagged_files_again_and_counts_nothing_twice(
    journal: Journal, road: Archiving, tmp_path: Path
) -> None:
    flagged, other = write(tmp_path / "s.jsonl", 10, 3), write(tmp_path / "t.jsonl", 40, 1)
    for path in (flagged, other):
        road.step("claude-code", path)
    assert road.recheck() == 0
    assert journal.recheck("a later build") == 1
    assert (road.cursor(flagged), road.cursor(other) is None) == (None, False)
    assert road.step("claude-code", flagged).added == 0
    assert {Path(one.path).name: one.unknown_records for one in journal.formats()} == {"s.jsonl": 3, "t.jsonl": 1}


def test_what_is_archived_of_a_flagged_file_that_is_gone_is_learned_by_another_build(
    journal: Journal, road: Archiving, tmp_path: Path
) -> None:
    path = write(tmp_path / "s.jsonl", 10, 3)
    road.step("claude-code", path)
    path.unlink()
    road.recheck()
    assert queued(journal) == [], "the build that flagged it knows no more than it did"
    road.recheck("a later build")
    assert (queued(journal), formats.flagged(journal)) == (["s"], {})
    job = journal.claim(datetime.now(UTC))
    assert job is not None
    assert job.ref == REF


def test_a_flagged_file_that_was_renamed_is_withheld_until_it_is_understood(
    journal: Journal, road: Archiving, tmp_path: Path
) -> None:
    path = write(tmp_path / "s.jsonl", 10, 3)
    road.step("claude-code", path)
    renamed = path.rename(tmp_path / "t.jsonl")
    road.step("claude-code", renamed)
    road.recheck("a later build")
    road.step("claude-code", renamed)
    assert journal.claim(datetime.now(UTC)) is None, "it is not understood under its new name either"
    with renamed.open("a") as file:
        file.writelines('{"type": "mode", "sessionId": "s"}\n' for _ in range(60))
    road.step("claude-code", renamed)
    assert (queued(journal), formats.flagged(journal)) == (["s"], {})
    assert journal.claim(datetime.now(UTC)) is not None


def test_a_file_that_was_cut_is_counted_anew(journal: Journal, road: Archiving, tmp_path: Path) -> None:
    path = write(tmp_path / "s.jsonl", 40, 2)
    road.step("claude-code", path)
    path.write_text("")
    write(path, 25, 1)
    road.step("claude-code", path)
    assert [one.unknown_records for one in journal.formats()] == [1]


def test_a_file_without_a_known_record_is_counted_too(journal: Journal, road: Archiving, tmp_path: Path) -> None:
    road.step("claude-code", write(tmp_path / "s.jsonl", 0, 3))
    assert [(state.agent, state.flagged) for state in formats.states(journal)] == [("claude-code", 1)]


def test_versions_that_are_newer_than_this_one_knows_are_counted_by_file(
    journal: Journal, road: Archiving, tmp_path: Path
) -> None:
    for name, version in (("a", "2.1.217"), ("b", "3.0.1"), ("c", "3.0.1")):
        road.step("claude-code", write(tmp_path / f"{name}.jsonl", 2, 0, version))
    (state,) = formats.states(journal)
    assert (state.versions, state.newest_known, state.files) == ({"3.0.1": 2}, "2.1.240", 0)


def test_an_odd_version_is_no_version_and_an_odd_kind_has_no_name(
    journal: Journal, road: Archiving, tmp_path: Path
) -> None:
    path = write(tmp_path / "s.jsonl", 9, 0, "9" * 5000)
    odd = ("x" * 81, "a\nb", "<b>", "\ud800", "novel-1")
    with path.open("a") as file:
        file.writelines(json.dumps({"type": kind}) + "\n" for kind in odd)
    road.step("claude-code", path)
    (state,) = formats.states(journal)
    assert (state.versions, state.kinds) == ({}, {"(other)": 4, "novel-1": 1})


def test_a_long_version_that_was_kept_by_an_earlier_build_is_shown(journal: Journal, tmp_path: Path) -> None:
    header = SessionHeader("claude-code", "s", tmp_path / "s.jsonl")
    notes = FileNotes(agent="claude-code", version="9" * 5000)
    journal.record_read(str(header.path), header, ProfileRef("local", "web"), (), cursor="c", notes=notes)
    assert [list(state.versions) for state in formats.states(journal)] == [["9" * 5000]]


def test_nothing_is_said_where_all_is_known(journal: Journal, road: Archiving, tmp_path: Path) -> None:
    road.step("claude-code", write(tmp_path / "s.jsonl", 5, 0))
    assert formats.states(journal) == []
    assert formats.flagged(journal) == {}
