"""The units for systemd: exit codes as in errors.py, the socket where the client looks for it, and hardened."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from sidecar.errors import classes
from sidecar.paths import resolve

FOLDER = Path(__file__).parents[1] / "systemd"


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
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
    service = unit("sidecar.service")["Service"]
    assert service["ExecStart"].split()[1:] == ["up", "--yes"]
    assert service["NoNewPrivileges"] == "yes"


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
