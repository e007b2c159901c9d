"""The throw-away home of `sidecar demo`: a small project in git, and what three agents wrote down while working on it.

The sessions in `demo_sessions/` are invented, in the agents' own formats.  They end yesterday, wherever their dates
stand; a token that one of them mentions is put together here, so that no file of ours looks as if it held a secret.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

from sidecar.records import dataclass

PROJECT = "ferrybook"

_TIMES = ("timestamp", "startTime", "lastUpdated")
_FOREIGN = ("SIDECAR_", "XDG_", "CLAUDE_", "CODEX_", "GEMINI_", "GIT_", "OLLAMA_")
"""Variables that would lead the daemon of the demo out of its home."""

_FILES = {
    "ferrybook.py": 'FERRIES = ("Northquay", "Saltness")\n',
    "timetable.csv": "harbour,first,last\nNorthquay,07:10,19:40\nSaltness,07:45,20:15\n",
}


@dataclass(frozen=True, slots=True)
class DemoHome:
    """Where the demo lives; everything is below `root`."""

    root: Path
    token: str

    @property
    def user(self) -> Path:
        """The home folder of the invented user."""
        return self.root / "home"

    @property
    def project(self) -> Path:
        """The work tree that the sessions are about."""
        return self.user / "code" / PROJECT

    @property
    def sidecar(self) -> Path:
        """SIDECAR_HOME of the demo."""
        return self.root / "sidecar"

    def environ(self, outer: Mapping[str, str]) -> dict[str, str]:
        """The environment for the daemon: this home, no model server, nothing of the real user's."""
        kept = {name: value for name, value in outer.items() if not name.startswith(_FOREIGN)}
        return {
            **kept,
            "HOME": str(self.user),
            "SIDECAR_HOME": str(self.sidecar),
            "SIDECAR_SOCKET": str(self.root / "s"),  # temporary folders are deep on some systems, a socket's path short
            "SIDECAR_EXTRACT_EXTRACTOR": "rules",
        }


def build(root: Path, now: datetime) -> DemoHome:
    """Fill an empty folder with the project and the sessions, so that the last session was yesterday."""
    home = DemoHome(root, _token())
    for name, content in _FILES.items():
        path = home.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    _begin(home, now - timedelta(days=30))
    sessions = {name: _filled(text, home) for name, text in _sessions()}
    newest = max(moment for records in sessions.values() for moment in _moments(records))
    days = timedelta(days=(now.date() - newest.date()).days - 1)
    for name, records in sessions.items():
        moved = [_moved(record, days) for record in records]
        moments = list(_moments(moved))
        _write(home, name, moved, moments[0], moments[-1])
    return home


def _begin(home: DemoHome, when: datetime) -> None:
    """Make the project a git repository with one commit: by its root commit sidecar knows it again."""
    from sidecar.git import Git, Identity

    git = Git(home.project, "demo")
    git.init()
    changes = {name: content.encode() for name, content in _FILES.items()}
    git.commit(changes, "Begin the booking site", Identity("Ines", "ines@example.org"), when)


def _token() -> str:
    """Something that looks like an access token and opens nothing."""
    return "".join(("gh", "p_", hashlib.sha256(b"a token for nothing").hexdigest()[:36]))


def _sessions() -> Iterator[tuple[str, str]]:
    folder = resources.files("sidecar.cli") / "demo_sessions"
    for entry in sorted(folder.iterdir(), key=lambda found: found.name):
        if entry.name.endswith(".jsonl"):
            yield entry.name, entry.read_text("utf-8")


def _filled(text: str, home: DemoHome) -> list[dict[str, object]]:
    """The records of a session with the demo's own folder and token in them."""
    values = {
        "{{project}}": str(home.project),
        "{{project_hash}}": hashlib.sha256(os.fsencode(home.project)).hexdigest(),
        "{{token}}": home.token,
    }
    for mark, value in values.items():
        text = text.replace(mark, json.dumps(value)[1:-1])
    return [json.loads(entry) for entry in text.splitlines()]


def _moments(records: list[dict[str, object]]) -> Iterator[datetime]:
    for record in records:
        value = record.get("timestamp") or record.get("startTime")
        if isinstance(value, str):
            yield datetime.fromisoformat(value)


def _moved(value: object, days: timedelta, key: str = "") -> dict[str, object]:
    """A record with every time in it moved by some days."""
    moved = _moved_value(value, days, key)
    assert isinstance(moved, dict)  # noqa: S101 - for the type checker: a record stays a record
    return moved


def _moved_value(value: object, days: timedelta, key: str) -> object:
    if isinstance(value, dict):
        return {name: _moved_value(entry, days, name) for name, entry in value.items()}
    if isinstance(value, list):
        return [_moved_value(entry, days, key) for entry in value]
    if key in _TIMES and isinstance(value, str):
        moment = datetime.fromisoformat(value) + days
        return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
    return value


def _write(home: DemoHome, name: str, records: list[dict[str, object]], first: datetime, last: datetime) -> None:
    """Put a session where its agent would have it, last changed when it ended."""
    path = _place(home, name, records[0], first)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records), "utf-8")
    os.utime(path, (last.timestamp(), last.timestamp()))


def _place(home: DemoHome, name: str, record: Mapping[str, object], first: datetime) -> Path:
    if name.startswith("claude-code"):
        slug = "".join(character if character.isalnum() else "-" for character in str(home.project))
        return home.user / ".claude" / "projects" / slug / f"{record['sessionId']}.jsonl"
    if name.startswith("codex"):
        payload = record["payload"]
        thread = payload["id"] if isinstance(payload, dict) else ""
        folder = home.user / ".codex" / "sessions" / f"{first:%Y}" / f"{first:%m}" / f"{first:%d}"
        return folder / f"rollout-{first:%Y-%m-%dT%H-%M-%S}-{thread}.jsonl"
    project = home.user / ".gemini" / "tmp" / PROJECT
    project.mkdir(parents=True, exist_ok=True)
    (project / ".project_root").write_text(str(home.project), "utf-8")
    return project / "chats" / f"session-{first:%Y-%m-%dT%H-%M}-{str(record['sessionId'])[:8]}.jsonl"
