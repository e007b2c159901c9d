from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "state" / "journal.db") as opened:
        yield opened
