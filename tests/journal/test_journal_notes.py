"""Flags, the store's write log, and the route book."""

from __future__ import annotations

from journal_builders import API, WEB

from sidecar.journal import Journal
from sidecar.model import ProfileRef


def test_flags_are_set_changed_and_taken_away(journal: Journal) -> None:
    assert journal.get("paused") is None
    journal.set("paused", "yes")
    journal.set("paused", "no")
    assert journal.get("paused") == "no"
    journal.set("paused", None)
    assert journal.get("paused") is None


def test_the_last_write_of_a_file_is_known(journal: Journal) -> None:
    assert journal.last_write("local/web", "facts/a.md") is None
    journal.note_write("local/web", "facts/a.md", "1" * 64)
    journal.note_write("local/web", "facts/a.md", "2" * 64)
    assert journal.last_write("local/web", "facts/a.md") == "2" * 64
    assert journal.last_write("local/api", "facts/a.md") is None
    journal.note_write("local/web", "facts/a.md", None)
    assert journal.last_write("local/web", "facts/a.md") is None


def test_routes_are_kept_by_namespace(journal: Journal) -> None:
    other = ProfileRef("work", "web")
    journal.save_route("root", "abc", WEB)
    journal.save_route("repo", "/h/web", API)
    journal.save_route("repo", "/h/web", WEB)
    assert dict(journal.routes()) == {("repo", "/h/web"): WEB, ("root", "abc"): WEB}
    journal.save_route("folder", "/h/notes", other)
    assert journal.routes()["folder", "/h/notes"] == other


def test_routes_keep_paths_that_are_not_utf8(journal: Journal) -> None:
    path = b"/h/caf\xe9".decode("utf-8", "surrogateescape")
    journal.save_route("folder", path, WEB)
    assert journal.routes()["folder", path] == WEB


def test_the_routes_of_a_deleted_profile_are_forgotten(journal: Journal) -> None:
    journal.save_route("root", "abc", WEB)
    journal.save_route("root", "def", API)
    journal.forget_routes(WEB)
    assert dict(journal.routes()) == {("root", "def"): API}
