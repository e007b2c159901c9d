"""What the fault tests share: their own helpers, and the daemon of the end-to-end tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

for folder in (Path(__file__).parent, Path(__file__).parents[1] / "e2e"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from running import Daemon
from world import Figure


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figure:
    """What a run has measured, in a few words: `scripts/reliability.py` puts it into `docs/reliability.md`."""
    return lambda text: record_property("figure", text)


@pytest.fixture
def daemon(home: Path) -> Iterator[Daemon]:
    """A daemon on a fresh home; not started yet."""
    found = Daemon(home)
    yield found
    found.end()
