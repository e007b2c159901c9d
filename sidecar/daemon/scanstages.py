"""What a scan looks at, in stages: each gives its texts in an order that a later step can take up again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from sidecar.daemon.parts import Parts
from sidecar.git import Git
from sidecar.git.past import blobs
from sidecar.journal.strays import TABLES
from sidecar.records import dataclass
from sidecar.redact import of_tool
from sidecar.wire.scanned import Where

_LARGEST = 8 << 20
"""A larger file or object is no memory and no message; of a file so much is looked at."""
_AT_ONCE = 64
"""Rows or objects that are read together."""
_ID = re.compile(r"(?m)^id: ([0-9A-Z]{26})$")


@dataclass(frozen=True, slots=True)
class Text:
    """A text with its place, as `ScanFinding` has it; `command` and `spoken` are those of redaction."""

    where: Where
    text: str
    profile: str | None = None
    path: str | None = None
    object: str | None = None
    message: str | None = None
    session: str | None = None
    command: str | None = None
    spoken: bool = False
    folder: Path | None = None
    first_line: int = 1

    @property
    def memory(self) -> str | None:
        """The id in the front matter, if it is a memory file's text."""
        found = _ID.search(self.text, 0, 4096) if self.where in ("store", "private", "trash", "history") else None
        return found[1] if found else None


Step = tuple[str, Sequence[Text]]
"""A place, after which the next step goes on, and what stands there."""


class Stage(Protocol):
    """One kind of thing to look at."""

    name: str

    def total(self) -> int:
        """About how many steps there are."""

    def after(self, place: str) -> Iterator[Step]:
        """The steps behind a place; all of them behind the empty one."""


class Files:
    """The files of all profiles, with `private/`, and of what lies in the trash."""

    name = "files"

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def total(self) -> int:
        """See `Stage`."""
        return sum(1 for _ in self._all())

    def after(self, place: str) -> Iterator[Step]:
        """See `Stage`."""
        for key, where, profile, path, shown in self._all():
            if key > place and (text := _read(path)) is not None:
                yield key, [Text(where, text, profile=profile, path=shown)]

    def _all(self) -> Iterator[tuple[str, Where, str | None, Path, str]]:
        for number, (profile, folder) in enumerate(repositories(self._parts)):
            for path in _below(folder):
                shown = path.relative_to(folder).as_posix()
                where: Where = "private" if shown.startswith("private/") else "store"
                shown = shown if profile else f"{folder.name}/{shown}"
                yield f"{number:06}/{path}", where if profile else "trash", profile, path, shown


class Commits:
    """Every object of every repository of ours, whether anything leads to it or not."""

    name = "history"

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def total(self) -> int:
        """See `Stage`."""
        return sum(len(_objects(Git(folder, "scan"))) for _, folder in repositories(self._parts))

    def after(self, place: str) -> Iterator[Step]:
        """See `Stage`."""
        for number, (profile, folder) in enumerate(repositories(self._parts)):
            if f"{number:06}/~" < place:
                continue
            git = Git(folder, "scan")
            names = [name for name in _objects(git) if f"{number:06}/{name}" > place]
            for start in range(0, len(names), _AT_ONCE):
                for name, data in blobs(git, names[start : start + _AT_ONCE]).items():
                    text = data.decode("utf-8", "replace")
                    yield f"{number:06}/{name}", [Text("history", text, profile, object=name, folder=folder)]


class Messages:
    """The archive: messages with the commands of their tools and what was noted beside them."""

    name = "archive"

    def __init__(self, parts: Parts) -> None:
        self._journal = parts.journal

    def total(self) -> int:
        """See `Stage`."""
        return self._journal.last_change()

    def after(self, place: str) -> Iterator[Step]:
        """See `Stage`."""
        at = int(place or 0)
        while rows := self._journal.changes(at, _AT_ONCE):
            for row in rows:
                at = row.change
                if row.archived is None:
                    continue
                said, tool = row.archived.message, row.archived.message.tool
                beside = "\n".join(filter(None, (said.cwd, said.branch, said.model, tool.command if tool else None)))
                command = of_tool(tool.name, tool.command) if tool else None
                spoken = said.speaker == "user" and tool is None
                yield str(at), [
                    Text("archive", said.text, str(row.profile), message=said.id, session=said.session,
                         command=command, spoken=spoken),
                    Text("archive", beside, str(row.profile), message=said.id, session=said.session),
                ]  # fmt: skip


