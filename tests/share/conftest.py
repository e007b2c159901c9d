"""Machines and a remote as fixtures."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from share_kit import FOLDER, REF, Machine, bare, commit, git, step


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """An empty bare repository."""
    return bare(tmp_path / "remote.git")


@pytest.fixture
def ada(tmp_path: Path) -> Machine:
    """A machine with a profile that is not shared yet."""
    machine = Machine(tmp_path / "ada", "ada")
    machine.profile.refresh()
    machine.commit()
    return machine


@pytest.fixture
def bo(tmp_path: Path) -> Machine:
    """A machine without any profile."""
    return Machine(tmp_path / "bo", "bo")


@pytest.fixture
def pair(ada: Machine, bo: Machine, remote: Path) -> tuple[Machine, Machine]:
    """Both share the profile, with one memory in it."""
    ada.learn("The port is 8080.", key="api/port")
    ada.sharing.share(REF, str(remote))
    bo.sharing.join("local", str(remote))
    return ada, bo


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository of the user's, with one commit."""
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "code.py").write_text("print()\n")
    commit(folder, "begin")
    return folder


@pytest.fixture
def carrier(ada: Machine, project: Path) -> Machine:
    """A machine whose profile the project carries, with one memory that the user has committed."""
    ada.learn("The port is 8080.", key="api/port")
    ada.sharing.carry(REF, project / FOLDER)
    commit(project)
    step(ada)
    return ada
