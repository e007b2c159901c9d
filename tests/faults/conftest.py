"""What the fault tests share: their own helpers, and the daemon of the end-to-end tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "e2e")]

from running import Daemon  # noqa: E402 - found by the line above
from world import Figure  # noqa: E402


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