class Beside:
    """What else the journal holds: names of sessions, folders, reasons of failures, copies of messages."""

    name = "journal"

    def __init__(self, parts: Parts) -> None:
        self._journal = parts.journal

    def total(self) -> int:
        """See `Stage`."""
        return len(TABLES)

    def after(self, place: str) -> Iterator[Step]:
        """See `Stage`."""
        table, _, key = place.partition("/")
        for name in TABLES[TABLES.index(table) if table else 0 :]:
            at = int(key) if name == table else -1
            while rows := self._journal.strays(name, at, _AT_ONCE):
                at = rows[-1].key
                yield f"{name}/{at}", [Text("journal", row.text, path=name) for row in rows]


class Documents:
    """The index: what is stored with each document, words that were cut for it among them."""

    name = "index"

    def __init__(self, parts: Parts) -> None:
        self._index = parts.index

    def total(self) -> int:
        """See `Stage`."""
        view = self._index.view
        return view.memories.state.next_row + view.messages.state.next_row

    def after(self, place: str) -> Iterator[Step]:
        """See `Stage`."""
        view = self._index.view
        kind, _, row = place.partition("/")
        for name, shelf in (("memories", view.memories), ("messages", view.messages)):
            if name < kind:
                continue
            first = int(row) + 1 if name == kind else 0
            for start in range(first, shelf.state.next_row, _AT_ONCE):
                rows = range(start, min(start + _AT_ONCE, shelf.state.next_row))
                texts = [data.decode("utf-8", "replace") for data in shelf.reader.fetch(rows).values()]
                yield f"{name}/{rows[-1]}", [Text("index", text, path=name) for text in texts]


class Logs:
    """Our own log files."""

    name = "logs"
    _LINES = 500

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def total(self) -> int:
        """See `Stage`."""
        return sum(1 for _ in _below(self._folder))

    def after(self, place: str) -> Iterator[Step]:
        """See `Stage`."""
        for path in _below(self._folder):
            text = _read(path) if path.name > place else None
            lines = (text or "").splitlines(keepends=True)
            parts = range(0, len(lines), self._LINES)
            yield (
                path.name,
                [Text("log", "".join(lines[at : at + self._LINES]), path=path.name, first_line=at + 1) for at in parts],
            )


def repositories(parts: Parts) -> Iterator[tuple[str | None, Path]]:
    """The folders of all profiles with their names, then of those in the trash without one."""
    for profile in sorted(parts.follow.profiles(), key=lambda one: str(one.ref)):
        yield str(profile.ref), profile.folder
    trash = parts.trash
    for entry in sorted(trash.iterdir()) if trash.is_dir() else []:
        yield from ((None, folder) for folder in (entry, *sorted(entry.glob("*"))) if (folder / ".git").is_dir())


def _objects(git: Git) -> list[str]:
    """The names of all objects but trees, which are names of files alone, in order; trees come with their commits."""
    if not git.is_repo():
        return []
    form = "--batch-check=%(objectname) %(objecttype) %(objectsize)"
    rows = (line.split() for line in git.run("cat-file", "--batch-all-objects", form).decode().splitlines())
    return sorted(name for name, kind, size in rows if kind != "tree" and int(size) <= _LARGEST)


def _below(folder: Path) -> Iterator[Path]:
    """The regular files below a folder in order, without git's own."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.is_symlink() or path.name == ".git":
            continue
        if path.is_dir():
            yield from _below(path)
        elif path.is_file():
            yield path


def _read(path: Path) -> str | None:
    """The text of a file; None for one that is gone by now or may not be read."""
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return None
