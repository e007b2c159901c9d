"""What every test gets: a home of its own, so that nothing of the person who runs the tests is read or written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from schema_sweep import faults_of, memory_files

from sidecar.transcripts.places import DATA, PLACES, SETTINGS

# How long an example takes says nothing on a machine that does much else beside; a hang has its own limit.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

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


_BASES: set[Path] = set()
"""The folders in which this run's tests write."""


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A fresh `$HOME` with a git identity, and no variable of ours or of an agent from outside."""
    before = dict(os.environ)
    _BASES.add(tmp_path_factory.getbasetemp())
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


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Every memory file that the tests have left in a profile is as the format says (docs/memory.schema.json)."""
    for base in sorted(_BASES):
        for path in memory_files(base):
            faults = faults_of(path.read_bytes())
            if faults:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
                print(f"\n{path} is not as docs/memory.schema.json says: {faults}")  # noqa: T201 - no test is left


@pytest.fixture
def shared() -> Path:
    """The folder with public benchmark data and transcript samples beside the checkout, if there is one."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("needs the sample data in ../shared, which is not part of the checkout")
    return folder
