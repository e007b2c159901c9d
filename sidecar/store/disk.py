"""Every change of a profile's files goes through here: noted, written durably, known to the catalog, told to git."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sidecar.errors import BadMemoryFile, ChangedOnDisk, FieldError, SidecarError
from sidecar.files import (
    ABSENT,
    Expected,
    create_durably,
    inside,
    move_durably,
    read_file,
    remove_durably,
    remove_empty_folders,
    replace_durably,
    sha256_of,
    write_durably,
)
from sidecar.frontmatter import Document, Problem, edit, parse, render
from sidecar.identity import content_hash
from sidecar.model import Memory, ProfileRef, Stored, Tombstone
from sidecar.store import tombstones
from sidecar.store.catalog import Catalog, understood
from sidecar.store.held import Held, Waiting
from sidecar.store.history import History
from sidecar.store.layout import (
    MAX_FILE_BYTES,
    RETIRED,
    archived,
    in_archive,
    is_memory_path,
    is_tombstone_path,
    numbered,
    path_for,
    tombstone_path,
    unarchived,
)
from sidecar.store.scan import signature_of
from sidecar.store.words import WriteContext, WriteLog


class Disk:
    """The writer's hand; every method leaves files, catalog and pending history in agreement.

    `step` is called between any two things that an interruption can part, and does nothing outside of tests.
    `touched` collects ids that healing has to look at, `written` the paths that we have changed, `unsaved` those since
    the last commit.
    """

    def __init__(
        self,
        ref: ProfileRef,
        folder: Path,
        catalog: Catalog,
        history: History,
        writes: WriteLog,
        step: Callable[[str], None],
    ) -> None:
        self.ref, self.folder, self.catalog, self.history = ref, folder, catalog, history
        self._writes, self._step = writes, step
        self.touched: set[str] = set()
        self.written: set[str] = set()
        self.unsaved: set[str] = set()
        self._held: Held | None = None

    def hold(self) -> None:
        """Let new memories' files wait from now on, to be written together; whatever else is done puts them down."""
        self._held = self._held or Held()

    def put_down(self) -> Mapping[str, BaseException]:
        """Write what waits, and let nothing wait from now on; what went wrong since `hold`, by path."""
        try:
            self.settle()
            return {} if self._held is None else self._held.failed
        finally:
            self._held = None

    def settle(self) -> None:
        """Write what waits: all notes, then all files."""
        if self._held is None or not self._held.files:
            return
        held, self._held.files = self._held.files, {}
        failed: dict[str, BaseException] = {}
        try:
            self._step(f"write {len(held)} new files")
            self._writes.note_writes(str(self.ref), {path: sha256_of(one.data) for path, one in held.items()})
            self._step("noted the new files")
            failed |= create_durably(self.folder, {path: one.data for path, one in held.items()})
            self._step("written the new files")
        except SidecarError as error:  # the journal cannot be used
            failed = dict.fromkeys(held, error)
        except BaseException as error:
            failed = dict.fromkeys(held, error)
            raise
        finally:
            self._settled(held, failed)

    def _settled(self, held: Mapping[str, Waiting], failed: Mapping[str, BaseException]) -> None:
        """Tell catalog and git of files that are there now, and take back what was known of the others."""
        if self._held is not None:
            self._held.failed |= failed
        for path, one in held.items():
            if path in failed:
                self.touched |= self.catalog.drop(path)
                self.unsaved.discard(path)
            else:
                entry = self.catalog.entries[path]
                self.catalog.entries[path] = replace(entry, signature=signature_of(self.folder / path))
                self.history.record(one.context, path, one.data)
                self.history.explain(one.context, one.told, one.identifier)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Inside nothing waits: for what relies on each of its files being there before the next is changed."""
        self.settle()
        held, self._held = self._held, None
        try:
            yield
        finally:
            self._held = held

    def pause(self, name: str) -> None:
        """A place between two steps of others at which an interruption may come."""
        self._step(name)

    def read(self, path: str) -> bytes | None:
        """The bytes of a file of the profile; None if nothing is there."""
        self.settle()
        return read_file(inside(self.folder, path), MAX_FILE_BYTES, root=self.folder)

    def is_ours(self, path: str, data: bytes) -> bool:
        """Whether these bytes are our last write to the path."""
        return self.sha_is_ours(path, sha256_of(data))

    def has_written(self, path: str) -> bool:
        """Whether we have written this file, whatever it says now."""
        self.settle()
        return self._writes.last_write(str(self.ref), path) is not None

    def sha_is_ours(self, path: str, sha256: str) -> bool:
        """Whether this is the hash of our last write to the path."""
        self.settle()
        return self._writes.last_write(str(self.ref), path) == sha256

    def note_marks(self, marks: Mapping[str, str]) -> None:
        """See that `marks` are known to the next start; see `store.marking`."""
        self._writes.note_marks(str(self.ref), marks)

    def write(self, path: str, data: bytes, expected: Expected, context: WriteContext) -> None:
        """Put bytes in place; `ChangedOnDisk` if something else is there than expected."""
        self.settle()
        _refuse_larger(path, data)
        target = inside(self.folder, path)
        self._step(f"write {path}")
        self._writes.note_write(str(self.ref), path, sha256_of(data))
        self._step(f"noted {path}")
        _naming(path, lambda: write_durably(target, data, expected_sha256=expected, root=self.folder))
        self._step(f"written {path}")
        self._learn(path, data)
        self.history.record(context, path, data)

    def replace(self, files: Mapping[str, tuple[bytes, str]], context: WriteContext) -> list[str]:
        """Put other bytes in the place of several files; returns the paths of those that were replaced.

        `files`: by path, the bytes and the hash of what is expected there.  What is not as expected is left alone.  One
        note in the journal for all of them, and one sync of each folder: of many files that costs a third.
        """
        self.settle()
        self._step(f"write {len(files)} files")
        self._writes.note_writes(str(self.ref), {path: sha256_of(data) for path, (data, _) in files.items()})
        self._step("noted them")
        folders: dict[str, dict[str, tuple[bytes, str]]] = {}
        for path in sorted(files):
            parent, slash, name = path.rpartition("/")
            folders.setdefault(f"{parent}{slash}", {})[name] = files[path]
        replaced: list[str] = []
        for parent, named in folders.items():
            folder = inside(self.folder, f"{parent}{next(iter(named))}").parent
            some = [f"{parent}{name}" for name in replace_durably(folder, named, root=self.folder)]
            self._step(f"replaced in {parent or 'the profile'}")
            for path in some:
                self._learn(path, files[path][0])
                self.history.record(context, path, files[path][0])
            replaced += some
        return replaced

    def move(self, source: str, target: str, sha256: str, context: WriteContext) -> None:
        """Rename a file that has not changed since its hash was taken; `target` must be free."""
        data = self.read(source)
        if data is None or sha256_of(data) != sha256:
            raise ChangedOnDisk(path=source)
        ours = self.is_ours(source, data)
        self._step(f"move {source}")
        if ours:
            self._writes.note_write(str(self.ref), target, sha256)
        self._step(f"noted {target}")
        places = inside(self.folder, source), inside(self.folder, target)
        _naming(source, lambda: move_durably(*places, expected_sha256=sha256, root=self.folder))
        self._step(f"moved {target}")
        self._writes.note_write(str(self.ref), source, None)
        # The new place first: at no moment may a copy elsewhere be taken for the memory.
        self._learn(target, data)
        self._forget(source)
        if ours:  # a person's own bytes are left for the commit under the person's name
            self.history.record(context, source, None)
            self.history.record(context, target, data)

    def remove(self, path: str, sha256: str, context: WriteContext) -> None:
        """Take a file away that has not changed since its hash was taken."""
        self.settle()
        target = inside(self.folder, path)
        self._step(f"remove {path}")
        _naming(path, lambda: remove_durably(target, expected_sha256=sha256, root=self.folder))
        self._step(f"removed {path}")
        self._writes.note_write(str(self.ref), path, None)
        self._forget(path)
        self.history.record(context, path, None)

    def add(self, memory: Memory, context: WriteContext, told: str) -> Stored:
        """Write a new memory's file; git is `told` of it once it is there."""
        path, data = self.free(path_for(memory)), render(memory)
        if self._held is None:
            self.write(path, data, ABSENT, context)
            self.history.explain(context, told, memory.id)
        else:
            _refuse_larger(path, data)
            self._held.files[path] = Waiting(data, context, told, memory.id)
            self._learn(path, data)
        return self.at(path)

    def revise(self, target: Stored, fields: Mapping[str, object], context: WriteContext) -> Stored:
        """Change keys of a memory's file, and with `content` its body, then let it lie where its status belongs."""
        data = self.read(target.path)
        if data is None or sha256_of(data) != target.sha256:
            raise ChangedOnDisk(path=target.path)
        document = parse(data)
        if isinstance(document, Problem):
            raise BadMemoryFile(path=target.path, at=f":{document.line}", reason=document.reason)
        keys = {name: value for name, value in fields.items() if name != "content"}
        content = fields.get("content")
        body = content if isinstance(content, str) else None
        changed = edit(document, keys, content=body, path=target.path)
        if changed != data:
            self.write(target.path, changed, target.sha256, context)
        return self.relocate(self.at(target.path), context)

    def revise_each(
        self, targets: Mapping[str, Stored], fields: Mapping[str, object], context: WriteContext
    ) -> list[Stored]:
        """Change keys of several memories' files, by their paths, as `revise` does and for less; returns these.

        What has changed meanwhile, or is laid out too oddly to be changed safely, stays as it is.
        """
        wanted: dict[str, tuple[bytes, str]] = {}
        for path, target in sorted(targets.items()):
            data = self.read(path)
            document = None if data is None or sha256_of(data) != target.sha256 else parse(data)
            if not isinstance(document, Document):
                continue
            with suppress(BadMemoryFile):
                changed = edit(document, fields, path=path)
                if changed != data and len(changed) <= MAX_FILE_BYTES:
                    wanted[path] = (changed, target.sha256)
        return [self.at(path) for path in (self.replace(wanted, context) if wanted else ())]

    def relocate(self, target: Stored, context: WriteContext) -> Stored:
        """Move a file into or out of the archive if its status says so."""
        if (target.memory.status in RETIRED) is in_archive(target.path):
            return target
        wanted = unarchived(target.path) if in_archive(target.path) else archived(target.path)
        place = self.free(wanted)
        self.move(target.path, place, target.sha256, context)
        return self.at(place)

    def bury(self, memory: Memory, now: datetime, context: WriteContext, *, private: bool) -> None:
        """Write the tombstone of a memory that is forgotten now; one that stands already is left as it is."""
        if self.catalog.tombstone_paths(memory.id):
            return
        tombstone = Tombstone(memory.id, content_hash(memory.type, memory.content), now, memory.source.messages)
        self.write(tombstone_path(memory.id, private=private), tombstones.render(tombstone), None, context)

    def exhume(self, identifier: str, context: WriteContext) -> bool:
        """Remove the tombstones of a memory; whether there were any."""
        paths = self.catalog.tombstone_paths(identifier)
        for path in paths:
            data = self.read(path)
            if data is not None:
                self.remove(path, sha256_of(data), context)
        return bool(paths)

    def free(self, path: str) -> str:
        """The path, or with a number if something lies there."""
        candidate, number = path, 1
        # Nor one that could not be written a moment ago: whoever asked for that one is told so by its path.
        taken = self._held.files.keys() | self._held.failed.keys() if self._held is not None else set()
        while candidate in taken or signature_of(inside(self.folder, candidate)) is not None:
            number += 1
            candidate = numbered(path, number)
        return candidate

    def at(self, path: str) -> Stored:
        """The memory in a file that we have just written."""
        found = self.catalog.entries[path].stored
        if found is None:
            raise BadMemoryFile(path=path, at="", reason="what was written there cannot be read back")
        return found

    def _learn(self, path: str, data: bytes) -> None:
        signature = signature_of(self.folder / path)
        if is_memory_path(path):
            self.touched |= self.catalog.put(path, understood(self.ref, path, signature, data, None))
        elif is_tombstone_path(path):
            self.touched |= self.catalog.bury(path, signature, tombstones.read(self.ref, path, data))
        self.written.add(path)
        self.unsaved.add(path)

    def _forget(self, path: str) -> None:
        self.touched |= self.catalog.exhume(path) if path in self.catalog.tombstones else self.catalog.drop(path)
        self.written.add(path)
        self.unsaved.add(path)
        remove_empty_folders((self.folder / path).parent, self.folder)


def _refuse_larger(path: str, data: bytes) -> None:
    if len(data) > MAX_FILE_BYTES:
        raise FieldError(field="content", problem=f"the file {path} would be larger than {MAX_FILE_BYTES} bytes")


def _naming(path: str, action: Callable[[], object]) -> None:
    """Run a guarded change; a conflict names the path inside the profile."""
    try:
        action()
    except ChangedOnDisk as error:
        raise ChangedOnDisk(path=path) from error
