"""What is asked of the archive of verbatim messages: a search, and a session as it went."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from sidecar.config import Config
from sidecar.daemon.desk import Desk
from sidecar.daemon.parts import Parts
from sidecar.daemon.protocol import SearchFor, SessionName
from sidecar.daemon.sessionnames import named_session
from sidecar.errors import UnknownSession
from sidecar.ingest import PERSONAL
from sidecar.journal import SessionRow, Surroundings
from sidecar.model import Hit, Message, ProfileRef, SessionRef
from sidecar.recall import Recall
from sidecar.transcripts import resume
from sidecar.wire import render
from sidecar.wire.archived import ArchivedShape, ContextShape, FoundMessage, ResumeShape, SessionShape, ToolShape

_GONE = "Its transcript is not there any more, so its agent may not know it; `sidecar show --session` does."


class ArchiveDesk(Desk):
    """Serves requests about what was said."""

    def __init__(self, parts: Parts, config: Config, recall: Recall, refresh: Callable[[], Awaitable[None]]) -> None:
        """`refresh` refills an index whose folder was deleted."""
        super().__init__(parts)
        self._config, self._recall, self._refresh = config, recall, refresh

    def adopt(self, config: Config) -> None:
        """Take over new settings, for the requests to come."""
        self._config = config

    async def search(self, ref: ProfileRef, wanted: SearchFor) -> Sequence[FoundMessage]:
        """Verbatim messages of all roles; none where the settings say that none are kept.  Raises UnknownNamespace."""
        self.opened(ref)
        if not self._config.archive.enabled:
            return []
        await self._refresh()
        return await self.read(self._search, self._profiles(ref, wanted), wanted)

    async def session(self, name: SessionName, *, offset: int, limit: int) -> SessionShape:
        """A session with a page of its messages.  Raises UnknownSession, FieldError."""
        return await self.read(self._session, name, offset, limit)

    def _profiles(self, ref: ProfileRef, wanted: SearchFor) -> Sequence[ProfileRef]:
        if wanted.everywhere:
            return [ref, *self.parts.journal.profile_counts()]
        beside = wanted.routed and self._config.recall.include_personal
        return [ref, ProfileRef(ref.namespace, PERSONAL)] if beside else [ref]

    def _search(self, profiles: Sequence[ProfileRef], wanted: SearchFor) -> list[FoundMessage]:
        inside = [one for one in dict.fromkeys(profiles) if one.namespace == profiles[0].namespace]
        since = None if wanted.since is None else int(wanted.since.timestamp())
        limit = wanted.limit or self._config.recall.limit
        hits = self._recall.search(
            wanted.query, inside, session=wanted.session, agent=wanted.agent, since=since, limit=limit
        )
        return [self._found(hit, wanted.now) for hit in hits]

    def _found(self, hit: Hit, now: datetime) -> FoundMessage:
        """A hit with what stands around it; only the archive knows that."""
        journal, agent, session = self.parts.journal, hit.agent or "", hit.session or ""
        around = journal.surroundings(hit.id, agent, hit.profile)
        row = journal.session(SessionRef(agent, session)) or journal.session(
            SessionRef(agent, session, str(hit.profile))
        )
        cwd = around.cwd if around is not None else None
        return FoundMessage(
            **dict(render.candidate(hit, now=now, explain=False)),
            agent=agent,
            role=hit.role or "",
            before=_context(around, "before"),
            after=_context(around, "after"),
            resume=_resume(agent, session, row, cwd),
        )

    def _session(self, name: SessionName, offset: int, limit: int) -> SessionShape:
        ref = named_session(self.parts.journal, name)
        row = self.parts.journal.session(ref)
        if row is None:
            raise UnknownSession(session=name.session)
        telling = self.parts.journal.telling(ref, offset=offset, limit=limit)
        return SessionShape(
            agent=ref.agent,
            session=ref.session,
            namespace=row.profile.namespace,
            profile=row.profile.name,
            cwds=list(row.cwds),
            started=row.started,
            last_record=row.last_record,
            paths=list(row.paths),
            total=telling.total,
            forgotten=telling.forgotten,
            let_go=telling.let_go,
            resume=_resume(ref.agent, ref.session, row, None),
            messages=[_archived(message) for message in telling.messages],
        )


def _context(around: Surroundings | None, side: Literal["before", "after"]) -> ContextShape | None:
    message = None if around is None else around.before if side == "before" else around.after
    return None if message is None else ContextShape(speaker=message.speaker, content=message.text)


def _archived(message: Message) -> ArchivedShape:
    tool = message.tool
    return ArchivedShape(
        id=message.id,
        role=message.role,
        speaker=message.speaker,
        kind=message.kind,
        time=message.time,
        model=message.model,
        sidechain=message.sidechain,
        tool=None if tool is None else ToolShape(name=tool.name, command=tool.command, failed=tool.failed),
        content=message.text,
    )


def _resume(agent: str, session: str, row: SessionRow | None, cwd: str | None) -> ResumeShape:
    """How to go on with a session.  Agents look in the folder in which it began, whatever it was in later."""
    paths = () if row is None else row.paths
    found = resume(agent, session, next(iter(paths), None))
    folder = next(iter(row.cwds), None) if row is not None else None
    gone = found.command is not None and bool(paths) and not any(Path(path).exists() for path in paths)
    return ResumeShape(
        command=None if found.command is None else shlex.join(found.command),
        cwd=folder or cwd,
        note=_GONE if gone else found.note,
    )
