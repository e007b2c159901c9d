"""kill -9 at random moments of a back-fill: the store ends as that of an undisturbed run."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
from running import ClaudeSession, Daemon, git, repository, tree

_SEED = 20260901
_BOOT_S = 1.0
"""About what the process takes before it reads the first file; earlier kills are worth a try as well."""
_TOPICS = ("api", "worker", "gateway", "billing", "search", "mailer", "cache", "scheduler", "frontend", "importer")


def _history(home: Path, sessions: int) -> list[Path]:
    """Sessions of two projects over weeks, with values that change, repeat and contradict each other."""
    projects = [repository(home / "work" / name, name) for name in ("tern", "gull")]
    for number in range(sessions):
        project = projects[number % 2]
        topic = _TOPICS[number % len(_TOPICS)]
        start = ClaudeSession(home, project).start
        session = ClaudeSession(home, project, start.replace(day=1 + number % 28, hour=number % 24), f"s-{number:04}")
        session.say(
            f"no, the {topic} listens on port {4000 + number}, not 3000",
            ("assistant", f"Understood: the {topic} is on {4000 + number} now."),
            "always run the tests with `make check` before you commit",
            ("assistant", "I will."),
            f"for the record: the {topic} is owned by team {number % 3}",
            "in all my projects: give me times in UTC",
        )
    return projects


def _run_to_the_end(home: Path) -> dict[str, str]:
    daemon = Daemon(home).start()
    try:
        daemon.settle(300)
        for profile in sorted(daemon.store.iterdir()):
            assert git(profile, "status", "--porcelain") == ""
            git(profile, "fsck", "--strict")
    finally:
        daemon.end()
    return _tree(daemon)


def _kill_often(home: Path, kills: int, within_s: float, finished: dict[str, str]) -> int:
    """Start and kill; how many of the kills came before the work was done."""
    moments = random.Random(_SEED)
    early = 0
    for _ in range(kills):
        daemon = Daemon(home)
        daemon.launch()
        time.sleep(moments.uniform(_BOOT_S / 2, _BOOT_S + within_s))
        daemon.kill()
        early += _tree(daemon) != finished
    return early


def _tree(daemon: Daemon) -> dict[str, str]:
    # A profile without a repository, such as `personal`, draws its uuid at random; all else comes from what was said.
    return tree(daemon.store, ("created", "uuid")) if daemon.store.is_dir() else {}


def _compare(tmp_path: Path, sessions: int, kills: int) -> None:
    calm, harassed = tmp_path / "calm", tmp_path / "harassed"
    for home in (calm, harassed):
        home.mkdir()
        os.environ["HOME"] = str(home)
        (home / ".gitconfig").write_text("[user]\n\tname = Ines Example\n\temail = ines@example.org\n")
        _history(home, sessions)
    begun = time.monotonic()
    expected = _run_to_the_end(calm)
    length = time.monotonic() - begun
    assert expected
    early = _kill_often(harassed, kills, length / kills, expected)
    assert early >= kills // 2, f"only {early} of {kills} kills met unfinished work"
    found = _run_to_the_end(harassed)
    assert found == expected


def test_three_kills(tmp_path: Path) -> None:
    _compare(tmp_path, sessions=12, kills=3)


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_fifty_kills(tmp_path: Path) -> None:
    _compare(tmp_path, sessions=60, kills=50)


def test_what_was_remembered_a_moment_before_a_kill_is_there(daemon: Daemon, project: Path) -> None:
    """It is in its file, and found; whether the index's folder has it by then does not matter."""
    daemon.start()

    def remember(content: str) -> None:
        daemon.client.request("POST", "/v1/remember", {"content": content, "cwd": str(project)})

    for number in range(16):
        remember(f"Buoy number {number} is painted in colour {number + 100}.")
    remember("The zeppelin lands at the old harbour at noon.")
    assert any("zeppelin" in text for text in daemon.contents("Where does the zeppelin land?", project))
    daemon.kill()
    daemon.start()
    daemon.settle()
    assert any("zeppelin" in text for text in daemon.contents("Where does the zeppelin land?", project))
    assert any("colour 115" in text for text in daemon.contents("Which colour has buoy number 15?", project))
