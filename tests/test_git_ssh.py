"""ssh as git is told to run it: asks nothing, leaves nothing behind, and reads what it is let read."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from sidecar.git.ssh import ssh_command


@pytest.mark.parametrize("own", ["", "  ", "ssh", "/usr/bin/ssh -i ~/.ssh/work"])
def test_what_the_user_has_set_comes_first_and_options_of_ours_after_it(own: str) -> None:
    words = shlex.split(ssh_command(own))
    assert words[: len(own.split()) or 1] == (own.split() or ["ssh"])
    assert {"BatchMode=yes", "ControlMaster=no"} <= set(words)


@pytest.mark.parametrize("own", ["plink -batch", "/opt/wrapper ssh", "tsh ssh"])
def test_another_program_is_given_no_options_of_openssh(own: str) -> None:
    assert ssh_command(f" {own} ") == own


@pytest.mark.skipif(shutil.which("ssh") is None, reason="needs ssh")
def test_ssh_itself_takes_them_over_what_the_users_settings_say(tmp_path: Path) -> None:
    """A connection that is kept in the background would keep the exchange from ending."""
    settings = tmp_path / "config"
    settings.write_text("Host *\n  ControlMaster auto\n  ControlPersist 60\n  BatchMode no\n  User ines\n")
    command = shlex.split(ssh_command(f"ssh -F {shlex.quote(str(settings))}"))
    told = subprocess.run([*command, "-G", "example.org"], capture_output=True, text=True, check=True).stdout
    assert {"batchmode yes", "controlmaster false", "user ines"} <= set(told.splitlines())


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to give a file to somebody else")
@pytest.mark.parametrize("present", [True, False])
def test_where_the_systems_settings_seem_to_be_nobodys_the_users_alone_are_read(tmp_path: Path, present: bool) -> None:
    """As in the service for systemd, where ssh would end at the first file that they include."""
    system, home = tmp_path / "ssh_config", tmp_path / "with blank"
    system.write_text("")
    (home / ".ssh").mkdir(parents=True)
    if present:
        (home / ".ssh" / "config").write_text("Host *\n  User ines\n")
    assert "-F" not in shlex.split(ssh_command("", system, home))
    os.chown(system, 65_534, 65_534)
    words = shlex.split(ssh_command("", system, home))
    assert words[words.index("-F") + 1] == (str(home / ".ssh" / "config") if present else "none")
    assert shlex.split(ssh_command("ssh -F mine", system, home)).count("-F") == 1
    if shutil.which("ssh"):
        told = subprocess.run([*words, "-G", "example.org"], capture_output=True, text=True, check=True).stdout
        assert ("user ines" in told) is present


def test_a_machine_without_settings_for_all_is_no_matter(tmp_path: Path) -> None:
    assert "-F" not in shlex.split(ssh_command("", tmp_path / "none"))
