"""Which files are transcripts: databases behind their logs, and no deeper than they lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.daemon.sources import MOST_OTHERS, SourceFolder, Transcript, folders, named, owner, transcripts
from sidecar.errors import FieldError


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_a_folder_is_searched_no_deeper_than_its_databases_lie(tmp_path: Path) -> None:
    goose, cursor = tmp_path / "goose" / "sessions", tmp_path / "Cursor" / "User"
    found = [
        touch(cursor / "globalStorage" / "state.vscdb"),
        touch(cursor / "workspaceStorage" / "0a1b" / "state.vscdb"),
        touch(goose / "sessions.db"),
    ]
    touch(goose / "backup" / "sessions.db")
    touch(cursor / "globalStorage" / "an.extension" / "state.vscdb")
    touch(cursor / "workspaceStorage" / "0a1b" / "an.extension" / "state.vscdb")
    places = [
        SourceFolder("cursor", cursor / "globalStorage"),
        SourceFolder("cursor", cursor / "workspaceStorage"),
        SourceFolder("goose", goose),
    ]
    assert [item.path for item in transcripts(places)] == found


def test_a_folder_of_the_settings_is_searched_as_deep_as_it_goes(tmp_path: Path) -> None:
    path = touch(tmp_path / "old" / "machine" / "sessions.db")
    assert list(transcripts([SourceFolder("goose", tmp_path)])) == [Transcript("goose", path)]


@pytest.mark.parametrize(
    ("name", "owned"),
    [
        ("sessions.db", True),
        ("sessions.db-wal", True),
        ("sessions.db-journal", True),
        ("sessions.db-shm", False),
        ("other.db-wal", False),
        ("-wal", False),
    ],
)
def test_a_write_to_a_log_is_one_to_its_database(name: str, owned: bool, tmp_path: Path) -> None:
    places = [SourceFolder("goose", tmp_path)]
    assert owner(places, tmp_path / name) == (Transcript("goose", tmp_path / "sessions.db") if owned else None)


def test_folders_of_all_agents_are_folders_of_their_own(home: Path) -> None:
    roots = [place.root for place in folders("auto", (), {"HOME": str(home)})]
    assert len(roots) > 8
    assert all(home in root.parents for root in roots)


def test_what_the_system_shows_as_files_is_not_looked_at() -> None:
    """Some of it never ends, and some waits for ever."""
    for path in (Path("/proc"), Path("/sys"), Path("/dev")):
        items, problems = named([path], None)
        assert (items, list(problems)) == ([], [path])


def test_a_folder_that_holds_mostly_other_things_is_refused_and_one_of_some_is_not(tmp_path: Path) -> None:
    session = tmp_path / "few" / "session.jsonl"
    session.parent.mkdir()
    session.write_text('{"role": "user", "content": "The port is 4310."}\n{"role": "assistant", "content": "Noted."}\n')
    for number in range(50):
        touch(tmp_path / "few" / f"other-{number}.bin")
    items, problems = named([tmp_path / "few"], None)
    assert ([item.path for item in items], dict(problems)) == ([session], {})
    first = touch(tmp_path / "many" / "0")
    for number in range(1, MOST_OTHERS + 2):
        (first.parent / str(number)).touch()
    with pytest.raises(FieldError, match="more than 20,000 files that are no transcripts"):
        named([tmp_path / "many"], None)
    first.unlink()
    (first.parent / "1").unlink()
    assert named([tmp_path / "many"], None)[0] == []
