from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.index import Embedder, Index


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return Embedder.load()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "index"


@pytest.fixture
def index(folder: Path, embedder: Embedder) -> Index:
    return Index.open(folder, embedder)
