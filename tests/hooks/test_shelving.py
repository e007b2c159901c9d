"""What a slow thread makes of an older state never comes into what later sessions are given."""

from __future__ import annotations

from datetime import UTC, date, datetime
from threading import Event, Thread

from sidecar.daemon import briefing
from sidecar.daemon.briefing import Given
from sidecar.daemon.shelving import Shelving
from sidecar.model import ProfileRef

WEB = ProfileRef("local", "web")
DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
KEY = ((WEB,), 500, "claude-code")
OLD, NEW = Given("what was forgotten", ()), Given("what is known", ())


def test_within_a_state_everything_is_made_once() -> None:
    shelving = Shelving((1, DAY))
    shelf = briefing.shelve([], NOW)
    assert shelving.at((1, DAY)) is shelving
    assert shelving.shelf(WEB, lambda: shelf) is shelf
    assert shelving.shelf(WEB, lambda: briefing.shelve([], NOW)) is shelf
    assert shelving.summary(KEY, lambda: OLD) is OLD
    assert shelving.summary(KEY, lambda: NEW) is OLD


def test_a_thread_that_began_with_an_older_state_leaves_nothing_in_the_new_one() -> None:
    older = Shelving((1, DAY))
    begun, moved_on = Event(), Event()

    def slowly() -> Given:
        begun.set()
        moved_on.wait(60)
        return OLD

    thread = Thread(target=older.summary, args=(KEY, slowly))
    thread.start()
    assert begun.wait(60)
    newer = older.at((2, DAY))
    moved_on.set()
    thread.join(60)
    assert newer.summary(KEY, lambda: NEW) == NEW
    assert older.at((1, date(2026, 11, 21))).summary(KEY, lambda: NEW) == NEW
