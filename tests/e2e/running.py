"""A real daemon in a process of its own, and the transcripts of a real agent to feed it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sidecar.client import Client
from sidecar.errors import SidecarError

HANG_S = 180.0
"""No test waits longer than this for anything; far above what it takes."""

FAST = {
    "SIDECAR_WATCH_QUIET_SECONDS": "0.3",
    "SIDECAR_GIT_QUIET_SECONDS": "0.3",
    "SIDECAR_LOG_LEVEL": "debug",
    "SIDECAR_EXTRACT_HOST": "http://127.0.0.1:9",
}
"""Settings under which tests need not wait for quiet times, and meet no model but their own: nothing listens there."""


def wait_until(what: str, test: Callable[[], Any], limit_s: float = HANG_S) -> Any:
    """The first true value of `test`; fails with `what` after the limit.

    It is asked less and less often, since what it asks costs the daemon time that the work waited for needs as well.
    """
    deadline, pause = time.monotonic() + limit_s, 0.02
    while True:
        value = test()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit_s:g} s in vain: {what}")
        time.sleep(pause)
        pause = min(pause * 1.25, 0.2)


@dataclass
class Daemon:
    """`sidecar up` on a home of its own; `within`: a command that starts it in surroundings of its own."""

    home: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    within: tuple[str, ...] = ()

    @property
    def sidecar_home(self) -> Path:
        return self.home / ".sidecar"

    @property
    def store(self) -> Path:
        return self.sidecar_home / "store" / "local"

    @property
    def socket(self) -> Path:
        return self.sidecar_home / "run" / "sidecar.sock"

    @property
    def client(self) -> Client:
        return Client(self.socket, timeout=HANG_S)

    def env(self) -> dict[str, str]:
        return {
            **os.environ,
            "HOME": str(self.home),
            "SIDECAR_HOME": str(self.sidecar_home),
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            **FAST,
            **self.environ,
        }

    def start(self) -> Daemon:
        self.launch()
        wait_until("the daemon answers", self.answers)
        return self

    def launch(self) -> None:
        """Start the process without waiting for it."""
        self.sidecar_home.mkdir(parents=True, exist_ok=True)
        output = (self.sidecar_home / "output.txt").open("ab")
        with output:
            self.process = subprocess.Popen(
                [*self.within, sys.executable, "-m", "sidecar", "up", "--yes"],
                env=self.env(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.home,
            )

    def answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            said = (self.sidecar_home / "output.txt").read_text(errors="replace")
            raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{said}")
        try:
            self.client.request("GET", "/v1/healthz")
        except SidecarError:
            return False
        return True

    def stop(self) -> float:
        """SIGTERM; returns the seconds that the end took."""
        assert self.process is not None
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(HANG_S)
        assert code == 0, f"exit code {code}"
        return time.monotonic() - begun

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(HANG_S)

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.request("GET", "/v1/status")
        return found

    def settle(self, limit_s: float = HANG_S) -> dict[str, Any]:
        """Wait until nothing waits in the daemon; returns the last status."""

        def settled() -> dict[str, Any] | None:
            status = self.status()
            return status if status["settled"] else None

        try:
            found: dict[str, Any] = wait_until("the daemon has settled", settled, limit_s)
        except AssertionError as error:
            lines = (self.sidecar_home / "state" / "log" / "sidecar.log").read_text(errors="replace").splitlines()
            raise AssertionError("\n".join([str(error), str(self.status()), *lines[-40:]])) from error
        return found

    def recall(self, query: str, cwd: Path | str, **fields: Any) -> dict[str, Any]:
        body = {"query": query, "cwd": str(cwd), **fields}
        found: dict[str, Any] = self.client.request("POST", "/v1/recall", body)
        return found

    def contents(self, query: str, cwd: Path | str, **fields: Any) -> list[str]:
        return [candidate["content"] for candidate in self.recall(query, cwd, **fields)["candidates"]]

    def cli(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sidecar", *arguments],
            env=self.env(),
            cwd=cwd or self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=HANG_S,
        )


def git(folder: Path, *arguments: str, when: str | None = None) -> str:
    dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when} if when else {}
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, **dates}
    ).stdout.strip()


def repository(folder: Path, name: str = "x") -> Path:
    """A git repository with one commit, different for each name and the same each time."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "README.md").write_text(f"# {name}\n")
    git(folder, "add", ".")
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    git(folder, *identity, "commit", "-q", "-m", f"begin {name}", when="2026-08-01T12:00:00Z")
    return folder


@dataclass
class ClaudeSession:
    """A Claude Code session file that grows as the agent would let it grow."""

    home: Path
    cwd: Path
    start: datetime = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
    session: str = field(default_factory=lambda: str(uuid.uuid4()))
    count: int = 0

    @property
    def path(self) -> Path:
        slug = "".join(c if c.isalnum() else "-" for c in str(self.cwd))
        return self.home / ".claude" / "projects" / slug / f"{self.session}.jsonl"

    def line(self, role: str, text: str) -> str:
        moment = self.start + timedelta(minutes=self.count)
        self.count += 1
        content: object = text if role == "user" else [{"type": "text", "text": text}]
        record = {
            "type": role,
            "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.session}/{self.count}")),
            "parentUuid": None,
            "isSidechain": False,
            "sessionId": self.session,
            "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "cwd": str(self.cwd),
            "version": "2.1.217",
            "gitBranch": "main",
            "message": {"role": role, "content": content},
        }
        if role == "user":
            record["origin"] = {"kind": "human"}
        return json.dumps(record) + "\n"

    def say(self, *turns: tuple[str, str] | str) -> ClaudeSession:
        """Append turns: plain strings are the user's."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            for turn in turns:
                role, text = ("user", turn) if isinstance(turn, str) else turn
                file.write(self.line(role, text))
        return self


def tree(store: Path, ignore_keys: Sequence[str] = ("created",)) -> dict[str, str]:
    """Every file of the store by path, without git's own and without the lines of some keys."""
    found: dict[str, str] = {}
    for path in sorted(store.rglob("*")):
        if path.is_file() and ".git" not in path.relative_to(store).parts:
            lines = path.read_text(encoding="utf-8").splitlines()
            kept = [line for line in lines if not line.startswith(tuple(f"{key}:" for key in ignore_keys))]
            found[str(path.relative_to(store))] = "\n".join(kept)
    return found
