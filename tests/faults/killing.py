"""A process that works until it is killed: `python killing.py`, asked line by line on its standard input.

The engines are loaded once; for each kill a copy of the process is forked, which opens the world and works on.  What it
has done it tells through a pipe, as far as that is acknowledged: a daemon would have answered its client by then.
A line asks `{"work": name, "folder": path, "after": count, "then": share}`; the answer is what was acknowledged.  The
kill comes after so many acknowledgements, and then after that share of the time that one of them has taken lately: so
it meets every part of the work, however fast the machine is.  With `after` null the work is done to its end.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from world import WEB, World, age_locks, home_variables, opened, transcripts

from sidecar.index import Embedder

SESSIONS = 8
BESIDE = "beside"
"""The folder of the second machine of `merge`, below the first one's."""

KILLS = int(os.environ.get("SIDECAR_FAULTS") or 50)
"""Read when the tests are collected, before the fixture `home` clears what is ours from the environment."""
_LONGEST_S = 60.0
_FIRST_PACE_S = 0.1

Tell = Callable[[str], None]


def ingest(world: World, tell: Tell) -> None:
    """Sessions from their transcripts to commits; told when they are archived, and when they are learned."""
    for path in transcripts(world.folder, SESSIONS):
        world.archiving.step("claude-code", path)
        tell(f"archived {path.stem}")
    while (ref := world.learn_one()) is not None:
        tell(f"learned {ref.session}")
    world.follow.catch_up()
    world.commit()


def commit(world: World, tell: Tell) -> None:
    """Memories, and after each of them a commit."""
    for number in range(len(world.web.memories()), 1_000):
        content = f"Machine number {number} stands in rack {number + 40}."
        world.remember(content, number)
        tell(f"remembered {content}")
        world.follow.commit(WEB)
        tell(f"committed {content}")


def together(world: World, tell: Tell) -> None:
    """Memories that are written three at a time."""
    for number in range(len(world.web.memories()), 1_000, 3):
        contents = [f"Crane number {one} lifts {one + 40} tons." for one in range(number, number + 3)]
        world.remember_together(contents, number)
        for content in contents:
            tell(f"remembered {content}")


def rebuild(world: World, tell: Tell) -> None:
    """The index made anew, again and again, while memories come in."""
    for number in range(len(world.web.memories()), 1_000):
        content = f"Buoy number {number} is painted in colour {number + 70}."
        world.remember(content, number)
        tell(f"remembered {content}")
        world.follow.catch_up(anew=True)


def purge(world: World, tell: Tell) -> None:
    """A memory is written, committed, and purged with its history; another one stays."""
    for number in range(len(world.web.memories(statuses=None)), 1_000):
        content = f"Ferry number {number} leaves at pier {number + 10}."
        world.remember(content, number)
        tell(f"remembered {content}")
        secret = f"The passphrase of box {number} is heron-{number}-pelican."
        identifier = world.remember(secret, number)
        world.follow.commit(WEB)
        profile = world.web
        profile.begin_purge(profile.purge_plan([identifier]))
        tell(f"purged {secret}")
        world.finish_purge(profile)


def verbatim(world: World, tell: Tell) -> None:
    """Messages of clients, acknowledged when they are archived."""
    for number in range(world.journal.last_change(), 10_000):
        world.say(f"talk-{number}", [f"Message number {number} speaks of tide {number + 300}."])
        tell(f"said talk-{number}")


def merge(world: World, tell: Tell) -> None:
    """Two machines that learn, each the other's words too, and edit one file at the same time; this one is killed."""
    remote = world.folder / "remote.git"
    if not remote.exists():
        made = world.folder / "new.git"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(made)], check=True)
        made.rename(remote)
    for lock in remote.rglob("*.lock"):
        lock.unlink()  # a remote is another machine, which is not killed with this one
    with opened(world.folder / BESIDE, world.index.embedder, machine="beside") as other:
        age_locks(other.store.root)
        other.start()
        _share(world, other, remote)
        for number in range(len(world.web.memories()), 1_000):
            content, theirs = f"Lamp number {number} burns oil.", f"Bell number {number} rings at {number + 5}."
            edited = _edited(other, "Of the other machine.")
            other.remember(theirs, number)
            other.follow.catch_up()
            other.sharing.sync(WEB)
            world.remember(content, number)
            _edited(world, "Of this machine.", edited)
            world.follow.catch_up()
            tell(f"remembered {content}")
            world.sharing.sync(WEB)
            tell(f"pulled {theirs}")


