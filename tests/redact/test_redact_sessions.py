"""The open set of scripted sessions and the collected transcripts, where a checkout has them beside it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sidecar.model import Message, ToolCall
from sidecar.redact import audit, redact_message

SHARED = Path(__file__).resolve().parents[3] / "shared"
SESSIONS = sorted((SHARED / "sessions" / "dev").glob("*.yaml"))
TRANSCRIPTS = SHARED / "transcripts"

pytestmark = pytest.mark.skipif(not SESSIONS, reason="the shared samples do not lie beside this checkout")


def turns(items: list[dict]) -> Iterator[dict]:
    for turn in items:
        yield from turns(turn.get("sidechain", []))
        yield turn


def messages(turn: dict) -> Iterator[Message]:
    for name, value in turn.items():
        if name in ("user", "assistant", "thinking", "compact", "reminder"):
            yield Message("m", "a", "s", "user", "user", str(value))
    if "tool" in turn:
        given = turn["tool"].get("input") or {}
        command = given.get("command") or given.get("file_path") or given.get("path") or ""
        tool = ToolCall(turn["tool"]["name"], command if isinstance(command, str) else " ".join(command))
        yield Message("m", "a", "s", "tool", "tool", str(turn["tool"].get("output", "")), tool=tool)


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_no_forbidden_string_passes(path):
    script = yaml.safe_load(path.read_text(encoding="utf-8").replace("¦", ""))
    forbidden = [entry["text"] for entry in script["gold"]["forbidden"] if entry["kind"] != "bare-secret"]
    said = [message for session in script["sessions"] for turn in turns(session["turns"]) for message in messages(turn)]
    present = [text for text in forbidden if any(text in message.text for message in said)]
    assert present
    passed = [redact_message(message) for message in said]
    assert [text for text in forbidden if any(text in message.text for message in passed)] == []


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for item in value.values() for text in strings(item))
    elif isinstance(value, list):
        yield from (text for item in value for text in strings(item))


@pytest.mark.slow
@pytest.mark.parametrize("agent", ["claude-code", "codex", "gemini"])
def test_transcripts_without_secrets_stay_as_they_are(agent):
    """The collectors of these samples scanned them and left out what held a secret: nearly every finding is wrong."""
    found = []
    for path in sorted((TRANSCRIPTS / agent).rglob("*.json*")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                texts = list(strings(json.loads(line)))
            except json.JSONDecodeError:
                texts = [line]
            found += [(finding.kind, text[finding.start : finding.end]) for text in texts for finding in audit(text)]
    assert len(found) <= 5, found
