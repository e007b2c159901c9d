"""Previews of what would be removed, and the purge: memories gone from files, history, archive, index and trash."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from sidecar.daemon.deletion import Deletion
from sidecar.daemon.desk import Desk
from sidecar.daemon.history import HistoryDesk
from sidecar.daemon.parts import Parts
from sidecar.daemon.writer import Urgency
from sidecar.errors import PROFILE_FAULTS, Refused, UnknownMemory
from sidecar.identity import normalized
from sidecar.ingest import PERSONAL
from sidecar.model import Memory, ProfileRef, SessionRef, Stored
from sidecar.recall import Recall
from sidecar.records import dataclass
from sidecar.store import Profile
from sidecar.store.purge import Purged, PurgePlan, purge_folder
from sidecar.wire.removals import PreviewRemoval, PurgeResult, RemovalPreview, RemovedMemory

log = logging.getLogger(__name__)

_REPEATED = 200
"""Messages with the words of a memory that are looked at for those that say it whole."""

Messages = Sequence[tuple[str | None, str]]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of a purge in this process, where others could not know it."""

    purged: Purged
    messages: int
    trash: int


class RemovalDesk(Desk):
    """Serves previews, and purges."""

    def __init__(self, parts: Parts, deletion: Deletion, history: HistoryDesk) -> None:
        super().__init__(parts)
        self._deletion, self._history = deletion, history

    async def preview(self, ref: ProfileRef, wanted: PreviewRemoval) -> RemovalPreview:
        """What a removal would take away; nothing is changed.

        Raises UnknownMemory, and for a purge PurgeImpossible; Refused for memories whose files say `read_only`.
        """
        profile = self.opened(ref)
        if wanted.action == "purge":
            return await self.read(self._purge_preview, self.profile(ref), list(wanted.ids or ()))
        if wanted.action == "session":
            pairs, messages, refs = await self.read(self._deletion.of_session, ref, wanted.session_id or "")
            found = _preview("session", [stored for _, stored in pairs], messages, (), self._paths(refs))
        elif wanted.action == "profile":
            memories = [] if profile is None else profile.memories(statuses=None)
            count = self.parts.journal.profile_counts().get(ref, 0)
            found = _preview("profile", memories, count, (), ())
        else:
            found = await self.read(self._memories_preview, ref, wanted)
        return found

    async def purge(self, ref: ProfileRef, identifiers: Sequence[str]) -> PurgeResult:
        """Let memories go for good; when this returns, they are nowhere on this machine that is ours.

        Raises UnknownMemory, PurgeImpossible, Refused.
        """
        profile = self.profile(ref)
        result = await self.read(self._alone, profile, identifiers)
        await self._history.forget_indexes()
        await self.parts.carry.now(ref)
        return result

    def purge_now(self, profile: Profile, identifiers: Sequence[str]) -> PurgeResult:
        """As `purge`, for whoever is in a thread of their own and sees to it that nothing is synced meanwhile.

        Indexes of past trees are left to the caller.
        """
        submit = self.parts.writer.submit
        plan = submit(Urgency.ANSWER, partial(self._begin, profile, identifiers)).result()
        transcripts = self._paths(self._sessions(plan.messages))
        outcome = submit(Urgency.ANSWER, partial(self._finish, profile)).result()
        purged = outcome.purged
        return PurgeResult(
            ids=list(purged.ids),
            old=purged.old,
            new=purged.new,
            commits=purged.commits,
            messages=outcome.messages,
            trash=outcome.trash,
            remotes=[*purged.remotes, *self._carrier(profile.ref)],
            transcripts=transcripts,
            remaining=list(purged.remaining),
        )

    def _alone(self, profile: Profile, identifiers: Sequence[str]) -> PurgeResult:
        with self.parts.sync.standing_still():  # one that has begun before would push what was there then
            return self.purge_now(profile, identifiers)

    def resume(self) -> None:
        """At the start: finish what an interruption has left of a purge; runs in the writer thread."""
        for profile in self.parts.follow.profiles():
            try:
                if profile.unfinished_purge() is not None:
                    self._finish(profile)
                    log.info("purge finished", extra={"profile": profile.ref})
            except PROFILE_FAULTS:  # told by the next purge as well; the daemon serves all the same
                log.exception("purge not finished", extra={"profile": profile.ref})

    def _begin(self, profile: Profile, identifiers: Sequence[str]) -> PurgePlan:
        if profile.unfinished_purge() is not None:  # one that failed goes first: there is one note for all
            self._finish(profile)
        plan = self._plan(profile, identifiers)
        profile.begin_purge(plan)
        return plan

    def _plan(self, profile: Profile, identifiers: Sequence[str]) -> PurgePlan:
        """What would go, with the messages that say the same words."""
        plan = profile.purge_plan(identifiers)
        known = {message for _, message in plan.messages}
        repeated = [(None, one) for one in self._saying(profile.ref, plan.contents) if one not in known]
        return replace(plan, messages=(*plan.messages, *repeated))

    def _finish(self, profile: Profile) -> _Outcome:
        """Everything that a purge does, in an order in which each step may be repeated after an interruption."""
        note = profile.unfinished_purge()
        messages = self._take_out(profile.ref, () if note is None else note.messages)
        purged = profile.finish_purge()
        trash = sum(purge_folder(folder, purged.ids) for folder in _trashed(self.parts.trash))
        self.parts.follow.note_change(profile.ref)
        # Anew, as an index lets go of words only when its segments are merged.
        self.parts.follow.catch_up([profile.ref], anew=True)
        profile.end_purge()
        return _Outcome(purged, messages, trash)

    def _take_out(self, ref: ProfileRef, messages: Messages) -> int:
        agents = sorted({agent for agent, _ in messages}, key=str)
        return sum(
            self.parts.journal.remove_messages(agent, [one for of, one in messages if of == agent], profile=ref)
            for agent in agents
        )

    def _saying(self, ref: ProfileRef, contents: Iterable[str]) -> list[str]:
        """The messages in which one of the texts stands whole."""
        profiles = tuple(dict.fromkeys((ref, ProfileRef(ref.namespace, PERSONAL))))
        search = Recall(self.parts.index).search
        found: dict[str, None] = {}
        for content in contents:
            words = normalized(content).casefold()
            for hit in search(content, profiles, limit=_REPEATED):
                if hit.profile == ref and words in normalized(hit.content).casefold():
                    found[hit.id] = None
        return list(found)

    def _purge_preview(self, profile: Profile, identifiers: Sequence[str]) -> RemovalPreview:
        plan = self._plan(profile, identifiers)
        memories = [_gone(memory, profile) for memory in plan.memories]
        related = _related([memory.id for memory in plan.memories], plan.memories, profile)
        return RemovalPreview(
            action="purge",
            memories=memories,
            files=list(plan.paths),
            messages=len(plan.messages),
            commits=plan.commits,
            refs=list(plan.refs),
            remotes=[*plan.remotes, *self._carrier(profile.ref)],
            transcripts=self._paths(self._sessions(plan.messages)),
            related=[_removed(one) for one in related],
        )

    def _memories_preview(self, ref: ProfileRef, wanted: PreviewRemoval) -> RemovalPreview:
        profile = self.opened(ref)
        found: list[Stored] = []
        for identifier in dict.fromkeys(wanted.ids or ()):
            stored = None if profile is None else profile.get(identifier)
            if stored is None:
                raise UnknownMemory(id=identifier, profile=ref)
            if stored.memory.read_only:
                raise Refused(
                    detail=f"{stored.path} says read_only: true.", hint="Remove that line from the file first."
                )
            found.append(stored)
        assert profile is not None  # noqa: S101 - there is an id, and it was found
        ids = {stored.memory.id for stored in found}
        only: Messages = self._deletion.only_used_by(profile, found) if wanted.action == "delete" else ()
        related = _related(ids, [stored.memory for stored in found], profile)
        return _preview(wanted.action, found, len(only), related, self._paths(self._sessions(only)))

    def _carrier(self, ref: ProfileRef) -> list[str]:
        """The project's own repository, if it carries the profile: its history is the user's."""
        carried = self.parts.carry.states.get(ref)
        return [] if carried is None else [str(carried.folder)]

    def _sessions(self, messages: Messages) -> set[SessionRef]:
        archived = (self.parts.journal.message(one, agent) for agent, one in messages)
        return {SessionRef(one.message.agent, one.message.session) for one in archived if one is not None}

    def _paths(self, sessions: Iterable[SessionRef]) -> list[str]:
        """The transcripts of sessions, as far as they still lie there."""
        rows = (self.parts.journal.session(ref) for ref in sessions)
        return sorted({path for row in rows if row is not None for path in row.paths if Path(path).exists()})


