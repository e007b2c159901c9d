"""Secrets of ours and of remotes: in no command line, no environment of what we start, no log, no answer, no error."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import logging
import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from store_kit import Kit

from sidecar import bearer, log
from sidecar.client import Client
from sidecar.daemon.server import Server
from sidecar.daemon.tcp import Gate, Listeners
from sidecar.errors import BadRemote, RemoteUnreachable, SidecarError
from sidecar.git import Exchange, current_commit, has_commit, remote_address, root_commit, shown_address
from sidecar.share.records import Record

SECRET = "glpat-Zq4Tn8Vb2Xc6Lm0Kj5Hs"
HANG_S = 60


# The remote's name and password.


def processes(word: str, kind: str) -> list[str]:
    """Every process of this machine that has the word in its command line, or in its environment."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            text = (
                (entry / kind).read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                if entry.name.isdigit()
                else ""
            )
        except OSError:
            continue
        if word in text and int(entry.name) != os.getpid():
            found.append(text)
    return found


class Remote:
    """An HTTPS server that writes down who asks, and looks at all processes while git waits for it."""

    def __init__(self, folder: Path) -> None:
        certificate, key = folder / "cert.pem", folder / "key.pem"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._sock = socket.create_server(("127.0.0.1", 0))
        self.asked: list[str] = []
        self.seen: list[str] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self._sock.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._sock.accept()
            except OSError:
                return
            with plain, self._context.wrap_socket(plain, server_side=True) as connection:
                self.asked.append(connection.recv(65536).decode("latin-1"))
                for kind in ("cmdline", "environ"):
                    self.seen += processes(SECRET, kind)
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    def close(self) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        self._thread.join(HANG_S)


@pytest.fixture
def remote(home: Path, tmp_path: Path) -> Iterator[Remote]:
    if shutil.which("openssl") is None or not Path("/proc/self/cmdline").exists():
        pytest.skip("needs openssl, and a /proc that shows command lines")
    with (home / ".gitconfig").open("a") as settings:
        settings.write("[http]\n\tsslVerify = false\n")
    found = Remote(tmp_path)
    yield found
    found.close()


