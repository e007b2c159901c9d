"""Changes on their way into git: ours with the reason why, then the user's alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from datetime import datetime
from typing import Final

from sidecar.errors import GitFailed
from sidecar.frontmatter import Document, parse
from sidecar.git import Git, Identity, LogEntry
from sidecar.git import past as gitpast
from sidecar.git.rewrite import SHARED
from sidecar.records import dataclass
from sidecar.store.layout import is_private
from sidecar.store.words import WriteContext

_SUBJECT_LENGTH: Final = 72
_LISTED: Final = 50
"""Lines in the body of a commit message; the trailers name every memory in any case."""

_REMOTE: Final = "sidecar.remote"
"""The setting of the repository that a shared profile has."""

_COMMITS_BETWEEN_COLLECTIONS: Final = 40
"""Fewer than the 50 packs beyond which `git gc --auto` would write all of them anew; asking costs two processes."""


@dataclass(slots=True, eq=False)
class _Group:
    """What one cause has written since the last commit: the very bytes, so that a later edit cannot get into it.

    `tied`: another one has one of its paths, so that the two must stay in their order.
    """

    context: WriteContext
    tied: bool = False
    files: dict[str, bytes | None] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    memories: dict[str, None] = field(default_factory=dict)


class History:
    """The git side of a profile."""

    def __init__(self, git: Git, clock: Callable[[], datetime], step: Callable[[str], None]) -> None:
        self.git = git
        self._clock, self._step = clock, step
        self._pending: list[_Group] = []
        self._commits = 0
        self._latest: str | None = None

    def record(self, context: WriteContext, path: str, data: bytes | None) -> None:
        """We have written these bytes (None: taken the file away); private files never get here."""
        if is_private(path):
            return
        group = self._group(context)
        for other in self._pending[:-1]:
            if path in other.files:
                other.tied = group.tied = True
        group.files[path] = data

    def explain(
        self, context: WriteContext, line: str, identifier: str | None = None, *, private: bool = False
    ) -> None:
        """A line for the commit message, and the memory that it is about; of private ones git is told nothing."""
        if private:
            return
        group = self._group(context)
        group.lines.append(" ".join(line.split()))
        if identifier is not None:
            group.memories[identifier] = None

    def mention(self, context: WriteContext, identifiers: Iterable[str]) -> None:
        """Memories that the commit is about as well."""
        self._group(context).memories.update(dict.fromkeys(identifiers))

    def commit_pending(self) -> list[str]:
        """Commit what was recorded, one commit a cause, in the order in which they ended."""
        made: list[str] = []
        while self._pending:
            group = self._pending[0]
            message = self._message(group.context.why, group.lines, group.memories, group.context)
            made += self._commit(group.files, message, self.git.machine_identity)
            del self._pending[0]
        return made

    def commit_recovered(self, files: Mapping[str, bytes | None], why: str) -> list[str]:
        """Commit what we had written before an interruption, the reasons of which are lost."""
        if not files:
            return []
        lines = [f"{_verb(data)} {path}" for path, data in sorted(files.items())]
        message = self._message(why, lines, _ids(files), None)
        return self._commit(files, message, self.git.machine_identity)

    def commit_users(self, files: Mapping[str, bytes | None], gone: Iterable[str] = ()) -> list[str]:
        """Commit a person's own changes, under the person's name."""
        if not files:
            return []
        lines = [f"{_verb(data)} {path} by hand" for path, data in sorted(files.items())]
        memories = {**_ids(files), **dict.fromkeys(sorted(gone))}
        return self._commit(files, _message("edited by hand", lines, memories, None), self.git.user_identity())

    def take_latest(self) -> str | None:
        """The latest commit made since this was asked last, if there is one."""
        latest, self._latest = self._latest, None
        return latest

    def log(self, identifier: str | None, paths: Sequence[str], limit: int | None) -> list[LogEntry]:
        """Commits from the newest back: all, or those about one memory."""
        if identifier is None:
            return self.git.log(limit=limit)
        named = self.git.log(mentions=f"Memory-Id: {identifier}", limit=limit)
        touching = self.git.log(paths, limit=limit) if paths else []
        found = {entry.commit: entry for entry in [*named, *touching]}
        if not found:  # as before the first commit, which has no line to follow either
            return []
        ordered = [found[commit] for commit in gitpast.line(self.git) if commit in found]
        return ordered if limit is None else ordered[:limit]

    def pushed(self, entries: Iterable[LogEntry]) -> dict[str, str]:
        """Who pushed those of some commits that were pushed, by commit: the person on whose machine each was made."""
        own = gitpast.beyond(self.git, SHARED)
        return {} if own is None else {entry.commit: entry.pushed_by for entry in entries if entry.commit not in own}

    def _message(self, why: str, lines: Sequence[str], memories: Iterable[str], context: WriteContext | None) -> str:
        """Of a shared profile it also says whose machine this is, as the author is but the machine."""
        shared = self.git.setting(_REMOTE) is not None
        who = " ".join(self.git.user_identity().name.split()) if shared else None
        return _message(why, lines, memories, context, who)

    def _group(self, context: WriteContext) -> _Group:
        """Where this cause's next change belongs: sessions that take turns make one commit each, and not one a turn.

        What a cause has written already comes later then; not so where it and another have written the same path.
        """
        if self._pending and self._pending[-1].context == context:
            return self._pending[-1]
        group = next((one for one in self._pending if one.context == context and not one.tied), None)
        if group is None:
            group = _Group(context)
        else:
            self._pending.remove(group)
        self._pending.append(group)
        return group

    def _commit(self, files: Mapping[str, bytes | None], message: str, author: Identity) -> list[str]:
        self._step("commit")
        made = self.git.commit(files, message, author, self._clock())
        self._step("committed")
        if made is None:
            return []
        self._commits, self._latest = self._commits + 1, made
        if self._commits % _COMMITS_BETWEEN_COLLECTIONS == 0:
            with suppress(GitFailed):  # interrupted or in somebody's way; the commit is made, and it is tried again
                self.git.collect_garbage()
        return [made]


def _verb(data: bytes | None) -> str:
    return "Remove" if data is None else "Change"


def _ids(files: Mapping[str, bytes | None]) -> dict[str, None]:
    documents = (parse(data) for _, data in sorted(files.items()) if data is not None)
    found = (document.fields.get("id") for document in documents if isinstance(document, Document))
    return {identifier: None for identifier in found if isinstance(identifier, str)}


def _message(
    why: str, lines: Sequence[str], memories: Iterable[str], context: WriteContext | None, who: str | None = None
) -> str:
    """Subject, what changed line by line, trailers."""
    subject = lines[0] if len(lines) == 1 else f"{len(lines)} changes: {why}"
    if len(subject) > _SUBJECT_LENGTH:
        subject = subject[: _SUBJECT_LENGTH - 1].rstrip() + "…"
    shown = [f"- {line}" for line in lines[:_LISTED]]
    if len(lines) > _LISTED:
        shown.append(f"- and {len(lines) - _LISTED} more")
    trailers = [f"Memory-Id: {identifier}" for identifier in memories]
    if context is not None and context.session:
        trailers.append(f"Session: {' '.join(context.session.split())}")
    if context is not None and context.agent:
        trailers.append(f"Agent: {' '.join(context.agent.split())}")
    if who:
        trailers.append(f"Pushed-By: {who}")
    parts = [subject, "\n".join([f"Why: {why}", *shown]), "\n".join(trailers)]
    return "\n\n".join(part for part in parts if part) + "\n"
