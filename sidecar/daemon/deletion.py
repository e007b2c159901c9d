"""What goes by request: memories, sessions, profiles, namespaces, and what has vanished already.

Every method is one step of the writer thread, so that neither a request that is broken off nor a session that is being
extracted can leave half of it; it ends with the index in agreement.
"""

from __future__ import annotations

from sidecar.daemon.parts import Parts
from sidecar.errors import Refused
from sidecar.ingest import PERSONAL
from sidecar.model import HTTP_AGENT, ProfileRef, SessionRef, Stored
from sidecar.store import Profile, WriteContext


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
        """Delete a session of a profile: its messages, and what was learned from it, in `personal` too.

        Raises Refused, before anything is deleted, for a memory whose file says `read_only`.
        """
        parts = self._parts
        rows = [row.ref for row in parts.journal.sessions() if row.ref.session == session and row.profile == ref]
        learned = [(home, stored) for home in self._homes(ref) for stored in self._learned(home, ref, session, rows)]
        for _, stored in learned:
            if stored.memory.read_only:
                raise Refused(
                    detail=f"{stored.path} says read_only: true.", hint="Remove that line from the file first."
                )
        for home, stored in learned:
            home.delete(stored.memory.id, WriteContext(why="its session was deleted"))
        for row in rows:
            parts.journal.remove_session(row)
        self._follow(*{home.ref for home, _ in learned})

    def memory(self, profile: Profile, identifier: str) -> Stored:
        """Delete a memory, and those of its source messages that no memory of any profile rests on."""
        stored = profile.delete(identifier, WriteContext(why="deleted on request"))
        source = stored.memory.source
        # The ids of ingested messages count within one profile and the `personal` beside it.
        others = self._homes(profile.ref) if source.agent == HTTP_AGENT else self._parts.follow.profiles()
        used = {m for other in others for one in other.memories(statuses=None) for m in one.memory.source.messages}
        only = [message for message in source.messages if message not in used]
        if only:
            self._parts.journal.remove_messages(source.agent, only, profile=profile.ref)
        self._follow(profile.ref)
        return stored

    def accept(self, ref: ProfileRef) -> None:
        """What has vanished from a profile is meant to be gone.  Raises NotFound."""
        if self._parts.store.accept(ref, self._parts.trash) is None:
            self._parts.follow.forget(ref)
            self._parts.follow.catch_up([])
        else:
            self._follow(ref)

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
        agents = {row.agent for row in rows}
        spoken = {found.message.id for row in rows for found in self._parts.journal.messages(row)}
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
