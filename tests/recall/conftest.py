from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from recall_builders import Held, shop

from sidecar.index import Embedder, Index
from sidecar.recall import Recall


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return Embedder.load()


@pytest.fixture(scope="session")
def orchard(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Recall]:
    """Recall over the project of the builders; only to read from."""
    index = Index.open(tmp_path_factory.mktemp("orchard") / "index", embedder)
    index.sync(shop())
    yield Recall(index)
    index.close()


@pytest.fixture
def over(tmp_path: Path, embedder: Embedder) -> Callable[[Held], Recall]:
    """Recall over an index of its own."""

    def opened(source: Held) -> Recall:
        index = Index.open(tmp_path / "index", embedder)
        index.sync(source)
        return Recall(index)

    return opened
