"""What hooks have given stays known, session by session, until it is old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sidecar.journal import Journal

NOW = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)


def test_what_was_given_is_known_by_its_session_after_opening_again(journal: Journal) -> None:
    journal.note_given("s1", ["a", "b", "a"], NOW)
    journal.note_given("s1", ["b", "c"], NOW + timedelta(hours=1))
    journal.note_given("s2", ["d"], NOW)
    journal.close()
    with Journal.open(journal.path) as again:
        assert again.given("s1") == {"a", "b", "c"}
        assert again.given("s2") == {"d"}
        assert again.given("s3") == frozenset()


def test_what_is_old_is_let_go(journal: Journal) -> None:
    journal.note_given("s1", ["old"], NOW - timedelta(days=91))
    journal.note_given("s1", ["new"], NOW)
    journal.forget_given(NOW - timedelta(days=90))
    assert journal.given("s1") == {"new"}
