"""The composition root: reads the settings, opens what a recall needs, serves, runs until it is told to stop.

The rest of the daemon follows the first answer: `wiring` builds and wires it.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sidecar import bearer, git, log, meeting
from sidecar.config import Config, adopted, diff, load
from sidecar.daemon import premises
from sidecar.daemon.allocator import keep_little
from sidecar.daemon.answering import Answering
from sidecar.daemon.asgi import Mount
from sidecar.daemon.ground import Ground
from sidecar.daemon.later import Later
from sidecar.daemon.lock import HomeLock
from sidecar.daemon.opening import Opening
from sidecar.daemon.recallers import Recallers
from sidecar.daemon.server import Server
from sidecar.daemon.supervise import contained
from sidecar.daemon.tcp import Gate, Listeners
from sidecar.daemon.writer import Writer
from sidecar.errors import SidecarError
from sidecar.files import ensure_folder, write_durably
from sidecar.index import Embedder, Index
from sidecar.journal import Journal
from sidecar.paths import Paths, temp_folders, user_home
from sidecar.routing import RepoFacts, Router
from sidecar.store import Store

if TYPE_CHECKING:  # for which no first answer waits, see `opening`
    from sidecar.daemon.intake import Progress
    from sidecar.daemon.wiring import Whole

logger = logging.getLogger(__name__)

_SHOWN_EVERY_S = 0.2

_FIRST_ANSWER_S = 0.2
"""So long the rest of the daemon waits for a first recall and its answer, if nobody asks for more."""

_PRIVATE = 0o077
"""The umask: whatever this process makes is readable by its owner alone."""


class Showing(Protocol):
    """What shows the progress of the back-fill to whoever has started the daemon."""

    def __call__(self, done: int, total: int, *, finished: bool) -> None:
        """The files that have been read, of how many; `finished` once all have been."""


def run(
    paths: Paths, config: Config, mcp: Callable[[Path], Mount] | None = None, showing: Showing | None = None
) -> int:
    """Run the daemon in this process until SIGINT, SIGTERM or a request to stop; returns the exit code.

    `mcp` makes what serves MCP over HTTP, of the socket that it asks; it is a face, so the faces bring it along.
    Raises AlreadyRunning, PlaceUnfit, JournalUnusable and other errors of starting; while it runs, failures of parts
    are shown in `status` instead.
    """
    os.umask(_PRIVATE)
    keep_little()
    odd = premises.verify(paths, os.environ)
    for folder in (paths.store, paths.state, paths.cache):
        ensure_folder(folder)
    with contextlib.closing(_Held(paths)):
        log.setup(paths.logs, config.log.level, os.environ)
        for finding in odd:
            logger.warning("odd permissions", extra={"place": finding.path, "why": finding.why})
        try:
            with contextlib.closing(Daemon(paths, config, mcp)) as daemon:
                return asyncio.run(daemon.serve(showing))
        finally:
            log.close()


class _Held:
    """The home's lock as something to close."""

    def __init__(self, paths: Paths) -> None:
        self._lock = HomeLock(paths.lock)

    def close(self) -> None:
        self._lock.release()


