"""The memory tool of Anthropic's API, carried out on the memories of a profile.

What a model writes is a memory file like any other: redacted, committed, indexed, as an assistant's word.  Its text is
the file's body; blank lines at its head and white space at its end are not kept.  A file that a person has corrected,
or that says `read_only`, is read and not changed; what is deleted goes to the archive.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from sidecar.daemon import briefing, naming, toolfiles
from sidecar.daemon.desk import Desk
from sidecar.daemon.parts import Parts
from sidecar.daemon.takein import first_line
from sidecar.daemon.toolfiles import SUMMARY, File, ToolFault, Tree, parsed, spelled
from sidecar.errors import ChangedOnDisk, Refused
from sidecar.extract.suspicion import suspicion
from sidecar.files import inside, present_sha256
from sidecar.frontmatter import trimmed
from sidecar.identity import content_hash, encodable, memory_id
from sidecar.model import Add, Change, Memory, MemoryType, ProfileRef, Revise, Source, Status, Stored
from sidecar.records import dataclass
from sidecar.redact import redact
from sidecar.store import MAX_FILE_BYTES, Profile, WriteContext
from sidecar.wire.memorytool import MemoryTool, ToolResult

ORIGIN: Final = "memory_tool"
_WHY: Final = "an agent asked for it with the memory tool"
_DELETED: Final = "deleted with the memory tool"
_KIND: Final = MemoryType.FACT

_TEXT_BYTES: Final = MAX_FILE_BYTES - 16_384
"""Bytes of a text, so that the file with its front matter stays within its limit."""

_MARKS: Final = re.compile(r"^[\s#>*+-]+")
_SUMMARY_TOKENS: Final = 1_500
_AGAIN: Final = 3
"""How often a command is carried out anew when a file changes between reading and writing."""

_REDACTED: Final = "\nNote: what looked like a secret was left out."


@dataclass(frozen=True, slots=True)
class _Done:
    """What a command would change, and what the model is told once that is done."""

    text: str
    changes: Sequence[Change]


class MemoryToolDesk(Desk):
    """Serves the tool.  `by`: who learns here, as sources name it."""

    def __init__(self, parts: Parts, by: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(parts)
        self._by, self._clock = by, clock

    async def run(self, ref: ProfileRef, command: MemoryTool) -> ToolResult:
        """Carry out a command; when this returns it is on disk, and the index follows.

        What the model did wrong is in the answer.  Raises what the store raises where it cannot be written at all.
        """
        try:
            if command.command == "view":
                text = await self.read(self._view, ref, command)
            else:
                try:
                    text = await self.write(self._change, ref, command)
                finally:
                    self.parts.keeper.wrote(ref)  # what is refused may have found an edit that nobody had told of
        except ToolFault as fault:
            return ToolResult(content=str(fault), is_error=True)
        return ToolResult(content=text, is_error=False)

    # reading

    def _view(self, ref: ProfileRef, command: MemoryTool) -> str:
        path = command.text("path")
        parts = parsed(path)
        profile = self.opened(ref)
        memories = _living(profile)
        summary = self._summary(ref, memories) if parts in ((), (SUMMARY,)) else ""
        tree = Tree(memories, summary)
        file = tree.file(parts)
        if file is not None:
            return toolfiles.numbered(path, self._text(ref, file, summary), command.view_range)
        if not tree.is_folder(parts):
            raise ToolFault(f"The path {path} does not exist. Please provide a valid path.")
        return tree.listing(path.rstrip("/"), parts)

    def _text(self, ref: ProfileRef, file: File, summary: str) -> str:
        if file.stored is not None:
            return file.stored.memory.content
        return summary if file.shows is None else briefing.whole(ref.name, file.shows, self._clock())

    def _summary(self, ref: ProfileRef, memories: Sequence[Stored]) -> str:
        """What sidecar knows of the project beside the tool's own files, within a budget, as data."""
        known = [one for one in memories if one.memory.status is Status.ACTIVE and one.memory.tool_path is None]
        now = self._clock()
        room = briefing.Room(_SUMMARY_TOKENS, _SUMMARY_TOKENS * 4)
        came = {one.memory.id for one in known if one.arrived}
        shelf = briefing.shelve(known, now, lambda memory: memory.id in came)
        return briefing.summary(ref.name, [shelf], room, now, (), _SUMMARY_TOKENS).text

    # writing; in the writer thread

    def _change(self, ref: ProfileRef, command: MemoryTool) -> str:
        profile = self.opened(ref)
        if profile is None:
            self._planned(None, command)  # a command that does not work makes no profile
            naming.check_new_profile(self.parts.store, ref)
            profile = self.parts.learning.profile(ref)
        told = self._applied(profile, command, WriteContext(_WHY, command.session_id))
        profile.settle()
        self.parts.follow.note_change(ref)
        self.parts.follow.catch_up([ref], rescan=False)
        return told

    def _applied(self, profile: Profile, command: MemoryTool, context: WriteContext) -> str:
        """Plan and write, and plan anew where a hand was quicker."""
        for _ in range(_AGAIN):
            try:
                done = self._planned(profile, command)
                profile.apply(done.changes, context)
            except ChangedOnDisk:
                self.parts.follow.look_at(profile)
                profile.settle()
            except Refused as refused:
                raise ToolFault(f"Error: {refused.message}") from refused
            else:
                return done.text
        raise ToolFault("Error: The file was changed by somebody else just now. View it again.")

    def _planned(self, profile: Profile | None, command: MemoryTool) -> _Done:
        tree = Tree(_living(profile))
        match command.command:
            case "create":
                return self._create(profile, tree, command)
            case "delete":
                return self._delete(profile, tree, command.text("path"))
            case "rename":
                return self._rename(profile, tree, command.text("old_path"), command.text("new_path"))
            case _:
                return self._edit(profile, tree, command)

    def _create(self, profile: Profile | None, tree: Tree, command: MemoryTool) -> _Done:
        path = command.text("path")
        parts = parsed(path)
        if tree.file(parts) is not None or tree.is_folder(parts):
            raise ToolFault(f"Error: File {path} already exists")
        _refuse_blocked(tree, path, parts)
        _refuse_secret(path)
        content, note = _kept(path, command.text("file_text"))
        text = f"File created successfully at: {path}{note}"
        return _Done(text, [self._added(profile, parts, content, command.session_id)])

    def _added(self, profile: Profile | None, parts: tuple[str, ...], content: str, session: str | None) -> Change:
        """A new memory, or the archived one that said the same and was deleted with this tool."""
        tool_path = "/".join(parts)
        _refuse_forgotten(profile, content)  # first: a person may have had the same words forgotten elsewhere
        back = _deleted_before(profile, content)
        if back is not None:
            return Revise(back, {**_standing(content), "tool_path": tool_path}, _WHY)
        now = self._clock().replace(microsecond=0)
        observed = now
        while profile is not None and profile.get(memory_id(_KIND, content, observed)) is not None:
            observed += timedelta(seconds=1)
        source = Source(ORIGIN, session=session, speaker="assistant", by=self._by)
        identifier = memory_id(_KIND, content, observed)
        memory = Memory(identifier, _KIND, content, _summary(content), now, observed, source, tool_path=tool_path)
        return Add(memory.replace(**_standing(content)), _WHY)

    def _edit(self, profile: Profile | None, tree: Tree, command: MemoryTool) -> _Done:
        path = command.text("path")
        file = tree.file(parsed(path))
        if file is None:
            raise ToolFault(f"Error: The path {path} does not exist. Please provide a valid path.")
        target = _changeable(profile, file)
        before = target.memory.content
        if command.command == "insert":
            after = toolfiles.inserted(before, command.insert_line or 0, command.text("insert_text"))
            text, line = f"The file {path} has been edited.", None
        else:
            after, line = toolfiles.replaced(path, before, command.text("old_str"), command.text("new_str"))
            text = "The memory file has been edited. Here is the snippet showing the change (with line numbers):\n"
        content, note = _kept(path, after)
        text += ("" if line is None else toolfiles.snippet(content, line)) + note
        if content == before:
            return _Done(text, [])
        _refuse_forgotten(profile, content)
        standing = _standing(content)
        if target.memory.status is Status.PROPOSED:
            standing = {}  # once it waits, only a person can say that it need not
        return _Done(text, [Revise(target, {"content": content, "summary": _summary(content), **standing}, _WHY)])

    def _delete(self, profile: Profile | None, tree: Tree, path: str) -> _Done:
        parts = parsed(path)
        if not parts:
            raise ToolFault(f"Error: Cannot delete the {toolfiles.ROOT} directory itself")
        files = toolfiles.moved(tree, parts, parts).values()
        if not files:
            raise ToolFault(f"Error: The path {path} does not exist")
        fields = {"status": Status.FORGOTTEN, "reason": _DELETED}
        changes = [Revise(_changeable(profile, file), fields, _DELETED) for file in files]
        return _Done(f"Successfully deleted {path}", changes)

    def _rename(self, profile: Profile | None, tree: Tree, old_path: str, new_path: str) -> _Done:
        old, new = parsed(old_path), parsed(new_path)
        if not old:
            raise ToolFault(f"Error: Cannot rename the {toolfiles.ROOT} directory itself")
        files = toolfiles.moved(tree, old, new)
        if not files:
            raise ToolFault(f"Error: The path {old_path} does not exist")
        if tree.file(new) is not None or tree.is_folder(new):
            raise ToolFault(f"Error: The destination {new_path} already exists")
        if new[: len(old)] == old:
            raise ToolFault(f"Error: Cannot move {old_path} into itself")
        _refuse_blocked(tree, new_path, new)
        changes: list[Change] = []
        for parts, file in sorted(files.items()):
            parsed(spelled(parts))  # a longer name may make those below it too long
            _refuse_secret(spelled(parts))
            changes.append(Revise(_changeable(profile, file), {"tool_path": "/".join(parts)}, _WHY))
        return _Done(f"Successfully renamed {old_path} to {new_path}", changes)


