"""A profile on its way out: its files byte for byte, but for what is held here, and what stays behind, line by line."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sidecar import exchange
from sidecar.daemon.protocol import Spooled
from sidecar.errors import BadMemoryFile, FileSystemFailed
from sidecar.exchange import Header, LeftOut, Piece
from sidecar.files import inside, read_file
from sidecar.frontmatter import Document, edit, parse, render, time_text
from sidecar.model import Status, Stored
from sidecar.store import MAX_FILE_BYTES, Profile, tombstone_path
from sidecar.wire.exchange import Export

_OURS: Final = ("profile.yaml", "purges.yaml", "PROFILE.md", ".git", "tombstones")
"""What makes a profile a profile on this machine, at the top of its folder; an import has its own."""

_HELD_HERE: Final = ("status", "reason", "superseded_by", "valid_until")
"""The fields in which what may be given can differ from its file; see `store.arrivals`."""

_MEND = "Mend it (`sidecar doctor` says what is wrong with it), and export again."
_ASK = "Ask for it with --private."
_ASK_FORGOTTEN = "Ask for it with --forgotten."


class Leaving:
    """One export of one profile."""

    def __init__(self, profile: Profile | None, wanted: Export, name: tuple[str, str]) -> None:
        """`name`: namespace and profile, which may have nothing yet."""
        self._profile, self._wanted, self._name = profile, wanted, name
        self._left: list[LeftOut] = []

    def spool(self, folder: Path) -> Spooled:
        """Write it into a file in `folder` that nobody else can open."""
        pieces = [] if self._profile is None else list(self._pieces(self._profile))
        if self._profile is not None:
            self._note_others(self._profile.folder)
        tombstones = sum(piece.path.endswith(".yaml") for piece in pieces)
        header = Header(
            profile=self._name[1],
            namespace=self._name[0],
            time=time_text(datetime.now(UTC)),
            memories=len(pieces) - tombstones,
            tombstones=tombstones,
            private=self._wanted.private,
            forgotten=self._wanted.forgotten,
            left=sorted(self._left, key=lambda one: one.path),
        )
        file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - the answer is sent from it
        try:
            exchange.write(file, self._wanted.format, header, pieces)
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return Spooled(file, exchange.media_type(self._wanted.format))

    def _pieces(self, profile: Profile) -> Iterator[Piece]:
        """Tombstones first: what comes after them is read in their light."""
        if self._wanted.forgotten:
            yield from self._tombstones(profile)
        memories = profile.memories(statuses=None)
        hidden = [one for one in memories if one.private and not self._wanted.private]
        if hidden:
            many = "1 memory" if len(hidden) == 1 else f"{len(hidden):,} memories"
            self._leave("private/", many, "private", _ASK)
        for stored in memories:
            if stored.private and not self._wanted.private:
                continue
            if stored.memory.status is Status.FORGOTTEN and not self._wanted.forgotten:
                self._leave(stored.path, stored.memory.id, "it was forgotten", _ASK_FORGOTTEN)
                continue
            yield Piece(stored.path, self._bytes(profile, stored), time=stored.memory.observed)
        self._note_bad(profile)

    def _tombstones(self, profile: Profile) -> Iterator[Piece]:
        places = (False, True) if self._wanted.private else (False,)
        for identifier, tombstone in sorted(profile.tombstones().items()):
            for private in places:
                path = tombstone_path(identifier, private=private)
                data = read_file(inside(profile.folder, path), MAX_FILE_BYTES, root=profile.folder)
                if data is not None:
                    yield Piece(path, data, time=tombstone.time)

    def _bytes(self, profile: Profile, stored: Stored) -> bytes:
        """The file as it is; where it is no memory now, as it last was one."""
        try:
            data = read_file(inside(profile.folder, stored.path), MAX_FILE_BYTES, root=profile.folder)
        except FileSystemFailed:
            data = None
        document = None if data is None else parse(data)
        if data is not None and isinstance(document, Document) and document.fields.get("id") == stored.memory.id:
            return _as_given(profile, stored, data, document)
        self._leave(stored.path, stored.path, "it is no memory now, so its last good version was exported", _MEND)
        return render(profile.view(stored).memory)

    def _note_bad(self, profile: Profile) -> None:
        told = {one.path for one in self._left}
        for bad in profile.bad_files():
            if bad.path not in told and (self._wanted.private or not bad.path.startswith("private/")):
                self._left.append(LeftOut(bad.path, bad.line, bad.path, bad.reason, _MEND))

    def _note_others(self, folder: Path) -> None:
        """Files that are no memories, and stay where they are."""
        for here, below, names in os.walk(folder):
            base = Path(here).relative_to(folder)
            top = base == Path()
            hidden = {*_OURS, *(() if self._wanted.private else ("private",))} if top else {"tombstones"}
            hidden |= {"purges.yaml"} if base == Path("private") else set()
            below[:] = sorted(name for name in below if not name.startswith(".") and name not in hidden)
            for name in sorted(names):
                memory = name.endswith(".md") and not (top and name == "README.md")
                if not memory and not name.startswith(".") and name not in hidden:
                    self._leave(str(base / name), str(base / name), "it is no memory", "Copy it by hand.")

    def _leave(self, path: str, what: str, why: str, hint: str) -> None:
        self._left.append(LeftOut(path, None, what, why, hint))


def _as_given(profile: Profile, stored: Stored, data: bytes, document: Document) -> bytes:
    """The file; of a memory that is held here, or that stands because another is, with what only this machine knows."""
    told, given = stored.memory, profile.view(stored).memory
    fields = {name: getattr(given, name) for name in _HELD_HERE if getattr(given, name) != getattr(told, name)}
    try:
        return edit(document, fields, path=stored.path) if fields else data
    except BadMemoryFile:  # laid out too oddly to change a line
        return render(given)
