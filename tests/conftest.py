"""What every test gets: a home of its own, so that nothing of the person who runs the tests is read or written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.transcripts.places import DATA, PLACES, SETTINGS

_AGENT_VARIABLES = (
    *sorted({name for place in PLACES.values() for name, _ in place.moved_by}),
    *sorted({name for name, _ in (DATA, *SETTINGS.values()) if name}),
    "AIDER_CHAT_HISTORY_FILE",
    "OLLAMA_HOST",
    "OPENCODE_DB",
    "OPENCODE_DISABLE_CHANNEL_DB",
)
"""What moves agents' folders: all that readers look at, so that a new reader's variable is never left out."""
_GIT_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM")
_FOLDERS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A fresh `$HOME` with a git identity, and no variable of ours or of an agent from outside."""
    before = dict(os.environ)
    folder = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith("SIDECAR_") or name in (*_AGENT_VARIABLES, *_GIT_VARIABLES, *_FOLDERS):
            del os.environ[name]
    os.environ["HOME"] = str(folder)
    os.environ["GIT_CONFIG_NOSYSTEM"] = "1"
    (folder / ".gitconfig").write_text(
        "[user]\n\tname = Ines Example\n\temail = ines@example.org\n[init]\n\tdefaultBranch = main\n"
    )
    yield folder
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def shared() -> Path:
    """The folder with public benchmark data and transcript samples beside the checkout, if there is one."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("needs the sample data in ../shared, which is not part of the checkout")
    return folder
