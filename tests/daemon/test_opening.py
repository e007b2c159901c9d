"""A recall is answered before all memory files have been read; whatever is answered from the files waits for that."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from wired import HANG_S

from sidecar.client import Client, Profile
from sidecar.config import Config, Extract
from sidecar.daemon.app import Daemon
from sidecar.errors import NoDaemon
from sidecar.paths import Paths, resolve

WEB = Profile(name="web")
CONFIG = Config(extract=Extract(extractor="none"))
CRANE = "The crane in the harbour is painted yellow."
SHED = "The shed beside the harbour holds the ropes, see [[crane]]."
SHORTLY_S = 0.5


def run(paths: Paths, work: Callable[[Client], None], *, reading: bool = False) -> None:
    """A daemon, and somebody who talks to it; with `reading` its first look at the files goes on all the while."""

    async def main(daemon: Daemon) -> None:
        serving = asyncio.create_task(daemon.serve())
        try:
            await asyncio.wait_for(asyncio.to_thread(work, Client(paths.socket, timeout=HANG_S)), 2 * HANG_S)
        finally:
            release()
            with contextlib.suppress(NoDaemon):
                await asyncio.to_thread(Client(paths.socket, timeout=HANG_S).shutdown)
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    with ThreadPoolExecutor(1) as other, contextlib.closing(Daemon(paths, CONFIG)) as daemon:
        held = daemon._store._lock  # whoever opens a profile has it: as long as somebody else does, nobody gets on

        def release() -> None:
            if reading:
                other.submit(held.release).exception()

        if reading:
            other.submit(held.acquire).result()
        asyncio.run(main(daemon))


def up(client: Client) -> None:
    """Wait until there is a socket."""
    deadline = time.monotonic() + HANG_S
    while not Path(client.socket_path).exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A home with two memories, one of which links to the other."""
    paths = resolve({"SIDECAR_HOME": str(tmp_path_factory.mktemp("opening"))})

    def told(client: Client) -> None:
        up(client)
        client.health()
        client.remember(WEB, CRANE, key="crane")
        client.remember(WEB, SHED, key="shed")

    run(paths, told)
    return paths


def unanswered(*calls: Callable[[], object]) -> list[int]:
    """Which of some requests, made at once, are not answered within a short time."""
    with ThreadPoolExecutor(len(calls)) as others:
        asked = [others.submit(call) for call in calls]
        time.sleep(SHORTLY_S)
        return [number for number, one in enumerate(asked) if not one.done()]


def found(client: Client, query: str) -> list[str]:
    return [one["content"] for one in client.recall(WEB, query, kinds=["memory"], limit=1)["candidates"]]


def test_a_recall_waits_for_no_file(kept: Paths) -> None:
    def asks(client: Client) -> None:
        up(client)
        assert found(client, "which colour has the crane in the harbour?") == [CRANE]
        info: Any = client.last.result_info if client.last else {}
        assert info["index"]["degraded"] == ["the memory files are still being looked through"]

    run(kept, asks, reading=True)


def test_what_needs_the_files_waits_for_them(kept: Paths) -> None:
    def asks(client: Client) -> None:
        up(client)
        short = Client(Path(client.socket_path), timeout=3 * SHORTLY_S)
        waiting = (
            short.status,
            short.health,
            lambda: short.remember(WEB, "The crane is green.", key="crane"),
            lambda: short.recall(WEB, "the crane", at="a-tag"),
            lambda: short.recall(Profile(cwd="/somewhere"), "the crane"),  # no project is known at all
            lambda: found(short, "what does the shed beside the harbour hold?"),  # which links to another
        )
        assert unanswered(*waiting) == list(range(len(waiting)))

    run(kept, asks, reading=True)


def test_what_others_may_have_brought_waits_for_the_files(kept: Paths) -> None:
    arrivals = kept.store / "local" / "web" / ".git" / "sidecar-arrivals"
    arrivals.touch()

    def asks(client: Client) -> None:
        up(client)
        short = Client(Path(client.socket_path), timeout=3 * SHORTLY_S)
        assert unanswered(lambda: found(short, "which colour has the crane?")) == [0]

    try:
        run(kept, asks, reading=True)
    finally:
        arrivals.unlink()


def test_nobody_is_answered_from_an_empty_index(kept: Paths) -> None:
    kept.index.rename(kept.index.with_name("aside"))

    def asks(client: Client) -> None:
        time.sleep(SHORTLY_S)
        with pytest.raises(NoDaemon):
            client.recall(WEB, "the crane")

    try:
        run(kept, asks, reading=True)
    finally:
        shutil.rmtree(kept.index)
        kept.index.with_name("aside").rename(kept.index)


def test_nobody_is_answered_before_a_purge_is_over(kept: Paths) -> None:
    note = kept.store / "local" / "web" / ".git" / "sidecar-purge.json"
    note.write_text("{}")

    def asks(client: Client) -> None:
        time.sleep(SHORTLY_S)
        with pytest.raises(NoDaemon):
            client.recall(WEB, "the crane")

    try:
        run(kept, asks, reading=True)
    finally:
        note.unlink()


def test_afterwards_all_is_answered_and_every_service_runs(kept: Paths) -> None:
    def asks(client: Client) -> None:
        up(client)
        client.health()
        states = {one["name"]: one["state"] for one in client.status()["services"]}
        assert set(states.values()) == {"running"}
        assert found(client, "what does the shed beside the harbour hold?") == [SHED]

    run(kept, asks)


def test_it_stops_while_it_reads(kept: Paths) -> None:
    """Told by a signal, as nothing else is listened to."""

    def asks(client: Client) -> None:
        up(client)
        os.kill(os.getpid(), signal.SIGTERM)
        deadline = time.monotonic() + HANG_S
        while Path(client.socket_path).exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    run(kept, asks, reading=True)


def test_it_stops_before_there_is_a_socket(kept: Paths) -> None:
    async def main(daemon: Daemon) -> int:
        serving = asyncio.create_task(daemon.serve())
        await asyncio.sleep(SHORTLY_S)
        assert not daemon._opening.over
        os.kill(os.getpid(), signal.SIGTERM)
        return await asyncio.wait_for(serving, HANG_S)

    note = kept.store / "local" / "web" / ".git" / "sidecar-purge.json"
    note.write_text("{}")
    with ThreadPoolExecutor(1) as other, contextlib.closing(Daemon(kept, CONFIG)) as daemon:
        other.submit(daemon._store._lock.acquire).result()
        try:
            assert asyncio.run(main(daemon)) == 0
        finally:
            note.unlink()
            other.submit(daemon._store._lock.release).result()