def forget(profile: Profile, identifier: str, reason: str | None, context: WriteContext) -> Stored:
    """Forget a memory on request, in the writer thread; one that the tool has deleted may then not come back by it.

    Raises as `Profile.forget`, and `ChangedOnDisk`.
    """
    stored = profile.get(identifier)
    if stored is None or stored.memory.status is not Status.FORGOTTEN or not _is_tools_own(stored.memory):
        return profile.forget(identifier, reason, context)
    profile.apply([Revise(stored, {"reason": reason}, context.why)], context)
    return profile.get(identifier) or stored


def _living(profile: Profile | None) -> Sequence[Stored]:
    """What the tool may show and change; what others shared and waits for a person is not among it."""
    if profile is None:
        return []
    found = profile.memories(statuses=(Status.ACTIVE, Status.PROPOSED))
    came, holds = profile.arrivals.came, profile.arrivals.holds
    return [replace(one, arrived=came(one.memory)) for one in found if not holds(one.memory)]


def _kept(path: str, text: str) -> tuple[str, str]:
    """A text as it may be written, and what is to be said of it.  Raises ToolFault for one that no file can have."""
    found = redact(encodable(text).replace("\r\n", "\n"), spoken=True)
    content = trimmed(found.text)
    if not content:
        raise ToolFault(f"Error: The file {path} would be empty. Delete it, or give it some text.")
    size = len(content.encode())
    if size > _TEXT_BYTES:
        raise ToolFault(f"Error: The file {path} would have {size:,} bytes; {_TEXT_BYTES:,} is the most. Use several.")
    return content, _REDACTED if found.found else ""


