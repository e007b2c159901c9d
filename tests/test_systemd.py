"""The units for systemd: exit codes as in errors.py, the socket where the client looks for it, and hardened."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sidecar.errors import classes
from sidecar.install import hardening, service
from sidecar.install.program import Program
from sidecar.paths import resolve

FOLDER = Path(__file__).parents[1] / "systemd"


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)  # some settings stand several times
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((FOLDER / name).read_text("utf-8"))
    return parser


def test_a_restart_is_not_tried_after_just_those_errors_that_would_come_again() -> None:
    lasting = {cls.exit_code for cls in classes() if cls.lasting}
    listed = unit("sidecar.service")["Service"]["RestartPreventExitStatus"].split()
    assert [int(code) for code in listed] == sorted(lasting)


def test_all_errors_of_one_exit_code_agree_on_whether_a_restart_helps() -> None:
    for code in {cls.exit_code for cls in classes()}:
        assert len({cls.lasting for cls in classes() if cls.exit_code == code}) == 1, code


def test_no_error_counts_as_success() -> None:
    listed = unit("sidecar.service")["Service"].get("SuccessExitStatus", "").split()
    assert not {cls.exit_code for cls in classes()} & {int(code) for code in listed if code.isdigit()}


def test_the_socket_is_where_the_client_looks_and_only_the_user_gets_in() -> None:
    socket = unit("sidecar.socket")["Socket"]
    runtime = "/run/user/1000"
    path = socket["ListenStream"].replace("%t", runtime)
    assert Path(path) == resolve({"XDG_RUNTIME_DIR": runtime, "HOME": "/home/ines"}).socket
    assert (socket["SocketMode"], socket["DirectoryMode"]) == ("0600", "0700")


def test_the_service_runs_the_daemon_in_the_foreground_without_asking() -> None:
    section = unit("sidecar.service")["Service"]
    assert section["ExecStart"].split()[1:] == ["up", "--yes"]
    assert section["NoNewPrivileges"] == "yes"


def test_systemd_itself_finds_no_fault(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("needs systemd-analyze")
    program = shutil.which("true")
    for name in ("sidecar.service", "sidecar.socket"):
        text = (FOLDER / name).read_text("utf-8").replace("%h/.local/bin/sidecar", str(program))
        (tmp_path / name).write_text(text, "utf-8")
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(tmp_path / "sidecar.service"), str(tmp_path / "sidecar.socket")],
        capture_output=True,
        text=True,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
    )
    ours = [line for line in done.stderr.splitlines() if "sidecar" in line]
    assert ours == []


MOST_EXPOSED = 3.0


def test_the_unit_is_as_closed_as_systemd_itself_counts_it() -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("needs systemd-analyze")
    command = [analyze, "security", "--offline=true", "--no-pager", str(FOLDER / "sidecar.service")]
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
    found = re.search(r"Overall exposure level for sidecar\.service: (\d+\.\d)", done.stdout)
    if found is None:
        pytest.skip("this systemd-analyze cannot look at a unit that is not loaded")
    assert float(found[1]) < MOST_EXPOSED, done.stdout


def test_what_needs_a_user_namespace_has_one() -> None:
    """A user's own service manager makes none of these without it: the service would not start."""
    found = unit_pairs("sidecar.service")
    assert ("PrivateUsers", "yes") in found
    for name in ("CapabilityBoundingSet", "ProtectSystem", "PrivateTmp", "PrivateDevices", "ProtectProc"):
        assert name in dict(found)


def test_the_home_stays_writable_where_stores_transcripts_and_projects_lie() -> None:
    """`.memory/` may be in any project, so the home is not closed as a whole, only what opens other doors."""
    found = unit_pairs("sidecar.service")
    assert "ProtectHome" not in dict(found)
    shut = [word for name, value in found if name in ("ReadOnlyPaths", "InaccessiblePaths") for word in value.split()]
    assert shut
    assert all(word.startswith("-%h/.") for word in shut), "what is not there must not keep it from starting"
    needed = {resolve({"HOME": "%h"}).config_file.parent, *(Path("%h", *place) for place in ((".local", "share"),))}
    needed |= {Path(f"%h/.{name}") for name in ("claude", "codex", "gemini", "local/state", "cache", "config/sidecar")}
    for one in shut:
        path = Path(one.removeprefix("-"))
        assert not any(place == path or path in place.parents for place in needed), one


