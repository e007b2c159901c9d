"""The composition root: reads the settings, builds the parts, wires them, runs until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from sidecar import bearer, git, log, meeting
from sidecar.archiving import Archiving
from sidecar.config import Config, Extract, adopted, diff, load
from sidecar.daemon import premises
from sidecar.daemon.allocator import GivingBack, keep_little
from sidecar.daemon.asgi import Mount
from sidecar.daemon.carrying import CarryService
from sidecar.daemon.choices import Engine
from sidecar.daemon.extraction import Extraction
from sidecar.daemon.indexwatch import IndexWatch
from sidecar.daemon.intake import Intake, Progress
from sidecar.daemon.keeper import Keeper
from sidecar.daemon.later import Later
from sidecar.daemon.learner import Learner
from sidecar.daemon.lock import HomeLock
from sidecar.daemon.opening import Opening
from sidecar.daemon.parts import Parts
from sidecar.daemon.reporting import Reporting
from sidecar.daemon.server import Server
from sidecar.daemon.service import Service
from sidecar.daemon.sharing import SyncService, exclusive
from sidecar.daemon.sources import AIDER, folders, histories
from sidecar.daemon.supervise import Supervisor, contained
from sidecar.daemon.takein import TakeIn
from sidecar.daemon.tcp import Gate, Listeners
from sidecar.daemon.upkeep import Upkeep
from sidecar.daemon.writer import Urgency, Writer
from sidecar.errors import SidecarError
from sidecar.extract.model import Model
from sidecar.extract.rules import RulesExtractor
from sidecar.files import ensure_folder, write_durably
from sidecar.follow import Follow
from sidecar.index import Embedder, Index
from sidecar.ingest import Learning
from sidecar.journal import Journal
from sidecar.model import ProfileRef
from sidecar.paths import Paths, temp_folders, user_home
from sidecar.routing import RepoFacts, Router
from sidecar.share import Sharing
from sidecar.store import Profile, ProjectIdentity, Store

logger = logging.getLogger(__name__)

_SHOWN_EVERY_S = 0.2

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
    """Everything that runs, and the order in which it starts and stops."""

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
        self._follow = Follow(self._store, self._journal, self._index, _now)
        self._learner: Learner | None = None
        self._sharing = Sharing(
            self._store, self._follow, machine=_hostname(), clock=_now, exclusive=exclusive(self._writer)
        )
        self._opening = Opening()

    async def serve(self, showing: Showing | None = None) -> int:
        """Start the services, wait for the order to stop, stop them."""
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        parts, service = self._wire(stop)
        server = self._server(parts, service)
        # What is there now stays: to look through it for garbage would keep an answer waiting 50 ms, now and then.
        gc.freeze()
        gc.enable()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload, parts, service)
        if self._journal.get("paused"):
            parts.intake.pause(True)
            parts.learner.pause(True)
        # What was to be purged must not be recalled once more, and from an empty index there is nothing to recall.
        first = not self._index.generation or any(map(self._store.is_purging, self._store.profiles()))
        self._opening.begin()
        opening = loop.create_task(self._open(parts, service))
        opening.add_done_callback(lambda done: None if done.cancelled() or done.exception() is None else stop.set())
        if first and not await _ended(opening, stop):
            return 0
        await server.start()
        services = loop.create_task(self._start_services(parts))
        self._note_limit()
        shown = loop.create_task(contained(_shown(parts.intake.progress, showing))) if showing is not None else None
        logger.info("started", extra={"pid": os.getpid(), "socket": self._paths.socket})
        try:
            await stop.wait()
            if opening.done():
                opening.result()  # what it has raised ends the daemon
        finally:
            opening.cancel()
            services.cancel()
            logger.info("stopping")
            if shown is not None:
                shown.cancel()
            # A running call of the model may take minutes, and somebody may wait for what comes of it.
            parts.extraction.close()
            service.stop_thinking()
            parts.sync.close()
            await server.stop()
            await parts.supervisor.stop()
            # What is not committed now is committed by the next start: the files are on disk.
            if self._opening.over:
                await parts.keeper.commit_all()
            logger.info("stopped")
        return 0

    async def _open(self, parts: Parts, service: Service) -> None:
        """Read all memory files, and finish what an earlier run has left unfinished.

        A recall is answered meanwhile, from what the index holds; all else waits (see `opening`).
        """
        await self._writer.run(Urgency.ANSWER, self._sharing.resume)
        await self._writer.run(Urgency.ANSWER, self._adopt, parts.router)
        await self._writer.run(Urgency.ANSWER, service.removal.resume)
        gc.freeze()  # as what was there at the start, what is known of the files stays
        self._opening.end()

    async def _start_services(self, parts: Parts) -> None:
        """Once all files have been read, and there is a server whose listeners one of them looks after."""
        await self._opening.wait()
        parts.supervisor.start()

    def _server(self, parts: Parts, service: Service) -> Server:
        """The server, with the services that belong to it.  Raises TokenFileUnfit if TCP is wanted and its file is."""
        listen = self._config.listen
        gate = Gate(bearer.token(bearer.place(listen, self._paths))) if listen.tcp else None
        server = Server(
            service,
            self._paths.socket,
            namespace=self._config.namespace,
            mcp=self._mcp,
            gate=gate,
            listeners=self._listeners,
            opening=self._opening,
        )
        if listen.tcp:
            parts.supervisor.add("tcp", partial(server.serve_tcp, listen.tcp))
        if self._mcp is not None:
            parts.supervisor.add("mcp", self._mcp.serve)
        return server

    def close(self) -> None:
        """Let the running step end, then close what holds files open."""
        if self._learner is not None:
            self._learner.close()
        self._writer.close()
        self._index.close()
        self._journal.close()

    def _wire(self, stop: asyncio.Event) -> tuple[Parts, Service]:
        config, journal, writer, by = self._config, self._journal, self._writer, f"{git.login()}@{_hostname()}"
        router, rules = self._router(), RulesExtractor()
        extraction = Extraction(config.extract, journal, writer, rules, partial(engine, config.extract))
        quiet = timedelta(seconds=config.watch.quiet_seconds)
        archiving = Archiving(journal, router, config.namespace, quiet, extracting=not extraction.off)
        learning = self._learning(router, by)
        quiet_store, maximum = timedelta(seconds=config.git.quiet_seconds), timedelta(seconds=config.git.max_seconds)
        keeper = Keeper(self._paths.store, self._follow, self._index, writer, quiet=quiet_store, maximum=maximum)
        sync = SyncService(self._sharing, self._follow, router, keeper, every=timedelta(minutes=config.sync.minutes))
        carry = CarryService(self._sharing, self._follow, keeper)

        def on_commit(ref: ProfileRef) -> None:
            sync.committed(ref)
            carry.committed(ref)

        keeper.on_commit = on_commit
        archived = asyncio.Event()
        learner = self._learner = Learner(
            journal,
            learning,
            extraction,
            writer,
            archived,
            nice=config.extract.nice,
            review=config.extract.review,
            keep_texts=config.archive.enabled,
            on_released=keeper.archived,
        )
        parts = Parts(
            journal,
            self._store,
            self._index,
            self._follow,
            router,
            archiving,
            learning,
            writer,
            self._intake(router, archiving, keeper, learner, archived),
            keeper,
            extraction,
            learner,
            Upkeep(journal, writer, self._paths.trash, config, on_change=keeper.archived),
            Supervisor(),
            self._paths.trash,
            sync,
            carry,
            self._paths.logs,
        )
        _supervise(parts)
        service = Service(
            parts, config, Reporting(parts, self._listeners), TakeIn(parts, rules, by), stop, self._opening
        )
        parts.supervisor.add("hooks", service.hooking.serve)
        parts.supervisor.add("import", self._later.serve)
        return parts, service

    def _learning(self, router: Router, by: str) -> Learning[Profile]:
        return Learning(
            self._journal,
            self._store,
            self._index,
            self._follow,
            by=by,
            project=lambda ref: _project(router, ref),
            clock=_now,
        )

    def _intake(
        self, router: Router, archiving: Archiving, keeper: Keeper, learner: Learner, archived: asyncio.Event
    ) -> Intake:
        config = self._config

        def on_archived(more: bool) -> None:
            keeper.archived(soon=not more)
            learner.wake()

        return Intake(
            folders(config.watch.agents, config.watch.extra, os.environ),
            archiving,
            router,
            self._writer,
            rescan=timedelta(minutes=config.watch.rescan_minutes),
            backfill_days=config.watch.backfill_days,
            archived=archived,
            on_archived=on_archived,
            in_projects=histories if _reads_projects(config) else lambda _: (),
            nice=config.extract.nice,
        )

    def _router(self) -> Router:
        return Router(
            namespace=self._config.namespace,
            rules=self._config.profiles,
            home=user_home(),
            temps=temp_folders(),
            repo_facts=_repo_facts,
            routes=self._journal,
            has_commit=git.has_commit,
        )

    def _adopt(self, router: Router) -> None:
        """Tell the router of the projects whose profiles are here, should it have lost them."""
        for profile in self._follow.profiles():
            project = self._sharing.identity(profile)
            router.adopt(profile.ref, project.root_commit, project.remotes)

    def _reload(self, parts: Parts, service: Service) -> None:
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
        parts.archiving.quiet = timedelta(seconds=config.watch.quiet_seconds)
        parts.intake.set_rescan(timedelta(minutes=config.watch.rescan_minutes))
        parts.keeper.set_commit_times(**_commit_times(config))
        parts.learner.review, parts.learner.keep_texts = config.extract.review, config.archive.enabled
        parts.extraction.adopt(config.extract)
        parts.upkeep.adopt(config)
        parts.sync.every = timedelta(minutes=config.sync.minutes)
        service.adopt(config)
        self._later.adopt(config)
        self._note_limit()

    def _note_limit(self) -> None:
        """Tell hooks their time limit, which must not cost them the reading of the settings."""
        note = Path(meeting.note_path(str(self._paths.socket)))
        try:
            write_durably(note, meeting.note(self._config.hooks.timeout_ms))
        except SidecarError as error:
            logger.warning("hooks keep to the default time limit", extra={"why": error.message})


def _reads_projects(config: Config) -> bool:
    """Whether Aider's histories are to be looked for; not where its sessions are left out altogether."""
    ignored = any(
        rule.ignore and rule.agent == AIDER and rule.path is None and rule.remote is None for rule in config.profiles
    )
    return not ignored and (config.watch.agents == "auto" or AIDER in config.watch.agents)


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


