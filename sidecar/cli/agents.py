"""Which agents keep transcripts on this machine: what `up` asks about, and `doctor` shows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.records import dataclass

if TYPE_CHECKING:
    from sidecar.config import Config  # reads YAML, which no `--help` needs


@dataclass(frozen=True, slots=True)
class Found:
    """One folder with transcripts of one agent."""

    agent: str
    path: Path
    sessions: int


def found(config: Config, environ: Mapping[str, str]) -> list[Found]:
    """The folders that the daemon will watch and that are there, with the number of transcripts in each."""
    from sidecar.daemon.sources import folders, transcripts

    return [
        Found(place.agent, place.root, sum(1 for _ in transcripts([place])))
        for place in folders(config.watch.agents, config.watch.extra, environ)
        if place.root.is_dir()
    ]
