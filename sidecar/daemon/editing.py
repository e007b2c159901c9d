"""Changes of a single memory by request: of some of its keys and its words, or of its whole file by a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sidecar.daemon.desk import Desk
from sidecar.daemon.parts import Parts
from sidecar.daemon.takein import first_line, later_than_versions
from sidecar.errors import BadMemoryFile, ChangedOnDisk, UnknownMemory
from sidecar.files import inside, present_sha256, read_file
from sidecar.model import Memory, MemoryType, ProfileRef, Revise, Stored
from sidecar.redact import redact
from sidecar.store import MAX_FILE_BYTES, Profile, WriteContext
from sidecar.wire.edits import Patch

_AGAIN = 3
"""How often a change is tried anew when the file changes between reading and writing."""

_WHY = "changed on request"


class EditDesk(Desk):
    """Serves changes of single memories."""

    def __init__(self, parts: Parts, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(parts)
        self._clock = clock

    async def patch(self, ref: ProfileRef, identifier: str, patch: Patch) -> Stored:
        """Change a memory; the file is on disk and the index follows when this returns.

        Raises UnknownMemory, ChangedOnDisk if the file is not the one that was seen, Refused for a `read_only` one,
        and BadMemoryFile for a `text` that is no memory.
        """
        profile, _ = self.stored(ref, identifier)
        change = self._put if patch.text is not None else self._patch
        try:
            return await self.write(change, profile, identifier, patch)
        finally:
            self.parts.keeper.wrote(ref)  # what is refused may have found an edit that nobody had told of

    async def text(self, ref: ProfileRef, identifier: str) -> str:
        """The whole text of a memory's file as it lies there now.  Raises UnknownMemory, BadMemoryFile."""
        profile, stored = self.stored(ref, identifier)
        data = await self.read(read_file, inside(profile.folder, stored.path), MAX_FILE_BYTES)
        if data is None:
            raise UnknownMemory(id=identifier, profile=ref)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadMemoryFile(path=stored.path, at="", reason="it is not UTF-8") from error

    def _put(self, profile: Profile, identifier: str, patch: Patch) -> Stored:
        assert patch.text is not None  # noqa: S101 - the request has been checked
        assert patch.expected_sha256 is not None  # noqa: S101
        data = patch.text.encode("utf-8", "replace")
        return self._followed(profile, profile.put(identifier, data, patch.expected_sha256))

    def _patch(self, profile: Profile, identifier: str, patch: Patch) -> Stored:
        expected = patch.expected_sha256
        for attempt in range(_AGAIN):
            stored = self._present(profile, identifier, expected)
            fields = _fields(stored.memory, patch)
            if "content" in fields:
                memory, now = stored.memory.replace(**fields), self._clock().replace(microsecond=0)
                fields["edited"] = later_than_versions(now, profile, memory.key) if memory.key else now
            try:
                profile.apply([Revise(stored, fields, _WHY)], WriteContext(_WHY))
                break
            except ChangedOnDisk:
                found = profile.get(identifier)
                if attempt + 1 == _AGAIN or found is None:
                    raise
                if expected is not None and found.memory.replace(edited=stored.memory.edited) == stored.memory:
                    expected = found.sha256  # what was seen was a hand edit, which has only been marked as one
        return self._followed(profile, stored)

    def _followed(self, profile: Profile, stored: Stored) -> Stored:
        """The memory as it is once everything that follows from the change has been done."""
        self.parts.follow.note_change(profile.ref)
        self.parts.follow.catch_up([profile.ref], paths={profile.ref: [stored.path]})
        return profile.get(stored.memory.id) or stored

    def _present(self, profile: Profile, identifier: str, expected: str | None) -> Stored:
        """The memory as its file is now."""
        stored = profile.get(identifier)
        if stored is not None and present_sha256(inside(profile.folder, stored.path)) != stored.sha256:
            self.parts.follow.look_at(profile, [stored.path])
            profile.settle()
            stored = profile.get(identifier)
        if stored is None:
            raise UnknownMemory(id=identifier, profile=profile.ref)
        if any(bad.path == stored.path for bad in profile.bad_files()):
            hint = "Mend the file first, with `sidecar edit`; `sidecar doctor` says what is wrong with it."
            raise ChangedOnDisk(path=stored.path, hint=hint)
        if expected not in (None, stored.sha256):
            raise ChangedOnDisk(path=stored.path)
        return stored


def _fields(memory: Memory, patch: Patch) -> dict[str, object]:
    """The values that differ, by the names of a memory's fields; without secrets."""
    given: dict[str, object] = {
        name: getattr(patch, name) for name in ("pinned", "read_only") if getattr(patch, name) is not None
    }
    given |= {
        name: tuple(_clean(word) for word in words)
        for name in ("tags", "queries", "keywords")
        if (words := getattr(patch, name)) is not None
    }
    given |= {name: value or None for name in ("key", "occurred") if (value := getattr(patch, name)) is not None}
    if patch.type is not None:
        given["type"] = MemoryType(patch.type)
    if patch.summary is not None:
        given["summary"] = _clean(patch.summary)
    content = None if patch.content is None else _clean(patch.content).strip()
    if content is not None and content != memory.content:
        given = {"content": content, "summary": first_line(content), **given}
    return {name: value for name, value in given.items() if getattr(memory, name) != value}


def _clean(text: str) -> str:
    return redact(text, spoken=True).text
