"""Taking files out of a repository's history: new commits without them for every ref, the old ones gone for good.

    survey   every commit that any ref, stash or HEAD leads to, with the files that it changed
    rewrite  write the commits anew that a file, a message or a parent makes others; nothing points to them yet
    move     let every ref point to its new commit, all at once
    bury     forget the old ones: reflogs, leftovers, unreachable objects

A commit that needs no change keeps its hash.  Authors, dates and messages stay, unless a message is to go as well;
signatures cannot.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Final

from sidecar.errors import GitFailed
from sidecar.git.parsing import quoted
from sidecar.git.repository import Git
from sidecar.records import dataclass

REMOTES: Final = "refs/remotes/"
SHARED: Final = "refs/sidecar/remote"
"""What the remote of a shared profile had when it was last asked.  It moves with the rest: what comes from there then
does not go on from it, and is not followed without asking, so that nothing purged comes back."""

INCOMING: Final = "refs/sidecar/incoming"
"""What was received of it last."""

_HELD: Final = frozenset({SHARED, INCOMING})
_STASH: Final = "refs/stash"
_SCRATCH: Final = "refs/sidecar/rewriting"
_NO_MODE: Final = "000000"
_SLOW_SECONDS: Final = 1800.0
"""Repacking a large history on a slow disk takes minutes."""

_AT_ONCE: Final = 2_000
"""Objects that are read at once."""

_KEPT_HEADERS: Final = (b"author ", b"committer ", b"encoding ")
_LEFTOVERS: Final = ("ORIG_HEAD", "FETCH_HEAD", "MERGE_MSG", "COMMIT_EDITMSG", "SQUASH_MSG")


@dataclass(frozen=True, slots=True)
class Ref:
    """A ref: what it names, and the commit that this leads to (None: it leads to none)."""

    name: str
    target: str
    commit: str | None

    @property
    def remote(self) -> bool:
        """Whether it says what a remote had when it was last asked."""
        return self.tracking or self.name in _HELD

    @property
    def tracking(self) -> bool:
        """Whether git itself makes it again when the remote is asked the next time."""
        return self.name.startswith(REMOTES)


@dataclass(frozen=True, slots=True)
class Change:
    """A path with the object that a commit put there (None: took away)."""

    path: str
    mode: str
    blob: str | None


@dataclass(slots=True)
class Survey:
    """Everything that any ref leads to: `order` has parents before children, `changes` are against the first parent."""

    refs: list[Ref]
    stash: list[str]
    order: list[str] = field(default_factory=list)
    parents: dict[str, list[str]] = field(default_factory=dict)
    changes: dict[str, list[Change]] = field(default_factory=dict)

    def files(self) -> Iterator[tuple[str, str]]:
        """Every path with every object that was ever there."""
        for changes in self.changes.values():
            for change in changes:
                if change.blob is not None:
                    yield change.path, change.blob


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What was written anew: `commits` from old to new name, those that kept theirs left out.

    `refs` are to move, from their present to their new target; `remotes` say that somebody else still has old commits.
    """

    commits: Mapping[str, str]
    refs: Mapping[str, tuple[str, str]]
    remotes: tuple[Ref, ...]
    stash: tuple[str, ...]


def survey(git: Git) -> Survey:
    """Look at the whole history."""
    refs = [ref for ref in _refs(git) if ref.name != _SCRATCH]  # an interruption's leftover
    stash = git.run("log", "-g", "--format=%H", _STASH).decode().split() if _has(refs, _STASH) else []
    found = Survey(refs, stash)
    tips = sorted({ref.commit for ref in refs if ref.commit is not None}.union(stash))
    if not tips:
        return found
    given = "".join(f"{tip}\n" for tip in tips).encode()
    for line in (
        git.run("rev-list", "--topo-order", "--reverse", "--parents", "--stdin", given=given).decode().splitlines()
    ):
        commit, *parents = line.split(" ")
        found.order.append(commit)
        found.parents[commit] = parents
    found.changes = _changes(git, found)
    return found