def _summary(content: str) -> str:
    """The first line, without Markdown marks at its head; all of it if there is nothing but marks."""
    return first_line(_MARKS.sub("", content) or content)


def _standing(content: str) -> dict[str, object]:
    """What speaks to agents, or would do harm, waits for a person, and is not recalled before that."""
    why = suspicion(content)
    return {"status": Status.PROPOSED if why else Status.ACTIVE, "reason": why or None}


def _changeable(profile: Profile | None, file: File) -> Stored:
    """The memory of a file that the tool may change.  Raises ToolFault, and ChangedOnDisk if a hand was quicker."""
    path = spelled(file.parts)
    if profile is None or file.stored is None:
        raise ToolFault(f"Error: {path} is kept by sidecar and read-only here. Write to a file of your own.")
    if any(bad.path == file.stored.path for bad in profile.bad_files()):
        raise ToolFault(f"Error: {path} is broken at the moment; a person has to mend it. Write to another file.")
    if present_sha256(inside(profile.folder, file.stored.path)) != file.stored.sha256:
        raise ChangedOnDisk(path=file.stored.path)
    memory = file.stored.memory
    if memory.edited is not None or memory.read_only or memory.source.origin != ORIGIN:
        raise ToolFault(f"Error: {path} was written or corrected by a person and is read-only. Write to another file.")
    return file.stored


def _refuse_blocked(tree: Tree, path: str, parts: tuple[str, ...]) -> None:
    blocking = tree.blocked_by(parts)
    if blocking is not None:
        raise ToolFault(f"Error: {path} cannot be there: {spelled(blocking)} is a file")


def _refuse_secret(path: str) -> None:
    """A path stands in front matter and in git's history; what is refused is not repeated.  Raises ToolFault."""
    if naming.holds_secret(path):
        raise ToolFault("Error: The path holds what looks like a secret. Choose a path without it.")


def _deleted_before(profile: Profile | None, content: str) -> Stored | None:
    """The archived file of the tool that says the same, and that nobody but the tool has deleted."""
    gone = [] if profile is None else profile.memories(statuses=(Status.FORGOTTEN,))
    return next((one for one in gone if one.memory.content == content and _is_tools_own(one.memory)), None)


def _is_tools_own(memory: Memory) -> bool:
    mine = memory.source.origin == ORIGIN and memory.edited is None and not memory.read_only
    return mine and memory.reason == _DELETED


def _refuse_forgotten(profile: Profile | None, content: str) -> None:
    """A person's forgetting holds: the same words do not come back by way of a model.  Raises ToolFault."""
    if profile is None:
        return
    hashes = {content_hash(kind, content) for kind in MemoryType}
    named = [one.id for one in profile.tombstones().values() if one.content_hash in hashes]
    held = (profile.get(identifier) for identifier in named)
    if named and not all(one is not None and _is_tools_own(one.memory) for one in held):
        raise ToolFault("Error: The user had exactly this forgotten, so it is not kept again.")
