"""Files that survive a crash and never run over somebody else's edit.

A write is a temporary file in the same folder, synced, renamed into place, and the folder synced.  Every change can be
guarded by what the caller believes is there; if it is not, `ChangedOnDisk` is raised and nothing has happened.  The
guard is checked after the slow part, right before the rename: what is left is a window of microseconds.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from sidecar.errors import ChangedOnDisk, FileSystemFailed

FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600
_TEMP_PREFIX: Final = ".sidecar-"
_TEMP_SUFFIX: Final = ".tmp"


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


def read_file(path: Path, limit: int) -> bytes | None:
    """The bytes of a regular file, None if nothing is there; symlinks and files over `limit` bytes are refused."""
    with _translated(path, "read"):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
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
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
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


def write_durably(path: Path, data: bytes, *, expected_sha256: Expected = None) -> bool:
    """Put `data` at `path`; False, and no write, if exactly these bytes are there already.

    Raises `ChangedOnDisk` if what is there is not what `expected_sha256` says, `FileSystemFailed` if the disk refuses.
    """
    if present_sha256(path) == sha256_of(data):
        return False
    _check(path, expected_sha256)
    ensure_folder(path.parent)
    temporary = path.parent / f"{_TEMP_PREFIX}{secrets.token_hex(8)}{_TEMP_SUFFIX}"
    with _translated(path, "written"):
        try:
            _write_new(temporary, data)
            _check(path, expected_sha256)
            _put_in_place(temporary, path, expected_sha256)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    sync_folder(path.parent)
    return True


def move_durably(source: Path, target: Path, *, expected_sha256: Expected = None) -> None:
    """Rename a file to a place where nothing is; guarded like `write_durably`."""
    _check(source, expected_sha256)
    _check(target, ABSENT)
    ensure_folder(target.parent)
    with _translated(source, "moved"):
        source.rename(target)
    sync_folder(target.parent)
    sync_folder(source.parent)


def remove_durably(path: Path, *, expected_sha256: Expected = None) -> bool:
    """Remove a file; False if nothing is there.  Guarded like `write_durably`."""
    if expected_sha256 is not None and present_sha256(path) is ABSENT:
        return False
    _check(path, expected_sha256)
    with _translated(path, "removed"):
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return False
    sync_folder(path.parent)
    return True


def remove_empty_folders(folder: Path, root: Path) -> None:
    """Remove the folder, and its parents below `root`, as far as they are empty."""
    while folder != root and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:  # not empty, or already gone: either way there is nothing left to tidy
            return
        folder = folder.parent


def _write_new(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _put_in_place(temporary: Path, path: Path, expected: Expected) -> None:
    if expected is not ABSENT:
        temporary.replace(path)
        return
    try:  # a link refuses to run over a file that has just appeared; a rename would not
        path.hardlink_to(temporary)
    except FileExistsError as error:
        raise ChangedOnDisk(path=path.name) from error
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise
        temporary.replace(path)  # a file system without hard links
    else:
        temporary.unlink()


def _check(path: Path, expected: Expected) -> None:
    if expected is not None and present_sha256(path) != expected:
        raise ChangedOnDisk(path=path.name)


@contextlib.contextmanager
def _translated(path: Path, action: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileSystemFailed(path=path, action=action, why=error.strerror or str(error)) from error
