"""Files that survive a crash and never run over somebody else's edit.

A write is a temporary file in the same folder, synced, renamed into place, and the folder synced.  Every change can be
guarded by what the caller believes is there; if it is not, `ChangedOnDisk` is raised and nothing has happened.  The
guard is checked after the slow part, right before the rename: what is left is a window of microseconds.

With `root`, the folder is held open from before the first look to after the last sync, and reached without following a
symbolic link below `root`: one that is put there meanwhile leads nowhere.  A link in the place of the file itself is
replaced, and what it led to stays as it is; so does the other name of a hard link.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Final

from sidecar.descriptors import FILE_MODE, FOLDER_MODE, opened
from sidecar.errors import ChangedOnDisk, FileSystemFailed

__all__ = [
    "ABSENT", "FILE_MODE", "FOLDER_MODE", "Absent", "Expected", "create_durably", "ensure_folder", "inside",
    "is_temporary", "move_durably", "present_sha256", "read_file", "remove_durably", "remove_empty_folders",
    "replace_durably", "sha256_of", "sync_folder", "write_durably",
]  # fmt: skip

_TEMP_PREFIX: Final = ".sidecar-"
_TEMP_SUFFIX: Final = ".tmp"
_SYNCS: Final = 4
"""Files that are synced at the same time: a journalling file system writes its journal once for all of them."""

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Absent(enum.Enum):
    """The type of `ABSENT`, which is expected where nothing may be."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
Expected = str | Absent | None
"""A SHA-256 in hex; `ABSENT`: nothing may be there; `None`: whatever is there."""


