"""The archive does not depend on the order in which transcripts are read."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st
from journal_builders import AGENT, at, header, read, ref, said

from sidecar.journal import Journal
from sidecar.model import Message

SESSIONS = ("s1", "s2", "s3")


class Script(NamedTuple):
    """A session: when it began, and what its file says (possibly records of other sessions, changed or not)."""

    started: int | None
    records: list[tuple[int, str]]
    withdrawn: list[int]

    def messages(self, session: str) -> list[Message]:
        return [
            said(f"m{name}", text, session=session, position=position, role="user" if name % 3 else "tool")
            for position, (name, text) in enumerate(self.records)
        ]


RECORDS = st.lists(
    st.tuples(st.integers(0, 7), st.sampled_from(["as it was", "as it was", "changed"])),
    max_size=6,
    unique_by=lambda record: record[0],
)
SCRIPTS = st.tuples(
    *(
        st.builds(Script, st.one_of(st.none(), st.integers(0, 3)), RECORDS, st.lists(st.integers(0, 7), max_size=2))
        for _ in SESSIONS
    )
)


def replay(journal: Journal, scripts: tuple[Script, ...], order: list[int]) -> None:
    """Read one record of the session whose turn it is; each file has its own order, the files have none."""
    turns = dict.fromkeys(range(len(SESSIONS)), 0)
    for number in order:
        session, script, turn = SESSIONS[number], scripts[number], turns[number]
        turns[number] += 1
        messages = script.messages(session)
        # The beginning of a session is known from its second piece on only, as with files cut at their head.
        known = None if script.started is None or (turn == 0 and messages[1:]) else at(script.started)
        head = header(session, started=known)
        if turn < len(messages):
            read(journal, [messages[turn]], session, header=head, cursor=str(turn))
        elif turn == len(messages):
            withdrawn = [f"m{name}" for name in script.withdrawn]
            read(journal, [], session, header=head, cursor=str(turn), withdrawn=withdrawn)


def picture(journal: Journal) -> dict[str, object]:
    """Everything that may be seen of the archive, but for the numbers that tell the order of arrival."""
    sessions = {
        session: [(archived.message, archived.withdrawn) for archived in journal.messages(ref(session))]
        for session in SESSIONS
    }
    feed = {
        change.id: (
            change.gone,
            change.before,
            change.after,
            change.archived.message if change.archived else None,
        )
        for change in journal.changes(0, 1000)
    }
    counts = [(row.ref, row.started, row.messages) for row in journal.sessions()]
    return {"sessions": sessions, "feed": feed, "counts": counts}


@settings(max_examples=60, deadline=None)
@given(data=st.data(), scripts=SCRIPTS)
def test_any_interleaving_gives_the_same_archive(data: st.DataObject, scripts: tuple[Script, ...]) -> None:
    turns = [number for number, script in enumerate(scripts) for _ in range(len(script.records) + 1)]
    pictures = []
    with tempfile.TemporaryDirectory() as folder:
        for run, order in enumerate((turns, data.draw(st.permutations(turns)))):
            with Journal.open(Path(folder) / f"{run}.db") as journal:
                replay(journal, scripts, order)
                first = picture(journal)
                followed = journal.last_change()
                for number, script in enumerate(scripts):
                    session = SESSIONS[number]
                    start = None if script.started is None else at(script.started)
                    withdrawn = [f"m{name}" for name in script.withdrawn]
                    gone = [m for m in script.messages(session) if m.id not in withdrawn]
                    read(journal, gone, session, header=header(session, started=start), withdrawn=withdrawn)
                assert picture(journal) == first, "reading everything once more changes nothing"
                assert journal.changes(followed, 10) == []
                pictures.append(first)
    assert pictures[0] == pictures[1]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), scripts=SCRIPTS)
def test_an_index_that_follows_sees_what_one_made_anew_sees(data: st.DataObject, scripts: tuple[Script, ...]) -> None:
    turns = [number for number, script in enumerate(scripts) for _ in range(len(script.records) + 1)]
    order = data.draw(st.permutations(turns))
    with tempfile.TemporaryDirectory() as folder, Journal.open(Path(folder) / "journal.db") as journal:
        followed, after = {}, 0
        for end in range(1, len(order) + 1):
            replay(journal, scripts, order[:end])
            for change in journal.changes(after, 1000):
                followed[change.agent, change.id], after = change, change.change
        assert followed == {(AGENT, change.id): change for change in journal.changes(0, 1000)}