def _trashed(trash: Path) -> Iterator[Path]:
    """The profiles in the trash; a deleted namespace has them one level deeper."""
    for entry in sorted(trash.iterdir()) if trash.is_dir() else []:
        yield from (folder for folder in (entry, *sorted(entry.glob("*"))) if (folder / ".git").is_dir())


def _related(ids: Iterable[str], memories: Sequence[Memory], profile: Profile) -> list[Stored]:
    """Other versions of some memories."""
    wanted = set(ids)
    keys = sorted({memory.key for memory in memories if memory.key})
    found = {one.memory.id: one for key in keys for one in profile.versions(key)}
    return [found[name] for name in sorted(found.keys() - wanted)]


def _gone(memory: Memory, profile: Profile) -> RemovedMemory:
    stored = profile.get(memory.id)
    return _removed(stored) if stored is not None else _shape(memory, profile.ref, None)


def _removed(stored: Stored) -> RemovedMemory:
    return _shape(stored.memory, stored.profile, stored.path)


def _shape(memory: Memory, ref: ProfileRef, path: str | None) -> RemovedMemory:
    return RemovedMemory(
        id=memory.id,
        profile=ref.name,
        type=memory.type.value,
        status=memory.status.value,
        summary=memory.summary,
        path=path,
    )


def _preview(
    action: str, memories: Sequence[Stored], messages: int, related: Sequence[Stored], transcripts: Sequence[str]
) -> RemovalPreview:
    return RemovalPreview.model_validate(
        {
            "action": action,
            "memories": [_removed(one) for one in memories],
            "files": sorted(one.path for one in memories),
            "messages": messages,
            "commits": 0,
            "refs": [],
            "remotes": [],
            "transcripts": list(transcripts),
            "related": [_removed(one) for one in related],
        }
    )
