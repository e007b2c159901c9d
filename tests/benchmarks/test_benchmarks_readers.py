"""Old sessions as a benchmark makes and measures them, on the golden files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.asking import quantiles
from benchmarks.backfill import STAGES, beside, by_stage
from benchmarks.rendered import render
from benchmarks.samples import by_agent
from sidecar.transcripts import READERS

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "data" / "transcripts"
HANG_S = 60.0


def test_sessions_are_rendered_the_same_every_time_and_each_is_another(tmp_path: Path) -> None:
    samples = by_agent(GOLDEN)
    ticks: list[int] = []
    first = render(samples, tmp_path / "a", 200_000, ticks.append, smallest=1_000)
    second = render(samples, tmp_path / "b", 200_000, smallest=1_000)
    assert sum(ticks) == sum(session.size for session in first) >= 200_000
    assert [one.path.read_bytes() for one in first] == [one.path.read_bytes() for one in second]
    assert len({one.path for one in first}) == len(first)
    found = {message.id for one in first for message in READERS[one.agent].read(one.path, None).messages}
    assert len(found) > 100
    for one in first:
        assert READERS[one.agent].is_transcript(one.path)
        assert READERS[one.agent].read(one.path, None).damaged <= 2


def test_sessions_are_taken_in_stage_by_stage(tmp_path: Path) -> None:
    sessions = render(by_agent(GOLDEN), tmp_path, 20_000, smallest=1_000)
    size, seconds = by_stage(sessions, lambda _: None)
    assert size == sum(session.size for session in sessions)
    assert sorted(seconds) == sorted(STAGES)
    assert all(taken > 0 for taken in seconds.values())


def test_readers_are_measured(tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    for name in ("pi/roles.jsonl",):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(GOLDEN / name)
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- readers:begin -->\n<!-- readers:end -->\n<!-- backfill:begin -->\nold\n<!-- backfill:end -->\n"
    )
    command = [sys.executable, "-m", "benchmarks", "readers", str(folder), "--megabytes", "0", "--large", "1"]
    options = ["--json", str(tmp_path / "out.json"), "--write", "--page", str(page)]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out.json").read_text())["readers"]
    assert found["pi"]["mb_per_second"] > 0
    assert found["pi"]["large_bytes"] > 1_000_000
    assert 10 < found["pi"]["large_peak_mb"] < 500
    assert re.search(r"^pi +1 ", page.read_text(), re.MULTILINE)
    assert "old" in page.read_text()


def test_a_daemon_is_asked_beside_a_back_fill_and_after_it(tmp_path: Path) -> None:
    sessions = render(by_agent(GOLDEN), tmp_path, 20_000, smallest=1_000)
    busy, calm = beside(sessions, tmp_path, lambda _: None, calm_s=1.0)
    assert len(calm.recall) > 1
    assert all(0 < seconds < HANG_S for seconds in (*busy.recall, *busy.remember, *calm.recall, *calm.remember))


def test_quantiles_are_those_of_answers_that_were_given() -> None:
    assert quantiles([number / 1000 for number in range(100, 0, -1)]) == {
        "answers": 100,
        "p50_ms": 50.0,
        "p95_ms": 95.0,
        "p99_ms": 99.0,
        "p100_ms": 100.0,
    }
