"""A real model for all tests, and for each a daemon that extracts with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from running import Daemon, repository
from serving import ANSWER_S, Served, Unavailable, assembled, serving


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with the model; its file stays in the cache of whoever runs the tests."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "memory-sidecar-tests"
    try:
        file = assembled(cache)
    except Unavailable as error:
        pytest.skip(str(error))
    with serving(file, tmp_path_factory.mktemp("server") / "stderr.txt") as found:
        yield found


@pytest.fixture
def project(home: Path) -> Path:
    """A git repository in the home."""
    return repository(home / "work" / "tern", "tern")


@pytest.fixture
def daemon(home: Path, served: Served) -> Iterator[Daemon]:
    """A daemon on a fresh home that extracts with the model and nothing else; not started yet."""
    settings = {
        "SIDECAR_EXTRACT_EXTRACTOR": "ollama",
        "SIDECAR_EXTRACT_HOST": served.host,
        "SIDECAR_EXTRACT_MODEL": served.name,
        "SIDECAR_EXTRACT_TIMEOUT_SECONDS": f"{ANSWER_S:g}",
        "SIDECAR_EXTRACT_SECONDS_PER_HOUR": "3600",
        "SIDECAR_EXTRACT_PAUSE_ON_BATTERY": "false",
    }
    found = Daemon(home, settings)
    yield found
    found.end()
