"""Count what hooks put into an agent's context, and how often where nothing is to be said.

    python scripts/bench_injection.py FOLDER/dev            # prints the table
    python scripts/bench_injection.py FOLDER/dev --write    # also writes it into docs/benchmarks.md

The scripted sessions of `bench_sessions.py` are learned by rules.  Then every project begins a session, asks each of
its questions, and says each prompt of a list that no project has anything to say about (tests/recall/recall_prompts.py)
in a session of its own; and all of these once more in one and the same session, which must get nothing twice.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from bench_sessions import PAGE, ROOT, RULES, SETTLE_SECONDS, daemon, user

from sidecar.daemon.briefing import tokens

sys.path.insert(0, str(ROOT / "tests" / "recall"))

from recall_prompts import UNRELATED

SECTION = re.compile(r"(<!-- injection:begin -->\n).*?(<!-- injection:end -->)", re.DOTALL)
SILENT = ("unrelated", "unanswerable")
"""Categories of questions to which nothing should be given."""


@dataclass(frozen=True)
class Project:
    """A project of the set: its folder where it has been rendered, and what is asked in it, by category."""

    cwd: str
    questions: tuple[tuple[str, str], ...]


def projects(sessions: Path, home: Path) -> Iterator[Project]:
    """The projects of a set."""
    for script in sorted(sessions.glob("*.yaml")):
        found = yaml.safe_load(script.read_text(encoding="utf-8"))
        questions = found["gold"]["questions"]
        cwd = re.sub(r"^/home/\w+", str(home), found["project"]["cwd"])
        yield Project(cwd, tuple((one["category"], one["question"]) for one in questions))


def given(path: Path, event: str, cwd: str, session: str, **more: str) -> str:
    """What a hook is given; empty for nothing."""
    payload = {"cwd": cwd, "session_id": session, **more}
    body = json.dumps({"agent": "claude-code", "event": event, "payload": payload}).encode()
    fields = ["Host: x", "Connection: close", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    head = "\r\n".join(["POST /v1/hook HTTP/1.1", *fields])
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(str(path))
        connection.sendall(head.encode() + b"\r\n\r\n" + body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    printed = answer.partition(b"\r\n\r\n")[2]
    return str(json.loads(printed)["hookSpecificOutput"]["additionalContext"]) if printed else ""


def row(name: str, texts: Sequence[str]) -> str:
    """A line of the table."""
    costs = [tokens(text) for text in texts if text]
    share = len(costs) / len(texts)
    mean, most = (statistics.mean(costs), max(costs)) if costs else (0, 0)
    return f"{name:<34}{len(texts):>6}{len(costs):>8}{share:>9.3f}{mean:>12.0f}{most:>11}"


def table(sessions: Path) -> str:
    """Everything counted, as text."""
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as folder:
        home = Path(folder)
        render = [sys.executable, str(sessions.parent / "render_sessions.py"), str(sessions), str(home), "--repos"]
        subprocess.run(render, check=True, stdout=subprocess.DEVNULL)
        settings = {**RULES, "SIDECAR_HOOKS_TIMEOUT_MS": "20000", "LOGNAME": user(sessions)}
        with daemon(home, settings, SETTLE_SECONDS) as path:
            return counted(path, list(projects(sessions, home)))


def counted(path: Path, found: Sequence[Project]) -> str:
    """The table of a daemon that has learned these projects."""
    starts = [given(path, "SessionStart", one.cwd, f"start-{one.cwd}", source="startup") for one in found]
    known: list[str] = []
    silent: list[str] = []
    for one in found:
        for number, (category, question) in enumerate(one.questions):
            text = given(path, "UserPromptSubmit", one.cwd, f"{one.cwd}-q{number}", prompt=question)
            (silent if category in SILENT else known).append(text)
    unrelated = [
        given(path, "UserPromptSubmit", one.cwd, f"{one.cwd}-u{number}", prompt=prompt)
        for one in found
        for number, prompt in enumerate(UNRELATED)
    ]
    lines = [f"{'what is said':<34}{'said':>6}{'given':>8}{'share':>9}{'mean tokens':>12}{'most':>11}"]
    lines.append(row("a session begins", starts))
    lines.append(row("a question that is answered", known))
    lines.append(row("a question that is not", silent))
    lines.append(row("a prompt about something else", unrelated))
    return "\n".join([*lines, "", f"lines given twice in one session: {repeated(path, found)}"])


def repeated(path: Path, found: Sequence[Project]) -> int:
    """How many lines a session gets that it has got before: its start, then every question, then all of them again."""
    twice = 0
    for one in found:
        session = f"one-{one.cwd}"
        said = [given(path, "SessionStart", one.cwd, session, source="startup")]
        said += [
            given(path, "UserPromptSubmit", one.cwd, session, prompt=question) for _, question in one.questions * 2
        ]
        lines = [line for text in said for line in text.splitlines() if line.startswith("- ")]
        twice += len(lines) - len(set(lines))
    return twice


def main() -> None:
    """Count, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sessions", type=Path, help="folder with the scripts, such as sessions/dev")
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    options = parser.parse_args()
    text = table(options.sessions.resolve())
    print(text)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(SECTION.sub(lambda m: f"{m[1]}```\n{text}\n```\n{m[2]}", page), encoding="utf-8")


if __name__ == "__main__":
    main()
