"""Taking a commit back by a new one: memory by memory, so that it does not matter where a file lies by now.

Of each memory three states are known: `before` the commit, `after` it, and `now`.  Where nothing has happened since,
`before` comes back; where something has, the two are joined line by line, or the whole undo is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Final

from sidecar.errors import FileSystemFailed, GitFailed, NothingToUndo, NotUndoable, UndoConflict, UnknownRevision
from sidecar.files import ABSENT, sha256_of
from sidecar.frontmatter import Document, parse
from sidecar.git import Git, Trees
from sidecar.git import past as gitpast
from sidecar.model import Memory
from sidecar.records import dataclass
from sidecar.store import purges
from sidecar.store.adoption import ADOPTION
from sidecar.store.changes import refuse_if_vanished
from sidecar.store.committing import AFTER_REMOVAL, commit
from sidecar.store.core import Core
from sidecar.store.healing import HEALING, settle
from sidecar.store.layout import PROFILE_FILE, PURGES_FILE, is_memory_path, tombstone_path
from sidecar.store.marking import AFTER_EDIT
from sidecar.store.words import KEYS_SETTLED, OTHERS_SHARED, Undone, WriteContext
from sidecar.store.worktree import head_of, is_merging

_FOLLOWS: Final = frozenset(f"Why: {one.why}" for one in (AFTER_EDIT, AFTER_REMOVAL, HEALING, ADOPTION, KEYS_SETTLED))
"""The reasons of commits that only draw a conclusion from the one before them: they are undone together with it."""

_JOINS: Final = f"Why: {OTHERS_SHARED.why}"

_ABOUT_THE_PROFILE: Final = frozenset({PROFILE_FILE, PURGES_FILE})
"""Never taken back: what the profile is, and what has left its history for good."""

_SHORT: Final = 10


@dataclass(frozen=True, slots=True)
class _File:
    """A file of one of the states."""

    path: str
    data: bytes


@dataclass(slots=True)
class _Unit:
    """A memory, or a file that is none, in the states before and after."""

    identifier: str | None
    before: _File | None = None
    after: _File | None = None

    @property
    def path(self) -> str:
        """Where it was last."""
        known = self.after or self.before
        assert known is not None  # noqa: S101 - made only for a file that is in one of the two trees
        return known.path


@dataclass(frozen=True, slots=True)
class _Step:
    """What becomes of a file: `now` gives way to `wanted`."""

    unit: _Unit
    now: _File | None
    wanted: _File | None


@dataclass(frozen=True, slots=True)
class _Span:
    """The commits that are taken back: all behind `base` up to `tip`; `first` is the one that was named."""

    first: gitpast.Step
    base: str
    tip: str
    commits: tuple[str, ...] = field(default=())


def undo(core: Core, name: str | None) -> Undone:
    """Take a commit back (None: the last one), with what merely followed from it; nothing of it happens on an error.

    Raises `UnknownRevision`, `NotUndoable` for what no undo can mean, `UndoConflict` where later changes stand in the
    way, `NothingToUndo`, and `GitFailed` while HEAD is detached or a merge goes on.
    """
    refuse_if_vanished(core)
    if not head_of(core.folder).startswith("ref:") or is_merging(core.folder):
        raise GitFailed(command="undo", folder=core.folder, stderr="no branch is checked out, or a merge is going on")
    commit(core, None)
    span = _span(core, name)
    steps = list(_planned(core, span))
    if not steps:
        raise NothingToUndo(commit=span.first.commit[:_SHORT])
    context = WriteContext(f"undone on request: {' '.join(span.commits)}")
    core.history.explain(context, f"Undo {span.first.commit[:_SHORT]}: {span.first.subject}")
    core.history.mention(context, [step.unit.identifier for step in steps if step.unit.identifier is not None])
    for step in sorted(steps, key=lambda step: (step.wanted is None, step.unit.path)):
        _run(core, step, context)
    (made,) = core.history.commit_pending()
    settle(core)
    core.history.commit_pending()
    memories = tuple(sorted({step.unit.identifier for step in steps if step.unit.identifier is not None}))
    return Undone(made, span.commits, memories, tuple(sorted(step.unit.path for step in steps)))


def _span(core: Core, name: str | None) -> _Span:
    git = core.history.git
    if name is None:
        first = _last_cause(git)
    else:
        found = gitpast.find_commit(git, name)
        if found is None:
            raise UnknownRevision(name=name, profile=core.ref)
        first = gitpast.step_of(git, found)
    base = gitpast.first_parent(git, first.commit)
    if base is None:
        raise NotUndoable(commit=first.commit[:_SHORT], why="the profile began with it")
    try:
        later = gitpast.line_from(git, first.commit)
    except GitFailed as error:
        raise NotUndoable(commit=first.commit[:_SHORT], why="it is not part of what is checked out") from error
    follows = [] if _follows(first) else _leading(later)
    commits = (first.commit, *(step.commit for step in follows))
    return _Span(first, base, commits[-1], commits)


def _last_cause(git: Git) -> gitpast.Step:
    """The last commit that does not merely follow from another one.

    Nor a merge with what others have shared: it comes in the background, between a person's act and their undo, and to
    take it back would forget for everybody what they have learned.
    """
    commit = git.head()
    while commit is not None:
        step, parents = gitpast.step_of(git, commit), gitpast.parents(git, commit)
        if not (_follows(step) or (len(parents) > 1 and _JOINS in step.message.splitlines())):
            return step
        commit = next(iter(parents), None)
    raise NothingToUndo(commit="an empty history")


def _leading(later: list[gitpast.Step]) -> list[gitpast.Step]:
    end = next((number for number, step in enumerate(later) if not _follows(step)), len(later))
    return later[:end]


def _follows(step: gitpast.Step) -> bool:
    ours = step.name == "sidecar" and step.email.startswith("sidecar@")
    return ours and not _FOLLOWS.isdisjoint(step.message.splitlines())


def _planned(core: Core, span: _Span) -> Iterator[_Step]:
    """What has to happen to files; raises `UndoConflict` if anything stands in the way of any of it."""
    conflicts: list[str] = []
    kept = _graves_of_purges(core)
    for unit in _units(core.history.git, span):
        now = _now(core, unit)
        if now == unit.before or unit.path in kept:
            continue
        try:
            wanted = _wanted(core, unit, now)
            if wanted != now:  # else a later change has taken it back already
                yield _Step(unit, now, wanted)
        except _Conflict:
            later = gitpast.touching(core.history.git, span.tip, [unit.path, *([now.path] if now else [])])
            since = f" (since then {', '.join(one[:_SHORT] for one in later[:3])})" if later else ""
            conflicts.append(f"{unit.path}{since}")
    if conflicts:
        raise UndoConflict(commit=span.first.commit[:_SHORT], paths=", ".join(conflicts))


def _graves_of_purges(core: Core) -> set[str]:
    """The tombstones that no undo lifts: what was purged stays forgotten."""
    data = core.disk.read(PURGES_FILE)
    ids = [one for purge in purges.lying(core.ref, Trees(core.folder), data) for one in purge.ids]
    return {tombstone_path(one, private=private) for one in ids for private in (False, True)}


class _Conflict(Exception):
    """What was changed and what was changed since do not go together."""


def _wanted(core: Core, unit: _Unit, now: _File | None) -> _File | None:
    """What is to be in the place of what is now."""
    if now == unit.after:
        return unit.before
    if unit.before is None and now is None:
        return None
    if unit.before is None or unit.after is None or now is None:
        raise _Conflict
    data = gitpast.merged(core.history.git, unit.after.data, now.data, unit.before.data)
    if data is None or (is_memory_path(now.path) and not isinstance(parse(data), Document)):
        raise _Conflict
    return _File(unit.before.path if now.path == unit.after.path else now.path, data)


def _run(core: Core, step: _Step, context: WriteContext) -> None:
    """A new version is there before the old one goes, and a tombstone before what it stands for."""
    now, wanted = step.now, step.wanted
    if wanted is None:
        gone = None if now is None or step.unit.identifier is None else _memory(now.data)
        if gone is not None:
            core.disk.bury(gone, core.now(), context, private=False)
    elif now is not None and now.path == wanted.path:
        core.disk.write(wanted.path, wanted.data, sha256_of(now.data), context)
        return
    else:
        core.disk.write(core.disk.free(wanted.path), wanted.data, ABSENT, context)
    if now is not None:
        core.disk.remove(now.path, sha256_of(now.data), context)


def _now(core: Core, unit: _Unit) -> _File | None:
    """The present state of a unit, wherever it lies."""
    stored = None if unit.identifier is None else core.catalog.chosen(unit.identifier)
    path = unit.path if stored is None else stored.path
    try:
        data = core.disk.read(path)
    except FileSystemFailed as error:
        raise NotUndoable(commit=unit.path, why=f"the file {path} {error.fields['why']}") from error
    return None if data is None else _File(path, data)


def _units(git: Git, span: _Span) -> list[_Unit]:
    """What the commits changed, the two ends of a move as one."""
    changes = [one for one in gitpast.changes(git, span.base, span.tip) if one.path not in _ABOUT_THE_PROFILE]
    data = gitpast.blobs(git, [name for one in changes for name in (one.before, one.after) if name is not None])
    units: dict[str, _Unit] = {}
    for change in changes:
        before = None if change.before is None else _File(change.path, data[change.before])
        after = None if change.after is None else _File(change.path, data[change.after])
        identifier = next((found for found in (_identifier(after), _identifier(before)) if found is not None), None)
        unit = units.get(identifier or "")
        if identifier is None or (unit and ((unit.before and before) or (unit.after and after))):
            units[f"/{change.path}"] = _Unit(None, before, after)  # no memory, or a copy beside one
        elif unit is None:
            units[identifier] = _Unit(identifier, before, after)
        else:
            unit.before, unit.after = unit.before or before, unit.after or after
    return [units[name] for name in sorted(units)]


def _identifier(file: _File | None) -> str | None:
    if file is None or not is_memory_path(file.path):
        return None
    document = parse(file.data)
    found = document.fields.get("id") if isinstance(document, Document) else None
    return found if isinstance(found, str) else None


def _memory(data: bytes) -> Memory | None:
    document = parse(data)
    return document.memory() if isinstance(document, Document) and not document.missing else None