class Daemon:
    """What a recall needs, the rest of the daemon once it is needed, and the order in which all starts and stops."""

    def __init__(self, paths: Paths, config: Config, mcp: Callable[[Path], Mount] | None = None) -> None:
        self._paths, self._config = paths, config
        self._mcp = mcp(paths.socket) if mcp is not None and config.mcp.http else None
        self._listeners, self._later = Listeners(), Later(config)
        self._journal = Journal.open(paths.journal)
        self._writer = Writer()
        self._store = Store(paths.store, machine=_hostname(), writes=self._journal, clock=_now)
        if not self._store.has_namespace(config.namespace):
            self._store.create_namespace(config.namespace)
        embedder = Embedder.load(config.embedding.model)
        self._index = Index.open(paths.index, embedder, archive=self._journal)
        self._router = self._made_router()
        self._opening = Opening()
        recallers = Recallers(self._index, paths.journal, config.embedding.model)
        self._answering = Answering(self._index, self._store, self._router, config, self._opening, recallers)
        self._whole: Whole | None = None

    async def serve(self, showing: Showing | None = None) -> int:
        """Start the services, wait for the order to stop, stop them."""
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        server = self._server()
        gc.freeze()  # what is there now stays
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        # What was to be purged must not be recalled once more, and from an empty index there is nothing to recall.
        first = not self._index.generation or any(map(self._store.is_purging, self._store.profiles()))
        self._opening.begin()
        opening = loop.create_task(self._open(server, stop, at_once=first))
        opening.add_done_callback(lambda done: None if done.cancelled() or done.exception() is None else stop.set())
        if first and not await _ended(opening, stop):
            return 0
        await server.start()
        services = loop.create_task(self._start_services(server, opening, showing))
        self._note_limit()
        logger.info("started", extra={"pid": os.getpid(), "socket": self._paths.socket})
        try:
            await stop.wait()
            if opening.done():
                opening.result()  # what it has raised ends the daemon
        finally:
            opening.cancel()
            services.cancel()
            logger.info("stopping")
            if self._whole is not None:
                self._whole.break_off()
            await server.stop()
            self._answering.close()
            if self._whole is not None:
                await self._whole.stop(commit=self._opening.over)
            logger.info("stopped")
        return 0

    async def _open(self, server: Server, stop: asyncio.Event, *, at_once: bool) -> None:
        """Make the daemon whole, read all memory files, and finish what an earlier run has left unfinished.

        A recall is answered meanwhile, from what the index holds; all else waits (see `opening`).
        """
        if not at_once:
            await self._opening.wanted(_FIRST_ANSWER_S)
        await asyncio.to_thread(import_module, "sidecar.daemon.wiring")
        whole = self._made_whole(stop)
        server.complete(whole.service)
        # What is there now stays: to look through it for garbage would keep an answer waiting 50 ms, now and then.
        gc.freeze()
        gc.enable()
        await whole.open()
        gc.freeze()  # as what was there at the start, what is known of the files stays
        self._opening.end()

    def _made_whole(self, stop: asyncio.Event) -> Whole:
        from sidecar.daemon.wiring import Whole as Made

        ground = Ground(
            self._paths,
            self._journal,
            self._writer,
            self._store,
            self._index,
            self._router,
            self._listeners,
            _hostname(),
        )
        self._whole = Made(ground, self._config, self._answering, stop)
        self._whole.parts.supervisor.add("import", self._later.serve)
        return self._whole

    async def _start_services(self, server: Server, opening: asyncio.Task[None], showing: Showing | None) -> None:
        """Once all files have been read, and there is a server whose listeners one of them looks after."""
        await asyncio.wait([opening])
        if self._whole is None or not self._opening.over:
            return
        supervisor, intake = self._whole.parts.supervisor, self._whole.parts.intake
        if self._config.listen.tcp:
            supervisor.add("tcp", partial(server.serve_tcp, self._config.listen.tcp))
        if self._mcp is not None:
            supervisor.add("mcp", self._mcp.serve)
        supervisor.start()
        if showing is not None:
            await contained(_shown(intake.progress, showing))

    def _server(self) -> Server:
        """Raises TokenFileUnfit if TCP is wanted and its file is."""
        listen = self._config.listen
        return Server(
            None,
            self._paths.socket,
            namespace=self._config.namespace,
            mcp=self._mcp,
            gate=Gate(bearer.token(bearer.place(listen, self._paths))) if listen.tcp else None,
            listeners=self._listeners,
            opening=self._opening,
            first=self._answering,
        )

    def close(self) -> None:
        """Let the running step end, then close what holds files open."""
        if self._whole is not None:
            self._whole.close()
        self._writer.close()
        self._index.close()
        self._journal.close()

    def _made_router(self) -> Router:
        return Router(
            namespace=self._config.namespace,
            rules=self._config.profiles,
            home=user_home(),
            temps=temp_folders(),
            repo_facts=_repo_facts,
            routes=self._journal,
            has_commit=git.has_commit,
        )

    def _reload(self) -> None:
        """SIGHUP: take over what can change while running, and say what cannot."""
        try:
            fresh = load(self._paths, os.environ)
        except SidecarError as error:
            logger.error("settings not reloaded", extra={"why": error.message})  # noqa: TRY400 - no fault of ours
            return
        applies, restart = diff(self._config, fresh)
        for change in applies:
            logger.info("setting changed", extra={"setting": change.key})
        for change in restart:
            logger.warning("setting waits for a restart", extra={"setting": change.key})
        config = self._config = adopted(self._config, fresh)
        log.set_level(config.log.level)
        self._answering.adopt(config)
        if self._whole is not None:  # or else it will be made with these
            self._whole.adopt(config)
        self._later.adopt(config)
        self._note_limit()

    def _note_limit(self) -> None:
        """Tell hooks their time limit, which must not cost them the reading of the settings."""
        note = Path(meeting.note_path(str(self._paths.socket)))
        try:
            write_durably(note, meeting.note(self._config.hooks.timeout_ms))
        except SidecarError as error:
            logger.warning("hooks keep to the default time limit", extra={"why": error.message})


async def _ended(work: asyncio.Task[None], stop: asyncio.Event) -> bool:
    """Wait until some work has ended, and raise what it has raised; False, and it is given up, if the stop is first."""
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not work.done():
        work.cancel()
        return False
    work.result()
    return True


async def _shown(progress: Progress, showing: Showing) -> None:
    """Show how far the back-fill is, until it is through."""
    while not progress.finished.is_set():
        showing(progress.done, progress.total, finished=False)
        await asyncio.sleep(_SHOWN_EVERY_S)
    showing(progress.done, progress.total, finished=True)


def _repo_facts(folder: Path) -> RepoFacts | None:
    found = git.root_commit(folder)
    if found is None:
        return None
    return RepoFacts(str(found.common), str(found.top), found.root_commit, found.remotes)


def _hostname() -> str:
    return socket.gethostname().partition(".")[0] or "localhost"


def _now() -> datetime:
    return datetime.now(UTC)
