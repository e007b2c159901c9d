"""How messages follow each other, against a plain reckoning; what kind of message each is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from index_builders import Held, message

from sidecar.index import Filters, Index, name_number, traits
from sidecar.index.block import CURRENT, Block
from sidecar.index.columns import NEVER, ColumnRow, rows_of
from sidecar.index.threads import NOBODY

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.booleans()), min_size=1, max_size=25)
"""Session, time and whether it is alive, of each row."""


def _block(rows: list[tuple[int, int, bool]]) -> Block:
    columns = [
        ColumnRow(number, 1, session, time, NEVER, 0, CURRENT) for number, (session, time, _) in enumerate(rows, 1)
    ]
    block = Block.of(rows_of(columns, np.ones((len(rows), 2), np.float32)))
    block.alive[:] = [alive for _, _, alive in rows]
    return block


@given(ROWS)
def test_neighbours_and_sessions_are_those_of_a_plain_reckoning(rows: list[tuple[int, int, bool]]) -> None:
    found = _block(rows).threads
    living = [place for place, (_, _, alive) in enumerate(rows) if alive]
    ends = {}
    for session in sorted({rows[place][0] for place in living}):
        thread = sorted((place for place in living if rows[place][0] == session), key=lambda place: rows[place][1])
        assert found.before[thread].tolist() == [NOBODY, *thread[:-1]]
        assert found.after[thread].tolist() == [*thread[1:], NOBODY]
        assert len(set(found.session[thread].tolist())) == 1
        ends[session] = (rows[thread[-1]][1], thread[-1])
    for place in living:
        later = sum(end > ends[rows[place][0]] for end in ends.values())
        assert found.later[place] == later
    dead = [place for place in range(len(rows)) if place not in living]
    assert (found.before[dead] == NOBODY).all()
    assert (found.session[dead] == NOBODY).all()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We moved the crane to the harbour last week.", traits.DATED),
        ("The crane opens at 9:30 on Tuesdays, the motor needs oil.", traits.DATED),
        ("The crane was built in 1987 by a shipyard.", traits.DATED),
        ("Is the crane in the harbour, or the motor?", traits.ASKING),
        ("クレーンはどこですか？港にありますか？", traits.ASKING),
        ("On which day was it, today?", traits.DATED | traits.ASKING),
        ("The crane stands in the harbour beside the old motor.", 0),
    ],
)
def test_what_kind_of_message_it_is(text: str, expected: int) -> None:
    assert traits.traits(message(1, text)) == expected


def test_an_agents_words_are_known() -> None:
    said = message(1, "The crane stands in the harbour beside the motor.", role="assistant", speaker="assistant")
    assert traits.traits(said) == traits.BY_AGENT


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ines: the crane is here", "ines"),
        ("Ines Duarte: the crane is here", "INES"),
        ("José-Luis: hola", "josé-luis"),
    ],
)
def test_a_message_may_open_with_a_name(text: str, name: str) -> None:
    assert traits.voice(message(1, text)) == name_number(name) != traits.NO_VOICE


@pytest.mark.parametrize("text", ["the crane is here", "http://example.org: down", "10: ten", "What: it fell", ": no"])
def test_or_with_none(text: str) -> None:
    assert traits.voice(message(1, text)) == traits.NO_VOICE


def test_who_opens_many_messages_is_a_speaker(index: Index) -> None:
    talk = [message(number, f"{'Ines' if number % 2 else 'Bo'}: crane {number}") for number in range(1, 41)]
    index.sync(Held(changes=[*talk, message(41, "Note: the crane is new")]))
    block = index.view.messages_of(talk[0].profile)
    assert block is not None
    assert block.threads.voices == {name_number("Ines"), name_number("Bo")}


def test_a_message_that_changes_keeps_its_place_in_the_talk(index: Index) -> None:
    talk = [message(number, f"the crane, part {number}") for number in range(1, 4)]
    index.sync(Held(changes=[*talk]))
    index.sync(Held(changes=[message(4, "the crane, second part", id="m2", time=talk[1].time)]))
    view = index.view
    block = view.messages_of(talk[0].profile)
    assert block is not None
    places = {
        held.id: block.positions([row])[row]
        for row, held in view.fetch_messages(block.column("row")[block.alive].tolist()).items()
    }
    assert block.threads.after[[places["m1"], places["m2"]]].tolist() == [places["m2"], places["m3"]]


def test_cosines_are_given_for_every_row_and_none_for_another_models_vector(index: Index) -> None:
    index.sync(Held(changes=[message(1, "the crane is in the harbour"), message(2, "lunch is at noon")]))
    block = index.view.messages_of(message(1, "").profile)
    assert block is not None
    vector = index.embedder.encode(["a crane in a harbour"])[0]
    near, far = block.cosines(vector, np.arange(2))
    assert near > far
    assert not block.cosines(vector[:7], np.arange(2)).any()
    found = index.view.nearest("message", message(1, "").profile, vector, Filters(), 1)
    assert [hit.score for hit in found] == [pytest.approx(float(near))]