def _supervise(parts: Parts) -> None:
    """Have each part that runs for as long as the daemon does started again if it fails."""
    for name, part in (
        ("follow", parts.keeper),
        ("watch", parts.intake),
        ("model", parts.extraction),
        ("extract", parts.learner),
        ("upkeep", parts.upkeep),
        ("sync", parts.sync),
        ("carry", parts.carry),
        ("memory", GivingBack(partial(parts.writer.run, Urgency.EXTRACT, parts.index.rest))),
        ("index", IndexWatch(parts.index.folder, parts.keeper.wake)),
    ):
        parts.supervisor.add(name, part.serve)


def _project(router: Router, ref: ProfileRef) -> ProjectIdentity | None:
    """What is known of the project of a profile, for its `profile.yaml`."""
    found = router.project(ref)
    return None if found is None else ProjectIdentity(found.root_commit, tuple(found.remotes))


def _commit_times(config: Config) -> dict[str, timedelta]:
    return {
        "quiet": timedelta(seconds=config.git.quiet_seconds),
        "maximum": timedelta(seconds=config.git.max_seconds),
    }


def engine(settings: Extract, on_use: Callable[[float], None]) -> Engine:
    """The models of the settings, ready to be asked."""
    from sidecar.extract.llm.extractor import ModelExtractor
    from sidecar.extract.llm.judge import Judge as ModelJudge

    def model(name: str) -> Model:
        return Model(
            settings.host,
            name,
            stall_s=settings.stall_seconds,
            timeout_s=settings.timeout_seconds,
            allow_remote=settings.allow_remote,
            on_use=on_use,
        )

    extracting = model(settings.model)
    verifying = model(settings.verify_model) if settings.verify_model else None

    def close() -> None:
        extracting.close()
        if verifying is not None:
            verifying.close()

    return Engine(ModelExtractor(extracting, verifying), ModelJudge(extracting), close)


def _repo_facts(folder: Path) -> RepoFacts | None:
    found = git.root_commit(folder)
    if found is None:
        return None
    return RepoFacts(str(found.common), str(found.top), found.root_commit, found.remotes)


def _hostname() -> str:
    return socket.gethostname().partition(".")[0] or "localhost"


def _now() -> datetime:
    return datetime.now(UTC)
