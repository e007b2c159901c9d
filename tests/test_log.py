"""The log: form of its lines, where they go, who may read them, and what must never be in them."""

import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar import log
from sidecar.errors import ChangedOnDisk


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    log.close()
    logging.getLogger("sidecar").setLevel(logging.NOTSET)


def lines(folder: Path) -> list[str]:
    return (folder / log.FILE_NAME).read_text("utf-8").splitlines()


def test_an_entry_is_one_line_with_time_level_place_event_and_pairs(tmp_path: Path) -> None:
    log.setup(tmp_path / "log", "info", {})
    extra = {"profile": "local/web", "path": "/a b/c.md", "files": 3}
    logging.getLogger("sidecar.daemon.writer").info("committed", extra=extra)
    [entry] = lines(tmp_path / "log")
    time, rest = entry.split(" ", 1)
    assert len(time) == len("2026-11-20T16:02:11Z")
    assert time.endswith("Z")
    assert rest == 'info daemon.writer committed profile=local/web path="/a b/c.md" files=3'


def test_line_breaks_and_control_characters_cannot_forge_an_entry(tmp_path: Path) -> None:
    log.setup(tmp_path, "info", {})
    logging.getLogger("sidecar").warning("odd\x1b[31m\nsecond", extra={"path": "a\nb\x1b\u2028c\udcff"})
    [entry] = lines(tmp_path)
    assert entry.endswith('warning sidecar odd\ufffd[31m path="a\\nb\\u001b\\u2028c\\udcff"')


def test_what_people_said_is_only_counted(tmp_path: Path) -> None:
    log.setup(tmp_path, "debug", {})
    logging.getLogger("sidecar").debug("seen", extra={"query": "my secret", "content": "x" * 50, "text": ""})
    [entry] = lines(tmp_path)
    assert entry.endswith("seen query=<9 characters> content=<50 characters> text=<0 characters>")


def test_of_an_exception_only_type_and_place_are_told(tmp_path: Path) -> None:
    log.setup(tmp_path, "info", {})
    for error in (ValueError("what somebody said"), ChangedOnDisk(path="facts/x.md")):
        try:
            raise error
        except (ValueError, ChangedOnDisk):
            logging.getLogger("sidecar").exception("failed")
    first, second = lines(tmp_path)
    assert "error=ValueError at=test_log.py:" in first
    assert "somebody" not in first
    assert 'error=ChangedOnDisk why="facts/x.md has changed since it was read." at=' in second


def test_long_values_are_cut(tmp_path: Path) -> None:
    log.setup(tmp_path, "info", {})
    logging.getLogger("sidecar").info("x" * 5000, extra={"path": "y" * 5000})
    assert len(lines(tmp_path)[0]) < 700


def test_levels_hold_for_ours_and_warnings_for_others(tmp_path: Path) -> None:
    log.setup(tmp_path, "warning", {})
    logging.getLogger("sidecar.x").info("quiet")
    log.set_level("info")
    logging.getLogger("sidecar.x").info("heard")
    logging.getLogger("other").info("not asked for")
    logging.getLogger("other").warning("worth a look")
    assert [entry.split(" ", 1)[1] for entry in lines(tmp_path)] == ["info x heard", "warning other worth a look"]


def test_only_the_owner_can_read_it_also_after_a_rotation(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    log.setup(folder, "info", {})
    for number in range(9000):
        logging.getLogger("sidecar").info("filler", extra={"path": "z" * 290, "number": number})
    files = sorted(path.name for path in folder.iterdir())
    assert files == ["sidecar.log", "sidecar.log.1"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_under_systemd_stderr_has_priorities_and_no_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.setup(tmp_path, "info", {"JOURNAL_STREAM": "8:1"})
    logging.getLogger("sidecar").error("bad")
    assert capsys.readouterr().err == "<3>error sidecar bad\n"


def test_stderr_stays_empty_elsewhere_and_a_second_setup_replaces_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log.setup(tmp_path / "a", "info", {})
    log.setup(tmp_path / "b", "info", {})
    logging.getLogger("sidecar").info("here")
    assert capsys.readouterr().err == ""
    assert lines(tmp_path / "a") == []
    assert len(lines(tmp_path / "b")) == 1
