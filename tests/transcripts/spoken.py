"""What a person says, in the form in which each agent would have written it."""

from __future__ import annotations

import contextlib
import itertools
import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

WHEN = "2026-03-04T09:00:00.000Z"

Made = Callable[[str, str], dict[str, object]]

LINES: Mapping[str, Made] = {
    "claude-code": lambda n, said: {"type": "user", "uuid": f"u{n}", "sessionId": "s", "message": {"content": said}},
    "codex": lambda n, said: {"type": "event_msg", "payload": {"type": "user_message", "message": said}},
    "gemini": lambda n, said: {"type": "user", "id": f"m{n}", "content": said},
    "copilot-cli": lambda n, said: {"type": "user.message", "id": f"e{n}", "data": {"content": said}},
    "cursor": lambda n, said: {"role": "user", "message": {"content": said}},
    "messages": lambda n, said: {"role": "user", "content": said},
    "native": lambda n, said: {"role": "user", "id": f"n{n}", "text": said},
    "openclaw": lambda n, said: {"type": "message", "id": f"o{n}", "message": {"role": "user", "content": said}},
    "pi": lambda n, said: {"type": "message", "id": f"p{n}", "message": {"role": "user", "content": said}},
    "qwen": lambda n, said: {"type": "user", "uuid": f"q{n}", "message": {"parts": [{"text": said}]}},
}
"""One record of each agent whose sessions are records in lines; the time stands beside it."""

PICTURE = "QUJD" * 200

PICTURES: Mapping[str, Callable[[str], dict[str, object]]] = {
    "claude-code": lambda said: {
        "type": "user",
        "uuid": "u1",
        "message": {"content": [{"type": "image", "source": {"type": "base64", "data": PICTURE}}, _block(said)]},
    },
    "codex": lambda said: {
        "type": "event_msg",
        "payload": {"type": "user_message", "message": said, "images": [f"data:image/png;base64,{PICTURE}"]},
    },
    "gemini": lambda said: {
        "type": "user",
        "id": "m1",
        "content": [{"inlineData": {"mimeType": "image/png", "data": PICTURE}}, {"text": said}],
    },
    "copilot-cli": lambda said: {
        "type": "user.message",
        "id": "e1",
        "data": {"content": said, "attachments": [{"type": "image", "data": PICTURE}]},
    },
    "cursor": lambda said: {"role": "user", "message": {"content": [{"type": "image", "data": PICTURE}, _block(said)]}},
    "messages": lambda said: {
        "role": "user",
        "content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}}, _block(said)],
    },
    "native": lambda said: {"role": "user", "id": "n1", "text": f"data:image/png;base64,{PICTURE} {said}"},
    "openclaw": lambda said: {
        "type": "message",
        "id": "o1",
        "message": {"role": "user", "content": [{"type": "image", "data": PICTURE}, _block(said)]},
    },
    "pi": lambda said: {
        "type": "message",
        "id": "p1",
        "message": {"role": "user", "content": [{"type": "image", "data": PICTURE}, _block(said)]},
    },
    "qwen": lambda said: {
        "type": "user",
        "uuid": "q1",
        "message": {"parts": [{"inlineData": {"mimeType": "image/png", "data": PICTURE}}, {"text": said}]},
    },
}
"""The same with a picture beside the words."""


def _block(said: str) -> dict[str, object]:
    return {"type": "text", "text": said}


def line(agent: str, number: int, said: str, when: object = WHEN) -> bytes:
    """A line of an agent's log."""
    return json.dumps(LINES[agent](str(number), said) | {"timestamp": when}).encode() + b"\n"


def session(agent: str, folder: Path, said: str) -> Path:
    """A session of any agent, in whatever form, in which a person says one thing; of one line for Aider."""
    if agent in LINES:
        return _put(folder / "rollout-x.jsonl", line(agent, 1, said))
    if agent in ("cline", "roo"):
        content = json.dumps([{"role": "user", "content": [_block(said)]}])
        return _put(folder / "tasks" / "1772614800000" / "api_conversation_history.json", content.encode())
    if agent == "aider":
        text = f"\n# aider chat started at 2026-03-04 09:00:00\n\n#### {said}  \n"
        return _put(folder / ".aider.chat.history.md", text.encode("utf-8", "replace"))
    if agent == "markdown":
        return _put(folder / "x.md", f"## User\n\n{said}\n\n## Assistant\n\nYes.\n".encode("utf-8", "replace"))
    return _put(folder / "x.db", store(agent, [said]))


def _put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


_MADE = 1772614800000
_TOUCHED = {"time_created": _MADE, "time_updated": _MADE}

Row = tuple[str, dict[str, object]]

_SESSIONS: Mapping[str, Row] = {
    "opencode": (
        "session",
        {"id": "s", "project_id": "p", "slug": "s", "directory": "/x", "title": "", "version": ""} | _TOUCHED,
    ),
    "goose": ("sessions", {"id": "20260304_1", "working_dir": "/x"}),
}
_ROWS: Mapping[str, Callable[[int, Callable[[object], str], str], list[Row]]] = {
    "opencode": lambda number, packed, said: [
        ("message", {"id": f"m{number}", "session_id": "s", "data": json.dumps({"role": "user"})} | _TOUCHED),
        (
            "part",
            {"id": f"q{number}", "message_id": f"m{number}", "session_id": "s", "data": packed(_block(said))}
            | _TOUCHED,
        ),
    ],
    "goose": lambda number, packed, said: [
        (
            "messages",
            {
                "session_id": "20260304_1",
                "role": "user",
                "content_json": packed([_block(said)]),
                "created_timestamp": _MADE // 1000 + number,
            },
        ),
    ],
}
_TABLES = {"opencode": "opencode/messages_with_parts.sql", "goose": "goose/sessions.sql"}
"""The golden script that makes an agent's tables."""


def store(agent: str, said: Iterable[str], *, escaped: bool = True) -> bytes:
    """The database of an agent that keeps one, with a session in which a person says this."""
    packed = json.JSONEncoder(ensure_ascii=escaped).encode
    script = (Path(__file__).parent.parent / "data" / "databases" / _TABLES[agent]).read_text()
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(script.partition("INSERT")[0])
        rows = (row for number, text in enumerate(said) for row in _ROWS[agent](number, packed, text))
        for table, row in itertools.chain([_SESSIONS[agent]], rows):
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        connection.commit()
        return connection.serialize()
