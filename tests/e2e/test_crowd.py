"""Many agents ask at once: processes recall beside the daemon, and nobody can tell but by how soon the answers come."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from running import HANG_S, Daemon, wait_until

from sidecar.daemon.recallers import _processors
from sidecar.errors import SidecarError

CLIENTS = 12
FACTS = 40
ROUNDS = 6


def recallers(daemon: Daemon) -> list[psutil.Process]:
    assert daemon.process is not None
    return [child for child in psutil.Process(daemon.process.pid).children() if recalls(child)]


def recalls(child: psutil.Process) -> bool:
    try:
        return any("recaller" in word for word in child.cmdline())
    except psutil.Error:  # a git that has just ended
        return False


@contextmanager
def crowd(daemon: Daemon, project: Path, faults: list[str]) -> Iterator[None]:
    """Clients that ask without a pause, each for what is known; what they get instead is noted."""
    over = threading.Event()

    def client(number: int) -> None:
        turn = number
        while not over.is_set():
            turn += CLIENTS
            fact = turn % FACTS
            try:
                found = daemon.contents(f"which port has service {fact}?", project)
            except SidecarError as error:
                faults.append(f"{type(error).__name__}: {error}")
                return
            if not any(text.startswith(f"Service {fact} ") for text in found):
                faults.append(f"{fact}: {found}")

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(HANG_S)


@pytest.mark.skipif(_processors() < 2, reason="one processor: the daemon answers alone")
def test_a_crowd_gets_what_one_gets_and_leaves_nothing_behind(daemon: Daemon, project: Path) -> None:
    daemon.start()
    for number in range(FACTS):
        daemon.client.request(
            "POST",
            "/v1/remember",
            {"cwd": str(project), "content": f"Service {number} listens on port {7000 + number}.", "type": "fact"},
        )
    faults: list[str] = []
    with crowd(daemon, project, faults):
        wait_until("processes recall beside the daemon", lambda: recallers(daemon))
        for number in range(ROUNDS):
            content = f"The ferry number {number} sails from pier {number + 40}."
            body = {"cwd": str(project), "content": content, "type": "fact"}
            known = daemon.client.request("POST", "/v1/remember", body)
            assert content in daemon.contents(f"from which pier sails ferry number {number}?", project)
            if number % 2:
                daemon.client.request("POST", f"/v1/memories/{known['id']}/forget", {"cwd": str(project)})
                assert content not in daemon.contents(f"from which pier sails ferry number {number}?", project)
        children = recallers(daemon)
    assert faults == []
    assert 1 <= len(children) <= 2
    daemon.kill()
    psutil.wait_procs(children, HANG_S)
    assert not any(child.is_running() for child in children)
