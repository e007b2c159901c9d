"""Which version wrote a file, and whether it is one that the readers were checked against."""

import json
from pathlib import Path

import pytest

from sidecar.errors import TranscriptUnreadable
from sidecar.transcripts import READERS, is_known, newest_known, version_of


def written(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@pytest.mark.parametrize(
    ("agent", "records", "version"),
    [
        ("claude-code", [{"version": "2.1.1"}, {"version": "2.1.2"}, {"type": "mode"}], "2.1.2"),
        ("qwen", [{"version": "0.21.1"}], "0.21.1"),
        ("codex", [{"type": "session_meta", "payload": {"cli_version": "0.142.0"}}, {"payload": {}}], "0.142.0"),
        ("copilot-cli", [{"type": "session.start", "data": {"copilotVersion": "1.0.64-1"}}], "1.0.64-1"),
        ("pi", [{"type": "session", "version": 3}, {"version": 7}], "3"),
        ("openclaw", [{"type": "model_change", "version": 7}], None),
        ("gemini", [{"version": "1"}], None),
        ("claude-code", [{"version": {"odd": 1}}, ["odd"]], None),
        ("claude-code", [], None),
        ("claude-code", [{"version": "2.1.1"}, {"version": "9" * 65}, {"version": "2\n1"}], "2.1.1"),
    ],
)
def test_the_version_that_wrote_a_file(agent: str, records: list[object], version: str | None, tmp_path: Path) -> None:
    assert version_of(agent, written(tmp_path / "s.jsonl", *records)) == version


def test_only_the_end_of_a_long_file_is_looked_at(tmp_path: Path) -> None:
    filler = [{"version": "1.0.0", "text": "x" * 1000} for _ in range(200)]
    path = written(tmp_path / "s.jsonl", *filler, {"version": "2.0.0"})
    assert version_of("claude-code", path) == "2.0.0"


def test_a_file_that_is_gone_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(TranscriptUnreadable):
        version_of("claude-code", tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("agent", "version", "known"),
    [
        ("claude-code", "2.1.240", True),
        ("claude-code", "2.1.99", True),
        ("claude-code", "2.1.241", False),
        ("claude-code", "3", False),
        ("codex", "0.154.3", True),
        ("codex", "0.155.0-alpha.1", False),
        ("copilot-cli", "1.0.64-3", True),
        ("pi", "4", False),
        ("claude-code", "nightly", False),
        ("claude-code", "9" * 5000, False),
    ],
)
def test_newer_versions_are_not_known(agent: str, version: str, known: bool) -> None:
    assert is_known(agent, version) is known


def test_agents_that_name_no_version_have_no_newest_one() -> None:
    assert newest_known("gemini") is None
    assert all(newest_known(agent) for agent in READERS if agent in ("claude-code", "codex", "copilot-cli", "pi"))


def test_samples_are_of_known_versions(shared: Path) -> None:
    """The public samples are what the readers were checked against."""
    for agent in ("claude-code", "codex", "copilot-cli", "qwen"):
        for path in sorted((shared / "transcripts" / agent).rglob("*.jsonl")):
            version = version_of(agent, path)
            assert version is None or is_known(agent, version), path.name
