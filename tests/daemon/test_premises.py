"""Folders of ours that others can enter are refused, with the command that mends them; files inside do not matter."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.daemon import premises
from sidecar.errors import PlaceUnfit
from sidecar.paths import Paths, resolve

ROOT = Path(__file__).parents[2]
NOBODY = 65534
AS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root can give a file to another user")


@pytest.fixture
def places(tmp_path: Path) -> Paths:
    """A home as a daemon leaves it."""
    found = resolve({"SIDECAR_HOME": str(tmp_path / "home")})
    for folder in (found.store, found.state, found.cache, found.socket.parent, found.logs, found.trash, found.index):
        folder.mkdir(mode=0o700, parents=True)
    found.config_file.parent.chmod(0o700)
    found.config_file.write_text("namespace: local\n")
    found.journal.touch(mode=0o600)
    return found


PLACES: dict[str, Callable[[Paths], Path]] = {
    "store": lambda one: one.store,
    "state": lambda one: one.state,
    "cache": lambda one: one.cache,
    "socket": lambda one: one.socket.parent,
}


def test_a_home_as_it_should_be_has_nothing_to_tell(places: Paths) -> None:
    assert premises.verify(places, {}) == []


def test_a_home_that_is_not_there_yet_neither(tmp_path: Path) -> None:
    assert premises.verify(resolve({"SIDECAR_HOME": str(tmp_path / "new" / "home")}), {}) == []


@pytest.mark.parametrize("mode", [0o750, 0o755, 0o701, 0o770, 0o777, 0o1777])
@pytest.mark.parametrize("place", PLACES)
def test_a_folder_that_others_can_enter_is_refused_and_the_command_that_is_told_mends_it(
    places: Paths, place: str, mode: int
) -> None:
    folder = PLACES[place](places)
    folder.chmod(mode)
    with pytest.raises(PlaceUnfit) as caught:
        premises.verify(places, {})
    assert str(folder) in caught.value.message
    command = caught.value.hint.removeprefix("Mend it: ")
    subprocess.run(["sh", "-c", command], check=True)
    assert premises.verify(places, {}) == []


def test_a_folder_with_blanks_and_quotes_in_its_name_is_mended_by_the_command_too(tmp_path: Path) -> None:
    places = resolve({"SIDECAR_HOME": str(tmp_path / "it's a home; $(touch x)")})
    places.state.mkdir(parents=True)
    places.state.chmod(0o755)
    (finding,) = premises.look(places, {})
    assert shlex.split(finding.mend) == ["chmod", "go-rwx", str(places.state)]
    subprocess.run(["sh", "-c", finding.mend], check=True, cwd=tmp_path)
    assert premises.look(places, {}) == []


def test_all_that_is_wrong_is_told_at_once(places: Paths) -> None:
    for folder in PLACES.values():
        folder(places).chmod(0o755)
    with pytest.raises(PlaceUnfit) as caught:
        premises.verify(places, {})
    assert caught.value.hint.count("chmod go-rwx") == 4


@pytest.mark.parametrize("mode", [0o755, 0o775, 0o750])
def test_a_store_that_a_person_has_made_before_the_first_start_is_closed(places: Paths, mode: int) -> None:
    """By hand, by `git clone`, or from a copy: with the mode that the user's umask gives."""
    places.journal.unlink()
    places.store.chmod(mode)
    (finding,) = premises.verify(places, {})
    assert (finding.refused, finding.path) == (False, places.store)
    assert "the first start closes it" in finding.why
    assert places.store.stat().st_mode & 0o777 == 0o700
    assert premises.verify(places, {}) == []


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o757])
def test_but_not_one_into_which_anybody_could_have_put_something(places: Paths, mode: int) -> None:
    places.journal.unlink()
    places.store.chmod(mode)
    with pytest.raises(PlaceUnfit, match="can be changed by others"):
        premises.verify(places, {})


def test_what_git_and_editors_leave_below_is_no_matter(places: Paths) -> None:
    profile = places.store / "local" / "web"
    profile.mkdir(parents=True)
    for path in (profile, profile.parent):
        path.chmod(0o755)
    (profile / "note.md").write_text("a note")
    (profile / "note.md").chmod(0o666)
    places.logs.chmod(0o755)
    assert premises.verify(places, {}) == []


@pytest.mark.parametrize("mode", [0o777, 0o757])
def test_a_parent_in_which_anybody_may_rename_is_refused(places: Paths, mode: int) -> None:
    home = places.store.parent
    home.parent.chmod(mode)
    with pytest.raises(PlaceUnfit, match="can be changed by everybody"):
        premises.verify(places, {})
    home.parent.chmod(mode | 0o1000)  # with the sticky bit, as /tmp has it, only the owner may
    assert premises.verify(places, {}) == []
    home.parent.chmod(0o700)


def test_a_link_to_a_folder_elsewhere_is_judged_by_where_it_leads(places: Paths, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir(mode=0o700)
    places.store.rmdir()
    places.store.symlink_to(tmp_path / "disk")
    assert premises.verify(places, {}) == []
    (tmp_path / "disk").chmod(0o755)
    with pytest.raises(PlaceUnfit, match="can be read by others"):
        premises.verify(places, {})


def test_settings_that_anybody_can_change_are_refused_and_those_of_a_group_warned_of(places: Paths) -> None:
    places.config_file.chmod(0o644)
    assert premises.verify(places, {}) == []
    places.config_file.chmod(0o664)
    (finding,) = premises.verify(places, {})
    assert (finding.place, finding.refused) == ("config", False)
    places.config_file.chmod(0o666)
    with pytest.raises(PlaceUnfit, match=r"config\.yaml can be changed by everybody"):
        premises.verify(places, {})


def test_a_socket_that_was_put_into_an_open_folder_is_warned_of(places: Paths, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    for mode, refused in ((0o755, None), (0o1777, False), (0o777, True)):
        shared.chmod(mode)
        chosen = {"SIDECAR_HOME": str(places.store.parent), "SIDECAR_SOCKET": str(shared / "s.sock")}
        found = [one for one in premises.look(resolve(chosen), chosen) if one.path == shared]
        assert [one.refused for one in found] == ([] if refused is None else [refused])


@needs_root
@pytest.mark.parametrize("place", PLACES)
def test_a_folder_of_another_user_is_refused(places: Paths, place: str) -> None:
    folder = PLACES[place](places)
    os.chown(folder, NOBODY, NOBODY)
    with pytest.raises(PlaceUnfit, match=f"belongs to another user .{NOBODY}.") as caught:
        premises.verify(places, {})
    assert "sudo chown -R" in caught.value.hint


@needs_root
def test_a_parent_of_another_user_is_warned_of(places: Paths) -> None:
    home = places.store.parent
    os.chown(home.parent, NOBODY, NOBODY)
    found = premises.verify(places, {})
    assert [(one.place, one.path, one.refused) for one in found] == [("parent", home.parent, False)]


def test_a_daemon_does_not_start_and_says_on_two_lines_how_to_mend_it(places: Paths) -> None:
    places.store.chmod(0o755)
    environment = {**os.environ, "SIDECAR_HOME": str(places.store.parent), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "sidecar", "up", "--yes"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == PlaceUnfit.exit_code
    assert done.stderr.splitlines()[-2:] == [
        f"Error: Others could read or change what is kept: {places.store} can be read by others",
        f"Try: Mend it: chmod go-rwx {places.store}",
    ]
    assert places.journal.stat().st_size == 0
