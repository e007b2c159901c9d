"""A recall is answered before the rest of the daemon is there; whatever else is asked waits for that."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from home_kit import home
from server_fake import NOW, FakeApi, Running
from wired import until

from sidecar.config import Config, Extract
from sidecar.daemon.app import Daemon
from sidecar.daemon.opening import Opening
from sidecar.daemon.server import Server
from sidecar.daemon.wiring import Whole
from sidecar.errors import JournalUnusable
from sidecar.paths import resolve

ROOT = Path(__file__).parents[2]
RECALLS = ("/v1/recall", "/v1/namespaces/local/profiles/web/recall")
SHORTLY_S = 0.2
LATE = (
    "sidecar.archiving", "sidecar.curate", "sidecar.daemon.openapi", "sidecar.daemon.routes", "sidecar.daemon.service",
    "sidecar.daemon.wiring", "sidecar.exchange", "sidecar.extract.rules", "sidecar.follow", "sidecar.ingest",
    "sidecar.merge", "sidecar.share", "sidecar.transcripts", "sidecar.wire.archived", "sidecar.wire.exchange",
    "watchdog", "zstandard",
)  # fmt: skip


def test_no_first_answer_waits_for_the_rest() -> None:
    program = "import json, sys, sidecar.daemon.app; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    assert not set(json.loads(done.stdout)) & set(LATE)


def test_recalls_alone_are_served_at_first(tmp_path: Path) -> None:
    async def main() -> None:
        opening, first, whole = Opening(), FakeApi(), FakeApi()
        opening.begin()
        path = tmp_path / "run" / "s.sock"
        server = Server(None, path, clock=lambda: NOW, environ={}, opening=opening, first=first)
        await server.start()
        running = Running(server, first, path)
        try:
            for recall in RECALLS:
                assert (await running.ask("POST", recall, {"query": "which port?"})).status == 200
            asked = [("GET", "/v1/healthz"), ("GET", "/v1/nothing"), ("OPTIONS", "/v1/status"), ("GET", RECALLS[0])]
            waiting = [asyncio.create_task(running.ask(*one)) for one in asked]
            await asyncio.sleep(SHORTLY_S)
            assert not any(one.done() for one in waiting)
            server.complete(whole)
            opening.end()
            assert [(await one).status for one in waiting] == [200, 404, 204, 405]
            assert (await running.ask("POST", RECALLS[0], {"query": "which port?"})).status == 200
        finally:
            await server.stop()

    asyncio.run(main())


@pytest.mark.parametrize("needed", ["answered", "waited for", "neither"])
def test_when_the_rest_is_wanted(needed: str) -> None:
    async def main() -> None:
        opening = Opening()
        opening.begin()
        wanted = asyncio.create_task(opening.wanted(SHORTLY_S if needed == "neither" else 60))
        await asyncio.sleep(0)
        waiting = None
        if needed == "answered":
            opening.answered()
        elif needed == "waited for":
            waiting = asyncio.create_task(opening.wait())
        begun = time.monotonic()
        await asyncio.wait_for(wanted, 30)
        assert (needed == "neither") is (time.monotonic() - begun > SHORTLY_S / 2)
        if waiting is not None:
            opening.end()
            await waiting

    asyncio.run(main())


class Unwired(Daemon):
    """A daemon the rest of which cannot be made."""

    def _made_whole(self, stop: asyncio.Event) -> Whole:
        raise JournalUnusable(path="journal.db", why="it is from tomorrow")


@pytest.mark.parametrize("known", [True, False], ids=["after an answer", "before there is a socket"])
def test_what_cannot_be_made_whole_ends_with_its_error_and_keeps_nobody_waiting(tmp_path: Path, known: bool) -> None:
    with home(tmp_path) as world:
        if known:
            world.hand("facts/boiler.md", "The boiler is green.\n")
    paths = resolve({"SIDECAR_HOME": str(tmp_path / "sidecar")})

    async def main(daemon: Daemon) -> list[int]:
        serving = asyncio.create_task(daemon.serve())
        running = Running(Server(None, paths.socket), FakeApi(), paths.socket)
        statuses = []
        if known:
            await until(paths.socket.exists)
            asked = [("POST", RECALLS[1], {"query": "which colour has the boiler?"}), ("GET", "/v1/healthz", None)]
            statuses = [one.status for one in await asyncio.gather(*(running.ask(*one) for one in asked))]
        with pytest.raises(JournalUnusable, match="tomorrow"):
            await asyncio.wait_for(serving, 30)
        return statuses

    with contextlib.closing(Unwired(paths, Config(extract=Extract(extractor="rules")))) as daemon:
        assert asyncio.run(main(daemon)) in ([[200, 503], [503, 503]] if known else [[]])
    assert not paths.socket.exists()
