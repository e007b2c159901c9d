"""The service as systemd runs it: a daemon within all that `systemd/sidecar.service` takes away from it.

Needs a user's own service manager, which containers seldom have; what can be shown without one stands in
`tests/test_systemd.py`, `tests/test_git.py` and `tests/test_git_ssh.py`.  The last test needs `sshd` as well.
"""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running import Daemon, git, repository, wait_until

from sidecar.install.hardening import CLOSED, LIMITS, SPACED

HTTP = "/v1/namespaces/local/profiles"
RUNTIME = os.environ.get("XDG_RUNTIME_DIR", "")
"""Read when the tests are collected, before the fixture `home` clears it.  `/tmp` is hidden from the service."""
UNIT = f"sidecar-test-{os.getpid()}"
SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _manager(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_RUNTIME_DIR": RUNTIME}
    return subprocess.run(["systemctl", "--user", *arguments], capture_output=True, text=True, env=environment)


@pytest.fixture(scope="module")
def served() -> Iterator[Daemon]:
    """A daemon in a unit of its own, with the properties of ours; its home lies where a service can see it."""
    if not RUNTIME or shutil.which("systemd-run") is None or _manager("show-environment").returncode:
        pytest.skip("needs a running service manager of the user's own (systemctl --user)")
    with tempfile.TemporaryDirectory(prefix="sidecar-unit-", dir=RUNTIME, ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        (home / ".gitconfig").write_text("[user]\n\tname = Ines Example\n\temail = ines@example.org\n")
        keys = _keys(home)
        daemon = Daemon(home, {"GIT_CONFIG_NOSYSTEM": "1", "GIT_SSH_COMMAND": keys, "XDG_RUNTIME_DIR": RUNTIME})
        lines = f"{LIMITS}{CLOSED}{SPACED}".replace("%h", folder).splitlines()
        words = [word for line in lines if line and not line.startswith("#") for word in ("-p", line)]
        words += [word for name, value in daemon.env().items() for word in ("-E", f"{name}={value}")]
        daemon.within = ("systemd-run", "--user", "--wait", "--pipe", "--quiet", "--collect", f"--unit={UNIT}", *words)
        try:
            yield daemon.start()
        finally:
            _manager("stop", f"{UNIT}.service")
            daemon.end()


def _keys(home: Path) -> str:
    """A key pair of the test's own, and the command by which ssh uses it and nothing of the user's."""
    folder = home / ".ssh"
    folder.mkdir(mode=0o700)
    if SSHD is None:
        return "ssh"
    for name in ("id", "host"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    settings = folder / "config"
    settings.write_text(
        f"Host *\n  IdentityFile {folder / 'id'}\n  UserKnownHostsFile {folder / 'known_hosts'}\n"
        f"  ControlMaster auto\n  ControlPath {folder}/cm\n  ControlPersist 60\n"
    )
    return f"ssh -F {shlex.quote(str(settings))}"


def _tell(daemon: Daemon, content: str) -> dict[str, Any]:
    found: dict[str, Any] = daemon.client.request("POST", f"{HTTP}/web/remember", {"content": content})
    return found


def test_it_is_closed_and_works_with_git_and_both_indexes(served: Daemon) -> None:
    main = _manager("show", "--property=MainPID", "--value", f"{UNIT}.service").stdout.strip()
    told = Path(f"/proc/{main}/status").read_text()
    assert "Seccomp:\t2" in told
    assert "NoNewPrivs:\t1" in told
    memory = _tell(served, "The nightly backup runs at 02:10.")
    found = served.client.request("POST", f"{HTTP}/web/recall", {"query": "when does the backup run?", "explain": True})
    assert found["candidates"][0]["content"] == "The nightly backup runs at 02:10."
    assert len(found["candidates"][0]["channels"]) >= 2
    status = served.settle()
    assert {one["state"] for one in status["services"]} == {"running"}
    assert git(served.store / "web", "status", "--porcelain") == ""
    done = served.cli("log", memory["id"], "--profile", "web")
    assert done.returncode == 0, done.stderr
    assert "learned" in done.stdout or memory["id"] in done.stdout


def test_a_project_carries_its_memories(served: Daemon) -> None:
    project = repository(served.home / "code" / "app", "app")
    served.client.request("POST", "/v1/remember", {"content": "The app listens on 8080.", "cwd": str(project)})
    done = served.cli("profiles", "carry", cwd=project)
    assert done.returncode == 0, done.stderr

    def files() -> list[Path]:
        return [path for path in project.glob(".memory/facts/**/*.md") if "8080" in path.read_text()]

    (path,) = wait_until("it is written there", files)
    path.write_text(path.read_text().replace("8080", "9090"))
    asked = "which port does the app listen on?"
    wait_until("the edit is taken in", lambda: "The app listens on 9090." in served.contents(asked, project))


@pytest.mark.skipif(SSHD is None, reason="needs sshd")
def test_a_profile_is_shared_over_ssh(served: Daemon, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    keys, remote = served.home / ".ssh", tmp_path / "web.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(remote)], check=True)
    host = (keys / "host.pub").read_text()
    (keys / "known_hosts").write_text(f"[127.0.0.1]:{port} {host}")
    settings = tmp_path / "sshd_config"
    settings.write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {keys / 'host'}\nAuthorizedKeysFile {keys / 'id.pub'}\n"
        "StrictModes no\nUsePAM no\nPidFile none\n"
    )
    server = subprocess.Popen([str(SSHD), "-D", "-e", "-f", str(settings)], stderr=subprocess.DEVNULL)
    try:
        wait_until("sshd listens", lambda: _listens(port))
        _tell(served, "The gateway is called heron.")
        address = f"ssh://{getpass.getuser()}@127.0.0.1:{port}{remote}"
        done = served.cli("share", "web", address)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "heron" in git(remote, "log", "-p", "main")
        assert not (keys / "cm").exists()
    finally:
        server.terminate()
        server.wait(30)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True
