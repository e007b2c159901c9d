"""Hostile input: requests that the API's own document allows or forbids, words of every kind, files of every shape."""

from __future__ import annotations

import string
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from running import Daemon
from world import WEB, World

from sidecar.config import load
from sidecar.errors import ConfigInvalid, SidecarError
from sidecar.frontmatter import Document, parse
from sidecar.index import Embedder
from sidecar.model import Memory
from sidecar.paths import resolve
from sidecar.recall import Recall, RecallRequest

HTTP = "/v1/namespaces/local/profiles"
_EXAMPLES = 5
"""For each operation, and there are some 70."""

ENDS_IT = {"shutdown", "rebuild"}
"""Operations that would end the daemon, or keep it busy without end, under test by others."""


class Sent:
    """An answer as schemathesis takes it: through our own socket, not through its transports."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    home = tmp_path_factory.mktemp("served")
    (home / ".gitconfig").write_text("[user]\n\tname = Ines Example\n\temail = ines@example.org\n")
    found = Daemon(home, {"GIT_CONFIG_NOSYSTEM": "1"}).start()
    yield found
    found.end()
