"""Forgetting for good: memories leave the tree and every commit that any ref leads to.

    plan      what would go; nothing is changed
    begin     note what is to go, where an interruption finds it again
    finish    take the files away and commit; write the history anew; let the refs point to it; record it in
              `purges.yaml`; forget the old commits.  Each step may be repeated.
    end       the note goes; only then is the purge over

The tombstones stay, and so do the ids in the messages of commits: neither says anything of the content.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from sidecar.errors import FormatTooNew, PurgeImpossible, Refused, UnknownMemory
from sidecar.files import ABSENT, inside, read_file, remove_durably, sha256_of, write_durably
from sidecar.frontmatter import Document, parse
from sidecar.git import Git, Trees
from sidecar.git import rewrite as gitrewrite
from sidecar.identity import normalized
from sidecar.model import Memory
from sidecar.records import dataclass
from sidecar.store import purges
from sidecar.store.changes import refuse_if_vanished
from sidecar.store.committing import commit
from sidecar.store.core import Core
from sidecar.store.layout import (
    MAX_FILE_BYTES,
    PRIVATE_PURGES_FILE,
    PURGES_FILE,
    SUMMARY_FILE,
    is_memory_path,
    is_private,
)
from sidecar.store.scan import scan
from sidecar.store.words import WriteContext
from sidecar.store.worktree import head_of, is_merging

_NOTE: Final = "sidecar-purge.json"
_FORMAT: Final = 1
_MOST_BYTES: Final = 64 * 1024 * 1024
_CONTEXT: Final = WriteContext("purged on request")
_REWORDED: Final = b"A change whose words were purged"
_PATIENCE_SECONDS: Final = 600.0
"""For the git commands of a purge that was killed: they go on without us, a repacking for minutes."""

_TELLING: Final = 12
"""Characters from which a name is looked for in the messages of commits: shorter ones stand everywhere."""


@dataclass(frozen=True, slots=True)
class PurgePlan:
    """What a purge takes away.

    `ids`: those that were named, and others that say the same words.  `memories`: their last versions.  `paths`: where
    their files lie or lay.  `commits`: how many are written anew.  `remotes`: what other places still have, as far as
    this one knows.  `messages`: agent and id of every message that any version was learned from.
    """

    ids: tuple[str, ...]
    memories: tuple[Memory, ...]
    paths: tuple[str, ...]
    commits: int
    refs: tuple[str, ...]
    remotes: tuple[str, ...]
    messages: tuple[tuple[str | None, str], ...]
    contents: tuple[str, ...] = field(repr=False, default=())


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge did; `remaining` are objects with the words that git did not let go of."""

    ids: tuple[str, ...]
    old: str
    new: str
    commits: int
    remotes: tuple[str, ...]
    remaining: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A purge that has begun: what an interruption must not lose.

    `moves`: refs with the targets that they leave and get; `tips`: commits that others may know, and their new names.
    """

    ids: tuple[str, ...]
    messages: tuple[tuple[str | None, str], ...]
    time: str
    moves: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    tips: tuple[tuple[str, str], ...] = ()
    stash: tuple[str, ...] = ()
    remotes: tuple[str, ...] = ()
    commits: int = 0
    objects: tuple[str, ...] = ()


@dataclass(slots=True)
class _Traces:
    """Where memories are in a history: `files` as path and object, with what was read there."""

    ids: set[str]
    files: set[tuple[str, str]] = field(default_factory=set)
    memories: dict[str, list[Memory]] = field(default_factory=dict)


def plan(core: Core, identifiers: Iterable[str]) -> PurgePlan:
    """What would go, also of memories that have left the tree.

    Raises `UnknownMemory`, `PurgeImpossible`, and `Refused` for a file that says `read_only`.
    """
    _refuse(core)
    git, ids = core.history.git, tuple(dict.fromkeys(identifiers))
    seen = gitrewrite.survey(git)
    traces = _traces(git, seen, ids, _in_the_tree(core.folder))
    for identifier in ids:
        if identifier not in traces.memories:
            raise UnknownMemory(id=identifier, profile=core.ref)
    lying = _lying(core.folder, traces.ids)
    for path in lying:
        stored = core.catalog.entries[path].stored if path in core.catalog.entries else None
        if stored is not None and stored.memory.read_only:
            raise Refused(detail=f"{path} says read_only: true.", hint="Remove that line from the file first.")
    anew = set(gitrewrite.affected(git, seen, frozenset(traces.files), _reworder(traces)))
    moving = [ref for ref in seen.refs if ref.commit in anew]
    versions = [memory for held in traces.memories.values() for memory in held]
    return PurgePlan(
        ids=tuple(sorted(traces.ids)),
        memories=tuple(traces.memories[one][-1] for one in sorted(traces.memories)),
        paths=tuple(sorted({*lying, *(path for path, _ in traces.files)})),
        commits=len(anew),
        refs=tuple(sorted(ref.name for ref in moving if not ref.tracking)),
        remotes=_shown(ref.name for ref in moving if ref.remote),
        messages=tuple(sorted({(m.source.agent, one) for m in versions for one in m.source.messages}, key=str)),
        contents=tuple(dict.fromkeys(memory.content for memory in versions)),
    )


def held(core: Core, identifiers: Iterable[str]) -> tuple[str, ...]:
    """Those of some ids of which the tree or the history has a file; sorted."""
    ids = set(identifiers)
    lying = {memory.id for _, memory in _in_the_tree(core.folder)}
    files = [blob for path, blob in gitrewrite.survey(core.history.git).files() if is_memory_path(path)]
    written = {_told(data)[0] for _, data in gitrewrite.each_blob(core.history.git, files)}
    return tuple(sorted(ids & (lying | written)))


def begin(core: Core, wanted: PurgePlan) -> None:
    """From here on an interrupted purge is finished, not forgotten."""
    _save(core, Note(wanted.ids, wanted.messages, core.now().isoformat()))


def begun(folder: Path) -> bool:
    """Whether a purge of the profile of a folder has begun and is not over; costs a stat."""
    return (folder / ".git" / _NOTE).exists()


def unfinished(core: Core) -> Note | None:
    """The purge that has begun and is not over.  Raises `FormatTooNew`."""
    data = read_file(_place(core), _MOST_BYTES)
    if data is None:
        return None
    held = json.loads(data)
    if held["format"] > _FORMAT:
        raise FormatTooNew(path=_NOTE, found=held["format"], known=_FORMAT)
    return Note(
        ids=tuple(held["ids"]),
        messages=tuple((agent, one) for agent, one in held["messages"]),
        time=held["time"],
        moves={name: (old, new) for name, (old, new) in held["moves"].items()},
        tips=tuple((old, new) for old, new in held["tips"]),
        stash=tuple(held["stash"]),
        remotes=tuple(held["remotes"]),
        commits=held["commits"],
        objects=tuple(held["objects"]),
    )


def finish(core: Core) -> Purged:
    """Do, or go on doing, what `begin` has noted; returns what came of it."""
    note = unfinished(core)
    if note is None:
        raise PurgeImpossible(profile=core.ref, why="none has begun")
    _refuse(core)
    with core.history.git.alone(_PATIENCE_SECONDS):
        return _finished(core, note)


def _finished(core: Core, note: Note) -> Purged:
    git = core.history.git
    note = _leave_the_tree(core, note)
    core.disk.pause("rewrite")
    if not (note.moves and gitrewrite.move(git, note.moves)):  # also if a ref has moved on since it was noted
        note = _write_anew(core, note)
        core.disk.pause("move")
        if not gitrewrite.move(git, note.moves):
            raise PurgeImpossible(profile=core.ref, why="somebody else is changing its branches")
    core.disk.pause("moved")
    gitrewrite.restash(git, note.stash)
    gitrewrite.drop(git, [name for name in note.remotes if name.startswith(gitrewrite.REMOTES) and name in _names(git)])
    _record(core, note)
    core.disk.pause("bury")
    gitrewrite.bury(git)
    old, new = note.tips[0] if note.tips else ("", git.head() or "")
    return Purged(note.ids, old, new, note.commits, _shown(note.remotes), tuple(gitrewrite.present(git, note.objects)))


def end(core: Core) -> None:
    """The purge is over."""
    core.disk.pause("end")
    remove_durably(_place(core), root=core.folder)


def purge_folder(folder: Path, ids: Sequence[str]) -> bool:
    """Take memories out of a profile that nobody has open, such as one in the trash; whether any were there.

    Not guarded against interruptions: it is repeated as a whole.
    """
    git = Git(folder, socket.gethostname())
    if not git.is_repo():
        return False
    seen = gitrewrite.survey(git)
    traces = _traces(git, seen, ids, _in_the_tree(folder))
    lying = _lying(folder, traces.ids)
    if not traces.files and not lying:
        return False
    for path in (*lying, SUMMARY_FILE):
        remove_durably(inside(folder, path), root=folder)
    made = gitrewrite.rewrite(git, seen, frozenset(traces.files), _reworder(traces))
    gitrewrite.move(git, made.refs)
    gitrewrite.restash(git, made.stash)
    gitrewrite.drop(git, [ref.name for ref in made.remotes if ref.tracking])
    if git.head() is not None:
        git.run("read-tree", "HEAD")
    gitrewrite.bury(git)
    return True


def _refuse(core: Core) -> None:
    refuse_if_vanished(core)
    folder = core.folder / ".git"
    reasons = {
        "no branch is checked out": not head_of(core.folder).startswith("ref:"),
        "a merge or rebase is going on": is_merging(core.folder),
        "other work trees hang on its repository": any((folder / "worktrees").glob("*")),
        "its repository keeps objects elsewhere": (folder / "objects" / "info" / "alternates").exists(),
    }
    for why, stands in reasons.items():
        if stands:
            raise PurgeImpossible(profile=core.ref, why=why)


def _leave_the_tree(core: Core, note: Note) -> Note:
    """Take the files away, the copies too, and leave tombstones."""
    commit(core, None)
    traces = _traces(core.history.git, gitrewrite.survey(core.history.git), note.ids, _in_the_tree(core.folder))
    private = {memory.id for path, memory in _in_the_tree(core.folder) if is_private(path)}
    for identifier in sorted(traces.memories):
        memory = traces.memories[identifier][-1]
        core.disk.bury(memory, core.now(), _CONTEXT, private=identifier in private)
        core.history.explain(_CONTEXT, f"Purge {identifier}", identifier)
    for path in _lying(core.folder, set(note.ids)):
        data = core.disk.read(path)
        if data is not None:
            core.disk.remove(path, sha256_of(data), _CONTEXT)
    core.history.commit_pending()
    commit(core, None)
    return note


def _write_anew(core: Core, note: Note) -> Note:
    """Write the history without the memories, and note which refs are to move where."""
    git = core.history.git
    seen = gitrewrite.survey(git)
    traces = _traces(git, seen, note.ids, [])
    made = gitrewrite.rewrite(git, seen, frozenset(traces.files), _reworder(traces))
    head = git.head() or ""
    tips = [(head, made.commits.get(head, head))]
    tips += [(ref.commit, made.commits[ref.commit]) for ref in made.remotes if ref.commit is not None]
    earlier = [
        pair for pair in note.tips if gitrewrite.leads_to(git, pair[1])
    ]  # an attempt that was broken off has none
    note = replace(
        note,
        moves=dict(made.refs),
        tips=tuple(dict.fromkeys((*earlier, *(pair for pair in tips if pair[0] != pair[1])))),
        stash=made.stash or note.stash,
        remotes=tuple(dict.fromkeys((*note.remotes, *(ref.name for ref in made.remotes)))),
        commits=len(made.commits) or note.commits,
        objects=tuple(sorted({*note.objects, *(blob for _, blob in traces.files)})),
    )
    _save(core, note)
    return note


def _record(core: Core, note: Note) -> None:
    data = core.disk.read(PURGES_FILE)
    known = purges.lying(core.ref, Trees(core.folder), data)
    moment = datetime.fromisoformat(note.time)
    held = {(one.old, one.new) for one in known}
    fresh = [purges.Purge(moment, old, new, note.ids) for old, new in note.tips if (old, new) not in held]
    if fresh:
        core.disk.write(
            PURGES_FILE, purges.render([*known, *fresh]), ABSENT if data is None else sha256_of(data), _CONTEXT
        )
        core.history.explain(_CONTEXT, f"Record the purge of {len(note.ids)} memories")
        core.history.mention(_CONTEXT, note.ids)
    _record_private(core, note, {one for purge in (*known, *fresh) for one in purge.ids})
    core.history.commit_pending()


def _record_private(core: Core, note: Note, recorded: set[str]) -> None:
    """Name what no history had, such as private memories, where nobody else reads it."""
    data = core.disk.read(PRIVATE_PURGES_FILE)
    known = [] if data is None else purges.read(core.ref, data)
    ids = set(note.ids).difference(recorded, *(one.ids for one in known))
    if ids:
        fresh = purges.Purge(datetime.fromisoformat(note.time), "", "", tuple(sorted(ids)))
        expected = ABSENT if data is None else sha256_of(data)
        core.disk.write(PRIVATE_PURGES_FILE, purges.render([*known, fresh]), expected, _CONTEXT)


def _traces(git: Git, seen: gitrewrite.Survey, ids: Iterable[str], lying: Iterable[tuple[str, Memory]]) -> _Traces:
    """Every file in which one of the memories ever stood, or another one with the very same words."""
    files = [(path, blob) for path, blob in seen.files() if is_memory_path(path)]
    documents = {blob: _told(data) for blob, data in gitrewrite.each_blob(git, [blob for _, blob in files])}
    found = _Traces(set(ids))
    present = list(lying)
    memories = [one for _, one in documents.values() if one is not None] + [memory for _, memory in present]
    said = {_words(memory) for memory in memories if memory.id in found.ids}
    found.ids |= {memory.id for memory in memories if _words(memory) in said}
    for path, blob in files:
        identifier, memory = documents.get(blob, (None, None))
        if identifier in found.ids:
            found.files.add((path, blob))
            if memory is not None:
                found.memories.setdefault(memory.id, []).append(memory)
    # Before a file of a person's had its id, it had the words already; and a broken one has them still.
    places = {path for path, _ in found.files}
    found.files |= {(path, blob) for path, blob in files if path in places and documents.get(blob, (None,))[0] is None}
    for _, memory in present:
        if memory.id in found.ids:
            found.memories.setdefault(memory.id, []).append(memory)
    return found


def _told(data: bytes) -> tuple[str | None, Memory | None]:
    """The id of a file and the memory in it, as far as it has them."""
    document = parse(data)
    if not isinstance(document, Document):
        return None, None
    identifier = document.fields.get("id")
    return (identifier if isinstance(identifier, str) else None), (None if document.missing else document.memory())


def _words(memory: Memory) -> str:
    return normalized(memory.content)


def _in_the_tree(folder: Path) -> list[tuple[str, Memory]]:
    """The memories in the files as they lie there."""
    found = []
    for path, signature in sorted(scan(folder).memories.items()):
        if signature.regular and signature.size <= MAX_FILE_BYTES:
            memory = _told(read_file(folder / path, MAX_FILE_BYTES, root=folder) or b"")[1]
            if memory is not None:
                found.append((path, memory))
    return found


def _lying(folder: Path, ids: set[str]) -> list[str]:
    """The files of some memories that lie in the folder, with copies."""
    return [path for path, memory in _in_the_tree(folder) if memory.id in ids]


def _reworder(traces: _Traces) -> Callable[[bytes], bytes | None]:
    """Gives the messages of commits that tell of the memories other words; the trailers stay."""
    names: set[str] = set()
    for memory in (one for held in traces.memories.values() for one in held):
        names |= {memory.summary, memory.content, memory.key or ""}
    names |= {path for path, _ in traces.files}
    telling = sorted({_folded(name) for name in names if len(name) >= _TELLING})
    ids = sorted(traces.ids)

    def reword(message: bytes) -> bytes | None:
        text = message.decode("utf-8", "replace")
        lines = text.splitlines()
        named = any(f"Memory-Id: {one}" in lines for one in ids) and f"Why: {_CONTEXT.why}" not in lines
        if message.startswith(_REWORDED) or not (named or any(name in _folded(text) for name in telling)):
            return None
        trailers = [line for line in lines if line.startswith(("Memory-Id: ", "Session: ", "Agent: ", "Pushed-By: "))]
        return b"\n\n".join([_REWORDED, "\n".join(trailers).encode()]).strip() + b"\n"

    return reword


def _folded(text: str) -> str:
    return normalized(text).casefold()


def _shown(refs: Iterable[str]) -> tuple[str, ...]:
    """Refs of remotes as people know them."""
    names = (name.removeprefix(gitrewrite.REMOTES) for name in refs)
    return tuple(dict.fromkeys("the remote" if name.startswith("refs/sidecar/") else name for name in names))


def _names(git: Git) -> set[str]:
    return {ref.name for ref in gitrewrite.survey(git).refs}


def _place(core: Core) -> Path:
    return core.folder / ".git" / _NOTE


def _save(core: Core, note: Note) -> None:
    held = {name: getattr(note, name) for name in Note.__dataclass_fields__}
    write_durably(_place(core), json.dumps({"format": _FORMAT, **held}).encode(), root=core.folder)
