from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from benchmark_sets import write_set

from benchmarks import sets


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2025-01-15", datetime(2025, 1, 15, tzinfo=UTC)),
        ("2025-12-15 (Monday)", datetime(2025, 12, 15, tzinfo=UTC)),
        ("March-15-2024", datetime(2024, 3, 15, tzinfo=UTC)),
        ("1:56 pm on 8 May, 2023", datetime(2023, 5, 8, 13, 56, tzinfo=UTC)),
    ],
)
def test_dates_of_every_form(written: str, meant: datetime) -> None:
    assert sets.moment(written) == meant


def test_a_date_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="'soon'"):
        sets.moment("soon")


def test_a_set_is_read_by_groups_and_sessions(tmp_path: Path) -> None:
    write_set(tmp_path, "tiny")
    assert sets.names(tmp_path) == ["tiny"]
    data = sets.load(tmp_path, "tiny")
    orchard, shed = data.groups
    assert [(stage, [turn.id for turn in turns]) for stage, turns in orchard.sessions()] == [
        (0, ["o/1/0", "o/1/1"]),
        (1, ["o/2/0", "o/2/1"]),
    ]
    assert orchard.profile == "the-orchard"
    assert orchard.questions[0].gold == {"turn": {"o/1/0"}, "session": {"o/1"}}
    assert [question.before for question in shed.questions] == [1, None, None]


def test_a_person_speaks_by_name_and_an_agent_by_role(tmp_path: Path) -> None:
    write_set(tmp_path, "tiny")
    orchard, shed = sets.load(tmp_path, "tiny").groups
    assert (orchard.turns[0].role, orchard.turns[0].content[:7]) == ("user", "Magda: ")
    assert {turn.role for turn in shed.turns} == {"user", "assistant"}


def test_which_questions_make_the_headline() -> None:
    assert not sets.SETS["locomo"].counts("adversarial")
    assert sets.SETS["locomo"].counts("temporal")
    assert not sets.SETS["beam_100K"].counts("summarization")
    assert sets.SETS["beam_100K"].counts("knowledge_update")
    assert sets.UNKNOWN.counts("anything")


def test_long_texts_are_cut_between_words_and_nothing_is_lost() -> None:
    text = "größte Äpfel " * 40
    pieces = sets.parts(text, 50)
    assert "".join(pieces) == text
    assert all(len(piece.encode()) <= 50 for piece in pieces)
    assert all(piece.endswith(" ") for piece in pieces)
    assert sets.parts("short", 50) == ["short"]
    assert "".join(sets.parts("ä" * 40, 25)) == "ä" * 40
