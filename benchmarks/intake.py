"""What `python -m benchmarks readers` measures, as figures and as tables."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.asking import Answers, quantiles
from benchmarks.backfill import STAGES, beside, by_daemon, by_stage
from benchmarks.reading import as_they_lie, large_file
from benchmarks.rendered import Session, render

STAGED_SHARE = 10
"""Of how many sessions one is taken in stage by stage: a stage takes as long for each."""

ASKED_SHARE = 5
"""Of the sessions, this part is taken in once more by a daemon that is asked meanwhile."""

Figures = dict[str, Any]


def speed_figures(agent: str, paths: Sequence[Path], size: int) -> Figures:
    """One reader: megabytes a second over its samples and over one file of `size` bytes, and the memory for that."""
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as name:
        small, large = as_they_lie(agent, paths), large_file(agent, paths, Path(name), size)
    found: Figures = {
        "files": len(paths),
        "bytes": sum(path.stat().st_size for path in paths),
        "mb_per_second": round(small.rate, 1),
    }
    if large is not None:
        peak = (large.peak or 0) / 1e6
        found |= {"large_bytes": large.size, "large_mb_per_second": round(large.rate, 1), "large_peak_mb": round(peak)}
    return found


def speed_table(found: Mapping[str, Figures]) -> str:
    """For people."""
    lines = ["reader         files      MB    MB/s  large, MB/s  large, peak MB"]
    for agent, row in found.items():
        large = f"{row['large_mb_per_second']:>13.1f} {row['large_peak_mb']:>15}" if "large_bytes" in row else ""
        lines.append(f"{agent:<14} {row['files']:>5} {row['bytes'] / 1e6:>7.2f} {row['mb_per_second']:>7.1f}{large}")
    return "\n".join(lines)


def backfill_figures(samples: Mapping[str, list[Path]], megabytes: int) -> Figures:
    """Render sessions, have a daemon take them in, and take some of them in stage by stage."""
    size = megabytes * 1_000_000
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-home-") as name:
        with click.progressbar(length=size, label="rendering", file=sys.stderr) as bar:
            sessions = render(samples, Path(name), size, bar.update)
        with click.progressbar(length=len(sessions), label="back-fill", file=sys.stderr) as bar:
            steps = _Steps()
            cost = by_daemon(sessions, Path(name), lambda done: bar.update(steps.to(done)))
        some = sessions[::STAGED_SHARE]
        with click.progressbar(length=sum(one.size for one in some), label="by stage", file=sys.stderr) as bar:
            staged, seconds = by_stage(some, bar.update)
    busy, calm = _asked(samples, size // ASKED_SHARE)
    return {
        "bytes": sum(session.size for session in sessions),
        "agents": _counted(sessions),
        "wall_seconds": round(cost.seconds, 1),
        "cpu_seconds": round(cost.cpu_seconds, 1),
        "reader_cpu_seconds": round(cost.reader_cpu_seconds, 1),
        "peak_mb": round(cost.peak / 1e6),
        "reader_peak_mb": round(cost.reader_peak / 1e6),
        "searched": cost.asked,
        "found": cost.found,
        "staged_bytes": staged,
        "stages": {stage: round(seconds[stage], 2) for stage in STAGES},
        "asked_meanwhile": busy,
        "asked_afterwards": calm,
    }


def _asked(samples: Mapping[str, list[Path]], size: int) -> tuple[Figures, Figures]:
    """How long answers take beside a back-fill, and after it."""
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-home-") as name:
        sessions = render(samples, Path(name), size)
        with click.progressbar(length=len(sessions), label="asked meanwhile", file=sys.stderr) as bar:
            steps = _Steps()
            busy, calm = beside(sessions, Path(name), lambda done: bar.update(steps.to(done)))
    return _figures(busy), _figures(calm)


def _figures(found: Answers) -> Figures:
    return {"recall": quantiles(found.recall), "remember": quantiles(found.remember)}


class _Steps:
    """From a count to its growth since the last time."""

    def __init__(self) -> None:
        self._before = 0

    def to(self, now: int) -> int:
        before, self._before = self._before, max(self._before, now)
        return self._before - before


def _counted(sessions: Sequence[Session]) -> dict[str, int]:
    agents = sorted({session.agent for session in sessions})
    return {agent: sum(session.agent == agent for session in sessions) for agent in agents}


def backfill_table(found: Figures) -> str:
    """For people."""
    agents = ", ".join(f"{number} {agent}" for agent, number in found["agents"].items())
    whole = sum(found["stages"].values())
    number = sum(found["agents"].values())
    lines = [
        f"{found['bytes'] / 1e6:.0f} MB in {number} sessions ({agents})",
        f"archived and searchable after {found['wall_seconds']:.0f} s",
        f"daemon: CPU {found['cpu_seconds']:.0f} s, peak memory {found['peak_mb']} MB; "
        f"reading process: CPU {found['reader_cpu_seconds']:.0f} s, peak memory {found['reader_peak_mb']} MB",
        f"searched for the first words of {found['searched']} sessions, found {found['found']}",
        "",
        f"stage by stage, {found['staged_bytes'] / 1e6:.0f} MB of them:",
        *(f"  {stage:<10} {s:>7.1f} s CPU {s / whole:>5.0%}" for stage, s in found["stages"].items()),
        "",
        "ms                                answers     p50     p95     p99  slowest",
        *(_answers(f"{what} {label}", found[name][what]) for what in _WHAT for label, name in _ASKED),
    ]
    return "\n".join(lines)


_WHAT = ("recall", "remember")
_ASKED = (("beside a back-fill", "asked_meanwhile"), ("afterwards", "asked_afterwards"))


def _answers(label: str, row: Mapping[str, float]) -> str:
    times = f"{row['p50_ms']:>7.1f} {row['p95_ms']:>7.1f} {row['p99_ms']:>7.1f} {row['p100_ms']:>8.1f}"
    return f"  {label:<30} {row['answers']:>8} {times}"
