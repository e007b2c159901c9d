"""The past of one repository: commits by the names that people give them, what differs between two, and tags."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from sidecar.errors import GitFailed
from sidecar.expressions import regex
from sidecar.git.parsing import moment_of
from sidecar.git.repository import Git
from sidecar.git.words import Identity
from sidecar.records import dataclass

_NAME = regex(r"[0-9A-Za-z_][\w./+-]*(?:[~^]\d*)*")
"""What may stand for a commit: a tag, a branch, a hash or a part of it, with steps back.  No option, no search."""

_RAW_FIELDS: Final = 5


@dataclass(frozen=True, slots=True)
class FileChange:
    """A path whose file is not the same in two trees: object names, None where there is no file."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """One commit with its author and whole message."""

    commit: str
    name: str
    email: str
    message: str

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.strip("\n").partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag: the commit that it names, the moment at which it was made, and what was said of it."""

    name: str
    commit: str
    time: datetime
    note: str


def find_commit(git: Git, name: str) -> str | None:
    """The whole hash of the commit that a tag, a branch, or a hash or its head names; None if nothing is called so."""
    if _NAME.fullmatch(name) is None or ".." in name or git.head() is None:
        return None
    # A tag goes before a branch of the same name, as everywhere in git.
    found = git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", codes=(0, 1, 128))
    return found.decode().strip() or None


def commit_at(git: Git, moment: datetime) -> str | None:
    """The last commit on the present line that was made at that moment or before; None if there was none yet."""
    if git.head() is None:
        return None
    stamp = int(moment.timestamp())
    found = git.run("rev-list", "--first-parent", "--max-count=1", f"--before={stamp}", "HEAD").decode().strip()
    return found or None


def parents(git: Git, commit: str) -> list[str]:
    """The commits before one, that of its own line first; none for a first one."""
    return git.run("log", "-1", "--no-show-signature", "--format=%P", commit).decode().split()


def first_parent(git: Git, commit: str) -> str | None:
    """The commit before; None for a first one."""
    return next(iter(parents(git, commit)), None)


def changes(git: Git, before: str | None, after: str) -> list[FileChange]:
    """The files that differ between two commits, by path; `before` None compares with nothing at all."""
    output = git.run("diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", before or empty_tree(git), after)
    found = []
    records = iter(output.split(b"\0")[:-1])
    for record in records:
        fields = record.decode().lstrip(":").split(" ")
        path = os.fsdecode(next(records))
        if len(fields) != _RAW_FIELDS:
            raise GitFailed(command="diff-tree", folder=git.folder, stderr=f"unexpected answer {fields!r}")
        found.append(FileChange(path, _object(fields[2]), _object(fields[3])))
    return sorted(found, key=lambda change: change.path)


def patch(git: Git, before: str | None, after: str, paths: Sequence[str] = ()) -> str:
    """The difference as a unified diff; of all files, or of some."""
    output = git.run(
        "diff-tree", "-r", "-p", "--no-renames", "--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/",
        "--dst-prefix=b/", before or empty_tree(git), after, "--", *paths,
    )  # fmt: skip
    return output.decode("utf-8", "replace")


def blobs(git: Git, names: Sequence[str]) -> dict[str, bytes]:
    """The bytes of some objects by name; one that is not there raises `GitFailed`."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    output = git.run("cat-file", "--batch", given="".join(f"{name}\n" for name in wanted).encode())
    found: dict[str, bytes] = {}
    position = 0
    for name in wanted:
        end = output.index(b"\n", position)
        words = output[position:end].split(b" ")
        if len(words) != 3:  # name, kind and size; `missing` otherwise
            raise GitFailed(
                command="cat-file", folder=git.folder, stderr=output[position:end].decode("utf-8", "replace")
            )
        size = int(words[2])
        found[name] = output[end + 1 : end + 1 + size]
        position = end + size + 2
    return found


def line_from(git: Git, commit: str) -> list[Step]:
    """The commits that follow one on the present line, the earliest first.  Raises `GitFailed` if it is not on it."""
    git.run("merge-base", "--is-ancestor", commit, "HEAD")
    form = "--format=%H%x01%an%x01%ae%x01%B"
    output = git.run("log", "--first-parent", "--reverse", "-z", "--no-show-signature", form, f"{commit}..HEAD")
    return [Step(*record.split("\x01", 3)) for record in output.decode("utf-8", "replace").split("\0") if record]


def step_of(git: Git, commit: str) -> Step:
    """One commit."""
    output = git.run("log", "-1", "--no-show-signature", "--format=%H%x01%an%x01%ae%x01%B", commit)
    return Step(*output.decode("utf-8", "replace").split("\x01", 3))


def line(git: Git) -> list[str]:
    """Every commit that HEAD descends from, the latest first, none before its children."""
    return git.run("rev-list", "--topo-order", "HEAD").decode().split()


def beyond(git: Git, ref: str) -> set[str] | None:
    """The commits of the present line that a ref does not lead to; None if there is no such ref."""
    if not git.run("for-each-ref", "--format=%(objectname)", ref):
        return None
    return set(git.run("rev-list", "HEAD", f"^{ref}").decode().split())


def touching(git: Git, after: str, paths: Sequence[str]) -> list[str]:
    """The commits behind one that changed any of the paths, the latest first."""
    return git.run("rev-list", f"{after}..HEAD", "--", *paths).decode().split() if paths else []


def merged(git: Git, base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Both sides' changes of a text, line by line; None where they meet in the same lines."""
    with tempfile.TemporaryDirectory(prefix="sidecar-") as folder:
        places = [Path(folder) / name for name in ("ours", "base", "theirs")]
        for place, data in zip(places, (ours, base, theirs), strict=True):
            place.write_bytes(data)
        command = ("merge-file", "-p", "-q", *map(str, places))
        try:
            return git.run(*command)
        except GitFailed:  # ends with the number of conflicts, and 255 for what is no text
            return None


def empty_tree(git: Git) -> str:
    """The name of the tree without files."""
    return git.run("hash-object", "-t", "tree", "-w", "--stdin").decode().strip()


def tags(git: Git) -> list[Tag]:
    """Every tag of a commit, the latest first."""
    form = "%(refname:strip=2)%00%(objectname)%00%(*objectname)%00%(creatordate:unix)%00%(contents:subject)"
    found = []
    for line in git.run("for-each-ref", f"--format={form}", "refs/tags").decode("utf-8", "replace").splitlines():
        name, own, peeled, stamp, note = line.split("\0")
        if stamp:  # not the tag of a file or a tree
            found.append(Tag(name, peeled or own, moment_of(stamp), note if peeled else ""))
    return sorted(found, key=lambda tag: (tag.time, tag.name), reverse=True)


def make_tag(git: Git, name: str, commit: str, note: str, who: Identity, when: datetime) -> None:
    """Name a commit for good.  Raises `GitFailed` if the name is taken or no name."""
    git.run("check-ref-format", f"refs/tags/{name}")
    stamp = f"{int(when.timestamp())} +0000"
    text = f"object {commit}\ntype commit\ntag {name}\ntagger {who.name} <{who.email}> {stamp}\n\n{note}\n"
    made = git.run("hash-object", "-t", "tag", "-w", "--stdin", given=text.encode()).decode().strip()
    # The zeros say that nothing may be there yet.
    git.run("update-ref", "--no-deref", f"refs/tags/{name}", made, "0" * len(made))


def _object(name: str) -> str | None:
    return None if set(name) == {"0"} else name
