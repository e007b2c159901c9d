"""The whole daemon: everything beyond recalls, wired.

`app` imports this when the first answer is given, or somebody needs more than a recall (see `opening`): it brings two
hundred modules that no recall needs.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from sidecar import git
from sidecar.archiving import Archiving
from sidecar.config import Config, Extract
from sidecar.daemon.allocator import GivingBack
from sidecar.daemon.answering import Answering
from sidecar.daemon.carrying import CarryService
from sidecar.daemon.choices import Engine
from sidecar.daemon.extraction import Extraction
from sidecar.daemon.ground import Ground
from sidecar.daemon.indexwatch import IndexWatch
from sidecar.daemon.intake import Intake
from sidecar.daemon.keeper import Keeper
from sidecar.daemon.learner import Learner
from sidecar.daemon.parts import Parts
from sidecar.daemon.reporting import Reporting
from sidecar.daemon.service import Service
from sidecar.daemon.sharing import SyncService, exclusive
from sidecar.daemon.sources import AIDER, folders, histories
from sidecar.daemon.supervise import Supervisor
from sidecar.daemon.takein import TakeIn
from sidecar.daemon.upkeep import Upkeep
from sidecar.daemon.writer import Urgency
from sidecar.extract.model import Model
from sidecar.extract.rules import RulesExtractor
from sidecar.follow import Follow
from sidecar.ingest import Learning
from sidecar.model import ProfileRef
from sidecar.routing import Router
from sidecar.share import Sharing
from sidecar.store import Profile, ProjectIdentity
from sidecar.transcripts import let_go_of_paused


class Whole:
    """All parts and what they do for others, over what `app` has opened; `service` makes `answering` complete."""

    def __init__(self, ground: Ground, config: Config, answering: Answering, stop: asyncio.Event) -> None:
        self._ground, self._config = ground, config
        self._follow = Follow(ground.store, ground.journal, ground.index, _now)
        self._sharing = Sharing(
            ground.store, self._follow, machine=ground.machine, clock=_now, exclusive=exclusive(ground.writer)
        )
        rules, by = RulesExtractor(), f"{git.login()}@{ground.machine}"
        self.parts = self._wired(rules, by)
        _supervise(self.parts)
        reporting, takein = Reporting(self.parts, ground.listeners), TakeIn(self.parts, rules, by)
        self.service = Service(self.parts, config, reporting, takein, stop, answering)
        self.parts.supervisor.add("hooks", self.service.hooking.serve)
        if self.parts.journal.get("paused"):
            self.parts.intake.pause(True)
            self.parts.learner.pause(True)

    async def open(self) -> None:
        """Read all memory files, and finish what an earlier run has left unfinished."""
        writer = self._ground.writer
        await writer.run(Urgency.ANSWER, self._sharing.resume)
        await writer.run(Urgency.ANSWER, self._adopt_projects)
        await writer.run(Urgency.ANSWER, self.service.removal.resume)

    def adopt(self, config: Config) -> None:
        """Take over new settings, as far as they can change while it runs."""
        parts = self.parts
        parts.archiving.quiet = timedelta(seconds=config.watch.quiet_seconds)
        parts.intake.set_rescan(timedelta(minutes=config.watch.rescan_minutes))
        parts.keeper.set_commit_times(
            quiet=timedelta(seconds=config.git.quiet_seconds), maximum=timedelta(seconds=config.git.max_seconds)
        )
        parts.learner.review, parts.learner.keep_texts = config.extract.review, config.archive.enabled
        parts.extraction.adopt(config.extract)
        parts.upkeep.adopt(config)
        parts.sync.every = timedelta(minutes=config.sync.minutes)
        self.service.adopt(config)

    def break_off(self) -> None:
        """End the calls of the model and of git that run: they may take minutes, and somebody may wait for them."""
        self.parts.extraction.close()
        self.service.stop_thinking()
        self.parts.sync.close()

    async def stop(self, *, commit: bool) -> None:
        """End the services; what is not committed now is committed by the next start, for the files are on disk."""
        await self.parts.supervisor.stop()
        if commit:
            await self.parts.keeper.commit_all()

    def close(self) -> None:
        """Let the running step of learning end."""
        self.parts.learner.close()

    def _wired(self, rules: RulesExtractor, by: str) -> Parts:
        ground, config = self._ground, self._config
        journal, writer, router = ground.journal, ground.writer, ground.router
        extraction = Extraction(config.extract, journal, writer, rules, partial(engine, config.extract))
        quiet = timedelta(seconds=config.watch.quiet_seconds)
        archiving = Archiving(journal, router, config.namespace, quiet, extracting=not extraction.off)
        learning = self._learning(router, by)
        quiet_store, maximum = timedelta(seconds=config.git.quiet_seconds), timedelta(seconds=config.git.max_seconds)
        keeper = Keeper(ground.paths.store, self._follow, ground.index, writer, quiet=quiet_store, maximum=maximum)
        sync = SyncService(self._sharing, self._follow, router, keeper, every=timedelta(minutes=config.sync.minutes))
        carry = CarryService(self._sharing, self._follow, keeper)

        def on_commit(ref: ProfileRef) -> None:
            sync.committed(ref)
            carry.committed(ref)

        keeper.on_commit = on_commit
        archived = asyncio.Event()
        learner = Learner(
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
        return Parts(
            journal,
            ground.store,
            ground.index,
            self._follow,
            router,
            archiving,
            learning,
            writer,
            self._intake(archiving, keeper, learner, archived),
            keeper,
            extraction,
            learner,
            Upkeep(journal, writer, ground.paths.trash, config, on_change=keeper.archived),
            Supervisor(),
            ground.paths.trash,
            sync,
            carry,
            ground.paths.logs,
        )

    def _learning(self, router: Router, by: str) -> Learning[Profile]:
        return Learning(
            self._ground.journal,
            self._ground.store,
            self._ground.index,
            self._follow,
            by=by,
            project=lambda ref: _project(router, ref),
            clock=_now,
        )

    def _intake(self, archiving: Archiving, keeper: Keeper, learner: Learner, archived: asyncio.Event) -> Intake:
        config = self._config

        def on_archived(more: bool) -> None:
            keeper.archived(soon=not more)
            learner.wake()

        return Intake(
            folders(config.watch.agents, config.watch.extra, os.environ),
            archiving,
            self._ground.router,
            self._ground.writer,
            rescan=timedelta(minutes=config.watch.rescan_minutes),
            backfill_days=config.watch.backfill_days,
            archived=archived,
            on_archived=on_archived,
            in_projects=histories if _reads_projects(config) else lambda _: (),
            nice=config.extract.nice,
        )

    def _adopt_projects(self) -> None:
        """Tell the router of the projects whose profiles are here, should it have lost them."""
        for profile in self._follow.profiles():
            project = self._sharing.identity(profile)
            self._ground.router.adopt(profile.ref, project.root_commit, project.remotes)


def _reads_projects(config: Config) -> bool:
    """Whether Aider's histories are to be looked for; not where its sessions are left out altogether."""
    ignored = any(
        rule.ignore and rule.agent == AIDER and rule.path is None and rule.remote is None for rule in config.profiles
    )
    return not ignored and (config.watch.agents == "auto" or AIDER in config.watch.agents)


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
        ("memory", GivingBack(partial(parts.writer.run, Urgency.EXTRACT, partial(_rest, parts)))),
        ("index", IndexWatch(parts.index.folder, parts.keeper.wake)),
    ):
        parts.supervisor.add(name, part.serve)


def _rest(parts: Parts) -> None:
    """Let go of what only work needs."""
    let_go_of_paused()
    parts.index.rest()


def _project(router: Router, ref: ProfileRef) -> ProjectIdentity | None:
    """What is known of the project of a profile, for its `profile.yaml`."""
    found = router.project(ref)
    return None if found is None else ProjectIdentity(found.root_commit, tuple(found.remotes))


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


def _now() -> datetime:
    return datetime.now(UTC)
