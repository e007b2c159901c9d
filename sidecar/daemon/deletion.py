"""What goes by request: memories, sessions, profiles, namespaces, and what has vanished already.

Every method is one step of the writer thread, so that neither a request that is broken off nor a session that is being
extracted can leave half of it; it ends with the index in agreement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sidecar.daemon.parts import Parts
from sidecar.errors import Refused
from sidecar.ingest import PERSONAL
from sidecar.model import HTTP_AGENT, ProfileRef, Revise, SessionRef, Source, Stored
from sidecar.store import Profile, WriteContext

_SAID_ELSEWHERE: Final = "a session was deleted that had said it as well"


class Deletion:
    """Deletes, in the writer thread."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def namespace(self, name: str) -> None:
        """Move a namespace and its profiles to the trash."""
        parts = self._parts
        archived = {ref for ref in parts.journal.profile_counts() if ref.namespace == name}
        broken = {ref for ref in parts.store.broken() if ref.namespace == name}
        for ref in sorted(archived.union(broken, parts.store.profiles(name))):
            self._drop(ref)
        if parts.store.has_namespace(name):  # not if its folder had been removed already
            parts.store.delete_namespace(name, parts.trash)
        parts.follow.catch_up([])

    def profile(self, ref: ProfileRef) -> None:
        """Move a profile to the trash.  Its messages are not found any more, and no waiting job makes it again."""
        self._drop(ref)
        self._parts.follow.catch_up([])

    def session(self, ref: ProfileRef, session: str) -> None:
        """Delete a session of a profile: its messages, and what was learned from it alone, in `personal` too.

        What another session said as well is that one's from then on.

        Raises Refused, before anything is deleted, for a memory whose file says `read_only`.
        """
        parts = self._parts
        rows = self._rows(ref, session)
        learned = self._pairs(ref, session, rows)
        for _, stored in learned:
            if stored.memory.read_only:
                raise Refused(
                    detail=f"{stored.path} says read_only: true.", hint="Remove that line from the file first."
                )
        shared = self._shared(ref, session, rows)
        for home, stored, source in shared:
            home.apply([Revise(stored, {"source": source}, _SAID_ELSEWHERE)], WriteContext(why=_SAID_ELSEWHERE))
        for home, stored in learned:
            home.delete(stored.memory.id, WriteContext(why="its session was deleted"))
        for row in rows:
            parts.journal.remove_session(row)
        self._follow(*{home.ref for home, _ in learned}, *{home.ref for home, _, _ in shared})

    def memory(self, profile: Profile, identifier: str) -> Stored:
        """Delete a memory, and those of its source messages that no memory of any profile rests on."""
        stored = profile.delete(identifier, WriteContext(why="deleted on request"))
        only = [message for _, message in self.only_used_by(profile, [stored])]
        if only:
            self._parts.journal.remove_messages(stored.memory.source.agent, only, profile=profile.ref)
        self._follow(profile.ref)
        return stored

    def only_used_by(self, profile: Profile, memories: Sequence[Stored]) -> list[tuple[str | None, str]]:
        """The source messages, by agent and id, that no other memory of any profile rests on."""
        gone = {(profile.ref, stored.memory.id) for stored in memories}
        found: list[tuple[str | None, str]] = []
        for agent in dict.fromkeys(stored.memory.source.agent for stored in memories):
            # The ids of ingested messages count within one profile and the `personal` beside it.
            others = self._homes(profile.ref) if agent == HTTP_AGENT else self._parts.follow.profiles()
            used = {
                message
                for other in others
                for one in other.memories(statuses=None)
                if (other.ref, one.memory.id) not in gone
                for message in one.memory.source.messages
            }
            sources = (stored.memory.source for stored in memories if stored.memory.source.agent == agent)
            messages = dict.fromkeys(message for source in sources for message in source.messages)
            found += [(agent, message) for message in messages if message not in used]
        return found

    def of_session(self, ref: ProfileRef, session: str) -> tuple[list[tuple[Profile, Stored]], int, list[SessionRef]]:
        """What deleting a session takes away: the memories with their profiles, and how many messages of which rows."""
        rows = self._rows(ref, session)
        messages = sum(len(self._parts.journal.messages(row)) for row in rows)
        return self._pairs(ref, session, rows), messages, rows

    def accept(self, ref: ProfileRef) -> None:
        """What has vanished from a profile is meant to be gone.  Raises NotFound."""
        if self._parts.store.accept(ref, self._parts.trash) is None:
            self._parts.follow.forget(ref)
            self._parts.follow.catch_up([])
        else:
            self._follow(ref)

    def _rows(self, ref: ProfileRef, session: str) -> list[SessionRef]:
        rows = self._parts.journal.sessions()
        return [row.ref for row in rows if row.ref.session == session and row.profile == ref]

    def _pairs(self, ref: ProfileRef, session: str, rows: list[SessionRef]) -> list[tuple[Profile, Stored]]:
        """What was learned from a session alone."""
        found = [(home, stored) for home in self._homes(ref) for stored in self._learned(home, ref, session, rows)]
        spoken = self._spoken(rows)
        return [(home, stored) for home, stored in found if self._elsewhere(stored, spoken) is None]

    def _shared(self, ref: ProfileRef, session: str, rows: list[SessionRef]) -> list[tuple[Profile, Stored, Source]]:
        """What was learned from a session and from another, with its source as it is without the first."""
        spoken = self._spoken(rows)
        return [
            (home, stored, source)
            for home in self._homes(ref)
            for stored in self._learned(home, ref, session, rows)
            if not stored.memory.read_only and (source := self._elsewhere(stored, spoken)) is not None
        ]

    def _elsewhere(self, stored: Stored, spoken: set[str]) -> Source | None:
        """The source of a memory without some messages; None if no message is left that the archive still has."""
        source = stored.memory.source
        rest = tuple(message for message in source.messages if message not in spoken)
        kept = (self._parts.journal.message(message, source.agent) for message in rest)
        first = next((one for one in kept if one is not None), None)
        return None if first is None else replace(source, session=first.message.session, messages=rest)

    def _spoken(self, rows: list[SessionRef]) -> set[str]:
        return {found.message.id for row in rows for found in self._parts.journal.messages(row)}

    def _drop(self, ref: ProfileRef) -> None:
        parts = self._parts
        if ref in parts.store.broken() or ref in parts.store.profiles(ref.namespace):
            parts.store.delete_profile(ref, parts.trash)
        parts.journal.remove_profile(ref)
        parts.router.forget(ref)
        parts.follow.forget(ref)

    def _follow(self, *refs: ProfileRef) -> None:
        for ref in sorted(refs):
            self._parts.follow.note_change(ref)
        self._parts.follow.catch_up(refs)

    def _homes(self, ref: ProfileRef) -> list[Profile]:
        """Where memories of a profile's sessions may lie: there, and in `personal`."""
        wanted = {ref, ProfileRef(ref.namespace, PERSONAL)}
        return [profile for profile in self._parts.follow.profiles() if profile.ref in wanted]

    def _learned(self, home: Profile, ref: ProfileRef, session: str, rows: list[SessionRef]) -> list[Stored]:
        """The memories in `home` that were learned from the session of this name in the profile `ref`.

        Names of sessions are unique only for an agent, those of clients only within a profile.
        """
        agents, spoken = {row.agent for row in rows}, self._spoken(rows)
        return [
            stored
            for stored in home.memories(statuses=None)
            if (source := stored.memory.source).session == session
            and (
                source.agent in agents and not spoken.isdisjoint(source.messages)
                if home.ref != ref
                else source.agent is None or not agents or source.agent in agents
            )
        ]