@pytest.mark.parametrize(
    ("userinfo", "expected"),
    [
        (f"ines:{SECRET}", f"ines:{SECRET}"),
        (f"i%40x:{SECRET}%2F", f"i@x:{SECRET}/"),
        (f":{SECRET}", f":{SECRET}"),
    ],
    ids=["name and password", "escaped", "password"],  # pytest puts them into the environment
)
def test_a_password_reaches_the_remote_and_no_command_line_environment_or_error(
    remote: Remote, tmp_path: Path, userinfo: str, expected: str
) -> None:
    kit = Kit(tmp_path / "store")
    kit.cycle()
    exchange = Exchange(kit.folder, f"https://{userinfo}@{remote.place}/team/web.git")
    for act in (exchange.tip, exchange.fetch, lambda: exchange.push("HEAD")):
        with pytest.raises(RemoteUnreachable) as caught:
            act()
        assert SECRET not in f"{caught.value.message} {caught.value.hint} {caught.value.fields}"
    pair = base64.b64encode(expected.encode()).decode()
    assert len(remote.asked) >= 3
    assert all(f"Authorization: Basic {pair}" in asked for asked in remote.asked)
    assert remote.seen == []
    left = [path for path in kit.folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert left == []


def test_a_name_alone_is_given_to_gits_own_helpers_and_shown_nowhere(
    remote: Remote, tmp_path: Path, home: Path
) -> None:
    """A token in the place of the name, as some hosts want it."""
    helper = tmp_path / "helper"
    helper.write_text("#!/bin/sh\ncat > /dev/null\necho password=from-the-helper\n")
    helper.chmod(0o700)
    with (home / ".gitconfig").open("a") as settings:
        settings.write(f"[credential]\n\thelper = {helper}\n")
    kit = Kit(tmp_path / "store")
    with pytest.raises(RemoteUnreachable) as caught:
        Exchange(kit.folder, f"https://{SECRET}@{remote.place}/web.git").tip()
    assert SECRET not in caught.value.message
    assert remote.seen == []


def test_the_address_with_its_password_is_kept_where_git_is_not_told_it(tmp_path: Path) -> None:
    """A `git` that writes down how it was called stands before the real one."""
    real, calls = shutil.which("git"), tmp_path / "calls"
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n{{ echo "$@"; env; }} >> "{calls}"\nexec "{real}" "$@"\n')
    program.chmod(0o755)
    os.environ["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    kit = Kit(tmp_path / "store")
    address = f"https://ines:{SECRET}@git.example.org/team/web.git"
    record = Record(kit.folder, "laptop")
    record.share(address, None)
    assert Record(kit.folder, "laptop").address == address
    assert "sidecar.remote" in calls.read_text()
    assert SECRET not in calls.read_text()
    holding = [path for path in kit.folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert [path.name for path in holding] == ["sidecar-remote"]
    assert holding[0].stat().st_mode & 0o077 == 0
    record.share("https://git.example.org/team/web.git", None)
    assert Record(kit.folder, "laptop").address == "https://git.example.org/team/web.git"
    assert not holding[0].exists()


@pytest.mark.parametrize(
    "address",
    [
        f"http://ines:{SECRET}@host/x",
        f"ext::https://ines:{SECRET}@host/x",
        f"-https://ines:{SECRET}@host/x",
        f"ftp://ines:{SECRET}@host/x",
        f"https://ines:{SECRET}@",
        f"https://ines:{SECRET}@-host/x",
    ],
)
def test_an_address_that_is_refused_is_told_without_its_password(address: str) -> None:
    with pytest.raises(BadRemote) as caught:
        remote_address(address)
    assert SECRET not in caught.value.message


def test_what_is_shown_of_an_address_has_no_name_and_no_password() -> None:
    assert shown_address(f"https://ines:{SECRET}@host/x") == "https://host/x"
    assert shown_address("git@host:team/web.git") == "git@host:team/web.git"


# A repository that an agent has worked in, with settings that run programs.


def test_looking_into_a_hostile_repository_runs_nothing_of_it_and_asks_nobody(tmp_path: Path) -> None:
    project, ran = tmp_path / "project", tmp_path / "ran"
    project.mkdir()
    script = tmp_path / "evil"
    script.write_text(f"#!/bin/sh\ntouch {ran}\n")
    script.chmod(0o755)
    git = ["git", "-C", str(project)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    for hook in ("post-index-change", "reference-transaction", "post-checkout", "fsmonitor-watchman"):
        (project / ".git/hooks").mkdir(exist_ok=True)
        (project / ".git/hooks" / hook).write_bytes(script.read_bytes())
        (project / ".git/hooks" / hook).chmod(0o755)
    for key in (
        "core.fsmonitor", "core.pager", "core.editor", "core.askPass", "core.sshCommand", "diff.external",
        "gpg.program", "credential.helper", "sequence.editor", "pager.log", "alias.status", "alias.log",
    ):  # fmt: skip
        subprocess.run([*git, "config", key, f"!{script}" if key.startswith("alias") else str(script)], check=True)
    subprocess.run([*git, "config", "remote.origin.url", f"ext::{script}"], check=True)
    ran.unlink(missing_ok=True)
    found = root_commit(project)
    assert found is not None
    assert found.root_commit is not None
    assert current_commit(project) == found.root_commit
    assert has_commit(project, found.root_commit)
    assert not ran.exists()


# The token, and what people ask.


def test_the_token_and_the_questions_are_in_no_log_no_answer_and_no_error(tmp_path: Path) -> None:
    """With the log at its most talkative: right tokens and wrong ones, good requests and bad ones, and a fault."""
    from server_fake import FakeApi

    token = bearer.token(tmp_path / "token")
    wrong = f"{SECRET}-{'w' * 20}"
    log.setup(tmp_path / "log", "debug", {})
    api, listeners = FakeApi(), Listeners()
    told: list[str] = []

    def ask(address: str, authorization: str, body: bytes, path: str = "/v1/recall") -> None:
        connection = http.client.HTTPConnection(address, timeout=HANG_S)
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        told.append(f"{answer.headers}{answer.read().decode()}")
        connection.close()

    async def main() -> None:
        server = Server(api, tmp_path / "run" / "s.sock", environ={}, gate=Gate(token), listeners=listeners)
        await server.start()
        service = asyncio.create_task(server.serve_tcp("127.0.0.1:0"))
        while listeners.tcp is None:  # noqa: ASYNC110 - a state of the server's, no event
            await asyncio.sleep(0.01)
        question = json.dumps({"query": f"where is {SECRET} used"}).encode()
        for authorization in (f"Bearer {token}", f"Bearer {wrong}", f"Basic {wrong}", wrong, f"Bearer {token}x"):
            for body in (question, question[:-2], b'{"query": 3, "what": "%b"}' % SECRET.encode()):
                await asyncio.to_thread(ask, listeners.tcp, authorization, body)
        api.fault = RuntimeError(f"it went wrong at {SECRET}")
        await asyncio.to_thread(ask, listeners.tcp, f"Bearer {token}", question)
        client = Client(tmp_path / "run" / "s.sock")
        try:
            await asyncio.to_thread(client.request, "POST", "/v1/recall", {"query": SECRET})
        except SidecarError as error:
            told.append(f"{error} {error.hint}")
        service.cancel()
        await asyncio.gather(service, return_exceptions=True)
        await server.stop()

    try:
        asyncio.run(main())
    finally:
        log.close()
        logging.getLogger("sidecar").setLevel(logging.NOTSET)
    logged = (tmp_path / "log" / log.FILE_NAME).read_text()
    assert "internal error" in logged
    for text in (logged, *told):
        assert token not in text
        assert wrong not in text
        assert SECRET not in text
    assert len(told) > 15