def test_what_ssh_and_git_read_can_be_read_and_where_they_go_is_open() -> None:
    """Sharing goes on in the service: what it cannot do there stands in docs/security.md, and nothing else."""
    found = unit_pairs("sidecar.service")
    words = {name: [word for key, value in found if key == name for word in value.split()] for name, _ in found}
    hidden = [word.removeprefix("-%h/") for word in words["InaccessiblePaths"]]
    needed = (".ssh", ".gitconfig", ".config/git", ".git-credentials", ".netrc", ".cache/git", ".local/share/sidecar")
    for name in needed:
        assert not any(name == one or name.startswith(f"{one}/") for one in hidden), name
    assert {"AF_UNIX", "AF_INET", "AF_INET6"} == set(words["RestrictAddressFamilies"])
    assert not {"PrivateNetwork", "IPAddressDeny", "SocketBindDeny", "ProtectHome", "RootDirectory"} & set(words)
    assert words["SystemCallErrorNumber"] == ["EPERM"], "ssh and git go on where a call is refused; a signal ends them"
    page = (FOLDER.parent / "docs" / "security.md").read_text("utf-8")
    for told in (".gnupg", ".password-store", ".aws", ".config/gcloud"):
        assert told in hidden
        assert f"`~/{told}`" in page
    for told in ("PrivateTmp", "PrivateDevices", "ReadOnlyPaths", "InaccessiblePaths", "SSH_AUTH_SOCK"):
        assert told in page


def test_it_has_limits_on_what_it_takes_from_the_agents() -> None:
    found = dict(unit_pairs("sidecar.service"))
    for name in ("Nice", "CPUWeight", "IOWeight", "MemoryHigh", "MemoryMax", "TasksMax"):
        assert name in found


def unit_pairs(name: str) -> list[tuple[str, str]]:
    """Every setting of the service, those too that stand several times."""
    text = (FOLDER / name).read_text("utf-8").partition("[Service]")[2].partition("[Install]")[0]
    lines = (line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return [(key, value) for key, _, value in lines]


def test_the_unit_that_is_installed_is_closed_in_the_same_way() -> None:
    text = (FOLDER / "sidecar.service").read_text("utf-8")
    for part in (hardening.LIMITS, hardening.CLOSED, hardening.SPACED):
        assert part in text


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [
        ("kernel/unprivileged_userns_clone", "0", False),
        ("kernel/unprivileged_userns_clone", "1", True),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", False),
        ("kernel/apparmor_restrict_unprivileged_userns", "0", True),
        ("user/max_user_namespaces", "0", False),
        ("user/max_user_namespaces", "63000", True),
        ("user/unknown", "0", True),
    ],
)
def test_where_the_kernel_makes_no_user_namespaces_the_rest_is_left_out(
    tmp_path: Path, name: str, said: str, expected: bool
) -> None:
    (tmp_path / "sys" / name).parent.mkdir(parents=True)
    (tmp_path / "sys" / name).write_text(f"{said}\n")
    assert hardening.has_user_namespaces(tmp_path) is expected


def test_systemd_accepts_the_unit_that_is_installed(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("needs systemd-analyze")
    (target,) = service.targets({"HOME": str(tmp_path)}, Program((str(shutil.which("true")),)), "linux")
    text, _ = target.edit.put("")
    (tmp_path / "sidecar.service").write_text(text, "utf-8")
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(tmp_path / "sidecar.service")],
        capture_output=True,
        text=True,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
    )
    assert [line for line in done.stderr.splitlines() if "sidecar" in line] == []