def sha256_of(data: bytes) -> str:
    """SHA-256 of the bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def is_temporary(name: str) -> bool:
    """Whether a file of this name is the leftover of an interrupted write of ours."""
    return name.startswith(_TEMP_PREFIX) and name.endswith(_TEMP_SUFFIX)


def inside(root: Path, relative: str) -> Path:
    """`root/relative`, refused with `FileSystemFailed` if it could lead out of `root` or through a symlink."""
    parts = PurePosixPath(relative).parts
    if not parts or relative.startswith("/") or ".." in parts or "\0" in relative:
        raise FileSystemFailed(path=relative, action="used", why="it is not a path inside the folder")
    path = root
    for part in parts[:-1]:
        path = path / part
        if path.is_symlink():
            raise FileSystemFailed(path=relative, action="used", why="a symlink leads out of the folder")
    return path / parts[-1]


def read_file(path: Path, limit: int, *, root: Path | None = None) -> bytes | None:
    """The bytes of a regular file, None if nothing is there; symlinks and files over `limit` bytes are refused."""
    with _translated(path, "read"):
        try:
            with opened(path.parent, root) as folder:
                descriptor = os.open(path.name, _READ, dir_fd=folder)
        except (FileNotFoundError, NotADirectoryError):
            return None
        with os.fdopen(descriptor, "rb") as file:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                raise FileSystemFailed(path=path, action="read", why="it is not a regular file")
            data = file.read(limit + 1)
    if len(data) > limit:
        raise FileSystemFailed(path=path, action="read", why=f"it is larger than {limit} bytes")
    return data


def present_sha256(path: Path) -> str | Absent:
    """SHA-256 of the file, or `ABSENT`; anything but a regular file counts as a file that nobody expects."""
    with _translated(path, "read"):
        try:
            with opened(path.parent) as folder:
                return _present(folder, path.name)
        except (FileNotFoundError, NotADirectoryError):
            return ABSENT


def _present(folder: int, name: str) -> str | Absent:
    try:
        descriptor = os.open(name, _READ, dir_fd=folder)
    except FileNotFoundError:
        return ABSENT
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO):
            return "not a regular file"
        raise
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return "not a regular file"
        return hashlib.file_digest(file, "sha256").hexdigest()


def ensure_folder(folder: Path) -> None:
    """Create the folder and its missing parents, private to the user, durably."""
    missing: list[Path] = []
    current = folder
    with _translated(folder, "created"):
        while not current.is_dir():
            missing.append(current)
            current = current.parent
        for path in reversed(missing):
            path.mkdir(mode=FOLDER_MODE, exist_ok=True)
            sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in the folder durable."""
    with _translated(folder, "synced"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_durably(path: Path, data: bytes, *, expected_sha256: Expected = None, root: Path | None = None) -> bool:
    """Put `data` at `path`; False, and no write, if exactly these bytes are there already.

    Raises `ChangedOnDisk` if what is there is not what `expected_sha256` says, `FileSystemFailed` if the disk refuses.
    """
    if expected_sha256 not in (None, ABSENT) and present_sha256(path) is ABSENT:
        raise ChangedOnDisk(path=path.name)  # before a folder is made for it
    with _folder(path, "written", root) as folder:
        if _present(folder, path.name) == sha256_of(data):
            return False
        _check(folder, path.name, expected_sha256)
        temporary = _temporary_name()
        try:
            _write_new(folder, temporary, data)
            _check(folder, path.name, expected_sha256)
            _put_in_place(folder, temporary, path.name, expected_sha256)
        except BaseException:
            _unlink(folder, temporary)
            raise
        os.fsync(folder)
    return True


def replace_durably(folder: Path, files: Mapping[str, tuple[bytes, str]], *, root: Path) -> list[str]:
    """Put other bytes in the place of several files of one folder; returns the names of those that were replaced.

    `files`: by name, the bytes and the SHA-256 of what is expected there; what is not as expected is left alone.  Each
    file goes through the steps of `write_durably`, and all of them together: every temporary file is synced before the
    first one is renamed, and the folder once, after the last.  Raises `FileSystemFailed` if the disk refuses; some may
    be replaced then.
    """
    drafts: dict[str, str] = {}
    replaced: list[str] = []
    with _translated(folder, "written"):
        try:
            with opened(folder, root) as at:
                try:
                    for name, (data, _) in sorted(files.items()):
                        drafts[name] = _temporary_name()
                        _write_new(at, drafts[name], data, sync=False)
                    list(_syncs().map(partial(_sync, at), drafts.values()))
                    for name in list(drafts):
                        if _present(at, name) == files[name][1]:
                            os.replace(drafts.pop(name), name, src_dir_fd=at, dst_dir_fd=at)
                            replaced.append(name)
                finally:
                    for draft in drafts.values():
                        _unlink(at, draft)
                os.fsync(at)
        except (FileNotFoundError, NotADirectoryError):
            return replaced  # the folder is gone, and with it all that was expected there
    return replaced


def create_durably(root: Path, files: Mapping[str, bytes]) -> dict[str, ChangedOnDisk | FileSystemFailed]:
    """Put several new files, by their paths below `root`, where nothing is; what went wrong with some of them, by path.

    Each file goes through the steps of `write_durably`, and all of them together: every temporary file is synced before
    the first one gets its name, and each folder once, after the last.
    """
    with contextlib.ExitStack() as held:
        drafts = _Drafts(root, files, held)
        try:
            drafted = drafts.each(sorted(files), drafts.write)
            if len(drafted) > 1:
                drafted = drafts.each(drafted, drafts.sync, _syncs().map)
            else:
                drafted = drafts.each(drafted, drafts.sync)
            placed = drafts.each(drafted, drafts.put_in_place)
        finally:
            drafts.clear()
        for folder in sorted({path.rpartition("/")[0] for path in placed}):
            there = [path for path in placed if path.rpartition("/")[0] == folder]
            if not drafts.each(there[:1], drafts.sync_folder):
                drafts.failed |= dict.fromkeys(there, drafts.failed[there[0]])
    return drafts.failed


class _Drafts:
    """New files of a folder on their way, with their folders held open."""

    def __init__(self, root: Path, files: Mapping[str, bytes], held: contextlib.ExitStack) -> None:
        self._root, self._files, self._held = root, files, held
        self._folders: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self.failed: dict[str, ChangedOnDisk | FileSystemFailed] = {}

    def each(
        self, paths: list[str], action: Callable[[str], object], run: Callable[..., Iterable[object]] = map
    ) -> list[str]:
        """Do it to each of some files, of which those are given back with which it went well."""

        def attempt(path: str) -> None:
            try:
                with _translated(self._root / path, "written"):
                    action(path)
            except ChangedOnDisk:
                self.failed[path] = ChangedOnDisk(path=path)  # as it is called below the root
            except FileSystemFailed as error:
                self.failed[path] = error

        for _ in run(attempt, paths):
            pass
        return [path for path in paths if path not in self.failed]

    def write(self, path: str) -> None:
        parent = path.rpartition("/")[0]
        if parent not in self._folders:
            self._folders[parent] = self._held.enter_context(opened(self._root / parent, self._root, make=True))
        self._names[path] = _temporary_name()
        _write_new(self._folders[parent], self._names[path], self._files[path], sync=False)

    def sync(self, path: str) -> None:
        _sync(self._folders[path.rpartition("/")[0]], self._names[path])

    def put_in_place(self, path: str) -> None:
        parent, _, name = path.rpartition("/")
        _put_in_place(self._folders[parent], self._names[path], name, ABSENT)
        del self._names[path]

    def sync_folder(self, path: str) -> None:
        os.fsync(self._folders[path.rpartition("/")[0]])

    def clear(self) -> None:
        """Nothing is left of what got no name, if the disk lets go of it: the store looks for such leftovers."""
        for path, name in self._names.items():
            with contextlib.suppress(OSError):
                _unlink(self._folders[path.rpartition("/")[0]], name)


def move_durably(source: Path, target: Path, *, expected_sha256: Expected = None, root: Path | None = None) -> None:
    """Rename a file to a place where nothing is; guarded like `write_durably`."""
    if present_sha256(target) is not ABSENT:
        raise ChangedOnDisk(path=target.name)
    with _translated(source, "moved"), opened(source.parent, root) as before:
        _check(before, source.name, expected_sha256)
        with _folder(target, "moved", root) as after:
            _check(after, target.name, ABSENT)
            os.rename(source.name, target.name, src_dir_fd=before, dst_dir_fd=after)
            os.fsync(after)
        os.fsync(before)


def remove_durably(path: Path, *, expected_sha256: Expected = None, root: Path | None = None) -> bool:
    """Remove a file; False if nothing is there.  Guarded like `write_durably`."""
    with _translated(path, "removed"):
        try:
            with opened(path.parent, root) as folder:
                if _present(folder, path.name) is ABSENT:
                    return False
                _check(folder, path.name, expected_sha256)
                os.unlink(path.name, dir_fd=folder)
                os.fsync(folder)
        except (FileNotFoundError, NotADirectoryError):
            return False
    return True


def remove_empty_folders(folder: Path, root: Path) -> None:
    """Remove the folder, and its parents below `root`, as far as they are empty."""
    while folder != root and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:  # not empty, or already gone: either way there is nothing left to tidy
            return
        folder = folder.parent


@contextlib.contextmanager
def _folder(path: Path, action: str, root: Path | None) -> Iterator[int]:
    """The folder of a file that is to be written, made if need be."""
    ensure_folder(path.parent if root is None else root)
    with _translated(path, action), opened(path.parent, root, make=True) as folder:
        yield folder


def _temporary_name() -> str:
    return f"{_TEMP_PREFIX}{secrets.token_hex(8)}{_TEMP_SUFFIX}"


@cache
def _syncs() -> ThreadPoolExecutor:
    """The threads that sync, which stay: on a busy machine it takes longer to start them than to sync eight files."""
    return ThreadPoolExecutor(_SYNCS, thread_name_prefix="sidecar-sync")


os.register_at_fork(after_in_child=_syncs.cache_clear)  # which has none of its parent's threads


def _sync(folder: int, name: str) -> None:
    """Make the bytes of a file of ours durable.  Opened anew: hundreds of descriptors are more than there may be."""
    descriptor = os.open(name, _READ, dir_fd=folder)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_new(folder: int, name: str, data: bytes, *, sync: bool = True) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, FILE_MODE, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        if sync:
            os.fsync(descriptor)


def _put_in_place(folder: int, temporary: str, name: str, expected: Expected) -> None:
    if expected is not ABSENT:
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        return
    try:  # a link refuses to run over a file that has just appeared; a rename would not
        os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except FileExistsError as error:
        raise ChangedOnDisk(path=name) from error
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise
        _check(folder, name, expected)  # a file system without hard links, where a rename is all that there is
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    else:
        os.unlink(temporary, dir_fd=folder)


def _unlink(folder: int, name: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _check(folder: int, name: str, expected: Expected) -> None:
    if expected is not None and _present(folder, name) != expected:
        raise ChangedOnDisk(path=name)


@contextlib.contextmanager
def _translated(path: Path, action: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileSystemFailed(path=path, action=action, why=error.strerror or str(error)) from error
