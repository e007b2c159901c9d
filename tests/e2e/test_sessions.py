"""The scripted sessions beside the checkout: a first reading, and the scorer over the whole set."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from running import Daemon, wait_until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def rendered(shared: Path, home: Path) -> Path:
    """The set's transcripts and repositories below the home."""
    command = [sys.executable, str(shared / "sessions" / "render_sessions.py"), str(shared / "sessions" / "dev")]
    subprocess.run([*command, str(home), "--repos"], check=True, capture_output=True)
    return home


def _transcripts(home: Path) -> list[Path]:
    found = [path for folder in (".claude", ".codex", ".gemini") for path in (home / folder).rglob("*.json*")]
    return sorted(path for path in found if path.is_file() and not path.name.startswith("agent-"))


def test_three_sessions_are_recalled_and_one_that_grows(rendered: Path, daemon: Daemon) -> None:
    claude = [path for path in _transcripts(rendered) if path.parent.parent.name == "projects"]
    kept = {claude[0], claude[1], next(path for path in _transcripts(rendered) if ".codex" in path.parts)}
    for path in _transcripts(rendered):
        if path not in kept:
            path.unlink()
    records = [json.loads(line) for line in claude[0].read_text(encoding="utf-8").splitlines()]
    last = next(record for record in reversed(records) if record.get("type") == "user" and "cwd" in record)
    daemon.start()
    status = daemon.settle()
    assert sum(agent["sessions"] for agent in status["agents"]) >= 3
    assert sum(profile["memories"] for profile in status["profiles"]) > 0
    said = {
        **last,
        "uuid": "00000000-aaaa-4bbb-8ccc-000000000001",
        "message": {"role": "user", "content": "for the record: the walrus server is called odobenus, Tusk owns it"},
    }
    said.pop("toolUseResult", None)
    with claude[0].open("a", encoding="utf-8") as file:
        file.write(json.dumps(said) + "\n")
    wait_until(
        "what was said last is a memory",
        lambda: [
            candidate
            for candidate in daemon.recall("who owns the walrus server?", last["cwd"])["candidates"]
            if candidate["kind"] == "memory" and "odobenus" in candidate["content"]
        ],
    )


def _scored(sessions: Path, extractor: str) -> str:
    """The scorer's table."""
    command = [sys.executable, str(ROOT / "scripts" / "bench_sessions.py"), str(sessions), "--extractor", extractor]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("extractor", ["rules", "oracle"])
def test_the_whole_set_is_scored_without_a_failed_request_or_a_leak(shared: Path, extractor: str) -> None:
    table = _scored(shared / "sessions" / "dev", extractor)
    overall = next(line for line in table.splitlines() if line.startswith("overall"))
    assert overall.split()[2] == "0", f"failed requests:\n{table}"
    assert "forbidden strings leaked   0 of" in table, table
    assert "quarantine violations   0" in table, table
    found = {name: re.search(rf"{name}\s+([\d.]+)", table) for name in ("extraction recall", "precision proxy")}
    recall, precision = (float(match[1]) for match in found.values() if match is not None)
    if extractor == "oracle":
        assert recall >= 0.95, table
        assert re.search(r"duplicates\s+0 ", table), table
        assert re.search(r"stale active\s+0 ", table), table
    else:
        assert recall >= 0.45, table
        assert precision >= 0.85, table
