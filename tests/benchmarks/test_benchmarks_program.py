"""The whole program on a tiny set: a real daemon, the API, the table, the JSON and the page."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmark_sets import write_set

ROOT = Path(__file__).resolve().parents[2]


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", "retrieval", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_a_set_is_measured_through_a_daemon(tmp_path: Path) -> None:
    write_set(tmp_path / "data", "tiny")
    page = tmp_path / "page.md"
    page.write_text("# Before\n<!-- retrieval:begin -->\nold\n<!-- retrieval:end -->\nafter\n")
    done = _run(str(tmp_path / "data"), "--json", str(tmp_path / "out.json"), "--write", "--page", str(page))
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out.json").read_text())
    tiny = found["sets"]["tiny"]
    said = tiny["units"]["turn"]["said"]
    assert (said["n"], said["any@5"]) == (4, 1.0), done.stdout
    assert tiny["units"]["session"]["said"]["rec@1"] >= 0.75
    assert (tiny["units"]["turn"]["never said"]["n"], tiny["units"]["turn"]["never said"]["none"]) == (0, 1.0)
    assert (tiny["messages"], tiny["queries"]) == (8, 5)
    assert 0 < tiny["query_p50_ms"] <= tiny["query_p95_ms"]
    assert tiny["index_bytes"] > 0
    assert "tiny, turn" in done.stdout
    written = page.read_text()
    assert written.startswith("# Before\n<!-- retrieval:begin -->\n```\ntiny, turn")
    assert written.endswith("```\n<!-- retrieval:end -->\nafter\n")
    assert "old" not in written


def test_a_set_that_is_not_there_is_named(tmp_path: Path) -> None:
    write_set(tmp_path, "tiny")
    done = _run(str(tmp_path), "--set", "huge")
    assert done.returncode == 2
    assert "huge" in done.stderr