def _share(world: World, other: World, remote: Path) -> None:
    """Both share the profile, however far that had come."""
    if world.sharing.address(WEB) is None:
        world.remember("The harbour opens at six.", 0)
        world.follow.commit(WEB)
    world.sharing.share(WEB, str(remote))
    if other.sharing.address(WEB) is None:
        other.sharing.join("local", str(remote), name=WEB.name)


def _edited(world: World, words: str, path: str | None = None) -> str:
    """A hand edit of one file: the given one, else that of the newest memory; its path below the profile."""
    newest = max(world.web.memories(), key=lambda one: (one.memory.observed, one.path))
    path = path or newest.path
    file = world.web.folder / path
    if file.exists():
        file.write_text(file.read_text("utf-8").rstrip("\n") + f" {words}\n", "utf-8")
    return path


WORKS: dict[str, Callable[[World, Tell], None]] = {
    "ingest": ingest,
    "commit": commit,
    "rebuild": rebuild,
    "purge": purge,
    "merge": merge,
    "verbatim": verbatim,
    "together": together,
}


@dataclass
class Killer:
    """The other end: starts the process, asks it, ends it."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls) -> Killer:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        return cls(
            subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment,
            )
        )

    def run(self, work: str, folder: Path, after: int | None, then: float = 0.0) -> list[str]:
        """Let it work for so long, kill it, and return what it had acknowledged."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        question = {"work": work, "folder": str(folder), "after": after, "then": then}
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert answer["code"] == 0 or (after is not None and answer["code"] == -signal.SIGKILL), answer
        found: list[str] = answer["told"]
        return found

    def end(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


def _work(name: str, folder: Path, embedder: Embedder, pipe: int) -> None:
    home_variables(folder)
    with opened(folder, embedder) as world:
        os.write(pipe, b"\n")  # open: the clock starts
        world.start()
        WORKS[name](world, lambda text: os.write(pipe, f"{text}\n".encode()))


class Forker:
    """Forks, listens, kills."""

    def __init__(self) -> None:
        self._embedder = Embedder.load()
        self._embedder.encode(["warm"])
        self._pace: dict[str, float] = {}

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)  # git, which it runs, is killed with it, as with a whole service
            os.close(reading)
            try:
                _work(question["work"], Path(question["folder"]), self._embedder, writing)
            except BaseException:  # noqa: BLE001 - told, and then this copy of the process ends
                sys.excepthook(*sys.exc_info())
                os._exit(1)
            os._exit(0)
        os.close(writing)
        told = self._heard(question, reading)
        with suppress(ProcessLookupError):  # it has ended on its own
            os.killpg(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        while piece := os.read(reading, 65_536):  # said before the kill
            told += piece
        os.close(reading)
        return {"code": os.waitstatus_to_exitcode(status), "told": told.decode().split("\n")[1:-1]}

    def _heard(self, question: dict[str, Any], reading: int) -> bytes:
        """What is said until it is to be killed, or has ended."""
        name, after, heard = question["work"], question["after"], bytearray()
        last = time.monotonic()
        deadline = last + _LONGEST_S
        while (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([reading], [], [], left)
            piece = os.read(reading, 65_536) if ready else b""
            if ready and not piece:
                break
            heard += piece
            now = time.monotonic()
            if ready:
                self._pace[name], last = (now - last) / piece.count(b"\n"), now
            if ready and after is not None and heard.count(b"\n") >= after:
                after, deadline = None, now + question["then"] * self._pace.get(name, _FIRST_PACE_S)
        return bytes(heard)


def main() -> None:
    forker = Forker()
    for line in sys.stdin:
        sys.stdout.write(f"{json.dumps(forker.answer(json.loads(line)))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
