"""What commits hold, read within bounds that the reader sets; commits made of parts; refs of ours."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from sidecar.errors import GitFailed
from sidecar.git.locks import patiently
from sidecar.git.parsing import quoted, signature
from sidecar.git.runner import OBJECT, run, run_bounded
from sidecar.git.words import Identity
from sidecar.records import dataclass

REGULAR: Final = "100644"
"""The mode of every file that we commit."""

_BYTES_OF_ENTRY: Final = 256
"""Room for one line of a listing: mode, kind, name, size, and a path of some 180 bytes."""

_BATCH: Final = 2_000


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One thing in a commit, as it is: any mode, any path, also those that must never reach a disk.

    `size` in bytes; None for what is no file (a submodule).
    """

    path: bytes
    mode: str
    name: str
    size: int | None


class Trees:
    """Reads and makes objects in one repository, which may be bare."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def resolve(self, revision: str) -> str | None:
        """The commit that a ref or an object name stands for; None if there is none."""
        arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
        found = run(self.folder, arguments, codes=(0, 1, 128), locks=False).decode().strip()
        return found if OBJECT.fullmatch(found) else None

    def entries(self, commit: str, most: int, under: str | None = None) -> list[TreeEntry] | None:
        """Everything in a commit, or under a folder of it; None if that is more than `most`.

        Which is found out without reading all of it.
        """
        limit = most * _BYTES_OF_ENTRY
        places = [] if under is None else ["--", f"{under}/"]
        arguments = ["ls-tree", "-r", "-l", "-z", "--full-tree", _checked(commit), *places]
        output = run_bounded(self.folder, arguments, limit)
        if output is None:
            return None
        found = [_entry(line) for line in output.split(b"\0")[:-1]]
        return found if len(found) <= most else None

    def blobs(self, names: Iterable[str]) -> dict[str, bytes]:
        """The bytes of files by their object names; whoever asks has looked at their sizes."""
        wanted, found = sorted(set(names)), dict[str, bytes]()
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            given = "".join(f"{_checked(name)}\n" for name in batch).encode()
            output = run(self.folder, ["cat-file", "--batch"], given=given, locks=False)
            position = 0
            for name in batch:
                end = output.index(b"\n", position)
                size = int(output[position:end].split(b" ")[2])
                found[name] = output[end + 1 : end + 1 + size]
                position = end + size + 2
        return found

    def read(self, commit: str, path: str) -> bytes | None:
        """The bytes of one file of a commit, whose size has been looked at; None if it has none at that path."""
        given = f"{_checked(commit)}:{path}\n".encode()
        output = run(self.folder, ["cat-file", "--batch"], given=given, locks=False)
        head, _, rest = output.partition(b"\n")
        words = head.split(b" ")
        return rest[: int(words[2])] if len(words) == 3 and words[1] == b"blob" else None

    def versions(self, commit: str, path: str) -> Iterator[bytes]:
        """What a file was in a commit's history, the latest first; the commit's own, if it has one, to begin with."""
        arguments = ["rev-list", _checked(commit), "--", path]
        for one in run(self.folder, arguments, locks=False).decode().split():
            data = self.read(one, path)
            if data is not None:
                yield data

    def bases(self, one: str, other: str) -> list[str]:
        """The best common ancestors of two commits, sorted; none for unrelated histories."""
        arguments = ["merge-base", "--all", _checked(one), _checked(other)]
        return sorted(run(self.folder, arguments, codes=(0, 1), locks=False).decode().split())

    def contains(self, commit: str, ancestor: str) -> bool:
        """Whether `ancestor` is `commit` or one of those that it descends from."""
        return self.bases(commit, ancestor) == [ancestor]

    def count(self, commit: str, without: str | None, *, beyond: str | None = None) -> int:
        """How many commits one has that another lacks, and that none of the refs lead to that `beyond` matches."""
        arguments = ["rev-list", "--count", _checked(commit), *([f"^{_checked(without)}"] if without else [])]
        arguments += [] if beyond is None else ["--not", f"--glob={beyond}"]
        return int(run(self.folder, arguments, locks=False).decode())

    def compose(
        self,
        ref: str,
        files: Mapping[str, bytes | str | None],
        message: str,
        *,
        parents: Sequence[str],
        author: Identity,
        committer: Identity,
        when: datetime,
    ) -> str:
        """Make a commit under a ref of ours: the files of the first parent with these changed.

        A value is the bytes, the name of an object that is here already, or None: not in the commit.
        """
        stamp, text = f"{int(when.timestamp())} +0000", message.encode()
        stream = [
            f"feature done\ncommit {ref}\nmark :1\n".encode(),
            f"author {signature(author)} {stamp}\ncommitter {signature(committer)} {stamp}\n".encode(),
            b"data %d\n%s\n" % (len(text), text),
        ]
        for place, parent in enumerate(parents):
            stream.append(f"{'merge' if place else 'from'} {_checked(parent)}\n".encode())
        for path, value in sorted(files.items(), key=lambda item: (item[1] is not None, item[0])):
            stream.append(_change(quoted(path), value))  # removals first: a folder may take a file's place
        stream.append(b"get-mark :1\ndone\n")
        arguments = ["fast-import", "--quiet", "--force", "--date-format=raw"]
        given = b"".join(stream)
        made = patiently(self.folder, lambda: run(self.folder, arguments, given=given)).decode().strip()
        if OBJECT.fullmatch(made) is None:
            raise GitFailed(command="fast-import", folder=self.folder, stderr=f"unexpected answer {made!r}")
        return made

    def set_ref(self, ref: str, commit: str | None, *, expected: str | None = None) -> None:
        """Let a ref stand for a commit, or (None) remove it; `GitFailed` if it is not where it is expected to be."""
        tail = [] if expected is None else [_checked(expected)]
        arguments = ["-d", ref] if commit is None else [ref, _checked(commit)]
        patiently(self.folder, lambda: run(self.folder, ["update-ref", "--no-deref", *arguments, *tail]))

    def refs(self, prefix: str) -> dict[str, str]:
        """The refs below a prefix and their commits."""
        output = run(self.folder, ["for-each-ref", "--format=%(objectname) %(refname)", prefix], locks=False)
        lines = (line.split(" ", 1) for line in output.decode("utf-8", "replace").splitlines())
        return {ref: name for name, ref in lines}


def _change(path: bytes, value: bytes | str | None) -> bytes:
    if value is None:
        return b"D %s\n" % path
    if isinstance(value, str):
        return b"M %s %s %s\n" % (REGULAR.encode(), _checked(value).encode(), path)
    return b"M %s inline %s\ndata %d\n%s\n" % (REGULAR.encode(), path, len(value), value)


def _entry(line: bytes) -> TreeEntry:
    meta, path = line.split(b"\t", 1)
    mode, _kind, name, size = os.fsdecode(meta).split()
    return TreeEntry(path, mode, name, None if size == "-" else int(size))


def _checked(name: str) -> str:
    """An object's name, so that nothing else can get into a command line by that way."""
    if OBJECT.fullmatch(name) is None:
        raise ValueError(name)
    return name
