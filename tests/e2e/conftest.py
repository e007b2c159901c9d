"""A daemon for each test, ended with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from running import Daemon, repository


@pytest.fixture
def daemon(home: Path) -> Iterator[Daemon]:
    """A daemon on a fresh home; not started yet."""
    found = Daemon(home)
    yield found
    found.end()


@pytest.fixture
def project(home: Path) -> Path:
    """A git repository in the home."""
    return repository(home / "work" / "tern", "tern")
