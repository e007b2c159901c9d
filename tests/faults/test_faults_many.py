"""Thousands of files of a profile changed at once: more than the kernel tells of, and still none is missed.

`SIDECAR_FAULTS=500`, the full size of all these tests, makes them 10,000; without it they are 2,000.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from killing import KILLS
from running import HANG_S, Daemon, git, wait_until
from world import Figure

from sidecar.client import Profile

FILES = 10_000 if KILLS >= 500 else 2_000
HERE = Profile(name="web")
ASKED = (0, FILES // 3, FILES - 1)


def words(number: int, colour: str) -> str:
    return f"Container number {number} is painted in the colour {colour}."


def laid(folder: Path) -> list[Path]:
    """The files as a person, or a script, makes them: a body, and no more."""
    found = []
    for number in range(FILES):
        path = folder / "facts" / f"g{number % 50}" / f"container-{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\ntype: fact\n---\n{words(number, 'red')}\n", "utf-8")
        found.append(path)
    return found


def recalled(daemon: Daemon, number: int) -> list[str]:
    asked = f"which colour is container number {number} painted in?"
    found = daemon.client.request("POST", HERE.route("recall"), {"query": asked, "limit": 100}, timeout=HANG_S)
    return [one["content"] for one in found["candidates"] if f"number {number} " in one["content"]]


def memories(daemon: Daemon) -> int:
    return next((int(one["memories"]) for one in daemon.status()["profiles"] if one["name"] == "web"), 0)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_thousands_of_files_changed_at_once_are_all_taken_in(daemon: Daemon, figure: Figure) -> None:
    """By a script that rewrites each of them while the daemon runs; recall answers all the while."""
    daemon.start()
    daemon.client.request("POST", HERE.route("remember"), {"content": "The nightly backup runs at 02:10."})
    folder = daemon.store / "web"
    paths = laid(folder)
    wait_until("all are taken in", lambda: memories(daemon) == FILES + 1, 600)
    daemon.settle(limit_s=600)
    assert {number: recalled(daemon, number) for number in ASKED} == {n: [words(n, "red")] for n in ASKED}
    program = (
        "import pathlib, sys\n"
        "for path in sorted(pathlib.Path(sys.argv[1]).rglob('container-*.md')):\n"
        "    path.write_text(path.read_text('utf-8').replace('colour red', 'colour blue'), 'utf-8')\n"
    )
    script = subprocess.Popen(["python3", "-c", program, str(folder / "facts")])
    while script.poll() is None:
        asked = {"query": "when does the backup run?"}
        found = daemon.client.request("POST", HERE.route("recall"), asked, timeout=HANG_S)
        assert any("02:10" in one["content"] for one in found["candidates"])
    assert script.returncode == 0
    wait_until("the last is taken in", lambda: recalled(daemon, ASKED[-1]) == [words(ASKED[-1], "blue")], 600)
    daemon.settle(limit_s=600)
    assert {number: recalled(daemon, number) for number in ASKED} == {n: [words(n, "blue")] for n in ASKED}
    assert memories(daemon) == FILES + 1
    assert not [path for path in paths if "blue" not in path.read_text("utf-8")]
    assert git(folder, "status", "--porcelain") == ""
    changed = git(folder, "log", "--format=%an", "--", str(paths[0].relative_to(folder)))
    assert "sidecar" not in changed.splitlines()[-1]
    figure(f"{FILES:,} files rewritten at once: all recalled as they are, all committed")
