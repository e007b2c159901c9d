"""Let a daemon live through a working day in short, and show that it holds no more at its end than in its middle.

    python scripts/soak.py                       # half a minute
    python scripts/soak.py --minutes 30 --write  # the whole, also written into docs/benchmarks.md

At random, the same each time: transcripts grow, memory files are written, changed and deleted by hand, things are
remembered, asked for and forgotten, and a shared profile is synced with a bare repository on this disk.  Sessions are
deleted as often as others begin, and so is what was superseded or forgotten: after a while there are about as many
memories and messages as before, so that what grows is nothing that the daemon is for.  Every so often it is measured:
memory (PSS), descriptors, threads, and what git holds.  It ends with 1 if one of them grew by more than its bound from
the second quarter to the last.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import astuple, dataclass
from pathlib import Path

from bench_footprint import PAGE, Started, daemon, environment, pss

from sidecar.cli import bench_home
from sidecar.client import Profile
from sidecar.errors import SidecarError

SECTION = re.compile(r"(<!-- soak:begin -->\n).*?(<!-- soak:end -->)", re.DOTALL)
SAMPLES = 16
PAUSE_S = 0.05
SESSIONS, FILES = 20, 50
PROJECT = "day"
BOUNDS = {"PSS MB": (1.15, 0.0), "descriptors": (1.15, 8.0), "threads": (1.15, 2.0)}
"""Of each, how many times the median of the second quarter the median of the last may be, and how many more than that:
whoever is asked for a sample while a git runs has its pipes, and those of a client or two."""

PER_COMMIT = 40.0
"""Objects that git may come to hold for each commit: a tree for each folder on the way, and the files."""


@dataclass(frozen=True)
class Sample:
    """One look at the daemon."""

    minute: float
    pss_mb: float
    descriptors: int
    threads: int
    objects: int
    commits: int
    memories: int
    messages: int


class Day:
    """What happens around a daemon, at random."""

    def __init__(self, home: Path, started: Started) -> None:
        self.home, self.started = home, started
        self.chance = random.Random(20260901)  # noqa: S311 - the same each time is what is wanted
        self.profile = Profile(name=bench_home.PROFILE)
        self.sessions, self.said = [0] * SESSIONS, [0] * SESSIONS
        self.done = 0
        self.refused = 0
        self.store = Path(environment(home)["SIDECAR_HOME"]) / "store" / "local" / bench_home.PROFILE

    def share(self) -> None:
        """Give the profile a remote on this disk."""
        remote = self.home / "remote.git"
        subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True)
        self.started.client.request("POST", self.profile.route("remember"), {"content": "The gauge hangs on pier 7."})
        self.started.client.request("POST", self.profile.route("share"), {"remote": str(remote)})

    def turn(self) -> None:
        """One of the things that happen; what the daemon refuses for want of patience is counted."""
        acts = (
            self.say, self.say, self.edit, self.edit, self.drop, self.remember, self.ask, self.ask, self.sync, self.end,
            self.clear,
        )  # fmt: skip
        self.done += 1
        try:
            self.chance.choice(acts)()
        except SidecarError:
            self.refused += 1

    def say(self) -> None:
        """An agent's session goes on."""
        place = self.chance.randrange(SESSIONS)
        session, path = self.session(place)
        path.parent.mkdir(parents=True, exist_ok=True)
        said = {"role": "user", "content": f"From now on, deploy service {self.done % 97} with tool {self.done % 13}."}
        record = {
            "type": "user", "uuid": f"u{self.done}", "sessionId": session, "cwd": str(self.home),
            "version": "2.1.0", "timestamp": "2026-09-01T09:00:00.000Z", "isSidechain": False, "parentUuid": None,
            "message": said,
        }  # fmt: skip
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        self.said[place] += 1

    def session(self, place: int) -> tuple[str, Path]:
        """The name of one of the sessions that go on side by side, and its transcript."""
        name = f"s{place}-{self.sessions[place]}"
        return name, Path(environment(self.home)["HOME"]) / ".claude" / "projects" / "-soak" / f"{name}.jsonl"

    def end(self) -> None:
        """Seldom, a session is deleted with its transcript, and another will begin."""
        place = self.chance.randrange(SESSIONS)
        session, path = self.session(place)
        if self.chance.random() < 0.1 and path.exists():
            path.unlink()
            self.sessions[place], self.said[place] = self.sessions[place] + 1, 0
            self.started.client.delete_session(PROJECT, session)

    def clear(self) -> None:
        """Seldom, what is no longer true is deleted for good."""
        if self.chance.random() < 0.1:
            for status in ("superseded", "forgotten"):
                for one in self.started.client.memories(self.profile, status=status, per_page=500):
                    self.started.client.delete(self.profile, one["id"])

    def edit(self) -> None:
        """A person writes a memory's file."""
        path = self.store / "facts" / f"by-hand-{self.chance.randrange(FILES)}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\ntype: fact\n---\nThe valve {path.stem} is turned {self.done} times.\n", encoding="utf-8")

    def drop(self) -> None:
        """A person deletes a memory's file."""
        (self.store / "facts" / f"by-hand-{self.chance.randrange(FILES)}.md").unlink(missing_ok=True)

    def remember(self) -> None:
        """An agent keeps something; it is one of a hundred things."""
        content = f"The lamp of station {self.done % 100} is lit by keeper {self.chance.randrange(5)}."
        body = {"content": content, "key": f"station-{self.done % 100}/lamp"}
        self.started.client.request("POST", self.profile.route("remember"), body)

    def ask(self) -> None:
        """An agent asks."""
        self.started.client.recall(self.profile, f"Who lights the lamp of station {self.chance.randrange(100)}?")

    def sync(self) -> None:
        """The shared profile is synced; seldom, as it is a push."""
        if self.chance.random() < 0.05:
            self.started.client.request("POST", self.profile.route("sync"), {})

    def git(self, *arguments: str) -> str:
        """What git says of the profile."""
        command = ["git", "-C", str(self.store), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def look(self, minute: float) -> Sample:
        """Measure."""
        process = Path("/proc") / str(self.started.pid)
        counts = dict(line.split(": ") for line in self.git("count-objects", "-v").splitlines())
        commits = self.git("rev-list", "--count", "HEAD")
        profiles = self.started.client.profiles()
        return Sample(
            minute,
            pss(self.started.pid),
            len(list((process / "fd").iterdir())),
            len(list((process / "task").iterdir())),
            int(counts["count"]) + int(counts["in-pack"]),
            int(commits),
            sum(one["memories"] for one in profiles),
            sum(self.said),
        )


def lived(home: Path, minutes: float) -> tuple[list[Sample], Day]:
    """The samples of a day of so many minutes."""
    bench_home.write_memories(home, FILES)
    with daemon(home, extractor="rules") as started:
        day, samples = Day(home, started), []
        day.share()
        begun = time.monotonic()
        for number in range(1, SAMPLES + 1):
            until = begun + minutes * 60 * number / SAMPLES
            while time.monotonic() < until:
                day.turn()
                time.sleep(PAUSE_S)
            samples.append(day.look((time.monotonic() - begun) / 60))
        return samples, day


def median(values: list[float]) -> float:
    """The middle value."""
    return sorted(values)[len(values) // 2]


def grown(samples: list[Sample]) -> list[str]:
    """What has grown beyond its bound, in words."""
    quarter = len(samples) // 4
    found = []
    for place, (name, (times, more)) in enumerate(BOUNDS.items(), start=1):
        before = median([float(astuple(one)[place]) for one in samples[quarter : 2 * quarter]])
        after = median([float(astuple(one)[place]) for one in samples[-quarter:]])
        if after > before * times + more:
            found.append(f"{name} grew from {before:g} to {after:g}")
    first, last = samples[0], samples[-1]
    if last.objects - first.objects > PER_COMMIT * max(last.commits - first.commits, 1):
        objects, commits = last.objects - first.objects, last.commits - first.commits
        found.append(f"git came to hold {objects} objects for {commits} commits")
    return found


def table(samples: list[Sample], day: Day) -> str:
    """The samples as text."""
    head = "".join(f"{name:>12}" for name in ("minute", *BOUNDS, "git objects", "commits", "memories", "messages"))
    rows = [
        "".join(f"{each:>12.1f}" if isinstance(each, float) else f"{each:>12}" for each in astuple(one))
        for one in samples
    ]
    return "\n".join([f"{day.done:,} acts, {day.refused} of them refused", head, *rows])


def main() -> int:
    """Live, print, write if asked to; 1 if something grew."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=0.5, help="how long the day is")
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sidecar-soak-") as folder:
        home = Path(folder).resolve() / PROJECT
        home.mkdir()
        samples, day = lived(home, options.minutes)
    text, faults = table(samples, day), grown(samples)
    print("\n".join([text, *faults]))
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(SECTION.sub(lambda m: f"{m[1]}```\n{text}\n```\n{m[2]}", page), encoding="utf-8")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