def each_blob(git: Git, names: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """The bytes of objects, in portions."""
    wanted = list(dict.fromkeys(names))
    for start in range(0, len(wanted), _AT_ONCE):
        yield from _objects(git, wanted[start : start + _AT_ONCE])


def affected(
    git: Git, seen: Survey, tainted: frozenset[tuple[str, str]], reword: Callable[[bytes], bytes | None]
) -> list[str]:
    """The commits that `rewrite` would write anew; nothing is written."""
    return _stream(git, seen, tainted, reword)[1]


def rewrite(
    git: Git, seen: Survey, tainted: frozenset[tuple[str, str]], reword: Callable[[bytes], bytes | None]
) -> Rewriting:
    """Write the history anew without some files, given as path and object; nothing points to the new commits yet.

    `reword` gives another text for a message that must not stay, None for one that may.
    """
    stream, marks = _stream(git, seen, tainted, reword)
    commits: dict[str, str] = {}
    git.run("update-ref", "-d", _SCRATCH)
    if marks:
        answer = git.run(
            "fast-import", "--quiet", "--force", "--date-format=raw", given=b"".join(stream), timeout=_SLOW_SECONDS
        )
        names = answer.decode().split()
        if len(names) != len(marks):
            raise GitFailed(command="fast-import", folder=git.folder, stderr=f"{len(names)} of {len(marks)} commits")
        commits = dict(zip(marks, names, strict=True))
        git.run("update-ref", "-d", _SCRATCH)
    moved = [ref for ref in seen.refs if ref.commit in commits and ref.name != _STASH]
    refs = {
        ref.name: (
            ref.target,
            commits[ref.commit] if ref.target == ref.commit else _retagged(git, ref, commits, reword),
        )
        for ref in moved
        if not ref.tracking and ref.commit is not None
    }
    remotes = tuple(ref for ref in moved if ref.remote)
    stash = tuple(commits.get(one, one) for one in seen.stash)
    return Rewriting(commits, refs, remotes, stash if set(seen.stash) & commits.keys() else ())


def move(git: Git, refs: Mapping[str, tuple[str, str]]) -> bool:
    """Let refs point to their new targets, all or none; those that do already are left.

    Returns False, and moves nothing, if any points to something else by now.
    """
    present = {ref.name: ref.target for ref in _refs(git)}
    if any(present.get(name) not in pair for name, pair in refs.items()):
        return False
    lines = [f"update {name} {new} {old}\n" for name, (old, new) in sorted(refs.items()) if present[name] == old]
    if lines:
        git.run("update-ref", "--no-deref", "--stdin", given="".join(lines).encode())
    return True


def restash(git: Git, stash: Sequence[str]) -> None:
    """Put the stash together again from rewritten entries, the latest first; without any nothing happens."""
    if not stash:
        return
    who = git.machine_identity
    git.run("update-ref", "-d", _STASH)
    for commit in reversed(stash):
        git.run(
            "-c",
            f"user.name={who.name}",
            "-c",
            f"user.email={who.email}",
            "stash",
            "store",
            "-q",
            "-m",
            "stash",
            commit,
        )


def drop(git: Git, names: Sequence[str]) -> None:
    """Remove refs; what they led to may stay reachable by others."""
    if names:
        git.run("update-ref", "--no-deref", "--stdin", given="".join(f"delete {name}\n" for name in names).encode())


def bury(git: Git) -> None:
    """Forget whatever no ref leads to: reflogs, leftovers of commands, objects.  Cannot be undone."""
    for path in [git.folder / ".git" / name for name in _LEFTOVERS]:
        path.unlink(missing_ok=True)
    for path in (git.folder / ".git").glob("fast_import_crash_*"):
        path.unlink(missing_ok=True)
    logged = [
        name for name in ("HEAD", *(ref.name for ref in _refs(git))) if (git.folder / ".git/logs" / name).exists()
    ]
    expired = [name for name in logged if name != _STASH]  # a stash is its reflog, and has been put together anew
    if expired:
        git.run("reflog", "expire", "--expire=now", "--expire-unreachable=now", *expired)
    # By force: a killed one is believed to run for hours, and whoever holds the home has no other one at work.
    git.run("gc", "--force", "--prune=now", "--quiet", timeout=_SLOW_SECONDS)


def present(git: Git, names: Iterable[str]) -> list[str]:
    """Those of the objects that the repository still holds, reachable or not."""
    given = "".join(f"{name}\n" for name in sorted(set(names))).encode()
    lines = git.run("cat-file", "--batch-check", given=given).decode().splitlines() if given else []
    return [line.split(" ")[0] for line in lines if not line.endswith(" missing")]


def leads_to(git: Git, commit: str) -> bool:
    """Whether HEAD descends from a commit, which may be gone."""
    try:
        git.run("merge-base", "--is-ancestor", commit, "HEAD")
    except GitFailed:
        return False
    return True


def _refs(git: Git) -> list[Ref]:
    form = "%(refname)%00%(objectname)%00%(objecttype)%00%(*objectname)%00%(*objecttype)%00%(symref)"
    found = []
    for line in git.run("for-each-ref", f"--format={form}").decode("utf-8", "surrogateescape").splitlines():
        name, target, kind, peeled, peeled_kind, symbolic = line.split("\0")
        if symbolic:
            continue  # it follows the ref that it names
        commit = target if kind == "commit" else peeled if peeled_kind == "commit" else None
        found.append(Ref(name, target, commit))
    return found


def _has(refs: Iterable[Ref], name: str) -> bool:
    return any(ref.name == name for ref in refs)


def _changes(git: Git, seen: Survey) -> dict[str, list[Change]]:
    given = "".join(f"{' '.join([commit, *seen.parents[commit][:1]])}\n" for commit in seen.order).encode()
    output = git.run(
        "diff-tree", "--stdin", "-r", "-z", "--root", "--no-renames", "--no-abbrev", given=given, timeout=_SLOW_SECONDS
    )  # fmt: skip
    found: dict[str, list[Change]] = {}
    commit = ""
    records = iter(output.split(b"\0")[:-1])
    for record in records:
        if not record.startswith(b":"):
            commit = record.decode().strip()
            continue
        _, mode, _, blob, _ = record.decode().split(" ")
        change = Change(os.fsdecode(next(records)), mode, None if mode == _NO_MODE else blob)
        found.setdefault(commit, []).append(change)
    return found


def _objects(git: Git, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    output = git.run("cat-file", "--batch", given="".join(f"{name}\n" for name in names).encode())
    position = 0
    for name in names:
        end = output.index(b"\n", position)
        words = output[position:end].split(b" ")
        if len(words) != 3:  # name, kind and size; `missing` otherwise: of a submodule, say
            position = end + 1
            continue
        size = int(words[2])
        yield name, output[end + 1 : end + 1 + size]
        position = end + size + 2


def _stream(
    git: Git, seen: Survey, tainted: frozenset[tuple[str, str]], reword: Callable[[bytes], bytes | None]
) -> tuple[list[bytes], list[str]]:
    """What fast-import is told, and the commits that it makes, in order."""
    stream = [b"feature done\n"]
    marks: dict[str, int] = {}
    for commit, raw in each_blob(git, seen.order):
        head, _, message = raw.partition(b"\n\n")
        text = reword(message)
        changes = seen.changes.get(commit, [])
        files = [_file(one, tainted) for one in changes]
        touched = any((one.path, one.blob) in tainted for one in changes)
        parents = seen.parents[commit]
        if text is None and not touched and marks.keys().isdisjoint(parents):
            continue
        marks[commit] = len(marks) + 1
        stream += _commit(head, message if text is None else text, parents, marks, marks[commit])
        stream += files
    stream += [b"get-mark :%d\n" % mark for mark in marks.values()]
    stream.append(b"done\n")
    return stream, list(marks)


def _commit(
    head: bytes, message: bytes, parents: Sequence[str], marks: Mapping[str, int], mark: int
) -> Iterator[bytes]:
    # Without a parent the scratch ref must be empty, or its last commit would be taken for one.
    yield b"" if parents else b"reset %s\n\n" % _SCRATCH.encode()
    yield b"commit %s\nmark :%d\n" % (_SCRATCH.encode(), mark)
    yield from (line + b"\n" for line in head.split(b"\n") if line.startswith(_KEPT_HEADERS))
    yield b"data %d\n%s\n" % (len(message), message)
    for number, parent in enumerate(parents):
        name = b":%d" % marks[parent] if parent in marks else parent.encode()
        yield (b"from %s\n" if number == 0 else b"merge %s\n") % name


def _file(change: Change, tainted: frozenset[tuple[str, str]]) -> bytes:
    path = quoted(change.path)
    if change.blob is None or (change.path, change.blob) in tainted:
        return b"D %s\n" % path
    return b"M %s %s %s\n" % (change.mode.encode(), change.blob.encode(), path)


def _retagged(git: Git, ref: Ref, commits: Mapping[str, str], reword: Callable[[bytes], bytes | None]) -> str:
    """An annotated tag for the new commit; a tag of a tag becomes one of the commit.  Its signature cannot stay."""
    raw = git.run("cat-file", "tag", ref.target)
    head, _, text = raw.partition(b"\n\n")
    text = re.split(rb"^-----BEGIN ", text, maxsplit=1, flags=re.MULTILINE)[0]
    assert ref.commit is not None  # noqa: S101 - only refs that lead to a commit get here
    lines = [b"object " + commits[ref.commit].encode(), b"type commit"]
    lines += [line for line in head.split(b"\n") if line.startswith((b"tag ", b"tagger "))]
    reworded = reword(text)
    made = b"\n".join(lines) + b"\n\n" + (text if reworded is None else reworded)
    return git.run("hash-object", "-t", "tag", "-w", "--stdin", given=made).decode().strip()
